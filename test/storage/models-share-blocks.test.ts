/**
 * Equal blocks of all tensors, models and versions are stored once and freed with their last user; a large model
 * streams through.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DatabaseFile } from '../../runtime/storage/database-file.js';
import { PAGE_BYTES } from '../../runtime/storage/format.js';
import { blockRun } from '../../runtime/storage/model-store.js';
import { verifyDatabase } from '../../runtime/storage/verify.js';
import { FaultDevice } from './fault-device.js';
import { openOn } from './samples.js';

function full(fill: number): Uint8Array {
  return new Uint8Array(PAGE_BYTES).fill(fill);
}

async function create(database: DatabaseFile, name: string, blocks: Iterable<Uint8Array>): Promise<number> {
  const transaction = database.begin();
  const tensor = await transaction.putTensor({
    name: 'w',
    dtype: 'f32',
    dims: [1],
    layout: { order: 'panels' },
    blocks,
  });
  const version = await transaction.createModel({
    name,
    irText: 'graph',
    inputs: [{ name: 'x', type: 'tensor<f32>[n]' }],
    outputs: [],
    tensors: [tensor],
    notes: { opset: 17 },
  });
  await transaction.commit();
  return version;
}

test('a fine-tuned version stores only what is new', async () => {
  const device = new FaultDevice();
  const database = await openOn(device);
  assert.is(await create(database, 'Fraud', [full(1), full(2), full(3), new Uint8Array(1000).fill(9)]), 1);
  assert.is(await create(database, 'fraud', [full(1), full(2), full(4), new Uint8Array(1000).fill(9)]), 2);
  const snapshot = database.snapshot();
  const stats = await snapshot.modelStats();
  assert.equal(stats, {
    logicalBytes: 6 * PAGE_BYTES + 2000,
    physicalBytes: 4 * PAGE_BYTES + 1000,
    blocks: 5,
    sharedBlocks: 3,
    pages: 5,
  });
  const [first, second] = [(await snapshot.model('FRAUD', 1))!, (await snapshot.model('fraud'))!];
  assert.is(second.version, 2);
  assert.equal(second.notes, { opset: 17 });
  assert.equal(first.tensors[0]!.blocks[0], second.tensors[0]!.blocks[0]);
  const { run, offset } = blockRun(second.tensors[0]!, 2);
  const guard = await database.pool.pin(run);
  assert.is(new Uint8Array(database.pool.memory.buffer)[guard.address + offset], 4);
  guard.release();
  assert.equal(await verifyDatabase(await openOn(new FaultDevice(device.content()))), []);
});

test('dropping a version frees what no other one uses, also after reopening', async () => {
  const device = new FaultDevice();
  await create(await openOn(device), 'a', [full(1), full(2)]);
  await create(await openOn(device), 'b', [full(2), full(3)]);
  const database = await openOn(device);
  const transaction = database.begin();
  await transaction.dropModel('a');
  await transaction.commit();
  assert.equal((await database.snapshot().modelStats()).blocks, 2);
  assert.equal(await verifyDatabase(database), []);
  // A block that was freed is stored again, not remembered.
  await create(database, 'c', [full(1)]);
  assert.equal(await verifyDatabase(await openOn(device)), []);
});

test('version numbers are not given out again, and a replaced version keeps its own', async () => {
  const database = await openOn(new FaultDevice());
  await create(database, 'm', [full(1)]);
  await create(database, 'm', [full(2)]);
  const transaction = database.begin();
  await transaction.dropModel('m', 2);
  const old = (await database.snapshot().model('m', 1))!;
  const tensor = await transaction.putTensor({ name: 'w', dtype: 'f32', dims: [1], layout: null, blocks: [full(7)] });
  await transaction.updateModel('m', { ...old, tensors: [tensor] });
  await transaction.commit();
  assert.is(await create(database, 'm', [full(7)]), 3);
  assert.equal((await database.snapshot().modelStats()).physicalBytes, PAGE_BYTES);
  assert.equal(await verifyDatabase(database), []);
});

test('small blocks share pages; blocks no model refers to are not kept; a rollback forgets its blocks', async () => {
  const database = await openOn(new FaultDevice());
  await create(
    database,
    'small',
    Array.from({ length: 100 }, (_, i) => new Uint8Array(2000).fill(i)),
  );
  assert.is((await database.snapshot().modelStats()).pages, 1);
  const rolled = database.begin();
  await rolled.putBlock(full(50));
  await rolled.rollback();
  const stray = database.begin();
  await stray.putBlock(full(50));
  await stray.putBlock(new Uint8Array(3000));
  await stray.commit();
  assert.equal(await verifyDatabase(database), []);
  await create(database, 'late', [full(50)]);
  assert.equal(await verifyDatabase(database), []);
});

test('a tensor streams: one block is asked for at a time, and none is kept', async () => {
  const database = await openOn(new FaultDevice());
  const buffer = new Uint8Array(PAGE_BYTES);
  function* blocks(): Generator<Uint8Array> {
    for (let i = 0; i < 40; i++) {
      new DataView(buffer.buffer).setUint32(0, i);
      yield buffer;
    }
  }
  await create(database, 'big', blocks());
  assert.is((await database.snapshot().modelStats()).blocks, 40);
  assert.equal(await verifyDatabase(database), []);
});

test.run();
