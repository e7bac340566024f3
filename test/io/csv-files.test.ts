/** CSV in and out: rows, values and names as they were written; what does not fit is refused with its line. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ImportError } from '../../runtime/database.js';
import { RealDatabase } from '../support/real-database.js';

let database: RealDatabase;
test.before(async () => {
  database = await RealDatabase.create({ threads: 1 });
});
test.after(() => database.close());

function file(content: string): string {
  const path = join(database.folder, 'in.csv');
  writeFileSync(path, content);
  return path;
}

/** The rows of a table made of `columns` after COPY FROM. */
async function copied(columns: string, content: string): Promise<readonly (readonly string[])[]> {
  await database.text(`CREATE OR REPLACE TABLE t (${columns})`);
  await database.text(`COPY t FROM '${file(content)}' (HEADER false)`);
  return database.text('SELECT * FROM t');
}

async function refused(columns: string, content: string): Promise<ImportError> {
  try {
    await copied(columns, content);
  } catch (error) {
    assert.instance(error, ImportError);
    return error as ImportError;
  }
  return assert.unreachable('it was copied') as never;
}

test('years before 100 are not years of the last century', async () => {
  const rows = [['0001-01-01', '0099-12-31 00:00:00']];
  assert.equal(await copied('d DATE, t TIMESTAMP', '0001-01-01,0099-12-31'), rows);
  assert.match((await refused('d DATE', '0099-02-29')).message, /'0099-02-29' is not a date/);
});

test('what is finer than a microsecond is cut, so that a time stays within its day', async () => {
  const rows = [['23:59:59.999999', '2024-12-31 23:59:59.999999', '00:00:00.5']];
  const line = '23:59:59.9999999,2024-12-31 23:59:59.999999999,00:00:00.5';
  assert.equal(await copied('a TIME, b TIMESTAMP, c TIME', line), rows);
});

test('lists are read as they are written', async () => {
  const rows = [['[1.0, -2.5, nan]'], ['[0.1, 2.0, 3.0]']];
  assert.equal(await copied('v FLOAT[3]', '"[1.0, -2.5, nan]"\n" [0.1,2,3] "\n'), rows);
  const path = join(database.folder, 'lists.csv');
  await database.text(`COPY t TO '${path}'`);
  assert.equal(await copied('v FLOAT[3]', readFileSync(path, 'utf8').replace(/^v\n/, '')), rows);
});

test('what is not a list of that many values is refused with line and column', async () => {
  const line = '"[1, 2, 3]"\n';
  const expected: readonly (readonly [string, RegExp])[] = [
    ['1.5', /line 2, column v: '1\.5' is not a list/],
    ['"[1, 2]"', /line 2, column v: a list of 2, expected 3 values/],
    ['"[1, 2, 3, 4]"', /a list of 4, expected 3/],
    ['"[1, x, 3]"', /'x' in a list is not a f32/],
    ['"[1, NULL, 3]"', /'NULL' in a list is not a f32/],
  ];
  for (const [field, message] of expected) assert.match((await refused('v FLOAT[3]', line + field)).message, message);
});

test('blobs come back as the bytes they were', async () => {
  const path = join(database.folder, 'blob.csv');
  const sql = "SELECT * FROM (VALUES ('\\x00\\xFF'::BLOB), ('a\\x5Cx41,'::BLOB)) t(b)";
  await database.db.query(sql).writeTo(path, { header: false });
  const before = await database.text(sql);
  assert.equal(await copied('b BLOB', readFileSync(path, 'utf8')), before);
  assert.is(before[0]![0], '\\x00\\xFF');
});

test.run();
