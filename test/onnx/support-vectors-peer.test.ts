/** Support vector machines: the oracle's and the kernels' results are those of onnxruntime. */
import { test } from 'uvu';
import { seeded } from '../../bench/support/random.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { agreeEverywhere } from '../support/onnx-everywhere.js';
import type { ModelSpec } from '../support/onnx-model.js';

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

test.run();
