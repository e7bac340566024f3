/**
 * Boolean algebra in SQL's three values. Each law holds for NULL (Kleene) unless it asks that an operand is not NULL.
 */
import { make } from '../../ir/build.js';
import type { Expr } from '../../ir/node.js';
import { mayFail } from '../../ir/may-fail.js';
import type { ScalarOp } from '../../ir/scalar.js';
import { conjuncts, disjuncts } from '../../ir/terms.js';
import { isVolatile } from '../../ir/node-facts.js';
import { conjoin, FALSE, TRUE } from '../reference.js';
import { call, inPlaceOf, isCall, isNull, type ScalarRule } from './rule.js';

/** SQL comparisons order every value (NaN is the greatest), so each has an exact opposite; the ieee_ ones have none. */
const OPPOSITE: Partial<Record<ScalarOp, ScalarOp>> = {
  eq: 'ne', ne: 'eq', lt: 'ge', ge: 'lt', gt: 'le', le: 'gt',
  is_distinct: 'is_not_distinct', is_not_distinct: 'is_distinct', is_null: 'is_not_null', is_not_null: 'is_null',
};

export const LOGIC_RULES: readonly ScalarRule[] = [
  {
    name: 'and-constant', reason: 'x AND true = x; x AND false = false',
    apply: (expr) => (isCall(expr, 'and') ? absorb(expr.args, TRUE, FALSE) : undefined),
  },
  {
    name: 'or-constant', reason: 'x OR false = x; x OR true = true',
    apply: (expr) => (isCall(expr, 'or') ? absorb(expr.args, FALSE, TRUE) : undefined),
  },
  {
    name: 'idempotent-logic', reason: 'x AND x = x; x AND (x AND y) = x AND y', ofWholeChain: true,
    apply: (expr) => {
      if (!isCall(expr, 'and', 'or') || isVolatile(expr)) return undefined;
      const parts = expr.op === 'and' ? conjuncts(expr) : disjuncts(expr);
      return new Set(parts).size < parts.length ? joined(expr.op, [...new Set(parts)]) : undefined;
    },
  },
  {
    name: 'absorb-logic', reason: 'x AND (x OR y) = x; x OR (x AND y) = x', ofWholeChain: true,
    apply: (expr) => {
      if (!isCall(expr, 'and', 'or') || isVolatile(expr)) return undefined;
      const parts = expr.op === 'and' ? conjuncts(expr) : disjuncts(expr);
      const inner = expr.op === 'and' ? disjuncts : conjuncts;
      const all = new Set(parts);
      const kept = parts.filter((part) => !inner(part).some((term) => term !== part && all.has(term)));
      return kept.length < parts.length ? joined(expr.op, kept) : undefined;
    },
  },
  {
    name: 'factor-or',
    reason: '(a AND b) OR (a AND c) = a AND (b OR c): a can then be pushed or joined on, if it cannot fail',
    ofWholeChain: true,
    apply: (expr) => (isCall(expr, 'or') && !isVolatile(expr) ? factor(disjuncts(expr)) : undefined),
  },
  {
    name: 'not', reason: 'NOT NOT x = x; NOT (a < b) = a >= b; NOT (a OR b) = NOT a AND NOT b',
    apply: (expr) => (isCall(expr, 'not') ? negated(expr.args[0]!) : undefined),
  },
  {
    name: 'compare-with-boolean', reason: 'x = true is x; x = false is NOT x',
    apply: (expr) => {
      if (!isCall(expr, 'eq', 'ne')) return undefined;
      const [a, b] = expr.args as readonly [Expr, Expr];
      const [constant, other] = isBoolean(a) ? [a, b] : [b, a];
      if (!isBoolean(constant)) return undefined;
      return (constant === TRUE) === (expr.op === 'eq') ? other : call('not', other);
    },
  },
  {
    name: 'null-test', reason: 'x IS NULL is false where x cannot be NULL',
    apply: (expr) => {
      if (!isCall(expr, 'is_null', 'is_not_null') || isVolatile(expr)) return undefined;
      const arg = expr.args[0]!;
      if (isNull(arg)) return expr.op === 'is_null' ? TRUE : FALSE;
      return arg.type.nullable ? undefined : expr.op === 'is_null' ? FALSE : TRUE;
    },
  },
  {
    name: 'compare-with-itself', reason: 'x = x is true where x is not NULL (NaN = NaN in SQL)',
    apply: (expr) => {
      if (!isCall(expr, 'eq', 'le', 'ge', 'ne', 'lt', 'gt') || expr.args[0] !== expr.args[1]) return undefined;
      if (expr.type.nullable || isVolatile(expr)) return undefined;
      return isCall(expr, 'eq', 'le', 'ge') ? TRUE : FALSE;
    },
  },
  {
    name: 'distinct-from', reason: 'IS [NOT] DISTINCT FROM is <> or = where neither side is NULL',
    apply: (expr) => {
      if (!isCall(expr, 'is_distinct', 'is_not_distinct') || isVolatile(expr)) return undefined;
      const [a, b] = expr.args as readonly [Expr, Expr];
      if (isNull(a) || isNull(b)) return call(expr.op === 'is_distinct' ? 'is_not_null' : 'is_null', isNull(a) ? b : a);
      return a.type.nullable || b.type.nullable ? undefined : call(expr.op === 'is_distinct' ? 'ne' : 'eq', a, b);
    },
  },
];

function isBoolean(expr: Expr): boolean {
  return expr === TRUE || expr === FALSE;
}

function absorb(args: readonly Expr[], neutral: Expr, zero: Expr): Expr | undefined {
  const [a, b] = args as readonly [Expr, Expr];
  if (a === neutral) return b;
  if (b === neutral) return a;
  return (a === zero && !isVolatile(b)) || (b === zero && !isVolatile(a)) ? zero : undefined;
}

function joined(op: 'and' | 'or', parts: readonly Expr[]): Expr {
  return op === 'and' ? conjoin(parts)! : parts.reduce((left, right) => call('or', left, right));
}

/** What may fail is left in the branches: what stands before it there may be what keeps it from failing. */
function factor(terms: readonly Expr[]): Expr | undefined {
  const parts = terms.map((term) => new Set(conjuncts(term)));
  const common = new Set([...parts[0]!].filter((part) => !mayFail(part) && parts.every((others) => others.has(part))));
  if (common.size === 0) return undefined;
  const rest = parts.map((own) => conjoin([...own].filter((part) => !common.has(part))) ?? TRUE);
  return conjoin([...common, joined('or', rest)]);
}

function negated(arg: Expr): Expr | undefined {
  if (arg === TRUE) return FALSE;
  if (arg === FALSE) return TRUE;
  if (isCall(arg, 'not')) return inPlaceOf(arg, arg.args[0]!);
  if (isCall(arg, 'or')) return joined('and', disjuncts(arg).map((term) => call('not', term)));
  if (arg.kind !== 'call') return undefined;
  const opposite = OPPOSITE[arg.op];
  return opposite === undefined ? undefined : make({ kind: 'call', op: opposite, args: arg.args });
}
