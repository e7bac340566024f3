/**
 * How each scalar primitive is computed for four rows at a time: `undefined` is a primitive that tile programs do not
 * have (text, time, NULL), which is reported before anything is generated. Arguments have been cast to agree.
 */
import type { ScalarOp } from '../../../ir/scalar.js';
import type { FunctionBuilder, ModuleBuilder } from '../dsl.js';
import { f32x4, f64x2, i32x4, i64x2, v128 } from '../lanes.js';
import { i64, select, type F64, type I32, type I64, type V128, type Value } from '../values.js';
import { erfF32, expF32, expF64, lnF32, lnF64, sigmoidF32, sigmoidF64, tanhF32 } from './polynomials.js';
import {
  asF64,
  byLane,
  constantQuad,
  each,
  isWide,
  narrowMask,
  selectQuad,
  type Quad,
  type QuadDType,
} from './quad.js';

export interface QuadContext {
  readonly f: FunctionBuilder;
  readonly module: ModuleBuilder;
}

export type QuadOp = (context: QuadContext, ...args: Quad[]) => Quad;

type LaneOp = (...parts: V128[]) => V128;
/** One register operator by dtype. */
type LaneOps = { readonly [D in QuadDType]?: LaneOp };

const FLOATS = ['f32', 'f64'] as const;

function lanewise(ops: LaneOps): QuadOp {
  return ({ f }, ...args) => {
    const op = ops[args[0]!.dtype];
    if (op === undefined) throw new Error(`no vector form for ${args[0]!.dtype}`);
    return each(f, args[0]!.dtype, args, op);
  };
}

/** A comparison: masks of the argument's width become masks of 32 bits. */
function comparison(ops: LaneOps): QuadOp {
  return ({ f }, ...args) => {
    const op = ops[args[0]!.dtype];
    if (op === undefined) throw new Error(`no comparison for ${args[0]!.dtype}`);
    return narrowMask(
      f,
      args[0]!.parts.map((_, i) => op(...args.map((arg) => arg.parts[i]!))),
    );
  };
}

/** A function of the host over f64, `env.math_<name>`, for what is rare in models. */
export function hostMath(name: string): QuadOp {
  return ({ f, module }, ...args) => {
    const params = { a: 'f64', b: 'f64' } as const;
    const dtype = args[0]!.dtype;
    const func =
      args.length === 1
        ? module.importFunction(`math_${name}`, { params: { a: 'f64' }, result: 'f64' })
        : module.importFunction(`math_${name}`, { params, result: 'f64' });
    const round = (value: F64): Value => (dtype === 'f32' ? value.demote() : value);
    return byLane(f, dtype, args, (a, b) =>
      round(f.call(func, { a: asF64(a), ...(b === undefined ? {} : { b: asF64(b) }) } as never) as unknown as F64),
    );
  };
}

type Vector = (f: FunctionBuilder, x: V128) => V128;
/** A polynomial where there is one for the dtype, else the host's function. */
function transcendental(name: string, vectors: { readonly [D in 'f32' | 'f64']?: Vector }): QuadOp {
  const host = hostMath(name);
  return (context, x) => {
    const vector = vectors[x.dtype as 'f32'];
    return vector === undefined ? host(context, x) : each(context.f, x.dtype, [x], (part) => vector(context.f, part));
  };
}

const isNaN32 = (x: V128): V128 => f32x4.ne(x, x);
const isNaN64 = (x: V128): V128 => f64x2.ne(x, x);
const signBits = { f32: i32x4.splat(-0x80000000), f64: i64x2.splat(-0x8000000000000000n) } as const;

/** Halves away from zero: trunc(x + copysign(0.49999.., x)), which leaves 0.49999.. below 1. */
const roundAway =
  (lanes: typeof f32x4 | typeof f64x2, dtype: 'f32' | 'f64'): LaneOp =>
  (x) => {
    const half = lanes.splat(dtype === 'f32' ? 0.49999997 : 0.49999999999999994);
    return lanes.trunc(lanes.add(x, v128.or(half, v128.and(x, signBits[dtype]))));
  };
