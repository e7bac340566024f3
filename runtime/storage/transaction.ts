/**
 * A write transaction: changes gather in a catalog of its own and on pages nobody else sees, until `commit` switches
 * to them.
 *
 * Invariant: whatever fails on the disk rolls everything back; the file stays at the last commit and usable. After
 * commit, rollback or failure the transaction is over.
 */
import { ExecutionError, StorageError } from '../errors.js';
import type { ColumnSchema } from '../batch.js';
import {
  checkedColumns,
  checkName,
  nameKey,
  type Catalog,
  type ModelEntry,
  type TableEntry,
  type ViewEntry,
} from '../catalog.js';
import type { RowGroup } from './chunk.js';
import { UncertainCommit, directoryPages, writeCommit, type Commit } from './commit.js';
import type { DatabaseFile } from './database-file.js';
import type { PageKind } from './format.js';
import {
  BlockWriter,
  encodeModelVersion,
  logicalBytes,
  type BlockIndex,
  type BlockReference,
  type BlockSink,
  type ModelVersion,
  type NewModel,
  type NewTensor,
  type TensorMeta,
} from './model-store.js';
import { writeSegments } from './segment.js';
import { TableReader, TableWriter, pagesOf, type PageSink } from './table.js';

export type TransactionOutcome = { commit: Commit } | { failed: StorageError | undefined; isUncertain: boolean };

export class WriteTransaction implements PageSink, BlockSink {
  private readonly tables: Map<string, TableEntry>;
  private readonly models: Map<string, ModelEntry>;
  private readonly views: Map<string, ViewEntry>;
  private readonly settings: Map<string, string>;
  /** Row groups of tables this transaction changes. */
  private readonly groups = new Map<string, readonly RowGroup[]>();
  private readonly written = new Set<number>();
  private readonly dropped = new Set<number>();
  private readonly openWriters = new Set<string>();
  private blocks: { readonly index: BlockIndex; readonly writer: BlockWriter } | undefined;
  private state: 'open' | 'over' = 'open';
  private hasChanges = false;

  constructor(
    private readonly database: DatabaseFile,
    private readonly previous: Commit,
    private readonly hooks: {
      beforeSwitch: () => Promise<void>;
      onEnd: (outcome: TransactionOutcome) => Promise<void>;
    },
  ) {
    const { catalog } = previous;
    this.tables = new Map(catalog.tables);
    this.models = new Map(catalog.models);
    this.views = new Map(catalog.views);
    this.settings = new Map(catalog.settings);
    database.pages.writingSequence = previous.superblock.sequence + 1;
  }

  /** As the transaction sees it; row counts include finished writers. */
  get catalog(): Catalog {
    return { tables: this.tables, models: this.models, views: this.views, settings: this.settings };
  }

  get isOver(): boolean {
    return this.state === 'over';
  }

  /** @throws ExecutionError when a table or view has the name already, or none can have it. */
  createTable(table: { readonly name: string; readonly columns: readonly ColumnSchema[] }): void {
    checkName('table', table.name);
    this.requireFreeName(table.name);
    const columns = checkedColumns(table);
    this.tables.set(nameKey(table.name), { name: table.name, columns, rowCount: 0, segments: [] });
    this.groups.set(nameKey(table.name), []);
  }

  async dropTable(name: string): Promise<void> {
    const entry = this.requireTable(name);
    const key = nameKey(name);
    if (this.openWriters.has(key)) throw new ExecutionError(`table ${name} is being written`);
    const groups = await this.guarded(() => this.groupsOf(entry));
    for (const group of groups) this.drop(pagesOf(group));
    for (const segment of entry.segments) this.drop(segment.pages);
    this.tables.delete(key);
    this.groups.delete(key);
    this.hasChanges = true;
  }

