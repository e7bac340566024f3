/** Passes that walk relations from the top do so inside subqueries too: innermost first. */
import { make } from '../ir/build.js';
import type { Relation, Subquery } from '../ir/node.js';
import { rewriteBottomUp } from '../ir/rewrite.js';

/** The plan with every subquery's relation rewritten, and then the plan itself. */
export function withinSubqueries(
  plan: Relation,
  rewrite: (relation: Relation, subquery?: Subquery) => Relation,
): Relation {
  const inner = rewriteBottomUp(plan, (node) => {
    if (node.kind !== 'subquery') return undefined;
    const relation = rewrite(node.relation, node);
    return relation === node.relation ? node : make({ kind: 'subquery', mode: node.mode, arg: node.arg, relation });
  });
  return rewrite(inner);
}
