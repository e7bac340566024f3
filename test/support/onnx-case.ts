/**
 * Runs an ONNX backend test (a folder with `model.onnx` and `test_data_set_0`) through the importer and the oracle.
 * Inputs that decide on shapes become constants, as a caller who knows them would give them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import { evaluateTensor } from '../../backends/reference/tensor.js';
import { decodeTensorValue } from '../../frontend/onnx/decode-tensor.js';
import { ModelError } from '../../frontend/onnx/errors.js';
import { importModel, type ImportedModel } from '../../frontend/onnx/model.js';
import type { Tensor } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';

/**
 * Imports, giving the inputs that shapes depend on as constants, one after the other, and sizes where numbers are
 * needed.
 */
export async function importWithValues(
  bytes: Uint8Array,
  values: ReadonlyMap<string, TensorValue>,
): Promise<ImportedModel> {
  const constants = new Map<string, TensorValue>();
  const sizes = new Map<string, number>();
  for (;;) {
    try {
      return await importModel(bytes, { name: 'case', constants, sizes });
    } catch (error) {
      if (error instanceof ModelError && error.message.includes('symbolic size') && sizes.size === 0) {
        for (const [name, { dims }] of values)
          dims.forEach((dim, axis) => sizes.set(axis === 0 ? 'n' : `${name}_${axis}`, dim));
        if (sizes.size > 0) continue;
      }
      if (!(error instanceof ModelError) || error.code !== 'needs_constant' || error.input === undefined) throw error;
      const value = values.get(error.input);
      if (value === undefined || constants.has(error.input)) throw error;
      constants.set(error.input, value);
    }
  }
}

/** The outputs of a model for these inputs, by the oracle. */
export function runModel(
  model: ImportedModel,
  values: ReadonlyMap<string, TensorValue>,
): ReadonlyMap<string, TensorValue> {
  const inputs = new Map<Tensor, TensorValue>();
  for (const input of model.graph.inputs) {
    const value = values.get(input.name);
    if (value === undefined) throw new Error(`no value for input ${input.name}`);
    inputs.set(input, value);
  }
  const context = { data: model.data, inputs, cache: new Map<Tensor, TensorValue>() };
  return new Map(model.graph.outputs.map(({ name, tensor }) => [name, evaluateTensor(tensor, context)]));
}

function readTensors(folder: string, prefix: string): readonly TensorValue[] {
  const tensors: TensorValue[] = [];
  for (let i = 0; existsSync(join(folder, `${prefix}_${i}.pb`)); i++) {
    tensors.push(decodeTensorValue(onnxProto.onnx.TensorProto.decode(readFileSync(join(folder, `${prefix}_${i}.pb`)))));
  }
  return tensors;
}

export interface OnnxCase {
  readonly bytes: Uint8Array;
  /** Inputs by name. */
  readonly values: ReadonlyMap<string, TensorValue>;
  readonly expected: readonly TensorValue[];
}

export function readCase(folder: string): OnnxCase {
  const bytes = readFileSync(join(folder, 'model.onnx'));
  const { graph } = onnxProto.onnx.ModelProto.decode(bytes);
  const initialized = new Set((graph?.initializer ?? []).map((tensor) => tensor.name));
  const names = (graph?.input ?? []).map((input) => input.name ?? '').filter((name) => !initialized.has(name));
  const data = join(folder, 'test_data_set_0');
  const values = new Map(readTensors(data, 'input').map((value, i) => [names[i] ?? '', value]));
  return { bytes, values, expected: readTensors(data, 'output') };
}

/** Throws with the reason when the case does not pass. */
export async function runCase(
  folder: string,
  tolerance: { readonly relative: number; readonly absolute: number },
): Promise<void> {
  const { bytes, values, expected } = readCase(folder);
  const model = await importWithValues(bytes, values);
  const outputs = [...runModel(model, values).values()];
  expected.forEach((value, i) => compareTensors(outputs[i]!, value, { ...tolerance, what: `output ${i}` }));
}

export interface Comparison { readonly relative: number; readonly absolute: number; readonly what: string }

/** Types, shapes, integers, bools and strings exactly; floats within the tolerance, NaN equal to NaN. */
export function compareTensors(
  found: TensorValue,
  expected: TensorValue,
  { relative, absolute, what }: Comparison,
): void {
  if (found.dtype !== expected.dtype) throw new Error(`${what}: found ${found.dtype}, expected ${expected.dtype}`);
  if (found.dims.join() !== expected.dims.join())
    throw new Error(`${what}: found shape [${found.dims.join()}], expected [${expected.dims.join()}]`);
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [found.data[i], expected.data[i]];
    if (Object.is(a, b) || a === b) continue;
    const near = typeof a === 'number' && typeof b === 'number' && /^(f|bf)/.test(found.dtype)
      && (Number.isNaN(a) && Number.isNaN(b) || Math.abs(a - b) <= absolute + relative * Math.abs(b));
    if (!near) throw new Error(`${what}: element ${i} is ${String(a)}, expected ${String(b)}`);
  }
}
