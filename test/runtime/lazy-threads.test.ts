/**
 * `lazyThreads`: the same answers as with threads from the start, no thread for little work, and no wait on the
 * caller's thread.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open, type Database } from '../../runtime/database.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-lazy-'));
const path = join(folder, 'lazy.db');
const OPTIONS = { memoryLimit: '96MiB', threads: 2 } as const;
const PAIRS = 'SELECT a.id AS a, b.id AS b FROM t a, t b WHERE a.g = b.g';
let db: Database;
let started = 0;

function count(worker: Worker & { readonly threadName?: string }): void {
  void worker;
  started++;
}

test.before(async () => {
  db = await open(path, OPTIONS);
  await db
    .query(
      'CREATE TABLE t AS SELECT generate_series AS id, generate_series % 7 AS g, generate_series * 0.5 AS x FROM generate_series(1, 300000)',
    )
    .run();
  await db
    .query('CREATE TABLE few AS SELECT generate_series AS g, generate_series * 10 AS ten FROM generate_series(5, 9)')
    .run();
});

test.after(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs what was compiled in a database opened anew, as a process that runs one plan does. */
async function lazily<T>(
  sql: string,
  use: (lazy: Database, plan: Uint8Array) => Promise<T>,
): Promise<{ readonly result: T; readonly threads: number }> {
  const plan = (await db.compile(sql)).bytes;
  const lazy = await open(path, { ...OPTIONS, readOnly: true, lazyThreads: true });
  started = 0;
  process.on('worker', count);
  try {
    const result = await use(lazy, plan);
    return { result, threads: started };
  } finally {
    process.off('worker', count);
    await lazy.close();
    assert.is(lazy.file.pool.stats().scratch, 0);
    assert.is(lazy.file.pool.stats().pinned, 0);
  }
}

/** Between little work and much it depends on the machine whether threads are started. */
const QUERIES: readonly (readonly [string, 'no thread' | 'some work' | 'threads'])[] = [
  ['SELECT few.g, few.ten FROM few ORDER BY ten DESC', 'no thread'],
  ['SELECT a.g, b.ten FROM few a JOIN few b ON a.g = b.g', 'no thread'],
  ['SELECT count(*) AS n, sum(ten) AS s, min(g) AS m FROM few WHERE g > 100', 'no thread'],
  ['SELECT g, count(*) AS n, sum(ten) AS s FROM few GROUP BY g ORDER BY g', 'no thread'],
  ['SELECT id, ten FROM t LEFT JOIN few ON t.g = few.g LIMIT 20', 'no thread'],
  ['SELECT g, count(*) AS n, sum(x) AS s, max(id) AS m FROM t GROUP BY g ORDER BY g', 'some work'],
  ['SELECT id, x FROM t WHERE id % 3 = 0 ORDER BY x DESC LIMIT 7', 'some work'],
  ['SELECT count(*) AS n FROM t a JOIN few ON a.g = few.g', 'some work'],
  ['SELECT count(*) AS n, max(a.id + b.ten - c.ten + d.g) AS m FROM t a, few b, few c, few d, few e', 'threads'],
];

for (const [sql, work] of QUERIES) {
  test(`${work}: ${sql}`, async () => {
    const expected = await db.query(sql).toArray();
    const found = await lazily(sql, (lazy, plan) => lazy.run(plan).toArray());
    assert.equal(found.result, expected);
    if (work !== 'some work') assert.is(found.threads > 0, work === 'threads', `${found.threads} threads were started`);
  });
}

/** Enough rows that the first morsel alone fills the room for results many times. */
async function firstPairs(
  result: AsyncIterable<{ readonly numRows: number; getChildAt(i: number): Iterable<unknown> | null }>,
  rows: number,
): Promise<readonly bigint[]> {
  const pairs: bigint[] = [];
  for await (const batch of result) {
    const [a, b] = [[...batch.getChildAt(0)!] as bigint[], [...batch.getChildAt(1)!] as bigint[]];
    for (let row = 0; row < batch.numRows; row++) pairs.push(a[row]! * 1_000_000n + b[row]!);
    if (pairs.length >= rows) break;
  }
  return pairs.slice(0, rows);
}

