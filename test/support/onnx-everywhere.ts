/** A small model by kernels, by the reference evaluator and by ONNX Runtime, which all give the same outputs. */
import * as assert from 'uvu/assert';
import type { TensorValue } from '../../ir/tensor-data.js';
import { openModel } from '../../runtime/database.js';
import { tensorOf, valueOf } from '../../runtime/model-tensor.js';
import { compareTensors } from './onnx-case.js';
import { onnxModel, type ModelSpec } from './onnx-model.js';
import { runPeer } from './onnx-peer.js';

export interface Everywhere {
  /** The reference evaluator, for what has no kernels. */
  readonly backend?: 'kernel' | 'reference';
  readonly relative?: number;
  readonly absolute?: number;
}

/** Runs the model everywhere; gives ONNX Runtime's outputs. */
export async function agreeEverywhere(
  spec: ModelSpec,
  inputs: Readonly<Record<string, TensorValue>>,
  options: Everywhere = {},
): Promise<ReadonlyMap<string, TensorValue>> {
  const { backend = 'kernel', relative = 1e-6, absolute = 0 } = options;
  const bytes = onnxModel(spec);
  const expected = await runPeer(bytes, new Map(Object.entries(inputs)));
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, tensorOf(value)]));
  for (const own of backend === 'kernel' ? [undefined, 'reference' as const] : ['reference' as const]) {
    await using model = await openModel(bytes, own === undefined ? {} : { backend: own });
    assert.is(model.backend, own ?? 'kernel', model.reasons.join());
    const outputs = await model.run(feeds);
    for (const [name, value] of expected) {
      compareTensors(valueOf(outputs[name]!), value, { relative, absolute, what: `${name} of ${model.backend}` });
    }
  }
  return expected;
}
