/**
 * The state of lowering one model to a tile program: values of nodes already lowered, constants, functions shared by
 * steps, and the list of what cannot be lowered.
 */
import { make } from '../../ir/build.js';
import type { Expr, Node, Tensor } from '../../ir/node.js';
import { children, postorder } from '../../ir/rewrite.js';
import type { TensorData, TensorValue } from '../../ir/tensor-data.js';
import { scalar } from '../../ir/type.js';
import { evaluateTensor } from '../reference/tensor.js';
import { packTexts } from './kernels/lookup.js';
import type { MapFunc, OperandShape, TextConstant } from './kernels/map.js';
import { WIDTH_BYTES, type QuadDType } from './kernels/quad.js';
import type { KernelTier } from './kernel-tier.js';
import type { Func } from './dsl.js';
import { mapStep, type MapInput } from './tile-lower.js';
import { LOWER } from './tile-nodes.js';
import type { TilePlan } from './tile-plan.js';
import type { StopAt } from './tile-program.js';
import {
  checkWidth,
  constantValue,
  once,
  quadDType,
  rowDims,
  sizeOf,
  Unsupported,
  type Cell,
  type Constant,
  type TileValue,
} from './tile-value.js';
import type { I32 } from './values.js';

/** A node below has been reported already. */
class Failed extends Error {}

export class TileLowering {
  readonly plan: TilePlan;
  readonly data: TensorData;
  readonly tier: KernelTier;
  readonly stop: StopAt | undefined;
  readonly unsupported: string[] = [];
  readonly #values = new Map<Tensor, TileValue | 'failed'>();
  readonly #rowDependent = new Map<Tensor, boolean>();
  readonly #mapFunctions = new Map<Expr, Map<string, MapFunc>>();
  readonly #shared = new Map<string, Func>();
  readonly #constants = new Map<Tensor, TensorValue>();
  readonly #readers = new Map<Node, number>();

  constructor(
    plan: TilePlan,
    outputs: readonly Tensor[],
    options: { readonly data: TensorData; readonly tier: KernelTier; readonly stop?: StopAt | undefined },
  ) {
    this.plan = plan;
    this.data = options.data;
    this.tier = options.tier;
    this.stop = options.stop;
    const nodes = new Set(outputs.flatMap((output) => postorder(output)));
    for (const read of [...outputs, ...[...nodes].flatMap((node) => children(node))])
      this.#readers.set(read, (this.#readers.get(read) ?? 0) + 1);
  }

  /** How many nodes (and outputs) read a node. */
  readers(node: Tensor): number {
    return this.#readers.get(node) ?? 0;
  }

  /** The value of a node; its steps are emitted at the first request. */
  of(node: Tensor): TileValue {
    const known = this.#values.get(node);
    if (known === 'failed') throw new Failed();
    if (known !== undefined) return known;
    try {
      const value =
        this.dependsOnRow(node) || node.type.dims.some((dim) => typeof dim === 'string')
          ? this.#lower(node)
          : this.#constantOf(node);
      this.#values.set(node, value);
      return value;
    } catch (error) {
      this.#values.set(node, 'failed');
      if (error instanceof Unsupported) {
        this.unsupported.push(`${node.kind} [${node.type.dims.join(', ')}] of ${node.type.dtype}: ${error.message}`);
        throw new Failed();
      }
      throw error;
    }
  }

  /** `of`, or undefined when something below cannot be lowered; reports every such node under `node`. */
  attempt(node: Tensor): TileValue | undefined {
    try {
      return this.of(node);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      for (const child of children(node)) if (isTensor(child) && this.dependsOnRow(child)) this.attempt(child);
      return undefined;
    }
  }

  dependsOnRow(node: Tensor): boolean {
    let depends = this.#rowDependent.get(node);
    if (depends === undefined) {
      depends =
        node.kind === 'to_tensor' ||
        node.kind === 'input' ||
        children(node).some((child) => isTensor(child) && this.dependsOnRow(child));
      this.#rowDependent.set(node, depends);
    }
    return depends;
  }

