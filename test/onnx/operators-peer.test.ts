/** Operators at values where they are easily wrong: kernels and oracle give what onnxruntime gives. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importModel } from '../../frontend/onnx/model.js';
import { rowDependence } from '../../frontend/onnx/row-wise.js';
import type { DType } from '../../ir/dtype.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { openModel } from '../../runtime/database.js';
import { runModel } from '../support/onnx-case.js';
import { agreeEverywhere } from '../support/onnx-everywhere.js';
import { onnxModel, type ModelSpec, type NodeSpec } from '../support/onnx-model.js';

function longs(values: readonly number[], dims: readonly number[] = [values.length]): TensorValue {
  return { dtype: 'i64', dims, data: BigInt64Array.from(values, BigInt) };
}

function floats(values: readonly number[], width: number): TensorValue {
  return { dtype: 'f32', dims: [values.length / width, width], data: Float32Array.from(values) };
}

/** x of any number of rows and this width to y. */
function modelOf(nodes: readonly NodeSpec[], options: Partial<ModelSpec> & Ends = {}): ModelSpec {
  const { width = 2, from = 'f32', to = from, ...rest } = options;
  return { nodes, inputs: { x: { dtype: from, dims: ['N', width] } }, outputs: { y: to }, opset: 18, ...rest };
}

interface Ends { readonly width?: number; readonly from?: DType; readonly to?: DType }

test('a leading 1 of Reshape is an axis of its own where the batch is open', async () => {
  const x = floats([0, 1, 2, 3, 4, 5], 2);
  const shape = longs([1, -1, 2]);
  const reshape: NodeSpec = { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] };
  await agreeEverywhere(modelOf([reshape], { initializers: { shape } }), { x }, { backend: 'reference' });
  const narrow = modelOf([reshape], { width: 1, initializers: { shape } });
  await agreeEverywhere(narrow, { x: floats([1, 2, 3, 4], 1) }, { backend: 'reference' });
  const mean = modelOf([
    { ...reshape, outputs: ['r'] },
    { op: 'ReduceMean', inputs: ['r', 'first'], outputs: ['y'], attributes: { keepdims: 0 } },
  ], { initializers: { shape, first: longs([0]) } });
  await agreeEverywhere(mean, { x });
  assert.is(rowDependence((await importModel(onnxModel(mean), { rebatch: true })).graph), undefined);
});

test('the mean of integers is truncated', async () => {
  const x = longs([-4, -1, 2, 5, 8, 12], [3, 2]);
  const mean = (axis: number): ModelSpec => modelOf(
    [{ op: 'ReduceMean', inputs: ['x', 'axis'], outputs: ['y'] }],
    { from: 'i64', initializers: { axis: longs([axis]) } },
  );
  await agreeEverywhere(mean(1), { x });
  await agreeEverywhere(mean(0), { x }, { backend: 'reference' });
});

test('the logarithm of a sum of powers keeps infinities, and takes floats', async () => {
  const x = floats([1, Infinity, -Infinity, -Infinity, -Infinity, 2, 3, 4], 2);
  for (const keepdims of [0, 1]) {
    const node: NodeSpec = { op: 'ReduceLogSumExp', inputs: ['x', 'axis'], outputs: ['y'], attributes: { keepdims } };
    await agreeEverywhere(modelOf([node], { initializers: { axis: longs([1]) } }), { x });
  }
  for (const op of ['ReduceLogSum', 'ReduceLogSumExp']) {
    const spec = modelOf([{ op, inputs: ['x', 'axis'], outputs: ['y'] }], {
      from: 'i64', initializers: { axis: longs([1]) },
    });
    assert.match(await refusalOf(spec, longs([1, 2], [1, 2])), new RegExp(`not supported[^]*${op}[^]*floats`));
  }
});

test('the least integer is its own opposite and absolute value', async () => {
  const least = { i8: Int8Array.of(-128, 3), i32: Int32Array.of(-(2 ** 31), -3) };
  for (const [dtype, data] of Object.entries(least)) {
    const x: TensorValue = { dtype: dtype as DType, dims: [1, 2], data };
    const backend = dtype === 'i8' ? 'reference' : 'kernel';
    for (const op of ['Abs', 'Neg']) {
      const spec = modelOf([{ op, inputs: ['x'], outputs: ['y'] }], { from: x.dtype });
      await agreeEverywhere(spec, { x }, { backend });
    }
  }
  const x = longs([5, 7], [1, 2]);
  await agreeEverywhere(modelOf([{ op: 'Neg', inputs: ['x'], outputs: ['y'] }], { from: 'i64' }), { x });
});

