/** The passes over models: goldens, and graphs they must leave alone. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Expr, Relation, Tensor } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import { tensor as tensorType } from '../../ir/type.js';
import { cancelLayout } from '../../passes/cancel-layout.js';
import { eliminateNoOps } from '../../passes/eliminate-no-ops.js';
import { fuseDense } from '../../passes/fuse-dense.js';
import { fuseMaps } from '../../passes/fuse-maps.js';
import { placeOperators } from '../../passes/place-operators.js';
import { pruneColumns } from '../../passes/prune-columns.js';
import { pruneModelInputs } from '../../passes/prune-model-inputs.js';
import { pushFilters } from '../../passes/push-filters.js';
import { shareModels } from '../../passes/share-models.js';
import {
  apply,
  call,
  col,
  Constants,
  expectUnchanged,
  features,
  filter,
  goldenPass,
  lit,
  ref,
  run,
  scan,
} from './plans.js';

const t = scan('t');
const x = features(t, [0, 1]);
const [a, b] = [ref(0, 'f32'), ref(1, 'f32')];
const constants = new Constants();
const weight = constants.weight([2, 2], [1, 2, 3, 4]);
const bias = constants.weight([2], [5, 6]);
const product = make({ kind: 'matmul', left: x, right: weight });
const map = (body: Expr, ...inputs: readonly Tensor[]): Tensor => make({ kind: 'map', body, inputs });
const slice = (input: Tensor, start: number, count: number): Tensor =>
  make({ kind: 'slice', input, ranges: [undefined, { start, step: 1, count }] });

test('map of map is one map, and a constant of one element a literal', () => {
  const inner = map(call('sub', a, b), x, bias);
  goldenPass('fuse-maps', fuseMaps, apply(t, map(call('mul', a, b), inner, constants.weight([1], [2]))), {
    tensors: constants,
  });
});

test('a costly map that is read twice, or that the outer one broadcasts, stays', () => {
  const shared = map(call('exp', call('mul', a, b)), x, bias);
  expectUnchanged(fuseMaps, apply(t, map(call('tanh', a), shared), map(call('sqrt', a), shared)), {
    tensors: constants,
  });
  const row = map(call('exp', a), bias);
  expectUnchanged(fuseMaps, apply(t, map(call('mul', a, b), x, row)), { tensors: constants });
});

test('matmul + bias + activation is one dense layer', () => {
  goldenPass('fuse-dense', fuseDense, apply(t, map(call('max', call('add', a, b), lit(0, 'f32')), product, bias)), {
    tensors: constants,
  });
});

test('what the map reads besides stays a map over the layer', () => {
  const residual = apply(t, map(call('add', call('add', a, b), ref(2, 'f32')), product, bias, x));
  const kinds = postorder(run(fuseDense, residual).plan).map((node) => node.kind);
  assert.ok(kinds.includes('dense') && kinds.includes('map') && !kinds.includes('matmul'));
});

test('a product of two inputs is no dense layer, and a bias that depends on the row is none', () => {
  const square = make({ kind: 'matmul', left: x, right: make({ kind: 'transpose', input: x, permutation: [1, 0] }) });
  expectUnchanged(
    fuseDense,
    apply(t, make({ kind: 'reduce', op: 'sum', input: square, axes: [1], keepDims: false, last: false })),
  );
  const plan = run(fuseDense, apply(t, map(call('add', a, b), product, x))).plan;
  assert.equal(postorder(plan).flatMap((node) => (node.kind === 'dense' ? [node.bias] : [])), [undefined]);
});

test('layout changes that undo each other go', () => {
  const back = make({
    kind: 'transpose',
    input: make({ kind: 'transpose', input: product, permutation: [1, 0] }),
    permutation: [1, 0],
  });
  const parts = make({ kind: 'concat', inputs: [slice(back, 0, 1), slice(back, 1, 1)], axis: 1 });
  assert.is(run(cancelLayout, apply(t, parts)).plan, apply(t, product));
});

test('columns picked from packed ones are packed alone', () => {
  const indices = make({
    kind: 'weight',
    hash: constants.add({ dtype: 'i64', dims: [1], data: BigInt64Array.of(-1n) }),
    type: tensorType('i64', [1]),
  });
  const picked = make({ kind: 'gather', mode: 'take', input: x, indices, axis: 1, batchDims: 0 });
  goldenPass('cancel-layout', cancelLayout, apply(t, picked), { tensors: constants });
});

test('a packed column stays where its NULL makes the result NULL; slices out of order stay apart', () => {
  const strict = features(t, [1, 0], 'null');
  expectUnchanged(cancelLayout, apply(t, slice(strict, 1, 1)));
  expectUnchanged(
    cancelLayout,
    apply(t, make({ kind: 'concat', inputs: [slice(product, 1, 1), slice(product, 0, 1)], axis: 1 })),
  );
});

function tree(input: Tensor, feature: readonly number[]): Tensor {
  const ints = (dtype: 'i32' | 'u8', data: readonly number[]): Tensor => make({
    kind: 'weight', type: tensorType(dtype, [data.length]),
      hash: constants.add({
        dtype,
        dims: [data.length],
        data: dtype === 'i32' ? Int32Array.from(data) : Uint8Array.from(data),
      }),
    });
  return make({
    kind: 'tree_ensemble',
    input,
    roots: ints('i32', [0]),
    feature: ints('i32', feature),
    threshold: constants.weight([3], [2, 0, 0]),
    mode: ints('u8', [0, 6, 6]),
    yes: ints('i32', [1, 0, 1]),
    no: ints('i32', [2, 1, 2]),
    missingYes: ints('u8', [0, 0, 0]),
    leafTarget: ints('i32', [0, 0]),
    leafWeight: constants.weight([2], [1, 2]),
    base: undefined,
    targets: 1,
    combine: 'sum',
  });
}

test('a feature that no split names becomes a constant', () => {
  goldenPass('prune-model-inputs', pruneModelInputs, apply(t, tree(x, [1, 0, 0])), { tensors: constants });
});

test('a feature stays where its NULL counts, or where a weight of zero may meet NaN', () => {
  expectUnchanged(pruneModelInputs, apply(t, tree(features(t, [0, 1], 'null'), [0, 0, 0])), { tensors: constants });
  const half = make({
    kind: 'dense',
    input: x,
    weight: constants.weight([2, 1], [1, 0]),
    bias: undefined,
    activation: undefined,
    representation: undefined,
  });
  expectUnchanged(pruneModelInputs, apply(t, half), { tensors: constants });
});

test('a weight of zero takes away an integer, but not one that is infinite as a half', () => {
  const dense = (to: 'f16' | 'f32', from: 'i8' | 'i32'): Relation => {
    const cast = (arg: Expr, type: 'f16' | 'f32'): Expr => make({ kind: 'cast', arg, to: type, attempt: false });
    const exprs = [0, 1].map((index) => cast(cast(ref(index, from), to), 'f32'));
    const input = make({ kind: 'to_tensor', exprs, dtype: 'f32', nulls: 'nan' });
    const [bias, activation, representation] = [undefined, undefined, undefined];
    const zeros = constants.weight([2, 1], [1, 0]);
    return apply(t, make({ kind: 'dense', input, weight: zeros, bias, activation, representation }));
  };
  const isPruned = (plan: Relation): boolean => run(pruneModelInputs, plan, { tensors: constants }).plan !== plan;
  assert.equal([isPruned(dense('f32', 'i32')), isPruned(dense('f16', 'i8'))], [true, true]);
  expectUnchanged(pruneModelInputs, dense('f16', 'i32'), { tensors: constants });
});

test('a layer is streamed only where stored blocks of f32 are', () => {
  const [activation, representation] = [undefined, undefined];
  const chosen = (input: Tensor, own: Tensor, row: Tensor | undefined): readonly string[] => {
    const plan = apply(t, make({ kind: 'dense', input, weight: own, bias: row, activation, representation }));
    return run(placeOperators, plan, { tensors: constants, budgetBytes: 1 }).decisions.map((one) => one.chosen);
  };
  const asRow = make({ kind: 'reshape', input: constants.weight([1, 2], [5, 6]), dims: [2] });
  const swapped = make({ kind: 'transpose', input: weight, permutation: [1, 0] });
  for (const [own, row] of [[weight, undefined], [weight, bias], [weight, asRow], [swapped, bias]] as const)
    assert.equal(chosen(x, own, row), ['relational']);
  const toDouble = make({ kind: 'cast', arg: a, to: 'f64', attempt: false });
  const hash = constants.add({ dtype: 'f64', dims: [2, 2], data: Float64Array.of(1, 2, 3, 4) });
  const doubles = make({ kind: 'weight', hash, type: tensorType('f64', [2, 2]) });
  const negated = (of: Tensor): Tensor => map(call('neg', a), of);
  assert.equal(chosen(map(toDouble, x), doubles, undefined), ['kernel']);
  assert.equal(chosen(x, negated(weight), undefined), ['kernel']);
  assert.equal(chosen(x, weight, negated(bias)), ['kernel']);
});

test('a model asked about in WHERE and SELECT runs once', () => {
  const sum = make({ kind: 'reduce', op: 'sum', input: x, axes: [1], keepDims: false, last: false });
  const asked: Relation = apply(t, sum);
  goldenPass('share-models', shareModels, apply(filter(asked, call('gt', col(asked, 3), lit(2, 'f32'))), sum));
});

test('a model over other columns is not shared', () => {
  const sum = (columns: readonly number[]): Tensor =>
    make({ kind: 'reduce', op: 'sum', input: features(t, columns), axes: [1], keepDims: false, last: false });
  const asked: Relation = apply(t, sum([0]));
  expectUnchanged(shareModels, apply(filter(asked, call('gt', col(asked, 3), lit(2, 'f32'))), sum([1])));
});

test('a model of twenty thousand nodes one after the other goes through the passes', () => {
  let tensor: Tensor = x;
  for (let i = 0; i < 20_000; i++) {
    const body = i % 2 === 0 ? call('exp', ref(0, 'f32')) : call('neg', ref(0, 'f32'));
    tensor = make({ kind: 'map', body, inputs: [tensor] });
  }
  const plan = filter(apply(t, tensor), call('gt', ref(0), lit(1)));
  for (const pass of [pushFilters, eliminateNoOps, pruneModelInputs, pruneColumns, placeOperators])
    assert.equal(run(pass, plan).plan.type, plan.type);
});

test.run();
