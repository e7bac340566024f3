/** Parameters are the values they look like, however JavaScript holds them; what a type does not hold is refused. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ExecutionError, open, type Database, type ParameterValue } from '../../runtime/database.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-parameters-'));
let db: Database;

test.before(async () => {
  db = await open(join(folder, 'p.db'), { threads: 1, memoryLimit: '64MiB' });
});

test.after(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

async function textOf(type: string, value: ParameterValue): Promise<string> {
  const [row] = await db.query(`SELECT CAST(CAST(? AS ${type}) AS VARCHAR) AS v`, [value]).toArray();
  return String(row!['v']);
}

const HELD: readonly (readonly [type: string, value: ParameterValue, text: string])[] = [
  ['TINYINT', -128, '-128'],
  ['UTINYINT', 255n, '255'],
  ['INTEGER', '-2147483648', '-2147483648'],
  ['UINTEGER', 4_294_967_295, '4294967295'],
  ['BIGINT', 2n ** 63n - 1n, '9223372036854775807'],
  ['BIGINT', '9223372036854775807', '9223372036854775807'],
  ['UBIGINT', 2n ** 64n - 1n, '18446744073709551615'],
  ['BIGINT', true, '1'],
  ['INTEGER', '2.0', '2'],
  ['INTEGER', '1e3', '1000'],
  ['DECIMAL(18,4)', '12345678901234.5678', '12345678901234.5678'],
  ['DECIMAL(18,0)', 999_999_999_999_999_999n, '999999999999999999'],
  ['DECIMAL(9,2)', 1.25, '1.25'],
  ['DECIMAL(9,2)', 19.99 * 3, '59.97'],
  ['DECIMAL(9,2)', -0.005 * 2, '-0.01'],
  ['DOUBLE', '1e300', '1e+300'],
  ['DOUBLE', 'NaN', 'nan'],
  ['BOOLEAN', 'true', 'true'],
  ['BOOLEAN', 0, 'false'],
  ['DATE', '2024-02-29', '2024-02-29'],
  ['DATE', new Date('1969-12-31T23:00:00Z'), '1969-12-31'],
  ['TIMESTAMP', '2020-01-01 12:00:00.123456', '2020-01-01 12:00:00.123456'],
  ['TIMESTAMP', new Date('1969-12-31T23:59:59.999Z'), '1969-12-31 23:59:59.999'],
  ['TIME', '12:34:56.5', '12:34:56.5'],
  ['INTERVAL', '30 days', '30 days'],
  ['INTERVAL', '1 year 2 months -3 days 04:05:06.5', '1 year 2 months -3 days 04:05:06.5'],
  ['TIME', 86_399_999_999n, '23:59:59.999999'],
  ['TIMESTAMP', -1n, '1969-12-31 23:59:59.999999'],
  ['VARCHAR', 12, '12'],
  ['VARCHAR', Buffer.from('é'), 'é'],
];
for (const [type, value, text] of HELD) {
  test(`${type} ${typeof value} ${String(value)}`, async () => assert.is(await textOf(type, value), text));
}

const REFUSED: readonly (readonly [type: string, value: ParameterValue])[] = [
  ['TINYINT', 300],
  ['UTINYINT', -1],
  ['INTEGER', 3_000_000_000],
  ['INTEGER', 2.5],
  ['INTEGER', '2.5'],
  ['INTEGER', ''],
  ['INTEGER', NaN],
  ['BIGINT', 2n ** 63n],
  ['BIGINT', 1e30],
  ['UBIGINT', -1n],
  ['DECIMAL(4,1)', 123_456],
  ['DECIMAL(9,2)', '1.2549'],
  ['DECIMAL(9,2)', 1.2549],
  ['DECIMAL(9,2)', Infinity],
  ['DOUBLE', ' '],
  ['DOUBLE', 'one'],
  ['BOOLEAN', 2],
  ['BOOLEAN', 'perhaps'],
  ['DATE', '2021-02-29'],
  ['DATE', new Date(NaN)],
  ['DATE', 5],
  ['TIMESTAMP', '2020-02-30 10:00:00'],
  ['INTERVAL', 'thirty days'],
  ['INTERVAL', ''],
  ['INTERVAL', 30],
  ['INTERVAL', new Date(0)],
  ['INTEGER', new Date(0)],
  ['BIGINT', new Uint8Array(2)],
  ['BIGINT', new Number(5) as never],
  ['TIMESTAMP', 1_709_164_800_000],
  ['TIMESTAMP', true],
  ['TIME', 5],
  ['TIME', -1n],
  ['TIME', 86_400_000_001n],
  ['VARCHAR', Uint8Array.of(0x61, 0xff)],
  ['VARCHAR', (() => 'a') as never],
  ['DOUBLE', (() => 1) as never],
  ['DOUBLE', Symbol('a') as never],
];
for (const [type, value] of REFUSED) {
  test(`${type} does not hold ${typeof value} ${String(value)}`, async () => {
    await textOf(type, value).then(
      (text) => assert.unreachable(`it became ${text}`),
      (error: unknown) => {
        assert.instance(error, ExecutionError);
        assert.match((error as Error).message, /^parameter 1 is .*, expected /);
      },
    );
  });
}

test('numbers given for text are text of any length, beside each other', async () => {
  const values = [10n ** 3000n, ...Array.from({ length: 40 }, (_, i) => i + 1e-7), true];
  const columns = values.map((_, i) => `CAST($${i + 1} AS VARCHAR) AS c${i}`);
  const [row] = await db.query(`SELECT ${columns.join(', ')} FROM range(2)`, values).toArray();
  assert.equal(Object.values(row!), values.map(String));
});

test('a date is moved by an interval that is given as text', async () => {
  const sql = "SELECT CAST(DATE '2024-01-31' + CAST(? AS INTERVAL) AS VARCHAR) AS v";
  for (const [value, moved] of [['1 month', '2024-02-29 00:00:00'], ['-1 day', '2024-01-30 00:00:00'], [null, null]])
    assert.equal((await db.query(sql, [value!]).toArray()).map((row) => row!['v']), [moved]);
});

test.run();
