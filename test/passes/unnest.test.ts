/** unnest-subqueries: the shapes of TPC-H's correlated queries, NULLs in NOT IN, and what stays a subquery. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Expr, Relation, Tensor } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import { scalar } from '../../ir/type.js';
import { unnestSubqueries } from '../../passes/unnest-subqueries.js';
import {
  aggregate,
  aggregateCall,
  apply,
  bag,
  call,
  col,
  evaluate,
  expectUnchanged,
  filter,
  goldenPass,
  join,
  lit,
  outer,
  project,
  ref,
  run,
  scan,
  subquery,
} from './plans.js';

const [t, u, v] = [scan('t'), scan('u'), scan('v')];
const matching = (inner: Relation): Relation => filter(inner, call('eq', col(inner, 0), outer(t, 0)));

function unnested(plan: Relation): Relation {
  const after = run(unnestSubqueries, plan).plan;
  assert.equal(postorder(after).filter((node) => node.kind === 'outer').length, 0);
  assert.equal(bag(evaluate(after)), bag(evaluate(plan)));
  return after;
}

function kinds(plan: Relation): readonly string[] {
  return postorder(plan).flatMap((node) => (node.kind === 'join' ? [node.join] : []));
}

test('EXISTS is a semi join and NOT EXISTS an anti join (Q4, Q22)', () => {
  assert.equal(kinds(unnested(filter(t, subquery('exists', matching(u))))), ['semi']);
  assert.equal(kinds(unnested(filter(t, call('not', subquery('exists', matching(u)))))), ['anti']);
});

test('a condition that is no equality goes to the semi join as it is (Q21)', () => {
  const inner = filter(u, call('and', call('eq', col(u, 0), outer(t, 0)), call('ne', col(u, 1), outer(t, 1))));
  goldenPass('unnest-exists', unnestSubqueries, filter(t, subquery('exists', inner)));
  unnested(filter(t, call('not', subquery('exists', inner))));
});

test('a scalar aggregate is grouped by what it is correlated by and joined (Q2, Q17, Q20)', () => {
  const least = project(
    aggregate(matching(u), [], aggregateCall('min', [ref(1, 'i32', true)])),
    call('add', ref(0, 'i32', true), lit(1)),
  );
  const plan = filter(t, call('ge', col(t, 1), subquery('scalar', least)));
  goldenPass('unnest-scalar', unnestSubqueries, plan);
  unnested(plan);
});

test('count over no rows is 0, not NULL', () => {
  const count = aggregate(matching(u), [], aggregateCall('count_star', []));
  const plan = project(t, ref(0), subquery('scalar', count));
  assert.ok(bag(evaluate(unnested(plan))).includes('3 | 0n'));
});

test('what stands over an aggregate reads the enclosing row where no row matches too', () => {
  const long = (arg: Expr): Expr => make({ kind: 'cast', arg, to: 'i64', attempt: false });
  const rows = ref(0, 'i64');
  const count = aggregate(matching(u), [], aggregateCall('count_star', []));
  const value = (inner: Relation): Relation => unnested(project(t, ref(0), subquery('scalar', inner)));
  const added = project(count, call('add', rows, long(outer(t, 0))));
  assert.ok(bag(evaluate(value(added))).includes('3 | 3n'));
  value(filter(count, call('lt', rows, long(outer(t, 0)))));
  unnested(filter(t, subquery('exists', filter(count, call('eq', rows, lit(0n, 'i64'))))));
  const joined = join('inner', count, v, call('lt', rows, long(ref(1))));
  value(aggregate(joined, [], aggregateCall('count_star', [])));
  value(aggregate(count, [], aggregateCall('max', [call('sub', rows, long(outer(t, 1)))], 'i64')));
  const second = make({ kind: 'limit', input: count, limit: undefined, offset: lit(1n, 'i64') });
  unnested(filter(t, call('not', subquery('exists', second))));
});

test('a correlation that is no equality goes through the distinct outer values', () => {
  const below = filter(u, call('lt', col(u, 0), outer(t, 0)));
  unnested(project(t, ref(0), subquery('scalar', aggregate(below, [], aggregateCall('count_star', [])))));
});

test('a scalar subquery that gives two rows fails after unnesting as before', () => {
  const plan = project(t, subquery('scalar', project(matching(v), ref(1, 'i32', true))));
  const after = run(unnestSubqueries, plan).plan;
  assert.throws(() => evaluate(plan));
  assert.throws(() => evaluate(after), /more than one row/);
});

test('NOT IN is never true when the list holds a NULL, and always when it is empty', () => {
  const notIn = (list: Relation): Relation => filter(t, call('not', subquery('in', list, col(t, 1))));
  const nulls = unnested(notIn(project(u, ref(1, 'i32', true))));
  assert.is(evaluate(nulls).length, 0);
  const none = unnested(notIn(project(filter(u, call('gt', ref(0, 'i32', true), lit(100))), ref(1, 'i32', true))));
  assert.is(evaluate(none).length, 7);
  const keys = unnested(filter(t, call('not', subquery('in', project(v, ref(0)), col(t, 0)))));
  assert.equal(kinds(keys), ['anti']);
});

test('IN under OR is a mark that keeps the third value', () => {
  const marked = subquery('in', project(u, ref(1, 'i32', true)), col(t, 1));
  unnested(project(t, ref(0), call('is_null', marked)));
  unnested(filter(t, call('or', marked, call('eq', ref(0), lit(4)))));
});

test('a subquery two queries out comes nearer a round at a time', () => {
  const innermost = filter(v, call('and', call('eq', col(v, 0), outer(u, 0)), call('eq', col(v, 1), outer(t, 1, 2))));
  const middle = filter(u, call('and', call('eq', col(u, 0), outer(t, 0)), subquery('exists', innermost)));
  unnested(filter(t, subquery('exists', middle)));
});

test('an uncorrelated scalar subquery stays: it is evaluated once', () => {
  expectUnchanged(
    unnestSubqueries,
    filter(t, call('gt', col(t, 0), subquery('scalar', aggregate(u, [], aggregateCall('max', [ref(0, 'i32', true)]))))),
  );
});

test('EXISTS under OR with a condition that is no equality joins the distinct outer values', () => {
  const less = filter(u, call('lt', col(u, 1), outer(t, 0)));
  const plan = filter(t, call('or', subquery('exists', less), call('eq', ref(0), lit(4))));
  goldenPass('unnest-domain', unnestSubqueries, plan);
  unnested(plan);
});

test('a correlated IN outside of a filter keeps the third value', () => {
  const list = project(filter(u, call('ge', col(u, 0), outer(t, 0))), ref(1, 'i32', true));
  const plan = project(t, ref(0), subquery('in', list, col(t, 1)), subquery('in', list, lit(null)));
  const rounds = [1, 2].reduce((current) => run(unnestSubqueries, current).plan, plan as Relation);
  assert.equal(postorder(rounds).filter((node) => node.kind === 'outer').length, 0);
  assert.equal(bag(evaluate(rounds)), bag(evaluate(plan)));
});

test('a limit inside a correlated subquery numbers the rows of each key', () => {
  const sorted = make({
    kind: 'sort',
    input: matching(u),
    keys: [{ expr: col(u, 1), descending: true, nullsFirst: false }],
    limit: undefined,
  });
  const limited = (offset: bigint): Relation =>
    project(
      make({ kind: 'limit', input: sorted, limit: lit(1n, 'i64'), offset: lit(offset, 'i64') }),
      ref(1, 'i32', true),
    );
  unnested(project(t, ref(0), subquery('scalar', limited(0n))));
  unnested(project(t, ref(0), subquery('scalar', limited(1n))));
});

test('a limit takes the first rows of a sort that lies under a projection', () => {
  const keys = [{ expr: call('mul', ref(0), ref(1, 'i32', true)), descending: true, nullsFirst: false }];
  const sorted = make({ kind: 'sort', input: filter(v, call('lt', col(v, 0), outer(t, 0))), keys, limit: undefined });
  const shown = project(sorted, call('sub', outer(t, 0), ref(1, 'i32', true)));
  const first = make({ kind: 'limit', input: shown, limit: lit(1n, 'i64'), offset: undefined });
  unnested(project(t, ref(0), subquery('scalar', first)));
});

/** The sum of two features. */
function sumOf(...exprs: readonly Expr[]): Tensor {
  const cast = exprs.map((arg) => make({ kind: 'cast', arg, to: 'f32', attempt: false }));
  const input = make({ kind: 'to_tensor', exprs: cast, dtype: 'f32', nulls: 'null' });
  return make({ kind: 'reduce', op: 'sum', input, axes: [1], keepDims: true, last: false });
}

