/** The product itself as an engine for suites: a database in a temporary folder, results as text. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, type Database } from '../../runtime/database.js';
import { sqlTextOf } from '../../runtime/io/text-output.js';

export class RealDatabase {
  private constructor(readonly db: Database, readonly folder: string) {}

  static async create(options: { memoryLimit?: string; threads?: number } = {}): Promise<RealDatabase> {
    const folder = await mkdtemp(join(tmpdir(), 'intarsia-test-'));
    return new RealDatabase(
      await open(join(folder, 'test.db'), { threads: 2, memoryLimit: '256MiB', ...options }),
      folder,
    );
  }

  /** The rows of the last statement; NULL as `NULL`. */
  async text(sql: string): Promise<readonly (readonly string[])[]> {
    const rows: string[][] = [];
    for await (const batch of this.db.query(sql)) {
      const columns = batch.schema.fields.map((field, i) => ({ vector: batch.getChildAt(i)!, type: field.type }));
      for (let row = 0; row < batch.numRows; row++)
        rows.push(columns.map(({ vector, type }) => sqlTextOf(vector.get(row), type) ?? 'NULL'));
    }
    return rows;
  }

  async close(): Promise<void> {
    await this.db.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
