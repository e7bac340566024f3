/**
 * Makes a subquery's relation independent of its enclosing row: what it asked of that row becomes conditions for a
 * join.
 *
 * Conditions go up from filters: through projections and joins as they are, and through an aggregate or distinct as
 * further group keys, if they say `outer expression = inner expression`. Where they say anything else, the distinct
 * outer values are joined in below (bind-domain.ts), and the condition becomes equality with them. A limit becomes a
 * condition on the numbers of the rows of each key.
 */
import { make } from '../ir/build.js';
import type { Aggregate, Apply, Expr, Join, Limit, Project, Relation, WindowCall } from '../ir/node.js';
import { isVolatile } from '../ir/node-facts.js';
import { scalar } from '../ir/type.js';
import { conjuncts } from '../ir/terms.js';
import { bindDomain, outerColumns, readsAround, type Pulled } from './bind-domain.js';
import { exprsOf, filtered, projected, rebuild } from './operator.js';
import { columnRef, conjoin, literal, refsOf, renumber, shiftRefs, substitute } from './reference.js';
import { call, isCall } from './scalar-rules/rule.js';

/** `around` is the relation of the enclosing rows. `undefined`: a form that is left as it is. */
export function pullCorrelation(node: Relation, around: Relation): Pulled | undefined {
  if (!readsAround(node)) return { relation: node, predicates: [], whenEmpty: undefined };
  switch (node.kind) {
    case 'filter': {
      const inner = pullRows(node.input, around);
      if (inner === undefined || isVolatile(node.predicate)) return undefined;
      const parts = conjuncts(node.predicate);
      const pulled = parts.filter(readsAround);
      const own = parts.filter((part) => !readsAround(part));
      return {
        relation: filtered(inner.relation, own),
        predicates: [...inner.predicates, ...pulled],
        whenEmpty: undefined,
      };
    }
    case 'project':
      return pullProject(node, around);
    case 'join':
      return pullJoin(node, around);
    case 'aggregate':
      return pullAggregate(node, around);
    case 'distinct': {
      const groups = node.input.type.columns.map((column, index) => ({
        expr: columnRef(node.input.type.columns, index),
        name: column.name,
      }));
      return pullAggregate(make({ kind: 'aggregate', input: node.input, groups, calls: [] }), around);
    }
    case 'sort': {
      if (node.limit !== undefined || node.keys.some((key) => readsAround(key.expr))) return undefined;
      const inner = pullCorrelation(node.input, around);
      return inner && { ...inner, relation: rebuild(node, { inputs: [inner.relation] }) };
    }
    case 'limit':
      return pullLimit(node, around);
    case 'apply':
      return pullApply(node, around);
    default:
      return undefined;
  }
}

/** The same with the rows that `whenEmpty` stands for among those of the relation. */
function everyRow(pulled: Pulled | undefined, around: Relation): Pulled | undefined {
  return pulled?.whenEmpty === undefined ? pulled : bindDomain(pulled, [], around)?.pulled;
}

function pullRows(node: Relation, around: Relation): Pulled | undefined {
  return everyRow(pullCorrelation(node, around), around);
}

function pullProject(node: Project, around: Relation): Pulled | undefined {
  let inner = pullCorrelation(node.input, around);
  if (inner === undefined) return undefined;
  let exprs = node.exprs;
  if (exprs.some(readsAround)) {
    const bound = bindDomain(inner, exprs, around);
    if (bound === undefined) return undefined;
    [inner, exprs] = [bound.pulled, bound.exprs];
  }
  const extras = [...new Set(inner.predicates.flatMap((predicate) => [...refsOf(predicate)]))];
  const columns = inner.relation.type.columns;
  const relation = projected(
    inner.relation,
    [...exprs, ...extras.map((index) => columnRef(columns, index))],
    [...node.names, ...extras.map((index) => columns[index]!.name)],
  );
  const predicates = inner.predicates.map((predicate) =>
    renumber(predicate, (index) => exprs.length + extras.indexOf(index)),
  );
  const { whenEmpty } = inner;
  return {
    relation,
    predicates,
    whenEmpty: whenEmpty && exprs.map((expr) => substitute(expr, (index) => whenEmpty[index]!)),
  };
}