test('a model inside a subquery reads features of the enclosing row', () => {
  const model = apply(matching(u), sumOf(col(u, 1), outer(t, 1)));
  const most = aggregate(model, [], aggregateCall('max', [col(model, 2)], 'f32'));
  unnested(project(t, ref(0), subquery('scalar', most)));
  const wanted = filter(apply(u, sumOf(col(u, 1), outer(t, 1))), call('gt', ref(2, 'f32', true), lit(5, 'f32')));
  unnested(filter(t, subquery('exists', wanted)));
});

test('a subquery among the features of a model becomes a join below it', () => {
  const most = aggregate(matching(u), [], aggregateCall('max', [ref(1, 'i32', true)]));
  const plan = apply(t, sumOf(ref(0), subquery('scalar', most)), sumOf(ref(0), ref(0)));
  const after = unnested(plan);
  assert.equal(after.type, plan.type);
});

test('a limit known only when the statement runs, and a volatile subquery, stay', () => {
  const limit: Expr = make({ kind: 'param', index: 0, type: scalar('i64') });
  const first = make({ kind: 'limit', input: project(matching(u), ref(1, 'i32', true)), limit, offset: undefined });
  expectUnchanged(unnestSubqueries, project(t, subquery('scalar', first)));
  expectUnchanged(
    unnestSubqueries,
    filter(t, subquery('exists', filter(u, call('gt', call('random', lit(0n, 'i64')), lit(0.5, 'f64'))))),
  );
});

test('a subquery in the condition of an outer join stays', () => {
  expectUnchanged(
    unnestSubqueries,
    join('left', t, u, call('and', call('eq', ref(0), ref(3, 'i32', true)), subquery('exists', matching(v)))),
  );
});

test.run();
