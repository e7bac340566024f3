/** Which predicates cannot be true where certain columns are NULL: what turns an outer join into an inner one. */
import type { Expr } from '../ir/node.js';
import { scalarRow } from '../ir/scalar.js';
import { FALSE } from './reference.js';
import { isCall, isNull } from './scalar-rules/rule.js';

/** Whether `predicate` is false or NULL in every row where all the columns that `isNullable` names are NULL. */
export function rejectsNulls(predicate: Expr, isNullable: (index: number) => boolean): boolean {
  if (predicate === FALSE || isNull(predicate)) return true;
  if (isCall(predicate, 'and')) return predicate.args.some((arg) => rejectsNulls(arg, isNullable));
  if (isCall(predicate, 'or')) return predicate.args.every((arg) => rejectsNulls(arg, isNullable));
  if (isCall(predicate, 'is_not_null')) return isNullWith(predicate.args[0]!, isNullable);
  if (isCall(predicate, 'coalesce') && predicate.args.length === 2 && predicate.args[1] === FALSE) {
    return rejectsNulls(predicate.args[0]!, isNullable);
  }
  return isNullWith(predicate, isNullable);
}

/** Whether the expression is NULL in every such row. */
function isNullWith(expr: Expr, isNullable: (index: number) => boolean): boolean {
  switch (expr.kind) {
    case 'ref': return isNullable(expr.index);
    case 'literal': return expr.value === null;
    case 'cast': case 'part': return isNullWith(expr.arg, isNullable);
    case 'call': return scalarRow(expr.op).nulls === 'strict' && expr.args.some((arg) => isNullWith(arg, isNullable));
    default: return false;
  }
}

/** Whether the expression is NULL whatever the row. */
export function isAlwaysNull(expr: Expr): boolean {
  return isNullWith(expr, () => false);
}
