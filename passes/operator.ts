/**
 * Taking a relational operator apart: its inputs and its own expressions, and putting it together again.
 *
 * A node's own expressions are those over its input's row; the bodies of tensor maps are not among them, though a
 * `ref` stands there too (it counts input tensors).
 */
import { make } from '../ir/build.js';
import type { Expr, Node, Project, Relation, Tensor } from '../ir/node.js';
import { children, postorder, rewriteBottomUp, withChildren } from '../ir/rewrite.js';
import { allRefs, conjoin, namesOf } from './reference.js';

const EXPRS: ReadonlySet<Node['kind']> = new Set<Node['kind']>([
  'ref', 'literal', 'param', 'call', 'cast', 'case', 'pack', 'part', 'subquery', 'outer',
]);
const RELATIONS: ReadonlySet<Node['kind']> = new Set<Node['kind']>([
  'scan',
  'values',
  'filter',
  'project',
  'join',
  'aggregate',
  'window',
  'sort',
  'limit',
  'distinct',
  'setop',
  'series',
  'apply',
  'blocked',
]);

export function isExpr(node: Node): node is Expr {
  return EXPRS.has(node.kind);
}

export function isRelation(node: Node): node is Relation {
  return RELATIONS.has(node.kind);
}

export function isTensor(node: Node): node is Tensor {
  return !EXPRS.has(node.kind) && !RELATIONS.has(node.kind);
}

/** The relations an operator reads: none, one, or left and right. Those of subqueries are not among them. */
export function inputsOf(relation: Relation): readonly Relation[] {
  return children(relation).filter(isRelation);
}

/** The operator over other inputs and with other expressions; types are inferred anew. */
export function rebuild<T extends Relation>(
  node: T,
  change: { inputs?: readonly Relation[]; expr?: (expr: Expr) => Expr },
): T {
  let next = 0;
  const expr = change.expr ?? ((same: Expr) => same);
  const parts = children(node).map((child) => {
    if (isRelation(child)) return change.inputs?.[next++] ?? child;
    return isExpr(child) ? expr(child) : mapTensorExprs(child, expr);
  });
  return inferAnew(withChildren(node, parts)) as T;
}

/** The types of aggregates and windows follow from their parts; `withChildren` keeps the old one. */
export function inferAnew(node: Relation): Relation {
  if (node.kind !== 'aggregate' && node.kind !== 'window') return node;
  const { type: _, ...fields } = node;
  return make(fields as never) as Relation;
}

/** The tensors that one reads: not those of models in subqueries of the expressions it packs. */
function tensorsIn(node: Node): readonly Node[] {
  return children(node).filter(isTensor);
}

/** The tensor with `expr` applied to what its `to_tensor` leaves pack. */
export function mapTensorExprs<T extends Node>(tensor: T, expr: (expr: Expr) => Expr): T {
  const done = new Map<Node, Node>();
  for (const node of postorder(tensor, tensorsIn)) {
    const part = (child: Node): Node => {
      if (isTensor(child)) return done.get(child)!;
      return node.kind === 'to_tensor' ? expr(child as Expr) : child;
    };
    done.set(node, withChildren(node, children(node).map(part)));
  }
  return done.get(tensor) as T;
}

/** An operator's own expressions. */
export function exprsOf(relation: Relation): readonly Expr[] {
  if (relation.kind === 'apply') return tensorExprs(relation.outputs.map((output) => output.tensor));
  return children(relation).filter(isExpr);
}

/** What the `to_tensor` leaves of tensors pack. */
export function tensorExprs(tensors: readonly Tensor[]): readonly Expr[] {
  const nodes = new Set(tensors.flatMap((tensor) => postorder(tensor, tensorsIn)));
  return [...nodes].flatMap((node) => (node.kind === 'to_tensor' ? node.exprs : []));
}

/** Rewrites every relation of a plan bottom up, those of subqueries too. */
export function rewriteRelations(plan: Relation, rule: (relation: Relation) => Relation | undefined): Relation {
  return rewriteBottomUp(plan, (node) => (isRelation(node) ? rule(node) : undefined));
}

export function filtered(input: Relation, predicates: readonly Expr[]): Relation {
  const predicate = conjoin(predicates);
  return predicate === undefined ? input : make({ kind: 'filter', input, predicate });
}

export function projected(input: Relation, exprs: readonly Expr[], names: readonly string[]): Project {
  return make({ kind: 'project', input, exprs, names });
}

/** The first `count` columns of a relation. */
export function firstColumns(input: Relation, count: number): Relation {
  if (input.type.columns.length === count) return input;
  return projected(input, allRefs(input).slice(0, count), namesOf(input).slice(0, count));
}
