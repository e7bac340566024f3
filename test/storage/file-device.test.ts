/** A database file under load and at its end: requests are whole, and a closed file is asked for nothing. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FileDevice } from '../../runtime/storage/file.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-device-'));
const path = join(folder, 'device');
/** Longer than a short read. */
const BYTES = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);

test.before.each(() => writeFileSync(path, BYTES));
test.after(() => rmSync(folder, { recursive: true, force: true }));

for (const isAlone of [false, true]) {
  const where = isAlone ? ", short reads on the caller's thread" : '';

  test(`what is read is what lies there, up to the end of the file${where}`, async () => {
    const device = await FileDevice.open(path, 'read', { isAlone });
    const shared = new Uint8Array(new SharedArrayBuffer(200_000));
    const stretches = [[0, 100_000], [99_990, 100], [17, 4096], [1, 99_000], [100_000, 10], [5, 0]] as const;
    for (const [offset, length] of stretches) {
      shared.fill(255);
      const expected = BYTES.subarray(offset, offset + length);
      assert.is(await device.read(shared.subarray(8, 8 + length), offset), expected.length);
      assert.equal(shared.slice(8, 8 + expected.length), expected);
      assert.ok(shared.subarray(8 + expected.length).every((byte) => byte === 255), 'nothing is written behind it');
    }
    assert.is(await device.size(), BYTES.length);
    await device.close();
  });

  test(`it is closed when what is under way is done, and asked for nothing after that${where}`, async () => {
    const device = await FileDevice.open(path, 'write', { isAlone });
    const targets = Array.from({ length: 8 }, () => new Uint8Array(BYTES.length));
    const reads = targets.map((target) => device.read(target, 0));
    const writing = device.write(Uint8Array.of(1, 2, 3), BYTES.length);
    const closing = device.close();
    assert.is(device.close(), closing);
    assert.equal(await Promise.all(reads), targets.map(() => BYTES.length));
    await writing;
    await closing;
    for (const target of targets) assert.equal(target, BYTES);
    assert.equal([...readFileSync(path).subarray(-3)], [1, 2, 3]);
    // Takes the number of the descriptor that was closed: another file, which must not be touched.
    const other = join(folder, 'other');
    writeFileSync(other, 'other');
    const descriptor = openSync(other, 'r+');
    for (const ask of [
      () => device.read(new Uint8Array(4), 0), () => device.write(new Uint8Array(4), 0), () => device.sync(),
      () => device.size(), () => device.truncate(0), () => device.isAt(other),
    ])
      assert.match(await ask().then(() => 'done', (error: Error) => error.message), 'closed');
    closeSync(descriptor);
    assert.is(readFileSync(other, 'latin1'), 'other');
  });
}

test('it knows whether it is still the file of its name', async () => {
  const device = await FileDevice.open(path, 'read');
  assert.is(await device.isAt(path), true);
  rmSync(path);
  assert.is(await device.isAt(path), false);
  writeFileSync(path, BYTES);
  assert.is(await device.isAt(path), false);
  await device.close();
});

test('it is made where it is to be made, and what is there stays', async () => {
  const made = join(folder, 'made');
  assert.match(await FileDevice.open(made, 'write').then(() => '', (error: Error) => error.message), 'ENOENT');
  const first = await FileDevice.open(made, 'create');
  await first.write(Uint8Array.of(7), 0);
  await first.sync();
  await first.close();
  const second = await FileDevice.open(made, 'create');
  assert.is(await second.size(), 1);
  await second.truncate(0);
  assert.is(await second.size(), 0);
  await second.close();
});

test.run();
