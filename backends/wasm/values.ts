/**
 * Typed WebAssembly expressions as immutable descriptions. `dsl.ts` turns a description into code at each place where
 * it is used, so one description may be used many times; none has a side effect (stores and calls are statements of
 * the `FunctionBuilder`), but a description of a local or a load reads whatever is there when its code runs: keep a
 * value in a local with `f.let` before overwriting what it was computed from.
 *
 * Method names are those of the WebAssembly text format. Mixing `I32` with `F32` is a type error of TypeScript.
 */
export type ValType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** What `dsl.ts` materialises. `lane`: immediate lane number; `offset`: constant byte offset of a load. */
export type Code =
  | { readonly kind: 'const'; readonly type: ValType; readonly value: number | bigint | Uint8Array }
  | { readonly kind: 'local'; readonly type: ValType; readonly index: number }
  | { readonly kind: 'global'; readonly type: ValType; readonly name: string }
  | { readonly kind: 'op'; readonly op: string; readonly args: readonly Code[] }
  | { readonly kind: 'lane'; readonly op: string; readonly lane: number; readonly args: readonly Code[] }
  | { readonly kind: 'shuffle'; readonly lanes: readonly number[]; readonly args: readonly Code[] }
  | { readonly kind: 'load'; readonly op: string; readonly offset: number; readonly address: Code }
  | {
      readonly kind: 'loadLane';
      readonly op: string;
      readonly offset: number;
      readonly lane: number;
      readonly address: Code;
      readonly vector: Code;
    }
  | {
      readonly kind: 'select';
      readonly type: ValType;
      readonly condition: Code;
      readonly yes: Code;
      readonly no: Code;
    };

type Binary<Self, Constant, Result, Names extends string> = {
  readonly [Name in Names]: (other: Self | Constant) => Result;
};
type Unary<Result, Names extends string> = { readonly [Name in Names]: () => Result };

const INT_BINARY = [
  'add',
  'sub',
  'mul',
  'div_s',
  'div_u',
  'rem_s',
  'rem_u',
  'and',
  'or',
  'xor',
  'shl',
  'shr_u',
  'shr_s',
  'rotl',
  'rotr',
] as const;
const INT_COMPARE = ['eq', 'ne', 'lt_s', 'lt_u', 'le_s', 'le_u', 'gt_s', 'gt_u', 'ge_s', 'ge_u'] as const;
const FLOAT_BINARY = ['add', 'sub', 'mul', 'div', 'min', 'max', 'copysign'] as const;
const FLOAT_COMPARE = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const;
const FLOAT_UNARY = ['neg', 'abs', 'ceil', 'floor', 'trunc', 'nearest', 'sqrt'] as const;

type IntBinary = (typeof INT_BINARY)[number];
type IntCompare = (typeof INT_COMPARE)[number];
type FloatBinary = (typeof FLOAT_BINARY)[number];
type FloatCompare = (typeof FLOAT_COMPARE)[number];
type FloatUnary = (typeof FLOAT_UNARY)[number];

export interface I32
  extends
    Binary<I32, number, I32, IntBinary | IntCompare>,
    Unary<I32, 'clz' | 'ctz' | 'popcnt' | 'eqz' | 'extend8_s' | 'extend16_s'>,
    Unary<I64, 'extend_s' | 'extend_u'>,
    Unary<F32, 'to_f32_s' | 'to_f32_u' | 'as_f32'>,
    Unary<F64, 'to_f64_s' | 'to_f64_u'> {}
export class I32 {
  readonly type = 'i32';
  constructor(readonly code: Code) {}
}

export interface I64
  extends
    Binary<I64, number | bigint, I64, IntBinary>,
    Binary<I64, number | bigint, I32, IntCompare>,
    Unary<I64, 'clz' | 'ctz' | 'popcnt'>,
    Unary<I32, 'eqz' | 'wrap'>,
    Unary<F32, 'to_f32_s' | 'to_f32_u'>,
    Unary<F64, 'to_f64_s' | 'to_f64_u' | 'as_f64'> {}
