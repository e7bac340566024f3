/** Row groups of a stored table as the executor's scan wants them. */
import type { ColumnSchema } from './batch.js';
import { StorageError } from './errors.js';
import type { ScanGroup } from './executor/morsels.js';
import type { PhysicalPlan } from './plan.js';
import type { TableReader } from './storage/table.js';

/** @throws StorageError `artifact` when the table is not as it was when the plan was compiled. */
export function checkTables(plan: PhysicalPlan, tables: ReadonlyMap<string, TableReader>, file: string): void {
  for (const wanted of plan.tables) {
    const found = tables.get(wanted.name);
    // A plan that counts on NULLs also runs without them.
    const describe = (columns: readonly ColumnSchema[]): string =>
      columns
        .map(({ name, dtype, width, nullable }, i) => {
          const isNotNull = !nullable && wanted.columns[i]?.nullable === false;
          return `${name} ${dtype}${width > 1 ? `[${width}]` : ''}${isNotNull ? ' NOT NULL' : ''}`;
        })
        .join(', ');
    const expected = describe(wanted.columns);
    const actual = found === undefined ? 'no such table' : describe(found.columns);
    if (expected === actual) continue;
    throw new StorageError(
      'artifact',
      `the plan was compiled for table ${wanted.name} (${expected}), ${file} has ${actual}: compile the query again`,
      {
      file, expected, actual,
    });
  }
}

export function scanGroups(table: TableReader, columns: readonly number[]): readonly ScanGroup[] {
  return table.groups.map((group) => ({
    rowCount: group.rowCount,
    columns: () =>
      columns.map((index) => {
        const chunk = group.chunk(index);
        return { run: chunk.run, extent: chunk, layout: chunk, packing: chunk.packing };
      }),
  }));
}
