/**
 * Every aggregate against the oracle: with and without groups, DISTINCT, FILTER, over no rows, and merged of two
 * workers.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { AggregateCall, AggregateOp, Expr } from '../../ir/node.js';
import type { DType } from '../../ir/dtype.js';
import { relation, scalar } from '../../ir/type.js';
import { call, checkAgainstOracle, col, columnsOf, lit, ordersScan, run } from '../support/pipeline-cases.js';

const amount = col(ordersScan, 'amount');
const price = col(ordersScan, 'price');
const name = col(ordersScan, 'name');
const id = col(ordersScan, 'id');
const flag = col(ordersScan, 'flag');
const customer = col(ordersScan, 'customer');
const day = col(ordersScan, 'day');
const finite = make({
  kind: 'case',
  branches: [{ when: call('is_nan', amount), then: lit(null, 'f64') }],
  otherwise: amount,
  type: scalar('f64', { nullable: true }),
});

const aggregate = (
  op: AggregateOp,
  args: readonly Expr[],
  dtype: DType,
  extra: Partial<AggregateCall> = {},
): AggregateCall => ({
  op,
  args,
  distinct: false,
  filter: undefined,
  name: `${op}_${args.length}`,
  type: scalar(dtype, { nullable: op !== 'count' && op !== 'count_star' }),
  ...extra,
});

const CALLS: readonly AggregateCall[] = [
  aggregate('count_star', [], 'i64'),
  aggregate('count', [name], 'i64'),
  aggregate('sum', [id], 'i64'),
  aggregate('sum', [customer], 'i64'),
  aggregate('sum', [finite], 'f64'),
  aggregate('sum', [price], 'decimal(38,2)'),
  aggregate('avg', [price], 'f64'),
  aggregate('avg', [customer], 'f64'),
  aggregate('avg', [amount], 'f64'),
  aggregate('min', [amount], 'f64'),
  aggregate('max', [amount], 'f64'),
  aggregate('min', [name], 'utf8'),
  aggregate('max', [name], 'utf8'),
  aggregate('max', [day], 'date'),
  aggregate('bool_and', [flag], 'bool'),
  aggregate('bool_or', [flag], 'bool'),
  aggregate('bit_and', [id], 'i64'),
  aggregate('bit_or', [customer], 'i32'),
  aggregate('bit_xor', [id], 'i64'),
  aggregate('stddev_samp', [finite], 'f64'),
  aggregate('stddev_pop', [finite], 'f64'),
  aggregate('var_samp', [customer], 'f64'),
  aggregate('var_pop', [customer], 'f64'),
  aggregate('covar_samp', [finite, customer], 'f64'),
  aggregate('covar_pop', [customer, finite], 'f64'),
  aggregate('corr', [finite, id], 'f64'),
  aggregate('median', [finite], 'f64'),
  aggregate('median', [customer], 'f64'),
  aggregate('product', [make({ kind: 'cast', arg: col(ordersScan, 'small'), to: 'f64', attempt: false })], 'f64'),
  aggregate('count_star', [], 'i64', { filter: call('gt', id, lit(100n, 'i64')) }),
  aggregate('sum', [id], 'i64', { filter: flag }),
];
const ORDERED: readonly AggregateCall[] = [
  aggregate('first', [name], 'utf8'),
  aggregate('first', [customer], 'i32'),
  aggregate('any_value', [customer], 'i32'),
  aggregate('string_agg', [name, lit(', ', 'utf8')], 'utf8'),
  aggregate('arg_min', [name, id], 'utf8'),
  aggregate('arg_max', [customer, finite], 'i32'),
  aggregate('arg_min', [id, name], 'i64'),
];
const GROUPS = [
  [],
  [{ expr: customer, name: 'c' }],
  [
    { expr: name, name: 'n' },
    { expr: flag, name: 'f' },
  ],
  [{ expr: amount, name: 'a' }],
];

test('each aggregate by each kind of key', () => {
  for (const groups of GROUPS) {
    for (const calls of [CALLS.slice(0, 10), CALLS.slice(10, 19), CALLS.slice(19), ORDERED]) {
      checkAgainstOracle(
        make({ kind: 'aggregate', input: ordersScan, groups, calls, type: columnsOf(groups, calls) }),
        { digits: 9 },
      );
    }
  }
});

test('over no rows: one row without groups, none with', () => {
  const empty = make({ kind: 'filter', input: ordersScan, predicate: lit(false, 'bool') });
  const calls = [...CALLS, ...ORDERED];
  for (const groups of GROUPS.slice(0, 2))
    checkAgainstOracle(make({ kind: 'aggregate', input: empty, groups, calls, type: columnsOf(groups, calls) }));
});

test('distinct arguments alone, mixed with others, of text and with filters', () => {
  const distinct = { distinct: true } as const;
  const sets: readonly (readonly AggregateCall[])[] = [
    [aggregate('count', [name], 'i64', distinct)],
    [aggregate('sum', [customer], 'i64', distinct), aggregate('count', [customer], 'i64', distinct)],
    [
      aggregate('count', [name], 'i64', distinct),
      aggregate('sum', [id], 'i64'),
      aggregate('sum', [customer], 'i64', distinct),
      aggregate('min', [name], 'utf8', distinct),
    ],
    [aggregate('count', [name], 'i64', { ...distinct, filter: flag }), aggregate('avg', [amount], 'f64', distinct)],
    [aggregate('string_agg', [name, lit('|', 'utf8')], 'utf8', distinct)],
  ];
  for (const groups of GROUPS)
    for (const calls of sets)
      checkAgainstOracle(
        make({ kind: 'aggregate', input: ordersScan, groups, calls, type: columnsOf(groups, calls) }),
        { digits: 9 },
      );
});

test('an overflowing sum is an error, not a wrong number', () => {
  const calls = [aggregate('sum', [call('add', id, lit(2n ** 62n, 'i64'))], 'i64')];
  assert.throws(
    () => run(make({ kind: 'aggregate', input: ordersScan, groups: [], calls, type: columnsOf([], calls) })),
    /Overflow/,
  );
});

test('texts of all lengths are told apart by any of their bytes', () => {
  const texts = Array.from({ length: 21 }, (_, length) => {
    const plain = 'a'.repeat(length);
    return [plain, ...Array.from(plain, (_a, i) => `${plain.slice(0, i)}b${plain.slice(i + 1)}`)];
  }).flat();
  const type = relation([{ name: 'text', type: scalar('utf8') }]);
  const input = make({ kind: 'values', rows: [...texts, ...texts].map((text) => [lit(text, 'utf8')]), type });
  const groups = [{ expr: col(input, 'text'), name: 'text' }];
  const calls = [aggregate('count_star', [], 'i64')];
  checkAgainstOracle(make({ kind: 'aggregate', input, groups, calls, type: columnsOf(groups, calls) }));
});

test.run();
