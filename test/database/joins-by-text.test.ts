/** Joins by text over several row groups, with more texts than a probe remembers, on one thread and on two. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../runtime/database.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-joins-'));
const path = join(folder, 'joins.db');
test.after(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 200_000;
const TEXTS = 9_000;
const KNOWN = 6_000;

test.before(async () => {
  const db = await open(path);
  // Neighbouring rows differ by the order of codes, which each row group begins anew.
  await db
    .query(
      `CREATE TABLE facts AS SELECT generate_series AS i, 'key ' || (generate_series * 7919 % ${TEXTS}) AS k,
              generate_series // 50 % 40 AS h FROM generate_series(0, ${ROWS - 1})`,
    )
    .run();
  await db
    .query(
      `CREATE TABLE texts AS SELECT 'key ' || generate_series AS k, generate_series AS n
       FROM generate_series(0, ${KNOWN - 1})`,
    )
    .run();
  await db
    .query(
      `CREATE TABLE hours AS SELECT 'key ' || (generate_series % ${KNOWN}) AS k, generate_series // ${KNOWN} AS h,
              generate_series AS n FROM generate_series(0, ${KNOWN * 20 - 1})`,
    )
    .run();
  await db.close();
});

const number = (i: number): number => (i * 7919) % TEXTS;
const rows = Array.from({ length: ROWS }, (_, i) => ({ i, n: number(i), h: Math.floor(i / 50) % 40 }));
const known = rows.filter(({ n }) => n < KNOWN);
const inHours = known.filter(({ h }) => h < 20);
const sum = (values: readonly number[]): bigint => BigInt(values.reduce((a, b) => a + b, 0));

for (const threads of [1, 2]) {
  test(`on ${threads} thread${threads > 1 ? 's' : ''}`, async () => {
    const db = await open(path, { threads, readOnly: true });
    const one = async (sql: string): Promise<unknown> => (await db.query(sql).toArray())[0];
    assert.equal(await one('SELECT count(*) AS c, sum(i + n) AS s FROM facts JOIN texts ON facts.k = texts.k'), {
      c: BigInt(known.length),
      s: sum(known.map(({ i, n }) => i + n)),
    });
    assert.equal(
      await one(
        'SELECT count(*) AS c, sum(i + n) AS s FROM facts JOIN hours ON facts.k = hours.k AND facts.h = hours.h',
      ),
      { c: BigInt(inHours.length), s: sum(inHours.map(({ i, n, h }) => i + h * KNOWN + n)) },
    );
    assert.equal(
      await one('SELECT count(*) AS c, count(n) AS m FROM facts LEFT JOIN texts ON facts.k = texts.k WHERE i % 3 = 0'),
      {
        c: BigInt(rows.filter(({ i }) => i % 3 === 0).length),
        m: BigInt(known.filter(({ i }) => i % 3 === 0).length),
      },
    );
    await db.close();
  });
}

test.run();
