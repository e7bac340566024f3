/**
 * What a user can hand over broken: each gives a typed error that says what was found, and the database stays as it
 * was.
 */
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  openSync,
  readSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Database, ImportError, open, StorageError, verify } from '../../runtime/database.js';
import { WorkerPool } from '../../runtime/executor/worker-pool.js';
import { DatabaseFile } from '../../runtime/storage/database-file.js';
import { PAGE_BYTES } from '../../runtime/storage/format.js';
import type { ModelVersion } from '../../runtime/storage/model-store.js';
import { verifyDatabase } from '../../runtime/storage/verify.js';
import { FaultDevice } from '../storage/fault-device.js';
import { ROOT } from '../support/golden.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-bad-'));
const path = join(folder, 'good.db');
const MLP = `${ROOT}examples/flights/late_mlp.onnx`;
const SQL = 'SELECT carrier, name FROM airlines ORDER BY carrier';
let db: Database;
let plan: Uint8Array;

test.before(async () => {
  db = await open(path, { threads: 1, memoryLimit: '64MiB' });
  await db.importFile('airlines', `${ROOT}examples/flights/airlines.parquet`);
  await db.createModel('late', MLP);
  plan = (await db.compile(SQL)).bytes;
});

test.after(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

async function failureOf(work: () => Promise<unknown>): Promise<Error> {
  try {
    await work();
  } catch (error) {
    assert.instance(error, Error);
    return error as Error;
  }
  return assert.unreachable('nothing was thrown') as never;
}

/** What the database holds; must be the same after every failure. */
async function contents(): Promise<unknown> {
  const { tables, models } = db.file.catalog;
  return {
    tables: [...tables.keys()],
    models: [...models.values()].map(({ name, versions }) => [name, versions.length]),
    rows: await db.query(SQL).run(),
  };
}

/** The failure's name, and that nothing changed. */
async function refused(
  work: () => Promise<unknown>,
  expected: { readonly name: string; readonly message: RegExp },
): Promise<void> {
  const before = await contents();
  const error = await failureOf(work);
  assert.is(error.name, expected.name, error.stack);
  assert.match(error.message, expected.message);
  assert.equal(await contents(), before);
}

test('SQL that cannot be compiled', async () => {
  const name = 'CompileError';
  await refused(() => db.query('SELECT FROM WHERE').run(), { name, message: /line 1, column 8/ });
  await refused(() => db.query('SELECT * FROM airline').run(), { name, message: /airline.*did you mean "airlines"/s });
  await refused(() => db.query('SELECT nam FROM airlines').run(), { name, message: /nam.*did you mean "name"/s });
  await refused(() => db.query('SELECT predict(lat, 1) FROM airlines').run(), { name, message: /lat/ });
});

test('counts and types that a model does not take', async () => {
  const name = 'CompileError';
  await refused(() => db.query('SELECT predict(late, 1, 2) FROM airlines').run(), { name, message: /13|month/ });
  await refused(() => db.query('SELECT predict(late, airlines.*) FROM airlines').run(), { name, message: /month/ });
  const texts = Array.from({ length: 13 }, () => 'name').join(', ');
  await refused(() => db.query(`SELECT predict(late, ${texts}) FROM airlines`).run(), {
    name,
    message: /VARCHAR|utf8|text/i,
  });
});

test('a CSV with ragged rows is refused with its line, and makes no table', async () => {
  const ragged = join(folder, 'ragged.csv');
  writeFileSync(ragged, 'a,b\n1,2\n3\n4,5\n');
  await refused(() => db.importFile('ragged', ragged), { name: 'ImportError', message: /3|line/ });
  const error = await failureOf(() => db.importFile('ragged', ragged));
  assert.is((error as ImportError).details.line, 3);
  const long = join(folder, 'long.csv');
  writeFileSync(long, `a,b\n${'1,2\n'.repeat(40_000)}1,2,3\n`);
  await refused(() => db.importFile('long', long), { name: 'ImportError', message: /40002/ });
});

test('files that are not what their name says', async () => {
  const fake = join(folder, 'fake.parquet');
  writeFileSync(fake, 'no parquet at all');
  await refused(() => db.importFile('fake', fake), { name: 'ImportError', message: /fake\.parquet/ });
  const cut = join(folder, 'cut.parquet');
  writeFileSync(cut, readFileSync(`${ROOT}examples/flights/airlines.parquet`).subarray(0, 300));
  await refused(() => db.importFile('cut', cut), { name: 'ImportError', message: /cut\.parquet/ });
  await refused(() => db.importFile('x', join(folder, 'x.docx')), { name: 'ImportError', message: /format/ });
  const missing = await failureOf(() => db.importFile('none', join(folder, 'none.csv')));
  assert.match(missing.message, /none\.csv/);
});

test('garbage and truncated models, by CREATE MODEL and by createModel', async () => {
  const garbage = join(folder, 'garbage.onnx');
  writeFileSync(garbage, Buffer.from('this is not a protobuf, whatever its name says'));
  await refused(() => db.query(`CREATE MODEL g FROM '${garbage}'`).run(), {
    name: 'ModelError',
    message: /garbage|g\b/,
  });
  const whole = readFileSync(MLP);
  for (const share of [0.1, 0.5, 0.9, 0.99]) {
    const cut = join(folder, 'cut.onnx');
    writeFileSync(cut, whole.subarray(0, Math.floor(whole.byteLength * share)));
    await refused(() => db.createModel('cut', cut), { name: 'ModelError', message: /./ });
  }
  await refused(() => db.createModel('empty', new Uint8Array(0)), { name: 'ModelError', message: /./ });
});

test('a damaged artifact is refused before any of it runs', async () => {
  for (const length of [0, 7, 100, plan.byteLength - 1]) {
    await refused(() => db.run(plan.subarray(0, length)).run(), { name: 'StorageError', message: /truncated|no plan/ });
  }
  for (const place of [9, Math.floor(plan.byteLength / 2), plan.byteLength - 20]) {
    const flipped = plan.slice();
    flipped[place]! ^= 0x40;
    const error = await failureOf(() => db.run(flipped).run());
    assert.instance(error, StorageError);
    assert.is((error as StorageError).code, 'artifact');
  }
});

test('an artifact for other tables is refused by name', async () => {
  const other = await open(join(folder, 'other.db'), { threads: 1 });
  try {
    const error = await failureOf(() => other.run(plan).run());
    assert.match(error.message, /airlines/);
  } finally {
    await other.close();
  }
});

test('an artifact that counts on NOT NULL is refused by a table with NULLs, not the other way round', async () => {
  const changing = await open(join(folder, 'changing.db'), { threads: 1 });
  const create = async (type: string, values: string): Promise<void> => {
    await changing.query(`CREATE OR REPLACE TABLE t (a ${type})`).run();
    await changing.query(`INSERT INTO t VALUES ${values}`).run();
  };
  try {
    await create('INT NOT NULL', '(1)');
    const strict = await changing.compile('SELECT a, a IS NULL AS n FROM t');
    await create('INT', '(NULL)');
    await refused(() => changing.run(strict).run(), { name: 'StorageError', message: /a i32 NOT NULL.*has a i32:/ });
    const lenient = await changing.compile('SELECT a, a IS NULL AS n FROM t');
    await create('INT NOT NULL', '(7)');
    for (const plan of [strict, lenient]) assert.equal(await changing.run(plan).toArray(), [{ a: 7, n: false }]);
  } finally {
    await changing.close();
  }
});

function flip(file: string, offset: number): void {
  const handle = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(handle, byte, 0, 1, offset);
  byte[0]! ^= 0x10;
  writeSync(handle, byte, 0, 1, offset);
  closeSync(handle);
}

test('a truncated or flipped database file is a StorageError, and verify tells where', async () => {
  const copy = join(folder, 'damaged.db');
  const size = statSync(path).size;
  copyFileSync(path, copy);
  truncateSync(copy, Math.floor(size / 2));
  assert.ok((await verify(copy)).length > 0, 'a truncated file is found');
  let found = 0;
  for (let offset = 256 * 1024; offset < size; offset += 256 * 1024) {
    copyFileSync(path, copy);
    flip(copy, offset);
    const problems = await verify(copy);
    found += problems.length > 0 ? 1 : 0;
    for (const problem of problems) assert.is(problem.code, 'corrupt');
  }
  assert.ok(found >= 4, `${found} flipped pages were found`);
  writeFileSync(copy, 'this is a letter to my aunt, and no database');
  const error = await failureOf(() => open(copy, { create: false }));
  assert.instance(error, StorageError);
  assert.match(error.message, /not an Intarsia database/);
});

test('a page that cannot be read ends a query whose rows wait for their caller', async () => {
  const wide = join(folder, 'wide.db');
  const writing = await open(wide, { threads: 2, memoryLimit: '64MiB' });
  await writing.query("CREATE TABLE t AS SELECT 'row ' || i || repeat('y', 40 + CAST(i % 50 AS INTEGER)) AS s FROM range(150000) r(i)").run();
  const [, second] = (await writing.file.snapshot().table('t'))!.groups;
  await writing.close();
  flip(wide, second!.chunk(0).run.pages[1]! * PAGE_BYTES);
  const reading = await open(wide, { threads: 2, memoryLimit: '16MiB' });
  try {
    const read = async (): Promise<void> => {
      for await (const batch of reading.query('SELECT s FROM t')) assert.ok(batch.numRows > 0);
    };
    for (let round = 0; round < 20; round++) {
      const error = await failureOf(read);
      assert.instance(error, StorageError);
      const { pinned, scratch } = reading.file.pool.stats();
      assert.equal({ pinned, scratch }, { pinned: 0, scratch: 0 });
    }
  } finally {
    await reading.close();
  }
});

test('a stored model whose weights cannot be what they say is refused, and not computed with', async () => {
  const other = await open(join(folder, 'layouts.db'), { threads: 1, memoryLimit: '64MiB' });
  const row = Array.from({ length: 13 }, (_, i) => String(i)).join(', ');
  const predict = `SELECT (predict(late, ${row})).probabilities[2] AS p`;
  const change = async (to: (model: ModelVersion) => ModelVersion): Promise<void> => {
    const transaction = other.file.begin();
    const entry = [...other.file.catalog.models.values()][0]!;
    await transaction.updateModel('late', to(await other.file.loadModel(entry.versions[0]!)));
    await transaction.commit();
  };
  const relaid = (model: ModelVersion, text: (part: string) => string): ModelVersion => ({
    ...model,
    tensors: model.tensors.map((tensor) => {
      const { whole, parts } = tensor.layout as { whole: string; parts: string[] };
      return { ...tensor, layout: { whole, parts: parts.map(text) } };
    }),
  });
  try {
    await other.createModel('late', MLP);
    const [{ p }] = (await other.query(predict).toArray()) as [{ p: number }];
    const good = await other.file.loadModel([...other.file.catalog.models.values()][0]!.versions[0]!);
    const damages: readonly ((model: ModelVersion) => ModelVersion)[] = [
      (model) => relaid(model, (part) => part.replace(/,"columns":\d+/, '')),
      (model) => relaid(model, (part) => part.replace(/"columns":\d+/, '"columns":9')),
      (model) => relaid(model, (part) => part.replace(/"k":\d+/, '"k":12')),
      (model) => relaid(model, () => 'panels'),
      (model) => ({
        ...model,
        tensors: model.tensors.map((tensor) => ({ ...tensor, dims: tensor.dims.map((dim) => dim + 1) })),
      }),
      (model) => ({ ...model, irText: model.irText.slice(0, -20) }),
    ];
    for (const damage of damages) {
      await change(() => damage(good));
      const error = await failureOf(() => other.query(predict).run());
      assert.instance(error, StorageError, error.stack);
      assert.match(error.message, /stored model late@1 is damaged/);
      assert.is((error as StorageError).code, 'corrupt');
    }
    await change(() => good);
    assert.equal(await other.query(predict).toArray(), [{ p }]);
  } finally {
    await other.close();
  }
});

test('a full disk fails the import and CREATE MODEL, and costs nothing else', async () => {
  const device = new FaultDevice();
  const file = await DatabaseFile.openDevice(device, { name: 'a full disk', memoryLimitBytes: 64 * 2 ** 20 });
  const full = new Database({
    path: 'a full disk',
    file,
    workers: new WorkerPool(),
    limitBytes: 65 * 2 ** 20,
    resultBytes: 2 ** 20,
    threads: 1,
  });
  await full.importFile('airlines', `${ROOT}examples/flights/airlines.parquet`);
  for (const room of [0, 100_000, 300_000]) {
    device.capacityBytes = device.content().byteLength + room;
    for (const work of [
      () => full.importFile('weather', `${ROOT}examples/flights/weather.parquet`),
      () => full.createModel('late', MLP),
    ]) {
      const error = await failureOf(work);
      assert.instance(error, StorageError, error.stack);
      assert.is((error as StorageError).code, 'full');
      assert.equal([...full.file.catalog.tables.keys()], ['airlines']);
      assert.is(full.file.catalog.models.size, 0);
      assert.equal(await verifyDatabase(file), []);
    }
  }
  device.capacityBytes = Infinity;
  assert.is(await full.importFile('weather', `${ROOT}examples/flights/weather.parquet`), 26_115);
  assert.is(await full.createModel('late', MLP), 1);
  await full.close();
});

test.run();
