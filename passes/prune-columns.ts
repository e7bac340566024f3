/**
 * prune-columns: what nobody reads is not computed, joined or read from disk, from the root down to the scans.
 *
 * Why correct: an operator's row count and its other columns do not depend on a column that no expression above reads.
 * Distinct, intersect and except compare whole rows: they need every column. A model output that is not read goes, and
 * with the last one the model; the features that fed only it go too. A left join to a side with at most one row a key,
 * none of whose columns is read, goes.
 * Before: project [ref 0] (scan t [0, 1, 2])   After: project [ref 0] (scan t [0])
 * Numerics: exact.
 */
import { make } from '../ir/build.js';
import { dtypeInfo, isVariableLength } from '../ir/dtype.js';
import type { Aggregate, Apply, Expr, Join, Relation, Scan, SetOperation, Window } from '../ir/node.js';
import { conjuncts } from '../ir/terms.js';
import { exprsOf, mapTensorExprs, projected, rebuild, tensorExprs } from './operator.js';
import type { Pass, PassContext } from './pass.js';
import { isVolatile } from '../ir/node-facts.js';
import { columnRef, namesOf, refsOf, renumber, TRUE } from './reference.js';
import { withinSubqueries } from './rewrite-subqueries.js';
import { isCall } from './scalar-rules/rule.js';

type Columns = ReadonlySet<number>;

/** A relation with at least the columns asked for, and where each of them is now. */
interface Pruned {
  readonly relation: Relation;
  readonly at: (column: number) => number;
}

type Prune = (relation: Relation, needed: Columns) => Pruned;

export const pruneColumns: Pass = {
  name: 'prune-columns',
  doc: 'columns, model outputs and features that nothing reads are dropped, down to the scans',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => withinSubqueries(plan, (relation, subquery) => {
    const wanted = subquery?.mode === 'exists' ? [] : relation.type.columns.map((_, index) => index);
    const prune = pruning(context);
      return subquery?.mode === 'exists'
        ? prune(relation, new Set()).relation
        : exactly(prune(relation, new Set(wanted)), wanted, relation);
  }),
};

function pruning(context: PassContext): Prune {
  const done = new Map<Relation, Map<string, Pruned>>();
  const prune: Prune = (relation, needed) => {
    const key = [...needed].sort((a, b) => a - b).join();
    const known = done.get(relation) ?? new Map<string, Pruned>();
    done.set(relation, known);
    const result = known.get(key) ?? pruneNode(relation, needed, prune, context);
    known.set(key, result);
    return result;
  };
  return prune;
}

/** Just these columns in this order, with the names of the relation they are of. */
function exactly(pruned: Pruned, columns: readonly number[], of: Relation): Relation {
  const { relation, at } = pruned;
  const width = relation.type.columns.length;
  if (width === columns.length && columns.every((column, i) => at(column) === i)) return relation;
  if (columns.length === 0) return relation;
  return projected(
    relation,
    columns.map((column) => columnRef(relation.type.columns, at(column))),
    columns.map((column) => namesOf(of)[column]!),
  );
}

