/**
 * SCALAR: every scalar primitive, once: arity, typing and NULL behaviour. SQL expressions and ONNX elementwise
 * operators are both built from it. What each row computes is in `ir/scalar/` (`MEANING`, keyed by the same names);
 * backends have a `Record<ScalarOp, ...>`, so `tsc` names each one that lacks a new row.
 *
 * Typing is strict: the frontends insert casts, so that `same` arguments agree in dtype (decimals also in scale for
 * add, sub and comparisons). `nulls`: `strict` gives NULL when any argument is NULL; `special` decides for itself.
 */
import { decimal, decimalOf, isDecimal, MAX_DECIMAL_PRECISION, type DType } from './dtype.js';
import { scalar, type ScalarType } from './type.js';

export interface ScalarRow {
  /** Fewest and most arguments. */
  readonly arity: readonly [number, number];
  readonly nulls: 'strict' | 'special';
  /** The result's dtype, or `undefined` when the arguments' dtypes do not fit. */
  readonly dtype: (args: readonly DType[]) => DType | undefined;
  /** For `special` rows: whether the result can be NULL. */
  readonly nullable?: (args: readonly ScalarType[]) => boolean;
  /** Whether the arguments can be swapped. */
  readonly commutative?: boolean;
  readonly doc: string;
}

type Typing = ScalarRow['dtype'];

const NUMERIC = /^(i8|i16|i32|i64|u8|u16|u32|u64|f16|bf16|f32|f64|decimal\(.*\))$/;
const FLOAT = /^(f16|bf16|f32|f64)$/;
const INTEGER = /^(i8|i16|i32|i64|u8|u16|u32|u64)$/;

const allSame = (args: readonly DType[]): boolean => args.every((dtype) => dtype === args[0]);
const sameOf = (pattern: RegExp): Typing => (args) => (allSame(args) && pattern.test(args[0]!) ? args[0] : undefined);
const signature = (...patterns: [...RegExp[], DType]): Typing => {
  const result = patterns[patterns.length - 1] as DType;
  const wanted = patterns.slice(0, -1) as RegExp[];
  return (args) =>
    args.every((dtype, i) => (wanted[i] ?? wanted[wanted.length - 1]!).test(dtype)) ? result : undefined;
};
const compare: Typing = (args) => (allSame(args) ? 'bool' : undefined);
const TEXT = /^(utf8|blob)$/;
const UTF8 = /^utf8$/;
const I64 = /^i64$/;
const BOOL = /^bool$/;
const DATELIKE = /^(date|timestamp)$/;
const TEMPORAL = /^(date|time|timestamp|interval)$/;
const INTERVAL = /^interval$/;
const ANY = /./;

/** add, sub: both decimals have one scale; one more digit before the point. */
const additive: Typing = (args) => {
  if (args.length === 2 && isDecimal(args[0]!) && isDecimal(args[1]!)) {
    const [a, b] = [decimalOf(args[0])!, decimalOf(args[1])!];
    if (a.scale !== b.scale) return undefined;
    return decimal({
      precision: Math.min(MAX_DECIMAL_PRECISION, Math.max(a.precision, b.precision) + 1),
      scale: a.scale,
    });
  }
  return sameOf(NUMERIC)(args);
};

const multiplicative: Typing = (args) => {
  if (args.length === 2 && isDecimal(args[0]!) && isDecimal(args[1]!)) {
    const [a, b] = [decimalOf(args[0])!, decimalOf(args[1])!];
    const scale = a.scale + b.scale;
    if (scale > MAX_DECIMAL_PRECISION) return undefined;
    return decimal({ precision: Math.min(MAX_DECIMAL_PRECISION, a.precision + b.precision), scale });
  }
  return sameOf(NUMERIC)(args);
};

/** floor, ceil, round, trunc of a decimal have scale 0. */
const rounding: Typing = (args) => {
  const held = decimalOf(args[0]!);
  if (held !== undefined)
    return decimal({ precision: Math.min(MAX_DECIMAL_PRECISION, held.precision - held.scale + 1), scale: 0 });
  return sameOf(NUMERIC)(args);
};

const never = (): boolean => false;
const row = (
  arity: number | readonly [number, number],
  dtype: Typing,
  doc: string,
  extra: Partial<ScalarRow> = {},
): ScalarRow => ({
  arity: typeof arity === 'number' ? [arity, arity] : arity, nulls: 'strict', dtype, doc, ...extra,
});
const float1 = (doc: string): ScalarRow => row(1, sameOf(FLOAT), doc);
const float2 = (doc: string): ScalarRow => row(2, sameOf(FLOAT), doc);

