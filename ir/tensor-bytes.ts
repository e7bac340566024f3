/**
 * The bytes of a tensor: little-endian, row-major, in the physical width of its dtype (f16 and bf16 are two bytes);
 * text is a JSON array of strings. The hash of a `weight` node is BLAKE3-256 of exactly these bytes.
 */
import { dtypeInfo, type DType } from './dtype.js';
import type { TensorElements, TensorValue } from './tensor-data.js';

/** Bytes of a dense tensor of fixed-width elements. */
export function tensorByteLength(dtype: DType, dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, dtypeInfo(dtype).widthBytes);
}

export function encodeTensor(value: TensorValue): Uint8Array {
  if (value.dtype === 'utf8') return new TextEncoder().encode(JSON.stringify(value.data));
  if (value.dtype === 'f16' || value.dtype === 'bf16') return encodeHalves(value.data as Float32Array, value.dtype);
  const { buffer, byteOffset, byteLength } = value.data as Exclude<TensorElements, readonly string[]>;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The tensor of bytes as `encodeTensor` makes them; fixed-width bytes are copied when they are not aligned. */
export function decodeTensor(dtype: DType, dims: readonly number[], bytes: Uint8Array): TensorValue {
  if (dtype === 'utf8') return { dtype, dims, data: JSON.parse(new TextDecoder().decode(bytes)) as string[] };
  const expected = tensorByteLength(dtype, dims);
  if (bytes.byteLength !== expected)
    throw new RangeError(`found ${bytes.byteLength} bytes of ${dtype}[${dims.join(', ')}], expected ${expected}`);
  return { dtype, dims, data: elementsOf(dtype, bytes) };
}

/**
 * The same bytes as another dtype and shape: weights of equal bytes share a hash, and a node's type says how to read
 * them.
 */
export function viewTensor(
  value: TensorValue,
  type: { readonly dtype: DType; readonly dims: readonly number[] },
): TensorValue {
  const { dtype, dims } = type;
  if (value.dtype !== dtype) return decodeTensor(dtype, dims, encodeTensor(value));
  return value.dims.length === dims.length && value.dims.every((dim, axis) => dim === dims[axis])
    ? value
    : { ...value, dims };
}

function elementsOf(dtype: DType, source: Uint8Array): TensorElements {
  const width = dtypeInfo(dtype).widthBytes;
  const bytes = source.byteOffset % width === 0 ? source : new Uint8Array(source);
  const { buffer, byteOffset } = bytes;
  const count = bytes.byteLength / width;
  switch (dtype) {
    case 'bool': case 'u8': return new Uint8Array(buffer, byteOffset, count);
    case 'i8': return new Int8Array(buffer, byteOffset, count);
    case 'i16': return new Int16Array(buffer, byteOffset, count);
    case 'i32': return new Int32Array(buffer, byteOffset, count);
    case 'i64': return new BigInt64Array(buffer, byteOffset, count);
    case 'u16': return new Uint16Array(buffer, byteOffset, count);
    case 'u32': return new Uint32Array(buffer, byteOffset, count);
    case 'u64': return new BigUint64Array(buffer, byteOffset, count);
    case 'f32': return new Float32Array(buffer, byteOffset, count);
    case 'f64': return new Float64Array(buffer, byteOffset, count);
    case 'f16': return Float32Array.from(new Uint16Array(buffer, byteOffset, count), halfToNumber);
    case 'bf16': return Float32Array.from(new Uint16Array(buffer, byteOffset, count), brainToNumber);
    default: throw new Error(`tensors do not hold ${dtype}`);
  }
}

const word = new DataView(new ArrayBuffer(4));

function brainToNumber(bits: number): number {
  word.setUint32(0, bits * 0x10000);
  return word.getFloat32(0);
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Values are already rounded to the dtype, so only the bits move. */
function encodeHalves(data: Float32Array, dtype: 'f16' | 'bf16'): Uint8Array {
  const bits = Uint16Array.from(data, (value) => {
    word.setFloat32(0, value);
    const wide = word.getUint32(0);
    return dtype === 'bf16' ? wide >>> 16 : numberToHalf(value, wide);
  });
  return new Uint8Array(bits.buffer);
}

function numberToHalf(value: number, wide: number): number {
  const sign = (wide >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude === Infinity) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  return sign | ((((wide >>> 23) & 0xff) - 112) << 10) | ((wide >>> 13) & 0x3ff);
}