const signOf =
  (lanes: typeof f32x4 | typeof f64x2): LaneOp =>
  (x) => {
    const unit = v128.bitselect(
      lanes.splat(1),
      v128.bitselect(lanes.splat(-1), lanes.splat(0), lanes.lt(x, lanes.splat(0))),
      lanes.gt(x, lanes.splat(0)),
    );
    return v128.bitselect(unit, x, lanes.eq(x, x));
  };
const same: LaneOp = (x) => x;
const signOfInt = lanewise({
  i32: (x) => i32x4.sub(i32x4.gt_s(v128.zero, x), i32x4.gt_s(x, v128.zero)),
  i64: (x) => i64x2.sub(i64x2.gt_s(v128.zero, x), i64x2.gt_s(x, v128.zero)),
});
const negate =
  (op: QuadOp): QuadOp =>
  (context, ...args) =>
    not(context, op(context, ...args));
const swap =
  (op: QuadOp): QuadOp =>
  (context, a, b) =>
    op(context, b!, a!);
const not = lanewise({ bool: v128.not });

const ieeeEq = comparison({
  bool: i32x4.eq,
  i32: i32x4.eq,
  i64: i64x2.eq,
  f32: f32x4.eq,
  f64: f64x2.eq,
  utf8: i64x2.eq,
});
const ieeeLt = comparison({
  i32: i32x4.lt_s,
  i64: i64x2.lt_s,
  f32: f32x4.lt,
  f64: f64x2.lt,
  bool: (a, b) => v128.andnot(b, a),
});
const ieeeLe = comparison({
  i32: i32x4.le_s,
  i64: i64x2.le_s,
  f32: f32x4.le,
  f64: f64x2.le,
  bool: (a, b) => v128.or(v128.not(a), b),
});
/** SQL: NaN equals NaN and is greater than all. */
const eq: QuadOp = comparison({
  bool: i32x4.eq,
  i32: i32x4.eq,
  i64: i64x2.eq,
  f32: (a, b) => v128.or(f32x4.eq(a, b), v128.and(isNaN32(a), isNaN32(b))),
  f64: (a, b) => v128.or(f64x2.eq(a, b), v128.and(isNaN64(a), isNaN64(b))),
});
const lt: QuadOp = comparison({
  bool: (a, b) => v128.andnot(b, a),
  i32: i32x4.lt_s,
  i64: i64x2.lt_s,
  f32: (a, b) => v128.or(f32x4.lt(a, b), v128.andnot(isNaN32(b), isNaN32(a))),
  f64: (a, b) => v128.or(f64x2.lt(a, b), v128.andnot(isNaN64(b), isNaN64(a))),
});

const pick64 = (a: V128, b: V128, mask: V128): V128 => v128.bitselect(a, b, mask);
const add: QuadOp = lanewise({ i32: i32x4.add, i64: i64x2.add, f32: f32x4.add, f64: f64x2.add });
const sub: QuadOp = lanewise({ i32: i32x4.sub, i64: i64x2.sub, f32: f32x4.sub, f64: f64x2.sub });
const mul: QuadOp = lanewise({ i32: i32x4.mul, i64: i64x2.mul, f32: f32x4.mul, f64: f64x2.mul });

/** Integers row by row in 64 bits. */
const integer =
  (apply: (f: FunctionBuilder, a: I64, b: I64, bits: number) => I64): QuadOp =>
  ({ f }, ...args) => {
    const wide = isWide(args[0]!.dtype);
    const extended = (value: Value): I64 => (value.type === 'i64' ? value : (value as I32).extend_s());
    return byLane(f, args[0]!.dtype, args, (a, b) => {
      const result = apply(f, extended(a!), extended(b!), wide ? 64 : 32);
      return wide ? result : result.wrap();
    });
  };