  /** Other names and nullability for the same columns. */
  alterTable(name: string, change: { readonly name?: string; readonly columns?: readonly ColumnSchema[] }): void {
    const entry = this.requireTable(name);
    const key = nameKey(name);
    const next = { ...entry, name: change.name ?? entry.name, columns: change.columns ?? entry.columns };
    checkName('table', next.name);
    if (nameKey(next.name) !== key) this.requireFreeName(next.name);
    checkedColumns(next);
    const isSameData =
      next.columns.length === entry.columns.length &&
      next.columns.every((c, i) => c.dtype === entry.columns[i]!.dtype && c.width === entry.columns[i]!.width);
    if (!isSameData) throw new ExecutionError(`table ${name}: columns can be renamed here, not changed`);
    const groups = this.groups.get(key);
    this.tables.delete(key);
    this.groups.delete(key);
    this.tables.set(nameKey(next.name), next);
    if (groups !== undefined) this.groups.set(nameKey(next.name), groups);
    this.hasChanges = true;
  }

  /** The table as the transaction sees it, finished writers included. */
  async table(name: string): Promise<TableReader | undefined> {
    const entry = this.tables.get(nameKey(name));
    if (entry === undefined) return undefined;
    const groups = await this.guarded(() => this.groupsOf(entry));
    return this.readerOf(entry, groups);
  }

  /**
   * Appends to a table. With `keepGroups`, all row groups but those go first (UPDATE, DELETE: keep the untouched
   * ones, append the rest again).
   * One writer a table at a time.
   */
  async tableWriter(name: string, options: { readonly keepGroups?: readonly RowGroup[] } = {}): Promise<TableWriter> {
    const entry = this.requireTable(name);
    const key = nameKey(name);
    if (this.openWriters.has(key)) throw new ExecutionError(`table ${name} is being written already`);
    this.openWriters.add(key);
    const current = await this.guarded(() => this.groupsOf(entry));
    const kept = new Set(options.keepGroups ?? current);
    const groups = current.filter((group) => kept.has(group));
    if (groups.length !== kept.size)
      throw new ExecutionError(`table ${name}: a row group to keep is not one of its own`);
    const replaced = current.filter((group) => !kept.has(group));
    const reader = this.readerOf(entry, groups);
    return new TableWriter(reader, this, (finished) => {
      for (const group of replaced) this.drop(pagesOf(group));
      this.groups.set(key, finished);
      this.tables.set(key, {
        ...this.requireTable(name),
        rowCount: finished.reduce((sum, group) => sum + group.rowCount, 0),
      });
      this.openWriters.delete(key);
      this.hasChanges = true;
    });
  }

  /** @throws ExecutionError when the name is taken and `replace` is not set. */
  createView(view: { readonly name: string; readonly sql: string; readonly replace?: boolean }): void {
    checkName('view', view.name);
    if (view.replace !== true || this.tables.has(nameKey(view.name))) this.requireFreeName(view.name);
    this.views.set(nameKey(view.name), { name: view.name, sql: view.sql });
    this.hasChanges = true;
  }

  dropView(name: string): void {
    if (!this.views.delete(nameKey(name))) throw new ExecutionError(`there is no view ${name}`);
    this.hasChanges = true;
  }

  /** `undefined` removes the setting. */
  setSetting(name: string, value: string | undefined): void {
    if (value === undefined) this.settings.delete(nameKey(name));
    else this.settings.set(nameKey(name), value);
    this.hasChanges = true;
  }

  /**
   * Stores a block of 1 to PAGE_BYTES bytes, once for equal bytes. It stays only if a model of this transaction refers
   * to it.
   */
  async putBlock(bytes: Uint8Array): Promise<BlockReference> {
    return this.guarded(async () => (await this.blockStore()).writer.put(bytes));
  }

  /** Stores a tensor's blocks as they come: one is held at a time. */
  async putTensor(tensor: NewTensor): Promise<TensorMeta> {
    return this.guarded(async () => {
      const { writer } = await this.blockStore();
      const blocks: BlockReference[] = [];
      for await (const bytes of tensor.blocks) blocks.push(await writer.put(bytes));
      const blockBytes = blocks.reduce((most, block) => Math.max(most, block.byteLength), 0);
      return { name: tensor.name, dtype: tensor.dtype, dims: tensor.dims, layout: tensor.layout, blockBytes, blocks };
    });
  }

