/**
 * The oracle of relations: all rows of a relational node, in the slow and obvious way.
 *
 * A relation's rows depend on the node, the tables, the parameters and the enclosing rows it refers to; the rows of one
 * such combination are computed once (`memo`), so that a correlated subquery is evaluated once per distinct outer
 * value.
 */
import { asApply } from '../../ir/blocked.js';
import type { Limit, Relation, Series } from '../../ir/node.js';
import { ValueError } from '../../ir/scalar/errors.js';
import { keyOfRow } from '../../ir/scalar/order.js';
import type { Value } from '../../ir/scalar/value.js';
import type { TensorData } from '../../ir/tensor-data.js';
import { unreachable } from '../../ir/type.js';
import { aggregateRows } from './aggregate.js';
import { applyModel } from './apply.js';
import { evaluateExpr, type Row, type Scope } from './expression.js';
import { joinRows } from './join.js';
import { freeOuters, isRepeatable } from './outer.js';
import { combineRows, distinctRows } from './setop.js';
import { sortRows } from './sort.js';
import { windowRows } from './window.js';

export interface RelationContext {
  /** All rows of a table, with all columns of its schema. */
  readonly tables: (name: string) => readonly Row[];
  readonly params: readonly Value[];
  /** The weights of the models applied. */
  readonly tensors: TensorData;
}

/** The rows of `node`. The order is that of the last sort; without one it is unspecified. */
export function evaluateRelation(node: Relation, context: RelationContext): readonly Row[] {
  const memo = new Map<Relation, Map<string, readonly Row[]>>();
  const rowsOf = (relation: Relation, outer: readonly Row[]): readonly Row[] => {
    if (!isRepeatable(relation)) return compute(relation, scopeOf(outer), context);
    let known = memo.get(relation);
    if (known === undefined) memo.set(relation, (known = new Map()));
    const key = keyOfRow(freeOuters(relation).map((free) => outer[free.depth - 1]![free.index]!));
    let rows = known.get(key);
    if (rows === undefined) known.set(key, (rows = compute(relation, scopeOf(outer), context)));
    return rows;
  };
  const scopeOf = (outer: readonly Row[]): Scope => ({
    params: context.params,
    outer,
    relation: rowsOf,
    draws: new WeakMap(),
  });
  return rowsOf(node, []);
}

function compute(node: Relation, scope: Scope, context: RelationContext): readonly Row[] {
  const rowsOf = (input: Relation): readonly Row[] => scope.relation(input, scope.outer);
  switch (node.kind) {
    case 'scan': return context.tables(node.table).map((row) => node.columns.map((column) => row[column]!));
    case 'values': return node.rows.map((exprs) => exprs.map((expr) => evaluateExpr(expr, [], scope)));
    case 'filter': return rowsOf(node.input).filter((row) => evaluateExpr(node.predicate, row, scope) === true);
    case 'project': return rowsOf(node.input).map((row) => node.exprs.map((expr) => evaluateExpr(expr, row, scope)));
    case 'join': return joinRows(node, rowsOf(node.left), rowsOf(node.right), scope);
    case 'aggregate': return aggregateRows(node, rowsOf(node.input), scope);
    case 'window': return windowRows(node, rowsOf(node.input), scope);
    case 'sort': return sortRows(rowsOf(node.input), node.keys, scope).slice(0, node.limit ?? Infinity);
    case 'limit': return limitRows(node, rowsOf(node.input), scope);
    case 'distinct': return distinctRows(rowsOf(node.input));
    case 'setop': return combineRows(node, rowsOf(node.left), rowsOf(node.right));
    case 'series': return seriesRows(node, scope);
    case 'apply': return applyModel(node, rowsOf(node.input), { scope, data: context.tensors });
    case 'blocked': return applyModel(asApply(node), rowsOf(node.input), { scope, data: context.tensors });
    default: return unreachable(node);
  }
}

/** A NULL limit is none, a NULL offset is 0. */
function limitRows(node: Limit, rows: readonly Row[], scope: Scope): readonly Row[] {
  const [offset, limit] = [node.offset, node.limit].map((expr) =>
    expr === undefined ? null : evaluateExpr(expr, [], scope),
  );
  for (const count of [offset, limit]) {
    if (typeof count === 'bigint' && count < 0n)
      throw new ValueError(`LIMIT and OFFSET must not be negative: found ${count}`);
  }
  const start = Number(offset ?? 0n);
  return rows.slice(start, limit === null ? rows.length : start + Number(limit));
}

function seriesRows(node: Series, scope: Scope): readonly Row[] {
  const [start, stop, step] = [node.start, node.stop, node.step].map(
    (expr) => evaluateExpr(expr, [], scope) as bigint | null,
  );
  if (start == null || stop == null || step == null) return [];
  if (step === 0n) throw new ValueError('The step of a series is 0: another number was expected');
  const rows: Row[] = [];
  const past = (value: bigint): boolean => (value === stop ? !node.inclusive : step > 0n ? value > stop : value < stop);
  for (let value = start; !past(value); value += step) rows.push([value]);
  return rows;
}
