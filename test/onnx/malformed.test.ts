/** Broken files: whatever the bytes, what is thrown is a ModelError. */
import * as fc from 'fast-check';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModelError } from '../../frontend/onnx/errors.js';
import { importModel, openModelFile } from '../../frontend/onnx/model.js';
import { supportedOperators } from '../../frontend/onnx/registry.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { editInitializer, onnxModel, type NodeSpec } from '../support/onnx-model.js';

const floats = (values: readonly number[]): Float32Array => Float32Array.from(values);

const DENSE = onnxModel({
  nodes: [
    { op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['h'], attributes: { transB: 1 } },
    { op: 'Relu', inputs: ['h'], outputs: ['r'] },
    { op: 'Softmax', inputs: ['r'], outputs: ['y'], attributes: { axis: 1 } },
  ],
  inputs: { x: { dtype: 'f32', dims: ['N', 3] } },
  outputs: { y: 'f32' },
  initializers: {
    w: { dtype: 'f32', dims: [2, 3], data: floats([1, 2, 3, 4, 5, 6]) },
    b: { dtype: 'f32', dims: [2], data: floats([0.5, 0.25]) },
  },
});
const TREE = onnxModel({
  nodes: [
    {
      op: 'TreeEnsembleRegressor',
      domain: 'ai.onnx.ml',
      inputs: ['x'],
      outputs: ['y'],
      attributes: {
        n_targets: 1,
        nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'],
        nodes_treeids: [0n, 0n, 0n],
        nodes_nodeids: [0n, 1n, 2n],
        nodes_featureids: [1n, 0n, 0n],
        nodes_values: floats([0.5, 0, 0]),
        nodes_truenodeids: [1n, 0n, 0n],
        nodes_falsenodeids: [2n, 0n, 0n],
        target_treeids: [0n, 0n],
        target_nodeids: [1n, 2n],
        target_ids: [0n, 0n],
        target_weights: floats([1, 2]),
      },
    },
  ],
  inputs: { x: { dtype: 'f32', dims: ['N', 3] } },
  outputs: { y: 'f32' },
});

/** Imports, or fails with a ModelError that says something. */
async function importsOrRefuses(bytes: Uint8Array): Promise<void> {
  try {
    await importModel(bytes, { name: 'broken' });
  } catch (error) {
    assert.instance(error, ModelError, `found ${String(error)}`);
    assert.ok((error as ModelError).message.length > 10);
  }
}

for (const [name, bytes] of Object.entries({ DENSE, TREE })) {
  test(`every prefix of ${name} is refused with a ModelError`, async () => {
    for (let length = 0; length < bytes.length; length++) await importsOrRefuses(bytes.slice(0, length));
  });

  test(`flipped bytes of ${name} give a model or a ModelError`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (flips) => {
          const broken = bytes.slice();
          for (const [at, value] of flips) broken[at] = value;
          await importsOrRefuses(broken);
        },
      ),
      { numRuns: 1500, seed: 11 },
    );
  });
}

test('garbage is refused', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), importsOrRefuses), { numRuns: 500, seed: 12 });
});

async function refusal(run: Promise<unknown>): Promise<ModelError> {
  try {
    await run;
  } catch (error) {
    assert.instance(error, ModelError);
    return error as ModelError;
  }
  throw new Error('was not refused');
}

test('all that is unsupported is reported at once, with domain, operator, opset and node', async () => {
  const bytes = onnxModel({
    nodes: [
      { op: 'Frobnicate', inputs: ['x'], outputs: ['a'] },
      { op: 'Relu', inputs: ['a'], outputs: ['b'] },
      { op: 'DictVectorizer', domain: 'ai.onnx.ml', inputs: ['b'], outputs: ['y'] },
    ],
    inputs: { x: { dtype: 'f32', dims: ['N', 3] } },
    outputs: { y: 'f32' },
  });
  const error = await refusal(importModel(bytes, { name: 'odd' }));
  assert.is(error.code, 'unsupported');
  assert.equal(
    error.missing.map(({ domain, op, opset, node }) => [domain, op, opset, node]),
    [
      ['', 'Frobnicate', 17, 'Frobnicate(a)'],
      ['ai.onnx.ml', 'DictVectorizer', 3, 'DictVectorizer(y)'],
    ],
  );
});

test('cycles, undefined names and names defined twice are refused', async () => {
  const inputs = { x: { dtype: 'f32' as const, dims: ['N', 3] } };
  const outputs = { y: 'f32' as const };
  const cycle = [
    { op: 'Add', inputs: ['x', 'b'], outputs: ['y'] },
    { op: 'Relu', inputs: ['y'], outputs: ['b'] },
  ];
  assert.match((await refusal(importModel(onnxModel({ nodes: cycle, inputs, outputs })))).message, /cycle/);
  const unknown = [{ op: 'Add', inputs: ['x', 'b'], outputs: ['y'] }];
  assert.match((await refusal(importModel(onnxModel({ nodes: unknown, inputs, outputs })))).message, /nothing defines/);
  const twice = [
    { op: 'Relu', inputs: ['x'], outputs: ['y'] },
    { op: 'Relu', inputs: ['x'], outputs: ['y'] },
  ];
  assert.match((await refusal(importModel(onnxModel({ nodes: twice, inputs, outputs })))).message, /has defined/);
});

