/** A full disk at any size is a StorageError 'full', costs only the transaction, and leaves no growth behind. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { StorageError } from '../../runtime/errors.js';
import { PAGE_BYTES } from '../../runtime/storage/format.js';
import { verifyDatabase } from '../../runtime/storage/verify.js';
import { FaultDevice } from './fault-device.js';
import { batchOf, column, openOn, rowsOf } from './samples.js';

const COLUMNS = [column('s', 'utf8')];

test('whichever write is refused, the last commit stays and the next transaction works', async () => {
  const device = new FaultDevice();
  const database = await openOn(device);
  const creating = database.begin();
  creating.createTable({ name: 't', columns: COLUMNS });
  const first = await creating.tableWriter('t');
  await first.append(batchOf(COLUMNS, [['kept']]));
  await first.finish();
  await creating.commit();
  const sizeBefore = device.content().length;
  let refused = 0;
  for (let room = 0; ; room += PAGE_BYTES / 2) {
    device.capacityBytes = sizeBefore + room;
    const transaction = database.begin();
    try {
      const writer = await transaction.tableWriter('t');
      for (let i = 0; i < 5; i++)
        await writer.append(
          batchOf(
            COLUMNS,
            Array.from({ length: 300 }, (_, k) => [`${i} ${k} ${'y'.repeat(1000)}`]),
          ),
        );
      await writer.finish();
      await transaction.putTensor({
        name: 'w',
        dtype: 'u8',
        dims: [9],
        layout: null,
        blocks: [new Uint8Array(PAGE_BYTES)],
      });
      await transaction.commit();
      break;
    } catch (error) {
      assert.instance(error, StorageError);
      assert.is((error as StorageError).code, 'full');
      assert.ok(transaction.isOver);
      refused++;
    }
    assert.ok(device.content().length <= sizeBefore, 'growth is given back');
    assert.equal(await rowsOf((await database.snapshot().table('t'))!), [['kept']]);
    assert.equal(await verifyDatabase(database), []);
  }
  assert.ok(refused > 5, `${refused} refusals`);
  assert.is((await database.snapshot().table('t'))!.rowCount, 1501);
  assert.equal(await verifyDatabase(await openOn(new FaultDevice(device.content()))), []);
});

test('dropping a table gives its space back to the file system', async () => {
  const device = new FaultDevice();
  const database = await openOn(device);
  const creating = database.begin();
  creating.createTable({ name: 't', columns: COLUMNS });
  const writer = await creating.tableWriter('t');
  await writer.append(
    batchOf(
      COLUMNS,
      Array.from({ length: 3000 }, (_, k) => [`${k} ${'z'.repeat(1000)}`]),
    ),
  );
  await writer.finish();
  await creating.commit();
  const full = device.content().length;
  for (let i = 0; i < 3; i++) {
    const transaction = database.begin();
    if (i === 0) await transaction.dropTable('t');
    transaction.setSetting('i', String(i));
    await transaction.commit();
  }
  assert.ok(
    full > 12 * PAGE_BYTES && device.content().length <= 8 * PAGE_BYTES,
    `${full} to ${device.content().length}`,
  );
  assert.equal(await verifyDatabase(await openOn(new FaultDevice(device.content()))), []);
});

test.run();
