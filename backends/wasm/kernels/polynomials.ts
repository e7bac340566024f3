/**
 * Transcendental functions over registers. f32: at most 4 ULP from the exact value; f64: at most 4 ULP; results and
 * special cases (NaN, infinities, denormals) as Math has them. Tested over the whole range in test/wasm/scalar.test.ts.
 *
 * exp: x = n ln 2 + r, e^r by polynomial, two exact scalings by powers of two so that denormals come out right.
 * ln: Cephes logf for f32, the series of artanh for f64. erf: the two-interval minimax form of N. Juffa.
 */
import type { FunctionBuilder } from '../dsl.js';
import { f32x4, f64x2, i32x4, i64x2, v128 } from '../lanes.js';
import { type V128 } from '../values.js';

type Unary = (f: FunctionBuilder, x: V128) => V128;
interface FloatLanes {
  splat(value: number): V128;
  madd(a: V128, b: V128, c: V128): V128;
}

/** c[0] x^(n-1) + ... + c[n-1], by Horner. */
function horner(f: FunctionBuilder, lanes: FloatLanes, x: V128, coefficients: readonly number[]): V128 {
  return coefficients
    .slice(1)
    .reduce<V128>((sum, c) => f.let(lanes.madd(sum, x, lanes.splat(c))), lanes.splat(coefficients[0]!));
}

const LOG2_E = Math.LOG2E;

/** 2^n of integer lanes -126..127. */
const pow2f32 = (n: V128): V128 => i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);

export const expF32: Unary = (f, input) => {
  const x = f.let(f32x4.min(f32x4.max(input, f32x4.splat(-104)), f32x4.splat(89)));
  const n = f.let(f32x4.nearest(f32x4.mul(x, f32x4.splat(LOG2_E))));
  // ln 2 in two parts: the first has 9 bits, so that n times it is exact
  const r = f.let(f32x4.nmadd(n, f32x4.splat(-2.1219444e-4), f32x4.nmadd(n, f32x4.splat(0.693359375), x)));
  const series = horner(
    f,
    f32x4,
    r,
    [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1],
  );
  const value = f.let(f32x4.madd(f32x4.mul(r, r), series, f32x4.add(r, f32x4.splat(1))));
  const power = f.let(i32x4.trunc_sat_f32x4_s(n));
  const half = f.let(i32x4.shr_s(power, 1));
  return f.let(f32x4.mul(f32x4.mul(value, pow2f32(half)), pow2f32(i32x4.sub(power, half))));
};

export const lnF32: Unary = (f, input) => {
  const tiny = f.let(f32x4.lt(input, f32x4.splat(1.17549435e-38)));
  const x = f.let(v128.bitselect(f32x4.mul(input, f32x4.splat(8388608)), input, tiny));
  // mantissa in [sqrt(1/2), sqrt(2)): subtracting the bits of sqrt(1/2) puts the border there
  const bits = f.let(i32x4.sub(x, i32x4.splat(0x3f3504f3)));
  const exponent = f.let(i32x4.sub(i32x4.shr_s(bits, 23), v128.and(tiny, i32x4.splat(23))));
  const mantissa = f.let(
    f32x4.sub(i32x4.add(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3)), f32x4.splat(1)),
  );
  const e = f.let(f32x4.convert_i32x4_s(exponent));
  const z = f.let(f32x4.mul(mantissa, mantissa));
  const series = horner(
    f,
    f32x4,
    mantissa,
    [
      7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
      2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    ],
  );
  const tail = f32x4.madd(e, f32x4.splat(-2.1219444e-4), f32x4.mul(f32x4.mul(mantissa, z), series));
  const sum = f.let(f32x4.add(mantissa, f32x4.nmadd(z, f32x4.splat(0.5), tail)));
  return logSpecial(f, f32x4, input, f.let(f32x4.madd(e, f32x4.splat(0.693359375), sum)));
};

/** ln 0 = -inf, ln inf = inf, of a negative or NaN: NaN. */
function logSpecial(f: FunctionBuilder, lanes: typeof f32x4 | typeof f64x2, x: V128, value: V128): V128 {
  const zero = lanes.splat(0);
  const result = f.let(v128.bitselect(lanes.splat(-Infinity), value, lanes.eq(x, zero)));
  f.set(result, v128.bitselect(lanes.splat(Infinity), result, lanes.eq(x, lanes.splat(Infinity))));
  return f.let(v128.bitselect(result, lanes.splat(NaN), lanes.ge(x, zero)));
}

/** e^-|x| keeps the quotient from overflow on both sides. */
function sigmoid(lanes: typeof f32x4 | typeof f64x2, exp: Unary): Unary {
  return (f, x) => {
    const e = exp(f, f.let(lanes.neg(lanes.abs(x))));
    const top = f.let(v128.bitselect(e, lanes.splat(1), lanes.lt(x, lanes.splat(0))));
    return f.let(lanes.div(top, lanes.add(lanes.splat(1), e)));
  };
}

export const sigmoidF32: Unary = sigmoid(f32x4, expF32);

