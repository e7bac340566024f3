/** Window functions against the oracle: ranks, shifts, frames that grow, slide and end before they begin. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type { Expr, WindowCall } from '../../ir/node.js';
import { scalar, type RelationType } from '../../ir/type.js';
import { checkAgainstOracle, col, lit, ordersScan, plan, TABLES } from '../support/pipeline-cases.js';
import { timesAsLong } from '../support/processor-time.js';
import { runPlan } from '../support/run-plan.js';

const [id, customer, name, price, small] = ['id', 'customer', 'name', 'price', 'small'].map((column) =>
  col(ordersScan, column),
) as [Expr, Expr, Expr, Expr, Expr];
const unique = [{ expr: id, descending: true, nullsFirst: false }];
const tied = [{ expr: customer, descending: false, nullsFirst: true }];
const windowCall = (
  op: WindowCall['op'],
  args: readonly Expr[],
  dtype: DType,
  extra: Partial<WindowCall> = {},
): WindowCall => ({
  op,
  args,
  partition: [name],
  order: unique,
  frame: undefined,
  name: op,
  type: scalar(dtype, { nullable: true }),
  ...extra,
});
const int = (value: bigint | null): Expr => lit(value, 'i64');

function check(calls: readonly WindowCall[]): void {
  const type: RelationType = {
    kind: 'relation',
    columns: [...ordersScan.type.columns, ...calls.map((call) => ({ name: call.name, type: call.type }))],
  };
  checkAgainstOracle(make({ kind: 'window', input: ordersScan, calls, type }), { digits: 9 });
}

test('ranks and shifts', () => {
  check([
    ...(['row_number', 'rank', 'dense_rank'] as const).map((op) => windowCall(op, [], 'i64')),
    windowCall('ntile', [int(4n)], 'i64'),
    windowCall('lag', [price], 'decimal(15,2)'),
    windowCall('lead', [name, int(3n), lit('none', 'utf8')], 'utf8'),
  ]);
  check([
    ...(['rank', 'dense_rank'] as const).map((op) => windowCall(op, [], 'i64', { order: tied })),
    ...(['percent_rank', 'cume_dist'] as const).map((op) => windowCall(op, [], 'f64', { order: tied })),
  ]);
});

test('aggregates and values of frames; several orders in one node', () => {
  const bound = (offset: number) => ({ kind: 'offset', offset }) as const;
  const unbounded = { kind: 'unbounded', offset: 0 } as const;
  const current = { kind: 'current', offset: 0 } as const;
  const frames: readonly WindowCall['frame'][] = [
    undefined,
    { unit: 'rows', start: bound(-2), end: bound(1) },
    { unit: 'rows', start: unbounded, end: current },
    { unit: 'rows', start: current, end: unbounded },
    { unit: 'rows', start: bound(-3), end: unbounded },
    { unit: 'rows', start: bound(3), end: unbounded },
    { unit: 'range', start: current, end: unbounded },
    { unit: 'rows', start: bound(2), end: bound(4) },
    { unit: 'range', start: current, end: current },
    { unit: 'rows', start: bound(-4), end: bound(-6) },
  ];
  for (const frame of frames) {
    check(
      [
        windowCall('sum', [id], 'i64', { frame }),
        windowCall('avg', [price], 'f64', { frame }),
        windowCall('min', [name], 'utf8', { frame, partition: [customer] }),
        windowCall('stddev_samp', [price], 'f64', { frame }),
        windowCall('first', [price], 'decimal(15,2)', { frame }),
        windowCall('string_agg', [name, lit(',', 'utf8')], 'utf8', { frame, partition: [customer] }),
        windowCall('count', [name], 'i64', { frame, order: [], partition: [] }),
        windowCall('first_value', [price], 'decimal(15,2)', { frame }),
        windowCall('last_value', [small], 'i8', { frame }),
        windowCall('nth_value', [name, int(2n)], 'utf8', { frame }),
        windowCall('sum', [small], 'i64', { frame, order: tied, partition: [] }),
        windowCall('max', [name], 'utf8', { frame, order: tied, partition: [] }),
      ].filter((call) => frame?.unit !== 'rows' || call.order === unique),
    );
  }
});

test('a frame that ends with its partition takes each row in once', () => {
  const frame: WindowCall['frame'] = {
    unit: 'rows',
    start: { kind: 'current', offset: 0 },
    end: { kind: 'unbounded', offset: 0 },
  };
  const call = windowCall('sum', [id], 'i64', { frame, partition: [] });
  const columns = [...ordersScan.type.columns, { name: call.name, type: call.type }];
  const window = make({ kind: 'window', input: ordersScan, calls: [call], type: { kind: 'relation', columns } });
  const none = lit(false, 'bool');
  const emitted = plan(make({ kind: 'filter', input: window, predicate: none }));
  const { orders } = TABLES;
  const of = (count: number) => (): void => {
    const rows = Array.from({ length: count }, (_, i) => [BigInt(i), ...orders![0]!.slice(1)]);
    runPlan(emitted, { tables: { orders: rows } });
  };
  const times = timesAsLong({ small: of(2_000), large: of(16_000) });
  assert.ok(times < 24, `8 times the rows take ${times.toFixed(1)} times as long`);
});

test.run();
