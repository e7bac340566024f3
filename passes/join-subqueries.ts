/**
 * One subquery of an expression as a join: what to join to the row's relation, and the expression that takes its place.
 *
 * - exists: whether the left join found a row of the distinct keys. Uncorrelated: whether its first row is there.
 * - in, correlated: asked as two EXISTS, whether a row is equal and whether one may be, which become joins in turn.
 * - in, uncorrelated: true where the value is found; else false for an empty list; else NULL where value or list hold
 *   NULL.
 * - scalar: the left join's column. An aggregate's value for no rows (count is 0) where no row was found; for other
 *   relations an error where more than one row was found.
 */
import { make } from '../ir/build.js';
import type { AggregateCall, Expr, Relation, Subquery } from '../ir/node.js';
import { placeOf, setPlace } from '../ir/places.js';
import { scalar, withNullable } from '../ir/type.js';
import { marked, readsAround, type Pulled } from './bind-domain.js';
import { filtered, projected } from './operator.js';
import { pullCorrelation, withKeys } from './pull-correlation.js';
import { hasSubquery, isVolatile } from '../ir/node-facts.js';
import {
  columnRef,
  comeNearer,
  conjoin,
  FALSE,
  literal,
  namesOf,
  refsOf,
  renumber,
  shiftDepth,
  shiftRefs,
  TRUE,
} from './reference.js';
import { isAlwaysNull } from './reject-nulls.js';
import { call } from './scalar-rules/rule.js';

export interface Joined {
  readonly relation: Relation;
  readonly value: Expr;
}

/** Whether a subquery should become a join: uncorrelated scalar ones stay, they are evaluated once. */
export function isJoinable(subquery: Subquery): boolean {
  if (isVolatile(subquery)) return false;
  return subquery.mode !== 'scalar' || readsAround(subquery.relation);
}

/** `row` joined with the subquery; its own columns come first. `undefined`: the form is left as it is. */
export function joinSubquery(row: Relation, subquery: Subquery): Joined | undefined {
  if (!readsAround(subquery.relation)) return joinUncorrelated(row, subquery);
  if (subquery.mode === 'in') return inAsExists(row, subquery);
  const relation = subquery.mode === 'exists' ? withoutOrder(subquery.relation) : subquery.relation;
  const pulled = pullCorrelation(relation, row);
  if (pulled === undefined) return undefined;
  return subquery.mode === 'exists' ? joinExists(row, pulled) : joinScalar(row, pulled, subquery);
}

/** x IN list: true where a value is equal, else NULL where one compares as NULL, else false. */
function inAsExists(row: Relation, subquery: Subquery): Joined | undefined {
  const { arg, relation, type } = subquery;
  if (arg === undefined || hasSubquery(arg)) return undefined;
  const list = withoutSort(relation);
  const equal = call('eq', shiftDepth(arg, 1), columnRef(list.type.columns, 0));
  const exists = (predicate: Expr): Expr =>
    setPlace(
      make({ kind: 'subquery', mode: 'exists', arg: undefined, relation: filtered(list, [predicate]) }),
      placeOf(subquery),
    );
  if (!equal.type.nullable) return { relation: row, value: exists(equal) };
  const branches = [
    { when: exists(equal), then: TRUE },
    { when: exists(call('is_null', equal)), then: literal(null, 'bool') },
  ];
  return { relation: row, value: make({ kind: 'case', branches, otherwise: FALSE, type: withNullable(type, true) }) };
}

/** Order and limits do not change whether there is a row, unless the limit is 0 or there is an offset. */
export function withoutOrder(relation: Relation): Relation {
  if (relation.kind === 'sort') return withoutOrder(relation.input);
  if (relation.kind !== 'limit' || relation.offset !== undefined) return relation;
  return relation.limit?.kind === 'literal' && Number(relation.limit.value) > 0
    ? withoutOrder(relation.input)
    : relation;
}

/** A pulled condition over the row's columns, then the subquery's. */
export function asCondition(predicate: Expr, row: Relation): Expr {
  const columns = row.type.columns;
  return comeNearer(shiftRefs(predicate, columns.length), (index) => columnRef(columns, index));
}

/** A pulled relation in its new place, one query further out. */
export function inPlace(relation: Relation): Relation {
  return comeNearer(relation, () => {
    throw new Error('a pulled subquery still reads the row around it');
  });
}

function leftJoin(row: Relation, right: Relation, predicates: readonly Expr[]): Relation {
  return make({ kind: 'join', join: 'left', left: row, right, on: conjoin(predicates) ?? TRUE });
}

function joinExists(row: Relation, every: Pulled): Joined | undefined {
  if (every.whenEmpty !== undefined) return { relation: row, value: TRUE };
  const pulled = withKeys(every, row);
  if (pulled === undefined) return undefined;
  const keys = [...new Set(pulled.predicates.flatMap((predicate) => [...refsOf(predicate)]))].sort((a, b) => a - b);
  const columns = pulled.relation.type.columns;
  const groups = keys.map((index) => ({ expr: columnRef(columns, index), name: columns[index]!.name }));
  const found = marked(make({ kind: 'aggregate', input: pulled.relation, groups, calls: [] }));
  const width = row.type.columns.length;
  const predicates = pulled.predicates.map((predicate) =>
    asCondition(
      renumber(predicate, (index) => keys.indexOf(index)),
      row,
    ),
  );
  const relation = leftJoin(row, inPlace(found), predicates);
  return { relation, value: call('is_not_null', columnRef(relation.type.columns, width + keys.length)) };
}

