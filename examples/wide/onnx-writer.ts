/**
 * Writes ONNX files whose weights need not fit in memory: a ModelProto goes to disk piece by piece, tensors as
 * they are made.
 *
 * What enters is a model as plain data, each initializer a source of chunks whose total length is known beforehand
 * (protobuf puts lengths before contents). What leaves is one `.onnx` file below protobuf's 2 GiB, or that file
 * and one of external data. Field numbers are those of onnx.proto.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';

export interface TensorSource {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: 'float32' | 'int64';
  /** Little-endian values, in order; a chunk may be reused by the source once the next is asked for. */
  readonly chunks: () => Iterable<Uint8Array>;
}

export type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: ArrayLike<number> }
  | { readonly floats: ArrayLike<number> }
  | { readonly strings: readonly string[] };

export interface NodeSpec {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface ValueSpec {
  readonly name: string;
  readonly dtype: 'float32' | 'int64';
  /** A string is a symbolic dimension. */
  readonly dims: readonly (number | string)[];
}

export interface ModelSpec {
  readonly name: string;
  /** Domain to version; '' is ai.onnx. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeSpec[];
  readonly initializers: readonly TensorSource[];
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
}

const ELEMENT = { float32: { code: 1, bytes: 4 }, int64: { code: 7, bytes: 8 } } as const;
const MAX_PROTOBUF_BYTES = 2 ** 31 - 1;
/** What ONNX Runtime and `onnx.save` align external tensors to. */
const EXTERNAL_ALIGNMENT_BYTES = 4096;

/** A tensor held in memory as a source. */
export function tensorOf(
  name: string,
  dims: readonly number[],
  values: Float32Array | BigInt64Array,
): TensorSource {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, dims, dtype: values instanceof Float32Array ? 'float32' : 'int64', chunks: () => [bytes] };
}

/** Writes `model` to `path`; with `external`, all weights go to `<path>.data` beside it. */
export async function writeModel(
  path: string,
  model: ModelSpec,
  options: { readonly external?: boolean } = {},
): Promise<void> {
  const location = options.external === true ? `${basename(path)}.data` : undefined;
  const message = modelProto(model, location);
  if (message.byteLength > MAX_PROTOBUF_BYTES) {
    throw new RangeError(
      `${path}: ${message.byteLength} bytes, but a protobuf file holds at most ${MAX_PROTOBUF_BYTES}; ` +
        'write it with external data',
    );
  }
  await writePieces(path, message.pieces);
  if (location !== undefined) await writePieces(`${path}.data`, externalPieces(model.initializers));
}

function tensorBytes(tensor: TensorSource): number {
  return tensor.dims.reduce((product, dim) => product * dim, ELEMENT[tensor.dtype].bytes);
}

/** Bytes, or a tensor whose bytes are made when they are written. */
type Piece = Uint8Array | TensorSource;
interface Message {
  readonly pieces: readonly Piece[];
  readonly byteLength: number;
}

function messageOf(...parts: readonly Message[]): Message {
  return {
    pieces: parts.flatMap((part) => part.pieces),
    byteLength: parts.reduce((sum, part) => sum + part.byteLength, 0),
  };
}

function bytes(value: Uint8Array): Message {
  return { pieces: [value], byteLength: value.byteLength };
}

function varint(value: number | bigint): Message {
  const digits: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    digits.push(rest === 0n ? low : low | 128);
  } while (rest !== 0n);
  return bytes(Uint8Array.from(digits));
}

const int = (field: number, value: number): Message => messageOf(varint(field * 8), varint(value));
const nested = (field: number, ...parts: readonly Message[]): Message => {
  const body = messageOf(...parts);
  return messageOf(varint(field * 8 + 2), varint(body.byteLength), body);
};
const text = (field: number, value: string): Message => nested(field, bytes(new TextEncoder().encode(value)));

function modelProto(model: ModelSpec, location: string | undefined): Message {
  let offset = 0;
  const initializers = model.initializers.map((tensor) => {
    const at = offset;
    offset += alignedLength(tensorBytes(tensor));
    return nested(5, tensorProto(tensor, location === undefined ? undefined : { location, offset: at }));
  });
  const graph = nested(
    7,
    ...model.nodes.map((node, index) => nested(1, nodeProto(node, index))),
    text(2, model.name),
    ...initializers,
    ...model.inputs.map((value) => nested(11, valueInfo(value))),
    ...model.outputs.map((value) => nested(12, valueInfo(value))),
  );
  const opsets = Object.entries(model.opsets).map(([domain, version]) =>
    nested(8, text(1, domain), int(2, version)),
  );
  return messageOf(int(1, 8), text(2, 'intarsia-examples'), graph, ...opsets);
}

