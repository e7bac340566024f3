/**
 * The data behind `weight` nodes, by content hash. In memory here; the runtime has the same content as blocks on pages.
 */
import type { DType } from './dtype.js';

export type TensorElements =
  | Int8Array | Int16Array | Int32Array | BigInt64Array
  | Uint8Array | Uint16Array | Uint32Array | BigUint64Array
  | Float32Array | Float64Array
  | readonly string[];

/**
 * A dense tensor, row-major. f16 and bf16 elements are held as Float32Array (exactly), bool as Uint8Array of 0 and 1,
 * decimals, dates and times as their physical integers.
 */
export interface TensorValue {
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly data: TensorElements;
}

/**
 * Gives the tensor of a hash; throws when it does not have it, which is our mistake. Its dtype and dims are those it
 * was first kept with: the type of a `weight` node says how to read its bytes (`viewTensor`).
 */
export interface TensorData {
  get(hash: string): TensorValue;
}