function pruneNode(node: Relation, needed: Columns, prune: Prune, context: PassContext): Pruned {
  switch (node.kind) {
    case 'scan': return pruneScan(node, needed, context);
    case 'series': return { relation: node, at: (column) => column };
    case 'values': {
      const kept = keep(node.type.columns.length, needed);
      const rows = node.rows.map((row) => kept.map((index) => row[index]!));
      const columns = kept.map((index) => node.type.columns[index]!);
      return { relation: make({ kind: 'values', rows, type: { kind: 'relation', columns } }), at: positions(kept) };
    }
    case 'filter': case 'limit': case 'sort': {
      const input = prune(node.input, union(needed, ...exprsOf(node).map(refsOf)));
      return {
        relation: rebuild(node, { inputs: [input.relation], expr: (expr) => renumber(expr, input.at) }),
        at: input.at,
      };
    }
    case 'project': {
      const kept = [...needed].sort((a, b) => a - b);
      const exprs = kept.map((index) => node.exprs[index]!);
      const input = prune(node.input, union(...exprs.map(refsOf)));
      const moved = exprs.map((expr) => renumber(expr, input.at));
      if (kept.length === 0) return { relation: projected(input.relation, [TRUE], ['row']), at: positions([]) };
      return {
        relation: projected(
          input.relation,
          moved,
          kept.map((index) => node.names[index]!),
        ),
        at: positions(kept),
      };
    }
    case 'join': return pruneJoin(node, needed, prune, context);
    case 'aggregate': return pruneAggregate(node, needed, prune, context);
    case 'window': {
      const width = node.input.type.columns.length;
      const kept = node.calls.map((_, i) => i).filter((i) => needed.has(width + i));
      const inputNeeds = new Set([...needed].filter((index) => index < width));
      if (kept.length === 0) {
        recordCalls(node, 0, node.input, context);
        return prune(node.input, inputNeeds);
      }
      const smaller = make({ kind: 'window', input: node.input, calls: kept.map((i) => node.calls[i]!) });
      recordCalls(node, kept.length, smaller, context);
      const input = prune(node.input, union(inputNeeds, ...exprsOf(smaller).map(refsOf)));
      const relation = rebuild(smaller, { inputs: [input.relation], expr: (expr) => renumber(expr, input.at) });
      const newWidth = input.relation.type.columns.length;
      return {
        relation,
        at: (column) => (column < width ? input.at(column) : newWidth + kept.indexOf(column - width)),
      };
    }
    case 'distinct': {
      const all = allColumns(node.input);
      return {
        relation: rebuild(node, { inputs: [exactly(prune(node.input, new Set(all)), all, node.input)] }),
        at: (column) => column,
      };
    }
    case 'setop': return pruneSetOperation(node, needed, prune);
    case 'blocked': throw new Error('blocked layers are made after pruning');
    case 'apply': return pruneApply(node, needed, prune, context);
  }
}

function allColumns(relation: Relation): readonly number[] {
  return relation.type.columns.map((_, index) => index);
}

function union(...sets: readonly Columns[]): Columns {
  return new Set(sets.flatMap((set) => [...set]));
}

/**
 * The needed ones of `count` columns in order; the first where none is: only the row without FROM and that of HAVING
 * without an aggregate have no columns.
 */
function keep(count: number, needed: Columns): readonly number[] {
  const kept = Array.from({ length: count }, (_, index) => index).filter((index) => needed.has(index));
  return kept.length === 0 && count > 0 ? [0] : kept;
}

function positions(kept: readonly number[]): (column: number) => number {
  return (column) => {
    const position = kept.indexOf(column);
    if (position < 0) throw new Error(`column ${column} was pruned though it is read`);
    return position;
  };
}

function pruneScan(node: Scan, needed: Columns, context: PassContext): Pruned {
  const read = needed.size === 0 ? [narrowest(node)] : keep(node.columns.length, needed);
  const relation = make({
    kind: 'scan',
    table: node.table,
    schema: node.schema,
    columns: read.map((index) => node.columns[index]!),
  });
  if (relation !== node) {
    const reason = `${node.columns.length - read.length} of ${node.columns.length} columns are not read by anything above`;
    context.record({ pass: 'prune-columns', rule: 'scan', before: node, after: relation, reason });
  }
  return { relation, at: positions(read) };
}

/** The column that costs least where only the number of rows matters. */
function narrowest(node: Scan): number {
  const widths = node.type.columns.map(({ type }) => {
    if (type.kind !== 'scalar') return Infinity;
    return isVariableLength(type.dtype) ? 1e6 : dtypeInfo(type.dtype).widthBytes;
  });
  return widths.indexOf(Math.min(...widths));
}

function pruneJoin(node: Join, needed: Columns, prune: Prune, context: PassContext): Pruned {
  const width = node.left.type.columns.length;
  const rightOut = [...needed].filter((index) => index >= width);
  if (node.join === 'left' && rightOut.length === 0 && matchesOnceAtMost(node, width)) {
    const left = prune(node.left, needed);
    const reason = 'its right side adds neither rows nor columns that are read';
    context.record({ pass: 'prune-columns', rule: 'join', before: node, after: left.relation, reason });
    return left;
  }
  const all = [...union(needed, node.on === undefined ? new Set() : refsOf(node.on))].sort((a, b) => a - b);
  const leftNeeds = all.filter((index) => index < width);
  const rightNeeds = all.filter((index) => index >= width).map((index) => index - width);
  const left = exactly(prune(node.left, new Set(leftNeeds)), leftNeeds, node.left);
  const right = exactly(prune(node.right, new Set(rightNeeds)), rightNeeds, node.right);
  const newWidth = left.type.columns.length;
  const at = (column: number): number =>
    (column < width ? leftNeeds.indexOf(column) : newWidth + rightNeeds.indexOf(column - width));
  const on = node.on === undefined ? undefined : renumber(node.on, at);
  return { relation: make({ kind: 'join', join: node.join, left, right, on }), at };
}

