/** Layers larger than a page, or than memory: what they give is what their sums are. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { prepareModel } from '../../frontend/prepare-model.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { onnxModel } from '../support/onnx-model.js';
import { RealDatabase } from '../support/real-database.js';

type Real = 'f32' | 'f64';

function filled(dtype: Real, dims: readonly number[], at: (i: number) => number): TensorValue {
  const values = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => at(i));
  return { dtype, dims, data: dtype === 'f32' ? Float32Array.from(values) : Float64Array.from(values) };
}

/** Row i of the square weight is i % 3 in all columns, the last layer sums: (x · Σ (i % 3) + 1) · units, whole. */
function wide(dtype: Real, units: number): { readonly bytes: Uint8Array; readonly at: (x: number) => number } {
  const bytes = onnxModel({
    nodes: [
      { op: 'MatMul', inputs: ['x', 'spread'], outputs: ['a'] },
      { op: 'MatMul', inputs: ['a', 'square'], outputs: ['b'] },
      { op: 'Add', inputs: ['b', 'bias'], outputs: ['c'] },
      { op: 'Relu', inputs: ['c'], outputs: ['d'] },
      { op: 'MatMul', inputs: ['d', 'sum'], outputs: ['y'] },
    ],
    inputs: { x: { dtype, dims: ['n', 1] } },
    outputs: { y: dtype },
    initializers: {
      spread: filled(dtype, [1, units], () => 1),
      square: filled(dtype, [units, units], (i) => Math.floor(i / units) % 3),
      bias: filled(dtype, [1, units], () => 1),
      sum: filled(dtype, [units, 1], () => 1),
    },
  });
  const sum = Array.from({ length: units }, (_, i) => i % 3).reduce((a, b) => a + b);
  return { bytes, at: (x) => (x * sum + 1) * units };
}

async function answers(dtype: Real, units: number, memoryLimit: string): Promise<string> {
  const database = await RealDatabase.create({ memoryLimit });
  try {
    const { bytes, at } = wide(dtype, units);
    await database.db.createModel('wide', bytes);
    const sql = 'SELECT predict(wide, i) FROM range(3) AS r(i)';
    const found = await database.text(sql);
    assert.equal(found.map(([y]) => Number(y)), [0, 1, 2].map(at));
    return await database.db.explain(sql);
  } finally {
    await database.close();
  }
}

test('a layer of doubles that is larger than a page is stored and runs', async () => {
  assert.match(await answers('f64', 300, '64MiB'), /kernel/);
});

test('a layer of doubles that is too large to load is stored in the order its kernels read', async () => {
  const units = 2900;
  const { tensors } = await prepareModel('wide', wide('f64', units).bytes);
  const square = tensors.find(({ dims }) => dims.join() === `${units},${units}`);
  assert.is((square!.layout as { readonly whole: string }).whole, '');
});

test('a layer whose bias is a row of two axes is streamed past its rows', async () => {
  assert.match(await answers('f32', 1500, '16MiB'), /relational/);
});

test.run();
