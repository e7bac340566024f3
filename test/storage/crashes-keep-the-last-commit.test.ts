/**
 * After a crash at any request the file holds exactly the last commit (or the one under way, whole), and verifies
 * clean.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DatabaseFile } from '../../runtime/storage/database-file.js';
import { verifyDatabase } from '../../runtime/storage/verify.js';
import { FaultDevice, SimulatedCrash, randomOf } from './fault-device.js';
import { batchOf, column, openOn, rowsOf } from './samples.js';

const COLUMNS = [column('i', 'i32'), column('s', 'utf8')];

async function append(database: DatabaseFile, from: number): Promise<void> {
  const transaction = database.begin();
  if (from === 0) transaction.createTable({ name: 't', columns: COLUMNS });
  const writer = await transaction.tableWriter('t');
  await writer.append(
    batchOf(
      COLUMNS,
      Array.from({ length: 10 }, (_, i) => [from + i, `row ${from + i}`]),
    ),
  );
  await writer.finish();
  await transaction.commit();
}

async function createModel(database: DatabaseFile, seed: number): Promise<void> {
  const transaction = database.begin();
  const blocks = [1, seed].map((fill) => new Uint8Array(5000).fill(fill));
  const tensor = await transaction.putTensor({ name: 'w', dtype: 'f32', dims: [2500], layout: null, blocks });
  const full = await transaction.putTensor({
    name: 'f',
    dtype: 'u8',
    dims: [262_144],
    layout: null,
    blocks: [new Uint8Array(262_144).fill(seed)],
  });
  await transaction.createModel({
    name: 'm',
    irText: `model ${seed}`,
    inputs: [],
    outputs: [],
    tensors: [tensor, full],
  });
  await transaction.commit();
}

const STEPS: readonly ((database: DatabaseFile) => Promise<void>)[] = [
  (database) => append(database, 0),
  (database) => createModel(database, 2),
  (database) => append(database, 10),
  (database) => createModel(database, 3),
  async (database) => {
    const transaction = database.begin();
    await transaction.dropModel('m', 1);
    transaction.createView({ name: 'v', sql: 'SELECT 1' });
    await transaction.commit();
  },
  (database) => append(database, 20),
  async (database) => {
    const transaction = database.begin();
    await transaction.dropTable('t');
    await transaction.dropModel('M');
    await transaction.commit();
  },
  (database) => append(database, 0),
];

/** Everything a user could see, as text. */
async function contentOf(database: DatabaseFile): Promise<string> {
  const snapshot = database.snapshot();
  const table = await snapshot.table('t');
  const models = [];
  for (const { version } of snapshot.catalog.models.get('m')?.versions ?? []) {
    const model = (await snapshot.model('m', version))!;
    models.push([version, model.irText, model.tensors.map((t) => t.blocks.map((b) => b.hash))]);
  }
  const content = JSON.stringify([
    table === undefined ? null : await rowsOf(table),
    models,
    [...snapshot.catalog.views.keys()],
  ]);
  snapshot.release();
  return content;
}

async function contentsByStep(): Promise<{ contents: string[]; requests: number }> {
  const device = new FaultDevice();
  const database = await openOn(device);
  const contents = [await contentOf(database)];
  for (const step of STEPS) {
    await step(database);
    contents.push(await contentOf(database));
  }
  return { contents, requests: device.requests };
}

test('a crash after any request leaves a whole commit', async () => {
  const { contents, requests } = await contentsByStep();
  assert.ok(requests > 50, `${requests} requests`);
  for (let crashAt = 1; crashAt <= requests; crashAt++) {
    const device = new FaultDevice();
    device.crashAt = crashAt;
    let done = -1;
    try {
      const database = await openOn(device);
      done = 0;
      for (const step of STEPS) {
        await step(database);
        done++;
      }
    } catch (error) {
      const cause = (error as Error).cause;
      assert.ok(cause instanceof SimulatedCrash || (cause as Error).cause instanceof SimulatedCrash, String(error));
    }
    for (const seed of [1, 2]) {
      const restarted = new FaultDevice(device.afterCrash(randomOf(crashAt * 2 + seed)));
      const database = await openOn(restarted);
      const found = await contentOf(database);
      const allowed = contents.slice(Math.max(0, done), done + 2);
      assert.ok(allowed.includes(found), `crash at ${crashAt}, ${done} commits done: found ${found}`);
      assert.equal(await verifyDatabase(database), [], `crash at ${crashAt}`);
      // The database goes on from there.
      const transaction = database.begin();
      transaction.setSetting('after', 'crash');
      await transaction.commit();
      assert.equal(await verifyDatabase(await openOn(new FaultDevice(restarted.content()))), []);
    }
  }
});

test('a machine that stops after a killed process and its successor leaves a whole commit', async () => {
  const { contents } = await contentsByStep();
  for (let killed = 1; killed < STEPS.length - 1; killed++) {
    const crashed = { at: 1, isOver: false };
    for (; !crashed.isOver; crashed.at++) {
      const device = new FaultDevice();
      let database = await openOn(device);
      for (const step of STEPS.slice(0, killed)) await step(database);
      // Killed between the superblock and its sync: the system has it, the disk may not.
      const sync = device.sync.bind(device);
      let syncs = 0;
      device.sync = async () => (++syncs === 3 ? assert.unreachable('killed') : sync());
      await STEPS[killed]!(database).catch(() => undefined);
      device.sync = sync;
      device.crashAt = device.requests + crashed.at;
      try {
        database = await openOn(device);
        await STEPS[killed + 1]!(database);
        crashed.isOver = true;
      } catch {
        // Wherever it stops.
      }
      for (const seed of [1, 2, 3]) {
        const restarted = await openOn(new FaultDevice(device.afterCrash(randomOf(crashed.at * 3 + seed))));
        const place = `killed in step ${killed}, crash at ${crashed.at}`;
        assert.ok(contents.slice(killed, killed + 3).includes(await contentOf(restarted)), place);
        assert.equal(await verifyDatabase(restarted), [], place);
      }
    }
  }
});

test('a failed sync of the superblock closes the database for writing, as nobody knows what is on the disk', async () => {
  const device = new FaultDevice();
  const database = await openOn(device);
  await append(database, 0);
  const sync = device.sync.bind(device);
  let syncs = 0;
  device.sync = async () => {
    syncs++;
    if (syncs === 3) throw Object.assign(new Error('input/output error'), { code: 'EIO' });
    return sync();
  };
  await append(database, 10).then(
    () => assert.unreachable(),
    (error: { code: string }) => assert.is(error.code, 'io'),
  );
  assert.throws(() => database.begin(), /open the file again/);
  assert.is((await rowsOf((await database.snapshot().table('t'))!)).length, 10, 'reading goes on');
});

test.run();