test('products of integers wrap as exact ones', async () => {
  const x: TensorValue = { dtype: 'i32', dims: [1, 2], data: Int32Array.of(2 ** 31 - 1, 3) };
  const w: TensorValue = { dtype: 'i32', dims: [2, 1], data: Int32Array.of(2 ** 31 - 1, 5) };
  const spec = modelOf([{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }], { from: 'i32', initializers: { w } });
  await agreeEverywhere(spec, { x }, { backend: 'reference' });
});

test('a product over nothing is the bias, and sums of nothing are nothing', async () => {
  const [w, c] = [floats([], 2), floats([1, 2], 2)];
  const x = { dtype: 'f32' as const, dims: [3, 0], data: new Float32Array(0) };
  const gemm = modelOf([{ op: 'Gemm', inputs: ['x', 'w', 'c'], outputs: ['y'] }], { width: 0, initializers: { w, c } });
  await agreeEverywhere(gemm, { x }, { backend: 'reference' });
  const sums = modelOf([{ op: 'CumSum', inputs: ['x', 'axis'], outputs: ['y'] }], {
    width: 0, initializers: { axis: longs([1], []) },
  });
  await agreeEverywhere(sums, { x });
});

test('what has no bound is clipped to the finite values', async () => {
  const x = floats([Infinity, -Infinity, NaN, 2], 2);
  const zero: TensorValue = { dtype: 'f32', dims: [], data: Float32Array.of(0) };
  for (const inputs of [['x'], ['x', 'zero'], ['x', '', 'zero']]) {
    await agreeEverywhere(modelOf([{ op: 'Clip', inputs, outputs: ['y'] }], { initializers: { zero } }), { x });
  }
});

test('an empty list of axes squeezes all that are 1', async () => {
  const node: NodeSpec = { op: 'Squeeze', inputs: ['x', 'axes'], outputs: ['y'] };
  await agreeEverywhere(modelOf([node], { width: 1, initializers: { axes: longs([]) } }), { x: floats([1, 2, 3], 1) });
});

test('no position is better or worse than that of a NaN', async () => {
  const x = floats([NaN, 1, 2, 1, NaN, 2, 2, 1, NaN, 3, NaN, 3, NaN, NaN, NaN], 3);
  for (const op of ['ArgMax', 'ArgMin']) {
    for (const last of [0, 1]) {
      const attributes = { axis: 1, select_last_index: last };
      const spec = modelOf([{ op, inputs: ['x'], outputs: ['y'], attributes }], { width: 3, to: 'i64' });
      await agreeEverywhere(spec, { x });
    }
  }
});

test('axes before the rows come and go in kernels, as of a recurrent layer; rows are not mixed', async () => {
  const weights = (dims: readonly number[]): TensorValue =>
    ({ dtype: 'f32', dims, data: Float32Array.from(waves(dims.reduce((a, b) => a * b, 1))) });
  const apart: readonly NodeSpec[] = [
    { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['by row'] },
    { op: 'Transpose', inputs: ['by row'], outputs: ['by step'], attributes: { perm: [1n, 0n, 2n] } },
  ];
  const initializers = { shape: longs([-1, 2, 3]), mixed: longs([-1, 6]), flat: longs([0, 0, -1]) };
  for (const direction of ['forward', 'bidirectional']) {
    const count = direction === 'forward' ? 1 : 2;
    const layer = { ...initializers, w: weights([count, 8, 3]), r: weights([count, 8, 2]) };
    await agreeEverywhere(modelOf([
      ...apart,
      { op: 'LSTM', inputs: ['by step', 'w', 'r'], outputs: ['h'], attributes: { hidden_size: 2, direction } },
      { op: 'Transpose', inputs: ['h'], outputs: ['last'], attributes: { perm: [0n, 2n, 1n, 3n] } },
      { op: 'Reshape', inputs: ['last', 'flat'], outputs: ['steps'] },
      { op: 'Transpose', inputs: ['steps'], outputs: ['y'], attributes: { perm: [1n, 0n, 2n] } },
    ], { width: 6, initializers: layer }), { x: floats([...waves(30)], 6) }, { ...close, backend: 'kernel' });
  }
  const mixing = modelOf([...apart, { op: 'Reshape', inputs: ['by step', 'mixed'], outputs: ['y'] }],
    { width: 6, initializers });
  await agreeEverywhere(mixing, { x: floats([...waves(30)], 6) }, { backend: 'reference' });
});

