/** Real models as tile programs equal the oracle: the example's three, and the public ones where they are. */
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import { importModel } from '../../frontend/onnx/model.js';
import type { DType } from '../../ir/dtype.js';
import type { Tensor } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { ROOT } from '../support/golden.js';
import { check, random } from './tile.js';

const FLIGHTS = ['late_gbdt', 'late_logistic', 'late_mlp'].map((name) => `${ROOT}examples/flights/${name}.onnx`);
const PUBLIC = [
  'linear_classifier',
  'linear_regressor',
  'lgbm_classifier_tensor',
  'lgbm_regressor_tensor',
  'xgboost_classifier_tree',
  'xgboost_regressor_tree',
].map((name) => `${ROOT}../shared/conformance/models/${name}/model.onnx`);
const ROWS = 133;
const CARRIERS = ['UA', 'AA', 'B6', 'DL', 'EV', 'JFK', 'LGA', 'EWR', 'ATL', 'a place no flight goes to'];

function valuesOf(dtype: DType, dims: readonly number[], next: () => number): TensorValue {
  const count = dims.reduce((a, b) => a * b, 1);
  if (dtype === 'utf8') {
    return { dtype, dims, data: Array.from({ length: count }, () => CARRIERS[Math.floor(next() * CARRIERS.length)]!) };
  }
  if (dtype === 'i64') {
    return { dtype, dims, data: BigInt64Array.from({ length: count }, () => BigInt(Math.floor(next() * 50))) };
  }
  const numbers = Array.from({ length: count }, () => (next() < 0.02 ? NaN : (next() - 0.3) * 100));
  return { dtype, dims, data: dtype === 'f64' ? Float64Array.from(numbers) : Float32Array.from(numbers) };
}

/**
 * These inputs lie up to 140 deviations from what the flights' scalers know: sums of hundreds that nearly cancel, in
 * f32 and in another order than the oracle's. On the real rows they agree to 1e-6 (`test/examples`).
 */
const FAR_OFF = 1e-4;

for (const path of [...FLIGHTS, ...PUBLIC]) {
  if (!existsSync(path)) continue;
  const name = path.split('/').slice(-2).join('/');
  test(name, async () => {
    const { graph, data } = await importModel(readFileSync(path));
    const next = random(name.length);
    const leaves = new Map<Tensor, TensorValue>(
      graph.inputs.map((input) => {
        const dims = input.type.dims.map((dim) => (typeof dim === 'number' ? dim : ROWS));
        return [input, valuesOf(input.type.dtype, dims, next)];
      }),
    );
    check(
      graph.outputs.map((output) => output.tensor),
      leaves,
      { data, tolerance: { absolute: FLIGHTS.includes(path) ? FAR_OFF : 1e-5, relative: 2e-5 } },
    );
  });
}

test.run();
