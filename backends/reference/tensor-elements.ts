/**
 * Reading and writing the elements of tensors, of any dtype, one at a time: what all tensor families of the oracle
 * share.
 *
 * Invariant: a stored float has the precision of its dtype (f16 and bf16 are rounded when stored), a stored integer its
 * width; 64-bit integers are bigints, bools are 0 and 1.
 */
import { isInteger, type DType } from '../../ir/dtype.js';
import { roundFloat } from '../../ir/scalar/value.js';
import type { TensorElements, TensorValue } from '../../ir/tensor-data.js';

/** One stored element. */
export type Cell = number | bigint | string;
/** Elements while they are written: a typed array or an array of strings, indexed alike. */
export interface Cells { [index: number]: Cell; readonly length: number }

/** Elements of a shape; 1 for a scalar. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Zeroed elements (empty strings for text). */
export function allocate(dtype: DType, count: number): TensorElements {
  switch (dtype) {
    case 'bool': case 'u8': return new Uint8Array(count);
    case 'i8': return new Int8Array(count);
    case 'i16': return new Int16Array(count);
    case 'i32': case 'date': return new Int32Array(count);
    case 'i64': return new BigInt64Array(count);
    case 'u16': return new Uint16Array(count);
    case 'u32': return new Uint32Array(count);
    case 'u64': return new BigUint64Array(count);
    case 'f16': case 'bf16': case 'f32': return new Float32Array(count);
    case 'f64': return new Float64Array(count);
    case 'utf8': return new Array<string>(count).fill('');
    default: throw new Error(`tensors do not hold ${dtype}`);
  }
}

/** The elements of `value` as writable cells; only for tensors this module made. */
export function cellsOf(value: { readonly data: TensorElements }): Cells {
  return value.data as unknown as Cells;
}

/** A new tensor of zeros and its cells. */
export function blank(dtype: DType, dims: readonly number[]): TensorValue & { readonly cells: Cells } {
  const data = allocate(dtype, elementCount(dims));
  return { dtype, dims, data, cells: data as unknown as Cells };
}

/** Whether elements are bigints. */
export function isBig(dtype: DType): boolean {
  return dtype === 'i64' || dtype === 'u64';
}

/** A number as an element of `dtype`. */
export function cellOf(dtype: DType, value: number): Cell {
  return isBig(dtype) ? BigInt(value) : rounded(dtype, value);
}

/** The element as a number; exact up to 2^53. */
export function numberAt(value: TensorValue, index: number): number {
  return Number(value.data[index]);
}

/** All elements as numbers. */
export function numbersOf(value: TensorValue): readonly number[] {
  return Array.from(value.data as ArrayLike<Cell>, Number);
}

/** `value` in the precision of a float dtype; others pass. */
export function rounded(dtype: DType, value: number): number {
  return roundFloat(value, dtype);
}

/** Row-major strides. */
export function stridesOf(dims: readonly number[]): readonly number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= dims[axis]!;
  }
  return strides;
}

/** Calls `visit` with each index tuple of `dims` in row-major order; the tuple is reused. */
export function eachIndex(dims: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const count = elementCount(dims);
  const index = new Array<number>(dims.length).fill(0);
  for (let flat = 0; flat < count; flat++) {
    visit(index, flat);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < dims[axis]!) break;
      index[axis] = 0;
    }
  }
}

export function flatten(index: readonly number[], strides: readonly number[]): number {
  let flat = 0;
  for (let axis = 0; axis < strides.length; axis++) flat += index[axis]! * strides[axis]!;
  return flat;
}

/** NumPy broadcasting of shapes. */
export function broadcastShapes(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let dim = 1;
    for (const shape of shapes) {
      const own = shape[axis - (rank - shape.length)] ?? 1;
      if (own === 1 || own === dim) continue;
      if (dim !== 1)
        throw new RangeError(`shapes ${shapes.map((s) => `[${s.join(', ')}]`).join(' and ')} do not broadcast`);
      dim = own;
    }
    return dim;
  });
}

/** For each flat position of `dims`, the position in a tensor of shape `from` that broadcasts to it. */
export function broadcastPositions(from: readonly number[], dims: readonly number[]): Int32Array {
  const positions = new Int32Array(elementCount(dims));
  const own = stridesOf(from);
  const strides = dims.map((_, axis) => {
    const at = axis - (dims.length - from.length);
    return at < 0 || from[at] === 1 ? 0 : own[at]!;
  });
  eachIndex(dims, (index, flat) => { positions[flat] = flatten(index, strides); });
  return positions;
}

/**
 * The arithmetic the oracle needs on cells of one dtype: bigints for 64-bit integers, numbers for the rest, strings
 * ordered. Integers wrap: products of 32 bits are exact only modulo 2^32, and longer bigints would grow without bound.
 */
export interface CellArithmetic {
  readonly zero: Cell;
  readonly one: Cell;
  add(a: Cell, b: Cell): Cell;
  mul(a: Cell, b: Cell): Cell;
  less(a: Cell, b: Cell): boolean;
}

const NUMBERS: CellArithmetic = {
  zero: 0, one: 1,
  add: (a, b) => (a as number) + (b as number),
  mul: (a, b) => (a as number) * (b as number),
  less: (a, b) => a < b,
};
const INTEGERS: CellArithmetic = {
  ...NUMBERS,
  add: (a, b) => ((a as number) + (b as number)) | 0,
  mul: (a, b) => Math.imul(a as number, b as number),
};
const BIGINTS: CellArithmetic = {
  zero: 0n, one: 1n,
  add: (a, b) => BigInt.asIntN(64, (a as bigint) + (b as bigint)),
  mul: (a, b) => BigInt.asIntN(64, (a as bigint) * (b as bigint)),
  less: (a, b) => a < b,
};

export function arithmeticOf(dtype: DType): CellArithmetic {
  if (isBig(dtype)) return BIGINTS;
  return isInteger(dtype) ? INTEGERS : NUMBERS;
}

/** Stores a number or bigint into cells, in the dtype's precision (typed arrays wrap integers by themselves). */
export function store(dtype: DType, cells: Cells, index: number, value: Cell): void {
  cells[index] = typeof value === 'number' ? (isBig(dtype) ? BigInt(Math.trunc(value)) : rounded(dtype, value)) : value;
}