export class I64 {
  readonly type = 'i64';
  constructor(readonly code: Code) {}
}

/** `to_*` conversions to integers saturate (NaN gives 0); `as_*` keep the bits. */
export interface F32
  extends
    Binary<F32, number, F32, FloatBinary>,
    Binary<F32, number, I32, FloatCompare>,
    Unary<F32, FloatUnary>,
    Unary<F64, 'promote'>,
    Unary<I32, 'to_i32_s' | 'to_i32_u' | 'as_i32'>,
    Unary<I64, 'to_i64_s' | 'to_i64_u'> {}
export class F32 {
  readonly type = 'f32';
  constructor(readonly code: Code) {}
}

export interface F64
  extends
    Binary<F64, number, F64, FloatBinary>,
    Binary<F64, number, I32, FloatCompare>,
    Unary<F64, FloatUnary>,
    Unary<F32, 'demote'>,
    Unary<I32, 'to_i32_s' | 'to_i32_u'>,
    Unary<I64, 'to_i64_s' | 'to_i64_u' | 'as_i64'> {}
export class F64 {
  readonly type = 'f64';
  constructor(readonly code: Code) {}
}

/** 128 bits; what its lanes are is said by the operator: `f32x4.add(a, b)`. */
export class V128 {
  readonly type = 'v128';
  constructor(readonly code: Code) {}
}

export type Value = I32 | I64 | F32 | F64 | V128;
export interface ValueOf {
  readonly i32: I32;
  readonly i64: I64;
  readonly f32: F32;
  readonly f64: F64;
  readonly v128: V128;
}

const CLASSES = { i32: I32, i64: I64, f32: F32, f64: F64, v128: V128 } as const;

export function valueOf<T extends ValType>(type: T, code: Code): ValueOf[T] {
  return new CLASSES[type](code) as ValueOf[T];
}

/** A constant of a scalar type; v128 constants are made by `v128.const` and the splats. */
export function constant<T extends 'i32' | 'i64' | 'f32' | 'f64'>(type: T, value: number | bigint): ValueOf[T] {
  return valueOf(type, { kind: 'const', type, value: type === 'i64' ? BigInt(value) : Number(value) });
}

export const i32 = (value: number): I32 => constant('i32', value | 0);
export const i64 = (value: number | bigint): I64 => constant('i64', value);
export const f32 = (value: number): F32 => constant('f32', value);
export const f64 = (value: number): F64 => constant('f64', value);

/** `yes` where `condition` is not 0; both are computed. */
export function select<T extends Value>(condition: I32, yes: T, no: T): T {
  return valueOf(yes.type, {
    kind: 'select',
    type: yes.type,
    condition: condition.code,
    yes: yes.code,
    no: no.code,
  }) as T;
}

type ScalarValType = keyof typeof CLASSES & ('i32' | 'i64' | 'f32' | 'f64');

function codeOf(type: ValType, operand: Value | number | bigint): Code {
  if (typeof operand === 'object') return operand.code;
  return constant(type as ScalarValType, operand).code;
}

function defineBinary(type: ScalarValType, names: readonly string[], result: ValType): void {
  for (const name of names) {
    Object.defineProperty(CLASSES[type].prototype, name, {
      value(this: Value, other: Value | number | bigint): Value {
        return valueOf(result, { kind: 'op', op: `${type}.${name}`, args: [this.code, codeOf(type, other)] });
      },
    });
  }
}

/** `ops` maps a method to the operator it stands for. */
function defineUnary(type: ScalarValType, ops: Readonly<Record<string, string>>): void {
  for (const [name, op] of Object.entries(ops)) {
    const result = (op.endsWith('eqz') ? 'i32' : op.slice(0, 3)) as ValType;
    Object.defineProperty(CLASSES[type].prototype, name, {
      value(this: Value): Value {
        return valueOf(result, { kind: 'op', op, args: [this.code] });
      },
    });
  }
}