  /** A new version of the model of that name; answers its number. */
  async createModel(model: NewModel): Promise<number> {
    checkName('model', model.name);
    return this.guarded(async () => {
      const { name, ...parts } = model;
      const known = this.models.get(nameKey(name));
      const version = known?.nextVersion ?? 1;
      const createdAt = Date.now();
      (await this.blockStore()).index.retain(parts.tensors);
      const bytes = encodeModelVersion({ ...parts, notes: parts.notes ?? null, version, createdAt });
      const metadata = { pages: await this.writeRun('modelMetadata', bytes), byteLength: bytes.length };
      const entry = { version, createdAt, logicalBytes: logicalBytes(parts.tensors), metadata };
      this.models.set(nameKey(name), {
        name: known?.name ?? name,
        nextVersion: version + 1,
        versions: [...(known?.versions ?? []), entry],
      });
      return version;
    });
  }

  /** Replaces what a version consists of (deduplicated blocks, notes); its number stays. */
  async updateModel(name: string, model: ModelVersion): Promise<void> {
    const known = this.requireModel(name, model.version);
    await this.guarded(async () => {
      const { index } = await this.blockStore();
      const old = known.versions.find((v) => v.version === model.version)!;
      index.retain(model.tensors);
      index.release((await this.database.loadModel(old)).tensors);
      this.drop(old.metadata.pages);
      const bytes = encodeModelVersion(model);
      const metadata = { pages: await this.writeRun('modelMetadata', bytes), byteLength: bytes.length };
      const entry = { ...old, logicalBytes: logicalBytes(model.tensors), metadata };
      this.models.set(nameKey(name), { ...known, versions: known.versions.map((v) => (v === old ? entry : v)) });
    });
  }

  /** Drops one version, or the whole model; blocks nobody else uses are freed. */
  async dropModel(name: string, version?: number): Promise<void> {
    const known = this.requireModel(name, version);
    await this.guarded(async () => {
      const { index } = await this.blockStore();
      const kept = version === undefined ? [] : known.versions.filter((v) => v.version !== version);
      for (const entry of known.versions.filter((v) => !kept.includes(v))) {
        index.release((await this.database.loadModel(entry)).tensors);
        this.drop(entry.metadata.pages);
      }
      if (kept.length === 0) this.models.delete(nameKey(name));
      else this.models.set(nameKey(name), { ...known, versions: kept });
      this.hasChanges = true;
    });
  }

  /** Makes everything durable and visible. Without changes nothing is written. */
  async commit(): Promise<void> {
    this.requireOpen();
    if (this.openWriters.size > 0)
      throw new Error(`a writer of table ${[...this.openWriters].join(', ')} was not finished`);
    if (!this.hasChanges && this.written.size === 0) {
      await this.end({ failed: undefined, isUncertain: false });
      return;
    }
    const commit = await this.guarded(async () => {
      await this.blocks?.writer.flush();
      if (this.blocks !== undefined) this.drop(this.blocks.index.sweep());
      await this.writeTables();
      return writeCommit(this.database.pages, {
        previous: this.previous,
        catalog: this.catalog,
        dropped: this.dropped,
        written: this.written,
        onPage: (page) => this.written.add(page),
        beforeSwitch: this.hooks.beforeSwitch,
      });
    });
    const kept = new Set(directoryPages(commit));
    const left = [...this.dropped, ...this.previous.superblock.catalog.pages, ...directoryPages(this.previous)].filter(
      (page) => !kept.has(page),
    );
    this.database.pages.allocator.hold(left, commit.superblock.sequence);
    this.written.clear();
    await this.end({ commit });
  }

  /** Undoes everything; without effect when the transaction is over. */
  async rollback(): Promise<void> {
    if (this.state === 'open') await this.end({ failed: undefined, isUncertain: false });
  }