/** Division by zero gives 0; the least integer by -1 wraps to itself. */
const guarded = (apply: (f: FunctionBuilder, a: I64, b: I64) => I64): QuadOp =>
  integer((f, a, b) => {
    const result = f.let(i64(0));
    f.if(b.eqz().eqz(), () => f.set(result, apply(f, a, b)));
    return result;
  });
const truncDivInt = guarded((f, a, b) => {
  const minusOne = f.let(b.eq(-1));
  return select(minusOne, i64(0).sub(a), a.div_s(select(minusOne, i64(1), b)));
});
const remInt = guarded((_, a, b) => a.rem_s(b));
const floorModInt = guarded((f, a, b) => {
  const rest = f.let(a.rem_s(b));
  return select(rest.ne(0).and(rest.xor(b).lt_s(0)), rest.add(b), rest);
});
const isFloat = (quad: Quad): boolean => FLOATS.includes(quad.dtype as 'f32');
const fmodFloat: QuadOp = hostMath('fmod');
const floorModFloat: QuadOp = (context, a, b) => {
  const rest = fmodFloat(context, a!, b!);
  const zero = constantQuad(rest.dtype as 'f32', 0);
  const crosses = and(
    context,
    negate(ieeeEq)(context, rest, zero),
    xor(context, ieeeLt(context, rest, zero), ieeeLt(context, b!, zero)),
  );
  return selectQuad(context.f, crosses, add(context, rest, b!), rest);
};
const byKind =
  (floats: QuadOp, integers: QuadOp): QuadOp =>
  (context, ...args) =>
    (isFloat(args[0]!) ? floats : integers)(context, ...args);