function tensorProto(
  tensor: TensorSource,
  external: { readonly location: string; readonly offset: number } | undefined,
): Message {
  const head = [...tensor.dims.map((dim) => int(1, dim)), int(2, ELEMENT[tensor.dtype].code), text(8, tensor.name)];
  const byteLength = tensorBytes(tensor);
  if (external === undefined) return messageOf(...head, nested(9, { pieces: [tensor], byteLength }));
  const entry = (key: string, value: string): Message => nested(13, text(1, key), text(2, value));
  return messageOf(
    ...head,
    entry('location', external.location),
    entry('offset', `${external.offset}`),
    entry('length', `${byteLength}`),
    int(14, 1),
  );
}

function nodeProto(node: NodeSpec, index: number): Message {
  return messageOf(
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(3, `${node.op}_${index}`),
    text(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => nested(5, text(1, name), attribute(value))),
    ...(node.domain === undefined ? [] : [text(7, node.domain)]),
  );
}

function attribute(value: AttributeValue): Message {
  if ('float' in value) return messageOf(bytes(floats(2, [value.float])), int(20, 1));
  if ('int' in value) return messageOf(int(3, value.int), int(20, 2));
  if ('string' in value) return messageOf(text(4, value.string), int(20, 3));
  if ('floats' in value) return messageOf(bytes(floats(7, value.floats)), int(20, 6));
  if ('ints' in value) return messageOf(bytes(ints(8, value.ints)), int(20, 7));
  return messageOf(...value.strings.map((item) => text(9, item)), int(20, 8));
}

/** Repeated floats, each with its own tag: attributes are not packed in onnx.proto. */
function floats(field: number, values: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 5));
  for (let i = 0; i < values.length; i++) {
    view.setUint8(i * 5, field * 8 + 5);
    view.setFloat32(i * 5 + 1, values[i], true);
  }
  return new Uint8Array(view.buffer);
}

/** Repeated non-negative 32-bit ints, not packed. */
function ints(field: number, values: ArrayLike<number>): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i < values.length; i++) {
    out.push(field * 8);
    let rest = values[i];
    if (rest < 0) throw new RangeError(`attribute value ${rest}: negative lists are not needed and not written`);
    for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128);
    out.push(rest);
  }
  return Uint8Array.from(out);
}

function valueInfo(value: ValueSpec): Message {
  const dims = value.dims.map((dim) => nested(1, typeof dim === 'number' ? int(1, dim) : text(2, dim)));
  return messageOf(
    text(1, value.name),
    nested(2, nested(1, int(1, ELEMENT[value.dtype].code), nested(2, ...dims))),
  );
}

const alignedLength = (length: number): number =>
  Math.ceil(length / EXTERNAL_ALIGNMENT_BYTES) * EXTERNAL_ALIGNMENT_BYTES;

function* externalPieces(tensors: readonly TensorSource[]): Iterable<Piece> {
  for (const tensor of tensors) {
    yield tensor;
    const byteLength = tensorBytes(tensor);
    yield new Uint8Array(alignedLength(byteLength) - byteLength);
  }
}

async function writePieces(path: string, pieces: Iterable<Piece>): Promise<void> {
  const file = await open(path, 'w');
  try {
    // Small pieces are gathered: a graph of many nodes is thousands of them.
    let waiting: Uint8Array[] = [];
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) {
        waiting.push(piece);
        continue;
      }
      await file.writeFile(Buffer.concat(waiting));
      waiting = [];
      await writeTensor(file, piece);
    }
    await file.writeFile(Buffer.concat(waiting));
  } finally {
    await file.close();
  }
}

async function writeTensor(file: FileHandle, tensor: TensorSource): Promise<void> {
  let written = 0;
  for (const chunk of tensor.chunks()) {
    await file.writeFile(chunk);
    written += chunk.byteLength;
  }
  if (written !== tensorBytes(tensor)) {
    throw new RangeError(
      `tensor ${tensor.name}: its source gave ${written} bytes, its shape needs ${tensorBytes(tensor)}`,
    );
  }
}
