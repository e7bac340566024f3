/**
 * The pool never exceeds its frames, never moves what is pinned, reads a run once, and says what is missing when it is
 * full.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ResourceError } from '../../runtime/errors.js';
import { BufferPool } from '../../runtime/storage/buffer-pool.js';
import type { Extent, PageGuard, PageRun } from '../../runtime/storage/page-run.js';
import { PAGE_BYTES } from '../../runtime/storage/format.js';
import type { BlockReference, ModelVersion, TensorMeta } from '../../runtime/storage/model-store.js';
import { pinWeights, type ResidentWeight } from '../../runtime/weights.js';
import { randomOf } from './fault-device.js';

const RESERVED_BYTES = 65_536;

/** Page p is filled with p; reads are counted, those of extents as `[page, offset, length]`. */
function poolOf(frames: number, keepsFirstReads = true): { pool: BufferPool; reads: number[][]; fail: Set<number> } {
  const limitBytes = RESERVED_BYTES + frames * PAGE_BYTES + 65_536;
  const memory = new WebAssembly.Memory({ initial: limitBytes / 65_536, maximum: limitBytes / 65_536, shared: true });
  const reads: number[][] = [];
  const fail = new Set<number>();
  const source = {
    async readPages(pages: readonly number[], target: Uint8Array): Promise<number> {
      reads.push([...pages]);
      await new Promise((resolve) => setImmediate(resolve));
      if (pages.some((page) => fail.has(page))) throw new Error('damaged');
      pages.forEach((page, i) => target.fill(page, i * PAGE_BYTES, (i + 1) * PAGE_BYTES));
      return target.length;
    },
    async readExtents({ pages }: PageRun, extents: readonly Extent[], target: Uint8Array): Promise<number> {
      for (const { byteOffset, byteLength } of extents) reads.push([pages[0]!, byteOffset, byteLength]);
      await new Promise((resolve) => setImmediate(resolve));
      if (fail.has(pages[0]!)) throw new Error('damaged');
      for (const { byteOffset, byteLength } of extents) target.fill(pages[0]!, byteOffset, byteOffset + byteLength);
      return extents.reduce((sum, extent) => sum + extent.byteLength, 0);
    },
  };
  const options = { memory, limitBytes, reservedBytes: RESERVED_BYTES, source, keepsFirstReads };
  return { pool: new BufferPool(options), reads, fail };
}

function byteAt(pool: BufferPool, address: number): number {
  return new Uint8Array(pool.memory.buffer)[address]!;
}

test('concurrent pins of one run read once; a resident run is pinned without waiting', async () => {
  const { pool, reads } = poolOf(4);
  const guards = await Promise.all([1, 2, 3].map(() => pool.pin({ pages: [7, 8] })));
  assert.is(reads.length, 1);
  assert.is(new Set(guards.map((g) => g.address)).size, 1);
  assert.equal([byteAt(pool, guards[0]!.address), byteAt(pool, guards[0]!.address + PAGE_BYTES)], [7, 8]);
  const again = pool.tryPin({ pages: [7, 8] })!;
  assert.is(again.address, guards[0]!.address);
  assert.is(pool.tryPin({ pages: [8] }), undefined);
  for (const guard of [...guards, again, again]) guard.release();
  assert.is(pool.stats().pinned, 0);
  assert.is(pool.stats().cached, 2);
});

