/**
 * The door of storage: opens a database file, hands out snapshots and the one transaction, and owns the buffer pool.
 *
 * Invariant: a snapshot reads the commit it started from until it is released. Everything read from the file was
 * checked; what is wrong with it is a StorageError.
 */
import { StorageError } from '../errors.js';
import {
  findModel,
  findModelVersion,
  findTable,
  type Catalog,
  type ModelVersionEntry,
  type SegmentReference,
  type TableEntry,
} from '../catalog.js';
import type { BlockDevice } from './block-device.js';
import { BufferPool } from './buffer-pool.js';
import type { ChunkMeta, RowGroup } from './chunk.js';
import {
  createFile, directoryPages, isUncreated, loadCommit, repairSlots, slotProblems, readSlots, type Commit,
} from './commit.js';
import { FileDevice } from './file.js';
import { PAGE_KINDS, fileBytes, type ChainReference } from './format.js';
import { ReaderMark, WriterLock, oldestMark, placeOf } from './lock.js';
import {
  BlockIndex,
  blockHasher,
  decodeModelVersion,
  modelStoreStats,
  type ModelStoreStats,
  type ModelVersion,
} from './model-store.js';
import { PageFile, storageError } from './pages.js';
import { ShapeError } from './shape.js';
import { decodeSegment } from './segment.js';
import { TableReader } from './table.js';
import { WriteTransaction } from './transaction.js';

export interface OpenOptions {
  /** Makes the file when it is absent; default true unless `readOnly`. */
  readonly create?: boolean;
  /** Takes no lock, and refuses to write. */
  readonly readOnly?: boolean;
  /**
   * The process has nothing else to do: the caller's thread waits for short reads itself, and pages stay in the pool
   * from their second use on (see `BufferPool`); default false.
   */
  readonly isAlone?: boolean;
  /** Bytes of the pool's memory, and so of everything that lies in it; default 512 MiB. */
  readonly memoryLimitBytes?: number;
  /** Bytes at the start of the memory which the pool leaves alone; default 1 MiB. */
  readonly reservedBytes?: number;
}

const WASM_PAGE_BYTES = 64 * 1024;
/** wasm32 addresses end here; the last page is left out so that an address past the end still fits 32 bits. */
const MAX_MEMORY_BYTES = 65_535 * WASM_PAGE_BYTES;
const DEFAULT_MEMORY_BYTES = 512 * 1024 * 1024;
const DEFAULT_RESERVED_BYTES = 1024 * 1024;

/** How the file is guarded against other processes; a device of a test has no guard. */
interface Guards {
  lock?: WriterLock;
  mark?: ReaderMark;
  /** What they guard. */
  file?: FileDevice;
}

export class DatabaseFile {
  readonly pool: BufferPool;
  readonly pages: PageFile;
  /** What opening found damaged and could do without: superblock copies. */
  readonly problems: StorageError[] = [];
  private commit!: Commit;
  private readonly snapshotsBySequence = new Map<number, number>();
  private readonly groupsBySegment = new WeakMap<SegmentReference, readonly RowGroup[]>();
  private readonly modelsByEntry = new WeakMap<ModelVersionEntry, ModelVersion>();
  private blockIndex: BlockIndex | undefined;
  private active: WriteTransaction | undefined;
  private broken: StorageError | undefined;
  private oldestOutside = Infinity;

