/** The terms of an AND or OR, however it is nested. Their walk has a stack of its own: a query may have thousands. */
import type { Expr } from './node.js';

/** a AND (b AND c) as [a, b, c]; TRUE as []. */
export function conjuncts(expr: Expr | undefined): readonly Expr[] {
  if (expr === undefined) return [];
  return termsOf(expr, 'and').filter((term) => term.kind !== 'literal' || term.value !== true);
}

export function disjuncts(expr: Expr): readonly Expr[] {
  return termsOf(expr, 'or');
}

function termsOf(expr: Expr, op: 'and' | 'or'): readonly Expr[] {
  const terms: Expr[] = [];
  const rest = [expr];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next.kind === 'call' && next.op === op) rest.push(...[...next.args].reverse());
    else terms.push(next);
  }
  return terms;
}
