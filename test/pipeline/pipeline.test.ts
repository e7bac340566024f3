/** Pipelines against the oracle: what generated code gives is what `evaluateRelation` gives. */
import { test } from 'uvu';
import { make } from '../../ir/build.js';
import type { Expr, Relation } from '../../ir/node.js';
import { scalar } from '../../ir/type.js';
import { checkAgainstOracle, columnsOf, ordersScan, call, col, lit } from '../support/pipeline-cases.js';

const amount = (relation: Relation): Expr => col(relation, 'amount');

test('scan, filter, project and result give the rows of the oracle', () => {
  const predicate = call(
    'and',
    call('gt', amount(ordersScan), lit(20, 'f64')),
    call('is_not_null', col(ordersScan, 'id')),
  );
  const filtered = make({ kind: 'filter', input: ordersScan, predicate });
  checkAgainstOracle(
    make({
      kind: 'project',
      input: filtered,
      exprs: [col(filtered, 'id'), call('add', col(filtered, 'id'), lit(1n, 'i64')), col(filtered, 'name')],
      names: ['id', 'next', 'name'],
    }),
  );
});

test('every column type of a scan reaches the result', () => checkAgainstOracle(ordersScan));

test('an aggregate by text and without groups', () => {
  const calls = [
    { op: 'count_star', args: [], distinct: false, filter: undefined, name: 'n', type: scalar('i64') },
    {
      op: 'sum',
      args: [amount(ordersScan)],
      distinct: false,
      filter: undefined,
      name: 's',
      type: scalar('f64', { nullable: true }),
    },
    {
      op: 'min',
      args: [col(ordersScan, 'name')],
      distinct: false,
      filter: undefined,
      name: 'm',
      type: scalar('utf8', { nullable: true }),
    },
  ] as const;
  const key = { expr: col(ordersScan, 'name'), name: 'name' };
  checkAgainstOracle(
    make({ kind: 'aggregate', input: ordersScan, groups: [key], calls, type: columnsOf([key], calls) }),
  );
  checkAgainstOracle(make({ kind: 'aggregate', input: ordersScan, groups: [], calls, type: columnsOf([], calls) }));
});

test.run();
