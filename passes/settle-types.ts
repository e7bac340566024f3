/**
 * Brings the types of a plan in line after a pass: a reference has the type of the column it names, and `case`,
 * aggregates and operators follow from their parts.
 *
 * Why it is needed: a pass that makes an outer join inner, or proves an expression not NULL, changes the
 * nullability of columns that are named further up. Passes need not care: the driver calls this after each.
 */
import { make } from '../ir/build.js';
import type { Case, Expr, Node, Part, Relation } from '../ir/node.js';
import { reachesOut } from '../ir/node-facts.js';
import { children, withChildren } from '../ir/rewrite.js';
import { withNullable, type Column, type ValueType } from '../ir/type.js';
import { inferAnew, isExpr, isRelation, isTensor, mapTensorExprs } from './operator.js';

/** Columns of the row at hand, then of the rows further out. */
type Rows = readonly (readonly Column[])[];

/** What is settled already: over the rows at hand, and what reads no rows further out, which is the same over all. */
interface Settled {
  readonly here: Map<Relation, Relation>;
  readonly anywhere: Map<Relation, Relation>;
}

export function settleTypes(plan: Relation): Relation {
  return settleRelation(plan, [], { here: new Map(), anywhere: new Map() });
}

function settleRelation(node: Relation, outer: Rows, settled: Settled): Relation {
  const done = reachesOut(node) ? settled.here : settled.anywhere;
  const known = done.get(node);
  if (known !== undefined) return known;
  const parts = children(node);
  const inputs = parts.filter(isRelation).map((input) => settleRelation(input, outer, settled));
  const rows: Rows = [inputs.flatMap((input) => input.type.columns), ...outer];
  let next = 0;
  // The activation of a blocked layer is a body over sums, not over the row.
  const overRow = node.kind !== 'blocked';
  const inside: Settled = { here: new Map(), anywhere: settled.anywhere };
  const part = (child: Node): Node => settlePart(child, { rows, overRow: overRow && isExpr(child), inside });
  const replaced = parts.map((child) => (isRelation(child) ? inputs[next++]! : part(child)));
  const result = inferAnew(withChildren(node, replaced));
  done.set(node, result);
  return result;
}

interface PartOptions {
  readonly rows: Rows;
  /** Whether a `ref` names a column; inside a tensor it does so only under `to_tensor`. */
  readonly overRow: boolean;
  /** In subqueries of the part. */
  readonly inside: Settled;
}

function settlePart(root: Node, { rows, overRow, inside }: PartOptions): Node {
  const done = new Map<Node, Node>();
  const settle = (node: Node): Node => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const result = settleNode(node);
    done.set(node, result);
    return result;
  };
  const settleNode = (node: Node): Node => {
    if (node.kind === 'ref') return retyped(node, rows[0]!);
    if (node.kind === 'outer') return rows[node.depth] === undefined ? node : retyped(node, rows[node.depth]!);
    const parts = children(node).map((child) =>
      isRelation(child) ? settleRelation(child, rows, inside) : settle(child),
    );
    return settleExplicit(withChildren(node, parts));
  };
  if (isTensor(root)) return mapTensorExprs(root, (expr) => settle(expr) as Expr);
  return overRow ? settle(root) : root;
}

function retyped<T extends Extract<Expr, { kind: 'ref' | 'outer' }>>(node: T, columns: readonly Column[]): Node {
  const type = columns[node.index]?.type;
  if (type === undefined) throw new Error(`${node.kind} ${node.index} names none of ${columns.length} columns`);
  return make({ ...node, type } as never) as Node;
}

function settleExplicit(node: Node): Node {
  if (node.kind === 'case') return make({ ...node, type: typeOfCase(node) });
  if (node.kind === 'part') return make({ ...node, type: typeOfPart(node) });
  return node;
}

function typeOfCase(node: Case): ValueType {
  const nullable = [...node.branches.map((branch) => branch.then), node.otherwise].some((expr) => expr.type.nullable);
  return withNullable(node.type, nullable);
}

function typeOfPart(node: Part): ValueType {
  const whole = node.arg.type;
  if (whole.kind === 'struct')
    return withNullable(whole.fields[node.index]!.type, whole.nullable || whole.fields[node.index]!.type.nullable);
  return node.type;
}
