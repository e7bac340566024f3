/** Text made of result chunks is the text made of Arrow record batches; JSON is JSON with the same values. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataType } from 'apache-arrow';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open, type Database } from '../../runtime/database.js';
import { sqlTextOf } from '../../runtime/io/text-output.js';
import { ROOT } from '../support/golden.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-text-'));
let db: Database;

test.before(async () => {
  db = await open(join(folder, 't.db'), { threads: 1, memoryLimit: '64MiB' });
  await db.createModel('late', `${ROOT}examples/flights/late_logistic.onnx`);
  for (const table of ['airlines', 'weather']) await db.importFile(table, `${ROOT}examples/flights/${table}.parquet`);
});

test.after(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

const TYPES = `SELECT CAST(x AS BOOLEAN) AS b, CAST(x AS TINYINT) AS i8, CAST(x AS SMALLINT) AS i16, CAST(x AS INTEGER) AS i32, CAST(x AS BIGINT) * 9007199254740993 AS i64,
  CAST(x AS REAL) / 3 AS f32, CAST(x AS DOUBLE) / 3 AS f64, CAST(x AS DECIMAL(9, 3)) / 8 AS dec, 'a"b,' || x AS text,
  DATE '2013-01-01' + x AS date, TIMESTAMP '2013-01-01 10:11:12.345' AS ts, CASE WHEN x > 1 THEN x END AS maybe
FROM (VALUES (0), (1), (2), (3)) v(x)`;
const MODEL = `SELECT predict(late, month => 1, day => 2, hour => 3, dep_delay => 4, distance => 500, temp => temp, wind_speed => wind_speed, visib => visib,
  precip => precip, pressure => pressure, plane_year => 2000, seats => 100, engines => 2, carrier => 'AA', origin => origin, dest => 'LAX') AS p FROM weather WHERE month = 1 AND day < 4`;

for (const [name, sql] of Object.entries({
  types: TYPES,
  model: MODEL,
  strings: 'SELECT * FROM airlines',
  nulls: 'SELECT * FROM weather WHERE month = 6',
})) {
  test(`${name}: the same text as through Arrow`, async () => {
    const expected: (string | undefined)[][] = [];
    for await (const batch of db.query(sql)) {
      const columns = batch.schema.fields.map((_, i) => batch.getChildAt(i)!);
      for (let row = 0; row < batch.numRows; row++)
        expected.push(columns.map((column) => sqlTextOf(column.get(row), column.type as DataType)));
    }
    const found: (string | undefined)[][] = [];
    for await (const { rowCount, columns } of db.query(sql).text()) {
      for (let row = 0; row < rowCount; row++) found.push(columns.map((read) => read(row)));
    }
    assert.ok(found.length > 0);
    assert.equal(found, expected);
  });

  test(`${name}: each value is JSON`, async () => {
    for await (const { rowCount, columns } of db.query(sql).text('json')) {
      for (let row = 0; row < rowCount; row++) for (const read of columns) JSON.parse(read(row) ?? 'null');
    }
  });
}

test('JSON keeps the digits of large integers and the keys of a model', async () => {
  const valueOf = async (sql: string): Promise<string | undefined> => {
    for await (const batch of db.query(sql).text('json')) return batch.columns[0]!(0);
    return undefined;
  };
  assert.is(await valueOf('SELECT CAST(9007199254740993 AS BIGINT)'), '9007199254740993');
  assert.is(await valueOf("SELECT CAST('nan' AS DOUBLE)"), '"nan"');
  assert.match(
    (await valueOf(MODEL))!,
    /^\{"output_label": [01], "output_probability": \{"0": 0\.\d+, "1": 0\.\d+\}\}$/,
  );
});

test.run();
