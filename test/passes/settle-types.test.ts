/** What bringing types in line may not touch. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Expr } from '../../ir/node.js';
import { relation, scalar, tensor } from '../../ir/type.js';
import { settleTypes } from '../../passes/settle-types.js';

test('the activation of a blocked layer is over its sums, whatever the first column of the rows is', () => {
  const schema = relation([{ name: 'id', type: scalar('i64') }, { name: 'features', type: tensor('f32', [4]) }]);
  const input = make({ kind: 'scan', table: 't', schema, columns: [0, 1] });
  const sum: Expr = make({ kind: 'ref', index: 0, type: scalar('f32') });
  const zero: Expr = make({ kind: 'literal', value: 0, type: scalar('f32') });
  const activation: Expr = make({ kind: 'call', op: 'max', args: [sum, zero] });
  const weight = make({ kind: 'weight', hash: 'w', type: tensor('f32', [4, 2]) });
  const plan = make({
    kind: 'blocked',
    input,
    model: 'm',
    feature: 1,
    name: 'result',
    layers: [{ weight, bias: undefined, activation }],
  });
  assert.is(settleTypes(plan), plan);
});

test.run();
