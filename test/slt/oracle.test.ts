/**
 * The public sqllogictest files on the oracle. `not-passed.txt` lists the queries that do not pass, with the reason;
 * it may only shrink: a query that passes must leave it, one that is not in it must pass. BLESS=1 rewrites it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../support/golden.js';
import { OracleDatabase } from '../support/oracle-database.js';
import { HAS_CONFORMANCE, SLT_FOLDER } from './folder.js';
import { runFile, type SltOutcome } from './runner.js';

const LIST = `${ROOT}test/slt/not-passed.txt`;

function listed(): ReadonlySet<string> {
  return new Set(readFileSync(LIST, 'utf8').split('\n').filter((line) => line !== '').map((line) => line.split(' ')[0]!));
}

async function outcomesOf(file: string): Promise<readonly SltOutcome[]> {
  const database = new OracleDatabase();
  return runFile(file, readFileSync(SLT_FOLDER + file, 'utf8'), async (sql) => database.text(sql));
}

const files = HAS_CONFORMANCE ? readdirSync(SLT_FOLDER).filter((name) => name.endsWith('.slt')) : [];
const failures: SltOutcome[] = [];

for (const file of files) {
  test(file, async () => {
    const outcomes = await outcomesOf(file);
    const failed = outcomes.filter((outcome) => !outcome.passed);
    failures.push(...failed);
    if (process.env['BLESS'] === '1') return;
    const expected = listed();
    assert.equal(failed.filter(({ id }) => !expected.has(id)).map(({ id, reason }) => `${id} ${reason}`), [], 'queries that passed before');
    assert.equal(outcomes.filter(({ id, passed }) => passed && expected.has(id)).map(({ id }) => id), [], 'queries to take from not-passed.txt');
  });
}

if (!HAS_CONFORMANCE) test.skip('the conformance material is not there', () => undefined);

test('the list of what does not pass is written', () => {
  if (process.env['BLESS'] === '1' && HAS_CONFORMANCE) writeFileSync(LIST, failures.map(({ id, reason }) => `${id} ${reason}\n`).join(''));
});

test.run();
