/**
 * The sqllogictest files of the conformance material, each in a fresh database: on the product itself and on the
 * oracle.
 *
 * Each has its list of queries that do not pass yet, with reasons, which may only shrink (test/support/not-passed.ts):
 * `not-passed.txt` is the product's, `not-passed-oracle.txt` that of the reference evaluator alone.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseOutcome } from '../support/not-passed.js';
import { OracleDatabase } from '../support/oracle-database.js';
import { RealDatabase } from '../support/real-database.js';
import { SLT_FOLDER } from './folder.js';
import { runFile, type Execute } from './runner.js';

interface OpenEngine {
  readonly execute: Execute;
  close(): Promise<void>;
}

export interface Engine {
  readonly list: string;
  open(): Promise<OpenEngine>;
}

export const ENGINES = {
  product: {
    list: 'test/slt/not-passed.txt',
    open: async () => {
      const database = await RealDatabase.create();
      return { execute: (sql) => database.text(sql), close: () => database.close() };
    },
  },
  oracle: {
    list: 'test/slt/not-passed-oracle.txt',
    open: () => {
      const database = new OracleDatabase();
      return Promise.resolve({ execute: async (sql: string) => database.text(sql), close: () => Promise.resolve() });
    },
  },
} as const satisfies Record<string, Engine>;

export async function runSuite(engine: Engine, partOfName = ''): Promise<readonly CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  for (const file of readdirSync(SLT_FOLDER).filter((name) => name.endsWith('.slt') && name.includes(partOfName))) {
    const { execute, close } = await engine.open();
    try {
      outcomes.push(...await runFile(file, readFileSync(join(SLT_FOLDER, file), 'utf8'), execute));
    } finally {
      await close();
    }
  }
  return outcomes;
}
