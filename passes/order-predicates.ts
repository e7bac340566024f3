/**
 * order-predicates: in one filter, the conjuncts that drop most rows for least work are asked first.
 *
 * Why correct: AND is commutative in three values. A conjunct that may fail (a cast, a checked overflow) or is volatile
 * keeps its place after those it stood behind: they may be what keeps it from failing.
 * The order is by cost / (1 - selectivity), which is best for independent predicates (Hellerstein 1994).
 * Before: filter (and (like c '%x%y%') (eq a 1))   After: filter (and (eq a 1) (like c '%x%y%'))
 * Numerics: exact.
 */
import type { Expr, Filter } from '../ir/node.js';
import { children } from '../ir/rewrite.js';
import type { ScalarOp } from '../ir/scalar.js';
import { conjuncts } from '../ir/terms.js';
import { estimateRows, type RowEstimator } from './estimate-rows.js';
import { mayFail } from '../ir/may-fail.js';
import { filtered, rewriteRelations } from './operator.js';
import type { Pass } from './pass.js';
import { oncePerNode } from '../ir/node-facts.js';

/** Work in units of a comparison of two numbers; what is not listed is 1. */
const COST: Partial<Record<ScalarOp, number>> = {
  like: 20,
  ilike: 30,
  contains: 15,
  starts_with: 5,
  ends_with: 5,
  regexp_matches: 100,
  regexp_full_match: 100,
  regexp_replace: 150,
  regexp_extract: 100,
  replace: 20,
  translate: 20,
  lower: 10,
  upper: 10,
  concat: 15,
  substring: 8,
  strftime: 100,
  split_part: 20,
  levenshtein: 150,
  date_part: 5,
  date_trunc: 5,
  exp: 5, ln: 5, pow: 10, sin: 5, cos: 5, tanh: 8, erf: 8, sigmoid: 6,
};
/** Text is compared byte by byte. */
const TEXT_COMPARISON = 3;

export const orderPredicates: Pass = {
  name: 'order-predicates',
  doc: 'cheap and selective conjuncts are asked first',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => {
    const estimator = estimateRows(context.statistics);
    return rewriteRelations(plan, (node) => {
      if (node.kind !== 'filter') return undefined;
      const after = filtered(node.input, ordered(node, estimator));
      if (after === node) return undefined;
      context.record({
        pass: 'order-predicates',
        rule: 'filter',
        before: node,
        after,
        reason: 'what is cheap and drops many rows comes first',
      });
      return after;
    });
  },
};

function ordered(node: Filter, estimator: RowEstimator): readonly Expr[] {
  const parts = conjuncts(node.predicate);
  const groups: Expr[][] = [[]];
  for (const part of parts) {
    // One that may fail stands alone, so that nothing moves across it.
    if (mayFail(part)) groups.push([part], []);
    else groups.at(-1)!.push(part);
  }
  const rank = (part: Expr): number => costOf(part) / Math.max(1 - estimator.selectivity(part, node.input), 0.01);
  return groups.flatMap((group) =>
    group
      .map((part) => ({ part, rank: rank(part) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ part }) => part),
  );
}

const costOf: (expr: Expr) => number = oncePerNode((expr: Expr) => {
  if (expr.kind === 'subquery') return 1;
  const below = children(expr).reduce((sum, child) => sum + costOf(child as Expr), 0);
  if (expr.kind === 'cast' || expr.kind === 'case') return below + 1;
  if (expr.kind !== 'call') return below;
  const text = expr.args.some((arg) => arg.type.kind === 'scalar' && arg.type.dtype === 'utf8');
  return below + (COST[expr.op] ?? (text ? TEXT_COMPARISON : 1));
});