function pullJoin(node: Join, around: Relation): Pulled | undefined {
  const inner = node.join === 'inner' || node.join === 'cross';
  const on = conjuncts(node.on);
  const leftOnly = node.join === 'left' || node.join === 'semi' || node.join === 'anti';
  if (!inner && !leftOnly) return undefined;
  if (!inner && (readsAround(node.right) || on.some(readsAround))) return pullOneSided(node, on, around);
  const [left, right] = [pullRows(node.left, around), pullRows(node.right, around)];
  if (left === undefined || right === undefined) return undefined;
  const width = node.left.type.columns.length;
  const wide = left.relation.type.columns.length;
  const move = (index: number): number => (index < width ? index : index - width + wide);
  const own = on.filter((predicate) => !readsAround(predicate)).map((predicate) => renumber(predicate, move));
  const predicates = [
    ...left.predicates,
    ...right.predicates.map((predicate) => shiftRefs(predicate, wide)),
    ...on.filter(readsAround).map((predicate) => renumber(predicate, move)),
  ];
  const join = inner ? (own.length === 0 ? 'cross' : 'inner') : node.join;
  const relation = make({ kind: 'join', join, left: left.relation, right: right.relation, on: conjoin(own) });
  if (node.join === 'semi' || node.join === 'anti') return { relation, predicates, whenEmpty: undefined };
  const count = node.right.type.columns.length;
  const order = [
    ...range(0, width),
    ...range(wide, count),
    ...range(width, wide - width),
    ...range(wide + count, right.relation.type.columns.length - count),
  ];
  return inOrder(relation, order, predicates);
}

/**
 * A left, semi or anti join that reads the enclosing row in its condition or right side: the domain joins its left
 * side.
 */
function pullOneSided(node: Join, on: readonly Expr[], around: Relation): Pulled | undefined {
  const [left, right] = [pullRows(node.left, around), pullRows(node.right, around)];
  if (left === undefined || right === undefined) return undefined;
  const width = node.left.type.columns.length;
  const wide =
    left.relation.type.columns.length + outerColumns([...left.predicates, ...right.predicates, ...on]).length;
  const conditions = [
    ...right.predicates.map((predicate) => shiftRefs(predicate, wide)),
    ...on.map((predicate) => renumber(predicate, (index) => (index < width ? index : index - width + wide))),
  ];
  const bound = bindDomain(left, conditions, around);
  if (bound === undefined) return undefined;
  const relation = make({
    kind: 'join',
    join: node.join,
    left: bound.pulled.relation,
    right: right.relation,
    on: conjoin(bound.exprs),
  });
  if (node.join !== 'left') return { relation, predicates: bound.pulled.predicates, whenEmpty: undefined };
  const count = node.right.type.columns.length;
  const order = [...range(0, width), ...range(wide, count), ...range(width, wide - width)];
  return inOrder(relation, order, bound.pulled.predicates);
}

