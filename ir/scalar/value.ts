/**
 * How a row's values look in JavaScript, and the ranges and rounding of each dtype.
 *
 * NULL is null; bool a boolean; integers to 32 bits, dates (days) and floats a number rounded to their dtype;
 * i64, u64, decimal (unscaled), time and timestamp (microseconds) a bigint; utf8 a string; blob a Uint8Array;
 * a tensor column, struct or map the array of its parts in order.
 */
import { decimalOf, dtypeInfo, isDecimal, MAX_DECIMAL_DIGITS_HELD, type DType } from '../dtype.js';
import type { IntervalValue } from '../node.js';
import { ValueError } from './errors.js';

export type Value = null | boolean | number | bigint | string | Uint8Array | IntervalValue | readonly Value[];

const RANGES: { readonly [dtype: string]: readonly [bigint, bigint] | undefined } = {
  i8: [-128n, 127n], i16: [-32768n, 32767n], i32: [-(2n ** 31n), 2n ** 31n - 1n], i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u8: [0n, 255n], u16: [0n, 65535n], u32: [0n, 2n ** 32n - 1n], u64: [0n, 2n ** 64n - 1n],
};

/** Least and greatest value of an integer dtype, or of the unscaled integer of a decimal. */
export function rangeOf(dtype: DType): readonly [bigint, bigint] {
  const range = RANGES[dtype];
  if (range !== undefined) return range;
  const held = decimalOf(dtype);
  if (held === undefined) throw new Error(`${dtype} is not an integer or decimal`);
  const most = 10n ** BigInt(Math.min(held.precision, MAX_DECIMAL_DIGITS_HELD)) - 1n;
  return [-most, most];
}

/** Whether values of the dtype are bigints. */
export function isBig(dtype: DType): boolean {
  return dtype === 'i64' || dtype === 'u64' || dtype === 'time' || dtype === 'timestamp' || isDecimal(dtype);
}

export function toBig(value: Value): bigint {
  return typeof value === 'bigint' ? value : BigInt(value as number);
}

/** An integer as the dtype holds it; it must be in range. */
export function fromBig(value: bigint, dtype: DType): number | bigint {
  return isBig(dtype) ? value : Number(value);
}

export function inRange(value: bigint, dtype: DType): boolean {
  const [least, most] = rangeOf(dtype);
  return value >= least && value <= most;
}

/** The integer, if the dtype holds it; else an overflow error that names the operation. */
export function checked(value: bigint, dtype: DType, what: () => string): number | bigint {
  if (!inRange(value, dtype)) {
    throw new ValueError(`Overflow in ${what()}: ${value} is out of the range of ${typeName(dtype)}`);
  }
  return fromBig(value, dtype);
}

/** value modulo 2^bits, in the range of the dtype. */
export function wrapped(value: bigint, dtype: DType): number | bigint {
  const bits = dtypeInfo(dtype).widthBytes * 8;
  return fromBig(dtype.startsWith('u') ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value), dtype);
}

/** A dtype as messages name it: INT32, DOUBLE, DECIMAL(15,2). */
export function typeName(dtype: DType): string {
  if (RANGES[dtype] !== undefined) return dtype.replace('i', 'INT').replace('u', 'UINT');
  return dtypeInfo(dtype).sql;
}

const bits = new DataView(new ArrayBuffer(8));

/** To a binary float of `significant` bits, nearest, halves to even. */
function roundToBits(value: number, format: { significant: number; leastExponent: number; most: number }): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  bits.setFloat64(0, value);
  const exponent = Math.max(((bits.getUint16(0) >> 4) & 0x7ff) - 1023, format.leastExponent);
  const quantum = 2 ** (exponent - format.significant + 1);
  const rounded = roundHalfEven(value / quantum) * quantum;
  return Math.abs(rounded) > format.most ? Math.sign(value) * Infinity : rounded;
}

const F16 = { significant: 11, leastExponent: -14, most: 65504 };
const BF16 = { significant: 8, leastExponent: -126, most: 2 ** 127 * (2 - 2 ** -7) };

/** A number as a float dtype holds it. */
export function roundFloat(value: number, dtype: DType): number {
  switch (dtype) {
    case 'f32': return Math.fround(value);
    case 'f16': return roundToBits(value, F16);
    case 'bf16': return roundToBits(value, BF16);
    default: return value;
  }
}

export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest < 0.5) return below === 0 && value < 0 ? -0 : below;
  if (rest > 0.5 || below % 2 !== 0) return below === -1 ? -0 : below + 1;
  return below;
}

export function roundHalfAway(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

/** a / b to the nearest integer, halves away from zero; b > 0. */
export function divideHalfAway(a: bigint, b: bigint): bigint {
  const twice = 2n * a;
  return a >= 0n ? (twice + b) / (2n * b) : (twice - b) / (2n * b);
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

export function power10(digits: number): bigint {
  return 10n ** BigInt(digits);
}

export function isInterval(value: Value): value is IntervalValue {
  return typeof value === 'object' && value !== null && 'months' in value;
}
