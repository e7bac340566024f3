/**
 * The product and the oracle give the same rows for random queries: through the whole compiler and the executor with
 * two threads, over tables of no, few and many rows. `FUZZ_RUNS=2000 FUZZ_SEED=1` for longer runs; a failure names its
 * seed.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ResourceError } from '../../runtime/database.js';
import { OracleDatabase } from '../support/oracle-database.js';
import { RealDatabase } from '../support/real-database.js';
import { randomQuery, TABLES_SQL } from './random-queries.js';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 45);
const BIG_SHARE = 0.06;
const FIRST_SEED = Number(process.env['FUZZ_SEED'] ?? 1);

const oracle = new OracleDatabase();
let product: RealDatabase;

test.before(async () => {
  product = await RealDatabase.create({ memoryLimit: '128MiB' });
  for (const sql of TABLES_SQL) {
    oracle.run(sql);
    await product.text(sql);
  }
});
test.after(() => product.close());

/** Rows as sorted lines; floats to the digits that do not depend on the order of a sum. */
function bag(rows: readonly (readonly string[])[]): readonly string[] {
  const settled = (value: string): string =>
    /^-?\d+\.\d{6,}(e[+-]?\d+)?$/i.test(value)
      ? Number(value).toPrecision(9)
      : value.toLowerCase() === 'nan'
        ? 'nan'
        : value;
  return rows.map((row) => row.map(settled).join(' | ')).sort();
}

/**
 * What differs, or undefined. Where the oracle fails (an overflow), the product may fail or not have come to that row.
 */
async function difference(sql: string): Promise<string | undefined> {
  let expected: readonly string[];
  try {
    expected = bag(oracle.text(sql));
  } catch {
    await product.text(sql).catch(() => undefined);
    return undefined;
  }
  let found: readonly string[];
  try {
    found = bag(await product.text(sql));
  } catch (error) {
    return error instanceof ResourceError
      ? undefined
      : `fails: ${(error as Error).message.split('\n').slice(0, 2).join(' ')}`;
  }
  if (found.length !== expected.length) return `${found.length} rows, expected ${expected.length}`;
  const at = expected.findIndex((row, i) => row !== found[i]);
  return at < 0 ? undefined : `row ${at + 1}: ${found[at]!}, expected ${expected[at]!}`;
}

async function run(size: 'big' | 'small', count: number): Promise<void> {
  const wrong: string[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + count; seed++) {
    const sql = randomQuery(seed, size);
    const found = await difference(sql);
    if (found !== undefined) wrong.push(`seed ${seed}: ${found}\n  ${sql}`);
  }
  assert.is(wrong.join('\n'), '');
}

test('the tables are the same', async () => {
  for (const table of ['few', 'several', 'big'])
    assert.is(await difference(`SELECT * FROM ${table}`), undefined, table);
});

test('random queries over small tables', () => run('small', RUNS));
test('random queries over several row groups', () => run('big', Math.ceil(RUNS * BIG_SHARE)));

test.run();
