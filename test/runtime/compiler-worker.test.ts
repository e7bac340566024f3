/** The compiler in its own thread: what the caller notices of it (nothing), and what it leaves behind (nothing). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { wideModel } from '../../examples/wide/dense-model.js';
import { writeModel } from '../../examples/wide/onnx-writer.js';
import { CompilerClient } from '../../runtime/compiler-client.js';
import { errorOfText, textOfError } from '../../runtime/compiler-protocol.js';
import { CompileError, ExecutionError, ModelError, open, verify, type Database } from '../../runtime/database.js';
import { onnxModel } from '../support/onnx-model.js';
import { busyPartOf } from '../support/processor-time.js';

const MIB = 2 ** 20;
const MODEL_BYTES = 64 * MIB;
let folder = '';
let modelPath = '';
let db: Database;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'intarsia-compiler-'));
  modelPath = join(folder, 'wide.onnx');
  await writeModel(modelPath, wideModel({ weightBytes: MODEL_BYTES, width: 2048, seed: 3 }));
  db = await open(join(folder, 'test.db'), { threads: 2, memoryLimit: '64MiB' });
  await db
    .query(
      "CREATE TABLE t (id INTEGER, amount DOUBLE, kind VARCHAR); INSERT INTO t VALUES (1, 2.5, 'a'), (2, 4.5, 'b'), (3, 9.5, 'a')",
    )
    .run();
});

test.after(async () => {
  await db.close();
  await rm(folder, { recursive: true, force: true });
});

async function failureOf(use: () => Promise<unknown>): Promise<unknown> {
  try {
    await use();
  } catch (error) {
    return error;
  }
  return assert.unreachable('expected an error');
}

test('the event loop stays free while 20 statements compile', async () => {
  const compile = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++) {
      await db.compileStatement(`
        SELECT a.kind, sum(a.amount + ${i}) AS s, count(*) OVER () AS n
        FROM t a JOIN t b ON a.id = b.id + ${i} GROUP BY a.kind HAVING sum(b.amount) > ${i} ORDER BY s`);
    }
  };
  // With the first ones threads start, and V8 compiles what they run through here.
  await compile(0, 10);
  const busy = await busyPartOf(() => compile(10, 30));
  assert.ok(busy < 0.5, `this thread was busy for ${Math.round(busy * 100)} % of the time`);
});

test('a mistake in SQL arrives as a CompileError with its place, its caret and a suggestion', async () => {
  const error = await failureOf(() => db.query('SELECT id,\n  amoutn FROM t').run());
  assert.instance(error, CompileError);
  const { line, column, suggestion } = error as CompileError;
  assert.equal([line, column, suggestion], [2, 3, 'amount']);
  assert.match((error as CompileError).render(), /2 \| {3}amoutn FROM t\n.*\^{6}/);
});

test('a model that is not supported arrives as a ModelError with all that is missing', async () => {
  const bytes = onnxModel({
    nodes: [{ op: 'Frobnicate', inputs: ['x'], outputs: ['h'] }, { op: 'Tangle', inputs: ['h'], outputs: ['y'] }],
    inputs: { x: { dtype: 'f32', dims: ['n', 2] } }, outputs: { y: 'f32' },
  });
  const error = await failureOf(() => db.createModel('odd', bytes));
  assert.instance(error, ModelError);
  assert.is((error as ModelError).code, 'unsupported');
  assert.equal((error as ModelError).missing.map((missing) => missing.op), ['Frobnicate', 'Tangle']);
});

test('any error crosses with its name, message and stack', () => {
  const crossed = (error: unknown): Error => errorOfText(structuredClone(textOfError(error)));
  const failed = new TypeError('a pass went wrong');
  assert.equal(
    [crossed(failed).name, crossed(failed).message, crossed(failed).stack],
    ['TypeError', failed.message, failed.stack],
  );
  assert.instance(crossed(new ExecutionError('overflow')), ExecutionError);
  assert.is(crossed('text').message, 'text');
});

test('the thread ends when nobody has wanted it for a while, and starts again', async () => {
  const client = new CompilerClient({ idleMs: 20 });
  assert.is(client.isRunning, false);
  const [part] = await client.split('SELECT 1');
  assert.equal(part, { start: 0, end: 8 });
  assert.is(client.isRunning, true);
  while (client.isRunning) await sleep(1);
  assert.is((await client.split('SELECT 1; SELECT 2')).length, 2);
  await client.close();
});

test('released with a call under way it ends after the answer', async () => {
  const client = new CompilerClient();
  const parts = client.split('SELECT 1');
  await client.release();
  assert.is((await parts).length, 1);
  assert.is(client.isRunning, false);
});

test('closed with a call under way the call fails', async () => {
  const client = new CompilerClient();
  const failure = failureOf(() => client.split('SELECT 1'));
  await client.close();
  assert.match(((await failure) as Error).message, 'closed');
});

test('a query is explained and made an artifact after its compiler has ended', async () => {
  const sql = "SELECT kind, sum(amount) AS total FROM t WHERE kind = 'a' GROUP BY kind";
  assert.equal(await db.query(sql).toArray(), [{ kind: 'a', total: 12 }]);
  const compiler = await db.loadCompiler();
  const before = process.memoryUsage.rss();
  await compiler.release();
  const freed = before - process.memoryUsage.rss();
  assert.ok(freed > 20 * MIB, `ending the thread gave back ${Math.round(freed / MIB)} MiB`);
  assert.match(await db.explain(sql, { code: true }), /plan\n[\s\S]*rewrites[\s\S]*code\n\s+\(module/);
  await compiler.release();
  const plan = await db.compile(sql);
  assert.equal(await db.run(plan).toArray(), [{ kind: 'a', total: 12 }]);
});

test('a query that many others followed is still explained', async () => {
  const first = await db.compileStatement('SELECT id FROM t');
  if (first.kind !== 'query') return assert.unreachable();
  for (let i = 0; i < 40; i++) await db.compileStatement(`SELECT id + ${i} AS x FROM t`);
  assert.match(await db.explainQuery(first, {}), 'pipelines');
});

test('statements compiled at once see their own commits', async () => {
  const other = await open(join(folder, 'other.db'), { threads: 1, memoryLimit: '64MiB' });
  await other.query('CREATE TABLE t (id VARCHAR)').run();
  const types = await Promise.all(
    [db, other, db, other].map(async (each, i) => (await each.query(`SELECT id AS c${i} FROM t`).columns())![0]!.type),
  );
  assert.equal(types, [types[0], types[1], types[0], types[1]]);
  assert.is.not(types[0], types[1]);
  await other.close();
});

test('registering a model takes less memory than its weights', async () => {
  await db.query('SELECT 1').run();
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => { most = Math.max(most, process.memoryUsage.rss()); }, 5);
  assert.is(await db.createModel('wide', modelPath), 1);
  clearInterval(timer);
  const growth = most - before;
  assert.ok(growth < MODEL_BYTES, `resident memory grew by ${Math.round(growth / MIB)} MiB`);
});

/** Aborts when it is looked at for that time: once before a model is read, then for each block. */
function abortedAtLook(look: number): AbortSignal {
  const cancel = new AbortController();
  const { signal } = cancel;
  let looks = 0;
  signal.throwIfAborted = () => {
    // While it is being read.
    if (looks === look) setImmediate(() => cancel.abort(new Error('enough')));
    looks++;
    AbortSignal.prototype.throwIfAborted.call(signal);
  };
  return signal;
}

test('cancelled in the middle, a model leaves nothing behind', async () => {
  const path = join(folder, 'cancelled.db');
  const own = await open(path, { threads: 1, memoryLimit: '64MiB' });
  for (const look of [0, 1, 2, 10, 40]) {
    const error = await failureOf(() => own.createModel('wide', modelPath, { signal: abortedAtLook(look) }));
    assert.is((error as Error).message, 'enough', `at look ${look}`);
  }
  assert.is(own.file.catalog.models.size, 0);
  const compiler = await own.loadCompiler();
  await compiler.release();
  // A model that was still being read is closed when that is done.
  while (compiler.isRunning) await sleep(1);
  assert.is(await own.createModel('wide', modelPath), 1);
  await own.close();
  assert.equal(await verify(path), []);
});

test('closing the database ends a statement that is being compiled', async () => {
  const own = await open(join(folder, 'closed.db'), { threads: 1, memoryLimit: '64MiB' });
  await own.query('CREATE TABLE t (id INTEGER)').run();
  const compiling = failureOf(() => own.query('SELECT id FROM t').run());
  await sleep(1);
  await own.close();
  assert.match(((await compiling) as Error).message, 'is closed');
});

test.run();
