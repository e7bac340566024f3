/**
 * Morsels of a pipeline's source: pins what a morsel reads, and says in words what its descriptor holds.
 *
 * Invariant: every morsel is released once, by whoever took it; a source that is abandoned releases what it still
 * holds.
 */
import { clockMs } from '../clock.js';
import { ResourceError } from '../errors.js';
import { CHUNK_HEADER_BYTES, MORSEL_ROWS, SCAN_COLUMN_WORDS, SCAN_HEADER_WORDS, type Source } from '../plan.js';
import type { BufferPool } from '../storage/buffer-pool.js';
import type { Extent, PageGuard, PageRun } from '../storage/page-run.js';
import type { ChunkLayout } from '../storage/chunk-format.js';
import type { Packing } from '../storage/packing.js';

/** A column chunk of a row group, ready to be pinned. */
export interface ScanChunk {
  readonly run: PageRun;
  /** Of the run. */
  readonly extent: Extent;
  readonly layout: ChunkLayout;
  readonly packing: Packing | undefined;
}

export interface ScanGroup {
  readonly rowCount: number;
  /** The columns the source reads, in its order. @throws StorageError when the file says of one what cannot be. */
  columns(): readonly ScanChunk[];
}

export interface Morsel {
  readonly words: readonly number[];
  /** The words behind them, which all morsels of a row group share. */
  readonly columns: Uint32Array;
  readonly rowCount: number;
  /** Rows of the source behind it. */
  readonly rowsLeft: number;
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

/** How long a pipeline takes for a row, by its last morsel: from when its worker had time for it. */
export class Pace {
  millisecondsPerRow = 0;
  /** Of all so far. */
  rows = 0;
  milliseconds = 0;
  private readonly freeSince: number[] = [];

  done({ worker, rows, asked }: { readonly worker: number; readonly rows: number; readonly asked: number }): void {
    const now = clockMs();
    const milliseconds = now - Math.max(asked, this.freeSince[worker] ?? 0);
    this.freeSince[worker] = now;
    this.millisecondsPerRow = milliseconds / rows;
    this.rows += rows;
    this.milliseconds += milliseconds;
  }
}

/** Most models take as many rows at a time: morsels are cut where a tile ends. */
const TILE_ROWS = 256;
/** Of a pipeline that gives the result: its first row should not wait for a whole morsel of them. */
const FIRST_ROWS = TILE_ROWS;
/** Of other pipelines on the caller's thread, which should not be away for long before their pace is known. */
const FIRST_ROWS_HERE = 4 * TILE_ROWS;
/** How long one takes at most, if it is more than a tile: a query that is to end does so between two of them. */
const MOST_MS = 100;
/** How long the last ones of a scan take at least: no worker waits longer for the others, and messages take less. */
const LAST_MS = 1;

/** Row groups with a number, which goes in 16 bits: see SCAN_GROUP_WORD. */
const MOST_NUMBERED = 65_535;
const NO_COLUMNS = new Uint32Array(0);

interface SourceOptions {
  readonly isResult: boolean;
  /** Whether the caller's thread takes some. */
  readonly isHere: boolean;
  /** That may take morsels. */
  readonly workers: number;
  /** As far as it is known; 0 before. */
  readonly millisecondsPerRow: () => number;
}

/**
 * How many rows the next morsel has. Those of a result, and on the caller's thread, begin with a few and double; slow
 * ones are of few rows; those that several workers take get smaller towards the end, where each has a share of what is
 * left, so that all end at about the same time.
 */
class MorselSizes {
  private next: number;

  constructor(private readonly options: SourceOptions) {
    this.next = options.isResult ? FIRST_ROWS : options.isHere ? FIRST_ROWS_HERE : MORSEL_ROWS;
  }

  take(rowsLeft: number): number {
    const rows = this.next;
    this.next = Math.min(rows * 2, MORSEL_ROWS);
    return Math.min(rows, rowsLeft, this.share(rowsLeft), this.most());
  }

  private most(): number {
    const tiles = MOST_MS / this.options.millisecondsPerRow() / TILE_ROWS;
    return tiles >= MORSEL_ROWS / TILE_ROWS ? MORSEL_ROWS : Math.max(1, Math.floor(tiles)) * TILE_ROWS;
  }

