/** TensorProto to plain tensors: dtype, dims and length are checked against each other before anything is allocated. */
import { dtypeInfo, dtypeOfOnnx, type DType } from '../../ir/dtype.js';
import { decodeTensor, tensorByteLength } from '../../ir/tensor-bytes.js';
import type { TensorElements, TensorValue } from '../../ir/tensor-data.js';
import { ModelError } from './errors.js';
import { MAX_ELEMENTS, MAX_RANK } from './limits.js';
import type { TensorFile } from './model-file.js';
import type { FoundTensor } from './wire.js';

/** An int64 as protobuf gives it. */
export interface LongLike { readonly low: number; readonly high: number; readonly unsigned: boolean }

/** The fields of a TensorProto that are read. */
export interface TensorMessage {
  readonly name?: string | null | undefined;
  readonly dims?: readonly (number | LongLike)[] | null | undefined;
  readonly dataType?: number | null | undefined;
  readonly rawData?: Uint8Array | null | undefined;
  readonly floatData?: readonly number[] | null | undefined;
  readonly doubleData?: readonly number[] | null | undefined;
  readonly int32Data?: readonly number[] | null | undefined;
  readonly int64Data?: readonly (number | LongLike)[] | null | undefined;
  readonly uint64Data?: readonly (number | LongLike)[] | null | undefined;
  readonly stringData?: readonly Uint8Array[] | null | undefined;
  readonly dataLocation?: number | null | undefined;
  readonly externalData?:
    readonly { readonly key?: string | null; readonly value?: string | null }[] | null | undefined;
}

export function bigOf(value: number | LongLike): bigint {
  if (typeof value === 'number') return BigInt(value);
  return (BigInt(value.high) << 32n) | BigInt(value.low >>> 0);
}

export function decodeTensorMessage(message: TensorMessage, raw: FoundTensor['raw']): TensorFile {
  const name = message.name ?? '';
  const dtype = dtypeOfMessage(message, name);
  const dims = dimsOf(message, name);
  const common = { name, dtype, dims, value: undefined, raw: undefined, external: undefined };
  if (message.dataLocation === 1) return { ...common, external: externalOf(message, name) };
  if (raw !== undefined) {
    checkLength(name, { dtype, dims }, raw.length);
    return { ...common, raw };
  }
  return { ...common, value: inlineValue(message, { name, dtype, dims }) };
}

/** A tensor of an attribute: always held in the file itself. */
export function decodeTensorValue(message: TensorMessage): TensorValue {
  const tensor = decodeTensorMessage(message, undefined);
  if (tensor.value === undefined)
    throw new ModelError('external_data', `tensor ${tensor.name} of an attribute lies in another file`);
  return tensor.value;
}

function dtypeOfMessage(message: TensorMessage, name: string): DType {
  const dtype = dtypeOfOnnx(message.dataType ?? 0);
  if (dtype !== undefined) return dtype;
  if (message.dataType === undefined || message.dataType === null || message.dataType === 0) {
    throw new ModelError('malformed', `tensor ${name} has no data type`);
  }
  throw new ModelError('unsupported', `tensor ${name} has data type ${message.dataType}, which is not supported`, {
    missing: [{ domain: '', op: 'TensorProto', opset: undefined, node: name, reason: `data type ${message.dataType}` }],
  });
}

function dimsOf(message: TensorMessage, name: string): readonly number[] {
  const dims = (message.dims ?? []).map((dim) => Number(bigOf(dim)));
  if (dims.length > MAX_RANK)
    throw new ModelError('limit', `tensor ${name} has rank ${dims.length}; at most ${MAX_RANK} is read`);
  let total = 1;
  for (const dim of dims) {
    if (dim < 0) throw new ModelError('malformed', `tensor ${name} has a dim of ${dim}`);
    total *= dim;
    if (total > MAX_ELEMENTS)
      throw new ModelError('limit', `tensor ${name} of shape [${dims.join(', ')}] has over ${MAX_ELEMENTS} elements`);
  }
  return dims;
}

function externalOf(message: TensorMessage, name: string): NonNullable<TensorFile['external']> {
  const entries = new Map((message.externalData ?? []).map(({ key, value }) => [key ?? '', value ?? '']));
  const location = entries.get('location');
  if (location === undefined || location === '')
    throw new ModelError('malformed', `tensor ${name} is external, but has no location`);
  const [offset, length] = [entries.get('offset') ?? '0', entries.get('length')];
  for (const text of [offset, length ?? '0']) {
    if (!/^\d{1,15}$/.test(text))
      throw new ModelError('malformed', `tensor ${name}: "${text}" is not an offset or length`);
  }
  return { location, offset: Number(offset), length: length === undefined ? undefined : Number(length) };
}

type Shape = Pick<TensorFile, 'dtype' | 'dims'>;

export function checkLength(name: string, { dtype, dims }: Shape, found: number): void {
  if (dtype === 'utf8') throw new ModelError('malformed', `tensor ${name} of strings has raw data`);
  const expected = tensorByteLength(dtype, dims);
  if (found !== expected) {
    throw new ModelError(
      'malformed',
      `tensor ${name} of ${dtype}[${dims.join(', ')}] has ${found} bytes, expected ${expected}`,
    );
  }
}

function inlineValue(message: TensorMessage, shape: Shape & { readonly name: string }): TensorValue {
  const { name, dtype, dims } = shape;
  const count = dims.reduce((product, dim) => product * dim, 1);
  const raw = message.rawData;
  if (raw !== undefined && raw !== null && raw.byteLength > 0) {
    checkLength(name, shape, raw.byteLength);
    return decodeTensor(dtype, dims, raw);
  }
  const data = typedData(message, dtype, count);
  if (data.length !== count) {
    throw new ModelError(
      'malformed',
      `tensor ${name} of ${dtype}[${dims.join(', ')}] has ${data.length} elements, expected ${count}`,
    );
  }
  return { dtype, dims, data };
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** A text with all it has: a byte order mark at its start is a part of it. */
export function textOf(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

function typedData(message: TensorMessage, dtype: DType, count: number): TensorElements {
  const ints = message.int32Data ?? [];
  switch (dtype) {
    case 'f32': return Float32Array.from(message.floatData ?? []);
    case 'f64': return Float64Array.from(message.doubleData ?? []);
    case 'i64': return BigInt64Array.from(message.int64Data ?? [], bigOf);
    case 'u64': return BigUint64Array.from(message.uint64Data ?? [], (value) => BigInt.asUintN(64, bigOf(value)));
    case 'u32': return Uint32Array.from(message.uint64Data ?? [], (value) => Number(BigInt.asUintN(32, bigOf(value))));
    case 'utf8': return (message.stringData ?? []).map(textOf);
    case 'f16': case 'bf16': {
      const bits = Uint16Array.from(ints);
      if (bits.length !== count) return new Float32Array(bits.length);
      return decodeTensor(dtype, [count], new Uint8Array(bits.buffer)).data;
    }
    case 'i32': return Int32Array.from(ints);
    case 'i16': return Int16Array.from(ints);
    case 'i8': return Int8Array.from(ints);
    case 'u16': return Uint16Array.from(ints);
    case 'u8': case 'bool': return Uint8Array.from(ints);
    default: throw new ModelError('malformed', `a tensor of ${dtype} (${dtypeInfo(dtype).sql})`);
  }
}
