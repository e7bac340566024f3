/** The table of tensor nodes that tile programs run; kinds left out are reported as unsupported. */
import { make } from '../../ir/build.js';
import type { Expand, Input, Reshape, Tensor, ToTensor, Transpose, TreeEnsemble } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { scalar } from '../../ir/type.js';
import type { ModuleBuilder } from './dsl.js';
import { readForest, TREE_TENSORS } from './kernels/forest.js';
import { emitTrees, treeScratchBytes } from './kernels/tree.js';
import { emitTreeMasks, isNarrowed, maskScratchBytes, maskTileRows } from './kernels/tree-masks.js';
import { forestBytes, planTrees, type ForestLayout } from './kernels/tree-plan.js';
import { planStop, type TreeStop } from './kernels/tree-stops.js';
import type { TreeFunc, TreeKernel } from './kernels/tree-sums.js';
import { lowerDense, lowerMatMul } from './tile-dense.js';
import { lowerLookup, lowerMap, mapStep } from './tile-lower.js';
import { lowerCumulative, lowerGather, lowerPad, lowerReduce, lowerSlice, lowerTopK } from './tile-lower-rows.js';
import type { TileLowering } from './tile-lowering.js';
import {
  broadcastCells,
  quadDType,
  rearranged,
  rowDims,
  sizeOf,
  Unsupported,
  type Cell,
  type TileValue,
} from './tile-value.js';

type Lower<K extends Tensor['kind']> = (lowering: TileLowering, node: Extract<Tensor, { kind: K }>) => TileValue;

export const LOWER: { readonly [K in Tensor['kind']]?: Lower<K> } = {
  to_tensor: lowerLeaf,
  input: lowerLeaf,
  fill: (_, node) => ({
    dtype: quadDType(node.type.dtype),
    ...rowDims(node.type),
    cells: () =>
      rowDims(node.type).dims.reduce<Cell[]>(
        (cells, dim) => Array.from({ length: dim }, () => cells).flat(),
        [{ constant: node.value as number }],
      ),
  }),
  map: lowerMap,
  reduce: lowerReduce,
  topk: lowerTopK,
  cumulative: lowerCumulative,
  gather: lowerGather,
  slice: lowerSlice,
  pad: lowerPad,
  lookup: lowerLookup,
  dense: lowerDense,
  matmul: lowerMatMul,
  tree_ensemble: lowerTrees,
  reshape: lowerReshape,
  transpose: lowerTranspose,
  expand: lowerExpand,
  concat: (lowering, node) => {
    const inputs = node.inputs.map((input) => lowering.of(input));
    const shape = rowDims(node.type);
    if (shape.rowAxis === node.axis) throw new Unsupported('a concat of rows');
    const ends: number[] = [];
    for (const input of inputs) ends.push((ends[ends.length - 1] ?? 0) + input.dims[node.axis]!);
    const all = inputs.map((input) => input.cells());
    const cells = cellsOf(shape.dims, (index) => {
      const which = ends.findIndex((end) => index[node.axis]! < end);
      const input = inputs[which]!;
      const start = ends[which]! - input.dims[node.axis]!;
      return all[which]![
        index.reduce((sum, i, axis) => sum * input.dims[axis]! + (axis === node.axis ? i - start : i), 0)
      ]!;
    });
    return { dtype: inputs[0]!.dtype, ...shape, cells: () => cells };
  },
};

function cellsOf(dims: readonly number[], at: (index: readonly number[]) => Cell): readonly Cell[] {
  const whole: TileValue = {
    dtype: 'f32',
    dims,
    rowAxis: undefined,
    cells: () => Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => ({ column: i })),
  };
  const cells: Cell[] = [];
  rearranged(whole, { dims, rowAxis: undefined }, (index) => {
    cells.push(at(index));
    return index;
  }).cells();
  return cells;
}

function lowerLeaf(lowering: TileLowering, node: ToTensor | Input): TileValue {
  const leaf = lowering.plan.leaves.find(({ tensor }) => tensor === node);
  if (leaf === undefined) throw new Error('leaves are placed before nodes are lowered');
  return {
    dtype: leaf.dtype,
    ...rowDims(node.type),
    cells: () => Array.from({ length: leaf.columns }, (_, i) => ({ column: leaf.first + i })),
  };
}

/** Row-major order is kept: [p, n, q] may become any shape with as many elements before the rows, and after them. */
function lowerReshape(lowering: TileLowering, node: Reshape): TileValue {
  const input = lowering.of(node.input);
  const shape = rowDims(node.type);
  const leading = (value: { readonly dims: readonly number[]; readonly rowAxis: number | undefined }): number =>
    sizeOf(value.dims.slice(0, value.rowAxis));
  if (
    input.rowAxis !== undefined &&
    (shape.rowAxis === undefined || sizeOf(shape.dims) !== sizeOf(input.dims) || leading(shape) !== leading(input))
  ) {
    throw new Unsupported(`a reshape of [${node.input.type.dims.join(', ')}] that mixes rows`);
  }
  return { dtype: input.dtype, ...shape, cells: input.cells };
}

