/**
 * Morsels of a pipeline's source: pins what a morsel reads, and says in words what its descriptor holds.
 *
 * Invariant: every morsel is released once, by whoever took it; a source that is abandoned releases what it still holds.
 */
import { ResourceError } from '../errors.js';
import { CHUNK_HEADER_BYTES, MORSEL_ROWS, SCAN_COLUMN_WORDS, SCAN_HEADER_WORDS, type Source } from '../plan.js';
import type { BufferPool, PageGuard, PageRun } from '../storage/buffer-pool.js';
import type { ChunkLayout } from '../storage/chunk-format.js';

/** A column chunk of a row group, ready to be pinned. */
export interface ScanChunk {
  readonly run: PageRun;
  readonly byteOffset: number;
  readonly layout: ChunkLayout;
}

export interface ScanGroup {
  readonly rowCount: number;
  /** The columns the source reads, in its order. */
  readonly columns: readonly ScanChunk[];
}

export interface Morsel {
  readonly words: readonly number[];
  readonly rowCount: number;
  release(): void;
}

/** What sources read besides the pool. */
export interface MorselContext {
  readonly pool: BufferPool;
  readonly scan: (table: string, columns: readonly number[]) => readonly ScanGroup[];
  /** Chunks of a row buffer, in order. */
  readonly chunks: (buffer: number) => readonly number[];
  /** Pointers of a sorted buffer. */
  readonly sorted: (buffer: number) => { readonly address: number; readonly count: number };
  /** Waits for pins of other morsels to go; false when there are none to wait for. */
  readonly waitForRelease: () => Promise<boolean>;
}

export function morselWords(source: Source): number {
  return source.kind === 'scan' ? SCAN_HEADER_WORDS + SCAN_COLUMN_WORDS * source.columns.length : 2;
}

export function openSource(source: Source, context: MorselContext): AsyncIterable<Morsel> {
  switch (source.kind) {
    case 'scan': return scanMorsels(context, context.scan(source.table, source.columns));
    case 'buffer': return bufferMorsels(context, source.buffer);
    case 'sorted': return sortedMorsels(context, source.buffer);
    case 'once': return single({ words: [0, 1], rowCount: 1, release: () => undefined });
  }
}

async function* single(morsel: Morsel): AsyncGenerator<Morsel> {
  yield morsel;
}

async function* scanMorsels(context: MorselContext, groups: readonly ScanGroup[]): AsyncGenerator<Morsel> {
  for (const group of groups) {
    const guards = await pinAll(context, group.columns.map((column) => column.run));
    const columnWords = group.columns.flatMap((column, i) => addresses(column, guards[i]!.address));
    let users = 1;
    const release = (): void => {
      users--;
      if (users === 0) for (const guard of guards) guard.release();
    };
    try {
      for (let begin = 0; begin < group.rowCount; begin += MORSEL_ROWS) {
        const end = Math.min(begin + MORSEL_ROWS, group.rowCount);
        users++;
        yield { words: [begin, end, ...columnWords], rowCount: end - begin, release };
      }
    } finally {
      release();
    }
  }
}

function addresses(column: ScanChunk, runAddress: number): readonly number[] {
  const base = runAddress + column.byteOffset;
  const { layout } = column;
  const at = (offset: number): number => (offset < 0 ? 0 : base + offset);
  return [
    at(layout.valuesOffset), at(layout.validityOffset), at(layout.codesOffset),
    at(layout.offsetsOffset), at(layout.bytesOffset), layout.strideBytes,
  ];
}

/** Pins every run, or none: when memory is short because of other morsels, it waits for them and tries again. */
async function pinAll(context: MorselContext, runs: readonly PageRun[]): Promise<readonly PageGuard[]> {
  for (;;) {
    const results = await Promise.allSettled(runs.map((run) => context.pool.pin(run)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return results.map((result) => (result as PromiseFulfilledResult<PageGuard>).value);
    for (const result of results) if (result.status === 'fulfilled') result.value.release();
    if (!(failed.reason instanceof ResourceError) || !(await context.waitForRelease())) throw failed.reason;
  }
}

async function* bufferMorsels(context: MorselContext, buffer: number): AsyncGenerator<Morsel> {
  const words = new Uint32Array(context.pool.memory.buffer);
  for (const chunk of context.chunks(buffer)) {
    const rowCount = words[(chunk >>> 2) + 1]!;
    if (rowCount > 0) yield { words: [chunk + CHUNK_HEADER_BYTES, rowCount], rowCount, release: () => undefined };
  }
}

async function* sortedMorsels(context: MorselContext, buffer: number): AsyncGenerator<Morsel> {
  const { address, count } = context.sorted(buffer);
  for (let begin = 0; begin < count; begin += MORSEL_ROWS) {
    const rowCount = Math.min(MORSEL_ROWS, count - begin);
    yield { words: [address + begin * 4, rowCount], rowCount, release: () => undefined };
  }
}
