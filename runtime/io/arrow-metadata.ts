/**
 * The counts in an Arrow file's metadata against its bytes, before apache-arrow believes them: one damaged length of a
 * vector makes it build arrays until the heap is full, which no handler catches.
 *
 * In: a path. Out: nothing, or an ImportError. What is checked are the vectors it walks: those of the footer, of
 * schemas and of batches (format/File.fbs, Schema.fbs, Message.fbs). Offsets are checked by DataView, which throws a
 * RangeError.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { ImportError } from '../errors.js';

const MAGIC = 'ARROW1';
const TAIL_BYTES = 4 + MAGIC.length;
const CONTINUATION = -1;
const BLOCK_BYTES = 24;
const NODE_BYTES = 16;
const REFERENCE_BYTES = 4;

const FOOTER = { schema: 1, dictionaries: 2, recordBatches: 3, customMetadata: 4 } as const;
const SCHEMA = { fields: 1, customMetadata: 2 } as const;
const FIELD = { children: 5, customMetadata: 6 } as const;
const MESSAGE = { headerType: 1, header: 2, bodyLength: 3, customMetadata: 4 } as const;
const BATCH = { length: 0, nodes: 1, buffers: 2, compression: 3, variadicCounts: 4 } as const;
const HEADER = { schema: 1, dictionaryBatch: 2, recordBatch: 3 } as const;
const DICTIONARY_DATA = 1;

class Damage extends Error {}

/** @throws ImportError when a count cannot be true. */
export async function checkMetadata(path: string): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const start = await readAt(file, { position: 0, length: Math.min(size, MAGIC.length) });
    if (Buffer.from(start.buffer).toString('latin1') === MAGIC) await checkFile(file, size);
    else await checkStream(file, size);
  } catch (cause) {
    if (cause instanceof Damage || cause instanceof RangeError)
      throw new ImportError(`'${path}' is truncated or damaged: ${cause.message}`, { file: path });
    throw new ImportError(`'${path}' is not a readable Arrow file: ${(cause as Error).message}`, { file: path });
  } finally {
    await file?.close();
  }
}

async function readAt(file: FileHandle, at: { position: number; length: number }): Promise<DataView> {
  const bytes = new Uint8Array(at.length);
  const { bytesRead } = await file.read(bytes, 0, at.length, at.position);
  return new DataView(bytes.buffer, 0, bytesRead);
}

async function checkFile(file: FileHandle, size: number): Promise<void> {
  const length = (await readAt(file, { position: size - TAIL_BYTES, length: TAIL_BYTES })).getInt32(0, true);
  if (length <= 0 || length > size) throw new Damage(`a footer of ${length} bytes in a file of ${size}`);
  const footer = rootOf(await readAt(file, { position: size - TAIL_BYTES - length, length }));
  checkSchema(tableIn(footer, FOOTER.schema));
  vectorIn(footer, FOOTER.customMetadata, REFERENCE_BYTES);
  const lists = [[FOOTER.dictionaries, HEADER.dictionaryBatch], [FOOTER.recordBatches, HEADER.recordBatch]] as const;
  for (const [slot, expected] of lists) {
    const blocks = vectorIn(footer, slot, BLOCK_BYTES);
    for (let i = 0; i < blocks.length; i++) {
      const position = Number(footer.view.getBigInt64(blocks.at + i * BLOCK_BYTES, true));
      await checkMessage(file, { position, size, expected });
    }
  }
}

async function checkStream(file: FileHandle, size: number): Promise<void> {
  for (let position: number | undefined = 0; position !== undefined; )
    position = await checkMessage(file, { position, size });
}

/**
 * Where the next message begins; `undefined` at the end. Before version 0.15 there was no continuation mark.
 * A block of a file has to be of its kind: apache-arrow would read one of another kind again and again.
 */
