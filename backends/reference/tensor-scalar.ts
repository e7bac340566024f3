/**
 * Stand-in for the scalar meanings of `ir/scalar/`: the rows that bodies of tensor maps use, on JS values
 * (bool: boolean, 64-bit integers: bigint, text: string, else number). Goes when `ir/scalar/meaning.ts` lands.
 */
import { dtypeInfo, isFloat, isInteger, type DType } from '../../ir/dtype.js';
import { roundToBf16, roundToF16 } from './tensor-elements.js';

export type Scalar = number | bigint | boolean | string | null;

type Meaning = (a: Scalar, b: Scalar, dtype: DType) => Scalar;
const real = (f: (x: number) => number): Meaning => (a) => f(a as number);
const isBigint = (a: Scalar): a is bigint => typeof a === 'bigint';
const wrapping = (small: (x: number, y: number) => number, big: (x: bigint, y: bigint) => bigint): Meaning =>
  (a, b) => (isBigint(a) ? big(a, b as bigint) : small(a as number, b as number));
const compare = (f: (order: number) => boolean): Meaning => (a, b) => {
  if (Number.isNaN(a) || Number.isNaN(b)) return false;
  return f(a! < b! ? -1 : a! > b! ? 1 : 0);
};

function roundEven(x: number): number {
  const low = Math.floor(x);
  return x - low === 0.5 ? (low % 2 === 0 ? low : low + 1) : Math.round(x);
}

export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let n = 1; n < 100; n++) { term *= -z * z / n; sum += term / (2 * n + 1); }
    return Math.sign(x) * sum * 2 / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction));
}

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

const MEANING: { readonly [op: string]: Meaning } = {
  add: wrapping((x, y) => x + y, (x, y) => x + y), sub: wrapping((x, y) => x - y, (x, y) => x - y),
  mul: wrapping((x, y) => x * y, (x, y) => x * y), div: (a, b) => (a as number) / (b as number),
  wrap_add: wrapping((x, y) => x + y, (x, y) => x + y), wrap_sub: wrapping((x, y) => x - y, (x, y) => x - y),
  wrap_mul: wrapping((x, y) => Number(BigInt(x) * BigInt(y) & 0xffffffffn), (x, y) => x * y),
  trunc_div: wrapping((x, y) => (y === 0 ? 0 : Math.trunc(x / y)), (x, y) => (y === 0n ? 0n : x / y)),
  floor_mod: (a, b, dtype) => {
    if (isBigint(a)) return b === 0n ? 0n : ((a % (b as bigint)) + (b as bigint)) % (b as bigint);
    const [x, y] = [a as number, b as number];
    if (y === 0) return isInteger(dtype) ? 0 : NaN;
    const rest = x % y;
    return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
  },
  fmod: (a, b, dtype) => (isBigint(a) ? (b === 0n ? 0n : a % (b as bigint)) : b === 0 && isInteger(dtype) ? 0 : (a as number) % (b as number)),
  neg: (a) => (isBigint(a) ? -a : -(a as number)), abs: (a) => (isBigint(a) ? (a < 0n ? -a : a) : Math.abs(a as number)),
  sign: (a) => (isBigint(a) ? (a > 0n ? 1n : a < 0n ? -1n : 0n) : Math.sign(a as number)),
  max: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : a! > b! ? a : b), min: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : a! < b! ? a : b),
  floor: real(Math.floor), ceil: real(Math.ceil), trunc: real(Math.trunc), round_even: real(roundEven),
  round: real((x) => Math.sign(x) * Math.round(Math.abs(x))),
  exp: real(Math.exp), ln: real(Math.log), log2: real(Math.log2), log10: real(Math.log10), log1p: real(Math.log1p), expm1: real(Math.expm1),
  sqrt: real(Math.sqrt), cbrt: real(Math.cbrt), pow: (a, b) => (a as number) ** (b as number),
  sin: real(Math.sin), cos: real(Math.cos), tan: real(Math.tan), asin: real(Math.asin), acos: real(Math.acos), atan: real(Math.atan),
  sinh: real(Math.sinh), cosh: real(Math.cosh), tanh: real(Math.tanh), asinh: real(Math.asinh), acosh: real(Math.acosh), atanh: real(Math.atanh),
  erf: real(erf), sigmoid: real(sigmoid), atan2: (a, b) => Math.atan2(a as number, b as number),
  eq: compare((o) => o === 0), ne: compare((o) => o !== 0), lt: compare((o) => o < 0), le: compare((o) => o <= 0), gt: compare((o) => o > 0), ge: compare((o) => o >= 0),
  ieee_eq: compare((o) => o === 0), ieee_lt: compare((o) => o < 0), ieee_le: compare((o) => o <= 0),
  and: (a, b) => (a as boolean) && (b as boolean), or: (a, b) => (a as boolean) || (b as boolean), xor: (a, b) => a !== b, not: (a) => !(a as boolean),
  is_nan: (a) => Number.isNaN(a), is_inf: (a) => a === Infinity || a === -Infinity,
  bit_and: wrapping((x, y) => x & y, (x, y) => x & y), bit_or: wrapping((x, y) => x | y, (x, y) => x | y),
  bit_xor: wrapping((x, y) => x ^ y, (x, y) => x ^ y), bit_not: (a) => (isBigint(a) ? ~a : ~(a as number)),
  shift_left: (a, b, dtype) => shift(a, b, dtype, true), shift_right: (a, b, dtype) => shift(a, b, dtype, false),
  concat: (a, b) => `${a as string}${b as string}`, lower: (a) => (a as string).toLowerCase(), upper: (a) => (a as string).toUpperCase(),
  length: (a) => BigInt([...(a as string)].length),
  regexp_matches: (a, b) => new RegExp(b as string, 'u').test(a as string),
};