const and: QuadOp = lanewise({ bool: v128.and, i32: v128.and, i64: v128.and });
const xor: QuadOp = lanewise({ bool: v128.xor, i32: v128.xor, i64: v128.xor });
const shiftLeft = integer((_, a, b, bits) => select(b.ge_u(bits), i64(0), a.shl(b)));
export const SCALAR_QUAD: Readonly<Record<ScalarOp, QuadOp | undefined>> = {
  add,
  sub,
  mul,
  div: lanewise({ f32: f32x4.div, f64: f64x2.div }),
  int_div: undefined,
  mod: byKind(fmodFloat, remInt),
  wrap_add: add,
  wrap_sub: sub,
  wrap_mul: mul,
  trunc_div: truncDivInt,
  floor_mod: byKind(floorModFloat, floorModInt),
  fmod: byKind(fmodFloat, remInt),
  neg: lanewise({ i32: i32x4.neg, i64: i64x2.neg, f32: f32x4.neg, f64: f64x2.neg }),
  abs: lanewise({ i32: i32x4.abs, i64: i64x2.abs, f32: f32x4.abs, f64: f64x2.abs }),
  sign: byKind(lanewise({ f32: signOf(f32x4), f64: signOf(f64x2) }), signOfInt),
  max: lanewise({
    bool: v128.or,
    i32: i32x4.max_s,
    i64: (a, b) => pick64(a, b, i64x2.gt_s(a, b)),
    f32: f32x4.max,
    f64: f64x2.max,
  }),
  min: lanewise({
    bool: v128.and,
    i32: i32x4.min_s,
    i64: (a, b) => pick64(a, b, i64x2.lt_s(a, b)),
    f32: f32x4.min,
    f64: f64x2.min,
  }),
  floor: lanewise({ f32: f32x4.floor, f64: f64x2.floor, i32: same, i64: same }),
  ceil: lanewise({ f32: f32x4.ceil, f64: f64x2.ceil, i32: same, i64: same }),
  round: lanewise({ f32: roundAway(f32x4, 'f32'), f64: roundAway(f64x2, 'f64'), i32: same, i64: same }),
  round_even: lanewise({ f32: f32x4.nearest, f64: f64x2.nearest, i32: same, i64: same }),
  trunc: lanewise({ f32: f32x4.trunc, f64: f64x2.trunc, i32: same, i64: same }),
  round_to: undefined,
  exp: transcendental('exp', { f32: expF32, f64: expF64 }),
  ln: transcendental('ln', { f32: lnF32, f64: lnF64 }),
  log2: hostMath('log2'),
  log10: hostMath('log10'),
  log1p: hostMath('log1p'),
  expm1: hostMath('expm1'),
  sqrt: lanewise({ f32: f32x4.sqrt, f64: f64x2.sqrt }),
  cbrt: hostMath('cbrt'),
  pow: hostMath('pow'),
  sin: hostMath('sin'),
  cos: hostMath('cos'),
  tan: hostMath('tan'),
  asin: hostMath('asin'),
  acos: hostMath('acos'),
  atan: hostMath('atan'),
  atan2: hostMath('atan2'),
  sinh: hostMath('sinh'),
  cosh: hostMath('cosh'),
  tanh: transcendental('tanh', { f32: tanhF32 }),
  asinh: hostMath('asinh'),
  acosh: hostMath('acosh'),
  atanh: hostMath('atanh'),
  erf: transcendental('erf', { f32: erfF32 }),
  sigmoid: transcendental('sigmoid', { f32: sigmoidF32, f64: sigmoidF64 }),
  gamma: hostMath('gamma'),
  eq,
  ne: negate(eq),
  lt,
  le: negate(swap(lt)),
  gt: swap(lt),
  ge: negate(lt),
  ieee_eq: ieeeEq,
  ieee_lt: ieeeLt,
  ieee_le: ieeeLe,
  is_distinct: negate(eq),
  is_not_distinct: eq,
  and,
  or: lanewise({ bool: v128.or }),
  not,
  xor,
  is_null: ({ f }, a) => each(f, 'bool', [{ dtype: 'bool', parts: [a!.parts[0]!] }], () => i32x4.splat(0)),
  is_not_null: ({ f }, a) => each(f, 'bool', [{ dtype: 'bool', parts: [a!.parts[0]!] }], () => i32x4.splat(-1)),
  coalesce: (_, a) => a!,
  greatest: undefined,
  least: undefined,
  is_nan: comparison({ f32: isNaN32, f64: isNaN64 }),
  is_inf: comparison({
    f32: (x) => f32x4.eq(f32x4.abs(x), f32x4.splat(Infinity)),
    f64: (x) => f64x2.eq(f64x2.abs(x), f64x2.splat(Infinity)),
  }),
  bit_and: and,
  bit_or: lanewise({ i32: v128.or, i64: v128.or }),
  bit_xor: xor,
  bit_not: lanewise({ i32: v128.not, i64: v128.not }),
  shift_left: shiftLeft,
  wrap_shift_left: shiftLeft,
  shift_right: integer((_, a, b, bits) => a.shr_s(select(b.ge_u(bits), i64(bits - 1), b))),
  concat: undefined,
  length: undefined,
  octet_length: undefined,
  lower: undefined,
  upper: undefined,
  substring: undefined,
  trim: undefined,
  ltrim: undefined,
  rtrim: undefined,
  replace: undefined,
  translate: undefined,
  like: undefined,
  ilike: undefined,
  starts_with: undefined,
  ends_with: undefined,
  contains: undefined,
  position: undefined,
  left: undefined,
  right: undefined,
  lpad: undefined,
  rpad: undefined,
  repeat: undefined,
  reverse: undefined,
  ascii: undefined,
  chr: undefined,
  split_part: undefined,
  levenshtein: undefined,
  regexp_matches: undefined,
  regexp_full_match: undefined,
  regexp_replace: undefined,
  regexp_extract: undefined,
  date_part: undefined,
  date_trunc: undefined,
  date_diff: undefined,
  add_days: undefined,
  days_between: undefined,
  add_interval: undefined,
  timestamp_diff: undefined,
  interval_add: undefined,
  interval_neg: undefined,
  interval_mul: undefined,
  make_date: undefined,
  make_interval: undefined,
  strftime: undefined,
  error: undefined,
  random: undefined,
};