test('what is quantised and dequantised again runs as kernels, saturated at both ends', async () => {
  for (const dtype of ['i8', 'u8'] as const) {
    const zero: TensorValue = { dtype, dims: [], data: dtype === 'i8' ? Int8Array.of(-5) : Uint8Array.of(100) };
    const scale: TensorValue = { dtype: 'f32', dims: [], data: Float32Array.of(0.5) };
    const quantised = modelOf([
      { op: 'QuantizeLinear', inputs: ['x', 'scale', 'zero'], outputs: ['q'] },
      { op: 'DequantizeLinear', inputs: ['q', 'scale', 'zero'], outputs: ['y'] },
    ], { initializers: { scale, zero } });
    await agreeEverywhere(quantised, { x: floats([-1000, -0.25, 0.25, 0.75, 60.6, 1000, Infinity, -Infinity], 2) });
  }
});

test('1 to any power, and -1 to an infinity, is 1', async () => {
  const base: TensorValue = { dtype: 'f32', dims: [2], data: Float32Array.of(1, -1) };
  const x = floats([NaN, Infinity, Infinity, -Infinity, -Infinity, 2, 0.5, 3], 2);
  const spec = modelOf([{ op: 'Pow', inputs: ['base', 'x'], outputs: ['y'] }], { initializers: { base } });
  await agreeEverywhere(spec, { x });
});

test('a float as text has the fewest digits that give it back', async () => {
  const spec = modelOf([{ op: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: 8 } }], { to: 'utf8' });
  const x = floats([0.1, -1.9, 3, 0.001, -0, NaN, Infinity, -Infinity], 2);
  await agreeEverywhere(spec, { x }, { backend: 'reference' });
  const third = runModel(await importModel(onnxModel(spec)), new Map([['x', floats([1 / 3, 0.3], 2)]]));
  assert.equal(third.get('y')!.data, ['0.33333334', '0.3']);
});

test('rows that do not fill a reshaped tensor are refused', async () => {
  const spec = modelOf([{ op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] }], {
    width: 1, initializers: { shape: longs([1, -1, 2]) },
  });
  const failed = await refusalOf(spec, floats([1, 2, 3], 1));
  assert.match(failed, /3 elements do not fill \[1, /);
});

test('sizes computed with fractions are what they are', async () => {
  const spec = modelOf([
    { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
    { op: 'Cast', inputs: ['shape'], outputs: ['sizes'], attributes: { to: 1 } },
    { op: 'Div', inputs: ['sizes', 'two'], outputs: ['halves'] },
    { op: 'Mul', inputs: ['halves', 'two'], outputs: ['whole'] },
    { op: 'Slice', inputs: ['whole', 'first', 'second'], outputs: ['y'] },
  ], { width: 3, initializers: { two: { dtype: 'f32', dims: [1], data: Float32Array.of(2) }, first: longs([1]), second: longs([2]) } });
  await agreeEverywhere(spec, { x: floats([1, 2, 3, 4, 5, 6], 3) }, { backend: 'reference' });
});

test('rows of more elements than a program has columns for run by the reference evaluator', async () => {
  const times = longs([1, 2 ** 17 + 1]);
  const spec = modelOf([{ op: 'Tile', inputs: ['x', 'times'], outputs: ['y'] }], { initializers: { times } });
  await agreeEverywhere(spec, { x: floats([1, 2], 2) }, { backend: 'reference' });
  assert.match((await openModel(onnxModel(spec))).reasons.join(), /262146 elements a row, expected at most 262144/);
});

test('a constant that is too large to compute leaves the model to the reference evaluator', async () => {
  const sides = longs([60_000, 60_000]);
  const spec = modelOf([
    { op: 'ConstantOfShape', inputs: ['sides'], outputs: ['zeros'] },
    { op: 'ReduceSum', inputs: ['zeros'], outputs: ['sum'] },
    { op: 'Add', inputs: ['x', 'sum'], outputs: ['y'] },
  ], { initializers: { sides } });
  assert.match((await openModel(onnxModel(spec))).reasons.join(), /a constant of 3600000000 elements/);
});

test('columns that an output shares are copied in one step', async () => {
  const spec = modelOf([{ op: 'Concat', inputs: ['x', 'x'], outputs: ['y'], attributes: { axis: 1 } }]);
  await agreeEverywhere(spec, { x: floats([1, 2, 3, 4, 5, 6], 2) });
  assert.match((await openModel(onnxModel(spec))).explain(), /kernels\n {2}map 4 columns of f32\n(?! {2}map)/);
});

/** x of 4 positions a row, of 2 heads of 4 elements each, through a node. */
function overPositions(node: NodeSpec, initializers: Readonly<Record<string, TensorValue>>): ModelSpec {
  return modelOf([
    { op: 'Reshape', inputs: ['x', 'apart'], outputs: ['positions'] }, node,
    { op: 'Reshape', inputs: ['all', 'together'], outputs: ['y'] },
  ], { width: 32, opset: 23, initializers: { apart: longs([-1, 4, 8]), together: longs([0, -1]), ...initializers } });
}

const waves = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 1.7));
const close = { backend: 'reference', relative: 1e-5, absolute: 1e-6 } as const;

