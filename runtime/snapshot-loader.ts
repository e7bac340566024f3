/** What the compiler asks about a snapshot, answered on the thread that has the file open. */
import { findModel, findTable, nameKey, type TableEntry } from './catalog.js';
import type { TableInfo } from './compiler.js';
import type { CommitFacts, CommitLoader } from './environment.js';
import type { Snapshot } from './storage/database-file.js';
import type { RowGroup } from './storage/chunk.js';

export function factsOf(
  { catalog }: Snapshot,
  options: Pick<CommitFacts, 'memoryLimitBytes' | 'threads' | 'calibration'>,
): CommitFacts {
  return {
    tableNames: [...catalog.tables.values()].map((table) => table.name),
    modelNames: [...catalog.models.values()].map((model) => model.name),
    viewNames: [...catalog.views.values()].map((view) => view.name),
    ...options,
  };
}

/** The names it is asked for are those of the snapshot's facts. */
export function snapshotLoader(snapshot: Snapshot): CommitLoader {
  const { catalog, database } = snapshot;
  return {
    async table(name) {
      const entry = findTable(catalog, name)!;
      return tableInfo(entry, await database.loadGroups(entry));
    },
    model: (name, version) => snapshot.model(findModel(catalog, name)!.name, version),
    view: (name) => Promise.resolve(catalog.views.get(nameKey(name))!.sql),
    async blocks(references) {
      const { pool } = database;
      const blocks: Uint8Array[] = [];
      for (const { page, offset, byteLength } of references) {
        const guard = await pool.pin({ pages: [page] });
        blocks.push(new Uint8Array(pool.memory.buffer, guard.address + offset, byteLength).slice());
        guard.release();
      }
      return blocks;
    },
  };
}

function tableInfo(entry: TableEntry, groups: readonly RowGroup[]): TableInfo {
  const statistics = entry.columns.map((_, column) => {
    const chunks = groups.map((group) => group.chunk(column));
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