function lowerTranspose(lowering: TileLowering, node: Transpose): TileValue {
  const input = lowering.of(node.input);
  const at = (index: readonly number[]): readonly number[] =>
    input.dims.map((_, axis) => index[node.permutation.indexOf(axis)]!);
  return rearranged(input, rowDims(node.type), at);
}

function lowerExpand(lowering: TileLowering, node: Expand): TileValue {
  const input = lowering.of(node.input);
  const shape = rowDims(node.type);
  return { dtype: input.dtype, ...shape, cells: () => broadcastCells(input, shape.dims) };
}

function lowerTrees(lowering: TileLowering, node: TreeEnsemble): TileValue {
  const { plan, tier } = lowering;
  const input = lowering.of(node.input);
  if (input.dtype === 'utf8') throw new Unsupported('trees over text');
  const tensors = TREE_TENSORS.map((field) => node[field]);
  const values = tensors.map((tensor) => lowering.constantTensor(tensor));
  const layout = planTrees(
    values,
    { targets: node.targets, additive: node.combine === 'sum' || node.combine === 'mean' },
  );
  if (typeof layout === 'string') throw new Unsupported(layout);
  const base = node.base === undefined ? [] : lowering.constants(node.base).map(Number);
  const places = lowering.columnsOf({ dtype: input.dtype, cells: input.cells() });
  const kernel: TreeKernel = {
    layout,
    features: places.length,
    input: input.dtype,
    combine: node.combine,
    base: Array.from({ length: node.targets }, (_, i) => base[i] ?? 0),
    lockstep: tier.lockstep,
  };
  const stop = stopOf(lowering, node, kernel, values);
  const { func, scratchBytes, tileRows } = emitForest(plan.module, plan.module.freshName('trees'), kernel, stop);
  const hashes = tensors.map((tensor) => {
    if (tensor.kind !== 'weight') throw new Unsupported('trees that are not stored weights');
    return tensor.hash;
  });
  const weight = plan.addWeight({ hash: hashes.join('+'), tensors: hashes, layout, byteLength: forestBytes(layout) });
  const output = plan.addBuffer(layout.dtype, node.targets);
  const table = plan.tableOf(places);
  plan.addStep({
    reads: places,
    writes: [output],
    explain: `trees ${describeTrees(layout, tier.lockstep)}`,
    scratchBytes: () => scratchBytes,
    ...(tileRows === undefined ? {} : { tileRows }),
    stops: stop === undefined ? undefined : { all: lowering.stop!.all },
    emit: (context) => {
      context.f.call(func, {
        input: context.place(table),
        output: context.place(output.first),
        trees: context.weight(weight),
        rows: context.rows,
        scratch: context.scratch,
        bound: stop === undefined ? 0 : context.bound,
      });
    },
  });
  const cells = Array.from({ length: node.targets }, (_, i): Cell => ({ column: output.first + i }));
  const result = castCells(lowering, { dtype: layout.dtype, cells }, quadDType(node.type.dtype));
  return { dtype: quadDType(node.type.dtype), ...rowDims(node.type), cells: () => result };
}

/** How the trees stop, if theirs are the scores that are bound and their kernel can. */
function stopOf({ stop }: TileLowering, node: TreeEnsemble, kernel: TreeKernel, values: readonly TensorValue[]) {
  const { layout } = kernel;
  if (stop?.trees !== node || layout.kind !== 'tree-masks') return undefined;
  const masked = { ...kernel, layout };
  return isNarrowed(masked) ? planStop(readForest(values, layout.dtype), masked, stop.side) : undefined;
}

function emitForest(
  module: ModuleBuilder,
  name: string,
  kernel: TreeKernel,
  stop: TreeStop | undefined,
): { readonly func: TreeFunc; readonly scratchBytes: number; readonly tileRows: number | undefined } {
  const { layout } = kernel;
  if (layout.kind === 'trees') {
    const walked = { ...kernel, layout };
    return { func: emitTrees(module, name, walked), scratchBytes: treeScratchBytes(walked), tileRows: undefined };
  }
  const masked = { ...kernel, layout };
  return {
    func: emitTreeMasks(module, name, masked, stop),
    scratchBytes: maskScratchBytes(masked),
    tileRows: maskTileRows(masked),
  };
}

function describeTrees(layout: ForestLayout, lockstep: number): string {
  const { trees, nodes, targets, dtype } = layout;
  const counts = `${trees} of ${nodes} nodes, ${targets} targets`;
  return layout.kind === 'trees'
    ? `${counts}, ${layout.node} ${dtype} lockstep ${lockstep}`
    : `${counts}, ${dtype}, masks of ${layout.maskBytes * 8} leaves`;
}

function castCells(
  lowering: TileLowering,
  input: { readonly dtype: 'f32' | 'f64'; readonly cells: readonly Cell[] },
  to: ReturnType<typeof quadDType>,
): readonly Cell[] {
  if (input.dtype === to) return input.cells;
  const arg = make({ kind: 'ref', index: 0, type: scalar(input.dtype) });
  return mapStep(lowering, { body: make({ kind: 'cast', arg, to, attempt: false }), inputs: [input] });
}
