/** Support vector machines: the oracle's and the kernels' results are those of onnxruntime. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { seeded } from '../../bench/support/random.js';
import { importModel } from '../../frontend/onnx/model.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { agreeEverywhere } from '../support/onnx-everywhere.js';
import { onnxModel, type Attribute, type ModelSpec } from '../support/onnx-model.js';

const TOLERANCE = { relative: 1e-4, absolute: 1e-5 };
const WIDTH = 4;
const floats = (values: readonly number[]): Float32Array => Float32Array.from(values);

/** Two classes of as many vectors each. Features lie about 2000; their products are exact where they are summed. */
function supportVectors(kernel: string): { readonly spec: ModelSpec; readonly x: TensorValue } {
  const [count, rows] = [200, 100];
  const next = seeded(9);
  const features = (length: number): Float32Array =>
    Float32Array.from({ length: length * WIDTH }, () => 1998 + (kernel === 'RBF' ? 4 * next() : Math.round(4 * next())));
  const margins = Array.from({ length: count / 2 }, () => 4 * next());
  const attributes = {
    kernel_type: kernel, kernel_params: floats([0.25, 0, 3]),
    coefficients: floats([...margins, ...margins.map((margin) => -margin)]), support_vectors: features(count),
    vectors_per_class: [100n, 100n], rho: floats([0.1]), classlabels_ints: [0n, 1n],
  };
  const spec: ModelSpec = {
    nodes: [{ op: 'SVMClassifier', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['label', 'scores'], attributes }],
    inputs: { x: { dtype: 'f32', dims: ['N', WIDTH] } },
    outputs: { label: 'i64', scores: 'f32' },
  };
  return { spec, x: { dtype: 'f32', dims: [rows, WIDTH], data: features(rows) } };
}

for (const kernel of ['LINEAR', 'RBF']) {
  test(`support vectors agree where features are large: ${kernel}`, async () => {
    const { spec, x } = supportVectors(kernel);
    await agreeEverywhere(spec, { x }, TOLERANCE);
  });
}

test('a row with an infinite feature is far from all support vectors, one with NaN nowhere', async () => {
  const { spec, x } = supportVectors('RBF');
  const data = Float32Array.from(x.data as Float32Array);
  data.set([Infinity, -Infinity, NaN, Infinity], 0);
  data.set([Infinity, -Infinity, 0, 1], WIDTH);
  data.set([-Infinity], 2 * WIDTH);
  await agreeEverywhere(spec, { x: { ...x, data } }, TOLERANCE);
});

/** Classes of 5, 6, 7 ... vectors, which lie about 0; several margins are near 0. */
function classes(count: number, extra: Readonly<Record<string, Attribute>> = {}): ModelSpec {
  const next = seeded(4 + count);
  const perClass = Array.from({ length: count }, (_, i) => 5 + i);
  const vectors = perClass.reduce((sum, own) => sum + own, 0);
  const random = (length: number): Float32Array => Float32Array.from({ length }, () => 2 * next() - 1);
  const attributes = {
    kernel_type: 'RBF', kernel_params: floats([0.5, 0, 3]),
    coefficients: random((count - 1) * vectors), support_vectors: random(vectors * WIDTH),
    vectors_per_class: perClass.map(BigInt), rho: random((count * (count - 1)) / 2),
    classlabels_strings: perClass.map((own) => `of ${own}`), ...extra,
  };
  return {
    nodes: [{ op: 'SVMClassifier', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['label', 'scores'], attributes }],
    inputs: { x: { dtype: 'f32', dims: ['N', WIDTH] } },
    outputs: { label: 'utf8', scores: 'f32' },
  };
}

function points(rows: number): TensorValue {
  const next = seeded(2);
  const data = Float32Array.from({ length: rows * WIDTH }, () => 4 * next() - 2);
  data[0] = NaN;
  return { dtype: 'f32', dims: [rows, WIDTH], data };
}

for (const count of [3, 4, 6]) {
  test(`${count} classes are chosen by the votes of all pairs`, async () => {
    const outputs = await agreeEverywhere(classes(count), { x: points(300) }, TOLERANCE);
    assert.is(new Set(outputs.get('label')!.data as readonly string[]).size, count);
  });
}

for (const slope of [-0.01, -0.5, -4, -200]) {
  test(`the probabilities of two classes agree at a slope of ${slope}`, async () => {
    const sigmoid = { prob_a: floats([slope]), prob_b: floats([0.1]) };
    await agreeEverywhere(classes(2, sigmoid), { x: points(300) }, { relative: 1e-5, absolute: 1e-6 });
  });
}

test('what is not supported of support vectors is named', async () => {
  const three = onnxModel(classes(3, { prob_a: floats([1, 1, 1]), prob_b: floats([0, 0, 0]) }));
  const refused = await importModel(three, { name: 'three' }).catch((error: Error) => error);
  assert.match((refused as Error).message, /SVMClassifier .*: probabilities of more than two classes/);
});

test.run();
