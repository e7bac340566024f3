/**
 * The compiler's view of one snapshot. The compiler is synchronous; what lies in the file is asked for by throwing NotLoaded,
 * loaded, and asked for again (`withLoading`). What was loaded stays for the life of the environment.
 */
import { findModel, findTable, type TableEntry } from './catalog.js';
import { NotLoaded, type CompilerEnvironment, type StoredTensor, type TableInfo } from './compiler.js';
import type { ColumnSchema } from './batch.js';
import { openFile } from './io/source.js';
import type { Snapshot } from './storage/database-file.js';
import type { RowGroup } from './storage/chunk.js';
import type { ModelVersion } from './storage/model-store.js';

/** Calls `use` until it no longer asks for what is not loaded. */
export async function withLoading<T>(use: () => T): Promise<T> {
  for (;;) {
    try {
      return use();
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error;
      await error.load();
    }
  }
}

export function createEnvironment(options: {
  snapshot: Snapshot; memoryLimitBytes: number; threads: number; calibration: string | undefined;
}): CompilerEnvironment {
  const { snapshot } = options;
  const { catalog } = snapshot;
  const tables = new Map<string, TableInfo>();
  const models = new Map<string, ModelVersion | undefined>();
  const tensors = new Map<string, StoredTensor>();
  const files = new Map<string, readonly ColumnSchema[]>();
  return {
    tableNames: [...catalog.tables.values()].map((table) => table.name),
    modelNames: [...catalog.models.values()].map((model) => model.name),
    memoryLimitBytes: options.memoryLimitBytes,
    threads: options.threads,
    calibration: options.calibration,
    table(name) {
      const entry = findTable(catalog, name);
      if (entry === undefined) return undefined;
      return tables.get(entry.name) ?? ask(async () => {
        tables.set(entry.name, tableInfo(entry, await snapshot.database.loadGroups(entry)));
      });
    },
    model(name, version) {
      const entry = findModel(catalog, name);
      if (entry === undefined) return undefined;
      const key = `${entry.name}@${version ?? 'newest'}`;
      if (!models.has(key)) return ask(async () => { models.set(key, await snapshot.model(name, version)); });
      const model = models.get(key);
      return model === undefined ? undefined : { name: entry.name, model };
    },
    view: (name) => catalog.views.get(name.toLowerCase())?.sql,
    file: (path) => files.get(path) ?? ask(async () => { files.set(path, (await openFile(path)).schema); }),
    tensor: (hash) => tensors.get(hash) ?? ask(async () => {
      tensors.set(hash, await loadTensor(hash, { snapshot, models: [...models.values()] }));
    }),
  };
}

function ask(load: () => Promise<void>): never {
  throw new NotLoaded(load);
}

async function loadTensor(hash: string, { snapshot, models }: { snapshot: Snapshot; models: readonly (ModelVersion | undefined)[] }): Promise<StoredTensor> {
  const tensor = models.flatMap((model) => model?.tensors ?? []).find((candidate) => candidate.name === hash);
  if (tensor === undefined) throw new Error(`no loaded model has a weight ${hash}`);
  const { pool } = snapshot.database;
  const blocks: Uint8Array[] = [];
  for (const block of tensor.blocks) {
    const guard = await pool.pin({ pages: [block.page] });
    blocks.push(new Uint8Array(pool.memory.buffer, guard.address + block.offset, block.byteLength).slice());
    guard.release();
  }
  return { dtype: tensor.dtype, dims: tensor.dims, layout: tensor.layout, blocks };
}

function tableInfo(entry: TableEntry, groups: readonly RowGroup[]): TableInfo {
  const statistics = entry.columns.map((_, column) => {
    const chunks = groups.map((group) => group.chunks[column]!);
    const numbers = (pick: (chunk: (typeof chunks)[number]) => unknown): number[] =>
      chunks.map((chunk) => Number(pick(chunk) ?? Number.NaN)).filter((value) => !Number.isNaN(value));
    const [lows, highs] = [numbers((chunk) => chunk.min), numbers((chunk) => chunk.max)];
    const distinct = numbers((chunk) => chunk.distinctEstimate);
    return {
      min: lows.length === 0 ? undefined : Math.min(...lows),
      max: highs.length === 0 ? undefined : Math.max(...highs),
      distinct: distinct.length === 0 ? undefined : Math.max(...distinct),
    };
  });
  return { name: entry.name, columns: entry.columns, rowCount: entry.rowCount, statistics };
}
