/**
 * Rows of a row-major tensor to columns of a tile in WASM memory, and back: plain loops over typed arrays.
 * Column `c` of a leaf or output begins at `address + c * strideBytes`.
 */
import type { DType } from '../ir/dtype.js';
import type { TensorElements } from '../ir/tensor-data.js';

export interface TileColumns {
  readonly dtype: DType;
  readonly columns: number;
  readonly address: number;
  readonly strideBytes: number;
}

export interface RowRange {
  readonly begin: number;
  readonly count: number;
}

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** The memory as an array of the elements of `dtype`; text is pairs of i32. */
export function viewOf(memory: WebAssembly.Memory, dtype: DType): Numbers | BigInt64Array {
  const { buffer } = memory;
  switch (dtype) {
    case 'f32': return new Float32Array(buffer);
    case 'f64': return new Float64Array(buffer);
    case 'i64': return new BigInt64Array(buffer);
    case 'i32': case 'utf8': return new Int32Array(buffer);
    case 'bool': return new Uint8Array(buffer);
    default: throw new Error(`tiles do not hold ${dtype}`);
  }
}

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

/** Rows `begin ..` of `data` into the tile. Not for text. */
export function putColumns(memory: WebAssembly.Memory, tile: TileColumns, data: TensorElements, rows: RowRange): void {
  const view = viewOf(memory, tile.dtype);
  const at = { columns: tile.columns, first: tile.address / view.BYTES_PER_ELEMENT, stride: tile.strideBytes / view.BYTES_PER_ELEMENT };
  if (view instanceof BigInt64Array) putBigints(view, data as BigInt64Array, at, rows);
  else putNumbers(view, data as Numbers, at, rows);
}

/** The tile into rows `begin ..` of `data`. Not for text. */
export function takeColumns(memory: WebAssembly.Memory, tile: TileColumns, data: TensorElements, rows: RowRange): void {
  const view = viewOf(memory, tile.dtype);
  const at = { columns: tile.columns, first: tile.address / view.BYTES_PER_ELEMENT, stride: tile.strideBytes / view.BYTES_PER_ELEMENT };
  if (view instanceof BigInt64Array) takeBigints(view, data as BigInt64Array, at, rows);
  else takeNumbers(view, data as Numbers, at, rows);
}

interface Place {
  readonly columns: number;
  /** In elements. */
  readonly first: number;
  readonly stride: number;
}

function putNumbers(view: Numbers, data: Numbers, { columns, first, stride }: Place, { begin, count }: RowRange): void {
  for (let column = 0; column < columns; column++) {
    const to = first + column * stride;
    let from = begin * columns + column;
    for (let row = 0; row < count; row++, from += columns) view[to + row] = data[from]!;
  }
}

function putBigints(view: BigInt64Array, data: BigInt64Array, { columns, first, stride }: Place, { begin, count }: RowRange): void {
  for (let column = 0; column < columns; column++) {
    const to = first + column * stride;
    let from = begin * columns + column;
    for (let row = 0; row < count; row++, from += columns) view[to + row] = data[from]!;
  }
}

function takeNumbers(view: Numbers, data: Numbers, { columns, first, stride }: Place, { begin, count }: RowRange): void {
  for (let column = 0; column < columns; column++) {
    const from = first + column * stride;
    let to = begin * columns + column;
    for (let row = 0; row < count; row++, to += columns) data[to] = view[from + row]!;
  }
}

function takeBigints(view: BigInt64Array, data: BigInt64Array, { columns, first, stride }: Place, { begin, count }: RowRange): void {
  for (let column = 0; column < columns; column++) {
    const from = first + column * stride;
    let to = begin * columns + column;
    for (let row = 0; row < count; row++, to += columns) data[to] = view[from + row]!;
  }
}