  private constructor(
    device: BlockDevice,
    /** The file's path, or a test's name for the device. */
    readonly path: string,
    readonly readOnly: boolean,
    options: OpenOptions,
    private readonly guards: Guards,
  ) {
    this.pages = new PageFile(device, path);
    const limitBytes = Math.min(options.memoryLimitBytes ?? DEFAULT_MEMORY_BYTES, MAX_MEMORY_BYTES);
    const pagesOfMemory = Math.ceil(limitBytes / WASM_PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: pagesOfMemory, maximum: pagesOfMemory, shared: true });
    this.pool = new BufferPool({
      memory,
      limitBytes,
      reservedBytes: options.reservedBytes ?? DEFAULT_RESERVED_BYTES,
      source: this.pages,
      keepsFirstReads: options.isAlone !== true,
    });
    this.pages.onRewrite = (pages) => this.pool.forget(pages);
  }

  /** @throws StorageError 'locked' naming the writer's process; 'not-a-database', 'version', 'corrupt', 'io'. */
  static async open(path: string, options: OpenOptions = {}): Promise<DatabaseFile> {
    const readOnly = options.readOnly ?? false;
    const guards: Guards = {};
    try {
      // Locks and marks lie beside the file itself, by whatever link or relative path it was found.
      const place = placeOf(path);
      if (readOnly) {
        guards.mark = ReaderMark.place(place);
        guards.file = await FileDevice.open(place, 'read', options);
      } else {
        guards.lock = await WriterLock.take(place);
        guards.file = await FileDevice.open(place, options.create === false ? 'write' : 'create', options);
      }
      const database = new DatabaseFile(guards.file, path, readOnly, options, guards);
      await database.load(options);
      return database;
    } catch (error) {
      await guards.file?.close();
      await guards.lock?.release();
      guards.mark?.remove();
      throw error instanceof RangeError || (error as Error).name === 'ResourceError'
        ? error
        : storageError(path, error);
    }
  }

  /** Opens what lies on a device: for tests that stand between storage and the disk. */
  static async openDevice(
    device: BlockDevice,
    options: OpenOptions & { readonly name: string },
  ): Promise<DatabaseFile> {
    const database = new DatabaseFile(device, options.name, options.readOnly ?? false, options, {});
    await database.load(options);
    return database;
  }

  private async load(options: OpenOptions): Promise<void> {
    if (!this.readOnly && options.create !== false && (await isUncreated(this.pages))) await createFile(this.pages);
    const { commit, problems } = await loadCommit(this.pages);
    this.commit = commit;
    this.problems.push(...problems);
    const { sequence } = commit.superblock;
    const directory = new Set(directoryPages(commit));
    this.pages.allocator.reset({
      // Behind the commit's own pages may lie those of earlier ones, which a reader outside has marked.
      pageCount: await this.pages.pageCount(),
      sequence,
      isUsed: (page) => directory.has(page) || this.pages.entry(page).kind !== PAGE_KINDS.free,
    });
    this.guards.mark?.move(sequence);
    if (this.readOnly) return;
    // Synced in any case: a process that was killed may have left this commit to the system, and not yet to the disk.
    // Until it is there, the pages of the one before must not be written over.
    if (problems.length > 0) await repairSlots(this.pages);
    else await this.pages.attempt(() => this.pages.device.sync());
    await this.reclaim();
  }

  get catalog(): Catalog {
    return this.commit.catalog;
  }

  /** Commits so far. */
  get sequence(): number {
    return this.commit.superblock.sequence;
  }

  /** The newest commit, kept readable until released. */
  snapshot(): Snapshot {
    const { sequence } = this.commit.superblock;
    this.snapshotsBySequence.set(sequence, (this.snapshotsBySequence.get(sequence) ?? 0) + 1);
    return new Snapshot(this, this.commit, () => {
      const count = this.snapshotsBySequence.get(sequence)! - 1;
      if (count > 0) this.snapshotsBySequence.set(sequence, count);
      else this.snapshotsBySequence.delete(sequence);
    });
  }

  /**
   * The one transaction that may write. @throws StorageError 'locked' while another one is open, 'io' after a failed
   * commit that may have happened.
   */
  begin(): WriteTransaction {
    if (this.readOnly) throw new StorageError('io', `${this.path} is open for reading only`, { file: this.path });
    if (this.broken !== undefined) throw this.broken;
    if (this.active !== undefined) {
      throw new StorageError('locked', `${this.path}: this process (${process.pid}) has a transaction open already`, {
        file: this.path,
        actual: process.pid,
      });
    }
    this.reclaimInMemory();
    this.active = new WriteTransaction(this, this.commit, {
      beforeSwitch: async () => this.guards.lock?.assertHeld(this.guards.file!),
      onEnd: (outcome) => this.endTransaction(outcome),
    });
    return this.active;
  }

  /** Waits for nothing: an open transaction is rolled back. */
  async close(): Promise<void> {
    await this.active?.rollback();
    try {
      await this.pages.attempt(() => this.pages.device.close());
    } finally {
      await this.guards.lock?.release();
      this.guards.mark?.remove();
    }
  }

  private async endTransaction(
    outcome: { commit: Commit } | { failed: StorageError | undefined; isUncertain: boolean },
  ): Promise<void> {
    this.active = undefined;
    if ('commit' in outcome) {
      this.commit = outcome.commit;
    } else {
      this.blockIndex = undefined;
      if (outcome.isUncertain) this.broken = outcome.failed;
    }
    if (this.broken === undefined) await this.reclaim();
  }

  /** Frees pages no snapshot reads, here or in other processes, and gives the file's free end back. */
  private async reclaim(): Promise<void> {
    const { lock } = this.guards;
    this.oldestOutside = lock === undefined ? Infinity : await oldestMark(lock.databasePath).catch(() => 0);
    this.reclaimInMemory();
    const last = Math.max(this.pages.allocator.trimEnd(), this.commit.superblock.pageCount);
    // Space is only given back here: a failure costs nothing but that.
    await this.pages
      .attempt(async () => {
        const { device } = this.pages;
        if (this.oldestOutside >= this.sequence && (await device.size()) > fileBytes(last))
          await device.truncate(fileBytes(last));
      })
      .catch(() => undefined);
  }

  private reclaimInMemory(): void {
    this.pages.allocator.reclaim(Math.min(this.sequence, this.oldestOutside, ...this.snapshotsBySequence.keys()));
  }

  /** Row groups of a table, read once for each segment. */
  async loadGroups(table: TableEntry): Promise<readonly RowGroup[]> {
    const groups: RowGroup[] = [];
    for (const segment of table.segments) {
      let known = this.groupsBySegment.get(segment);
      if (known === undefined) {
        known = await this.decode(segment, 'tableMetadata', (bytes) =>
          decodeSegment(bytes, {
            columns: table.columns,
            look: (read) => this.look(read, { segment, table: table.name }),
          }),
        );
        const [page = 0] = segment.pages;
        if (known.length !== segment.groupCount)
          throw this.pages.corrupt(page, `table ${table.name} lacks row groups`, segment.groupCount, known.length);
        this.rememberGroups(segment, known);
      }
      groups.push(...known);
    }
    const rows = groups.reduce((sum, group) => sum + group.rowCount, 0);
    const page = table.segments[0]?.pages[0] ?? 0;
    if (rows !== table.rowCount) throw this.pages.corrupt(page, `table ${table.name} lacks rows`, table.rowCount, rows);
    return groups;
  }

  /** Metadata of a damaged file may name pages that hold something else. */
  private look(read: () => ChunkMeta, from: { readonly segment: SegmentReference; readonly table: string }): ChunkMeta {
    const chunk = this.shaped(from.segment.pages, read);
    for (const page of chunk.run.pages) {
      const { kind } = this.pages.entry(page);
      const message = `page ${page} holds no rows, and table ${from.table} names it`;
      if (kind !== PAGE_KINDS.table) throw this.pages.corrupt(page, message, PAGE_KINDS.table, kind);
    }
    return chunk;
  }

  /** Row groups of a segment that was read before. */
  knownGroups(segment: SegmentReference): readonly RowGroup[] | undefined {
    return this.groupsBySegment.get(segment);
  }

  rememberGroups(segment: SegmentReference, groups: readonly RowGroup[]): void {
    this.groupsBySegment.set(segment, groups);
  }

  async loadModel(entry: ModelVersionEntry): Promise<ModelVersion> {
    let model = this.modelsByEntry.get(entry);
    if (model === undefined) {
      model = await this.decode(entry.metadata, 'modelMetadata', decodeModelVersion);
      this.modelsByEntry.set(entry, model);
    }
    return model;
  }

  /** The index of stored blocks; belongs to the transaction under way. */
  async loadBlockIndex(): Promise<BlockIndex> {
    this.blockIndex ??= new BlockIndex(await this.loadModels(this.commit.catalog));
    return this.blockIndex;
  }

  async loadModels(catalog: Catalog): Promise<ModelVersion[]> {
    const models: ModelVersion[] = [];
    for (const model of catalog.models.values()) {
      for (const version of model.versions) models.push(await this.loadModel(version));
    }
    return models;
  }

  hasher(): Promise<(bytes: Uint8Array) => string> {
    return blockHasher();
  }

  /** Damage in the superblock copies as they are now. */
  async superblockProblems(): Promise<StorageError[]> {
    return slotProblems(this.path, await readSlots(this.pages));
  }

  private async decode<T>(
    chain: ChainReference,
    kind: 'tableMetadata' | 'modelMetadata',
    read: (bytes: Uint8Array) => T,
  ): Promise<T> {
    const stray = chain.pages.find((page) => this.pages.entry(page).kind !== PAGE_KINDS[kind]);
    if (stray !== undefined)
      throw this.pages.corrupt(stray, `page ${stray} is no ${kind}`, PAGE_KINDS[kind], this.pages.entry(stray).kind);
    const bytes = await this.pages.readChain(chain);
    return this.shaped(chain.pages, () => read(bytes));
  }

  private shaped<T>(pages: readonly number[], read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw this.pages.corrupt(pages[0] ?? 0, `metadata cannot be: ${error.message}`);
    }
  }
}

/** One commit, to be read at leisure. */
export class Snapshot {
  private isReleased = false;

  constructor(
    readonly database: DatabaseFile,
    readonly commit: Commit,
    private readonly onRelease: () => void,
  ) {}

  get catalog(): Catalog {
    return this.commit.catalog;
  }

  get sequence(): number {
    return this.commit.superblock.sequence;
  }

  /** `undefined` when there is no such table. */
  async table(name: string): Promise<TableReader | undefined> {
    const entry = findTable(this.catalog, name);
    if (entry === undefined) return undefined;
    const groups = await this.database.loadGroups(entry);
    return new TableReader(entry.name, entry.columns, entry.rowCount, groups, this.database.pool, this.database.path);
  }

  /** The newest version unless told; `undefined` when there is none. */
  async model(name: string, version?: number): Promise<ModelVersion | undefined> {
    const model = findModel(this.catalog, name);
    const entry = model === undefined ? undefined : findModelVersion(model, version);
    return entry === undefined ? undefined : this.database.loadModel(entry);
  }

  async modelStats(): Promise<ModelStoreStats> {
    return modelStoreStats(await this.database.loadModels(this.catalog));
  }

  /** May be called again without effect. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.onRelease();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