function shift(a: Scalar, b: Scalar, dtype: DType, left: boolean): Scalar {
  const bits = dtypeInfo(dtype).widthBytes * 8;
  const [x, y] = [BigInt(a as number | bigint), BigInt(b as number | bigint)];
  const result = y >= bits ? (left || x >= 0n ? 0n : -1n) : left ? x << y : x >> y;
  return toDType(result, dtype);
}

/** A result brought into the range and precision of its dtype. */
function toDType(value: Scalar, dtype: DType): Scalar {
  if (isFloat(dtype) && typeof value === 'number') {
    return dtype === 'f32' ? Math.fround(value) : dtype === 'f16' ? roundToF16(value) : dtype === 'bf16' ? roundToBf16(value) : value;
  }
  if (!isInteger(dtype)) return value;
  const { family, widthBytes } = dtypeInfo(dtype);
  const wide = BigInt(value as number | bigint);
  const wrapped = family === 'int' ? BigInt.asIntN(widthBytes * 8, wide) : BigInt.asUintN(widthBytes * 8, wide);
  return widthBytes === 8 ? wrapped : Number(wrapped);
}

export function evaluateScalar(op: string, args: readonly Scalar[], operand: DType, result: DType): Scalar {
  const meaning = MEANING[op];
  if (meaning === undefined) throw new Error(`the oracle has no meaning of ${op} in a map yet`);
  return toDType(meaning(args[0]!, args[1]!, operand), result);
}

export function castScalar(value: Scalar, from: DType, to: DType): Scalar {
  if (to === from) return value;
  if (to === 'utf8') return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
  if (to === 'bool') return from === 'utf8' ? value !== '' : Number(value) !== 0;
  const number = typeof value === 'string' ? parseNumber(value) : typeof value === 'boolean' ? Number(value) : value;
  if (isFloat(to)) return toDType(Number(number), to);
  if (typeof number === 'number') return toDType(Number.isFinite(number) ? BigInt(Math.trunc(number)) : 0n, to);
  return toDType(number, to);
}

function parseNumber(text: string): number {
  const lower = text.trim().toLowerCase();
  if (/^[+]?inf(inity)?$/.test(lower)) return Infinity;
  if (/^-inf(inity)?$/.test(lower)) return -Infinity;
  return Number(text);
}
