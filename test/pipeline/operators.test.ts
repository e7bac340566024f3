/** Joins, sorts, limits, set operations, rows of literals, series and subqueries against the oracle. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Expr, JoinKind, Relation } from '../../ir/node.js';
import { relation, scalar } from '../../ir/type.js';
import { call, checkAgainstOracle, col, customersScan, lit, ordersScan, ref, run } from '../support/pipeline-cases.js';

const I64 = scalar('i64');
const narrow = (input: Relation, names: readonly string[]): Relation =>
  make({ kind: 'project', input, exprs: names.map((name) => col(input, name)), names });
const orders = narrow(ordersScan, ['id', 'customer', 'name', 'amount']);
const both = {
  type: relation([
    ...orders.type.columns,
    ...customersScan.type.columns.map((column) => ({ ...column, type: { ...column.type, nullable: true } })),
  ]),
};
const at = (index: number): Expr => make({ kind: 'ref', index, type: both.type.columns[index]!.type });
const sameCustomer = call('eq', at(1), at(4));
const dear = call(
  'gt',
  call('mul', at(3), lit(1, 'f64')),
  make({ kind: 'cast', arg: at(6), to: 'f64', attempt: false }),
);

for (const join of ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const satisfies readonly JoinKind[]) {
  test(`${join} join by a key, with a further condition, and without a key`, () => {
    for (const on of [sameCustomer, call('and', sameCustomer, dear), dear, call('is_not_distinct', at(1), at(4))]) {
      checkAgainstOracle(make({ kind: 'join', join, left: orders, right: customersScan, on }));
    }
  });
}

test('a cross join and a join with an empty side', () => {
  checkAgainstOracle(
    make({
      kind: 'join',
      join: 'cross',
      left: narrow(customersScan, ['city']),
      right: narrow(customersScan, ['score']),
      on: undefined,
    }),
  );
  const empty = make({ kind: 'filter', input: customersScan, predicate: lit(false, 'bool') });
  for (const join of ['inner', 'left', 'full', 'anti', 'right'] as const)
    checkAgainstOracle(make({ kind: 'join', join, left: orders, right: empty, on: sameCustomer }));
});

test('two left joins one after the other keep all rows', () => {
  const first = make({ kind: 'join', join: 'left', left: orders, right: customersScan, on: sameCustomer });
  const on = call('eq', ref(first, 5), make({ kind: 'ref', index: 8, type: customersScan.type.columns[1]!.type }));
  checkAgainstOracle(make({ kind: 'join', join: 'left', left: first, right: customersScan, on }));
});

const byName = (input: Relation, name: string, descending: boolean, nullsFirst: boolean) => ({
  expr: col(input, name),
  descending,
  nullsFirst,
});

test('sorts by text, float with NaN and computed keys; NULLs first and last; top-k', () => {
  for (const limit of [undefined, 0, 1, 7, 240, 400]) {
    for (const nullsFirst of [false, true]) {
      checkAgainstOracle(
        make({
          kind: 'sort',
          input: orders,
          keys: [
            byName(orders, 'name', true, nullsFirst),
            byName(orders, 'amount', false, !nullsFirst),
            byName(orders, 'id', true, false),
          ],
          limit,
        }),
        { ordered: true },
      );
    }
  }
  const key = { expr: call('neg', col(orders, 'id')), descending: false, nullsFirst: false };
  checkAgainstOracle(make({ kind: 'sort', input: orders, keys: [key], limit: undefined }), { ordered: true });
});

test('limit and offset follow the order of the sort; a NULL limit is none', () => {
  const sorted = make({ kind: 'sort', input: orders, keys: [byName(orders, 'id', true, false)], limit: undefined });
  for (const [limit, offset] of [
    [5n, 3n],
    [0n, 0n],
    [1000n, 240n],
    [null, 245n],
    [60n, null],
  ] as const) {
    checkAgainstOracle(make({ kind: 'limit', input: sorted, limit: lit(limit, 'i64'), offset: lit(offset, 'i64') }), {
      ordered: true,
    });
  }
  checkAgainstOracle(
    make({ kind: 'limit', input: sorted, limit: make({ kind: 'param', index: 0, type: I64 }), offset: undefined }),
    { ordered: true, params: { values: [9n], dtypes: ['i64'] } },
  );
  assert.throws(
    () => run(make({ kind: 'limit', input: sorted, limit: lit(-1n, 'i64'), offset: undefined })),
    /negative/,
  );
});

test('set operations count rows as SQL says, NULL equal to NULL', () => {
  const [a, b] = [
    narrow(ordersScan, ['customer', 'name']),
    make({
      kind: 'project',
      input: customersScan,
      exprs: [col(customersScan, 'id'), make({ kind: 'cast', arg: lit(null, 'null'), to: 'utf8', attempt: false })],
      names: ['id', 'none'],
    }),
  ];
  const few = make({
    kind: 'project',
    input: narrow(ordersScan, ['customer']),
    exprs: [call('mod', ref(narrow(ordersScan, ['customer']), 0), lit(5, 'i32'))],
    names: ['x'],
  });
  const other = narrow(customersScan, ['id']);
  for (const op of ['union', 'intersect', 'except'] as const) {
    for (const all of [false, true]) {
      checkAgainstOracle(make({ kind: 'setop', op, all, left: a, right: b }));
      checkAgainstOracle(make({ kind: 'setop', op, all, left: few, right: other }));
      checkAgainstOracle(make({ kind: 'setop', op, all, left: other, right: few }));
    }
  }
  checkAgainstOracle(make({ kind: 'distinct', input: a }));
});

test('rows of literals, of expressions, of parameters, and none', () => {
  const type = relation([
    { name: 'a', type: scalar('i32', { nullable: true }) },
    { name: 'b', type: scalar('utf8', { nullable: true }) },
  ]);
  const literals = Array.from({ length: 1000 }, (_, i) => [
    lit(i % 7 === 0 ? null : i, 'i32'),
    lit(i % 5 === 0 ? null : `text ${i}`, 'utf8'),
  ]);
  checkAgainstOracle(make({ kind: 'values', rows: literals, type }));
  const param = make({ kind: 'param', index: 0, type: scalar('i32', { nullable: true }) });
  const params = { values: [41], dtypes: ['i32'] } as const;
  checkAgainstOracle(
    make({
      kind: 'values',
      rows: [
        [call('add', param, lit(1, 'i32')), lit('x', 'utf8')],
        [param, lit(null, 'utf8')],
      ],
      type,
    }),
    { params },
  );
  checkAgainstOracle(make({ kind: 'values', rows: [[param, lit('only', 'utf8')]], type }), { params });
  checkAgainstOracle(make({ kind: 'values', rows: [], type }));
});

test('series go up, down, stop before or at the bound, and are empty for NULL', () => {
  for (const [start, stop, step] of [
    [1n, 10n, 3n],
    [10n, -4n, -5n],
    [5n, 1n, 1n],
    [null, 3n, 1n],
  ] as const) {
    for (const inclusive of [true, false])
      checkAgainstOracle(
        make({ kind: 'series', start: lit(start, 'i64'), stop: lit(stop, 'i64'), step: lit(step, 'i64'), inclusive }),
      );
  }
});

test('scalar and EXISTS subqueries are values; two rows are an error', () => {
  const one = make({
    kind: 'limit',
    input: narrow(customersScan, ['score']),
    limit: lit(1n, 'i64'),
    offset: lit(4n, 'i64'),
  });
  const none = make({ kind: 'filter', input: narrow(customersScan, ['score']), predicate: lit(false, 'bool') });
  for (const inner of [one, none]) {
    const value = make({ kind: 'subquery', mode: 'scalar', arg: undefined, relation: inner });
    const exists = make({ kind: 'subquery', mode: 'exists', arg: undefined, relation: inner });
    checkAgainstOracle(
      make({
        kind: 'project',
        input: customersScan,
        exprs: [value, exists, col(customersScan, 'id')],
        names: ['v', 'e', 'id'],
      }),
    );
  }
  const many = make({ kind: 'subquery', mode: 'scalar', arg: undefined, relation: narrow(customersScan, ['score']) });
  assert.throws(
    () => run(make({ kind: 'project', input: customersScan, exprs: [many], names: ['v'] })),
    /More than one row/,
  );
});

test.run();
