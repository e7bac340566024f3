/** Real models: the oracle's outputs are those their origin gives, or else onnxruntime's. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importModel, openModelFile } from '../../frontend/onnx/model.js';
import { rowDependence } from '../../frontend/onnx/row-wise.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { seeded } from '../../bench/support/random.js';
import { readNpz } from '../support/npz.js';
import { compareTensors, importWithValues, runModel } from '../support/onnx-case.js';
import { runPeer } from '../support/onnx-peer.js';

const MODELS = fileURLToPath(new URL('../../../../shared/conformance/models/', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../../examples/flights/', import.meta.url));
const TOLERANCE = { relative: 1e-3, absolute: 1e-5 };
const ROW_COUNT = 50;
/** Cases that need what is not there yet. */
const NOT_PASSED: Readonly<Record<string, string>> = {};

function randomFeatures(columns: number): TensorValue {
  const random = seeded(7);
  return { dtype: 'f32', dims: [ROW_COUNT, columns], data: Float32Array.from({ length: ROW_COUNT * columns }, () => 8 * random() - 2) };
}

const folders = existsSync(MODELS) ? readdirSync(MODELS).filter((name) => existsSync(`${MODELS}${name}/model.onnx`)) : [];

for (const name of folders) {
  test(`${name} gives its expected outputs`, async () => {
    const bytes = readFileSync(`${MODELS}${name}/model.onnx`);
    const failure = await (existsSync(`${MODELS}${name}/io.npz`) ? againstOrigin(bytes, `${MODELS}${name}/io.npz`) : againstPeer(bytes))
      .then(() => undefined, (error: Error) => error.message);
    if (NOT_PASSED[name] === undefined) assert.is(failure, undefined);
    else assert.ok(failure, `${name} passes: remove it from NOT_PASSED`);
  });
}

async function againstOrigin(bytes: Uint8Array, npz: string): Promise<void> {
  const arrays = readNpz(readFileSync(npz));
  const { graph } = await importWithValues(bytes, arrays);
  const values = new Map(graph.inputs.map((input) => [input.name, arrays.get(input.name)!]));
  const outputs = runModel(await importWithValues(bytes, arrays), values);
  const expected = [...arrays].filter(([name]) => !values.has(name));
  assert.ok(expected.length > 0);
  for (const [name, value] of expected) {
    // the origin's arrays come from the training library: their dtype and trailing dims of 1 are its own
    const found = outputs.get(name) ?? [...outputs.values()][0]!;
    const plain = { dtype: 'f64' as const, dims: [found.data.length], data: Float64Array.from(found.data as ArrayLike<number>, Number) };
    compareTensors(plain, { ...plain, dims: [value.data.length], data: Float64Array.from(value.data as ArrayLike<number>, Number) }, { ...TOLERANCE, what: name });
  }
}

async function againstPeer(bytes: Uint8Array): Promise<void> {
  const model = await importModel(bytes, { name: 'model' });
  const input = model.graph.inputs[0]!;
  const columns = input.type.dims[1]!;
  const values = new Map([[input.name, randomFeatures(typeof columns === 'number' ? columns : 64)]]);
  const expected = await runPeer(bytes, values);
  for (const [name, value] of runModel(model, values)) compareTensors(value, expected.get(name)!, { ...TOLERANCE, what: name });
}

for (const name of existsSync(MODELS) ? readdirSync(MODELS).filter((own) => own.endsWith('.onnx')) : []) {
  test(`${name} gives onnxruntime's outputs, row by row`, async () => {
    await againstPeer(readFileSync(`${MODELS}${name}`));
    assert.is(rowDependence((await openModelFile(`${MODELS}${name}`)).graph), undefined);
  });
}

for (const name of readdirSync(EXAMPLES).filter((own) => own.endsWith('.onnx'))) {
  test(`the example ${name} is a function of rows`, async () => {
    const { graph } = await openModelFile(`${EXAMPLES}${name}`);
    assert.is(rowDependence(graph), undefined);
  });
}

test.run();
