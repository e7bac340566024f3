/**
 * References of expressions: which columns one reads, and putting other expressions in their place.
 *
 * A subquery inside an expression reads the row through `outer` nodes of the depth at which it stands, so every
 * function here follows both forms: `ref i` outside subqueries is `outer depth=d index=i` inside d of them.
 */
import { make } from '../ir/build.js';
import type { Expr, LiteralValue, Node, Ref, Relation } from '../ir/node.js';
import { children, withChildren } from '../ir/rewrite.js';
import { VOLATILE } from '../ir/scalar.js';
import type { DType } from '../ir/dtype.js';
import { scalar, type Column, type ValueType } from '../ir/type.js';

export function literal(value: LiteralValue, dtype: DType): Expr {
  return make({ kind: 'literal', value, type: scalar(dtype, { nullable: value === null }) });
}

export const TRUE: Expr = literal(true, 'bool');
export const FALSE: Expr = literal(false, 'bool');

export function columnRef(columns: readonly Column[], index: number): Ref {
  const column = columns[index];
  if (column === undefined) throw new Error(`column ${index} of ${columns.length}`);
  return make({ kind: 'ref', index, type: column.type });
}

/** References to all columns, in order. */
export function allRefs(relation: Relation): readonly Ref[] {
  return relation.type.columns.map((_, index) => columnRef(relation.type.columns, index));
}

export function namesOf(relation: Relation): readonly string[] {
  return relation.type.columns.map((column) => column.name);
}

/** The columns of its row that an expression reads. */
export function refsOf(expr: Expr): ReadonlySet<number> {
  const found = new Set<number>();
  visitRow(expr, 0, (index) => found.add(index));
  return found;
}

function visitRow(node: Node, depth: number, visit: (index: number) => void): void {
  if (node.kind === 'ref' && depth === 0) visit(node.index);
  else if (node.kind === 'outer' && depth > 0 && node.depth === depth) visit(node.index);
  else if (node.kind === 'subquery') {
    if (node.arg !== undefined) visitRow(node.arg, depth, visit);
    visitRow(node.relation, depth + 1, visit);
  } else if (depth === 0 || reachesOut(node)) {
    for (const child of children(node)) visitRow(child, depth, visit);
  }
}

const outward = new WeakMap<Node, boolean>();

/** Whether an `outer` stands anywhere below: spares the walk through plain subqueries. */
function reachesOut(node: Node): boolean {
  const known = outward.get(node);
  if (known !== undefined) return known;
  const result = node.kind === 'outer' || children(node).some(reachesOut);
  outward.set(node, result);
  return result;
}

export type Replace = (index: number, type: ValueType) => Expr;

/** The expression with `replace(i)` in the place of column i. */
export function substitute(expr: Expr, replace: Replace): Expr {
  return substituteAt(expr, 0, replace) as Expr;
}

function substituteAt(node: Node, depth: number, replace: Replace): Node {
  if (node.kind === 'ref' && depth === 0) return replace(node.index, node.type);
  if (node.kind === 'outer' && depth > 0 && node.depth === depth)
    return shiftDepth(replace(node.index, node.type), depth);
  if (depth > 0 && !reachesOut(node)) return node;
  if (node.kind === 'subquery') {
    const parts = children(node).map((child) =>
      substituteAt(child, child === node.relation ? depth + 1 : depth, replace),
    );
    return withChildren(node, parts);
  }
  return withChildren(node, children(node).map((child) => substituteAt(child, depth, replace)));
}

/** The same expression seen from `by` subqueries further in. */
export function shiftDepth(expr: Expr, by: number): Expr {
  if (by === 0) return expr;
  const visit = (node: Node, nesting: number): Node => {
    if (node.kind === 'ref' && nesting === 0)
      return make({ kind: 'outer', depth: by, index: node.index, type: node.type });
    if (node.kind === 'outer' && node.depth >= Math.max(nesting, 1)) return make({ ...node, depth: node.depth + by });
    if (nesting > 0 && !reachesOut(node)) return node;
    if (node.kind === 'subquery') {
      return withChildren(
        node,
        children(node).map((child) => visit(child, child === node.relation ? nesting + 1 : nesting)),
      );
    }
    return withChildren(node, children(node).map((child) => visit(child, nesting)));
  };
  return visit(expr, 0) as Expr;
}

/**
 * A subquery's node moved into its enclosing query: `outer` of depth 1 becomes `replace(index)` (over the row it now
 * stands in; `undefined` leaves none to replace), deeper ones come one nearer.
 */
export function comeNearer<T extends Node>(root: T, replace: Replace): T {
  const visit = (node: Node, nesting: number): Node => {
    if (!reachesOut(node)) return node;
    if (node.kind === 'outer') {
      if (node.depth === nesting + 1) return shiftDepth(replace(node.index, node.type), nesting);
      return node.depth > nesting + 1 ? make({ ...node, depth: node.depth - 1 }) : node;
    }
    if (node.kind === 'subquery') {
      return withChildren(
        node,
        children(node).map((child) => visit(child, child === node.relation ? nesting + 1 : nesting)),
      );
    }
    return withChildren(node, children(node).map((child) => visit(child, nesting)));
  };
  return visit(root, 0) as T;
}

export function shiftRefs(expr: Expr, by: number): Expr {
  return by === 0 ? expr : renumber(expr, (index) => index + by);
}

/** The expression with column i called `map(i)`. */
export function renumber(expr: Expr, map: (index: number) => number): Expr {
  return substitute(expr, (index, type) => make({ kind: 'ref', index: map(index), type }));
}

/** Whether a node reads a row further out than `depth` queries: with 0, whether a subquery's relation is correlated. */
export function isCorrelated(root: Node, depth = 0): boolean {
  const visit = (node: Node, nesting: number): boolean => {
    if (!reachesOut(node)) return false;
    if (node.kind === 'outer') return node.depth > nesting;
    if (node.kind === 'subquery') {
      return children(node).some((child) => visit(child, child === node.relation ? nesting + 1 : nesting));
    }
    return children(node).some((child) => visit(child, nesting));
  };
  return visit(root, depth);
}

const volatility = new WeakMap<Node, boolean>();

/** Whether it must not be folded, copied or moved across a filter. */
export function isVolatile(node: Node): boolean {
  const known = volatility.get(node);
  if (known !== undefined) return known;
  const result = (node.kind === 'call' && VOLATILE.has(node.op)) || children(node).some(isVolatile);
  volatility.set(node, result);
  return result;
}

export function hasSubquery(expr: Expr): boolean {
  return expr.kind === 'subquery' || children(expr).some((child) => hasSubquery(child as Expr));
}

/** a AND (b AND c) as [a, b, c]; TRUE as []. */
export function conjuncts(expr: Expr | undefined): readonly Expr[] {
  if (expr === undefined || expr === TRUE) return [];
  return expr.kind === 'call' && expr.op === 'and' ? expr.args.flatMap(conjuncts) : [expr];
}

/** [a, b, c] as (a AND b) AND c, each once; [] as undefined. */
export function conjoin(exprs: readonly Expr[]): Expr | undefined {
  const distinct = [...new Set(exprs)];
  return distinct.length === 0
    ? undefined
    : distinct.reduce((left, right) => make({ kind: 'call', op: 'and', args: [left, right] }));
}

export function disjuncts(expr: Expr): readonly Expr[] {
  return expr.kind === 'call' && expr.op === 'or' ? expr.args.flatMap(disjuncts) : [expr];
}
