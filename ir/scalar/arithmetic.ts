/**
 * The meaning of arithmetic and bit operators. Arguments are not NULL unless the row is `special`; results are rounded
 * to, or checked against, the result's dtype.
 */
import { decimalOf, dtypeInfo, isFloat, type DType } from '../dtype.js';
import { SCALAR, type ScalarOp } from '../scalar.js';
import { ValueError } from './errors.js';
import type { Meaning } from './meaning.js';
import { compareValues } from './order.js';
import {
  checked,
  divideHalfAway,
  floorDivide,
  fromBig,
  power10,
  roundFloat,
  roundHalfAway,
  roundHalfEven,
  toBig,
  typeName,
  wrapped,
  type Value,
} from './value.js';

interface Binary {
  readonly op: ScalarOp;
  readonly symbol: string;
  readonly exact: (a: bigint, b: bigint) => bigint;
  readonly float: (a: number, b: number) => number;
}

function resultOf(op: ScalarOp, dtypes: readonly DType[]): DType {
  return SCALAR[op].dtype(dtypes)!;
}

/** Fails where the result does not fit. */
function checkedBinary({ op, symbol, exact, float }: Binary): Meaning {
  return ([a, b], dtypes) => {
    if (isFloat(dtypes[0]!)) return roundFloat(float(a as number, b as number), dtypes[0]!);
    const dtype = resultOf(op, dtypes);
    return checked(exact(toBig(a!), toBig(b!)), dtype, () => `${a} ${symbol} ${b} of ${typeName(dtypes[0]!)}`);
  };
}

/** Remainders and divisions of integers, decimals and floats of one dtype; `zero` is the exact result for b = 0. */
function division(exact: Binary['exact'], float: Binary['float'], zero: null | 0n): Meaning {
  return ([a, b], [dtype]) => {
    if (a === null || b === null) return null;
    if (isFloat(dtype!)) return roundFloat(float(a as number, b as number), dtype!);
    if (toBig(b!) === 0n) return zero === null ? null : fromBig(zero, dtype!);
    return checked(exact(toBig(a!), toBig(b!)), dtype!, () => `${a} / ${b}`);
  };
}

const wrapping = (exact: Binary['exact']): Meaning => ([a, b], [dtype]) => wrapped(exact(toBig(a!), toBig(b!)), dtype!);

type Exact1 = (a: bigint, one: bigint) => bigint;

const unary = (name: string, exact: Exact1, float: (a: number) => number): Meaning => ([a], [dtype]) => {
  if (isFloat(dtype!)) return roundFloat(float(a as number), dtype!);
  const scale = decimalOf(dtype!)?.scale ?? 0;
  return checked(exact(toBig(a!), power10(scale)), dtype!, () => `${name}(${a})`);
};

/** To a whole number: integers stay, decimals get scale 0. */
function rounding(op: ScalarOp, float: (a: number) => number, exact: (a: bigint, unit: bigint) => bigint): Meaning {
  return ([a], dtypes) => {
    const dtype = dtypes[0]!;
    if (isFloat(dtype)) return float(a as number);
    const held = decimalOf(dtype);
    if (held === undefined) return a!;
    return checked(exact(a as bigint, power10(held.scale)), resultOf(op, dtypes), () => `${op}(${a})`);
  };
}

function divideHalfEven(a: bigint, unit: bigint): bigint {
  const below = floorDivide(a, unit);
  const twice = 2n * (a - below * unit);
  if (twice === unit) return below % 2n === 0n ? below : below + 1n;
  return twice > unit ? below + 1n : below;
}

const roundTo: Meaning = ([a, digits], [dtype]) => {
  const count = Math.max(-400, Math.min(400, Number(digits)));
  if (isFloat(dtype!)) return roundFloat(roundDigits(a as number, count), dtype!);
  const drop = (decimalOf(dtype!)?.scale ?? 0) - count;
  if (drop <= 0) return a!;
  if (drop > 40) return fromBig(0n, dtype!);
  return checked(divideHalfAway(toBig(a!), power10(drop)) * power10(drop), dtype!, () => `round(${a}, ${digits})`);
};

