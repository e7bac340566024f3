/**
 * Typed arrays of fixed-width values, by the physical form of a dtype.
 *
 * An interval takes two 64-bit elements a value; every other dtype takes one element a value.
 */
import { dtypeInfo, type DType, type Physical } from '../../ir/dtype.js';
import type { FixedValues } from '../batch.js';

type FixedValuesConstructor = {
  new (length: number): FixedValues;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): FixedValues;
  readonly BYTES_PER_ELEMENT: number;
};

const CONSTRUCTORS = {
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  i64: BigInt64Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  u64: BigUint64Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
  i128: BigInt64Array,
} satisfies Record<Exclude<Physical, 'bytes'>, FixedValuesConstructor>;

export function fixedConstructor(dtype: DType): FixedValuesConstructor {
  const physical = dtypeInfo(dtype).physical;
  if (physical === 'bytes') throw new Error(`${dtype} has no fixed width`);
  return CONSTRUCTORS[physical];
}

export function elementsPerValue(dtype: DType): number {
  return dtypeInfo(dtype).physical === 'i128' ? 2 : 1;
}

/** The value of IEEE 754 binary16 bits. */
export function float16(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const BITS = new Uint32Array(1);
const FLOAT = new Float32Array(BITS.buffer);

/** The value of bfloat16 bits: the upper half of an f32. */
export function bfloat16(bits: number): number {
  BITS[0] = bits << 16;
  return FLOAT[0]!;
}

/** The raw bytes of a typed array. */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
