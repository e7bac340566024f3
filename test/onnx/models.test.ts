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
import { compareTensors, runModel } from '../support/onnx-case.js';
import { runPeer } from '../support/onnx-peer.js';

const MODELS = fileURLToPath(new URL('../../../../shared/conformance/models/', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../../examples/flights/', import.meta.url));
const TOLERANCE = { relative: 1e-3, absolute: 1e-5 };
const ROW_COUNT = 50;
/** Sizes of dims that the graph needs as numbers: sequences are unrolled. */
const SIZES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  byte_sb_bidi_lstm: { length: 58 },
  'qlstm_3-2-3_T3_S1': { n: 3 },
};
/** Whose arrays are of another model than the file: onnxruntime gives 8 rows too, not 10. */
const OTHER_ORIGIN: ReadonlySet<string> = new Set(['qtdnn_10x5_101_i32_biases']);

function randomFeatures(columns: number): TensorValue {
  const random = seeded(7);
  return {
    dtype: 'f32',
    dims: [ROW_COUNT, columns],
    data: Float32Array.from({ length: ROW_COUNT * columns }, () => 8 * random() - 2),
  };
}

const folders = existsSync(MODELS)
  ? readdirSync(MODELS).filter((name) => existsSync(`${MODELS}${name}/model.onnx`))
  : [];

for (const name of folders) {
  test(`${name} gives its expected outputs`, async () => {
    const bytes = readFileSync(`${MODELS}${name}/model.onnx`);
    const npz = `${MODELS}${name}/io.npz`;
    if (!existsSync(npz)) return againstPeer(bytes);
    const arrays = readNpz(readFileSync(npz));
    const model = await importModel(bytes, { name, sizes: new Map(Object.entries(SIZES[name] ?? {})) });
    const values = new Map(model.graph.inputs.map((input) => [input.name, arrays.get(input.name)!]));
    if (OTHER_ORIGIN.has(name)) return againstPeer(bytes, values);
    const outputs = runModel(model, values);
    const expected = [...arrays].filter(([own]) => !values.has(own));
    assert.ok(expected.length > 0);
    for (const [own, value] of expected) {
      // the origin's arrays come from the training library: their dtype, names and dims of 1 are its own
      const found = outputs.get(own) ?? [...outputs.values()][0]!;
      compareTensors(plain(found), plain(value), { ...TOLERANCE, what: own });
    }
  });
}

function plain({ data }: TensorValue): TensorValue {
  return { dtype: 'f64', dims: [data.length], data: Float64Array.from(data as ArrayLike<number>, Number) };
}

async function againstPeer(bytes: Uint8Array, given?: ReadonlyMap<string, TensorValue>): Promise<void> {
  const model = await importModel(bytes, { name: 'model' });
  const input = model.graph.inputs[0]!;
  const columns = input.type.dims[1]!;
  const values = given ?? new Map([[input.name, randomFeatures(typeof columns === 'number' ? columns : 64)]]);
  const expected = await runPeer(bytes, values);
  for (const [name, value] of runModel(model, values))
    compareTensors(value, expected.get(name)!, { ...TOLERANCE, what: name });
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
