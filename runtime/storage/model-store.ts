/**
 * Model weights as content-addressed blocks: bytes enter, and equal bytes are stored once, whichever tensor, model or
 * version they come from.
 *
 * A block's identity is the BLAKE3-256 of its bytes. Full blocks take a page; smaller ones are packed. The index of
 * what is stored is derived from the models' metadata, so it cannot disagree with it; a page is dropped when no model
 * refers to any block on it.
 * Invariant: writing holds only the pages being packed in memory, whatever the size of the model.
 */
import type { IHasher } from 'hash-wasm';
import { dtypeInfo, parseDType, type DType } from '../../ir/dtype.js';
import type { PageRun } from './page-run.js';
import { MAX_PAGES, PAGE_BYTES, alignUp } from './format.js';
import {
  ShapeError,
  parseJson,
  readCount,
  readInteger,
  readList,
  readRecord,
  readText,
  toJsonBytes,
  type JsonValue,
} from './shape.js';

export interface BlockReference {
  /** BLAKE3-256, in lower-case hex. */
  readonly hash: string;
  readonly page: number;
  readonly offset: number;
  readonly byteLength: number;
}

export interface TensorMeta {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** How the values lie in the blocks: the compiler's business, carried as it is. */
  readonly layout: JsonValue;
  /** Bytes of every block but the last ones of a tensor, which may be shorter. */
  readonly blockBytes: number;
  readonly blocks: readonly BlockReference[];
}

/** An input or output of a model; `type` as the IR prints it. */
export interface ModelPort {
  readonly name: string;
  readonly type: string;
}

export interface ModelVersion {
  readonly version: number;
  readonly createdAt: number;
  /** The model's graph, as `ir/print` writes it. */
  readonly irText: string;
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  readonly tensors: readonly TensorMeta[];
  /** Whatever else its maker wants to keep: source file, opset, measured accuracy. */
  readonly notes: JsonValue;
}

export interface NewModel {
  readonly name: string;
  readonly irText: string;
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  readonly tensors: readonly TensorMeta[];
  readonly notes?: JsonValue;
}

export interface NewTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly layout: JsonValue;
  /** Each of 1 to PAGE_BYTES bytes; used before the next one is asked for. */
  readonly blocks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface ModelStoreStats {
  /** As if no block were shared. */
  readonly logicalBytes: number;
  readonly physicalBytes: number;
  readonly blocks: number;
  /** Blocks that are referred to more than once. */
  readonly sharedBlocks: number;
  readonly pages: number;
}

/** The run to pin for block `index` of a tensor, and where in it the block begins. */
export function blockRun(tensor: TensorMeta, index: number): { readonly run: PageRun; readonly offset: number } {
  const block = tensor.blocks[index]!;
  return { run: { pages: [block.page] }, offset: block.offset };
}

export function logicalBytes(tensors: readonly TensorMeta[]): number {
  return tensors.reduce((sum, t) => t.blocks.reduce((inner, b) => inner + b.byteLength, sum), 0);
}

export function modelStoreStats(models: Iterable<ModelVersion>): ModelStoreStats {
  const uses = new Map<string, { readonly block: BlockReference; count: number }>();
  let logical = 0;
  for (const block of blocksOf(models)) {
    logical += block.byteLength;
    const use = uses.get(block.hash);
    if (use === undefined) uses.set(block.hash, { block, count: 1 });
    else use.count++;
  }
  const all = [...uses.values()];
  return {
    logicalBytes: logical,
    physicalBytes: all.reduce((sum, { block }) => sum + block.byteLength, 0),
    blocks: all.length,
    sharedBlocks: all.filter((use) => use.count > 1).length,
    pages: new Set(all.map((use) => use.block.page)).size,
  };
}

function* blocksOf(models: Iterable<ModelVersion>): Generator<BlockReference> {
  for (const model of models) for (const tensor of model.tensors) yield* tensor.blocks;
}

let hasher: Promise<IHasher> | undefined;

