/**
 * Public models and backend tests through `openModel`. What kernels run must give the expected outputs; what the
 * reference evaluator runs is tested in test/onnx.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModelError } from '../../frontend/onnx/errors.js';
import { openModel, type Model, type ModelOptions, type ModelTensor } from '../../runtime/database.js';
import { tensorOf, valueOf } from '../../runtime/model-tensor.js';
import { seeded } from '../../bench/support/random.js';
import { compareTensors, readCase } from '../support/onnx-case.js';
import { runPeer } from '../support/onnx-peer.js';

const CONFORMANCE = fileURLToPath(new URL('../../../../shared/conformance/', import.meta.url));
const TOLERANCE = { relative: 1e-3, absolute: 1e-5 };
const ROW_COUNT = 300;
/** Cases of each suite that kernels run; it may only grow. */
const LEAST_KERNELS: Readonly<Record<string, number>> = { current: 241, older: 231 };

type Tensors = Record<string, ModelTensor>;

/** Inputs that decide on shapes are given when the model is opened. */
async function openWithValues(bytes: Uint8Array, inputs: Tensors): Promise<Model | undefined> {
  const constants: Tensors = {};
  for (;;) {
    try {
      return await openModel(bytes, { constants });
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      if (
        error.code !== 'needs_constant' ||
        error.input === undefined ||
        error.input in constants ||
        !(error.input in inputs)
      )
        return undefined;
      constants[error.input] = inputs[error.input]!;
    }
  }
}

async function failureOf(folder: string, absolute: number): Promise<'reference' | 'kernel' | string> {
  const { bytes, values, expected } = readCase(folder);
  const inputs: Tensors = Object.fromEntries([...values].map(([name, value]) => [name, tensorOf(value)]));
  const model = await openWithValues(bytes, inputs);
  if (model === undefined || model.backend === 'reference') return 'reference';
  const outputs = Object.values(
    await model.run(Object.fromEntries(model.inputs.map(({ name }) => [name, inputs[name]!]))),
  );
  expected.forEach((value, i) =>
    compareTensors(valueOf(outputs[i]!), value, { relative: TOLERANCE.relative, absolute, what: `output ${i}` }),
  );
  return 'kernel';
}

for (const list of existsSync(CONFORMANCE) ? ['current', 'older'] : []) {
  test(`kernels give the expected outputs of onnx/${list}`, async () => {
    const wrong: string[] = [];
    let kernels = 0;
    for (const line of readFileSync(`${CONFORMANCE}onnx/${list}.txt`, 'utf8').split('\n').filter((own) => own !== '')) {
      const [name, atol] = line.split(' ') as [string, string | undefined];
      const absolute = atol === undefined ? TOLERANCE.absolute : Number(atol.split('=')[1]);
      const outcome = await failureOf(`${CONFORMANCE}onnx/${list}/${name}`, absolute).catch((error: unknown) =>
        String(error),
      );
      if (outcome === 'kernel') kernels++;
      else if (outcome !== 'reference') wrong.push(`${name}: ${outcome}`);
    }
    assert.equal(wrong, []);
    assert.ok(
      kernels >= LEAST_KERNELS[list]!,
      `${kernels} cases ran as kernels, expected at least ${LEAST_KERNELS[list]!}`,
    );
  });
}

const WIDTHS: Readonly<Record<string, ModelOptions['sizes']>> = {
  'treecl.onnx': { input_1: 64 }, 'treecl2.onnx': { input_1: 64 }, 'treecl3.onnx': { input_1: 64 },
};
/** Tree ensembles and linear models: kernels must run them. */
const TABULAR = [
  'lgbm_classifier_tensor',
  'lgbm_regressor_tensor',
  'linear_classifier',
  'linear_regressor',
  'xgboost_classifier_tree',
  'xgboost_regressor_tree',
  'treecl.onnx', 'treecl2.onnx', 'treecl3.onnx',
];

for (const name of TABULAR.filter((own) => readModel(own) !== undefined)) {
  test(`${name} gives onnxruntime's outputs by kernels and by the reference evaluator`, async () => {
    const bytes = readModel(name)!;
    for (const backend of ['auto', 'reference'] as const) {
      await using model = await openModel(bytes, { backend, sizes: WIDTHS[name] ?? {} });
      assert.is(model.backend, backend === 'auto' ? 'kernel' : 'reference', model.reasons.join());
      const [input] = model.inputs;
      const x = randomFeatures(Number(input!.dims[1]));
      const expected = await runPeer(bytes, new Map([[input!.name, valueOf(x)]]));
      for (const [output, tensor] of Object.entries(await model.run({ [input!.name]: x }))) {
        compareTensors(valueOf(tensor), expected.get(output)!, { ...TOLERANCE, what: `${output} by ${model.backend}` });
      }
    }
  });
}

function readModel(name: string): Uint8Array | undefined {
  const path = `${CONFORMANCE}models/${name}${name.endsWith('.onnx') ? '' : '/model.onnx'}`;
  return existsSync(path) ? readFileSync(path) : undefined;
}

function randomFeatures(columns: number): ModelTensor {
  const random = seeded(11);
  return {
    type: 'float32',
    dims: [ROW_COUNT, columns],
    data: Float32Array.from({ length: ROW_COUNT * columns }, () => 8 * random() - 2),
  };
}

for (const name of existsSync(CONFORMANCE)
  ? readdirSync(`${CONFORMANCE}models`).filter((own) => readModel(own) !== undefined)
  : []) {
  test(`${name} opens with the reasons for its backend, or says what it needs`, async () => {
    try {
      await using model = await openModel(readModel(name)!);
      assert.is(model.reasons.length > 0, model.backend === 'reference');
      assert.ok(model.reasons.every((reason) => model.explain().includes(reason)));
    } catch (error) {
      assert.ok(error instanceof ModelError && /symbolic size/.test(error.message), String(error));
    }
  });
}

test.run();
