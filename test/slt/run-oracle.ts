/** Prints how much of the conformance suite the oracle passes: `node dist/test/slt/run-oracle.js [part of a file name]`. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OracleDatabase } from '../support/oracle-database.js';
import { runFile } from './runner.js';
import { SLT_FOLDER } from './folder.js';

let passed = 0;
let total = 0;
for (const file of readdirSync(SLT_FOLDER).filter((name) => name.endsWith('.slt') && name.includes(process.argv[2] ?? ''))) {
  const database = new OracleDatabase();
  const outcomes = await runFile(file, readFileSync(join(SLT_FOLDER, file), 'utf8'), async (sql) => database.text(sql));
  const good = outcomes.filter((outcome) => outcome.passed).length;
  passed += good;
  total += outcomes.length;
  console.log(`${file}: ${good} of ${outcomes.length}`);
  for (const outcome of outcomes) if (!outcome.passed) console.log(`  ${outcome.id} ${outcome.reason}`);
}
console.log(`${passed} of ${total}`);
