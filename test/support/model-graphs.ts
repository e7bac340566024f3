/** Two small models for tests of SQL: one tensor input, and two named inputs with a label and a ZipMap. */
import { make } from '../../ir/build.js';
import type { ModelGraph } from '../../ir/node.js';
import { scalar, tensor } from '../../ir/type.js';

/** y = the sum of `width` features. */
export function sumModel(width: number): ModelGraph {
  const input = make({ kind: 'input', name: 'x', type: tensor('f32', ['N', width]) });
  const sum = make({ kind: 'reduce', op: 'sum', input, axes: [1], keepDims: true, last: false });
  return { name: 'score', inputs: [input], outputs: [{ name: 'y', tensor: sum, map: undefined }] };
}

/** label = which of amount and age is greater; probabilities = both, under the keys 0 and 1. */
export function pairModel(): ModelGraph {
  const amount = make({ kind: 'input', name: 'amount', type: tensor('f32', ['N', 1]) });
  const age = make({ kind: 'input', name: 'age', type: tensor('i64', ['N', 1]) });
  const body = make({
    kind: 'cast',
    arg: make({ kind: 'ref', index: 0, type: scalar('i64') }),
    to: 'f32',
    attempt: false,
  });
  const both = make({ kind: 'concat', inputs: [amount, make({ kind: 'map', body, inputs: [age] })], axis: 1 });
  const label = make({ kind: 'reduce', op: 'argmax', input: both, axes: [1], keepDims: false, last: false });
  return {
    name: 'fraud', inputs: [amount, age],
    outputs: [
      { name: 'label', tensor: label, map: undefined },
      { name: 'probabilities', tensor: both, map: { keyDType: 'i64', keys: ['0', '1'] } },
    ],
  };
}