const named = (type: ValType, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, `${type}.${name}`]));

for (const type of ['i32', 'i64'] as const) {
  defineBinary(type, INT_BINARY, type);
  defineBinary(type, INT_COMPARE, 'i32');
  defineUnary(type, {
    ...named(type, ['clz', 'ctz', 'popcnt', 'eqz']),
    to_f32_s: `f32.convert_s.${type}`,
    to_f32_u: `f32.convert_u.${type}`,
    to_f64_s: `f64.convert_s.${type}`,
    to_f64_u: `f64.convert_u.${type}`,
  });
}
defineUnary('i32', {
  ...named('i32', ['extend8_s', 'extend16_s']),
  extend_s: 'i64.extend_s',
  extend_u: 'i64.extend_u',
  as_f32: 'f32.reinterpret',
});
defineUnary('i64', { wrap: 'i32.wrap', as_f64: 'f64.reinterpret' });
for (const type of ['f32', 'f64'] as const) {
  defineBinary(type, FLOAT_BINARY, type);
  defineBinary(type, FLOAT_COMPARE, 'i32');
  defineUnary(type, {
    ...named(type, FLOAT_UNARY),
    to_i32_s: `i32.trunc_s_sat.${type}`,
    to_i32_u: `i32.trunc_u_sat.${type}`,
    to_i64_s: `i64.trunc_s_sat.${type}`,
    to_i64_u: `i64.trunc_u_sat.${type}`,
  });
}
defineUnary('f32', { promote: 'f64.promote', as_i32: 'i32.reinterpret' });
defineUnary('f64', { demote: 'f32.demote', as_i64: 'i64.reinterpret' });

/** Loads: `load.f32(address, offset)`. Alignment is natural as a hint only; any address works. */
const loader =
  <T extends ValType>(type: T, op: string) =>
  (address: I32, offset = 0): ValueOf[T] =>
    valueOf(type, { kind: 'load', op, offset, address: address.code });
export const load = {
  i32: loader('i32', 'i32.load'),
  i8_s: loader('i32', 'i32.load8_s'),
  i8_u: loader('i32', 'i32.load8_u'),
  i16_s: loader('i32', 'i32.load16_s'),
  i16_u: loader('i32', 'i32.load16_u'),
  i64: loader('i64', 'i64.load'),
  f32: loader('f32', 'f32.load'),
  f64: loader('f64', 'f64.load'),
  v128: loader('v128', 'v128.load'),
  splat8: loader('v128', 'v128.load8_splat'),
  splat16: loader('v128', 'v128.load16_splat'),
  splat32: loader('v128', 'v128.load32_splat'),
  splat64: loader('v128', 'v128.load64_splat'),
  zero32: loader('v128', 'v128.load32_zero'),
  zero64: loader('v128', 'v128.load64_zero'),
  i8x8_s: loader('v128', 'v128.load8x8_s'),
  i8x8_u: loader('v128', 'v128.load8x8_u'),
  i16x4_s: loader('v128', 'v128.load16x4_s'),
  i16x4_u: loader('v128', 'v128.load16x4_u'),
  i32x2_s: loader('v128', 'v128.load32x2_s'),
  i32x2_u: loader('v128', 'v128.load32x2_u'),
  /** Sequentially consistent. */
  atomic_i32: loader('i32', 'i32.atomic.load'),
  /** One lane from memory, the others of `vector`. */
  lane32: (address: I32, vector: V128, options: { lane: number; offset?: number }): V128 =>
    laneLoad('v128.load32_lane', address, vector, options),
  lane64: (address: I32, vector: V128, options: { lane: number; offset?: number }): V128 =>
    laneLoad('v128.load64_lane', address, vector, options),
} as const;

function laneLoad(op: string, address: I32, vector: V128, options: { lane: number; offset?: number }): V128 {
  return new V128({
    kind: 'loadLane',
    op,
    lane: options.lane,
    offset: options.offset ?? 0,
    address: address.code,
    vector: vector.code,
  });
}
