/**
 * Tables as row groups: batches enter a TableWriter and become chunks on pages; a TableReader tells where they lie and
 * reads them back.
 *
 * Invariant: a row group's small chunks share pages only with each other, so its pages come and go with it. Nothing a
 * writer writes is visible before its transaction commits.
 */
import { ResourceError } from '../errors.js';
import type { Batch, ColumnSchema, Vector } from '../batch.js';
import type { BufferPool } from './buffer-pool.js';
import {
  GROUP_ROWS,
  GROUP_ROWS_WITH_NULLS,
  MAX_CHUNK_BYTES,
  TARGET_CHUNK_BYTES,
  groupRowLimit,
} from './chunk-format.js';
import { isVariableLength } from '../../ir/dtype.js';
import {
  chunksOf,
  decodeChunk,
  encodeChunk,
  type ChunkMeta,
  type EncodedChunk,
  type RowGroup,
} from './chunk.js';
import { ColumnBuffer } from './column-buffer.js';
import { PAGE_BYTES, alignUp, type PageKind } from './format.js';
import { EXTENT_ALIGNMENT, corruptPage } from './pages.js';
import { ShapeError } from './shape.js';

/** Where a transaction's pages go. */
export interface PageSink {
  writeRun(kind: PageKind, bytes: Uint8Array): Promise<number[]>;
  /** These pages will not be part of the commit. */
  drop(pages: Iterable<number>): void;
}

/**
 * A trailing row group is rewritten together with new rows while it has at most this many times as many: rows are
 * rewritten O(log n) times.
 */
const ABSORB_RATIO = 8;
/** Rows taken from a batch at a time, so that long text is noticed before much of it is buffered. */
const SLICE_ROWS = 4096;

export class TableReader {
  constructor(
    readonly name: string,
    readonly columns: readonly ColumnSchema[],
    readonly rowCount: number,
    readonly groups: readonly RowGroup[],
    private readonly pool: BufferPool,
    private readonly file: string,
  ) {}

  /** One chunk as a vector with arrays of its own. @throws StorageError when the chunk cannot be. */
  async readColumn(group: RowGroup, columnIndex: number): Promise<Vector> {
    const meta = group.chunk(columnIndex);
    const guard = await this.pool.pin(meta.run, [meta]);
    try {
      const bytes = new Uint8Array(this.pool.memory.buffer, guard.address, meta.run.pages.length * PAGE_BYTES);
      return decodeChunk(meta, { bytes, column: this.columns[columnIndex]! });
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      const message = `column ${this.columns[columnIndex]!.name} of table ${this.name}: ${error.message}`;
      throw corruptPage({ file: this.file, page: meta.run.pages[0]!, message });
    } finally {
      guard.release();
    }
  }

  async readGroup(group: RowGroup): Promise<Batch> {
    const columns: Vector[] = [];
    for (let i = 0; i < this.columns.length; i++) columns.push(await this.readColumn(group, i));
    return { rowCount: group.rowCount, columns };
  }

  /** All rows in order, a row group at a time. */
  async *batches(): AsyncGenerator<Batch, void, undefined> {
    for (const group of this.groups) yield await this.readGroup(group);
  }
}

/** All pages of a row group, each once. */
export function pagesOf(group: RowGroup): Set<number> {
  return new Set(chunksOf(group).flatMap((chunk) => chunk.run.pages));
}

export class TableWriter {
  private readonly buffers: ColumnBuffer[];
  private readonly rowLimit: number;
  private readonly groups: RowGroup[];
  private rows = 0;
  private hasAbsorbed = false;

  /** `table` as it stands in the transaction: its row groups stay in front of the new rows. */
  constructor(
    private readonly table: TableReader,
    private readonly sink: PageSink,
    private readonly onFinish: (groups: readonly RowGroup[]) => void,
  ) {
    this.groups = [...table.groups];
    this.buffers = table.columns.map((column) => new ColumnBuffer(column));
    this.rowLimit = groupRowLimit(table.columns);
  }

  /** Copies the rows; full row groups are written on the way, so at most about one is held in memory. */
  async append(batch: Batch): Promise<void> {
    if (batch.columns.length !== this.buffers.length) {
      throw new Error(
        `table ${this.table.name} has ${this.buffers.length} columns, but the batch has ${batch.columns.length}`,
      );
    }
    for (let from = 0; from < batch.rowCount;) {
      const to = Math.min(batch.rowCount, from + SLICE_ROWS, from + Math.max(1, this.rowLimit - this.rows));
      this.buffers.forEach((buffer, i) => buffer.append(batch.columns[i]!, { from, to }));
      this.rows += to - from;
      from = to;
      if (this.isFull()) await this.flush({ all: false });
    }
  }

  /** Writes what is buffered. Nothing can be appended afterwards. */
  async finish(): Promise<void> {
    await this.flush({ all: true });
    this.onFinish(this.groups);
  }

