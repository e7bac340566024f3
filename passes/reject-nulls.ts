/** Which predicates cannot be true where certain columns are NULL: what turns an outer join into an inner one. */
import type { Expr } from '../ir/node.js';
import { oncePerNode } from '../ir/node-facts.js';
import { scalarRow } from '../ir/scalar.js';
import { FALSE } from './reference.js';
import { isCall, isNull } from './scalar-rules/rule.js';

/** Whether `predicate` is false or NULL in every row where all the columns that `isNullable` names are NULL. */
export function rejectsNulls(predicate: Expr, isNullable: (index: number) => boolean): boolean {
  if (predicate === FALSE || isNull(predicate)) return true;
  if (isCall(predicate, 'and')) return predicate.args.some((arg) => rejectsNulls(arg, isNullable));
  if (isCall(predicate, 'or')) return predicate.args.every((arg) => rejectsNulls(arg, isNullable));
  if (isCall(predicate, 'is_not_null')) return nullTest(isNullable)(predicate.args[0]!);
  if (isCall(predicate, 'coalesce') && predicate.args.length === 2 && predicate.args[1] === FALSE) {
    return rejectsNulls(predicate.args[0]!, isNullable);
  }
  return nullTest(isNullable)(predicate);
}

/** Whether the expression is NULL in every such row. */
function nullTest(isNullable: (index: number) => boolean): (expr: Expr) => boolean {
  const isNullThere: (expr: Expr) => boolean = oncePerNode((expr) => {
    switch (expr.kind) {
      case 'ref': return isNullable(expr.index);
      case 'literal': return expr.value === null;
      case 'cast': case 'part': return isNullThere(expr.arg);
      case 'call': return scalarRow(expr.op).nulls === 'strict' && expr.args.some(isNullThere);
      default: return false;
    }
  });
  return isNullThere;
}

/** Whether the expression is NULL whatever the row. */
export const isAlwaysNull = nullTest(() => false);