test('a tensor that claims more than it has allocates nothing', async () => {
  const error = await refusal(
    importModel(
      editInitializer(DENSE, (tensor) => {
        tensor.dims = [2 ** 30, 2 ** 30];
      }),
    ),
  );
  assert.is(error.code, 'limit');
});

type Dims = readonly (number | string)[];

/** One node over x, with constants. */
function nodeOver(
  dims: Dims,
  node: Pick<NodeSpec, 'op' | 'attributes'>,
  initializers: Readonly<Record<string, TensorValue>> = {},
): Uint8Array {
  return onnxModel({
    nodes: [{ ...node, inputs: ['x', ...Object.keys(initializers)], outputs: ['y'] }],
    inputs: { x: { dtype: 'f32', dims } }, outputs: { y: 'f32' }, initializers, opset: 20,
  });
}

const longs = (...values: readonly number[]): TensorValue =>
  ({ dtype: 'i64', dims: [values.length], data: BigInt64Array.from(values, BigInt) });
const zeros = (...dims: readonly number[]): TensorValue =>
  ({ dtype: 'f32', dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) });

const ILL_FORMED: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
  'updates of another type': [
    nodeOver(['N', 2], { op: 'ScatterElements' }, { at: longs(0, 1), updates: longs(1, 2) }), /f32 and i64/,
  ],
  'parts of a block': [nodeOver(['N', 4, 3, 3], { op: 'SpaceToDepth', attributes: { blocksize: 2 } }), /shape \[.*1\.5/],
  'an image of three dims': [nodeOver(['N', 4, 3], { op: 'DepthToSpace', attributes: { blocksize: 2 } }), /rank 4/],
  'a sequence of two dims': [nodeOver([2, 'N'], { op: 'GRU' }, { w: zeros(1, 9, 4), r: zeros(1, 9, 3) }), /rank 3/],
  'a norm that is none': [nodeOver(['N', 2], { op: 'LpNormalization', attributes: { p: 3 } }), /of order 3/],
  'indices that are no integers': [nodeOver(['N', 2], { op: 'Gather' }, { at: zeros(1) }), /indices of f32/],
};

for (const [name, [bytes, message]] of Object.entries(ILL_FORMED)) {
  test(`${name}: refused with what was expected`, async () => {
    const error = await refusal(importModel(bytes));
    assert.is(error.code, 'invalid');
    assert.match(error.message, message);
  });
}

const BOUNDLESS: Readonly<Record<string, Uint8Array>> = {
  'the depth of OneHot': nodeOver(['N', 2], { op: 'OneHot' }, { depth: longs(1e9), values: zeros(2) }),
  'the size of AffineGrid': nodeOver(['N', 2, 3], { op: 'AffineGrid' }, { size: longs(1, 1, 30_000, 30_000) }),
  'the places of a triangle': nodeOver(['N', 1, 4e9], { op: 'Trilu' }),
  'the parts of a sequence': nodeOver(['N', 4e9], { op: 'SplitToSequence', attributes: { axis: 1 } }),
  'the weights of a linear resize': nodeOver(['N', 1, 3, 3000], { op: 'Resize', attributes: { mode: 'linear' } }, {
    roi: zeros(0), scales: { dtype: 'f32', dims: [4], data: floats([1, 1, 1, 1e6]) },
  }),
};

for (const [name, bytes] of Object.entries(BOUNDLESS)) {
  test(`${name} is bounded`, async () => {
    const error = await refusal(importModel(bytes));
    assert.is(error.code, 'limit', error.message);
  });
}

function withExternal(location: string): Uint8Array {
  return editInitializer(DENSE, (weight) => {
    weight.rawData = new Uint8Array(0);
    weight.dataLocation = 1;
    weight.externalData = [{ key: 'location', value: location }];
  });
}

test('external data stays inside the folder of the model', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'model-'));
  try {
    const inside = join(folder, 'models');
    mkdirSync(inside);
    const data = new Uint8Array(Float32Array.from([1, 2, 3, 4, 5, 6]).buffer);
    writeFileSync(join(folder, 'secret.bin'), data);
    writeFileSync(join(inside, 'weights.bin'), data);
    symlinkSync(join(folder, 'secret.bin'), join(inside, 'link.bin'));
    const path = join(inside, 'model.onnx');
    for (const location of [
      '../secret.bin',
      join(folder, 'secret.bin'),
      'link.bin',
      'absent.bin',
      'a/../../secret.bin',
    ]) {
      writeFileSync(path, withExternal(location));
      assert.is((await refusal(openModelFile(path))).code, 'external_data', location);
    }
    writeFileSync(path, withExternal('weights.bin'));
    const [external, whole] = [await openModelFile(path), await importModel(DENSE)];
    assert.is(external.graph.outputs[0]!.tensor, whole.graph.outputs[0]!.tensor);
    assert.is((await refusal(importModel(withExternal('weights.bin')))).code, 'external_data');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the support table lists each operator once', () => {
  const names = supportedOperators().map(({ domain, op }) => `${domain}.${op}`);
  assert.is(new Set(names).size, names.length);
  assert.ok(names.includes('ai.onnx.Gemm') && names.includes('ai.onnx.ml.TreeEnsembleClassifier'));
});

test.run();