  private isFull(): boolean {
    return this.rows >= this.rowLimit || this.buffers.some((b) => b.textBytes > TARGET_CHUNK_BYTES);
  }

  private async flush({ all }: { all: boolean }): Promise<void> {
    if (this.rows === 0) return;
    if (!this.hasAbsorbed) await this.absorbTail();
    while (this.rows > 0 && (all || this.isFull())) {
      const count = this.nextGroupRows();
      this.groups.push(await this.writeGroup(count));
      for (const buffer of this.buffers) buffer.drop(count);
      this.rows -= count;
    }
  }

  private nextGroupRows(): number {
    const hasNulls = this.buffers.some((b) => b.hasNulls && !isVariableLength(b.column.dtype));
    const limit = hasNulls && this.rowLimit === GROUP_ROWS ? GROUP_ROWS_WITH_NULLS : this.rowLimit;
    const rows = Math.min(this.rows, limit);
    return this.buffers.reduce(
      (least, b) => Math.min(least, b.rowsWithin({ rows: least, bytes: TARGET_CHUNK_BYTES })),
      rows,
    );
  }

  /** Takes the short row groups at the table's end back into the buffers, in front of the new rows. */
  private async absorbTail(): Promise<void> {
    this.hasAbsorbed = true;
    let first = this.groups.length;
    let rows = this.rows;
    while (first > 0) {
      const group = this.groups[first - 1]!;
      const isShort = group.rowCount < Math.min(this.rowLimit, GROUP_ROWS_WITH_NULLS);
      if (!isShort || group.rowCount > rows * ABSORB_RATIO || rows + group.rowCount > 2 * this.rowLimit) break;
      rows += group.rowCount;
      first--;
    }
    const tail = this.groups.splice(first);
    if (tail.length === 0) return;
    for (let i = 0; i < this.buffers.length; i++) {
      const joined = new ColumnBuffer(this.table.columns[i]!);
      for (const group of tail) joined.append(await this.table.readColumn(group, i), { from: 0, to: group.rowCount });
      joined.append(this.buffers[i]!.head(this.rows), { from: 0, to: this.rows });
      this.buffers[i] = joined;
    }
    this.rows = rows;
    for (const group of tail) this.sink.drop(pagesOf(group));
  }

  private async writeGroup(rowCount: number): Promise<RowGroup> {
    const chunks: ChunkMeta[] = [];
    const small: { readonly index: number; readonly chunk: EncodedChunk }[] = [];
    for (const [index, buffer] of this.buffers.entries()) {
      const chunk = encodeChunk(buffer.head(rowCount), rowCount);
      if (chunk.bytes.length > MAX_CHUNK_BYTES) {
        throw new ResourceError(
          `a value of column ${buffer.column.name} makes a chunk of ${chunk.bytes.length} bytes; ` +
            `the limit is ${MAX_CHUNK_BYTES} bytes and is fixed by the file format: split the value`,
          {
            limit: 'chunk',
            limitBytes: MAX_CHUNK_BYTES,
            wantedBytes: chunk.bytes.length,
            consumer: buffer.column.name,
          },
        );
      }
      if (chunk.bytes.length < PAGE_BYTES) small.push({ index, chunk });
      else
        chunks[index] = {
          ...chunk.meta,
          run: { pages: await this.sink.writeRun('table', chunk.bytes) },
          byteOffset: 0,
        };
    }
    for (const page of packSmall(small)) {
      const last = page.at(-1)!;
      const bytes = new Uint8Array(last.at + last.chunk.bytes.length);
      for (const { at, chunk } of page) bytes.set(chunk.bytes, at);
      const run = { pages: await this.sink.writeRun('table', bytes) };
      for (const { index, at, chunk } of page) chunks[index] = { ...chunk.meta, run, byteOffset: at };
    }
    return { rowCount, columnCount: chunks.length, chunk: (column) => chunks[column]! };
  }
}

interface Placed {
  readonly index: number;
  readonly chunk: EncodedChunk;
  readonly at: number;
}

/** First fit by decreasing size. */
function packSmall(small: readonly { index: number; chunk: EncodedChunk }[]): readonly Placed[][] {
  const pages: { end: number; readonly placed: Placed[] }[] = [];
  const bySize = [...small].sort((a, b) => b.chunk.bytes.length - a.chunk.bytes.length);
  for (const { index, chunk } of bySize) {
    let page = pages.find((p) => alignUp(p.end, EXTENT_ALIGNMENT) + chunk.bytes.length <= PAGE_BYTES);
    if (page === undefined) pages.push((page = { end: 0, placed: [] }));
    const at = alignUp(page.end, EXTENT_ALIGNMENT);
    // An empty chunk (text without bytes) still starts inside the page.
    page.placed.push({ index, chunk, at: Math.min(at, PAGE_BYTES - EXTENT_ALIGNMENT) });
    page.end = at + chunk.bytes.length;
  }
  return pages.map((p) => p.placed);
}
