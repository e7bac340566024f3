/** Layers placed as relational leave their model; what is a kernel stays in it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Relation, Representation, Tensor } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import { splitRelational } from '../../passes/split-relational.js';
import {
  apply,
  bag,
  call,
  Constants,
  evaluate,
  expectUnchanged,
  features,
  goldenPass,
  lit,
  ref,
  run,
  scan,
} from './plans.js';

const t = scan('t');
const tensors = new Constants();

function layer(input: Tensor, [inputs, outputs]: readonly [number, number], representation: Representation): Tensor {
  const weight = tensors.weight([inputs, outputs], Array.from({ length: inputs * outputs }, (_, i) => i - 2));
  return make({
    kind: 'dense',
    input,
    weight,
    bias: undefined,
    activation: call('max', ref(0, 'f32'), lit(0, 'f32')),
    representation,
  });
}

function layers(...representations: readonly Representation[]): Relation {
  const widths = [2, 3, 2, 1];
  return apply(t, representations.reduce<Tensor>(
    (input, representation, i) => layer(input, [widths[i]!, widths[i + 1]!], representation), features(t, [0, 1])));
}

const blockedOf = (plan: Relation): readonly number[] =>
  postorder(plan).flatMap((node) => (node.kind === 'blocked' ? [node.layers.length] : []));

test('a chain of relational layers stands between two models, and gives the same rows', () => {
  const plan = layers('kernel', 'relational', 'relational');
  const split = goldenPass('split-relational', splitRelational, plan, { tensors }).plan;
  assert.equal(blockedOf(split), [2]);
  assert.equal(bag(evaluate(split, tensors)), bag(evaluate(plan, tensors)));
});

test('a kernel between two relational layers ends the chain', () => {
  const plan = layers('relational', 'kernel', 'relational');
  const split = run(splitRelational, plan, { tensors }).plan;
  assert.equal(blockedOf(split), [1, 1]);
  assert.equal(bag(evaluate(split, tensors)), bag(evaluate(plan, tensors)));
});

test('a layer over one feature leaves its model as any other, and one that gives one value', () => {
  const plan = apply(t, layer(layer(features(t, [0]), [1, 3], 'relational'), [3, 1], 'relational'));
  const split = run(splitRelational, plan, { tensors }).plan;
  assert.equal(blockedOf(split), [2]);
  assert.equal(bag(evaluate(split, tensors)), bag(evaluate(plan, tensors)));
});

test('kernels stay in their model', () => {
  expectUnchanged(splitRelational, layers('kernel', 'kernel'), { tensors });
});

test.run();
