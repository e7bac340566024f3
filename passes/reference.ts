/**
 * References of expressions: which columns one reads, and putting other expressions in their place.
 *
 * A subquery inside an expression reads the row through `outer` nodes of the depth at which it stands, so every
 * function here follows both forms: `ref i` outside subqueries is `outer depth=d index=i` inside d of them.
 */
import { make } from '../ir/build.js';
import type { Expr, LiteralValue, Node, Ref, Relation } from '../ir/node.js';
import { children, withChildren } from '../ir/rewrite.js';
import { isVolatile, oncePerNode, reachesOut } from '../ir/node-facts.js';
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

/** How many subqueries further in than its node a child stands. */
function depthOfChild(node: Node, child: Node): number {
  return node.kind === 'subquery' && child === node.relation ? 1 : 0;
}

/** Every node once at each depth of subqueries at which it stands; what is below only where `visit` says so. */
export function walkByDepth(root: Node, visit: (node: Node, depth: number) => boolean): void {
  const seen: Set<Node>[] = [];
  const walk = (node: Node, depth: number): void => {
    const here = (seen[depth] ??= new Set());
    if (here.has(node)) return;
    here.add(node);
    if (!visit(node, depth)) return;
    for (const child of children(node)) walk(child, depth + depthOfChild(node, child));
  };
  walk(root, 0);
}

/** The same walk with a rule: another node for one, itself to leave it, `undefined` to rewrite its children. */
function rewriteByDepth(root: Node, rule: (node: Node, depth: number) => Node | undefined): Node {
  const done: Map<Node, Node>[] = [];
  const rewrite = (node: Node, depth: number): Node => {
    const here = (done[depth] ??= new Map());
    const known = here.get(node);
    if (known !== undefined) return known;
    const parts = (): readonly Node[] =>
      children(node).map((child) => rewrite(child, depth + depthOfChild(node, child)));
    const result = rule(node, depth) ?? withChildren(node, parts());
    here.set(node, result);
    return result;
  };
  return rewrite(root, 0);
}

/** The columns of its row that an expression reads. */
export const refsOf: (expr: Expr) => ReadonlySet<number> = oncePerNode((expr: Expr) => {
  const found = new Set<number>();
  walkByDepth(expr, (node, depth) => {
    if (node.kind === 'ref' && depth === 0) found.add(node.index);
    else if (node.kind === 'outer' && depth > 0 && node.depth === depth) found.add(node.index);
    return depth === 0 || reachesOut(node);
  });
  return found;
});

export type Replace = (index: number, type: ValueType) => Expr;

/** The expression with `replace(i)` in the place of column i. */
export function substitute(expr: Expr, replace: Replace): Expr {
  return rewriteByDepth(expr, (node, depth) => {
    if (node.kind === 'ref' && depth === 0) return replace(node.index, node.type);
    if (node.kind === 'outer' && depth > 0 && node.depth === depth)
      return shiftDepth(replace(node.index, node.type), depth);
    return depth > 0 && !reachesOut(node) ? node : undefined;
  }) as Expr;
}

/** The same expression seen from `by` subqueries further in. */
export function shiftDepth(expr: Expr, by: number): Expr {
  if (by === 0) return expr;
  return rewriteByDepth(expr, (node, depth) => {
    if (node.kind === 'ref' && depth === 0)
      return make({ kind: 'outer', depth: by, index: node.index, type: node.type });
    if (node.kind === 'outer' && node.depth >= Math.max(depth, 1)) return make({ ...node, depth: node.depth + by });
    return depth > 0 && !reachesOut(node) ? node : undefined;
  }) as Expr;
}

/**
 * A subquery's node moved into its enclosing query: `outer` of depth 1 becomes `replace(index)` (over the row it now
 * stands in; `undefined` leaves none to replace), deeper ones come one nearer.
 */
export function comeNearer<T extends Node>(root: T, replace: Replace): T {
  return rewriteByDepth(root, (node, depth) => {
    if (!reachesOut(node)) return node;
    if (node.kind !== 'outer') return undefined;
    if (node.depth === depth + 1) return shiftDepth(replace(node.index, node.type), depth);
    return node.depth > depth + 1 ? make({ ...node, depth: node.depth - 1 }) : node;
  }) as T;
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
  let found = false;
  walkByDepth(root, (node, nesting) => {
    if (node.kind === 'outer' && node.depth > nesting + depth) found = true;
    return !found && reachesOut(node);
  });
  return found;
}

/** [a, b, c] as (a AND b) AND c, each once; [] as undefined. */
export function conjoin(exprs: readonly Expr[]): Expr | undefined {
  const seen = new Set<Expr>();
  const kept = exprs.filter((expr) => isVolatile(expr) || (!seen.has(expr) && seen.add(expr)));
  return kept.length === 0
    ? undefined
    : kept.reduce((left, right) => make({ kind: 'call', op: 'and', args: [left, right] }));
}
