/**
 * Casts of four rows at a time, as models have them: a float becomes an integer toward zero (saturated; NaN gives 0),
 * an integer wraps, anything but zero is true.
 */
import { f32x4, f64x2, i32x4, i64x2, shuffle32, v128 } from '../lanes.js';
import type { F32, F64, I64, V128 } from '../values.js';
import {
  byLane,
  constantQuad,
  demoteQuad,
  maskFor,
  narrowMask,
  promoteQuad,
  type Quad,
  type QuadDType,
} from './quad.js';
import type { QuadContext } from './scalar-quad.js';

type CastOp = (context: QuadContext, quad: Quad) => Quad;
type Castable = Exclude<QuadDType, 'utf8'>;

const one =
  (dtype: QuadDType, apply: (part: V128) => V128): CastOp =>
  ({ f }, quad) => ({ dtype, parts: [f.let(apply(quad.parts[0]!))] });
const join = (parts: readonly V128[], apply: (part: V128) => V128): V128 =>
  shuffle32(apply(parts[0]!), apply(parts[1]!), [0, 1, 4, 5]);
const highHalf = (part: V128): V128 => shuffle32(part, part, [2, 3, 2, 3]);

/** true is 1. */
const fromBool =
  (dtype: Castable): CastOp =>
  ({ f }, quad) => {
    const ones = constantQuad(dtype, 1);
    return { dtype, parts: maskFor(dtype, quad).map((mask, i) => f.let(v128.and(mask, ones.parts[i]!))) };
  };
const toBool =
  (ne: (a: V128, b: V128) => V128): CastOp =>
  ({ f }, quad) =>
    narrowMask(
      f,
      quad.parts.map((part) => ne(part, v128.zero)),
    );

export const CAST_QUAD: Readonly<Record<Castable, Partial<Record<Castable, CastOp>>>> = {
  bool: { i32: fromBool('i32'), i64: fromBool('i64'), f32: fromBool('f32'), f64: fromBool('f64') },
  i32: {
    bool: toBool(i32x4.ne),
    f32: one('f32', f32x4.convert_i32x4_s),
    i64: ({ f }, { parts: [part] }) => ({
      dtype: 'i64',
      parts: [f.let(i64x2.extend_low_i32x4_s(part!)), f.let(i64x2.extend_high_i32x4_s(part!))],
    }),
    f64: ({ f }, { parts: [part] }) => ({
      dtype: 'f64',
      parts: [f.let(f64x2.convert_low_i32x4_s(part!)), f.let(f64x2.convert_low_i32x4_s(highHalf(part!)))],
    }),
  },
  i64: {
    bool: toBool(i64x2.ne),
    i32: ({ f }, { parts }) => ({ dtype: 'i32', parts: [f.let(shuffle32(parts[0]!, parts[1]!, [0, 2, 4, 6]))] }),
    f32: ({ f }, quad) => byLane(f, 'f32', [quad], (value) => (value as I64).to_f32_s()),
    f64: ({ f }, quad) => byLane(f, 'f64', [quad], (value) => (value as I64).to_f64_s()),
  },
  f32: {
    bool: toBool(f32x4.ne),
    i32: one('i32', i32x4.trunc_sat_f32x4_s),
    f64: ({ f }, quad) => promoteQuad(f, quad),
    i64: ({ f }, quad) => byLane(f, 'i64', [quad], (value) => (value as F32).to_i64_s()),
  },
  f64: {
    bool: toBool(f64x2.ne),
    f32: ({ f }, quad) => demoteQuad(f, quad),
    i32: ({ f }, { parts }) => ({ dtype: 'i32', parts: [f.let(join(parts, i32x4.trunc_sat_f64x2_s_zero))] }),
    i64: ({ f }, quad) => byLane(f, 'i64', [quad], (value) => (value as F64).to_i64_s()),
  },
};
