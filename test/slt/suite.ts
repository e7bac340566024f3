/** The sqllogictest files of the conformance material on the product itself, each in a fresh database. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseOutcome } from '../support/not-passed.js';
import { RealDatabase } from '../support/real-database.js';
import { SLT_FOLDER } from './folder.js';
import { runFile } from './runner.js';

export async function runSuite(partOfName: string): Promise<readonly CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  for (const file of readdirSync(SLT_FOLDER).filter((name) => name.endsWith('.slt') && name.includes(partOfName))) {
    const database = await RealDatabase.create();
    try {
      outcomes.push(...await runFile(file, readFileSync(join(SLT_FOLDER, file), 'utf8'), (sql) => database.text(sql)));
    } finally {
      await database.close();
    }
  }
  return outcomes;
}
