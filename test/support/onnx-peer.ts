/** The peer: onnxruntime-node run on the same bytes and values. */
import * as peer from 'onnxruntime-node';
import type { DType } from '../../ir/dtype.js';
import type { TensorElements, TensorValue } from '../../ir/tensor-data.js';

const NAMES: Readonly<Record<string, string>> = {
  f32: 'float32', f64: 'float64', i64: 'int64', i32: 'int32', u8: 'uint8', i8: 'int8', bool: 'bool', utf8: 'string',
};

/** Outputs by name. ZipMap's sequences of maps cannot be read by the peer's API, and fail. */
export async function runPeer(
  bytes: Uint8Array,
  inputs: ReadonlyMap<string, TensorValue>,
): Promise<ReadonlyMap<string, TensorValue>> {
  const session = await peer.InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const feeds: Record<string, peer.Tensor> = {};
  for (const [name, { dtype, dims, data }] of inputs) {
    feeds[name] = new peer.Tensor(NAMES[dtype] as 'float32', data as unknown as Float32Array, [...dims]);
  }
  const results = await session.run(feeds);
  await session.release();
  return new Map(Object.entries(results).map(([name, tensor]) => {
    const dtype = Object.keys(NAMES).find((own) => NAMES[own] === tensor.type) as DType;
    return [name, { dtype, dims: tensor.dims, data: tensor.data as unknown as TensorElements }];
  }));
}