/** The hash of a block's bytes; the library behind it (27 ms to import) is loaded once, and never to run a plan. */
export async function blockHasher(): Promise<(bytes: Uint8Array) => string> {
  hasher ??= import('hash-wasm').then(({ createBLAKE3 }) => createBLAKE3());
  const blake3 = await hasher;
  return (bytes) => blake3.init().update(bytes).digest('hex');
}

interface Stored {
  readonly reference: BlockReference;
  uses: number;
}

/** Every stored block by hash, with its uses by models; a page's blocks by page. */
export class BlockIndex {
  private readonly blocks = new Map<string, Stored>();
  private readonly hashesByPage = new Map<number, Set<string>>();
  /** Hashes whose uses may have become 0. */
  private readonly touched = new Set<string>();

  constructor(models: Iterable<ModelVersion>) {
    for (const block of blocksOf(models)) {
      if (!this.blocks.has(block.hash)) this.add(block);
      this.blocks.get(block.hash)!.uses++;
    }
    this.touched.clear();
  }

  find(hash: string): BlockReference | undefined {
    return this.blocks.get(hash)?.reference;
  }

  add(reference: BlockReference): void {
    this.blocks.set(reference.hash, { reference, uses: 0 });
    this.touched.add(reference.hash);
    const hashes = this.hashesByPage.get(reference.page);
    if (hashes === undefined) this.hashesByPage.set(reference.page, new Set([reference.hash]));
    else hashes.add(reference.hash);
  }

  retain(tensors: readonly TensorMeta[]): void {
    for (const tensor of tensors) {
      for (const block of tensor.blocks) {
        const stored = this.blocks.get(block.hash);
        if (stored === undefined || stored.reference.page !== block.page || stored.reference.offset !== block.offset) {
          throw new Error(`tensor ${tensor.name} refers to block ${block.hash}, which is not stored there`);
        }
        stored.uses++;
      }
    }
  }

  release(tensors: readonly TensorMeta[]): void {
    for (const tensor of tensors) {
      for (const block of tensor.blocks) {
        this.blocks.get(block.hash)!.uses--;
        this.touched.add(block.hash);
      }
    }
  }

  /** Forgets blocks nobody uses; answers the pages on which nothing is left. */
  sweep(): number[] {
    const emptied: number[] = [];
    for (const hash of this.touched) {
      const stored = this.blocks.get(hash);
      if (stored === undefined || stored.uses > 0) continue;
      this.blocks.delete(hash);
      const { page } = stored.reference;
      const hashes = this.hashesByPage.get(page)!;
      hashes.delete(hash);
      if (hashes.size > 0) continue;
      this.hashesByPage.delete(page);
      emptied.push(page);
    }
    this.touched.clear();
    return emptied;
  }
}

/** What the block writer needs of its transaction. */
export interface BlockSink {
  writeRun(kind: 'model', bytes: Uint8Array): Promise<number[]>;
  takePage(): number;
  writeTaken(page: number, kind: 'model', bytes: Uint8Array): Promise<void>;
}

/** Pages that are being packed at one time. */
const OPEN_PAGES = 4;
const BLOCK_ALIGNMENT = 64;

interface OpenPage {
  readonly page: number;
  readonly bytes: Uint8Array;
  end: number;
}

export class BlockWriter {
  private open: OpenPage[] = [];

  constructor(
    private readonly index: BlockIndex,
    private readonly sink: BlockSink,
    private readonly hash: (bytes: Uint8Array) => string,
  ) {}

