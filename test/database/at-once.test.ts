/** Statements asked for at the same time: each finds what the ones before it have left, or says that it cannot. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open, verify, type Database } from '../../runtime/database.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-at-once-'));
const path = join(folder, 'a.db');
let db: Database;
test.before(async () => { db = await open(path, { memoryLimit: '64MiB', threads: 1 }); });
test.after(async () => {
  await db.close();
  assert.equal(await verify(path), []);
  rmSync(folder, { recursive: true, force: true });
});

/** How each of the statements ends that are asked for together: the rows it changed, or its error. */
async function together(statements: readonly string[]): Promise<readonly (number | string)[]> {
  const failure = (error: Error): string => `${error.name}: ${error.message}`;
  return Promise.all(statements.map((sql) => db.query(sql).run().catch(failure)));
}

async function create(columns: string): Promise<void> {
  await db.query(`CREATE OR REPLACE TABLE t (${columns})`).run();
}

for (const change of ['INSERT INTO t VALUES (1)', 'UPDATE t SET a = 1', 'DELETE FROM t'])
  test(`${change}, while its table is dropped`, async () => {
    await create('a INTEGER');
    const [, outcome] = await together(['DROP TABLE t', change]);
    assert.match(String(outcome), /^CompileError: table "t" does not exist/);
  });

test('an INSERT goes into the columns of the table that has taken the place of its own', async () => {
  await create('a INTEGER, b DOUBLE');
  const replace = 'CREATE OR REPLACE TABLE t (b DOUBLE, a VARCHAR)';
  assert.equal(await together([replace, 'INSERT INTO t (a) VALUES (7)']), [0, 1]);
  assert.equal(await db.query('SELECT * FROM t').toArray(), [{ b: null, a: '7' }]);
});

test('a query whose table is replaced while it is compiled reads the new one', async () => {
  for (let i = 0; i < 5; i++) {
    await create('a INTEGER');
    const rows = db.query(`SELECT a, ${i} AS i FROM t`).toArray();
    await db.query("CREATE OR REPLACE TABLE t AS SELECT 'new' AS a").run();
    assert.ok([0, 1].includes((await rows).length));
  }
});

test('rows are added to a table as often as they are asked for', async () => {
  await create('a INTEGER');
  const values = Array.from({ length: 20 }, (_, i) => i);
  const outcomes = await together(values.map((i) => `INSERT INTO t VALUES (${i})`));
  assert.equal(outcomes, values.map(() => 1));
  assert.equal(await db.query('SELECT sum(a) AS s FROM t').toArray(), [{ s: 190n }]);
});

test('hundreds of queries at once share a few threads', async () => {
  const folderOfThreads = '/proc/self/task';
  const threads = (): number => (existsSync(folderOfThreads) ? readdirSync(folderOfThreads).length : 0);
  const sql = 'SELECT CAST(? AS INTEGER) AS i';
  await db.query(sql, [0]).run();
  const before = threads();
  const values = Array.from({ length: 200 }, (_, i) => i);
  const answers = await Promise.all(values.map((i) => db.query(sql, [i]).toArray()));
  assert.equal(answers.flat(), values.map((i) => ({ i })));
  assert.ok(threads() - before < 40, `${threads() - before} threads were added`);
});

test('queries inside the loops over others run, however many there are', async () => {
  const loops = Array.from({ length: 12 }, () => db.query('SELECT * FROM range(100000)')[Symbol.asyncIterator]());
  for (const loop of loops) assert.is((await loop.next()).done, false);
  assert.equal(await db.query('SELECT 1 AS one').toArray(), [{ one: 1 }]);
  for (const loop of loops) await loop.return!();
  assert.is(db.file.pool.stats().scratch, 0);
});

test.run();
