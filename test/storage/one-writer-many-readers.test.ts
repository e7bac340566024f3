/**
 * One writer at a time, in this process and others; a lock outlives no process; snapshots keep the commit they started
 * from.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, rmdirSync, statSync,
  symlinkSync, unlinkSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { StorageError } from '../../runtime/errors.js';
import { chunksOf } from '../../runtime/storage/chunk.js';
import { DatabaseFile, type OpenOptions } from '../../runtime/storage/database-file.js';
import { LEAF_ENTRIES } from '../../runtime/storage/format.js';
import { WriterLock } from '../../runtime/storage/lock.js';
import { verify, verifyDatabase } from '../../runtime/storage/verify.js';
import { FaultDevice } from './fault-device.js';
import { batchOf, column, openOn, rowsOf } from './samples.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-'));
test.after(() => rmSync(folder, { recursive: true }));
const SMALL: OpenOptions = { memoryLimitBytes: 8 * 1024 * 1024, reservedBytes: 65_536 };
const COLUMNS = [column('i', 'i32')];

async function refused(promise: Promise<unknown>): Promise<StorageError> {
  return promise.then(
    () => assert.unreachable('it was allowed'),
    (error: StorageError) => error,
  ) as Promise<StorageError>;
}

async function write(database: DatabaseFile, values: readonly number[]): Promise<void> {
  const transaction = database.begin();
  if (database.catalog.tables.has('t')) await transaction.dropTable('t');
  transaction.createTable({ name: 't', columns: COLUMNS });
  const writer = await transaction.tableWriter('t');
  await writer.append(
    batchOf(
      COLUMNS,
      values.map((value) => [value]),
    ),
  );
  await writer.finish();
  await transaction.commit();
}

test("a second writer is refused by the first one's process number; closing lets it in", async () => {
  const path = join(folder, 'a.db');
  const first = await DatabaseFile.open(path, SMALL);
  const error = await refused(DatabaseFile.open(path, SMALL));
  assert.is(error.code, 'locked');
  assert.match(error.message, String(process.pid));
  first.begin();
  assert.throws(
    () => first.begin(),
    (e: StorageError) => e.code === 'locked',
  );
  await first.close();
  const second = await DatabaseFile.open(path, SMALL);
  await second.close();
  assert.equal(readdirSync(folder), ['a.db'], 'nothing is left beside the file');
});

test('a link leads to the lock of the file itself', async () => {
  const path = join(folder, 'real.db');
  const first = await DatabaseFile.open(path, SMALL);
  await write(first, [1]);
  const link = join(folder, 'link.db');
  symlinkSync(path, link);
  assert.is((await refused(DatabaseFile.open(link, SMALL))).code, 'locked');
  const reader = await DatabaseFile.open(link, { ...SMALL, readOnly: true });
  assert.equal(
    readdirSync(folder).filter((name) => name.includes('.reader-')).map((name) => name.split('.reader-')[0]),
    ['real.db'],
  );
  await reader.close();
  await first.close();
  for (const name of [path, link]) unlinkSync(name);
});

test('a link to a file that is not there yet makes the file', async () => {
  const [link, target] = [join(folder, 'early.db'), join(folder, 'late.db')];
  symlinkSync('late.db', link);
  const first = await DatabaseFile.open(link, SMALL);
  await write(first, [1]);
  assert.is((await refused(DatabaseFile.open(target, SMALL))).code, 'locked');
  await first.close();
  assert.equal(await verify(target), []);
  for (const name of [link, target]) unlinkSync(name);
});

test('a process that changes its folder keeps its database', async () => {
  const before = process.cwd();
  process.chdir(folder);
  try {
    const database = await DatabaseFile.open('relative.db', SMALL);
    process.chdir(before);
    await write(database, [1, 2]);
    await database.close();
  } finally {
    process.chdir(before);
  }
  assert.equal(readdirSync(folder).filter((name) => name.startsWith('relative')), ['relative.db']);
  unlinkSync(join(folder, 'relative.db'));
});

test('a writer in another process is respected, and its lock is taken over when it is killed', async () => {
  const path = join(folder, 'b.db');
  const module = new URL('../../runtime/storage/database-file.js', import.meta.url).href;
  const script = `import { DatabaseFile } from ${JSON.stringify(module)};
    await DatabaseFile.open(${JSON.stringify(path)}, { memoryLimitBytes: 8388608, reservedBytes: 65536 });
    console.log('open'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const error = await refused(DatabaseFile.open(path, SMALL));
  assert.is(error.details.actual, child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(existsSync(`${path}.lock`), 'the lock file is still there');
  const database = await DatabaseFile.open(path, SMALL);
  await database.close();
});

test('a lock of a process number that was given out again is stale; half a lock is too', async () => {
  const path = join(folder, 'c.db');
  for (const content of [JSON.stringify({ pid: process.pid, started: 'another boot/1', token: 'x' }), '{"pid":']) {
    writeFileSync(`${path}.lock`, content);
    const database = await DatabaseFile.open(path, SMALL);
    await database.close();
  }
});

test('of many that find the lock of a dead process one gets it, and nothing is left beside the file', async () => {
  const stale = JSON.stringify({ pid: process.pid, started: 'another boot/1', token: 'x' });
  for (let round = 0; round < 30; round++) {
    const path = join(folder, `race-${round}.db`);
    writeFileSync(`${path}.lock`, stale);
    if (round % 3 === 0) writeFileSync(`${path}.lock.turn`, stale);
    const take = async (): Promise<WriterLock> => {
      await wait(Math.random() * 3);
      return WriterLock.take(path);
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, take));
    const taken = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    assert.is(taken.length, 1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.match(String(outcome.reason), 'open for writing in this process');
    await taken[0]!.release();
    assert.equal(readdirSync(folder).filter((name) => name.startsWith('race-')), []);
  }
});

test('the lock of a thread that ended without closing is stale, while its process lives on', async () => {
  const path = join(folder, 'thread.db');
  const module = new URL('../../runtime/storage/database-file.js', import.meta.url).href;
  const script = `import(${JSON.stringify(module)}).then(async ({ DatabaseFile }) => {
    await DatabaseFile.open(${JSON.stringify(path)}, { memoryLimitBytes: 8388608, reservedBytes: 65536 });
    require('node:worker_threads').parentPort.postMessage('open'); setInterval(() => {}, 1000); })`;
  const thread = new Worker(script, { eval: true });
  await once(thread, 'message');
  assert.is((await refused(DatabaseFile.open(path, SMALL))).code, 'locked');
  await thread.terminate();
  assert.ok(existsSync(`${path}.lock`), 'the lock file is still there');
  if (existsSync('/proc/thread-self')) await (await DatabaseFile.open(path, SMALL)).close();
});

test('the lock of a process that is dead, but not collected by its parent, is stale', async () => {
  if (!existsSync('/proc/thread-self')) return;
  const path = join(folder, 'zombie.db');
  // The shell would collect it; what it becomes does not.
  const script = 'sleep 1 & echo $!; exec sleep 60';
  const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
  const stat = `/proc/${Number(pid)}/stat`;
  while (!readFileSync(stat, 'latin1').includes(') Z ')) await wait(10);
  writeFileSync(`${path}.lock`, JSON.stringify({ pid: Number(pid), started: '', token: 'z' }));
  const database = await DatabaseFile.open(path, SMALL);
  await database.close();
  parent.kill('SIGKILL');
});

test('a lock holds among processes whose numbers /proc does not know', async () => {
  const module = new URL('../../runtime/storage/lock.js', import.meta.url).href;
  const script = `import { WriterLock } from ${JSON.stringify(module)};
    const path = ${JSON.stringify(join(folder, 'namespace.db'))};
    const first = await WriterLock.take(path);
    console.log(await WriterLock.take(path).then(() => 'two hold it', (error) => error.code));
    await first.release();`;
  const command = ['--pid', '--fork', process.execPath, '--input-type=module', '-e', script];
  const { status, stdout } = spawnSync('unshare', command, { encoding: 'utf8' });
  // Not every system has it, or allows it.
  if (status === 0) assert.is(stdout.trim(), 'locked');
});

test('a writer whose lock was taken away cannot commit', async () => {
  const path = join(folder, 'd.db');
  const first = await DatabaseFile.open(path, SMALL);
  rmSync(`${path}.lock`);
  const second = await DatabaseFile.open(path, SMALL);
  assert.is((await refused(write(first, [1]))).code, 'locked');
  await write(second, [2]);
  await first.close();
  assert.ok(existsSync(`${path}.lock`), 'the lock of the second one stays');
  await second.close();
  assert.equal(await verify(path), []);
});

for (const [what, change] of [
  ['removed', (path: string) => unlinkSync(path)],
  ['moved', (path: string) => renameSync(path, `${path}.moved`)],
  ['replaced', (path: string) => {
    copyFileSync(path, `${path}.copy`);
    renameSync(`${path}.copy`, path);
  }],
] as const)
  test(`what is written to a file that was ${what} is not reported as done`, async () => {
    const path = join(folder, `${what}.db`);
    const database = await DatabaseFile.open(path, SMALL);
    await write(database, [1]);
    change(path);
    assert.match((await refused(write(database, [2]))).message, 'was moved, removed or replaced');
    assert.equal(await rowsOf((await database.snapshot().table('t'))!), [[1]]);
    await database.close();
    assert.not(existsSync(`${path}.lock`));
  });

test('a snapshot reads its commit while later commits replace everything', async () => {
  const database = await openOn(new FaultDevice());
  await write(database, [1, 2, 3]);
  const snapshot = database.snapshot();
  const table = (await snapshot.table('t'))!;
  for (let i = 0; i < 10; i++) {
    await write(database, [100 + i]);
    database.pool.forget([...new Set(table.groups.flatMap((g) => chunksOf(g).flatMap((c) => c.run.pages)))]);
    assert.equal(await rowsOf(table), [[1], [2], [3]]);
    assert.equal(await verifyDatabase(database), []);
  }
  const used = database.pages.allocator.lastPage;
  snapshot.release();
  for (let i = 0; i < 10; i++) await write(database, [200 + i]);
  assert.ok(database.pages.allocator.lastPage <= used, 'pages of released snapshots are used again');
});

test('a commit lies behind gigabytes that a snapshot holds', async () => {
  const path = join(folder, 'far.db');
  const database = await DatabaseFile.open(path, SMALL);
  await write(database, [1]);
  const { allocator } = database.pages;
  const first = allocator.take(2 * LEAF_ENTRIES);
  allocator.hold(Array.from({ length: 2 * LEAF_ENTRIES }, (_, i) => first + i), database.sequence + 3);
  await write(database, [2]);
  assert.equal(await verifyDatabase(database), []);
  await database.close();
  assert.equal(await verify(path), []);
  const again = await DatabaseFile.open(path, SMALL);
  assert.equal(await rowsOf((await again.snapshot().table('t'))!), [[2]]);
  await again.close();
  unlinkSync(path);
});

test('a reader with a file of its own keeps its commit too, and does not let the file be cut under it', async () => {
  const path = join(folder, 'e.db');
  const writer = await DatabaseFile.open(path, SMALL);
  await write(writer, [1, 2, 3]);
  const reader = await DatabaseFile.open(path, { ...SMALL, readOnly: true });
  assert.throws(() => reader.begin(), /reading only/);
  for (let i = 0; i < 6; i++) await write(writer, [i]);
  await writer.close();
  const again = await DatabaseFile.open(path, SMALL);
  await write(again, [7]);
  await write(again, [8]);
  assert.equal(await rowsOf((await reader.snapshot().table('t'))!), [[1], [2], [3]]);
  await reader.close();
  for (let i = 0; i < 3; i++) await write(again, [i]);
  assert.ok(statSync(path).size < 20 * 262_144);
  await again.close();
  assert.equal(await verify(path), []);
});

test('a later writer leaves the pages behind the last commit to the reader that has marked them', async () => {
  const path = join(folder, 'behind.db');
  const first = await DatabaseFile.open(path, SMALL);
  await write(first, [1]);
  const filler = first.begin();
  filler.createTable({ name: 'big', columns: COLUMNS });
  const writer = await filler.tableWriter('big');
  await writer.append(batchOf(COLUMNS, Array.from({ length: 200_000 }, (_, i) => [i])));
  await writer.finish();
  await filler.commit();
  const reader = await DatabaseFile.open(path, { ...SMALL, readOnly: true });
  const drop = first.begin();
  await drop.dropTable('big');
  await drop.commit();
  await first.close();
  const second = await DatabaseFile.open(path, SMALL);
  for (let i = 0; i < 8; i++) await write(second, [i]);
  assert.equal(await verifyDatabase(reader), []);
  await reader.close();
  const size = statSync(path).size;
  for (let i = 0; i < 3; i++) await write(second, [i]);
  assert.ok(statSync(path).size < size, 'once it is gone they go');
  await second.close();
  assert.equal(await verify(path), []);
});

test('marks of dead readers go, and what they had not finished', async () => {
  const path = join(folder, 'marks.db');
  const dead = spawn(process.execPath, ['-e', '0']);
  await once(dead, 'exit');
  const mark = (pid: number): string => JSON.stringify({ pid, started: '', token: 'a', sequence: 1 });
  writeFileSync(`${path}.reader-dead`, mark(dead.pid!));
  writeFileSync(`${path}.reader-dead.next`, mark(dead.pid!));
  writeFileSync(`${path}.reader-alive.next`, mark(process.pid));
  writeFileSync(`${path}.reader-half.next`, mark(process.pid).slice(0, 9));
  const database = await DatabaseFile.open(path, SMALL);
  await database.close();
  const marks = readdirSync(folder).filter((name) => name.startsWith('marks.db.reader-'));
  assert.equal(marks.sort(), ['marks.db.reader-alive.next', 'marks.db.reader-half.next']);
});

test('a mark that cannot be read keeps all commits, as those of others may be', async () => {
  const path = join(folder, 'unreadable.db');
  const database = await DatabaseFile.open(path, SMALL);
  await write(database, [1]);
  const snapshot = database.snapshot();
  const { pages } = (await snapshot.table('t'))!.groups[0]!.chunk(0).run;
  snapshot.release();
  const before = new Uint8Array(262_144);
  await database.pages.readPages(pages, before);
  // Whoever runs this may read every file, but no folder.
  mkdirSync(`${path}.reader-x`);
  for (let i = 0; i < 6; i++) await write(database, [i]);
  const after = new Uint8Array(262_144);
  await database.pages.readPages(pages, after);
  assert.equal(after, before);
  rmdirSync(`${path}.reader-x`);
  await database.close();
});

test('opening for reading does not create a file', async () => {
  const error = await refused(DatabaseFile.open(join(tmpdir(), 'intarsia-none.db'), { ...SMALL, readOnly: true }));
  assert.is(error.code, 'io');
  assert.not(existsSync(join(tmpdir(), 'intarsia-none.db')));
});

test.run();
