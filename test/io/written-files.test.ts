/** Results in files: a file appears when it is whole, and a place that takes none is a typed error of the caller. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open, StorageError } from '../../runtime/database.js';
import { RealDatabase } from '../support/real-database.js';

let database: RealDatabase;
test.before(async () => {
  database = await RealDatabase.create({ threads: 1 });
});
test.after(() => database.close());

async function failureOf(work: () => Promise<unknown>): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  return assert.unreachable('nothing was thrown') as never;
}

for (const format of ['csv', 'arrow', 'parquet'] as const) {
  test(`${format}: a folder that does not exist, or stands where the file should, is a StorageError`, async () => {
    const taken = join(database.folder, `taken.${format}`);
    mkdirSync(taken);
    for (const path of [join(database.folder, 'none', `x.${format}`), taken]) {
      const error = await failureOf(() => database.db.query('SELECT 1 AS a').writeTo(path));
      assert.instance(error, StorageError, error.stack);
      assert.is((error as StorageError).code, 'io');
      assert.match(error.message, `'${path}' cannot be written`);
    }
    assert.equal(readdirSync(database.folder).filter((name) => name.includes('partial')), []);
  });

  test(`${format}: a query that fails half way leaves the file that was there`, async () => {
    const path = join(database.folder, `kept.${format}`);
    writeFileSync(path, 'as it was');
    const sql = "SELECT CASE WHEN i > 100000 THEN CAST('x' || i AS INTEGER) ELSE i END AS a FROM range(200000) r(i)";
    const error = await failureOf(() => database.db.query(sql).writeTo(path));
    assert.is(error.name, 'ExecutionError');
    assert.is(readFileSync(path, 'utf8'), 'as it was');
    assert.equal(readdirSync(database.folder).filter((name) => name.includes('partial')), []);
  });
}

test('a link leads to the file it names, and what is no file is written to', async () => {
  const [file, link, pipe] = ['named.csv', 'link.csv', 'pipe.csv'].map((name) => join(database.folder, name));
  writeFileSync(file!, 'before');
  symlinkSync(file!, link!);
  await database.db.query('SELECT 1 AS a').writeTo(link!);
  assert.is(readFileSync(file!, 'utf8'), 'a\n1\n');
  assert.ok(lstatSync(link!).isSymbolicLink());
  assert.is(spawnSync('mkfifo', [pipe!]).status, 0);
  const reading = readFile(pipe!, 'utf8');
  await database.db.query('SELECT 2 AS b').writeTo(pipe!);
  assert.is(await reading, 'b\n2\n');
  assert.ok(lstatSync(pipe!).isFIFO());
});

test('a database is not replaced by a result, not through a link either', async () => {
  const { db, folder } = database;
  const link = join(folder, 'link-to-database.csv');
  symlinkSync(db.path, link);
  const other = join(folder, 'other.db');
  await (await open(other, { threads: 1, memoryLimit: '64MiB' })).close();
  for (const path of [db.path, link, other]) {
    const before = readFileSync(path);
    for (const format of ['csv', 'arrow', 'parquet'] as const) {
      const copy = `COPY (SELECT 1 AS a) TO '${path}' (FORMAT ${format})`;
      for (const work of [() => db.query('SELECT 1 AS a').writeTo(path, { format }), () => db.query(copy).run()]) {
        const error = await failureOf(work);
        assert.instance(error, StorageError, error.stack);
        assert.is(error.message, `'${path}' cannot be written: it is an Intarsia database, expected the name of another file`);
      }
    }
    assert.ok(readFileSync(path).equals(before));
  }
  const text = join(folder, 'text.csv');
  writeFileSync(text, 'INTARSIA');
  assert.is(await db.query('SELECT 1 AS a').writeTo(text), 1, 'a text that begins as a database does is none');
});

test('a statement that gives no rows is an ExecutionError, and no file', async () => {
  await database.db.query('CREATE TABLE taker (a INTEGER)').run();
  for (const format of ['csv', 'arrow', 'parquet']) {
    const path = join(database.folder, `no-rows.${format}`);
    const error = await failureOf(() => database.db.query('INSERT INTO taker VALUES (1)').writeTo(path));
    assert.is(error.name, 'ExecutionError');
    assert.is(error.message, `the statement was run, and gives no rows to write to '${path}'`);
    assert.not.ok(existsSync(path));
  }
});

test('two columns of one name are no Parquet file', async () => {
  const path = join(database.folder, 'twice.parquet');
  for (const second of ['2', "'x'"]) {
    const error = await failureOf(() => database.db.query(`SELECT 1 AS a, ${second} AS a`).writeTo(path));
    assert.is(error.name, 'ExecutionError');
    assert.is(error.message, 'there are two columns a, expected one of each name in a Parquet file: use AS');
    assert.not.ok(existsSync(path));
  }
  assert.is(await database.db.query('SELECT 1 AS a, 2 AS a').writeTo(join(database.folder, 'twice.csv')), 1);
});

test('a name with NUL is a StorageError as any other that cannot be', async () => {
  const error = await failureOf(() => database.db.query('SELECT 1 AS a').writeTo('a\0.csv'));
  assert.instance(error, StorageError, error.stack);
});

test('Arrow of many batches is read again as it was', async () => {
  const path = join(database.folder, 'many.arrow');
  assert.is(await database.db.query('SELECT i, i * 2 AS b FROM range(100000) r(i)').writeTo(path), 100_000);
  assert.ok(existsSync(path));
  await database.db.importFile('many', path);
  assert.equal(await database.text('SELECT count(*), sum(i), sum(b) FROM many'), [['100000', '4999950000', '9999900000']]);
});

test('a field that ends as the delimiter begins comes back whole', async () => {
  const path = join(database.folder, 'colons.csv');
  for (const delimiter of ['::', 'ab', 'aba']) {
    const sql = "SELECT 'b:' AS a, ':c' AS b, 'xa' AS c, 'xab' AS d, 'ba' AS e";
    await database.db.query(sql).writeTo(path, { delimiter });
    await database.db.importFile('colons', path, { delimiter, replace: true });
    assert.equal(await database.text('SELECT * FROM colons'), [['b:', ':c', 'xa', 'xab', 'ba']]);
  }
});

test('CSV has every microsecond of a timestamp far from 1970', async () => {
  const path = join(database.folder, 'far.csv');
  const sql = `SELECT * FROM (VALUES (TIMESTAMP '9999-12-31 23:59:59.123457'),
    (TIMESTAMP '0001-01-01 00:00:00.000001'), (TIMESTAMP '1969-12-31 23:59:59')) t(a)`;
  await database.db.query(sql).writeTo(path, { header: false });
  assert.is(
    readFileSync(path, 'utf8'),
    '9999-12-31 23:59:59.123457\n0001-01-01 00:00:00.000001\n1969-12-31 23:59:59\n',
  );
});

test.run();