function roundDigits(a: number, digits: number): number {
  const unit = 10 ** Math.abs(digits);
  const rounded = digits >= 0 ? roundHalfAway(a * unit) / unit : roundHalfAway(a / unit) * unit;
  if (Number.isFinite(rounded)) return rounded;
  return digits >= 0 ? a : 0;
}

const floorRemainder = (a: number, b: number): number => {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
};
const floorRemainderExact = (a: bigint, b: bigint): bigint => a - floorDivide(a, b) * b;

/** NaN wins; otherwise the sign of the order decides. */
const extreme = (float: (a: number, b: number) => number, wanted: 1 | -1): Meaning => ([a, b], [dtype]) => {
  if (isFloat(dtype!)) return float(a as number, b as number);
  return compareValues(a!, b!) * wanted >= 0 ? a! : b!;
};

const bitwise = (exact: Binary['exact']): Meaning => ([a, b], [dtype]) => wrapped(exact(toBig(a!), toBig(b!)), dtype!);

/** By how many bits; past the width they say no more than the width. */
function shiftCount(by: Value, dtype: DType): bigint {
  const width = BigInt(dtypeInfo(dtype).widthBytes * 8);
  const count = toBig(by);
  if (count < 0n) throw new ValueError(`Cannot shift by the negative number ${count}`);
  return count < width ? count : width;
}

export const ARITHMETIC = {
  add: checkedBinary({ op: 'add', symbol: '+', exact: (a, b) => a + b, float: (a, b) => a + b }),
  sub: checkedBinary({ op: 'sub', symbol: '-', exact: (a, b) => a - b, float: (a, b) => a - b }),
  mul: checkedBinary({ op: 'mul', symbol: '*', exact: (a, b) => a * b, float: (a, b) => a * b }),
  div: ([a, b], [dtype]) => roundFloat((a as number) / (b as number), dtype!),
  int_div: division((a, b) => a / b, (a, b) => Math.trunc(a / b), null),
  mod: division((a, b) => a % b, (a, b) => a % b, null),
  trunc_div: ([a, b], [dtype]) => (toBig(b!) === 0n ? fromBig(0n, dtype!) : wrapped(toBig(a!) / toBig(b!), dtype!)),
  floor_mod: division(floorRemainderExact, floorRemainder, 0n),
  fmod: division((a, b) => a % b, (a, b) => a % b, 0n),
  wrap_add: wrapping((a, b) => a + b),
  wrap_sub: wrapping((a, b) => a - b),
  wrap_mul: wrapping((a, b) => a * b),
  neg: unary('neg', (a) => -a, (a) => -a),
  abs: unary('abs', (a) => (a < 0n ? -a : a), Math.abs),
  sign: unary('sign', (a, one) => (a < 0n ? -one : a > 0n ? one : 0n), Math.sign),
  max: extreme(Math.max, 1),
  min: extreme(Math.min, -1),
  floor: rounding('floor', Math.floor, floorDivide),
  ceil: rounding('ceil', Math.ceil, (a, unit) => -floorDivide(-a, unit)),
  round: rounding('round', roundHalfAway, divideHalfAway),
  round_even: rounding('round_even', roundHalfEven, divideHalfEven),
  trunc: rounding('trunc', Math.trunc, (a, unit) => a / unit),
  round_to: roundTo,
  bit_and: bitwise((a, b) => a & b),
  bit_or: bitwise((a, b) => a | b),
  bit_xor: bitwise((a, b) => a ^ b),
  bit_not: ([a], [dtype]) => wrapped(~toBig(a!), dtype!),
  shift_left: ([a, b], [dtype]) => checked(toBig(a!) << shiftCount(b!, dtype!), dtype!, () => `${a} << ${b}`),
  wrap_shift_left: ([a, b], [dtype]) => wrapped(toBig(a!) << shiftCount(b!, dtype!), dtype!),
  shift_right: ([a, b], [dtype]) => wrapped(toBig(a!) >> shiftCount(b!, dtype!), dtype!),
} satisfies Partial<Record<ScalarOp, Meaning>>;