  #lower(node: Tensor): TileValue {
    const { dims, dtype } = node.type;
    if (dims.includes(0)) return { dtype: quadDType(dtype), ...rowDims(node.type), cells: () => [] };
    checkWidth(node.type);
    const lower = LOWER[node.kind] as ((lowering: TileLowering, node: Tensor) => TileValue) | undefined;
    if (lower === undefined) throw new Unsupported('no kernel yet');
    return lower(this, node);
  }

  /** Evaluated when its cells are first needed: a large weight never is. */
  #constantOf(node: Tensor): TileValue {
    return {
      dtype: quadDType(node.type.dtype),
      dims: node.type.dims as readonly number[],
      rowAxis: undefined,
      cells: once(() => constantValue(this.constantTensor(node)).cells()),
    };
  }

  /** The data of a node that does not depend on the row, by the oracle. */
  constantTensor(node: Tensor): TensorValue {
    if (this.dependsOnRow(node)) throw new Unsupported('a constant was expected');
    let value = this.#constants.get(node);
    if (value === undefined) {
      checkConstant(node);
      value = evaluateTensor(node, { data: this.data, inputs: new Map(), cache: new Map() });
      this.#constants.set(node, value);
    }
    return value;
  }

  constants(node: Tensor): readonly Constant[] {
    return constantValue(this.constantTensor(node))
      .cells()
      .map((cell) => (cell as { readonly constant: Constant }).constant);
  }

  constant(value: Constant): number | bigint | boolean | TextConstant {
    if (typeof value !== 'string') return value;
    const { bytes, lengths } = packTexts([value]);
    return { address: this.plan.module.data(bytes), byteLength: lengths[0]! };
  }

  /** Constants as they lie in a data segment; text as (offset, byte length) from the address `text`. */
  packConstants(
    dtype: QuadDType,
    values: readonly Constant[],
  ): { readonly bytes: Uint8Array; readonly text: I32 | undefined } {
    const bytes = new Uint8Array(values.length * WIDTH_BYTES[dtype]);
    const view = new DataView(bytes.buffer);
    const packed = dtype === 'utf8' ? packTexts(values as readonly string[]) : undefined;
    values.forEach((value, i) => {
      switch (dtype) {
        case 'bool':
          return view.setUint8(i, value === true || Number(value) !== 0 ? 1 : 0);
        case 'i32':
          return view.setInt32(i * 4, Number(value), true);
        case 'i64':
          return view.setBigInt64(i * 8, BigInt(value), true);
        case 'f32':
          return view.setFloat32(i * 4, Number(value), true);
        case 'f64':
          return view.setFloat64(i * 8, Number(value), true);
        case 'utf8':
          view.setInt32(i * 8, packed!.offsets[i]!, true);
          return view.setInt32(i * 8 + 4, packed!.lengths[i]!, true);
      }
    });
    return { bytes, text: packed === undefined ? undefined : this.plan.module.data(packed.bytes) };
  }

  /** The places of cells all of which must be columns: constants are written into columns of their own. */
  columnsOf(input: MapInput): readonly number[] {
    const constants = new Map<Constant, Cell>();
    for (const cell of input.cells) if ('constant' in cell) constants.set(cell.constant, cell);
    if (constants.size > 0) {
      const body = make({ kind: 'ref', index: 0, type: scalar(input.dtype) });
      const columns = mapStep(this, { body, inputs: [{ dtype: input.dtype, cells: [...constants.values()] }] });
      [...constants.keys()].forEach((constant, i) => constants.set(constant, columns[i]!));
    }
    return input.cells.map(
      (cell) => ('column' in cell ? cell : (constants.get(cell.constant) as { readonly column: number })).column,
    );
  }

  mapFunction(body: Expr, shapes: readonly OperandShape[], emit: () => MapFunc): MapFunc {
    let functions = this.#mapFunctions.get(body);
    if (functions === undefined) this.#mapFunctions.set(body, (functions = new Map()));
    const key = JSON.stringify(shapes, (_, value: unknown) =>
      typeof value === 'bigint'
        ? `${value}n`
        : typeof value === 'number' && !Number.isFinite(value)
          ? String(value)
          : value,
    );
    let func = functions.get(key);
    if (func === undefined) functions.set(key, (func = emit()));
    return func;
  }

  /** A function emitted once for all steps that name it alike. */
  shared<F extends Func>(name: string, emit: (name: string) => F): F {
    let func = this.#shared.get(name);
    if (func === undefined) this.#shared.set(name, (func = emit(this.plan.module.freshName(name)) as Func));
    return func as F;
  }
}

/** Most elements of a constant that is computed while a program is compiled. */
const MOST_CONSTANT_ELEMENTS = 2 ** 27;

function checkConstant(node: Tensor): void {
  for (const part of postorder(node)) {
    if (!isTensor(part) || part.kind === 'weight') continue;
    const elements = sizeOf(part.type.dims.filter((dim) => typeof dim === 'number'));
    if (elements > MOST_CONSTANT_ELEMENTS)
      throw new Unsupported(`a constant of ${elements} elements, expected at most ${MOST_CONSTANT_ELEMENTS}`);
  }
}

const EXPRESSIONS: ReadonlySet<string> = new Set<Expr['kind']>([
  'ref',
  'literal',
  'param',
  'call',
  'cast',
  'case',
  'pack',
  'part',
  'subquery',
  'outer',
]);

function isTensor(node: Node): node is Tensor {
  return node.type.kind === 'tensor' && !EXPRESSIONS.has(node.kind);
}
