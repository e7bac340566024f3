/** Tensors as a caller of a model has them, with the names and arrays of ONNX Runtime's, to and from the IR's. */
import type { DType } from '../ir/dtype.js';
import { decodeTensor, encodeTensor } from '../ir/tensor-bytes.js';
import type { TensorElements, TensorValue } from '../ir/tensor-data.js';

type TypedArrayConstructor =
  | Int8ArrayConstructor | Int16ArrayConstructor | Int32ArrayConstructor | BigInt64ArrayConstructor
  | Uint8ArrayConstructor | Uint16ArrayConstructor | Uint32ArrayConstructor | BigUint64ArrayConstructor
  | Float32ArrayConstructor | Float64ArrayConstructor;

/**
 * float16 and bfloat16 are their bits in a Uint16Array, bool is 0 and 1 in a Uint8Array, string an array of strings.
 */
const TYPES = {
  float32: { dtype: 'f32', array: Float32Array },
  float64: { dtype: 'f64', array: Float64Array },
  float16: { dtype: 'f16', array: Uint16Array },
  bfloat16: { dtype: 'bf16', array: Uint16Array },
  int8: { dtype: 'i8', array: Int8Array },
  int16: { dtype: 'i16', array: Int16Array },
  int32: { dtype: 'i32', array: Int32Array },
  int64: { dtype: 'i64', array: BigInt64Array },
  uint8: { dtype: 'u8', array: Uint8Array },
  uint16: { dtype: 'u16', array: Uint16Array },
  uint32: { dtype: 'u32', array: Uint32Array },
  uint64: { dtype: 'u64', array: BigUint64Array },
  bool: { dtype: 'bool', array: Uint8Array },
  string: { dtype: 'utf8', array: undefined },
} as const satisfies Record<string, { dtype: DType; array: TypedArrayConstructor | undefined }>;

export type TensorTypeName = keyof typeof TYPES;

/** A dense tensor, row-major. */
export interface ModelTensor {
  readonly type: TensorTypeName;
  readonly dims: readonly number[];
  readonly data: TensorElements;
}

export interface TensorFault {
  readonly code: 'type' | 'data' | 'dims';
  readonly found: string;
  readonly expected: string;
}

const NAMES = Object.keys(TYPES) as readonly TensorTypeName[];

export function typeNameOf(dtype: DType): TensorTypeName {
  const name = NAMES.find((own) => TYPES[own].dtype === dtype);
  if (name === undefined) throw new Error(`a model has no tensors of ${dtype}`);
  return name;
}

/**
 * What is wrong with a tensor by itself: an unknown type, another array than the type's, or another length than the
 * dims'.
 */
export function tensorFault({ type, dims, data }: ModelTensor): TensorFault | undefined {
  if (!Object.hasOwn(TYPES, type)) return { code: 'type', found: String(type), expected: `one of ${NAMES.join(', ')}` };
  if (!Array.isArray(dims) || !dims.every((dim) => Number.isInteger(dim) && dim >= 0)) {
    const found = Array.isArray(dims) ? `[${dims.map(dimText).join(', ')}]` : kindOf(dims);
    return { code: 'dims', found, expected: 'an array of whole numbers' };
  }
  const { array } = TYPES[type];
  const fits =
    array === undefined ? Array.isArray(data) && data.every((text) => typeof text === 'string') : data instanceof array;
  if (!fits)
    return { code: 'data', found: kindOf(data), expected: `${array?.name ?? 'an array of strings'} for ${type}` };
  const count = dims.reduce((product, dim) => product * dim, 1);
  return data.length === count ? undefined
    : { code: 'data', found: `${data.length} elements`, expected: `${count} for dims [${dims.join(', ')}]` };
}

function dimText(dim: unknown): string {
  return typeof dim === 'number' ? String(dim) : `${typeof dim} ${String(dim)}`;
}

function kindOf(data: unknown): string {
  if (Array.isArray(data)) return `an array of ${typeof data[0]}`;
  return data === null || typeof data !== 'object' ? String(data) : data.constructor.name;
}

/** @pre `tensorFault` finds nothing */
export function valueOf({ type, dims, data }: ModelTensor): TensorValue {
  const { dtype } = TYPES[type];
  if (dtype !== 'f16' && dtype !== 'bf16') return { dtype, dims, data };
  const { buffer, byteOffset, byteLength } = data as Uint16Array;
  return decodeTensor(dtype, dims, new Uint8Array(buffer, byteOffset, byteLength));
}

export function tensorOf(value: TensorValue): ModelTensor {
  const { dtype, dims, data } = value;
  const type = typeNameOf(dtype);
  if (dtype !== 'f16' && dtype !== 'bf16') return { type, dims, data };
  return { type, dims, data: new Uint16Array(encodeTensor(value).slice().buffer) };
}