test('attention weighs what the mask, the order of positions and the cap leave, by head', async () => {
  const one = Uint8Array.of(1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0, 1);
  const masks: Readonly<Record<string, TensorValue>> = {
    kept: { dtype: 'bool', dims: [4, 4], data: one },
    shift: { dtype: 'f32', dims: [2, 4, 4], data: waves(32) },
    half: { dtype: 'f32', dims: [8, 4], data: waves(32) },
  };
  const self: NodeSpec = { op: 'Attention', inputs: ['positions', 'positions', 'positions'], outputs: ['all'] };
  const two = { q_num_heads: 2, kv_num_heads: 2 };
  const nodes: readonly NodeSpec[] = [
    { ...self, attributes: two },
    { ...self, attributes: { ...two, is_causal: 1, scale: { float: 0.3 } } },
    { ...self, inputs: [...self.inputs, 'kept'], attributes: { ...two, softcap: { float: 0.5 } } },
    { ...self, inputs: [...self.inputs, 'shift'], attributes: two },
  ];
  const x = floats([...waves(96)], 32);
  for (const node of nodes) await agreeEverywhere(overPositions(node, masks), { x }, close);
  const spec = overPositions({ ...self, inputs: ['positions', 'narrow', 'narrow'],
    attributes: { q_num_heads: 2, kv_num_heads: 1 } }, masks);
  const narrow: NodeSpec = { op: 'MatMul', inputs: ['positions', 'half'], outputs: ['narrow'] };
  await agreeEverywhere({ ...spec, nodes: [spec.nodes[0]!, narrow, ...spec.nodes.slice(1)] }, { x }, close);
});

test('what attention cannot take is refused', async () => {
  const node = (attributes: NodeSpec['attributes'], more: readonly string[] = []): ModelSpec => overPositions({
    op: 'Attention', inputs: ['positions', 'positions', 'positions', ...more], outputs: ['all'], attributes: attributes!,
  }, { mask: { dtype: 'f32', dims: [4, 3], data: waves(12) }, filled: longs([4]) });
  const x = floats([...waves(32)], 32);
  const two = { q_num_heads: 2, kv_num_heads: 2 };
  assert.match(await refusalOf(node({ q_num_heads: 3, kv_num_heads: 2 }), x), /3 heads of a width of 8/);
  assert.match(await refusalOf(node({ q_num_heads: 4, kv_num_heads: 8 }), x), /4 heads of queries and 8 of keys/);
  assert.match(await refusalOf(node({}), x), /q_num_heads is missing/);
  assert.match(await refusalOf(node(two, ['mask']), x), /a mask of 3 of 4 positions/);
  assert.match(await refusalOf(node(two, ['', '', '', 'filled']), x), /nonpad_kv_seqlen/);
});

test('pairs of a head turn by the angle of their position; the rest of the head stays', async () => {
  const tables = (pairs: number): Readonly<Record<string, TensorValue>> => {
    const angles = Float32Array.from({ length: 4 * pairs }, (_, i) => i / 5);
    const dims = [4, pairs];
    return {
      cos: { dtype: 'f32', dims, data: angles.map(Math.cos) }, sin: { dtype: 'f32', dims, data: angles.map(Math.sin) },
      at: longs([0, 1, 2, 3], [1, 4]),
    };
  };
  for (const attributes of [{}, { interleaved: 1 }, { rotary_embedding_dim: 2 }] as const) {
    const pairs = 'rotary_embedding_dim' in attributes ? 1 : 2;
    const node: NodeSpec = { op: 'RotaryEmbedding', inputs: ['positions', 'cos', 'sin', 'at'], outputs: ['all'],
      attributes: { num_heads: 2, ...attributes } };
    await agreeEverywhere(overPositions(node, tables(pairs)), { x: floats([...waves(32)], 32) }, close);
  }
});

/** What importer or oracle say of what they cannot take. */
async function refusalOf(spec: ModelSpec, x: TensorValue): Promise<string> {
  try {
    const model = await importModel(onnxModel(spec));
    runModel(model, new Map([['x', x]]));
  } catch (error) {
    return (error as Error).message;
  }
  return 'it ran';
}

test.run();
