/** The relational passes: goldens of what they do, and plans they must leave alone. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Expr, Relation } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import { scalar } from '../../ir/type.js';
import { eliminateNoOps } from '../../passes/eliminate-no-ops.js';
import { estimateRows } from '../../passes/estimate-rows.js';
import { mergeProjects } from '../../passes/merge-projects.js';
import { orderJoins } from '../../passes/order-joins.js';
import { orderPredicates } from '../../passes/order-predicates.js';
import { NO_STATISTICS } from '../../passes/optimise.js';
import { pruneColumns } from '../../passes/prune-columns.js';
import { pushFilters } from '../../passes/push-filters.js';
import { pushLimits } from '../../passes/push-limits.js';
import {
  aggregate,
  aggregateCall,
  apply,
  call,
  col,
  Constants,
  expectUnchanged,
  features,
  filter,
  goldenPass,
  join,
  lit,
  project,
  ref,
  run,
  scan,
} from './plans.js';

const [t, u, v] = [scan('t'), scan('u'), scan('v')];

function sum(input: Relation, columns: readonly number[]): Relation {
  return apply(
    input,
    make({ kind: 'reduce', op: 'sum', input: features(input, columns), axes: [1], keepDims: false, last: false }),
  );
}

function sorted(input: Relation, column = 0): Relation {
  return make({
    kind: 'sort',
    input,
    keys: [{ expr: col(input, column), descending: false, nullsFirst: false }],
    limit: undefined,
  });
}

function limited(input: Relation, rows: number): Relation {
  return make({ kind: 'limit', input, limit: lit(BigInt(rows), 'i64'), offset: undefined });
}

test('a cross join with an equality above is an inner join, one-sided conjuncts go to their sides and across the equality', () => {
  const both = join('cross', t, v);
  goldenPass(
    'push-filters-join',
    pushFilters,
    filter(
      both,
      call(
        'and',
        call('eq', col(both, 0), col(both, 3)),
        call('and', call('gt', col(both, 0), lit(1)), call('is_null', col(both, 4))),
      ),
    ),
  );
});

test('p > 0.9 AND a = 1 is split around the model', () => {
  const scored = sum(t, [0, 1]);
  goldenPass(
    'push-filters-model',
    pushFilters,
    filter(scored, call('and', call('gt', col(scored, 3), lit(2, 'f32')), call('eq', col(scored, 0), lit(1)))),
  );
});

test('a left join becomes inner below a filter that no NULL passes, and only then', () => {
  const outer = join('left', t, u, call('eq', ref(0), ref(3, 'i32', true)));
  goldenPass('push-filters-outer', pushFilters, filter(outer, call('gt', col(outer, 4), lit(1))));
  expectUnchanged(pushFilters, filter(outer, call('is_null', col(outer, 4))));
  expectUnchanged(pushFilters, filter(outer, call('coalesce', call('gt', col(outer, 4), lit(1)), lit(true, 'bool'))));
});

test('a predicate that may fail is not asked of the values of the other side, nor without what stands before it', () => {
  const asNumber = (arg: Expr): Expr => make({ kind: 'cast', arg, to: 'i32', attempt: false });
  const [mine, theirs] = [ref(2, 'utf8', true), ref(5, 'utf8', true)];
  const equal = join('inner', t, t, call('eq', mine, theirs));
  const sides = (plan: Relation): readonly string[] => {
    const { plan: after } = run(pushFilters, plan);
    return after.kind === 'join' ? [after.left.kind, after.right.kind] : [after.kind];
  };
  assert.equal(sides(filter(equal, call('eq', mine, lit('x', 'utf8')))), ['filter', 'filter']);
  assert.equal(sides(filter(equal, call('eq', asNumber(mine), lit(1)))), ['filter', 'scan']);
  const either = (part: Expr): Expr =>
    call(
      'or',
      call('and', call('eq', ref(0), lit(1)), part),
      call('and', call('eq', ref(0), lit(2)), call('is_null', theirs)),
    );
  assert.equal(sides(join('inner', t, t, either(call('eq', theirs, lit('x', 'utf8'))))), ['filter', 'filter']);
  assert.equal(sides(join('inner', t, t, either(call('eq', asNumber(theirs), lit(1))))), ['filter', 'scan']);
});

test('a filter goes below DISTINCT, groups and UNION where it answers the same for equal values', () => {
  const floats = project(t, make({ kind: 'cast', arg: ref(0), to: 'f64', attempt: false }));
  const distinct = make({ kind: 'distinct', input: floats });
  const union = (all: boolean): Relation => make({ kind: 'setop', op: 'union', all, left: floats, right: floats });
  const x = col(distinct, 0);
  const compared = call('or', call('gt', x, lit(1, 'f64')), call('is_null', x));
  const divided = call('gt', call('div', lit(1, 'f64'), x), lit(0, 'f64'));
  for (const node of [distinct, aggregate(floats, [col(floats, 0)]), union(false)]) {
    assert.is(run(pushFilters, filter(node, compared)).plan.kind, node.kind);
    assert.is(run(pushFilters, filter(node, divided)).plan.kind, 'filter');
  }
  assert.is(run(pushFilters, filter(union(true), divided)).plan.kind, 'setop');
});

test('filters stay above limits, aggregates without groups and volatile columns', () => {
  const few = limited(t, 3);
  expectUnchanged(pushFilters, filter(few, call('gt', col(few, 0), lit(1))));
  const one = aggregate(t, [], aggregateCall('max', [ref(0)]));
  expectUnchanged(pushFilters, filter(one, call('gt', col(one, 0), lit(100))));
  const drawn = project(t, call('random', lit(0n, 'i64')));
  expectUnchanged(pushFilters, filter(drawn, call('gt', col(drawn, 0), lit(0.5, 'f64'))));
});

test('a condition on the kept side of a left join stays in the join', () => {
  expectUnchanged(
    pushFilters,
    join('left', t, u, call('and', call('eq', ref(0), ref(3, 'i32', true)), call('gt', ref(0), lit(2)))),
  );
});

test('a limit over a sort over a model takes its top rows before the model', () => {
  goldenPass('push-limits', pushLimits, limited(sorted(project(sum(t, [0, 1]), ref(0), ref(3, 'f32'))), 2));
});

test('a limit stays above filters, aggregates and a sort by the model', () => {
  expectUnchanged(pushLimits, limited(filter(t, call('gt', ref(0), lit(1))), 2));
  const scored = sum(t, [0]);
  const top = run(pushLimits, limited(sorted(scored, 3), 2)).plan;
  assert.is(top.kind === 'limit' && top.input.kind === 'sort' && top.input.input.kind, 'apply');
});

test('columns nobody reads are pruned through joins, aggregates and models down to the scans', () => {
  const scored = sum(join('inner', t, u, call('eq', ref(0), ref(3, 'i32', true))), [1]);
  goldenPass('prune-columns', pruneColumns, aggregate(scored, [col(scored, 4)], aggregateCall('count_star', [])));
});

test('distinct and intersect keep all their columns', () => {
  const plan = project(make({ kind: 'distinct', input: u }), ref(0, 'i32', true));
  expectUnchanged(pruneColumns, plan);
  expectUnchanged(
    pruneColumns,
    project(make({ kind: 'setop', op: 'intersect', all: false, left: u, right: v }), ref(0, 'i32', true)),
  );
});

test('the one row of an aggregate without groups and calls stays when nobody reads it', () => {
  const one = aggregate(t, []);
  const { plan } = run(pruneColumns, project(one, lit(1)));
  assert.equal(postorder(plan).filter((node) => node.kind === 'aggregate').map((node) => node.type.columns), [[]]);
});

test('a left join goes where the right side is grouped by what equals the left, and stays where it equals itself', () => {
  const grouped = aggregate(v, [ref(0)]);
  const onto = (on: Expr): Relation => project(join('left', t, grouped, on), ref(0));
  const joins = (plan: Relation): number =>
    postorder(run(pruneColumns, plan).plan).filter((node) => node.kind === 'join').length;
  assert.is(joins(onto(call('eq', ref(3), ref(0)))), 0);
  const remainder = call('coalesce', call('mod', ref(3), lit(3)), lit(0));
  const repeated = onto(call('eq', ref(3), call('add', remainder, call('sub', ref(0), ref(0)))));
  assert.is(joins(repeated), 1);
});

test('projections merge, but what is costly and used twice is computed once, and so is what is volatile', () => {
  goldenPass(
    'merge-projects',
    mergeProjects,
    project(project(t, call('add', ref(0), lit(1)), ref(1, 'i32', true)), call('mul', ref(0), lit(2))),
  );
  const costly = call('mul', call('add', ref(0), lit(1)), call('sub', ref(0), lit(1)));
  expectUnchanged(mergeProjects, project(project(t, costly), call('add', ref(0), call('neg', ref(0)))));
  expectUnchanged(mergeProjects, project(project(t, call('random', lit(0n, 'i64'))), call('add', ref(0, 'f64'), ref(0, 'f64'))));
});

test('sorts that nobody sees go; those under a limit or at the root stay', () => {
  goldenPass('eliminate-no-ops', eliminateNoOps, aggregate(sorted(t), [], aggregateCall('count_star', [])));
  expectUnchanged(eliminateNoOps, sorted(t));
  expectUnchanged(eliminateNoOps, aggregate(limited(sorted(t), 2), [], aggregateCall('max', [ref(1, 'i32', true)])));
  expectUnchanged(
    eliminateNoOps,
    aggregate(sorted(t), [], { ...aggregateCall('first', [ref(0)]), type: scalar('i32', { nullable: true }) }),
  );
});

test('a distinct over part of the groups stays', () => {
  const grouped = aggregate(t, [ref(0), ref(1, 'i32', true)], aggregateCall('count_star', []));
  expectUnchanged(eliminateNoOps, make({ kind: 'distinct', input: project(grouped, ref(0)) }));
  assert.is(run(eliminateNoOps, make({ kind: 'distinct', input: grouped })).plan, grouped);
});

const rows = (counts: { readonly [table: string]: number }) => ({
  statistics: { ...NO_STATISTICS, rows: (table: string) => counts[table] },
});

test('the larger side probes and the smaller join comes first', () => {
  const plan = join(
    'inner',
    join('inner', u, t, call('eq', ref(0, 'i32', true), ref(2))),
    v,
    call('eq', ref(2), ref(5)),
  );
  goldenPass('order-joins', orderJoins, plan, rows({ t: 100_000, u: 50_000, v: 10 }));
});

test('a good order stays, and outer joins are not reordered', () => {
  expectUnchanged(orderJoins, join('inner', t, v, call('eq', ref(0), ref(3))), rows({ t: 1000, v: 10 }));
  expectUnchanged(orderJoins, join('left', v, t, call('eq', ref(0), ref(2))), rows({ t: 1000, v: 10 }));
});

test('a side that only a guess makes small is not built; one that an equality makes small is', () => {
  const column = (distinct: number) => ({ distinct, min: 0, max: 1000, nullCount: 0 });
  const statistics = { ...rows({ t: 300_000, v: 20_000 }).statistics, column: () => column(20_000) };
  const sides = (predicate: Expr): readonly Relation['kind'][] => {
    const plan = run(orderJoins, join('inner', v, filter(t, predicate), call('eq', ref(0), ref(2))), {
      statistics,
    }).plan;
    const top = plan.kind === 'project' ? plan.input : plan;
    return top.kind === 'join' ? [top.left.kind, top.right.kind] : [];
  };
  assert.equal(sides(call('le', ref(0), lit(30))), ['filter', 'scan']);
  assert.equal(sides(call('eq', ref(0), lit(30))), ['scan', 'filter']);
});

test('equalities between two tables are one key: it has no more values than the table has rows', () => {
  const statistics = {
    rows: () => 1000,
    column: () => ({ distinct: 500, min: undefined, max: undefined, nullCount: 0 }),
  };
  const both = join(
    'inner',
    t,
    v,
    call('and', call('eq', ref(0), ref(3)), call('eq', ref(1, 'i32', true), ref(4, 'i32', true))),
  );
  assert.is(estimateRows(statistics).rows(both), 1000);
  assert.is(estimateRows(statistics).rows(join('inner', t, v, call('eq', ref(0), ref(3)))), 2000);
  assert.is(estimateRows(statistics).rows(make({ kind: 'distinct', input: v })), 1000);
});

test('semi and anti joins keep their sides', () => {
  for (const kind of ['semi', 'anti'] as const) {
    expectUnchanged(orderJoins, join(kind, v, t, call('eq', ref(0), ref(2))), rows({ t: 1000, v: 10 }));
  }
});

test('the cheap conjunct is asked before the pattern, but none moves across one that may fail', () => {
  const pattern = call('like', ref(2, 'utf8', true), lit('%x%y%', 'utf8'));
  const cheap = call('eq', ref(0), lit(1));
  goldenPass('order-predicates', orderPredicates, filter(t, call('and', pattern, cheap)));
  const failing = call('eq', make({ kind: 'cast', arg: ref(2, 'utf8', true), to: 'i32', attempt: false }), lit(3));
  expectUnchanged(orderPredicates, filter(t, call('and', call('and', pattern, failing), cheap)));
  const overflowing = call('eq', call('add', ref(0), lit(1)), lit(3));
  expectUnchanged(orderPredicates, filter(t, call('and', pattern, overflowing)));
});

test('scans of a plan read each column once', () => {
  const scored = sum(t, [0, 0]);
  const scans = postorder(run(pruneColumns, project(scored, ref(3, 'f32')), { tensors: new Constants() }).plan).filter(
    (node) => node.kind === 'scan',
  );
  assert.equal(scans.map((node) => node.kind === 'scan' && node.columns), [[0]]);
});

test('what goes below a join is recorded once, and so are calls that nothing reads', () => {
  const sides = call('and', call('gt', ref(0), lit(1)), call('is_null', ref(4, 'i32', true)));
  for (const kind of ['inner', 'left', 'semi'] as const) {
    const joined = join(kind, t, v, call('eq', ref(0), ref(3)));
    const once = run(pushFilters, filter(joined, kind === 'semi' ? call('gt', ref(0), lit(1)) : sides));
    assert.equal(once.trace.map(({ rule }) => rule), ['below-join'], kind);
    assert.equal(run(pushFilters, once.plan).trace, [], `${kind}, again`);
  }
  const counted = aggregate(t, [ref(0)], aggregateCall('count_star', []), aggregateCall('max', [ref(1, 'i32', true)]));
  const [first] = run(pruneColumns, project(counted, ref(0))).trace;
  assert.is(first!.reason, '2 of 2 calls are not read by anything above');
});

test.run();
