/**
 * Arithmetic and casts. Floats keep every bit: x + 0 is not x for x = -0, x * 0 is not 0 for NaN; so only the laws
 * that hold for all of IEEE 754 are here for them.
 */
import { make } from '../../ir/build.js';
import { dtypeInfo, widensExactly, type DType } from '../../ir/dtype.js';
import type { Expr } from '../../ir/node.js';
import { isVolatile } from '../../ir/node-facts.js';
import { rangeOf } from '../../ir/scalar/value.js';
import { literal } from '../reference.js';
import { call, dtypeOf, familyOf, inPlaceOf, isCall, isCast, isLiteral, isNumber, type ScalarRule } from './rule.js';

const isInt = (expr: Expr): boolean => familyOf(expr) === 'int' || familyOf(expr) === 'uint';

export const ARITHMETIC_RULES: readonly ScalarRule[] = [
  {
    name: 'add-zero', reason: 'x + 0 = x for integers; x + -0 = x for floats',
    apply: (expr) => {
      if (!isCall(expr, 'add', 'wrap_add')) return undefined;
      const [a, b] = expr.args as readonly [Expr, Expr];
      const zero = familyOf(a) === 'float' ? -0 : 0;
      if (isNumber(b, zero)) return inPlaceOf(expr, a);
      return isNumber(a, zero) ? inPlaceOf(expr, b) : undefined;
    },
  },
  {
    name: 'subtract-zero', reason: 'x - 0 = x',
    apply: (expr) =>
      isCall(expr, 'sub', 'wrap_sub') && isNumber(expr.args[1], 0) ? inPlaceOf(expr, expr.args[0]!) : undefined,
  },
  {
    name: 'multiply-one', reason: 'x * 1 = x',
    apply: (expr) => {
      if (!isCall(expr, 'mul', 'wrap_mul')) return undefined;
      const [a, b] = expr.args as readonly [Expr, Expr];
      if (isNumber(b, 1)) return inPlaceOf(expr, a);
      return isNumber(a, 1) ? inPlaceOf(expr, b) : undefined;
    },
  },
  {
    name: 'multiply-zero', reason: 'x * 0 = 0 for integers that are not NULL',
    apply: (expr) => {
      if (!isCall(expr, 'mul', 'wrap_mul') || !isInt(expr) || expr.type.nullable || isVolatile(expr)) return undefined;
      return expr.args.find((arg) => isNumber(arg, 0));
    },
  },
  {
    name: 'divide-by-one', reason: 'x / 1 = x, x ^ 1 = x',
    apply: (expr) =>
      isCall(expr, 'div', 'pow', 'int_div', 'trunc_div') && isNumber(expr.args[1], 1)
        ? inPlaceOf(expr, expr.args[0]!)
        : undefined,
  },
  {
    name: 'double-negation', reason: '-(-x) = x for floats; |(|x|)| = |x|; |-x| = |x|',
    apply: (expr) => {
      if (!isCall(expr, 'neg', 'abs')) return undefined;
      const arg = expr.args[0];
      if (isCall(expr, 'abs') && isCall(arg, 'abs')) return arg;
      if (!isCall(arg, 'neg') || familyOf(expr) !== 'float') return undefined;
      return isCall(expr, 'neg') ? arg.args[0] : call('abs', arg.args[0]!);
    },
  },
  {
    name: 'same-dtype-cast', reason: 'a cast to the dtype it has changes nothing',
    apply: (expr) => (isCast(expr) && dtypeOf(expr.arg) === expr.to ? expr.arg : undefined),
  },
  {
    name: 'cast-of-cast', reason: 'through a dtype that holds every value exactly, only the last cast counts',
    apply: (expr) => {
      if (!isCast(expr) || !isCast(expr.arg) || expr.arg.attempt) return undefined;
      const from = dtypeOf(expr.arg.arg);
      if (from === undefined || !widensExactly(from, expr.arg.to) || !isPlainNumber(expr.to)) return undefined;
      return from === expr.to
        ? inPlaceOf(expr, expr.arg.arg)
        : (make({ ...expr, arg: expr.arg.arg, type: undefined } as never) as Expr);
    },
  },
  {
    name: 'saturated-cast', reason: 'what was held within the range of a narrow integer goes to a wider one as it is',
    apply: (expr) => {
      if (!isCast(expr) || !isInt(expr) || !isCast(expr.arg) || !isInt(expr.arg) || expr.arg.attempt) return undefined;
      const { to, arg } = expr.arg;
      if (!widensExactly(to, expr.to) || !isWithin(arg, rangeOf(to))) return undefined;
      return make({ kind: 'cast', arg, to: expr.to, attempt: expr.attempt });
    },
  },
  {
    name: 'compare-uncast', reason: 'a column cast to a wider integer is compared as it is, which zone maps understand',
    apply: (expr) => {
      if (!isCall(expr, 'eq', 'ne', 'lt', 'le', 'gt', 'ge')) return undefined;
      const [a, b] = expr.args as readonly [Expr, Expr];
      if (isCast(a) && isLiteral(b)) return uncast(a, b, (left, right) => call(expr.op, left, right));
      if (isCast(b) && isLiteral(a)) return uncast(b, a, (left, right) => call(expr.op, right, left));
      return undefined;
    },
  },
  {
    name: 'extreme-of-itself', reason: 'max(x, x) = x',
    apply: (expr) =>
      isCall(expr, 'max', 'min') && expr.args[0] === expr.args[1] && !isVolatile(expr) ? expr.args[0] : undefined,
  },
  {
    name: 'greatest-to-max',
    reason: 'greatest(a, b) = max(a, b) where neither is NULL (for least: nor NaN, which max and min let through)',
    apply: (expr) => {
      if (!isCall(expr, 'greatest', 'least')) return undefined;
      if (expr.args.length === 1) return expr.args[0];
      if (expr.args.some((arg) => arg.type.nullable)) return undefined;
      if (isCall(expr, 'least') && familyOf(expr) === 'float') return undefined;
      return expr.args.reduce((left, right) => call(expr.op === 'greatest' ? 'max' : 'min', left, right));
    },
  },
];

