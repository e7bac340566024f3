/**
 * Dense layers in a tile program: a kernel call for each block of the weight. A layer whose only reader is a layer of
 * few outputs runs as a pair with it (`kernels/dense.ts`): its activations stay in registers.
 */
import { make } from '../../ir/build.js';
import type { Dense, Expr, MatMul, Tensor } from '../../ir/node.js';
import { storedMatrix } from '../../ir/stored-weight.js';
import { scalar } from '../../ir/type.js';
import { activationOf } from './kernels/activation.js';
import { emitDense, emitDensePair, emitFill, MOST_PAIR_OUTPUTS, type DenseVariant } from './kernels/dense.js';
import { isCheap } from './kernels/map.js';
import { blockInputs, blocksOf, packPanels, panelBytes } from './kernels/panels.js';
import { mapStep } from './tile-lower.js';
import type { TileLowering } from './tile-lowering.js';
import type { TileContext } from './tile-plan.js';
import { broadcastCells, rowDims, Unsupported, type Cell, type TileValue } from './tile-value.js';
import type { I32 } from './values.js';

export function lowerMatMul(lowering: TileLowering, node: MatMul): TileValue {
  return lowerDense(lowering, partsOf(node)!);
}

type DenseParts = Pick<Dense, 'input' | 'weight' | 'bias' | 'activation' | 'type'>;

/** A layer, also of a bare product. */
function partsOf(node: Tensor): DenseParts | undefined {
  if (node.kind === 'dense') return node;
  if (node.kind !== 'matmul') return undefined;
  if (node.right.type.dims.length > 2) throw new Unsupported('a product with a batch of matrices');
  return { input: node.left, weight: node.right, bias: undefined, activation: undefined, type: node.type };
}

/** Fewest outputs for which the features are first brought together in the cache, out of pages far apart. */
const COPY_FROM_OUTPUTS = 24;

interface DenseInput {
  readonly dtype: 'f32' | 'f64';
  /** Columns of all groups: a row of [n, groups, k] has several vectors. */
  readonly places: readonly number[];
  readonly groups: number;
  readonly k: number;
}

export function lowerDense(lowering: TileLowering, node: DenseParts): TileValue {
  if (node.weight.type.dims[0] === 0) throw new Unsupported('a product over nothing');
  const hidden = hiddenOf(lowering, node);
  const { columns, dtype, activation } =
    hidden === undefined ? denseStep(lowering, node) : pairStep(lowering, hidden, node);
  const result =
    activation === undefined ? columns : mapStep(lowering, { body: activation, inputs: [{ dtype, cells: columns }] });
  return { dtype, ...rowDims(node.type), cells: () => result };
}

interface Placed {
  readonly dtype: 'f32' | 'f64';
  readonly columns: readonly Cell[];
  /** What is still to be applied. */
  readonly activation: Expr | undefined;
}

function denseStep(lowering: TileLowering, node: DenseParts): Placed {
  const { plan } = lowering;
  const { dtype, places, groups, k } = inputOf(lowering, node);
  const m = outputsOf(node);
  const output = plan.addBuffer(dtype, groups * m);
  const { blocks, explain, isActivated } = denseBlocks(lowering, node, { k, m, dtype });
  const calls = blocks.map((block) => ({ ...block, func: emitDense(plan.module, block.variant) }));
  const table = plan.tableOf(places);
  plan.addStep({
    reads: places,
    writes: [output],
    explain,
    emit: (context) => {
      const { f, place, rows } = context;
      for (let group = 0; group < groups; group++) {
        for (const { func, layout, address, bias } of calls) {
          const from = place(table + group * k + layout.k0);
          const to = place(output.first + group * m + layout.m0);
          const { k: blockK, m: blockM } = layout;
          f.call(func, { input: from, output: to, weights: address(context), bias, rows, k: blockK, m: blockM });
        }
      }
    },
  });
  return { dtype, columns: columnsOf(output), activation: isActivated ? undefined : node.activation };
}

function columnsOf(output: { readonly first: number; readonly columns: number }): readonly Cell[] {
  return Array.from({ length: output.columns }, (_, i): Cell => ({ column: output.first + i }));
}

function outputsOf(node: DenseParts): number {
  return (node.weight.type.dims[1] ?? 1) as number;
}

function inputOf(lowering: TileLowering, node: DenseParts): DenseInput {
  const { plan } = lowering;
  const input = lowering.of(node.input);
  const dtype = input.dtype;
  if (dtype !== 'f32' && dtype !== 'f64') throw new Unsupported(`a product of ${dtype}`);
  if (lowering.dependsOnRow(node.weight)) throw new Unsupported('a product of two tensors that depend on the row');
  if (input.rowAxis === input.dims.length - 1) throw new Unsupported('a product over rows');
  const k = input.dims[input.dims.length - 1]!;
  const cells = input.cells();
  const isApart =
    outputsOf(node) >= COPY_FROM_OUTPUTS && cells.some((cell) => 'column' in cell && plan.isLeaf(cell.column));
  const places = lowering.columnsOf({ dtype, cells: isApart ? copyOf(lowering, { dtype, cells }) : cells });
  return { dtype, places, groups: places.length / k, k };
}

/**
 * The layer below, where it can run as a pair with `node`:
 *
 *   dense(dense(x, W, b, cheap), V, c)   V has few columns, W one block of rows, nothing else reads the hidden units
 */