function joinScalar(row: Relation, pulled: Pulled, subquery: Subquery): Joined | undefined {
  const width = row.type.columns.length;
  const single = pulled.whenEmpty === undefined ? atMostOne(row, pulled, subquery) : pulled;
  if (single === undefined) return undefined;
  const right = marked(single.relation);
  const relation = leftJoin(row, inPlace(right), single.predicates.map((predicate) => asCondition(predicate, row)));
  const columns = relation.type.columns;
  const value = columnRef(columns, width);
  const empty = pulled.whenEmpty?.[0];
  if (pulled.whenEmpty === undefined) return { relation, value: failing(value, columnRef(columns, width + 1)) };
  if (empty === undefined || isAlwaysNull(empty)) return { relation, value };
  const found = columnRef(columns, columns.length - 1);
  const type = withNullable(value.type, true);
  const branches = [{ when: call('is_null', found), then: comeNearer(empty, () => FALSE) }];
  return { relation, value: make({ kind: 'case', branches, otherwise: value, type }) };
}

/** One row a key: one of the values, and how many there were. */
function atMostOne(row: Relation, pulled: Pulled, subquery: Subquery): Pulled | undefined {
  const keyed = withKeys(pulled, row);
  if (keyed === undefined) return undefined;
  const { relation, predicates } = keyed;
  const keys = predicates.flatMap((predicate) => [...refsOf(predicate)]);
  const columns = relation.type.columns;
  const aggregate = (op: AggregateCall['op'], args: readonly Expr[], type: AggregateCall['type']): AggregateCall =>
    ({ op, args, distinct: false, filter: undefined, name: op, type });
  const grouped = make({
    kind: 'aggregate', input: relation,
    groups: keys.map((index) => ({ expr: columnRef(columns, index), name: columns[index]!.name })),
    calls: [aggregate('any_value', [columnRef(columns, 0)], subquery.type), aggregate('count_star', [], scalar('i64'))],
  });
  const order = [keys.length, keys.length + 1, ...keys.map((_, i) => i)];
  const names = order.map((index) => namesOf(grouped)[index]!);
  const settled = projected(grouped, order.map((index) => columnRef(grouped.type.columns, index)), names);
  const moved = predicates.map((predicate) => renumber(predicate, (index) => 2 + keys.indexOf(index)));
  return { relation: settled, predicates: moved, whenEmpty: undefined };
}

function failing(value: Expr, count: Expr): Expr {
  const message = call('error', literal('more than one row returned by a subquery used as an expression', 'utf8'));
  if (value.type.kind !== 'scalar') return value;
  const { dtype } = value.type;
  const then = dtype === 'null' ? message : make({ kind: 'cast', arg: message, to: dtype, attempt: false });
  const branches = [{ when: call('gt', count, literal(1n, 'i64')), then }];
  return make({ kind: 'case', branches, otherwise: value, type: withNullable(value.type, true) });
}

function joinUncorrelated(row: Relation, subquery: Subquery): Joined | undefined {
  if (subquery.mode === 'exists') {
    const first = make({
      kind: 'limit',
      input: withoutOrder(subquery.relation),
      limit: literal(1n, 'i64'),
      offset: undefined,
    });
    return { relation: row, value: call('is_not_null', once(projected(first, [TRUE], ['found']))) };
  }
  if (subquery.mode !== 'in' || subquery.arg === undefined || hasSubquery(subquery.arg)) return undefined;
  const list = withoutSort(subquery.relation);
  const width = row.type.columns.length;
  const values = make({ kind: 'distinct', input: list });
  const relation = leftJoin(row, inPlace(marked(values)), [
    call('eq', subquery.arg, shiftRefs(columnRef(values.type.columns, 0), width)),
  ]);
  const found = call('is_not_null', columnRef(relation.type.columns, width + 1));
  const unknown = call(
    'or',
    call('is_null', subquery.arg),
    call('not', isZero(countOf(list, call('is_null', columnRef(list.type.columns, 0))))),
  );
  const nothing = literal(null, 'bool');
  const value = make({
    kind: 'case',
    branches: [
      { when: found, then: TRUE },
      { when: isZero(countOf(list, TRUE)), then: FALSE },
      { when: unknown, then: nothing },
    ],
    otherwise: FALSE, type: scalar('bool', { nullable: true }),
  });
  return { relation, value };
}

/** Order alone does not change which values a list has; a limit does. */
export function withoutSort(relation: Relation): Relation {
  return relation.kind === 'sort' && relation.limit === undefined ? relation.input : relation;
}

function once(relation: Relation): Expr {
  return make({ kind: 'subquery', mode: 'scalar', arg: undefined, relation });
}

/** How many rows of an uncorrelated list satisfy a predicate: evaluated once. */
export function countOf(list: Relation, predicate: Expr): Expr {
  const count: AggregateCall = {
    op: 'count_star',
    args: [],
    distinct: false,
    filter: undefined,
    name: 'count',
    type: scalar('i64'),
  };
  return once(
    make({
      kind: 'aggregate',
      input: filtered(list, predicate === TRUE ? [] : [predicate]),
      groups: [],
      calls: [count],
    }),
  );
}

export function isZero(count: Expr): Expr {
  return call('coalesce', call('eq', count, literal(0n, 'i64')), FALSE);
}