function range(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

function inOrder(relation: Relation, order: readonly number[], predicates: readonly Expr[]): Pulled {
  const columns = relation.type.columns;
  const settled = projected(
    relation,
    order.map((index) => columnRef(columns, index)),
    order.map((index) => columns[index]!.name),
  );
  return {
    relation: settled,
    predicates: predicates.map((predicate) => renumber(predicate, (index) => order.indexOf(index))),
    whenEmpty: undefined,
  };
}

/** A model of which a feature is read from the enclosing row: the domain joins its input. */
function pullApply(node: Apply, around: Relation): Pulled | undefined {
  let inner = pullRows(node.input, around);
  if (inner === undefined) return undefined;
  const own = exprsOf(node);
  let exprs = own;
  if (own.some(readsAround)) {
    const bound = bindDomain(inner, own, around);
    if (bound === undefined) return undefined;
    [inner, exprs] = [bound.pulled, bound.exprs];
  }
  const features = new Map(own.map((expr, i) => [expr, exprs[i]!]));
  return reordered(rebuild(node, { inputs: [inner.relation], expr: (expr) => features.get(expr)! }), {
    width: node.input.type.columns.length,
    extra: inner.relation.type.columns.length,
    pulled: inner,
  });
}

/** Columns an operator adds after its input's come before what the input has more than it had. */
function reordered(
  relation: Relation,
  { width, extra, pulled }: { width: number; extra: number; pulled: Pulled },
): Pulled {
  const total = relation.type.columns.length;
  return inOrder(
    relation,
    [...range(0, width), ...range(extra, total - extra), ...range(width, extra - width)],
    pulled.predicates,
  );
}

function pullAggregate(node: Aggregate, around: Relation): Pulled | undefined {
  let inner = pullRows(node.input, around);
  if (inner === undefined) return undefined;
  let aggregate = node;
  const own = exprsOf(node);
  if (own.some(readsAround) || inner.predicates.some((predicate) => equalityOf(predicate) === undefined)) {
    const bound = bindDomain(inner, own, around);
    if (bound === undefined) return undefined;
    inner = bound.pulled;
    const exprs = new Map(own.map((expr, i) => [expr, bound.exprs[i]!]));
    aggregate = rebuild(node, { inputs: [inner.relation], expr: (expr) => exprs.get(expr)! });
  }
  const keys = inner.predicates.map((predicate) => equalityOf(predicate)!);
  const groups = [...aggregate.groups, ...keys.map(({ key }, i) => ({ expr: key, name: `key${i}` }))];
  const grouped = make({ kind: 'aggregate', input: inner.relation, groups, calls: aggregate.calls });
  const count = aggregate.groups.length;
  const first = [...range(0, count), ...range(groups.length, aggregate.calls.length)];
  const order = [...first, ...range(count, keys.length)];
  const columns = grouped.type.columns;
  const relation = projected(
    grouped,
    order.map((index) => columnRef(columns, index)),
    order.map((index) => columns[index]!.name),
  );
  const predicates = keys.map(({ outer, op }, i) =>
    make({ kind: 'call', op, args: [outer, columnRef(relation.type.columns, first.length + i)] }),
  );
  const whenEmpty =
    count > 0
      ? undefined
      : aggregate.calls.map(({ op, type }) =>
          op === 'count' || op === 'count_star' ? literal(0n, type.dtype) : literal(null, type.dtype),
        );
  return { relation, predicates, whenEmpty };
}

/** The rows of each key in their order: those after the offset, as many as the limit. */
function pullLimit(node: Limit, around: Relation): Pulled | undefined {
  const below = node.input;
  // limit (project x) = project (limit x): the sort that says which rows are the first may lie under the projection.
  if (below.kind === 'project' || below.kind === 'apply')
    return pullCorrelation(rebuild(below, { inputs: [rebuild(node, { inputs: [below.input] })] }), around);
  const [limit, offset] = [rowCount(node.limit, Infinity), rowCount(node.offset, 0)];
  const sort = below.kind === 'sort' ? below : undefined;
  if (limit === undefined || offset === undefined || sort?.keys.some((key) => readsAround(key.expr)) === true)
    return undefined;
  const pulled = pullCorrelation(sort?.input ?? below, around);
  if (pulled?.whenEmpty !== undefined && limit > 0 && offset === 0) return pulled;
  const inner = everyRow(pulled, around);
  const keyed = inner && withKeys(inner, around);
  if (keyed === undefined) return undefined;
  const numbering: WindowCall = {
    op: 'row_number',
    args: [],
    partition: keyed.predicates.map((predicate) => equalityOf(predicate)!.key),
    order: sort?.keys ?? [],
    frame: undefined,
    name: 'row',
    type: scalar('i64'),
  };
  const numbered = make({ kind: 'window', input: keyed.relation, calls: [numbering] });
  const row = columnRef(numbered.type.columns, numbered.type.columns.length - 1);
  const wanted = [
    ...(offset === 0 ? [] : [call('gt', row, literal(BigInt(offset), 'i64'))]),
    ...(limit === Infinity ? [] : [call('le', row, literal(BigInt(offset + limit), 'i64'))]),
  ];
  return { relation: filtered(numbered, wanted), predicates: keyed.predicates, whenEmpty: undefined };
}

/** More rows than there ever are; sums of two are exact. */
const NO_MORE_ROWS = 2 ** 52;

/** `undefined` where it is known only when the statement runs. */
function rowCount(expr: Expr | undefined, otherwise: number): number | undefined {
  if (expr === undefined) return otherwise;
  if (expr.kind !== 'literal') return undefined;
  return expr.value === null ? otherwise : Math.min(Number(expr.value), NO_MORE_ROWS);
}

/** The same with equalities as its only conditions, each on a key of its own. @pre not `whenEmpty` */
export function withKeys(pulled: Pulled, around: Relation): Pulled | undefined {
  const keys = pulled.predicates.map((predicate) => equalityOf(predicate)?.key);
  const isKeyed = keys.every((key) => key?.kind === 'ref') && new Set(keys).size === keys.length;
  return isKeyed ? pulled : bindDomain(pulled, [], around)?.pulled;
}

/** `outer = key`, with the enclosing row on one side only and alone there. */
function equalityOf(predicate: Expr): { outer: Expr; key: Expr; op: 'eq' | 'is_not_distinct' } | undefined {
  if (!isCall(predicate, 'eq', 'is_not_distinct')) return undefined;
  const isOuter = (expr: Expr): boolean => readsAround(expr) && refsOf(expr).size === 0;
  const isInner = (expr: Expr): boolean => !readsAround(expr);
  const [a, b] = predicate.args as readonly [Expr, Expr];
  if (isOuter(a) && isInner(b)) return { outer: a, key: b, op: predicate.op };
  return isOuter(b) && isInner(a) ? { outer: b, key: a, op: predicate.op } : undefined;
}