function hiddenOf(lowering: TileLowering, node: DenseParts): DenseParts | undefined {
  const { input, weight } = node;
  if (outputsOf(node) > MOST_PAIR_OUTPUTS || lowering.dependsOnRow(weight) || lowering.readers(input) !== 1)
    return undefined;
  const hidden = input.kind === 'dense' || input.kind === 'matmul' ? partsOf(input) : undefined;
  if (hidden === undefined || lowering.dependsOnRow(hidden.weight)) return undefined;
  const [k, m] = hidden.weight.type.dims as readonly [number, number];
  const dtype = hidden.type.dtype === 'f64' ? 'f64' : 'f32';
  if (k === 0 || k > blockInputs({ m, dtype }) || m !== node.weight.type.dims[0]) return undefined;
  return hidden.activation === undefined || isCheap(hidden.activation) ? hidden : undefined;
}

/** The blocks along k of the second weight are the blocks along m of the first. */
function pairStep(lowering: TileLowering, hidden: DenseParts, node: DenseParts): Placed {
  const { plan } = lowering;
  const { dtype, places, groups, k } = inputOf(lowering, hidden);
  const [hiddenUnits, m] = [outputsOf(hidden), outputsOf(node)];
  const output = plan.addBuffer(dtype, groups * m);
  const start =
    node.bias === undefined
      ? plan.module.data(new Uint8Array(m * BYTES[dtype]))
      : biasData(lowering, node.bias, { m, dtype });
  const fill = emitFill(plan.module, dtype);
  const { blocks, explain } = denseBlocks(lowering, hidden, { k, m: hiddenUnits, dtype });
  const calls = blocks.map((block) => ({
    ...block,
    func: emitDensePair(plan.module, { ...block.variant, nextOutputs: m }),
  }));
  const next = weightBlocks(lowering, node.weight, { k: hiddenUnits, m, dtype });
  const table = plan.tableOf(places);
  plan.addStep({
    reads: places,
    writes: [output],
    explain: `${explain}, then ${hiddenUnits}x${m} in registers`,
    emit: (context) => {
      const { f, place, rows } = context;
      for (let group = 0; group < groups; group++) {
        const to = place(output.first + group * m);
        const input = place(table + group * k);
        f.call(fill, { output: to, count: m, rows, values: start });
        calls.forEach(({ func, layout, address, bias: own }, i) => {
          const weights = { weights: address(context), bias: own, next: next[i]!.address(context) };
          f.call(func, { input, output: to, ...weights, rows, k, m: layout.m });
        });
      }
    },
  });
  return { dtype, columns: columnsOf(output), activation: node.activation };
}

interface DenseShape {
  readonly k: number;
  readonly m: number;
  readonly dtype: 'f32' | 'f64';
}

const BYTES = { f32: 4, f64: 8 } as const;

/** Each block of the weight and its kernel; those along k go on from what the output holds, the last one activates. */
function denseBlocks(lowering: TileLowering, node: DenseParts, shape: DenseShape) {
  const { plan, tier } = lowering;
  const { k, m, dtype } = shape;
  const bias = node.bias === undefined ? undefined : biasData(lowering, node.bias, { m, dtype });
  const isActivated = node.activation !== undefined && isCheap(node.activation);
  const activation = isActivated ? activationOf(plan.module, node.activation!) : undefined;
  const blocks = weightBlocks(lowering, node.weight, shape).map((block) => {
    const { layout } = block;
    const init = layout.k0 > 0 ? 'output' : bias === undefined ? 'zero' : 'bias';
    const isLast = layout.k0 + layout.k === k;
    const variant: DenseVariant = { dtype, shape: tier.dense, init, activation: isLast ? activation : undefined };
    const ownBias = bias === undefined ? 0 : bias.add(layout.m0 * BYTES[dtype]);
    return { ...block, variant, bias: ownBias };
  });
  const tile = `${tier.dense.width}x${tier.dense.vectors * (16 / BYTES[dtype])}`;
  const name = activation === undefined ? '' : ` ${activation.name}`;
  const explain = `dense ${k}x${m} ${dtype}${name} tile ${tile} ${tier.relaxedSimd ? 'relaxed' : 'simd128'}`;
  return { blocks, explain, isActivated };
}

function biasData(
  lowering: TileLowering,
  bias: Tensor,
  shape: { readonly m: number; readonly dtype: 'f32' | 'f64' },
): I32 {
  if (lowering.dependsOnRow(bias)) throw new Unsupported('a bias that depends on the row');
  const cells = broadcastCells(lowering.of(bias), [shape.m]);
  const values = cells.map((cell) => (cell as { readonly constant: number }).constant);
  return lowering.plan.module.data(lowering.packConstants(shape.dtype, values).bytes);
}

function copyOf(
  lowering: TileLowering,
  input: { readonly dtype: 'f32' | 'f64'; readonly cells: readonly Cell[] },
): readonly Cell[] {
  const body: Expr = make({ kind: 'ref', index: 0, type: scalar(input.dtype) });
  return mapStep(lowering, { body, inputs: [input] });
}

interface WeightBlock {
  readonly layout: ReturnType<typeof blocksOf>[number];
  readonly address: (context: TileContext) => I32;
}

/** Stored weights are read where they lie; a computed constant is carried in the module. */
function weightBlocks(
  lowering: TileLowering,
  weight: Tensor,
  shape: { k: number; m: number; dtype: 'f32' | 'f64' },
): readonly WeightBlock[] {
  const { plan } = lowering;
  const stored = storedMatrix(weight);
  return blocksOf({ ...shape, transposed: stored?.transposed ?? false }).map((layout) => {
    if (stored !== undefined) {
      const { hash } = stored;
      const index = plan.addWeight({ hash, tensors: [hash], layout, byteLength: panelBytes(layout) });
      return { layout, address: (context) => context.weight(index) };
    }
    const value = lowering.constantTensor(weight);
    const data = plan.module.data(packPanels({ ...value, dims: [shape.k, shape.m] }, layout));
    return { layout, address: () => data };
  });
}
