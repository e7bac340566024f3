/**
 * Operators over the lanes of a V128, named as in the WebAssembly text format: `f32x4.add(a, b)`.
 * `madd(a, b, c)` is a * b + c: fused where the module has relaxed SIMD, else rounded twice; `nmadd` is c - a * b.
 */
import {
  constant,
  I32,
  V128,
  valueOf,
  type Code,
  type ValType,
  type ValueOf,
} from './values.js';

type Op2 = (a: V128, b: V128) => V128;
type Op1 = (a: V128) => V128;
type Ops<Names extends string, Op> = { readonly [Name in Names]: Op };

function op(name: string, args: readonly { readonly code: Code }[]): V128 {
  return new V128({ kind: 'op', op: name, args: args.map((arg) => arg.code) });
}

function binary<Names extends string>(shape: string, names: readonly Names[]): Ops<Names, Op2> {
  return Object.fromEntries(names.map((name) => [name, (a: V128, b: V128) => op(`${shape}.${name}`, [a, b])])) as Ops<
    Names,
    Op2
  >;
}

function unary<Names extends string>(shape: string, names: readonly Names[]): Ops<Names, Op1> {
  return Object.fromEntries(names.map((name) => [name, (a: V128) => op(`${shape}.${name}`, [a])])) as Ops<Names, Op1>;
}

function ternary<Names extends string>(
  shape: string,
  names: readonly Names[],
): Ops<Names, (a: V128, b: V128, c: V128) => V128> {
  return Object.fromEntries(
    names.map((name) => [name, (a: V128, b: V128, c: V128) => op(`${shape}.${name}`, [a, b, c])]),
  ) as Ops<Names, (a: V128, b: V128, c: V128) => V128>;
}

function shift<Names extends string>(
  shape: string,
  names: readonly Names[],
): Ops<Names, (a: V128, bits: I32 | number) => V128> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      (a: V128, bits: I32 | number) =>
        op(`${shape}.${name}`, [a, typeof bits === 'number' ? constant('i32', bits) : bits]),
    ]),
  ) as Ops<Names, (a: V128, bits: I32 | number) => V128>;
}

function test<Names extends string>(shape: string, names: readonly Names[]): Ops<Names, (a: V128) => I32> {
  return Object.fromEntries(names.map((name) => [name, (a: V128) => new I32(op(`${shape}.${name}`, [a]).code)])) as Ops<
    Names,
    (a: V128) => I32
  >;
}

interface Lanes<T extends ValType, Constant> {
  readonly splat: (value: ValueOf[T] | Constant) => V128;
  readonly lane: (vector: V128, lane: number) => ValueOf[T];
  readonly replace: (vector: V128, lane: number, value: ValueOf[T] | Constant) => V128;
}

function lanes<T extends 'i32' | 'i64' | 'f32' | 'f64', Constant extends number | bigint>(
  shape: string,
  type: T,
  names = { extract: 'extract_lane' },
): Lanes<T, Constant> {
  const scalar = (value: ValueOf[T] | Constant): Code =>
    (typeof value === 'object' ? value : constant(type, value)).code;
  return {
    splat: (value) => new V128({ kind: 'op', op: `${shape}.splat`, args: [scalar(value)] }),
    lane: (vector, lane) => valueOf(type, { kind: 'lane', op: `${shape}.${names.extract}`, lane, args: [vector.code] }),
    replace: (vector, lane, value) =>
      new V128({ kind: 'lane', op: `${shape}.replace_lane`, lane, args: [vector.code, scalar(value)] }),
  };
}

const INT_OPS = ['eq', 'ne', 'add', 'sub'] as const;
const INT_ORDER = ['lt_s', 'gt_s', 'le_s', 'ge_s'] as const;
const FLOAT_OPS = [
  'eq',
  'ne',
  'lt',
  'gt',
  'le',
  'ge',
  'add',
  'sub',
  'mul',
  'div',
  'min',
  'max',
  'pmin',
  'pmax',
] as const;
const FLOAT_UNARY = ['abs', 'neg', 'sqrt', 'ceil', 'floor', 'trunc', 'nearest'] as const;