test('results without room are left to a thread, and none is lost or given twice', async () => {
  const found = await lazily(PAIRS, async (lazy, plan) => firstPairs(lazy.run(plan), 1_500_000));
  assert.ok(found.threads > 0);
  const unlike = found.result.findIndex((pair) => (pair / 1_000_000n) % 7n !== (pair % 1_000_000n) % 7n);
  assert.is(unlike, -1);
  assert.is(new Set(found.result).size, found.result.length);
});

test('a limit that was counted down in a morsel without room starts anew', async () => {
  const wanted = 1_200_000;
  const found = await lazily(`${PAIRS} LIMIT ${wanted}`, (lazy, plan) => lazy.run(plan).run());
  assert.is(found.result, wanted);
});

test('rows that only one side of a join has are given once', async () => {
  const sql = 'SELECT t.id AS a, few.g AS b FROM t FULL JOIN few ON t.g = few.g AND t.id <= 70';
  const found = await lazily(sql, (lazy, plan) => lazy.run(plan).run());
  assert.is(found.result, await db.query(sql).run());
});

test('a caller who reads slowly does not fill the memory', async () => {
  const before = process.memoryUsage().arrayBuffers;
  await lazily(PAIRS, async (lazy, plan) => {
    let batches = 0;
    for await (const batch of lazy.run(plan)) {
      batches += batch.numRows > 0 ? 1 : 0;
      await sleep(2);
      if (batches === 40) break;
    }
    assert.ok(
      process.memoryUsage().arrayBuffers - before < 64 * 2 ** 20,
      `${process.memoryUsage().arrayBuffers - before} bytes`,
    );
  });
});

test('a statement that fails here fails with its own error, and the next one runs', async () => {
  const sql = 'SELECT CAST(9223372036854775807 AS BIGINT) + g AS n FROM few';
  const messageOf = (run: Promise<unknown>): Promise<string> =>
    run.then(
      () => 'no error',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  const expected = await messageOf(db.query(sql).run());
  assert.match(expected, /ExecutionError/);
  const next = (await db.compile('SELECT count(*) AS n FROM few')).bytes;
  const found = await lazily(sql, async (lazy, plan) => [
    await messageOf(lazy.run(plan).run()),
    await lazy.run(next).toArray(),
  ]);
  assert.equal(found.result, [expected, [{ n: 5n }]]);
});

test('an aborted query ends, here and on the way to a thread', async () => {
  for (const milliseconds of [0, 5, 20, 60, 320]) {
    await lazily(`SELECT count(*) AS n FROM (${PAIRS}) p WHERE p.a % 13 = 5 AND p.b % 2 = 1`, async (lazy, plan) => {
      const abort = new AbortController();
      const run = lazy.run(plan, [], { signal: abort.signal }).run();
      setTimeout(() => abort.abort(new Error('enough')), milliseconds);
      const error = await run.then(
        () => undefined,
        (reason: Error) => reason,
      );
      assert.is(error?.message, 'enough');
    });
  }
});

test('queries one after the other, and at the same time', async () => {
  const expected = await db.query('SELECT g, sum(x) AS s FROM t GROUP BY g ORDER BY g').toArray();
  const found = await lazily('SELECT g, sum(x) AS s FROM t GROUP BY g ORDER BY g', async (lazy, plan) => [
    ...(await Promise.all([1, 2, 3].map(() => lazy.run(plan).toArray()))),
    await lazy.run(plan).toArray(),
    await lazy.run(plan).toArray(),
  ]);
  for (const rows of found.result) assert.equal(rows, expected);
});

test.run();
