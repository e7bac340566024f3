/**
 * Rows of a row-major tensor to columns of a tile in WASM memory, and back: plain loops over typed arrays.
 */
import type { DType } from '../ir/dtype.js';
import type { TensorElements } from '../ir/tensor-data.js';

export interface TileColumn {
  readonly dtype: DType;
  /** Which element of a row, of how many. */
  readonly element: number;
  readonly width: number;
  readonly address: number;
}

export interface RowRange {
  readonly begin: number;
  readonly count: number;
}

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** The memory as arrays of elements. */
export function heapOf({ buffer }: WebAssembly.Memory) {
  return {
    bool: new Uint8Array(buffer),
    i32: new Int32Array(buffer),
    i64: new BigInt64Array(buffer),
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
    bytes: Buffer.from(buffer),
  };
}

export type Heap = ReturnType<typeof heapOf>;
export type FixedWidth = Exclude<keyof Heap, 'bytes'>;
type View = Heap[FixedWidth];

/** An array for `count` elements of an output. */
export function arrayOf(dtype: DType, count: number): TensorElements | string[] {
  switch (dtype) {
    case 'f32': return new Float32Array(count);
    case 'f64': return new Float64Array(count);
    case 'i64': return new BigInt64Array(count);
    case 'i32': return new Int32Array(count);
    case 'bool': return new Uint8Array(count);
    case 'utf8': return new Array<string>(count).fill('');
    default: throw new Error(`tiles do not hold ${dtype}`);
  }
}

/** One element of each row of `data` into the tile. Not for text. */
export function putColumn(view: View, column: TileColumn, data: TensorElements, rows: RowRange): void {
  const { count } = rows;
  const { width: step } = column;
  const at = { from: rows.begin * step + column.element, to: column.address / view.BYTES_PER_ELEMENT, step, count };
  if (view instanceof BigInt64Array) gatherBigints(view, data as BigInt64Array, at);
  else gatherNumbers(view, data as Numbers, at);
}

/** The column of the tile into one element of each row of `data`. Not for text. */
export function takeColumn(view: View, column: TileColumn, data: TensorElements | string[], rows: RowRange): void {
  const { count } = rows;
  const { width: step } = column;
  const at = { from: column.address / view.BYTES_PER_ELEMENT, to: rows.begin * step + column.element, step, count };
  if (view instanceof BigInt64Array) spreadBigints(view, data as BigInt64Array, at);
  else spreadNumbers(view, data as Numbers, at);
}

interface Loop { readonly from: number; readonly to: number; readonly step: number; readonly count: number }

function gatherNumbers(target: Numbers, source: Numbers, { from, to, step, count }: Loop): void {
  for (let row = 0, at = from; row < count; row++, at += step) target[to + row] = source[at]!;
}

function gatherBigints(target: BigInt64Array, source: BigInt64Array, { from, to, step, count }: Loop): void {
  for (let row = 0, at = from; row < count; row++, at += step) target[to + row] = source[at]!;
}

function spreadNumbers(source: Numbers, target: Numbers, { from, to, step, count }: Loop): void {
  for (let row = 0, at = to; row < count; row++, at += step) target[at] = source[from + row]!;
}

function spreadBigints(source: BigInt64Array, target: BigInt64Array, { from, to, step, count }: Loop): void {
  for (let row = 0, at = to; row < count; row++, at += step) target[at] = source[from + row]!;
}
