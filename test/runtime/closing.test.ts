/** Closing a database ends what runs on it: callers are told, and nothing stays behind. */
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ExecutionError, open, type Database } from '../../runtime/database.js';
import { Crew, type CrewOptions } from '../../runtime/executor/crew.js';
import { ThreadWorker, type WorkerHandle } from '../../runtime/executor/thread-worker.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-closing-'));
const path = join(folder, 'c.db');
const LONG = 'SELECT count(*) AS c FROM t a JOIN t b ON a.k = b.k';
const ROWS = 'SELECT a.k, b.i FROM t a JOIN t b ON a.k = b.k';

test.before(async () => {
  const db = await open(path, { memoryLimit: '64MiB' });
  await db.query('CREATE TABLE t AS SELECT i, i % 7 AS k FROM range(40000) AS r(i)').run();
  await db.close();
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

async function isClosedError(pending: Promise<unknown>): Promise<void> {
  const outcome = await pending.then(
    () => 'it ended well',
    (error: unknown) => error,
  );
  assert.instance(outcome, ExecutionError);
  assert.match((outcome as Error).message, 'is closed');
}

function nothingIsHeld(db: Database): void {
  const { pinned, scratch } = db.file.pool.stats();
  assert.equal({ pinned, scratch }, { pinned: 0, scratch: 0 });
}

for (const lazyThreads of [false, true]) {
  const options = { readOnly: true, threads: 2, memoryLimit: '64MiB', lazyThreads };
  test(`a query that computes${lazyThreads ? ', on the caller\'s thread' : ''}`, async () => {
    const db = await open(path, options);
    await db.compile(LONG);
    for await (const batch of db.query(ROWS)) {
      assert.ok(batch.numRows > 0);
      break;
    }
    let isOver = false;
    const running = db.query(LONG).toArray().finally(() => { isOver = true; });
    running.catch(() => undefined);
    while (!isOver && db.file.pool.stats().scratch === 0) await wait(0);
    await db.close();
    nothingIsHeld(db);
    await isClosedError(running);
  });

  test(`a query whose rows nobody asks for${lazyThreads ? ', on the caller\'s thread' : ''}`, async () => {
    const db = await open(path, options);
    const rows = db.query(ROWS)[Symbol.asyncIterator]();
    assert.is((await rows.next()).done, false);
    await db.close();
    nothingIsHeld(db);
    await isClosedError((async () => { while ((await rows.next()).done !== true); })());
    await isClosedError(db.query(ROWS).columns());
  });
}

test('an abort does not wait for the end of a long morsel, and the next query has its worker', async () => {
  const db = await open(path, { readOnly: true, threads: 2, memoryLimit: '64MiB' });
  const sql = 'SELECT count(*) AS c FROM t a, t b, t c WHERE a.i + b.i + c.i < 0';
  await db.compile(sql);
  const stop = new AbortController();
  const running = db.query(sql, [], { signal: stop.signal }).run();
  running.catch(() => undefined);
  await wait(1000);
  stop.abort(new Error('enough'));
  assert.is(await running.then(String, String), 'Error: enough');
  nothingIsHeld(db);
  assert.is(await db.query('SELECT i FROM t').run(), 40_000);
  await db.close();
});

test('whoever closes it again waits for the end, too', async () => {
  const db = await open(path, { threads: 1, memoryLimit: '64MiB' });
  void db.close();
  await db.close();
  await (await open(path, { threads: 1, memoryLimit: '64MiB' })).close();
});

test('a compiled plan, afterwards', async () => {
  const db = await open(path, { readOnly: true, threads: 1, memoryLimit: '64MiB' });
  const { bytes } = await db.compile(LONG);
  await db.close();
  await isClosedError(db.run(bytes).run());
});

test('a query does not wait for a thread that dies while it loads the module', async () => {
  const handles = [0, 1].map((): WorkerHandle => ({
    isUp: true,
    start: async () => undefined,
    post: () => undefined,
    end: async () => undefined,
    onReply: () => undefined,
    onCrash: () => undefined,
  }));
  const crew = new Crew({
    workers: handles,
    control: new Int32Array(new SharedArrayBuffer(256)),
    locals: [0, 0],
    load: {} as CrewOptions['load'],
    allocate: () => 0,
    onChunk: () => undefined,
  });
  handles[0]!.onReply({ type: 'ready' });
  const settled = crew.settle().then(() => 'settled');
  handles[1]!.onCrash(new Error('out of memory'));
  assert.is(await settled, 'settled');
});

/** Modules that a thread of this process is reading. */
function openModules(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${fd}`);
      return file.endsWith('.js') ? [file] : [];
    } catch {
      return [];
    }
  });
}

test('a thread that is ended while it reads its files leaves none open', async () => {
  if (!existsSync('/proc/self/fd')) return;
  for (let i = 0; i < 10; i++) {
    const worker = new ThreadWorker();
    void worker.start();
    while (!worker.isUp && openModules().length === 0) await wait(0);
    await worker.end();
  }
  while (openModules().length > 0) await wait(1);
});

test('a database that is closed before its statement is compiled leaves no thread', async () => {
  if (!existsSync('/proc/self/task')) return;
  const threads = (): number => readdirSync('/proc/self/task').length;
  const before = threads();
  for (let i = 0; i < 10; i++) {
    const db = await open(path, { readOnly: true, threads: 2, memoryLimit: '64MiB' });
    const compiling = db.compile(LONG);
    compiling.catch(() => undefined);
    await db.close();
    await isClosedError(compiling);
  }
  while (threads() > before) await wait(1);
});

test('many statements at once are no leak of listeners', async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): unknown => warnings.push(warning.name);
  process.on('warning', onWarning);
  const db = await open(path, { readOnly: true, threads: 1, memoryLimit: '64MiB' });
  await Promise.all(Array.from({ length: 12 }, (_, i) => db.query(`SELECT ${i} AS i`).toArray()));
  await db.close();
  await wait(0);
  process.off('warning', onWarning);
  assert.equal(warnings.filter((name) => name === 'MaxListenersExceededWarning'), []);
});

test.run();
