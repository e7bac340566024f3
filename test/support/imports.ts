/** What becomes of a file that is imported: its values as SQL prints them, or the error that refuses it. */
import { readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { ImportError } from '../../runtime/database.js';
import { openFile } from '../../runtime/io/source.js';
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

/**
 * Damages the file at each of the places, from its own bytes each time. Answers how many damages were refused; none may
 * be with another error than an ImportError, or be read as more rows than there are.
 */
export async function refusedDamages(
  path: string,
  { places, damage, rowCount }: {
    readonly places: (byteLength: number) => readonly number[];
    readonly damage: (bytes: Buffer, place: number) => void;
    readonly rowCount: number;
  },
): Promise<number> {
  const whole = readFileSync(path);
  let refusals = 0;
  for (const place of places(whole.length)) {
    const damaged = Buffer.from(whole);
    damage(damaged, place);
    writeFileSync(path, damaged);
    try {
      for await (const batch of (await openFile(path)).batches()) assert.ok(batch.rowCount <= rowCount);
    } catch (error) {
      assert.instance(error, ImportError, `byte ${place}: ${(error as Error).stack}`);
      refusals++;
    }
  }
  return refusals;
}

export function everyNth(step: number, range: { readonly from: number; readonly to: number }): readonly number[] {
  const { from, to } = range;
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
}
