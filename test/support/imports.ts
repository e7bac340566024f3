/** What becomes of a file that is imported: its values as SQL prints them, or the error that refuses it. */
import * as assert from 'uvu/assert';
import { ImportError } from '../../runtime/database.js';
import type { RealDatabase } from './real-database.js';

export async function importedRows(database: RealDatabase, path: string): Promise<readonly (readonly string[])[]> {
  await database.db.importFile('t', path, { replace: true });
  return database.text('SELECT * FROM t');
}

export async function importErrorOf(work: () => Promise<unknown>): Promise<ImportError> {
  try {
    await work();
  } catch (error) {
    assert.instance(error, ImportError);
    return error as ImportError;
  }
  return assert.unreachable('it was taken') as never;
}
