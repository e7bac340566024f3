/** The plan and the WebAssembly text of one small pipeline, so that a change of generated code is seen. */
import { test } from 'uvu';
import { make } from '../../ir/build.js';
import { scalar } from '../../ir/type.js';
import { golden } from '../support/golden.js';
import { call, col, columnsOf, lit, ordersScan, plan } from '../support/pipeline-cases.js';

const ids = make({ kind: 'filter', input: ordersScan, predicate: call('gt', col(ordersScan, 'id'), lit(20n, 'i64')) });

test('scan, filter, project and result: the code of the run', () => {
  const emitted = plan(make({ kind: 'project', input: ids, exprs: [col(ids, 'id')], names: ['id'] }));
  const text = emitted.text();
  const begin = text.indexOf('\n (func $run_') + 1;
  golden('pipeline/filter.wat', text.slice(begin, text.indexOf('\n (func', begin + 1)));
});

test('scan, filter and aggregate: the physical plan', () => {
  const groups = [{ expr: col(ids, 'customer'), name: 'customer' }];
  const calls = [
    { op: 'count_star', args: [], distinct: false, filter: undefined, name: 'n', type: scalar('i64') },
  ] as const;
  const emitted = plan(make({ kind: 'aggregate', input: ids, groups, calls, type: columnsOf(groups, calls) }));
  golden('pipeline/aggregate-plan.json', JSON.stringify(emitted.plan, undefined, 2));
});

test.run();
