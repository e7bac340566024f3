/**
 * Joins: the right side is built into a hash table, the left side probes it in its own pipeline.
 *
 * Equalities between the sides are keys; what else `on` says is checked at each match. Without a key the table is one
 * chain, a nested loop. A right join is a left join with the sides swapped.
 */
import { make } from '../../ir/build.js';
import type { Call, Expr, Join, Relation } from '../../ir/node.js';
import { isVolatile } from '../../ir/node-facts.js';
import { postorder, rewriteBottomUp } from '../../ir/rewrite.js';
import { conjuncts } from '../../ir/terms.js';
import { after, fieldNumbers, fromSource, type Lowering, type Stream } from './lower.js';
import type { JoinBuild } from './physical.js';

interface Condition {
  readonly keys: readonly { readonly left: Expr; readonly right: Expr; readonly nullSafe: boolean }[];
  readonly residual: Expr | undefined;
}

export function lowerJoin(lowering: Lowering, node: Join): Stream {
  if (node.join === 'right') return lowering.stream(swapped(node));
  const leftWidth = node.left.type.columns.length;
  const { keys, residual } = conditionOf(node.on, leftWidth);
  const build = buildSide(lowering, node, keys);
  const kind = node.join === 'cross' ? 'inner' : node.join;
  const probe = after(lowering.stream(node.left), {
    kind: 'probe',
    join: kind,
    build,
    leftWidth,
    keys: keys.map((key) => key.left),
    residual,
  });
  if (kind !== 'full') return probe;
  const rows = lowering.tuples(node.type.columns.map((column) => column.type));
  lowering.close(probe, { kind: 'buffer', rows });
  const unmatched = fromSource({ kind: 'unmatched', build });
  lowering.close(after(unmatched, { kind: 'pad_left', types: node.left.type.columns.map((column) => column.type) }), {
    kind: 'buffer',
    rows,
  });
  return fromSource({ kind: 'buffer', rows });
}

/** A table that nobody marks is built once for all joins with the same rows by the same keys. */
function buildSide(lowering: Lowering, node: Join, keys: Condition['keys']): JoinBuild {
  if (node.join === 'full' || isVolatile(node.right) || keys.some(({ right }) => isVolatile(right)))
    return newBuild(lowering, node, keys);
  const known = lowering.builds.get(node.right) ?? [];
  const found = known.find((build) =>
    build.keys.length === keys.length &&
    build.keys.every(({ expr, nullSafe }, i) => expr === keys[i]!.right && nullSafe === keys[i]!.nullSafe));
  if (found !== undefined) return found;
  const build = newBuild(lowering, node, keys);
  lowering.builds.set(node.right, [...known, build]);
  return build;
}

function newBuild(lowering: Lowering, node: Join, keys: Condition['keys']): JoinBuild {
  const columns = node.right.type.columns.map((column) => column.type);
  const types = [...columns];
  const columnFields = fieldNumbers(columns);
  const placed = keys.map(({ right: expr, nullSafe }) => {
    if (expr.kind === 'ref') return { expr, nullSafe, field: columnFields[expr.index]! };
    types.push(expr.type);
    return { expr, nullSafe, field: fieldNumbers(types)[types.length - 1]! };
  });
  const build: JoinBuild = {
    rows: lowering.tuples(types),
    keys: placed,
    columnCount: columns.length,
    names: node.right.type.columns.map((column) => column.name),
    keepsUnmatched: node.join === 'full',
  };
  lowering.close(lowering.stream(node.right), { kind: 'build', build });
  return build;
}

/** Splits a conjunction into equalities of a left with a right expression, and the rest. */
export function conditionOf(on: Expr | undefined, leftWidth: number): Condition {
  const keys: Condition['keys'][number][] = [];
  const rest: Expr[] = [];
  for (const conjunct of conjuncts(on)) {
    const key = keyOf(conjunct, leftWidth);
    if (key === undefined) rest.push(conjunct);
    else keys.push(key);
  }
  return {
    keys,
    residual: rest.reduce<Expr | undefined>(
      (all, expr) => (all === undefined ? expr : make({ kind: 'call', op: 'and', args: [all, expr] })),
      undefined,
    ),
  };
}

function keyOf(expr: Expr, leftWidth: number): Condition['keys'][number] | undefined {
  if (expr.kind !== 'call' || (expr.op !== 'eq' && expr.op !== 'is_not_distinct')) return undefined;
  const nullSafe = expr.op === 'is_not_distinct';
  const [a, b] = [expr.args[0]!, expr.args[1]!];
  if (a.type.kind !== 'scalar' || b.type.kind !== 'scalar') return undefined;
  const [sideA, sideB] = [sideOf(a, leftWidth), sideOf(b, leftWidth)];
  if (sideA === 'left' && sideB === 'right') return { left: a, right: shifted(b, -leftWidth), nullSafe };
  if (sideA === 'right' && sideB === 'left') return { left: b, right: shifted(a, -leftWidth), nullSafe };
  return undefined;
}

function sideOf(expr: Expr, leftWidth: number): 'left' | 'right' | 'both' | 'none' {
  let side: 'left' | 'right' | 'both' | 'none' = 'none';
  for (const node of postorder(expr)) {
    if (node.kind !== 'ref') continue;
    const here = node.index < leftWidth ? 'left' : 'right';
    side = side === 'none' || side === here ? here : 'both';
  }
  return side;
}

function shifted(expr: Expr, by: number): Expr {
  return rewriteBottomUp(expr, (node) =>
    node.kind === 'ref' ? make({ kind: 'ref', index: node.index + by, type: node.type }) : undefined,
  );
}

/** a RIGHT JOIN b on p = the columns in a's order of (b LEFT JOIN a on p). */
function swapped(node: Join): Relation {
  const [leftWidth, rightWidth] = [node.left.type.columns.length, node.right.type.columns.length];
  const moved = (index: number): number => (index < leftWidth ? index + rightWidth : index - leftWidth);
  const on =
    node.on === undefined
      ? undefined
      : rewriteBottomUp<Call | Expr>(node.on, (inner) =>
          inner.kind === 'ref' ? make({ kind: 'ref', index: moved(inner.index), type: inner.type }) : undefined,
        );
  const join = make({ kind: 'join', join: 'left', left: node.right, right: node.left, on });
  const exprs = node.type.columns.map((column, index) => make({ kind: 'ref', index: moved(index), type: column.type }));
  return make({ kind: 'project', input: join, exprs, names: node.type.columns.map((column) => column.name) });
}