test('extents of a page are read once each, what is there already is not written over', async () => {
  const { pool, reads } = poolOf(2);
  const extent = (byteOffset: number, byteLength: number): Extent => ({ byteOffset, byteLength, checksum: 0 });
  const [a, b, c] = [extent(0, 100), extent(128, 50), extent(128, 10)];
  const run = { pages: [3] };
  const guards = await Promise.all([pool.pin(run, [a]), pool.pin(run, [a, b]), pool.pin(run, [b])]);
  assert.equal(reads, [[3, 0, 100], [3, 128, 50]]);
  assert.is(pool.stats().bytesRead, 150);
  assert.is(new Set(guards.map((g) => g.address)).size, 1);
  assert.equal([0, 99, 128, 177].map((at) => byteAt(pool, guards[0]!.address + at)), [3, 3, 3, 3]);
  assert.is(pool.tryPin(run, [c]), undefined, 'another length is another extent');
  new Uint8Array(pool.memory.buffer)[guards[0]!.address] = 77;
  guards.push(await pool.pin(run, [a, c]), pool.tryPin(run, [c, b])!);
  assert.equal(reads.slice(2), [[3, 128, 10]]);
  assert.is(byteAt(pool, guards[0]!.address), 77);
  const whole = await pool.pin(run);
  assert.is.not(whole.address, guards[0]!.address);
  for (const guard of [...guards, whole]) guard.release();
  assert.is(pool.stats().pinned, 0);
});

test('a failed extent reaches its waiters only; its page is read anew, and frees its frame with the last pin', async () => {
  const { pool, reads, fail } = poolOf(2);
  const [a, b] = [0, 64].map((byteOffset) => ({ byteOffset, byteLength: 64, checksum: 0 }));
  const held = await pool.pin({ pages: [5] }, [a!]);
  fail.add(5);
  const results = await Promise.allSettled([[b!], [a!, b!], [a!]].map((extents) => pool.pin({ pages: [5] }, extents)));
  assert.equal(results.map((r) => r.status), ['rejected', 'rejected', 'fulfilled']);
  assert.is(byteAt(pool, held.address), 5);
  assert.is(pool.tryPin({ pages: [5] }, [a!]), undefined);
  fail.clear();
  const again = await pool.pin({ pages: [5] }, [a!, b!]);
  assert.equal(reads.slice(2), [[5, 0, 64], [5, 64, 64]]);
  assert.is.not(again.address, held.address);
  for (const result of results) if (result.status === 'fulfilled') result.value.release();
  held.release();
  again.release();
  assert.equal([pool.stats().pinned, pool.stats().cached], [0, 1]);
});

test('a failed read reaches every waiter and leaves nothing behind', async () => {
  const { pool, fail } = poolOf(2);
  fail.add(5);
  const results = await Promise.allSettled([pool.pin({ pages: [5] }), pool.pin({ pages: [5] })]);
  assert.equal(
    results.map((r) => r.status),
    ['rejected', 'rejected'],
  );
  assert.equal([pool.stats().pinned, pool.stats().cached], [0, 0]);
  fail.clear();
  assert.is(byteAt(pool, (await pool.pin({ pages: [5] })).address), 5);
});

test('a weight whose blocks cannot all be read holds no memory', async () => {
  const { pool, fail } = poolOf(6);
  const block = (page: number): BlockReference => ({ hash: '', page, offset: 64, byteLength: 1000 });
  const tensor: TensorMeta = {
    name: 'w', dtype: 'f32', dims: [500], layout: { whole: 'rows' }, blockBytes: 1000, blocks: [block(1), block(2)],
  };
  const model: ModelVersion = {
    version: 1, createdAt: 0, irText: '', inputs: [], outputs: [], tensors: [tensor], notes: null,
  };
  const slot = { model: 'm@1', hash: 'w', layout: 'rows', byteLength: 2000, offset: 0 };
  const pin = async (): Promise<ResidentWeight> =>
    (await pinWeights([slot], { pool, models: [model], file: 'test' }))[0]!;
  fail.add(2);
  for (let i = 0; i < 10; i++) {
    const failure = await pin().catch((error: Error) => error.message);
    assert.is(failure, 'damaged');
  }
  assert.is(pool.stats().scratch, 0);
  fail.clear();
  const weight = await pin();
  assert.equal([byteAt(pool, weight.address + 999), byteAt(pool, weight.address + 1000)], [1, 2]);
  weight.release();
  assert.equal([pool.stats().pinned, pool.stats().scratch], [0, 0]);
});

