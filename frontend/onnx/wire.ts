/**
 * The protobuf wire format, as far as finding things by position needs: which fields of a message lie where. Weights
 * stay where they are; everything else of a model is small.
 */
import { ModelError } from './errors.js';
import { MAX_STRUCTURE_BYTES, STREAMED_BYTES } from './limits.js';

/** Bytes by position: a file or a buffer. */
export interface ByteSource {
  readonly byteLength: number;
  /** Exactly `length` bytes at `offset`. */
  readonly read: (offset: number, length: number) => Uint8Array;
}

export function bufferSource(bytes: Uint8Array): ByteSource {
  return { byteLength: bytes.byteLength, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** One initializer: its message without large raw data, and where that lies. */
export interface FoundTensor {
  readonly message: Uint8Array;
  readonly raw: { readonly offset: number; readonly length: number } | undefined;
}

/** A ModelProto in parts: its message without the graph, the graph's without initializers, and those. */
export interface FoundModel {
  readonly model: Uint8Array;
  readonly graph: Uint8Array;
  readonly initializers: readonly FoundTensor[];
}

interface Field {
  readonly number: number;
  readonly wireType: number;
  /** From the tag on. */
  readonly start: number;
  /** Of the contents, for length-delimited fields. */
  readonly contents: number;
  readonly end: number;
}

const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR_RAW_DATA = 9;

/** Reads a few bytes at a time around the place last asked for. */
function windowed(source: ByteSource): (offset: number) => number {
  let start = 0;
  let bytes = new Uint8Array(0);
  return (offset) => {
    if (offset < start || offset >= start + bytes.byteLength) {
      start = offset;
      bytes = source.read(offset, Math.min(4096, source.byteLength - offset)) as Uint8Array<ArrayBuffer>;
    }
    return bytes[offset - start]!;
  };
}

function* fieldsOf(
  byteAt: (offset: number) => number,
  span: { readonly start: number; readonly end: number },
): Generator<Field> {
  let at = span.start;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= span.end) throw malformed(`the file ends inside a number at byte ${at}`);
      const byte = byteAt(at++);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw malformed(`a number of more than 10 bytes at byte ${at}`);
  };
  while (at < span.end) {
    const start = at;
    const tag = varint();
    const [number, wireType] = [Math.floor(tag / 8), tag % 8];
    if (number === 0) throw malformed(`field number 0 at byte ${start}`);
    let contents = at;
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const length = varint();
      contents = at;
      at += length;
    } else throw malformed(`wire type ${wireType} at byte ${start}`);
    if (at > span.end)
      throw malformed(
        `field ${number} at byte ${start} has ${at - contents} bytes, but its message ends ${at - span.end} bytes before that`,
      );
    yield { number, wireType, start, contents, end: at };
  }
}

function malformed(what: string): ModelError {
  return new ModelError('malformed', `not a valid ONNX file: ${what}`);
}

/** Finds the parts of a ModelProto. */
export function findModel(source: ByteSource): FoundModel {
  const byteAt = windowed(source);
  const parts = { model: new Collector(source), graph: new Collector(source) };
  const initializers: FoundTensor[] = [];
  for (const field of fieldsOf(byteAt, { start: 0, end: source.byteLength })) {
    if (field.number !== MODEL_GRAPH || field.wireType !== 2) {
      parts.model.keep(field);
      continue;
    }
    for (const inner of fieldsOf(byteAt, { start: field.contents, end: field.end })) {
      if (inner.number === GRAPH_INITIALIZER && inner.wireType === 2)
        initializers.push(findTensor(source, byteAt, inner));
      else parts.graph.keep(inner);
    }
  }
  return { model: parts.model.bytes(), graph: parts.graph.bytes(), initializers };
}

function findTensor(source: ByteSource, byteAt: (offset: number) => number, tensor: Field): FoundTensor {
  if (tensor.end - tensor.contents < STREAMED_BYTES) {
    return { message: source.read(tensor.contents, tensor.end - tensor.contents), raw: undefined };
  }
  const rest = new Collector(source);
  let raw: FoundTensor['raw'];
  for (const field of fieldsOf(byteAt, { start: tensor.contents, end: tensor.end })) {
    if (field.number === TENSOR_RAW_DATA && field.wireType === 2)
      raw = { offset: field.contents, length: field.end - field.contents };
    else rest.keep(field);
  }
  return { message: rest.bytes(), raw };
}

/** Gathers ranges of a source, neighbours together. */
class Collector {
  readonly #source: ByteSource;
  readonly #ranges: { start: number; end: number }[] = [];
  #total = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  keep(field: Field): void {
    this.#total += field.end - field.start;
    if (this.#total > MAX_STRUCTURE_BYTES) {
      throw new ModelError(
        'limit',
        `the model's structure without raw weights is over ${MAX_STRUCTURE_BYTES} bytes, the most that is read`,
      );
    }
    const last = this.#ranges.at(-1);
    if (last !== undefined && last.end === field.start) last.end = field.end;
    else this.#ranges.push({ start: field.start, end: field.end });
  }

  bytes(): Uint8Array {
    const pieces = this.#ranges.map(({ start, end }) => this.#source.read(start, end - start));
    return pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces));
  }
}