async function checkMessage(
  file: FileHandle,
  { position, size, expected }: { position: number; size: number; expected?: number },
): Promise<number | undefined> {
  const prefix = await readAt(file, { position, length: 8 });
  if (prefix.byteLength < 8) return undefined;
  const isMarked = prefix.getInt32(0, true) === CONTINUATION;
  const length = prefix.getInt32(isMarked ? 4 : 0, true);
  if (length === 0) return undefined;
  const start = position + (isMarked ? 8 : 4);
  if (length < 0 || start + length > size)
    throw new Damage(`metadata of ${length} bytes at ${start} in a file of ${size}`);
  const message = rootOf(await readAt(file, { position: start, length }));
  vectorIn(message, MESSAGE.customMetadata, REFERENCE_BYTES);
  const typeAt = fieldIn(message, MESSAGE.headerType);
  const header = tableIn(message, MESSAGE.header);
  const type = typeAt === undefined ? 0 : message.view.getUint8(typeAt);
  if (expected !== undefined && type !== expected)
    throw new Damage(`a message of type ${type} at ${position}, expected type ${expected}`);
  switch (type) {
    case HEADER.schema: checkSchema(header); break;
    case HEADER.dictionaryBatch: checkBatch(header && tableIn(header, DICTIONARY_DATA)); break;
    case HEADER.recordBatch: checkBatch(header); break;
    default: break;
  }
  const bodyLength = integerIn(message, MESSAGE.bodyLength);
  // Of less than nothing it would lead back to a message that has been.
  if (bodyLength < 0) throw new Damage(`a body of ${bodyLength} bytes at ${start + length}`);
  return start + length + bodyLength;
}

function checkBatch(batch: Table | undefined): void {
  if (batch === undefined) return;
  if (fieldIn(batch, BATCH.compression) !== undefined)
    throw new Error('it is compressed, expected a file without compression');
  vectorIn(batch, BATCH.buffers, NODE_BYTES);
  vectorIn(batch, BATCH.variadicCounts, 8);
  const nodes = vectorIn(batch, BATCH.nodes, NODE_BYTES);
  const rowCount = integerIn(batch, BATCH.length);
  const first = nodes.length === 0 ? rowCount : Number(batch.view.getBigInt64(nodes.at, true));
  if (first !== rowCount) throw new Damage(`a batch of ${rowCount} rows whose first column has ${first}`);
}

/** Each field takes bytes of its own: more visits than bytes are a circle. */
function checkSchema(schema: Table | undefined): void {
  if (schema === undefined) return;
  vectorIn(schema, SCHEMA.customMetadata, REFERENCE_BYTES);
  const fields = [...tablesIn(schema, SCHEMA.fields)];
  for (let visited = 0; fields.length > 0; visited++) {
    if (visited > schema.view.byteLength) throw new Damage('a schema with fields inside themselves');
    const field = fields.pop()!;
    vectorIn(field, FIELD.customMetadata, REFERENCE_BYTES);
    fields.push(...tablesIn(field, FIELD.children));
  }
}

/** A FlatBuffers table: at `at` stands the distance back to its vtable, which has an offset for each slot. */
interface Table {
  readonly view: DataView;
  readonly at: number;
}

const follow = (view: DataView, at: number): number => at + view.getUint32(at, true);

function rootOf(view: DataView): Table {
  return { view, at: follow(view, 0) };
}

function fieldIn({ view, at }: Table, slot: number): number | undefined {
  const vtable = at - view.getInt32(at, true);
  const entry = 4 + 2 * slot;
  if (entry >= view.getUint16(vtable, true)) return undefined;
  const offset = view.getUint16(vtable + entry, true);
  return offset === 0 ? undefined : at + offset;
}

function integerIn(table: Table, slot: number): number {
  const at = fieldIn(table, slot);
  return at === undefined ? 0 : Number(table.view.getBigInt64(at, true));
}

function tableIn(table: Table, slot: number): Table | undefined {
  const at = fieldIn(table, slot);
  return at === undefined ? undefined : { view: table.view, at: follow(table.view, at) };
}

function vectorIn(table: Table, slot: number, elementBytes: number): { readonly at: number; readonly length: number } {
  const field = fieldIn(table, slot);
  if (field === undefined) return { at: 0, length: 0 };
  const { view } = table;
  const start = follow(view, field);
  const length = view.getInt32(start, true);
  const room = view.byteLength - start - 4;
  if (length < 0 || length * elementBytes > room)
    throw new Damage(`a count of ${length} in its metadata, where ${room} bytes follow`);
  return { at: start + 4, length };
}

function* tablesIn(table: Table, slot: number): Generator<Table> {
  const { at, length } = vectorIn(table, slot, REFERENCE_BYTES);
  for (let i = 0; i < length; i++)
    yield { view: table.view, at: follow(table.view, at + i * REFERENCE_BYTES) };
}
