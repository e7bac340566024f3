/** Passes that walk relations from the top do so inside subqueries too: innermost first. */
import type { Relation, Subquery } from '../ir/node.js';
import { children, rewriteBottomUp, withChildren } from '../ir/rewrite.js';

/** The plan with every subquery's relation rewritten, and then the plan itself. */
export function withinSubqueries(
  plan: Relation,
  rewrite: (relation: Relation, subquery?: Subquery) => Relation,
): Relation {
  const inner = rewriteBottomUp(plan, (node) => {
    if (node.kind !== 'subquery') return undefined;
    const relation = rewrite(node.relation, node);
    return withChildren(node, children(node).map((child) => (child === node.relation ? relation : child)));
  });
  return rewrite(inner);
}
