/** How a scan is cut into morsels: whole, in order, within row groups, and small at the end where rows are slow. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openSource, type MorselContext } from '../../runtime/executor/morsels.js';
import { MORSEL_ROWS } from '../../runtime/plan.js';
import type { BufferPool } from '../../runtime/storage/buffer-pool.js';

const GROUPS = [65_536, 65_536, 20_001];
const CONTEXT: MorselContext = {
  pool: {} as BufferPool,
  scan: () => GROUPS.map((rowCount) => ({ rowCount, columns: () => [] })),
  chunks: () => [],
  sorted: () => ({ address: 0, count: 0 }),
  waitForRelease: () => Promise.resolve(false),
};

async function rowsOf(options: Parameters<typeof openSource>[2]): Promise<readonly number[]> {
  const rows: number[] = [];
  const cut: [number, number][] = [];
  for await (const morsel of openSource({ kind: 'scan', table: 't', columns: [] }, CONTEXT, options)) {
    rows.push(morsel.rowCount);
    cut.push([morsel.words[0]!, morsel.words[1]!]);
    morsel.release();
  }
  // Each morsel begins where the one before ended, or a row group does.
  let [group, at] = [0, 0];
  for (const [begin, end] of cut) {
    if (at === GROUPS[group]) [group, at] = [group + 1, 0];
    assert.is(begin, at);
    assert.ok(end > begin && end <= GROUPS[group]!);
    at = end;
  }
  assert.equal([group, at], [GROUPS.length - 1, GROUPS.at(-1)]);
  return rows;
}

const WHOLE = [...Array.from({ length: 9 }, () => MORSEL_ROWS), 20_001 - MORSEL_ROWS];

test('one worker takes whole ones', async () => {
  assert.equal(await rowsOf({ isResult: false, isHere: false, workers: 1, millisecondsPerRow: () => 0.001 }), WHOLE);
});

test('slow ones are of few rows, but whole tiles', async () => {
  for (const [millisecondsPerRow, most] of [[0.1, 768], [1, 256], [100, 256]] as const) {
    const options = { isResult: false, isHere: false, workers: 1, millisecondsPerRow: () => millisecondsPerRow };
    assert.equal((await rowsOf(options)).slice(0, 3), [most, most, most]);
  }
});

test('so do several while the pace is not known, or so fast that a whole one takes less than a message', async () => {
  assert.equal(await rowsOf({ isResult: false, isHere: false, workers: 2, millisecondsPerRow: () => 0 }), WHOLE);
  assert.equal(await rowsOf({ isResult: false, isHere: false, workers: 2, millisecondsPerRow: () => 1e-6 }), WHOLE);
});

test('several end with small ones, of a millisecond at least', async () => {
  const rows = await rowsOf({ isResult: false, isHere: false, workers: 2, millisecondsPerRow: () => 1 / 1000 });
  assert.equal(rows.slice(0, 5), WHOLE.slice(0, 5));
  const last = rows.slice(-5, -1);
  assert.ok(last.every((count) => count >= 1000 && count <= 4096), last.join(', '));
});

test('the first on the caller\'s thread are not large', async () => {
  const rows = await rowsOf({ isResult: false, isHere: true, workers: 2, millisecondsPerRow: () => 0 });
  assert.equal(rows.slice(0, 6), [1024, 2048, 4096, 8192, 16_384, 16_384]);
});

test('the first of a result are small', async () => {
  const rows = await rowsOf({ isResult: true, isHere: false, workers: 2, millisecondsPerRow: () => 0 });
  assert.equal(rows.slice(0, 8), [256, 512, 1024, 2048, 4096, 8192, 16_384, 16_384]);
});

test.run();