  /**
   * Stores a block of 1..PAGE_BYTES bytes, or finds it stored already. It stays only when a model of the same
   * transaction refers to it.
   */
  async put(bytes: Uint8Array): Promise<BlockReference> {
    if (bytes.length < 1 || bytes.length > PAGE_BYTES)
      throw new Error(`a block has 1 to ${PAGE_BYTES} bytes, not ${bytes.length}`);
    const hash = this.hash(bytes);
    const known = this.index.find(hash);
    if (known !== undefined) return known;
    const place =
      bytes.length > PAGE_BYTES - BLOCK_ALIGNMENT
        ? { page: (await this.sink.writeRun('model', bytes))[0]!, offset: 0 }
        : await this.pack(bytes);
    const reference = { hash, ...place, byteLength: bytes.length };
    this.index.add(reference);
    return reference;
  }

  private async pack(bytes: Uint8Array): Promise<{ page: number; offset: number }> {
    let open = this.open.find((p) => alignUp(p.end, BLOCK_ALIGNMENT) + bytes.length <= PAGE_BYTES);
    if (open === undefined) {
      if (this.open.length === OPEN_PAGES) await this.close(this.fullest());
      open = { page: this.sink.takePage(), bytes: new Uint8Array(PAGE_BYTES), end: 0 };
      this.open.push(open);
    }
    const offset = alignUp(open.end, BLOCK_ALIGNMENT);
    open.bytes.set(bytes, offset);
    open.end = offset + bytes.length;
    return { page: open.page, offset };
  }

  private fullest(): OpenPage {
    return this.open.reduce((a, b) => (b.end > a.end ? b : a));
  }

  private async close(open: OpenPage): Promise<void> {
    this.open = this.open.filter((p) => p !== open);
    await this.sink.writeTaken(open.page, 'model', open.bytes.subarray(0, open.end));
  }

  async flush(): Promise<void> {
    while (this.open.length > 0) await this.close(this.open[0]!);
  }
}

export function encodeModelVersion(model: ModelVersion): Uint8Array {
  return toJsonBytes(model);
}

/** @throws ShapeError */
export function decodeModelVersion(bytes: Uint8Array): ModelVersion {
  const json = readRecord(parseJson(bytes), 'model');
  const readPort = (port: unknown, path: string): ModelPort => {
    const fields = readRecord(port, path);
    return { name: readText(fields['name'], `${path}.name`), type: readText(fields['type'], `${path}.type`) };
  };
  return {
    version: readCount(json['version'], 'model.version'),
    createdAt: readCount(json['createdAt'], 'model.createdAt'),
    irText: readText(json['irText'], 'model.irText'),
    inputs: readList(json['inputs'], 'model.inputs', readPort),
    outputs: readList(json['outputs'], 'model.outputs', readPort),
    tensors: readList(json['tensors'], 'model.tensors', readTensor),
    // Parsed JSON is a JsonValue by construction.
    notes: (json['notes'] ?? null) as JsonValue,
  };
}

function readTensor(value: unknown, path: string): TensorMeta {
  const json = readRecord(value, path);
  const dtype = parseDType(readText(json['dtype'], `${path}.dtype`));
  if (dtype === undefined || dtypeInfo(dtype).family === 'null') throw new ShapeError(`${path}.dtype: not a data type`);
  return {
    name: readText(json['name'], `${path}.name`),
    dtype,
    dims: readList(json['dims'], `${path}.dims`, readCount),
    layout: (json['layout'] ?? null) as JsonValue,
    blockBytes: readInteger(json['blockBytes'], `${path}.blockBytes`, { min: 0, max: PAGE_BYTES }),
    blocks: readList(json['blocks'], `${path}.blocks`, readBlock),
  };
}

function readBlock(value: unknown, path: string): BlockReference {
  const json = readRecord(value, path);
  const hash = readText(json['hash'], `${path}.hash`);
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new ShapeError(`${path}.hash: not a BLAKE3-256`);
  const offset = readInteger(json['offset'], `${path}.offset`, { min: 0, max: PAGE_BYTES - 1 });
  return {
    hash,
    offset,
    page: readInteger(json['page'], `${path}.page`, { min: 1, max: MAX_PAGES }),
    byteLength: readInteger(json['byteLength'], `${path}.byteLength`, { min: 1, max: PAGE_BYTES - offset }),
  };
}
