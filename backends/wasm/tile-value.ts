/**
 * Tensors of a tile, while a tile program is compiled: each element of a row is a cell, which is a column in memory
 * or a constant. Layout operators (reshape, transpose, slice, concat ...) only rearrange cells and cost nothing.
 *
 * Invariant: in place of the row axis `dims` has the elements a row has along it (1, but for flattened tensors);
 * `cells` holds the elements of one row in row-major order.
 */
import type { TensorValue } from '../../ir/tensor-data.js';
import type { TensorType } from '../../ir/type.js';
import { isQuadDType, type QuadDType } from './kernels/quad.js';

export type Constant = number | bigint | boolean | string;
/** `column` is a place in the program's table of column addresses. */
export type Cell = { readonly column: number } | { readonly constant: Constant };

export interface TileValue {
  readonly dtype: QuadDType;
  readonly dims: readonly number[];
  /** Undefined when no element depends on the row. */
  readonly rowAxis: number | undefined;
  readonly cells: () => readonly Cell[];
}

/** A node that tile programs cannot run, and why. */
export class Unsupported extends Error {}

export function quadDType(dtype: string): QuadDType {
  if (!isQuadDType(dtype)) throw new Unsupported(`elements of ${dtype}`);
  return dtype;
}

/** Dims with the row axis as 1. Two symbols are two row axes, which a tile does not have. */
export function rowDims(type: TensorType): { readonly dims: readonly number[]; readonly rowAxis: number | undefined } {
  const symbols = type.dims.flatMap((dim, axis) => (typeof dim === 'string' ? [axis] : []));
  if (symbols.length > 1) throw new Unsupported(`shape [${type.dims.join(', ')}] has two symbolic dims`);
  return { dims: type.dims.map((dim) => (typeof dim === 'number' ? dim : perRow(dim))), rowAxis: symbols[0] };
}

/** Most elements of one row: each is a cell while a program is compiled, and a column of its memory. */
const MOST_CELLS = 2 ** 18;

export function checkWidth(type: TensorType): void {
  const cells = sizeOf(rowDims(type).dims);
  if (cells > MOST_CELLS) throw new Unsupported(`${cells} elements a row, expected at most ${MOST_CELLS}`);
}

/** Elements a row has along its own axis: 15 of `n*15`, to which [n, 15] is flattened. */
function perRow(symbol: string): number {
  if (/[+()]/.test(symbol)) throw new Unsupported(`rows along ${symbol}`);
  const factor = /\*(\d+)$/.exec(symbol)?.[1];
  return factor === undefined ? 1 : Number(factor);
}

export function constantValue(value: TensorValue): TileValue {
  const dtype = quadDType(value.dtype);
  const cells = (): readonly Cell[] =>
    Array.from(value.data as ArrayLike<number | bigint | string>, (element) => ({
      constant: dtype === 'bool' ? element !== 0 : element,
    }));
  return { dtype, dims: value.dims, rowAxis: undefined, cells: once(cells) };
}

export function once<T>(compute: () => T): () => T {
  let held: { value: T } | undefined;
  return () => (held ??= { value: compute() }).value;
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

export function stridesOf(dims: readonly number[]): readonly number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * dims[axis + 1]!;
  return strides;
}

/** Every index of a shape in row-major order. */
export function* indices(dims: readonly number[]): Generator<readonly number[]> {
  const count = sizeOf(dims);
  const strides = stridesOf(dims);
  for (let i = 0; i < count; i++) yield dims.map((dim, axis) => Math.floor(i / strides[axis]!) % dim);
}

/** Cells rearranged: output element `index` is input element `at(index)`. */
export function rearranged(
  value: TileValue,
  shape: { readonly dims: readonly number[]; readonly rowAxis: number | undefined },
  at: (index: readonly number[]) => readonly number[],
): TileValue {
  const cells = once(() => {
    const held = value.cells();
    const strides = stridesOf(value.dims);
    return Array.from(
      indices(shape.dims),
      (index) => held[at(index).reduce((sum, position, axis) => sum + position * strides[axis]!, 0)]!,
    );
  });
  return { dtype: value.dtype, ...shape, cells };
}

/** The cells of `value` broadcast to `dims` by NumPy's rules. */
export function broadcastCells(value: TileValue, dims: readonly number[]): readonly Cell[] {
  const shift = dims.length - value.dims.length;
  return rearranged(value, { dims, rowAxis: undefined }, (index) =>
    value.dims.map((dim, axis) => (dim === 1 ? 0 : index[axis + shift]!)),
  ).cells();
}

/** Whether broadcasting puts every row axis at `rowAxis`, counted from the last axis. */
export function rowsAlign(
  values: readonly TileValue[],
  shape: { readonly dims: readonly number[]; readonly rowAxis: number | undefined },
): boolean {
  return values.every(
    ({ rowAxis, dims }) =>
      rowAxis === undefined ||
      (shape.rowAxis !== undefined && dims.length - rowAxis === shape.dims.length - shape.rowAxis),
  );
}
