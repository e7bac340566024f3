/**
 * merge-projects: a projection of a projection is one; a filter of a filter is one; a projection that changes nothing
 * goes.
 *
 * Why correct: a column is what its expression says. An inner expression that is volatile, or costly and used more than
 * once, stays where it is, so that it is computed once; that is also how common subexpressions of chained projections
 * stay shared (within one projection equal expressions are one node).
 * Before: project [mul ref 0 2] (project [add ref 0 1])
 * After: project [mul (add ref 0 1) 2]
 * Numerics: exact.
 */
import type { Aggregate, Expr, Node, Project, Relation } from '../ir/node.js';
import { children } from '../ir/rewrite.js';
import { conjuncts } from '../ir/terms.js';
import { filtered, projected, rebuild, rewriteRelations } from './operator.js';
import type { Pass } from './pass.js';
import { isVolatile, oncePerNode } from '../ir/node-facts.js';
import { namesOf, substitute } from './reference.js';

/** The most calls in an expression that may be computed twice rather than kept apart. */
const CHEAP_CALLS = 1;

export const mergeProjects: Pass = {
  name: 'merge-projects',
  doc: 'chains of projections and of filters become one; projections that change nothing go',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => rewriteRelations(plan, (node) => {
    const found = merge(node);
    if (found === undefined) return undefined;
      context.record({
        pass: 'merge-projects',
        rule: found.rule,
        before: node,
        after: found.after,
        reason: found.reason,
      });
    return merge(found.after)?.after ?? found.after;
  }),
};

function merge(node: Relation): { rule: string; after: Relation; reason: string } | undefined {
  if (node.kind === 'filter' && node.input.kind === 'filter') {
    const after = filtered(node.input.input, [...conjuncts(node.input.predicate), ...conjuncts(node.predicate)]);
    return { rule: 'filter-of-filter', after, reason: 'one predicate is evaluated in one step' };
  }
  if (node.kind === 'project' && isIdentity(node))
    return { rule: 'identity', after: node.input, reason: 'it passes its input on as it is' };
  if (node.kind === 'project' && node.input.kind === 'project' && mayInline(node.input, node.exprs)) {
    const inner = node.input;
    const exprs = node.exprs.map((expr) => substitute(expr, (index) => inner.exprs[index]!));
    return {
      rule: 'project-of-project',
      after: projected(inner.input, exprs, node.names),
      reason: 'no expression is computed twice',
    };
  }
  if (node.kind === 'aggregate' && node.input.kind === 'project') return mergeAggregate(node, node.input);
  return undefined;
}

function mergeAggregate(
  node: Aggregate,
  inner: Project,
): { rule: string; after: Relation; reason: string } | undefined {
  if (!inner.exprs.every(isTrivial)) return undefined;
  const after = rebuild(node, {
    inputs: [inner.input],
    expr: (expr) => substitute(expr, (index) => inner.exprs[index]!),
  });
  return { rule: 'aggregate-of-project', after, reason: 'the projection only picks columns' };
}

function isIdentity(node: Project): boolean {
  const names = namesOf(node.input);
  return (
    node.exprs.length === names.length &&
    node.exprs.every((expr, i) => expr.kind === 'ref' && expr.index === i && node.names[i] === names[i])
  );
}

function mayInline(inner: Project, exprs: readonly Expr[]): boolean {
  const uses = countUses(exprs);
  return inner.exprs.every((expr, index) => {
    const count = uses.get(index) ?? 0;
    if (isVolatile(expr)) return count === 1;
    return count <= 1 || callsIn(expr) <= CHEAP_CALLS;
  });
}

function isTrivial(expr: Expr): boolean {
  return expr.kind === 'ref' || expr.kind === 'literal' || expr.kind === 'outer' || expr.kind === 'param';
}

/** How often each column is read by distinct expression nodes that hold it. */
function countUses(exprs: readonly Expr[]): ReadonlyMap<number, number> {
  const uses = new Map<number, number>();
  const seen = new Set<Node>();
  const visit = (node: Node, depth: number): void => {
    if (node.kind === 'ref' && depth === 0) uses.set(node.index, (uses.get(node.index) ?? 0) + 1);
    if (node.kind === 'outer' && node.depth === depth) uses.set(node.index, (uses.get(node.index) ?? 0) + 1);
    if (seen.has(node)) return;
    if (node.kind !== 'ref' && node.kind !== 'outer') seen.add(node);
    for (const child of children(node))
      visit(child, node.kind === 'subquery' && child === node.relation ? depth + 1 : depth);
  };
  for (const expr of exprs) visit(expr, 0);
  return uses;
}

/** The calls, casts and cases of an expression: what it costs to compute once more. */
export const callsIn: (expr: Expr) => number = oncePerNode((expr: Expr) => {
  if (expr.kind === 'subquery') return 0;
  const own = expr.kind === 'call' || expr.kind === 'cast' || expr.kind === 'case' ? 1 : 0;
  return children(expr).reduce((sum, child) => sum + callsIn(child as Expr), own);
});
