/** Scalar bodies of tensor maps, written short: `call('mul', a, literal(2, 'f32'))`. */
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import { dtypeInfo, isFloat, isInteger } from '../../ir/dtype.js';
import type { Expr, LiteralValue } from '../../ir/node.js';
import type { ScalarOp } from '../../ir/scalar.js';
import { roundFloat } from '../../ir/scalar/value.js';
import { scalar } from '../../ir/type.js';

export function dtypeOf(expr: Expr): DType {
  if (expr.type.kind !== 'scalar') throw new Error('a body of scalars');
  return expr.type.dtype;
}

export function ref(index: number, dtype: DType): Expr {
  return make({ kind: 'ref', index, type: scalar(dtype) });
}

/** A number as a literal of a dtype: rounded to it, a bigint for 64-bit integers. */
export function literal(value: LiteralValue, dtype: DType): Expr {
  return make({ kind: 'literal', value: literalValue(value, dtype), type: scalar(dtype) });
}

export function literalValue(value: LiteralValue, dtype: DType): LiteralValue {
  if (typeof value === 'number' && (dtype === 'i64' || dtype === 'u64')) return BigInt(Math.trunc(value));
  if (typeof value === 'number') return dtype === 'bool' ? value !== 0 : roundFloat(value, dtype);
  if (typeof value === 'bigint' && dtype !== 'i64' && dtype !== 'u64') return Number(value);
  return value;
}

export function call(op: ScalarOp, ...args: readonly Expr[]): Expr {
  return make({ kind: 'call', op, args });
}

/** ONNX casts: a float becomes an integer toward zero. */
export function cast(arg: Expr, to: DType): Expr {
  const from = dtypeOf(arg);
  if (from === to) return arg;
  const source = isFloat(from) && isInteger(to) ? call('trunc', arg) : arg;
  return make({ kind: 'cast', arg: source, to, attempt: false });
}

export function choose(when: Expr, then: Expr, otherwise: Expr): Expr {
  return make({ kind: 'case', branches: [{ when, then }], otherwise, type: otherwise.type });
}

/** Arithmetic by dtype: integers wrap, floats are IEEE. */
export function arithmetic(op: 'add' | 'sub' | 'mul' | 'div', a: Expr, b: Expr): Expr {
  if (!isInteger(dtypeOf(a))) return call(op, a, b);
  return call(op === 'div' ? 'trunc_div' : op === 'add' ? 'wrap_add' : op === 'sub' ? 'wrap_sub' : 'wrap_mul', a, b);
}

export const add = (a: Expr, b: Expr): Expr => arithmetic('add', a, b);
export const sub = (a: Expr, b: Expr): Expr => arithmetic('sub', a, b);
export const mul = (a: Expr, b: Expr): Expr => arithmetic('mul', a, b);
export const div = (a: Expr, b: Expr): Expr => arithmetic('div', a, b);
/** The same number in the dtype of `like`. */
export const num = (value: number, like: Expr): Expr => literal(value, dtypeOf(like));

/** The least integer is its own opposite, as it wraps. */
export function neg(a: Expr): Expr {
  return isInteger(dtypeOf(a)) ? sub(num(0, a), a) : call('neg', a);
}

export function abs(a: Expr): Expr {
  const family = dtypeInfo(dtypeOf(a)).family;
  return family === 'uint' ? a : family === 'int' ? call('max', a, neg(a)) : call('abs', a);
}