test('weights of which one cannot be read hold no memory; those that do not fit at once are read in turn', async () => {
  // Each takes a frame while it is held, and another one for its page while it is put together.
  const { pool, fail } = poolOf(3);
  const weightOf = (name: string, page: number): TensorMeta => {
    const block = (offset: number): BlockReference => ({ hash: '', page, offset, byteLength: 1000 });
    return {
      name, dtype: 'f32', dims: [500], layout: { whole: 'rows' }, blockBytes: 1000, blocks: [block(64), block(5000)],
    };
  };
  const model: ModelVersion = {
    version: 1, createdAt: 0, irText: '', inputs: [], outputs: [], notes: null,
    tensors: [weightOf('a', 1), weightOf('b', 2)],
  };
  const slots = ['a', 'b'].map((hash) => ({ model: 'm@1', hash, layout: 'rows', byteLength: 2000, offset: 0 }));
  const pin = (): Promise<readonly ResidentWeight[]> => pinWeights(slots, { pool, models: [model], file: 'test' });
  fail.add(2);
  for (let i = 0; i < 10; i++) {
    assert.is(await pin().then(() => '', (error: Error) => error.message), 'damaged');
    assert.equal([pool.stats().pinned, pool.stats().scratch], [0, 0]);
  }
  fail.clear();
  const weights = await pin();
  assert.equal(weights.map(({ address }) => [byteAt(pool, address), byteAt(pool, address + 1999)]), [[1, 1], [2, 2]]);
  for (const weight of weights) weight.release();
  assert.equal([pool.stats().pinned, pool.stats().scratch], [0, 0]);
});

test('scratch that is to be zero is, whatever lay there before', async () => {
  const { pool } = poolOf(6);
  const random = randomOf(11);
  for (let step = 0; step < 200; step++) {
    const guard = await pool.pin({ pages: [1 + Math.floor(random() * 4)] });
    const bytes = 1 + Math.floor(random() * 3 * PAGE_BYTES);
    const address = pool.allocate({ bytes, consumer: 'test', isZero: true });
    const scratch = new Uint8Array(pool.memory.buffer, address, bytes);
    assert.ok(scratch.every((byte) => byte === 0), `step ${step}`);
    assert.is.not(byteAt(pool, guard.address), 0);
    scratch.fill(200);
    pool.free(address);
    guard.release();
  }
});

test('scratch makes room among the unpinned, and is refused by name when pins leave none', async () => {
  const { pool } = poolOf(4);
  const guards: PageGuard[] = [];
  for (const page of [1, 2, 3, 4]) guards.push(await pool.pin({ pages: [page] }));
  try {
    pool.allocate({ bytes: 1, consumer: 'hash join' });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ResourceError);
    assert.match((error as Error).message, /hash join needs .*memoryLimit/);
  }
  guards.filter((g) => g !== guards[0]).forEach((g) => g.release());
  const address = pool.allocate({ bytes: 2 * PAGE_BYTES, consumer: 'sort' });
  assert.is(byteAt(pool, guards[0]!.address), 1);
  assert.is(pool.stats().scratch, 2);
  assert.throws(
    () => pool.allocate({ bytes: 5 * PAGE_BYTES, consumer: 'sort' }),
    (error: Error) => error instanceof ResourceError,
  );
  pool.free(address);
  assert.throws(() => pool.free(address), /no scratch/);
});

test('pages used often outlive a scan', async () => {
  const { pool } = poolOf(8);
  const hot = { pages: [1] };
  for (let page = 2; page < 200; page++) {
    (await pool.pin(hot)).release();
    (await pool.pin({ pages: [page] })).release();
  }
  assert.ok(pool.tryPin(hot) !== undefined);
  const { hits, misses, evictions } = pool.stats();
  assert.ok(hits >= 190 && misses <= 205 && evictions >= 185, `${hits} hits, ${misses} misses`);
});

test('pages that are rewritten are read anew, also while the old ones are pinned', async () => {
  const { pool, reads } = poolOf(4);
  const old = await pool.pin({ pages: [3, 4] });
  pool.forget([4]);
  assert.is(pool.tryPin({ pages: [3, 4] }), undefined);
  const fresh = await pool.pin({ pages: [3, 4] });
  assert.is.not(fresh.address, old.address);
  assert.is(reads.length, 2);
  old.release();
  fresh.release();
  assert.is(pool.stats().cached, 2);
});

