/** The meaning of the functions of floats: computed in double precision, rounded to the dtype once. */
import type { ScalarOp } from '../scalar.js';
import type { Meaning } from './meaning.js';
import { roundFloat } from './value.js';

const one = (compute: (a: number) => number): Meaning => ([a], [dtype]) => roundFloat(compute(a as number), dtype!);
const two = (compute: (a: number, b: number) => number): Meaning => ([a, b], [dtype]) => roundFloat(
  compute(a as number, b as number), dtype!,
);

/** 1 / (1 + e^-a), written so that the exponential never overflows. */
export function sigmoid(a: number): number {
  if (a >= 0) return 1 / (1 + Math.exp(-a));
  const power = Math.exp(a);
  return power / (1 + power);
}

/**
 * The error function: a series near 0, the continued fraction of erfc elsewhere (Abramowitz & Stegun 7.1.6, 7.1.14).
 */
export function erf(a: number): number {
  const x = Math.abs(a);
  if (Number.isNaN(a)) return NaN;
  if (x > 6) return Math.sign(a);
  if (x < 2.5) {
    let term = a;
    let sum = a;
    for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17 && n < 200; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
  }
  let fraction = 0;
  for (let n = 80; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.sign(a) * (1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction));
}

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** The gamma function: exact factorials at small integers, Lanczos (g = 7) elsewhere. */
export function gamma(a: number): number {
  if (Number.isInteger(a) && a <= 0) return a === 0 ? 1 / a : NaN;
  if (Number.isInteger(a) && a <= 171) {
    let product = 1;
    for (let i = 2; i < a; i++) product *= i;
    return product;
  }
  if (a < 0.5) return Math.PI / (Math.sin(Math.PI * a) * gamma(1 - a));
  if (a > 172) return a === Infinity || a > 172 ? Infinity : NaN;
  const x = a - 1;
  const t = x + 7.5;
  const sum = LANCZOS.reduce((total, coefficient, i) => (i === 0 ? coefficient : total + coefficient / (x + i)), 0);
  return Math.sqrt(2 * Math.PI) * t ** ((x + 0.5) / 2) * Math.exp(-t) * t ** ((x + 0.5) / 2) * sum;
}

/** C's pow, where JavaScript differs: 1 to any power, and -1 to an infinity, is 1. */
export function pow(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  return a ** b;
}

export const TRANSCENDENTAL = {
  exp: one(Math.exp), ln: one(Math.log), log2: one(Math.log2), log10: one(Math.log10), log1p: one(Math.log1p),
  expm1: one(Math.expm1),
  sqrt: one(Math.sqrt), cbrt: one(Math.cbrt), pow: two(pow),
  sin: one(Math.sin), cos: one(Math.cos), tan: one(Math.tan),
  asin: one(Math.asin), acos: one(Math.acos), atan: one(Math.atan), atan2: two(Math.atan2),
  sinh: one(Math.sinh), cosh: one(Math.cosh), tanh: one(Math.tanh),
  asinh: one(Math.asinh), acosh: one(Math.acosh), atanh: one(Math.atanh),
  erf: one(erf), sigmoid: one(sigmoid), gamma: one(gamma),
} satisfies Partial<Record<ScalarOp, Meaning>>;