export const f32x4 = {
  ...lanes<'f32', number>('f32x4', 'f32'),
  ...binary('f32x4', FLOAT_OPS),
  ...unary('f32x4', [...FLOAT_UNARY, 'convert_i32x4_s', 'convert_i32x4_u', 'demote_f64x2_zero']),
  ...ternary('f32x4', ['madd', 'nmadd']),
};
export const f64x2 = {
  ...lanes<'f64', number>('f64x2', 'f64'),
  ...binary('f64x2', FLOAT_OPS),
  ...unary('f64x2', [...FLOAT_UNARY, 'convert_low_i32x4_s', 'convert_low_i32x4_u', 'promote_low_f32x4']),
  ...ternary('f64x2', ['madd', 'nmadd']),
};
export const i32x4 = {
  ...lanes<'i32', number>('i32x4', 'i32'),
  ...binary('i32x4', [
    ...INT_OPS,
    ...INT_ORDER,
    'lt_u',
    'gt_u',
    'le_u',
    'ge_u',
    'mul',
    'min_s',
    'min_u',
    'max_s',
    'max_u',
    'dot_i16x8_s',
  ]),
  ...unary('i32x4', [
    'abs',
    'neg',
    'trunc_sat_f32x4_s',
    'trunc_sat_f32x4_u',
    'trunc_sat_f64x2_s_zero',
    'extend_low_i16x8_s',
    'extend_high_i16x8_s',
    'extend_low_i16x8_u',
    'extend_high_i16x8_u',
  ]),
  ...shift('i32x4', ['shl', 'shr_s', 'shr_u']),
  ...test('i32x4', ['all_true', 'bitmask']),
};
export const i64x2 = {
  ...lanes<'i64', number | bigint>('i64x2', 'i64'),
  ...binary('i64x2', [...INT_OPS, ...INT_ORDER, 'mul']),
  ...unary('i64x2', [
    'abs',
    'neg',
    'extend_low_i32x4_s',
    'extend_high_i32x4_s',
    'extend_low_i32x4_u',
    'extend_high_i32x4_u',
  ]),
  ...shift('i64x2', ['shl', 'shr_s', 'shr_u']),
  ...test('i64x2', ['all_true', 'bitmask']),
};
export const i16x8 = {
  ...lanes<'i32', number>('i16x8', 'i32', { extract: 'extract_lane_u' }),
  ...binary('i16x8', [...INT_OPS, 'narrow_i32x4_s', 'narrow_i32x4_u']),
  ...unary('i16x8', ['extend_low_i8x16_u', 'extend_low_i8x16_s']),
  ...test('i16x8', ['all_true', 'bitmask']),
};
export const i8x16 = {
  ...lanes<'i32', number>('i8x16', 'i32', { extract: 'extract_lane_u' }),
  ...binary('i8x16', [
    ...INT_OPS,
    'gt_s',
    'lt_u',
    'gt_u',
    'min_s',
    'min_u',
    'max_s',
    'swizzle',
    'narrow_i16x8_s',
    'narrow_i16x8_u',
  ]),
  ...shift('i8x16', ['shr_u']),
  ...test('i8x16', ['all_true', 'bitmask']),
  /** Bytes of `a` (0..15) and `b` (16..31) by constant position. */
  shuffle: (a: V128, b: V128, bytes: readonly number[]): V128 =>
    new V128({ kind: 'shuffle', lanes: bytes, args: [a.code, b.code] }),
};
export const v128 = {
  ...binary('v128', ['and', 'or', 'xor', 'andnot']),
  ...unary('v128', ['not']),
  ...test('v128', ['any_true']),
  /** Bits of `yes` where `mask` has 1, else of `no`. */
  bitselect: (yes: V128, no: V128, mask: V128): V128 => op('v128.bitselect', [yes, no, mask]),
  const: (bytes: Uint8Array): V128 => new V128({ kind: 'const', type: 'v128', value: bytes }),
  zero: new V128({ kind: 'const', type: 'v128', value: new Uint8Array(16) }),
};

/** 4 lanes by number: 0..3 of `a`, 4..7 of `b`. */
export function shuffle32(a: V128, b: V128, picks: readonly [number, number, number, number]): V128 {
  return i8x16.shuffle(
    a,
    b,
    picks.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
  );
}
