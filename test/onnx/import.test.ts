/**
 * What the importer makes of models: the batch stays symbolic, constants fold, and a model of one row serves any
 * number.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importModel } from '../../frontend/onnx/model.js';
import { rowDependence } from '../../frontend/onnx/row-wise.js';
import { postorder } from '../../ir/rewrite.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { printType } from '../../ir/type.js';
import { runModel } from '../support/onnx-case.js';
import { onnxModel, type ModelSpec, type NodeSpec } from '../support/onnx-model.js';

function longs(values: readonly number[]): TensorValue {
  return { dtype: 'i64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

function modelOf(
  nodes: readonly NodeSpec[],
  options: Partial<ModelSpec> & { readonly dims?: readonly (number | string)[] } = {},
): Uint8Array {
  const { dims = ['N', 4], ...rest } = options;
  return onnxModel({ nodes, inputs: { x: { dtype: 'f32', dims } }, outputs: { y: 'f32' }, ...rest });
}

test('a batch dim survives Shape, Gather, Concat and Reshape', async () => {
  const { graph } = await importModel(modelOf([
    { op: 'Shape', inputs: ['x'], outputs: ['s'] },
    { op: 'Gather', inputs: ['s', 'zero'], outputs: ['batch'] },
    { op: 'Unsqueeze', inputs: ['batch', 'first'], outputs: ['b'] },
    { op: 'Concat', inputs: ['b', 'rest'], outputs: ['target'], attributes: { axis: 0 } },
    { op: 'Reshape', inputs: ['x', 'target'], outputs: ['y'] },
  ], { initializers: { zero: { ...longs([0]), dims: [] }, first: longs([0]), rest: longs([2, -1]) } }));
  const [output] = graph.outputs;
  assert.is(printType(output!.tensor.type), 'f32[n, 2, 2]');
  assert.equal(postorder(output!.tensor).map((node) => node.kind), ['input', 'reshape']);
  assert.is(rowDependence(graph), undefined);
});

test('a model of one row is made one of any number of rows', async () => {
  const bytes = modelOf([
    { op: 'Reshape', inputs: ['x', 'flat'], outputs: ['f'] },
    { op: 'Gemm', inputs: ['f', 'w'], outputs: ['y'] },
    ],
    {
      dims: [1, 2, 2],
      initializers: { flat: longs([1, 4]), w: { dtype: 'f32', dims: [4, 1], data: Float32Array.from([1, 2, 3, 4]) } },
    },
  );
  const model = await importModel(bytes, { rebatch: true });
  assert.is(printType(model.graph.outputs[0]!.tensor.type), 'f32[n, 1]');
  const x: TensorValue = { dtype: 'f32', dims: [2, 2, 2], data: Float32Array.from([1, 1, 1, 1, 0, 0, 0, 1]) };
  assert.equal(Array.from(runModel(model, new Map([['x', x]])).get('y')!.data as Float32Array), [10, 4]);
  assert.is(printType((await importModel(bytes)).graph.outputs[0]!.tensor.type), 'f32[1, 1]');
});

test('a model that mixes rows is not made one of any number of rows', async () => {
  const bytes = modelOf([{ op: 'Softmax', inputs: ['x'], outputs: ['y'], attributes: { axis: 0 } }], { dims: [1, 4] });
  assert.is(printType((await importModel(bytes, { rebatch: true })).graph.outputs[0]!.tensor.type), 'f32[1, 4]');
  const symbolic = await importModel(
    modelOf([{ op: 'Softmax', inputs: ['x'], outputs: ['y'], attributes: { axis: 0 } }]),
  );
  assert.match(rowDependence(symbolic.graph) ?? '', /mixes rows/);
});

test('what follows from constants is a constant', async () => {
  const { graph } = await importModel(modelOf([
    { op: 'Transpose', inputs: ['w'], outputs: ['t'] },
    { op: 'Exp', inputs: ['t'], outputs: ['e'] },
    { op: 'Add', inputs: ['x', 'e'], outputs: ['y'] },
  ], { initializers: { w: { dtype: 'f32', dims: [4, 1], data: Float32Array.from([0, 1, 2, 3]) } } }));
  assert.equal(
    postorder(graph.outputs[0]!.tensor)
      .map((node) => node.kind)
      .filter((kind) => kind !== 'ref' && kind !== 'call'),
    ['input', 'weight', 'map'].sort((a) => (a === 'map' ? 1 : 0)),
  );
});

test('weights of the same bytes are one weight, read by the type of each node', async () => {
  const w: TensorValue = { dtype: 'f32', dims: [4, 1], data: Float32Array.from([1, 2, 3, 4]) };
  const model = await importModel(modelOf([
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['a'] },
    { op: 'Add', inputs: ['x', 'row'], outputs: ['b'] },
    { op: 'Add', inputs: ['a', 'b'], outputs: ['y'] },
  ], { initializers: { w, row: { ...w, dims: [1, 4] } } }));
  assert.is(model.weights.size, 1);
  const x: TensorValue = { dtype: 'f32', dims: [1, 4], data: Float32Array.from([1, 1, 1, 1]) };
  assert.equal(Array.from(runModel(model, new Map([['x', x]])).get('y')!.data as Float32Array), [12, 13, 14, 15]);
});

test('ZipMap names the columns of an output', async () => {
  const { graph } = await importModel(modelOf([
      {
        op: 'ZipMap',
        domain: 'ai.onnx.ml',
        inputs: ['x'],
        outputs: ['y'],
        attributes: { classlabels_strings: ['a', 'b', 'c', 'd'] },
      },
  ]));
  assert.equal(graph.outputs[0]!.map, { keyDType: 'utf8', keys: ['a', 'b', 'c', 'd'] });
});

test.run();
