/** Side conditions of the relational passes: plans one step away from those they rewrite, which they leave alone. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Expr, Relation, SetOperation, WindowCall } from '../../ir/node.js';
import { scalar } from '../../ir/type.js';
import { eliminateNoOps } from '../../passes/eliminate-no-ops.js';
import { mergeProjects } from '../../passes/merge-projects.js';
import { orderJoins } from '../../passes/order-joins.js';
import { NO_STATISTICS } from '../../passes/optimise.js';
import { pruneColumns } from '../../passes/prune-columns.js';
import { pushFilters } from '../../passes/push-filters.js';
import { pushLimits } from '../../passes/push-limits.js';
import { shareModels } from '../../passes/share-models.js';
import {
  aggregate, aggregateCall, apply, bag, call, col, evaluate, expectUnchanged, filter, join, lit, project, ref, run,
  scan,
} from './plans.js';

const [t, u, v] = [scan('t'), scan('u'), scan('v')];
const [one, b] = [ref(0), ref(1, 'i32', true)];
const draw = (place: bigint): Expr => call('random', lit(place, 'i64'));
const none = (of: Relation): Relation => make({ kind: 'values', rows: [], type: of.type });

function setop(op: SetOperation['op'], all: boolean): Relation {
  return make({ kind: 'setop', op, all, left: project(t, one), right: project(v, one) });
}

function sorted(input: Relation, key: Expr, limit?: number): Relation {
  return make({ kind: 'sort', input, keys: [{ expr: key, descending: false, nullsFirst: false }], limit });
}

function limited(input: Relation, limit: Expr | undefined, offset?: Expr): Relation {
  return make({ kind: 'limit', input, limit, offset });
}

function windowed(input: Relation, call: Partial<WindowCall>): Relation {
  const plain: WindowCall = {
    op: 'row_number', args: [], partition: [], order: [], frame: undefined, name: 'w', type: scalar('i64'),
  };
  return make({ kind: 'window', input, calls: [{ ...plain, ...call }] });
}

const three = lit(3n, 'i64');

test('a limit goes below no union of distinct rows, no other set operation, no window and no join', () => {
  for (const node of [setop('union', false), setop('except', true), setop('intersect', true), windowed(t, {}),
    join('left', t, u, call('eq', one, ref(3, 'i32', true))), make({ kind: 'distinct', input: t })])
    expectUnchanged(pushLimits, limited(node, three));
});

test('no top-k by a limit that is known only when the statement runs, nor by an offset alone', () => {
  const given = make({ kind: 'param', index: 0, type: scalar('i64', { nullable: true }) });
  expectUnchanged(pushLimits, limited(sorted(t, one), given));
  expectUnchanged(pushLimits, limited(sorted(t, one), three, given));
  expectUnchanged(pushLimits, limited(sorted(t, one), undefined, three));
  expectUnchanged(pushLimits, limited(sorted(t, one), lit(null, 'i64')));
});

test('a top-k by a drawn column stays above the projection that draws it', () => {
  const drawn = project(t, draw(1n), one);
  expectUnchanged(pushLimits, sorted(drawn, col(drawn, 0), 2));
  assert.is(run(pushLimits, sorted(drawn, col(drawn, 1), 2)).plan.kind, 'project');
});

test('a filter stays above a window unless every call is partitioned by the column alone', () => {
  const asks = (node: Relation): Relation => filter(node, call('gt', one, lit(2)));
  expectUnchanged(pushFilters, asks(windowed(t, {})));
  expectUnchanged(pushFilters, asks(windowed(t, { partition: [b] })));
  expectUnchanged(pushFilters, asks(windowed(t, { partition: [call('add', one, lit(1))] })));
  assert.is(run(pushFilters, asks(windowed(t, { partition: [b, one] }))).plan.kind, 'window');
});

test('a filter on what a window, an aggregate or a top-k makes stays above it', () => {
  const numbered = windowed(t, { partition: [one] });
  expectUnchanged(pushFilters, filter(numbered, call('eq', col(numbered, 3), lit(1n, 'i64'))));
  const counted = aggregate(t, [one], aggregateCall('count_star', []));
  expectUnchanged(pushFilters, filter(counted, call('gt', col(counted, 1), lit(1n, 'i64'))));
  expectUnchanged(pushFilters, filter(sorted(t, one, 2), call('gt', one, lit(2))));
});

test('conditions of an anti join on its left side, and of a full join, stay in it', () => {
  const equal = call('eq', one, ref(3, 'i32', true));
  expectUnchanged(pushFilters, join('anti', t, u, call('and', equal, call('gt', one, lit(2)))));
  expectUnchanged(pushFilters, join('full', t, u, call('and', equal, call('gt', one, lit(2)))));
  expectUnchanged(pushFilters, join('full', t, u, call('and', equal, call('gt', ref(4, 'i32', true), lit(2)))));
  expectUnchanged(pushFilters, join('left', t, u, lit(false, 'bool')));
});

test('a drawn condition stays where it is: above joins, and between the filters it stands between', () => {
  const lucky = call('gt', draw(1n), lit(0.5, 'f64'));
  expectUnchanged(pushFilters, filter(join('cross', t, v), lucky));
  expectUnchanged(pushFilters, filter(setop('union', true), lucky));
  expectUnchanged(pushFilters, join('left', t, u, call('and', call('eq', one, ref(3, 'i32', true)), lucky)));
  const statistics = { ...NO_STATISTICS, rows: (table: string) => (table === 't' ? 9 : 9000) };
  expectUnchanged(orderJoins, join('inner', t, v, call('and', call('eq', one, ref(3)), lucky)), { statistics });
});

test('sorts stay under a window without an order, a top-k, string_agg and UNION ALL at the root', () => {
  expectUnchanged(eliminateNoOps, aggregate(windowed(sorted(t, one), {}), [], aggregateCall('max', [b])));
  expectUnchanged(eliminateNoOps, aggregate(sorted(t, b, 2), [], aggregateCall('max', [b])));
  const texts = aggregateCall('string_agg', [ref(2, 'utf8', true)], 'utf8');
  expectUnchanged(eliminateNoOps, aggregate(sorted(t, one), [], texts));
  expectUnchanged(eliminateNoOps, make({ kind: 'setop', op: 'union', all: true, left: sorted(t, one), right: t }));
});

test('no rows on one side leave an outer join, and no rows leave the one row of an aggregate without groups', () => {
  const equal = call('eq', one, ref(3, 'i32', true));
  expectUnchanged(eliminateNoOps, join('left', t, none(u), equal));
  expectUnchanged(eliminateNoOps, join('right', none(t), u, call('eq', ref(0, 'i32', true), ref(3, 'i32', true))));
  expectUnchanged(eliminateNoOps, join('full', t, none(u), equal));
  expectUnchanged(eliminateNoOps, aggregate(none(t), [], aggregateCall('count_star', [])));
  expectUnchanged(eliminateNoOps, limited(t, lit(null, 'i64')));
  expectUnchanged(eliminateNoOps, make({ kind: 'distinct', input: setop('union', true) }));
});

test('a left join whose right side repeats a key, or is not grouped by all it is grouped by, is not pruned', () => {
  const joins = (right: Relation, on: Expr): readonly string[] => {
    const plan = project(join('left', t, right, on), one);
    const after = run(pruneColumns, plan).plan;
    assert.equal(bag(evaluate(after)), bag(evaluate(plan)));
    return after.kind === 'project' ? [after.input.kind] : [after.kind];
  };
  assert.equal(joins(u, call('eq', one, ref(3, 'i32', true))), ['join']);
  const pairs = aggregate(u, [ref(0, 'i32', true), ref(1, 'i32', true)]);
  assert.equal(joins(pairs, call('eq', one, ref(3, 'i32', true))), ['join']);
  assert.equal(joins(aggregate(v, [one]), call('gt', one, ref(3))), ['join']);
  assert.equal(joins(aggregate(v, [one]), call('eq', one, ref(3))), ['scan']);
});

test('a drawn column that is read twice, or not at all, stays in its projection', () => {
  const drawn = project(t, draw(1n), one);
  expectUnchanged(mergeProjects, project(drawn, col(drawn, 0), call('add', col(drawn, 0), lit(1, 'f64'))));
  expectUnchanged(mergeProjects, project(drawn, call('add', col(drawn, 0), col(drawn, 0))));
});

test('a model of a drawn feature is not shared', () => {
  const packed = make({
    kind: 'to_tensor',
    exprs: [make({ kind: 'cast', arg: draw(1n), to: 'f32', attempt: false })],
    dtype: 'f32',
    nulls: 'nan',
  });
  const below = filter(apply(t, packed), call('gt', ref(3, 'f32'), lit(0.5, 'f32')));
  expectUnchanged(shareModels, apply(below, packed));
});

test.run();