export const tanhF32: Unary = (f, x) => {
  const magnitude = f.let(f32x4.abs(x));
  const z = f.let(f32x4.mul(x, x));
  const series = horner(
    f,
    f32x4,
    z,
    [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1],
  );
  const small = f.let(f32x4.madd(f32x4.mul(z, x), series, x));
  const e = expF32(f, f.let(f32x4.add(magnitude, magnitude)));
  const large = f.let(f32x4.sub(f32x4.splat(1), f32x4.div(f32x4.splat(2), f32x4.add(e, f32x4.splat(1)))));
  return f.let(v128.bitselect(small, withSign(large, x), f32x4.lt(magnitude, f32x4.splat(0.625))));
};

function withSign(magnitude: V128, sign: V128): V128 {
  return v128.or(magnitude, v128.and(sign, i32x4.splat(-0x80000000)));
}

export const erfF32: Unary = (f, x) => {
  const t = f.let(f32x4.min(f32x4.abs(x), f32x4.splat(4)));
  const s = f.let(f32x4.mul(t, t));
  const high = f.let(f32x4.madd(f32x4.splat(-1.7285347e-5), t, f32x4.splat(3.83197126e-4)));
  const low = f.let(f32x4.madd(f32x4.splat(-3.88396438e-3), t, f32x4.splat(2.42546219e-2)));
  const start = f.let(f32x4.madd(high, s, low));
  const inner = [-1.06777877e-1, -6.34846687e-1, -1.28717512e-1].reduce<V128>(
    (r, c) => f.let(f32x4.madd(r, t, f32x4.splat(c))),
    start,
  );
  const large = f32x4.sub(f32x4.splat(1), expF32(f, f.let(f32x4.sub(f32x4.mul(inner, t), t))));
  const series = horner(
    f,
    f32x4,
    s,
    [-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1],
  );
  const small = f.let(f32x4.madd(series, x, x));
  const result = f.let(v128.bitselect(withSign(large, x), small, f32x4.gt(t, f32x4.splat(0.927734375))));
  return f.let(v128.bitselect(result, x, f32x4.eq(x, x)));
};

/** 2^n of float lanes holding integers -1022..1023: the low bits of n + 1.5 * 2^52 are n. */
const pow2f64 = (n: V128): V128 =>
  i64x2.shl(i64x2.add(f64x2.add(n, f64x2.splat(6755399441055744)), i64x2.splat(1023)), 52);

/** 1/13!, 1/12!, ..., 1/2!. */
const INVERSE_FACTORIALS = Array.from(
  { length: 12 },
  (_, i) => 1 / Array.from({ length: 13 - i }, (_, j) => j + 1).reduce((a, b) => a * b, 1),
);

export const expF64: Unary = (f, input) => {
  const x = f.let(f64x2.min(f64x2.max(input, f64x2.splat(-746)), f64x2.splat(710)));
  const n = f.let(f64x2.nearest(f64x2.mul(x, f64x2.splat(LOG2_E))));
  const r = f.let(
    f64x2.nmadd(n, f64x2.splat(1.90821492927058770002e-10), f64x2.nmadd(n, f64x2.splat(6.9314718036912381649e-1), x)),
  );
  const series = horner(f, f64x2, r, INVERSE_FACTORIALS);
  const value = f.let(f64x2.add(f64x2.splat(1), f64x2.madd(f64x2.mul(r, r), series, r)));
  const half = f.let(f64x2.floor(f64x2.mul(n, f64x2.splat(0.5))));
  const result = f.let(f64x2.mul(f64x2.mul(value, pow2f64(half)), pow2f64(f64x2.sub(n, half))));
  return f.let(v128.bitselect(result, input, f64x2.eq(input, input)));
};
export const sigmoidF64: Unary = sigmoid(f64x2, expF64);

export const lnF64: Unary = (f, input) => {
  const tiny = f.let(f64x2.lt(input, f64x2.splat(2.2250738585072014e-308)));
  const x = f.let(v128.bitselect(f64x2.mul(input, f64x2.splat(2 ** 54)), input, tiny));
  const border = i64x2.splat(0x3fe6a09e667f3bcdn);
  const bits = f.let(i64x2.sub(x, border));
  const exponent = f.let(i64x2.sub(i64x2.shr_s(bits, 52), v128.and(tiny, i64x2.splat(54n))));
  // a small integer as a float: its bits added to 1.5 * 2^52
  const magic = f64x2.splat(6755399441055744);
  const e = f.let(f64x2.sub(i64x2.add(exponent, magic), magic));
  const m = f.let(f64x2.sub(i64x2.add(v128.and(bits, i64x2.splat(0xfffffffffffffn)), border), f64x2.splat(1)));
  const s = f.let(f64x2.div(m, f64x2.add(m, f64x2.splat(2))));
  const z = f.let(f64x2.mul(s, s));
  const series = horner(f, f64x2, z, [
    2 / 23,
    2 / 21,
    2 / 19,
    2 / 17,
    2 / 15,
    2 / 13,
    2 / 11,
    2 / 9,
    2 / 7,
    2 / 5,
    2 / 3,
  ]);
  // ln(1 + m) = m - m^2/2 + s (m^2/2 + z series), as fdlibm arranges it
  const half = f.let(f64x2.mul(f64x2.mul(m, m), f64x2.splat(0.5)));
  const tail = f64x2.madd(s, f64x2.madd(z, series, half), f64x2.mul(e, f64x2.splat(1.90821492927058770002e-10)));
  const sum = f.let(f64x2.sub(m, f64x2.sub(half, tail)));
  return logSpecial(f, f64x2, input, f.let(f64x2.madd(e, f64x2.splat(6.9314718036912381649e-1), sum)));
};
