/** How long texts are kept: as long as something reads them, and no longer. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RealDatabase } from '../support/real-database.js';

const ROWS = 120_000;
const LONG = 'x'.repeat(800);

const within = (name: string, memoryLimit: string, body: (db: RealDatabase) => Promise<void>): void =>
  test(name, async () => {
    const db = await RealDatabase.create({ memoryLimit });
    try {
      await body(db);
    } finally {
      await db.close();
    }
  });

within('a join keeps the texts of arrays that were made for its build side', '64MiB', async (db) => {
  await db.text(`CREATE TABLE t AS SELECT i AS id, 'x' || i AS s FROM range(40000) r(i)`);
  const rows = await db.text(
    `SELECT count(*) FROM t JOIN (SELECT id, ['a' || s, upper(s)] AS l FROM t WHERE id < 39000) made USING (id)
     WHERE l[1] = 'ax' || id AND l[2] = 'X' || id`,
  );
  assert.equal(rows, [['39000']]);
});

within('a text that gives way to the next is not kept: in the best rows, least and greatest', '64MiB', async (db) => {
  const text = `CASE WHEN i % 2 = 0 THEN 'y' ELSE 'yz' END || '${LONG}' || lpad('' || i, 6, '0')`;
  await db.text(`CREATE TABLE t AS SELECT i AS id, ${text} AS s FROM range(${ROWS}) r(i)`);
  const last = async (sql: string): Promise<readonly string[]> =>
    (await db.text(sql)).map((row) => row.map((value) => value.slice(-6)).join());
  assert.equal(await last('SELECT id, s FROM t ORDER BY id DESC LIMIT 2'), ['119999,119999', '119998,119998']);
  assert.equal(await last('SELECT id, nullif(s, s) FROM t ORDER BY id DESC LIMIT 1'), ['119999,NULL']);
  const ascending = `max(lpad('' || id, 6, '0') || s), arg_max(s, id)`;
  assert.equal(await last(`SELECT ${ascending} FROM t`), ['119999,119999']);
  assert.equal(
    await last(`SELECT id % 2, ${ascending} FROM t GROUP BY 1 ORDER BY 1`),
    ['0,119998,119998', '1,119999,119999'],
  );
});

within('the greatest texts so far stay as they were for the rows that have them', '64MiB', async (db) => {
  const rows = await db.text(
    `SELECT count(*) FROM (SELECT i, max('t' || (10000 + i)) OVER (ORDER BY i) AS m FROM range(5000) r(i))
     WHERE m = 't' || (10000 + i)`,
  );
  assert.equal(rows, [['5000']]);
});

within('a long series of texts needs no more memory than a few of them', '32MiB', async (db) => {
  const text = `'${'-'.repeat(200)}' || i`;
  assert.equal(await db.text(`SELECT count(*), max(length(${text})) FROM range(200000) r(i)`), [['200000', '206']]);
  let rows = 0;
  for await (const batch of db.db.query(`SELECT ${text} AS s FROM range(200000) r(i)`)) {
    const [first, last] = [batch.get(0)!['s'], batch.get(batch.numRows - 1)!['s']] as [string, string];
    assert.is(Number(first.slice(-6).replace(/-/g, '')), rows);
    rows += batch.numRows;
    assert.is(Number(last.slice(-6).replace(/-/g, '')), rows - 1);
  }
  assert.is(rows, 200_000);
});

within('rows of long texts pass a few at a time, from pages and from functions', '64MiB', async (db) => {
  await db.text(`CREATE TABLE t AS SELECT i AS id, repeat('0123456789', 5000) || i AS s FROM range(1500) r(i)`);
  for (const column of ['s', 'upper(s)', `s || 'x'`]) {
    let rows = 0;
    for await (const batch of db.db.query(`SELECT ${column} AS s FROM t`)) {
      rows += batch.numRows;
      assert.match((batch.get(batch.numRows - 1)!['s'] as string).slice(50_000), new RegExp(`^${rows - 1}`));
    }
    assert.is(rows, 1500);
  }
});

within('a median over a growing frame needs room for one frame', '32MiB', async (db) => {
  const rows = await db.text('SELECT max(m) FROM (SELECT median(i) OVER (ORDER BY i) AS m FROM range(3000) r(i))');
  assert.equal(rows, [['1499.5']]);
});

within('a median over a frame that moves needs room for one frame', '24MiB', async (db) => {
  const rows = await db.text(
    `SELECT count(*), max(m) FROM
       (SELECT i, median(i) OVER (ORDER BY i ROWS BETWEEN 50 PRECEDING AND CURRENT ROW) AS m FROM range(30000) r(i))
     WHERE m = i - least(i, 50) / 2.0`,
  );
  assert.equal(rows, [['30000', '29974.0']]);
});

test.run();