export const SCALAR = {
  // arithmetic: integers and decimals fail on overflow when `checked` SQL asks (the plain forms), wrap in ONNX (wrap_*)
  add: row(2, additive, 'a + b; an integer or decimal overflow is an error', { commutative: true }),
  sub: row(2, additive, 'a - b; an integer or decimal overflow is an error'),
  mul: row(2, multiplicative, 'a * b; decimal scales add; an overflow is an error', { commutative: true }),
  div: row(2, sameOf(FLOAT), 'a / b as IEEE 754: x/0 is an infinity or NaN (the SQL binder guards against zero)'),
  int_div: row(2, sameOf(INTEGER), 'a / b, truncated toward zero; b = 0 gives NULL', {
    nulls: 'special',
    nullable: () => true,
  }),
  mod: row(
    2,
    sameOf(NUMERIC),
    'remainder with the sign of a (C fmod); b = 0 gives NULL for integers and decimals, NaN for floats',
    { nulls: 'special', nullable: () => true },
  ),
  wrap_add: row(2, sameOf(INTEGER), 'a + b modulo 2^bits, as ONNX integers', { commutative: true }),
  wrap_sub: row(2, sameOf(INTEGER), 'a - b modulo 2^bits'),
  wrap_mul: row(2, sameOf(INTEGER), 'a * b modulo 2^bits', { commutative: true }),
  trunc_div: row(2, sameOf(INTEGER), 'a / b truncated; b = 0 gives 0, as ONNX leaves it open'),
  floor_mod: row(2, sameOf(NUMERIC), 'remainder with the sign of b (Python %); b = 0 gives 0 for integers'),
  fmod: row(2, sameOf(NUMERIC), 'remainder with the sign of a (C fmod); b = 0 gives 0 for integers'),
  neg: row(1, sameOf(NUMERIC), '-a'),
  abs: row(1, sameOf(NUMERIC), '|a|'),
  sign: row(1, sameOf(NUMERIC), '-1, 0 or 1 in the dtype of a; NaN stays'),
  max: row(2, sameOf(ANY), 'the greater; NaN when either is NaN', { commutative: true }),
  min: row(2, sameOf(ANY), 'the lesser; NaN when either is NaN', { commutative: true }),
  floor: row(1, rounding, 'toward -infinity'),
  ceil: row(1, rounding, 'toward +infinity'),
  round: row(1, rounding, 'to nearest, halves away from zero'),
  round_even: row(1, rounding, 'to nearest, halves to even'),
  trunc: row(1, rounding, 'toward zero'),
  round_to: row(
    2,
    (args) => (NUMERIC.test(args[0]!) && I64.test(args[1]!) ? args[0] : undefined),
    'to b digits after the point, halves away from zero; dtype kept',
  ),
  // transcendental: float in, same float out
  exp: float1('e^a'),
  ln: float1('natural logarithm; ln 0 is -inf, of a negative NaN'),
  log2: float1('base 2'),
  log10: float1('base 10'),
  log1p: float1('ln(1 + a)'), expm1: float1('e^a - 1'),
  sqrt: float1('square root'), cbrt: float1('cube root'), pow: float2('a^b'),
  sin: float1('sine'),
  cos: float1('cosine'),
  tan: float1('tangent'),
  asin: float1('arc sine'),
  acos: float1('arc cosine'),
  atan: float1('arc tangent'),
  atan2: float2('angle of (b, a)'),
  sinh: float1('hyperbolic sine'), cosh: float1('hyperbolic cosine'), tanh: float1('hyperbolic tangent'),
  asinh: float1('inverse hyperbolic sine'),
  acosh: float1('inverse hyperbolic cosine'),
  atanh: float1('inverse hyperbolic tangent'),
  erf: float1('error function'),
  sigmoid: float1('1 / (1 + e^-a), without overflow for any a'),
  gamma: float1('gamma function'),
  // comparison
  eq: row(2, compare, 'a = b (SQL: NaN = NaN is true, as in PostgreSQL and DuckDB)', { commutative: true }),
  ne: row(2, compare, 'a <> b', { commutative: true }),
  lt: row(2, compare, 'a < b (SQL: NaN is greater than all)'),
  le: row(2, compare, 'a <= b'),
  gt: row(2, compare, 'a > b'),
  ge: row(2, compare, 'a >= b'),
  ieee_eq: row(2, compare, 'a = b as IEEE 754: false when either is NaN', { commutative: true }),
  ieee_lt: row(2, compare, 'a < b as IEEE 754'),
  ieee_le: row(2, compare, 'a <= b as IEEE 754'),
  is_distinct: row(2, compare, 'a IS DISTINCT FROM b', { nulls: 'special', nullable: never, commutative: true }),
  is_not_distinct: row(2, compare, 'a IS NOT DISTINCT FROM b', {
    nulls: 'special',
    nullable: never,
    commutative: true,
  }),
  // logic, with SQL's third value
  and: row(2, signature(BOOL, 'bool'), 'false if any is false, else NULL if any is NULL', {
    nulls: 'special',
    nullable: (args) => args.some((arg) => arg.nullable),
    commutative: true,
  }),
  or: row(2, signature(BOOL, 'bool'), 'true if any is true, else NULL if any is NULL', {
    nulls: 'special',
    nullable: (args) => args.some((arg) => arg.nullable),
    commutative: true,
  }),
  not: row(1, signature(BOOL, 'bool'), 'not a'),
  xor: row(2, signature(BOOL, 'bool'), 'a <> b', { commutative: true }),
  is_null: row(1, signature(ANY, 'bool'), 'a IS NULL', { nulls: 'special', nullable: never }),
  is_not_null: row(1, signature(ANY, 'bool'), 'a IS NOT NULL', { nulls: 'special', nullable: never }),
  coalesce: row([1, Infinity], sameOf(ANY), 'the first that is not NULL', {
    nulls: 'special',
    nullable: (args) => args.every((arg) => arg.nullable),
  }),
  greatest: row([1, Infinity], sameOf(ANY), 'the greatest of those not NULL (NaN is greatest)', {
    nulls: 'special',
    nullable: (args) => args.every((arg) => arg.nullable),
  }),
  least: row([1, Infinity], sameOf(ANY), 'the least of those not NULL (NaN is greatest)', {
    nulls: 'special',
    nullable: (args) => args.every((arg) => arg.nullable),
  }),
  is_nan: row(1, signature(FLOAT, 'bool'), 'whether a is NaN'),
  is_inf: row(1, signature(FLOAT, 'bool'), 'whether a is an infinity'),
  // bits
  bit_and: row(2, sameOf(INTEGER), 'a & b', { commutative: true }),
  bit_or: row(2, sameOf(INTEGER), 'a | b', { commutative: true }),
  bit_xor: row(2, sameOf(INTEGER), 'xor of bits', { commutative: true }), bit_not: row(1, sameOf(INTEGER), '~a'),
  shift_left: row(2, sameOf(INTEGER), 'a << b'),
  wrap_shift_left: row(2, sameOf(INTEGER), 'a << b modulo 2^bits, as ONNX integers; 0 past the width'),
  shift_right: row(2, sameOf(INTEGER), 'a >> b, arithmetic for signed; past the width 0 or -1'),
  // text: positions and lengths count Unicode code points, from 1
  concat: row(2, sameOf(TEXT), 'a || b'),
  length: row(1, signature(TEXT, 'i64'), 'code points of text, bytes of a blob'),
  octet_length: row(1, signature(TEXT, 'i64'), 'bytes, of text in UTF-8'),
  lower: row(1, signature(UTF8, 'utf8'), 'lower case'), upper: row(1, signature(UTF8, 'utf8'), 'upper case'),
  substring: row(
    [2, 3],
    (args) => (UTF8.test(args[0]!) && args.slice(1).every((dtype) => dtype === 'i64') ? 'utf8' : undefined),
    'substring(a, start, [length]); a negative start counts from the end',
  ),
  trim: row(2, signature(UTF8, 'utf8'), 'a without the characters of b at both ends'),
  ltrim: row(2, signature(UTF8, 'utf8'), '... at the start'), rtrim: row(2, signature(UTF8, 'utf8'), '... at the end'),
  replace: row(3, signature(UTF8, 'utf8'), 'each b in a becomes c'),
  translate: row(3, signature(UTF8, 'utf8'), 'each character of b in a becomes the one of c at its place, or goes'),
  like: row([2, 3], signature(UTF8, 'bool'), 'a LIKE b [ESCAPE c]'),
  ilike: row([2, 3], signature(UTF8, 'bool'), 'like, without case'),
  starts_with: row(2, signature(UTF8, 'bool'), 'a starts with b'),
  ends_with: row(2, signature(UTF8, 'bool'), 'a ends with b'),
  contains: row(2, signature(UTF8, 'bool'), 'b is in a'),
  position: row(2, signature(UTF8, 'i64'), 'first place of b in a, from 1; 0 when absent'),
  left: row(2, signature(UTF8, I64, 'utf8'), 'first b characters; negative: all but the last |b|'),
  right: row(2, signature(UTF8, I64, 'utf8'), 'last b characters; negative: all but the first |b|'),
  lpad: row(3, signature(UTF8, I64, UTF8, 'utf8'), 'padded at the left with c to b characters, cut when longer'),
  rpad: row(3, signature(UTF8, I64, UTF8, 'utf8'), 'padded at the right'),
  repeat: row(2, signature(UTF8, I64, 'utf8'), 'a, b times'),
  reverse: row(1, signature(UTF8, 'utf8'), 'code points in reverse'),
  ascii: row(1, signature(UTF8, 'i32'), 'code point of the first character, 0 of none'),
  chr: row(1, signature(/^i32$/, 'utf8'), 'the character of a code point'),
  split_part: row(
    3,
    signature(UTF8, UTF8, I64, 'utf8'),
    'part c (from 1, negative from the end) of a cut at b; empty when there is none',
  ),
  levenshtein: row(
    2,
    signature(UTF8, 'i64'),
    'fewest bytes put in, taken out or replaced that make b of a',
  ),
  regexp_matches: row(2, signature(UTF8, 'bool'), 'the regular expression b matches somewhere in a'),
  regexp_full_match: row(2, signature(UTF8, 'bool'), 'the regular expression b matches all of a'),
  regexp_replace: row([3, 4], signature(UTF8, 'utf8'), 'the first match of b in a becomes c; all with option g'),
  regexp_extract: row(
    [2, 3],
    (args) => (args[0] === 'utf8' && args[1] === 'utf8' && (args[2] ?? 'i64') === 'i64' ? 'utf8' : undefined),
    'group c (0: all) of the first match of b in a; empty when none',
  ),
  // time
  date_part: row(
    2,
    signature(UTF8, TEMPORAL, 'i64'),
    "field a ('year', 'month', 'day', 'hour', 'minute', 'second', 'dow', 'isodow', 'doy', 'week', 'quarter', 'epoch', ...) of b",
  ),
  date_trunc: row(
    2,
    (args) => (args[0] === 'utf8' && DATELIKE.test(args[1]!) ? args[1] : undefined),
    'b cut down to unit a; dtype kept',
  ),
  date_diff: row(3, signature(UTF8, DATELIKE, DATELIKE, 'i64'), 'boundaries of unit a crossed from b to c'),
  add_days: row(2, signature(/^date$/, /^i32$/, 'date'), 'date plus days'),
  days_between: row(2, signature(/^date$/, 'i64'), 'a - b in days'),
  add_interval: row(
    2,
    signature(/^timestamp$/, INTERVAL, 'timestamp'),
    'timestamp plus interval; months clamp to the last day',
  ),
  timestamp_diff: row(2, signature(/^timestamp$/, 'interval'), 'a - b as days and microseconds'),
  interval_add: row(2, signature(INTERVAL, 'interval'), 'field by field', { commutative: true }),
  interval_neg: row(1, signature(INTERVAL, 'interval'), 'field by field'),
  interval_mul: row(2, signature(INTERVAL, I64, 'interval'), 'field by field'),
  make_date: row(3, signature(I64, 'date'), 'date of year, month, day'),
  make_interval: row(3, signature(I64, 'interval'), 'interval of months, days, microseconds'),
  strftime: row(2, signature(DATELIKE, UTF8, 'utf8'), 'formatted by the C pattern b'),
  // the error a checked expression raises when it is reached: error(condition is NULL or true) with message b
  error: row(1, signature(UTF8, 'null'), 'fails the statement with message a'),
  /**
   * Row-wise pseudo-random double in [0, 1); the only row that is not a function of its arguments. Its constant
   * argument tells the calls of a statement apart: one call is one draw a row, however many expressions read it.
   */
  random: row(1, signature(I64, 'f64'), 'uniform in [0, 1), drawn once a row for each place a'),
} as const satisfies Record<string, ScalarRow>;

export type ScalarOp = keyof typeof SCALAR;

/** Rows which must not be folded, merged or moved across a filter. */
export const VOLATILE: ReadonlySet<ScalarOp> = new Set<ScalarOp>(['random', 'error']);

export function scalarRow(op: ScalarOp): ScalarRow {
  return SCALAR[op];
}

/** The type of `op(args)`; `undefined` when the number or the dtypes of the arguments do not fit. */
export function typeOfCall(op: ScalarOp, args: readonly ScalarType[]): ScalarType | undefined {
  const { arity, nulls, dtype, nullable } = scalarRow(op);
  if (args.length < arity[0] || args.length > arity[1]) return undefined;
  const result = dtype(args.map((arg) => arg.dtype));
  if (result === undefined) return undefined;
  const anyNullable = args.some((arg) => arg.nullable);
  return scalar(result, { nullable: nulls === 'strict' ? anyNullable : (nullable?.(args) ?? anyNullable) });
}