function isPlainNumber(dtype: DType): boolean {
  return ['int', 'uint', 'float'].includes(dtypeInfo(dtype).family);
}

/** Whether a float, where it is no NaN, is a number between both, as QuantizeLinear makes it. */
function isWithin(expr: Expr, [least, most]: readonly [bigint, bigint]): boolean {
  if (familyOf(expr) !== 'float') return false;
  if (isCall(expr, 'trunc')) return isWithin(expr.args[0]!, [least, most]);
  if (!isCall(expr, 'min') || !isCall(expr.args[0], 'max')) return false;
  const [low, high] = [expr.args[0].args[1], expr.args[1]].map((bound) => isLiteral(bound) && Number(bound.value));
  return typeof low === 'number' && typeof high === 'number' && Number(least) <= low && low <= high && high <= Number(most);
}

function uncast(
  cast: Expr & { kind: 'cast' },
  constant: Expr & { kind: 'literal' },
  make2: (left: Expr, right: Expr) => Expr,
): Expr | undefined {
  const from = dtypeOf(cast.arg);
  if (
    from === undefined ||
    !isInt(cast.arg) ||
    !isInt(cast) ||
    !widensExactly(from, cast.to) ||
    constant.value === null
  )
    return undefined;
  const { family, widthBytes } = dtypeInfo(from);
  const value = BigInt(constant.value as number | bigint);
  const bits = BigInt(widthBytes * 8 - (family === 'int' ? 1 : 0));
  const least = family === 'int' ? -(1n << bits) : 0n;
  if (value < least || value >= 1n << bits) return undefined;
  return make2(cast.arg, literal(widthBytes === 8 ? value : Number(value), from));
}
