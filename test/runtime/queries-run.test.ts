import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { busyPartOf } from '../support/processor-time.js';
import { RealDatabase } from '../support/real-database.js';

let real: RealDatabase;

test.before(async () => {
  real = await RealDatabase.create({ memoryLimit: '64MiB', threads: 2 });
  await real.text(
    'CREATE TABLE t AS SELECT generate_series AS id, generate_series % 7 AS g, generate_series * 0.5 AS x FROM generate_series(1, 300000)',
  );
});

test.after(() => real.close());

test('parameters are bound by position', async () => {
  const rows = await real.db.query('SELECT count(*) AS n FROM t WHERE g = ? AND id <= ?', [3, 70]).toArray();
  assert.equal(rows, [{ n: 10n }]);
});

test('a wrong number of parameters is said', async () => {
  const error = await real.db.query('SELECT count(*) FROM t WHERE g = ?').run().then(() => undefined, (e: Error) => e);
  assert.is(error?.name, 'ExecutionError');
  assert.match(error!.message, /1 parameter, found 0 values/);
});

test('rows of a scan come in the order in which they were stored', async () => {
  let next = 1n;
  for await (const batch of real.db.query('SELECT id FROM t WHERE x >= 0')) {
    for (const id of batch.getChildAt(0)!) assert.is(id, next++);
  }
  assert.is(next, 300_001n);
});

test('a query inside the loop over another one runs', async () => {
  let inner = 0;
  for await (const batch of real.db.query('SELECT id, x FROM t')) {
    if (batch.numRows === 0 || inner >= 3) continue;
    inner++;
    assert.equal(await real.text('SELECT count(*) FROM t'), [['300000']]);
  }
  assert.is(inner, 3);
});

test('a caller who stops reading leaves no memory taken', async () => {
  const before = real.db.file.pool.stats().scratch;
  for await (const batch of real.db.query('SELECT a.id FROM t a, t b WHERE a.g = b.g')) {
    assert.ok(batch.numRows > 0);
    break;
  }
  assert.is(real.db.file.pool.stats().scratch, before);
  assert.is(real.db.file.pool.stats().pinned, 0);
});

test('a query that would give billions of rows waits for its caller instead of filling memory', async () => {
  const before = process.memoryUsage().arrayBuffers;
  let batches = 0;
  for await (const batch of real.db.query('SELECT a.id, b.x FROM t a, t b WHERE a.g = b.g')) {
    batches += batch.numRows > 0 ? 1 : 0;
    await sleep(1);
    if (batches === 50) break;
  }
  assert.is(batches, 50);
  assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 2 ** 20);
});

test('an AbortSignal stops a running query with its reason', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  setTimeout(() => controller.abort(reason), 50);
  const error = await real.db
    .query('SELECT count(*) FROM t a, t b WHERE a.g = b.g AND a.x + b.x < 0', [], { signal: controller.signal })
    .run().then(() => undefined, (e: Error) => e);
  assert.is(error, reason);
  assert.is(real.db.file.pool.stats().pinned, 0);
});

test('the event loop stays free while a query runs', async () => {
  const sql = 'SELECT sum(a.x * b.x) AS s FROM t a, t b WHERE a.g = b.g AND a.id <= 3000 AND b.id <= 60000';
  await real.db.query(sql).run();
  const busy = await busyPartOf(() => real.db.query(sql).run());
  assert.ok(busy < 0.5, `this thread was busy for ${Math.round(busy * 100)} % of the query`);
});

test('a hash table past the memory limit is a ResourceError that names the limit, and the next query runs', async () => {
  const error = await real
    .text('SELECT count(*) FROM (SELECT DISTINCT a.id * 1000 + b.id FROM t a, t b WHERE b.id <= 20) d')
    .then(() => undefined, (e: Error) => e);
  assert.is(error?.name, 'ResourceError');
  assert.match(error!.message, /memoryLimit/);
  assert.equal(await real.text('SELECT count(*) FROM t'), [['300000']]);
});

test('text that functions give row by row does not fill the memory', async () => {
  const sql = "SELECT sum(length(replace(repeat(CAST(id AS VARCHAR), 20), '0', 'zero'))) > 0 FROM t";
  assert.equal(await real.text(sql), [['true']]);
});

test('an error in a row fails the statement and changes nothing', async () => {
  await real.text('CREATE TABLE u (a INTEGER)');
  const error = await real.text('INSERT INTO u SELECT id * 1000000 FROM t').then(() => undefined, (e: Error) => e);
  assert.is(error?.name, 'ExecutionError');
  assert.equal(await real.text('SELECT count(*) FROM u'), [['0']]);
});

test('a reader keeps its snapshot while rows are inserted', async () => {
  await real.text('CREATE TABLE v AS SELECT generate_series AS a FROM generate_series(1, 200000)');
  let rows = 0;
  for await (const batch of real.db.query('SELECT a FROM v')) {
    if (rows === 0) await real.text('INSERT INTO v VALUES (0), (0), (0)');
    rows += batch.numRows;
  }
  assert.is(rows, 200_000);
  assert.equal(await real.text('SELECT count(*) FROM v'), [['200003']]);
});

test('UPDATE and DELETE rewrite what they say and report it', async () => {
  await real.text('CREATE TABLE w (a INTEGER, b VARCHAR)');
  await real.text("INSERT INTO w VALUES (1, 'x'), (2, 'y'), (3, NULL)");
  assert.is(await real.db.query("UPDATE w SET b = 'z' WHERE a >= 2").run(), 2);
  assert.is(await real.db.query('DELETE FROM w WHERE a = 1').run(), 1);
  assert.equal(await real.text('SELECT * FROM w ORDER BY a'), [['2', 'z'], ['3', 'z']]);
});

test('as many rows are reported as change, by conditions that draw them, too', async () => {
  await real.text('CREATE TABLE drawn AS SELECT i AS changed, 0 AS v FROM range(20000) r(i)');
  const updated = await real.db.query('UPDATE drawn SET v = 1 WHERE random() < 0.5').run();
  assert.equal(await real.text('SELECT sum(v) FROM drawn'), [[String(updated)]]);
  const deleted = await real.db.query('DELETE FROM drawn WHERE random() < 0.5').run();
  assert.equal(await real.text('SELECT count(*) FROM drawn'), [[String(20_000 - deleted)]]);
  assert.is(await real.db.query('UPDATE drawn SET v = NULL').run(), 20_000 - deleted);
  assert.is(await real.db.query('UPDATE drawn SET v = 2 WHERE v > 0').run(), 0);
  assert.is(await real.db.query('DELETE FROM drawn').run(), 20_000 - deleted);
});

test('sixteen-bit floats are read as they are', async () => {
  const rows = await real.db.query('SELECT CAST(1.5 AS HALF) AS a, CAST(-2.25 AS BFLOAT16) AS b').toArray();
  assert.equal(rows, [{ a: 1.5, b: -2.25 }]);
});

test.run();