  private share(rowsLeft: number): number {
    const { workers, millisecondsPerRow } = this.options;
    const least = LAST_MS / millisecondsPerRow();
    if (workers === 1 || least >= MORSEL_ROWS) return MORSEL_ROWS;
    return Math.ceil(Math.max(rowsLeft / (2 * workers), least) / TILE_ROWS) * TILE_ROWS;
  }
}

export function openSource(
  source: Source,
  context: MorselContext,
  options: SourceOptions,
): AsyncIterable<Morsel> {
  const sizes = new MorselSizes(options);
  switch (source.kind) {
    case 'scan': return scanMorsels(context, context.scan(source.table, source.columns), sizes);
    case 'buffer': return bufferMorsels(context, source.buffer);
    case 'sorted': return sortedMorsels(context, source.buffer, sizes);
    case 'once': return single({ words: [0, 1], columns: NO_COLUMNS, rowCount: 1, rowsLeft: 0, release: () => undefined });
  }
}

async function* single(morsel: Morsel): AsyncGenerator<Morsel> {
  yield morsel;
}

async function* scanMorsels(
  context: MorselContext,
  groups: readonly ScanGroup[],
  sizes: MorselSizes,
): AsyncGenerator<Morsel> {
  let rowsLeft = groups.reduce((rows, group) => rows + group.rowCount, 0);
  for (const [index, group] of groups.entries()) {
    const number = index < MOST_NUMBERED ? index + 1 : 0;
    const chunks = group.columns();
    const runs = runsOf(chunks);
    const guards = await pinAll(context, [...runs.values()]);
    const addresses = new Map([...runs.keys()].map((key, i) => [key, guards[i]!.address]));
    const columns = new Uint32Array(
      chunks.flatMap((chunk) => columnWords(chunk, addresses.get(keyOf(chunk.run))! + chunk.extent.byteOffset)),
    );
    let users = 1;
    const release = (): void => {
      users--;
      if (users === 0) for (const guard of guards) guard.release();
    };
    try {
      for (let begin = 0; begin < group.rowCount;) {
        const end = Math.min(begin + sizes.take(rowsLeft), group.rowCount);
        users++;
        rowsLeft -= end - begin;
        yield { words: [begin, end, number], columns, rowCount: end - begin, rowsLeft, release };
        begin = end;
      }
    } finally {
      release();
    }
  }
}

/** What SCAN_COLUMN_WORDS counts. */
export function columnWords({ layout, packing }: Pick<ScanChunk, 'layout' | 'packing'>, base: number): readonly number[] {
  const at = (offset: number): number => (offset < 0 ? 0 : base + offset);
  return [
    at(layout.valuesOffset), at(layout.validityOffset), at(layout.codesOffset),
    at(layout.offsetsOffset), at(layout.bytesOffset), layout.strideBytes,
    Math.log2(Math.max(layout.storedBytes, 1)), ...halves(packing?.base ?? 0n), ...halves(packing?.step ?? 1n),
  ];
}

function halves(value: bigint): readonly [low: number, high: number] {
  return [Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n))];
}

/** What of a run a row group's columns need. */
interface WantedRun {
  readonly run: PageRun;
  readonly extents: Extent[];
}

/** Small chunks share pages: what is wanted of one is asked for together. */
function runsOf(columns: readonly ScanChunk[]): ReadonlyMap<string, WantedRun> {
  const runs = new Map<string, WantedRun>();
  for (const { run, extent } of columns) {
    const wanted = runs.get(keyOf(run));
    if (wanted === undefined) runs.set(keyOf(run), { run, extents: [extent] });
    else wanted.extents.push(extent);
  }
  return runs;
}

function keyOf({ pages }: PageRun): string {
  return `${pages[0]} ${pages.length}`;
}

/** Pins every run, or none: when memory is short because of other morsels, it waits for them and tries again. */
async function pinAll(context: MorselContext, runs: readonly WantedRun[]): Promise<readonly PageGuard[]> {
  for (;;) {
    const results = await Promise.allSettled(runs.map(({ run, extents }) => context.pool.pin(run, extents)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return results.map((result) => (result as PromiseFulfilledResult<PageGuard>).value);
    for (const result of results) if (result.status === 'fulfilled') result.value.release();
    if (!(failed.reason instanceof ResourceError) || !(await context.waitForRelease())) throw failed.reason;
  }
}

async function* bufferMorsels(context: MorselContext, buffer: number): AsyncGenerator<Morsel> {
  const words = new Uint32Array(context.pool.memory.buffer);
  const chunks = context.chunks(buffer);
  const rowsOf = (chunk: number): number => words[(chunk >>> 2) + 1]!;
  let rowsLeft = chunks.reduce((rows, chunk) => rows + rowsOf(chunk), 0);
  for (const chunk of chunks) {
    const rowCount = rowsOf(chunk);
    rowsLeft -= rowCount;
    if (rowCount === 0) continue;
    yield {
      words: [chunk + CHUNK_HEADER_BYTES, rowCount],
      columns: NO_COLUMNS,
      rowCount,
      rowsLeft,
      release: () => undefined,
    };
  }
}

async function* sortedMorsels(context: MorselContext, buffer: number, sizes: MorselSizes): AsyncGenerator<Morsel> {
  const { address, count } = context.sorted(buffer);
  for (let begin = 0; begin < count;) {
    const rowCount = sizes.take(count - begin);
    const rowsLeft = count - begin - rowCount;
    yield {
      words: [address + begin * 4, rowCount],
      columns: NO_COLUMNS,
      rowCount,
      rowsLeft,
      release: () => undefined,
    };
    begin += rowCount;
  }
}