/** Whether the right side has at most one row for each left one: all it is grouped by equals values of the left. */
function matchesOnceAtMost(node: Join, width: number): boolean {
  const keys = new Set(conjuncts(node.on).flatMap((predicate) => {
    if (!isCall(predicate, 'eq', 'is_not_distinct')) return [];
    const [a, b] = predicate.args as readonly [Expr, Expr];
    if (a.kind === 'ref' && a.index >= width && isOfLeft(b, width)) return [a.index - width];
    return b.kind === 'ref' && b.index >= width && isOfLeft(a, width) ? [b.index - width] : [];
  }));
  const right = node.right;
  if (right.kind === 'aggregate') return right.groups.every((_, index) => keys.has(index));
  return right.kind === 'distinct' && right.type.columns.every((_, index) => keys.has(index));
}

function isOfLeft(value: Expr, width: number): boolean {
  return !isVolatile(value) && [...refsOf(value)].every((index) => index < width);
}

/** For explain: an aggregate or window with the `kept` of its calls, or without any. */
function recordCalls(node: Aggregate | Window, kept: number, after: Relation, context: PassContext): void {
  if (kept === node.calls.length) return;
  const reason = `${node.calls.length - kept} of ${node.calls.length} calls are not read by anything above`;
  context.record({ pass: 'prune-columns', rule: node.kind, before: node, after, reason });
}

function pruneAggregate(node: Aggregate, needed: Columns, prune: Prune, context: PassContext): Pruned {
  const groupCount = node.groups.length;
  const wanted = new Set(node.calls.map((_, i) => i).filter((i) => needed.has(groupCount + i)));
  const kept = groupCount === 0 ? keep(node.calls.length, wanted) : [...wanted];
  const smaller = make({
    kind: 'aggregate',
    input: node.input,
    groups: node.groups,
    calls: kept.map((i) => node.calls[i]!),
  });
  recordCalls(node, kept.length, smaller, context);
  const input = prune(node.input, union(...exprsOf(smaller).map(refsOf)));
  const relation = rebuild(smaller, { inputs: [input.relation], expr: (expr) => renumber(expr, input.at) });
  return { relation, at: (column) => (column < groupCount ? column : groupCount + kept.indexOf(column - groupCount)) };
}

function pruneSetOperation(node: SetOperation, needed: Columns, prune: Prune): Pruned {
  const wanted = node.op === 'union' && node.all ? keep(node.type.columns.length, needed) : allColumns(node);
  const side = (input: Relation): Relation => exactly(prune(input, new Set(wanted)), wanted, input);
  return { relation: rebuild(node, { inputs: [side(node.left), side(node.right)] }), at: positions(wanted) };
}

function pruneApply(node: Apply, needed: Columns, prune: Prune, context: PassContext): Pruned {
  const width = node.input.type.columns.length;
  const kept = node.outputs.map((_, i) => i).filter((i) => needed.has(width + i));
  const inputNeeds = new Set([...needed].filter((index) => index < width));
  const outputs = kept.map((i) => node.outputs[i]!);
  const input = prune(
    node.input,
    union(inputNeeds, ...tensorExprs(outputs.map((output) => output.tensor)).map(refsOf)),
  );
  if (kept.length < node.outputs.length) {
    const dropped = node.outputs.length - kept.length;
    const reason =
      kept.length === 0 ? `nothing reads model ${node.model}` : `${dropped} outputs of ${node.model} are not read`;
    context.record({ pass: 'prune-columns', rule: 'model-outputs', before: node, after: input.relation, reason });
  }
  if (kept.length === 0) return input;
  const moved = outputs.map(({ name, tensor }) => ({
    name,
    tensor: mapTensorExprs(tensor, (expr: Expr) => renumber(expr, input.at)),
  }));
  const newWidth = input.relation.type.columns.length;
  return {
    relation: make({ kind: 'apply', input: input.relation, model: node.model, outputs: moved }),
    at: (column) => (column < width ? input.at(column) : newWidth + kept.indexOf(column - width)),
  };
}