  /** Of PageSink and BlockSink: for writers of this transaction. */
  async writeRun(kind: PageKind, bytes: Uint8Array): Promise<number[]> {
    return this.guarded(async () => {
      const pages = await this.database.pages.writeRun(kind, bytes);
      for (const page of pages) this.written.add(page);
      this.hasChanges = true;
      return pages;
    });
  }

  takePage(): number {
    this.requireOpen();
    const page = this.database.pages.allocator.take(1);
    this.written.add(page);
    return page;
  }

  async writeTaken(page: number, kind: PageKind, bytes: Uint8Array): Promise<void> {
    await this.guarded(() => this.database.pages.writeAt({ pages: [page], kind, bytes }));
  }

  drop(pages: Iterable<number>): void {
    for (const page of pages) this.dropped.add(page);
    this.hasChanges = true;
  }

  private readerOf(entry: TableEntry, groups: readonly RowGroup[]): TableReader {
    const { pool, path } = this.database;
    return new TableReader(entry.name, entry.columns, entry.rowCount, groups, pool, path);
  }

  private async groupsOf(entry: TableEntry): Promise<readonly RowGroup[]> {
    return this.groups.get(nameKey(entry.name)) ?? this.database.loadGroups(entry);
  }

  private async writeTables(): Promise<void> {
    for (const [key, groups] of this.groups) {
      const entry = this.tables.get(key)!;
      const segments = await writeSegments(groups, { entry, sink: this, known: this.database });
      this.tables.set(key, { ...entry, segments });
    }
  }

  private async blockStore(): Promise<{ readonly index: BlockIndex; readonly writer: BlockWriter }> {
    if (this.blocks === undefined) {
      const index = await this.database.loadBlockIndex();
      this.blocks = { index, writer: new BlockWriter(index, this, await this.database.hasher()) };
    }
    return this.blocks;
  }

  /** Runs a step; a StorageError or an uncertain commit ends the transaction. */
  private async guarded<T>(step: () => Promise<T>): Promise<T> {
    this.requireOpen();
    try {
      return await step();
    } catch (error) {
      if (error instanceof UncertainCommit) {
        const failed = new StorageError(
          'io',
          `${this.database.path}: it is not known whether the last commit reached the disk; open the file again`,
          { file: this.database.path, cause: error.cause },
        );
        await this.end({ failed, isUncertain: true });
        throw failed;
      }
      if (error instanceof StorageError && !this.isOver) await this.end({ failed: error, isUncertain: false });
      throw error;
    }
  }

  private async end(outcome: TransactionOutcome): Promise<void> {
    this.state = 'over';
    const isUncertain = 'failed' in outcome && outcome.isUncertain;
    if (!isUncertain) this.database.pages.allocator.release(this.written);
    this.written.clear();
    await this.hooks.onEnd(outcome);
  }

  private requireOpen(): void {
    if (this.state === 'over')
      throw new ExecutionError('the transaction is over: it was committed, rolled back, or failed');
  }

  private requireTable(name: string): TableEntry {
    this.requireOpen();
    const entry = this.tables.get(nameKey(name));
    if (entry === undefined) throw new ExecutionError(`there is no table ${name}`);
    return entry;
  }

  private requireModel(name: string, version: number | undefined): ModelEntry {
    this.requireOpen();
    const entry = this.models.get(nameKey(name));
    if (entry === undefined) throw new ExecutionError(`there is no model ${name}`);
    if (version !== undefined && !entry.versions.some((v) => v.version === version))
      throw new ExecutionError(`model ${name} has no version ${version}`);
    return entry;
  }

  private requireFreeName(name: string): void {
    this.requireOpen();
    const other = this.tables.get(nameKey(name)) ?? this.views.get(nameKey(name));
    if (other !== undefined) throw new ExecutionError(`there is a table or view ${other.name} already`);
    this.hasChanges = true;
  }
}