/** Addresses of the runs, each pinned when the one before is released. */
async function passThrough(pool: BufferPool, runs: readonly PageRun[]): Promise<readonly number[]> {
  const addresses: number[] = [];
  for (const run of runs) {
    const guard = await pool.pin(run);
    addresses.push(guard.address);
    guard.release();
  }
  return addresses;
}

test('without first reads kept, a first scan passes through few frames, and a second one stays', async () => {
  const { pool, reads } = poolOf(20, false);
  const runs = [1, 2, 3, 4, 5].flatMap((i) => [{ pages: [i] }, { pages: [10 * i, 10 * i + 1] }]);
  assert.is(new Set(await passThrough(pool, runs)).size, 2, 'one for each size');
  assert.is(pool.stats().peakBytes, 3 * PAGE_BYTES);
  assert.is(new Set(await passThrough(pool, runs)).size, 10);
  await passThrough(pool, runs);
  assert.is(reads.length, 10 + 8, 'what was still there, and all of the third time, is not read again');
});

test('a run that is used twice, or still pinned, does not make room for a first read', async () => {
  const { pool } = poolOf(20, false);
  const [used, held] = [{ pages: [1] }, { pages: [2] }];
  await passThrough(pool, [used, used]);
  const guard = await pool.pin(held);
  const addresses = await passThrough(pool, [3, 4, 5].map((page) => ({ pages: [page] })));
  assert.is(new Set([...addresses, guard.address, pool.tryPin(used)!.address]).size, 3);
  assert.is(byteAt(pool, guard.address), 2);
});

for (const keepsFirstReads of [true, false]) {
  const name = `any sequence of pins and scratch keeps the contents, the limit and no overlap (${keepsFirstReads})`;
  test(name, async () => {
    const { pool } = poolOf(12, keepsFirstReads);
    const random = randomOf(3);
    const held: { guard: PageGuard; pages: number[] }[] = [];
    const scratch: { address: number; fill: number; frames: number }[] = [];
    let refusals = 0;
    for (let step = 0; step < 3000; step++) {
      const choice = random();
      try {
        if (choice < 0.45) {
          const first = 1 + Math.floor(random() * 40);
          const pages = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, i) => first + i);
          held.push({ guard: await pool.pin({ pages }), pages });
        } else if (choice < 0.55) {
          const frames = 1 + Math.floor(random() * 3);
          const address = pool.allocate({ bytes: frames * PAGE_BYTES, consumer: 'test' });
          scratch.push({ address, frames, fill: 100 + (step % 100) });
          for (let f = 0; f < frames; f++)
            new Uint8Array(pool.memory.buffer)[address + f * PAGE_BYTES] = 100 + (step % 100);
        } else if (choice < 0.85 || held.length > 3) {
          held.splice(Math.floor(random() * held.length), 1)[0]?.guard.release();
        } else if (scratch.length > 0) {
          pool.free(scratch.splice(Math.floor(random() * scratch.length), 1)[0]!.address);
        }
      } catch (error) {
        assert.instance(error, ResourceError);
        refusals++;
        held.splice(0).forEach(({ guard }) => guard.release());
        scratch.splice(0).forEach(({ address }) => pool.free(address));
      }
      for (const { guard, pages } of held)
        pages.forEach((page, i) => assert.is(byteAt(pool, guard.address + i * PAGE_BYTES), page));
      for (const s of scratch)
        for (let f = 0; f < s.frames; f++) assert.is(byteAt(pool, s.address + f * PAGE_BYTES), s.fill);
      const { pinned, scratch: scratchFrames, cached, frames } = pool.stats();
      assert.ok(pinned + scratchFrames + cached <= frames && cached >= 0);
    }
    assert.ok(refusals > 0 && refusals < 500, `${refusals} refusals`);
  });
}

test.run();
