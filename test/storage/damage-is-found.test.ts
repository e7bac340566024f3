/** Damaged, truncated and foreign files are refused with the page that is wrong; nothing wild is allocated or read. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { StorageError } from '../../runtime/errors.js';
import { chunksOf, type ChunkMeta } from '../../runtime/storage/chunk.js';
import type { DatabaseFile } from '../../runtime/storage/database-file.js';
import { directoryPages } from '../../runtime/storage/commit.js';
import { PAGE_BYTES, PAGE_KINDS, SLOT_BYTES, SUPERBLOCK_BYTES, slotOf } from '../../runtime/storage/format.js';
import { decodeSegment, encodeSegment } from '../../runtime/storage/segment.js';
import { ShapeError } from '../../runtime/storage/shape.js';
import { verifyDatabase } from '../../runtime/storage/verify.js';
import { FaultDevice, randomOf } from './fault-device.js';
import { batchOf, cellsOf, column, openOn, rowsOf } from './samples.js';

const COLUMNS = [column('i', 'i32'), column('s', 'utf8')];

async function sample(): Promise<{ bytes: Uint8Array; database: DatabaseFile }> {
  const device = new FaultDevice();
  const database = await openOn(device);
  const transaction = database.begin();
  transaction.createTable({ name: 't', columns: COLUMNS });
  const writer = await transaction.tableWriter('t');
  await writer.append(
    batchOf(
      COLUMNS,
      Array.from({ length: 500 }, (_, i) => [i, `row ${i}`]),
    ),
  );
  await writer.finish();
  const tensor = await transaction.putTensor({
    name: 'w',
    dtype: 'u8',
    dims: [100],
    layout: null,
    blocks: [new Uint8Array(100).fill(5)],
  });
  await transaction.createModel({ name: 'm', irText: 'graph', inputs: [], outputs: [], tensors: [tensor] });
  await transaction.commit();
  return { bytes: device.content(), database };
}

/** The problems of a file: one when it cannot be opened, else those of verify. */
async function problemsOf(bytes: Uint8Array): Promise<readonly StorageError[]> {
  try {
    const database = await openOn(new FaultDevice(bytes), { readOnly: true });
    return await verifyDatabase(database);
  } catch (error) {
    assert.instance(error, StorageError, String(error));
    return [error as StorageError];
  }
}

async function codeOf(bytes: Uint8Array): Promise<string> {
  return openOn(new FaultDevice(bytes), { readOnly: true }).then(
    () => 'opened',
    (error: StorageError) => error.code,
  );
}

test('a flip in any kind of page is found, and the page is named', async () => {
  const { bytes, database } = await sample();
  const snapshot = database.snapshot();
  const table = snapshot.catalog.tables.get('t')!;
  const model = (await snapshot.model('m'))!;
  const places = {
    directoryRoot: snapshot.commit.superblock.directory!.page,
    directoryLeaf: directoryPages(snapshot.commit)[1]!,
    catalog: snapshot.commit.superblock.catalog.pages[0]!,
    tableMetadata: table.segments[0]!.pages[0]!,
    data: (await snapshot.table('t'))!.groups[0]!.chunk(0).run.pages[0]!,
    modelMetadata: snapshot.catalog.models.get('m')!.versions[0]!.metadata.pages[0]!,
    block: model.tensors[0]!.blocks[0]!.page,
  };
  assert.equal(await problemsOf(bytes), []);
  for (const [kind, page] of Object.entries(places)) {
    for (const at of [0, 1, 3]) {
      const damaged = bytes.slice();
      damaged[page * PAGE_BYTES + at]! ^= 0x10;
      const problems = await problemsOf(damaged);
      assert.ok(problems.length > 0, `${kind} at ${at}`);
      assert.ok(
        problems.some((p) => p.code === 'corrupt' && p.details.page === page),
        `${kind}: ${problems.map(String).join('; ')}`,
      );
    }
  }
});

test('reading a table with a flipped page throws, and gives no rows', async () => {
  const { bytes, database } = await sample();
  const page = (await database.snapshot().table('t'))!.groups[0]!.chunk(0).run.pages[0]!;
  bytes[page * PAGE_BYTES + 77]! ^= 1;
  const damaged = await openOn(new FaultDevice(bytes));
  const table = (await damaged.snapshot().table('t'))!;
  await rowsOf(table).then(
    () => assert.unreachable(),
    (error: StorageError) => {
      assert.is(error.details.page, page);
      assert.match(error.message, /expected 0x[0-9a-f]{8}, found 0x[0-9a-f]{8}/);
    },
  );
  assert.is(damaged.pool.stats().cached, 0, 'a damaged page does not stay in the pool');
});

test('a column is read and checked without the others of its page', async () => {
  const { bytes, database } = await sample();
  const [i, s] = chunksOf((await database.snapshot().table('t'))!.groups[0]!);
  assert.equal(i!.run, s!.run);
  bytes[i!.run.pages[0]! * PAGE_BYTES + i!.byteOffset + 77]! ^= 1;
  const damaged = await openOn(new FaultDevice(bytes));
  const table = (await damaged.snapshot().table('t'))!;
  const text = await table.readColumn(table.groups[0]!, 1);
  assert.is(cellsOf(text, 500)[499], 'row 499');
  assert.is(damaged.pool.stats().bytesRead, s!.byteLength);
  const failure: unknown = await table.readColumn(table.groups[0]!, 0).catch((error: unknown) => error);
  assert.instance(failure, StorageError);
  assert.equal((failure as StorageError).details.page, i!.run.pages[0]);
  assert.is((await verifyDatabase(damaged)).length, 1);
});

test('a chunk that is not the one its metadata was written for is not read, be its page as it was written', async () => {
  const { bytes } = await sample();
  const database = await openOn(new FaultDevice(bytes));
  const table = (await database.snapshot().table('t'))!;
  const chunk = table.groups[0]!.chunk(0);
  Object.assign(chunk, { checksum: chunk.checksum ^ 1 });
  const failure: unknown = await table.readColumn(table.groups[0]!, 0).catch((error: unknown) => error);
  assert.instance(failure, StorageError);
  assert.match((failure as StorageError).message, /are not what was stored: expected 0x/);
  assert.is((failure as StorageError).details.page, chunk.run.pages[0]);
});

test('a chunk whose metadata cannot be is refused when it is asked for, and no other', async () => {
  const { database } = await sample();
  const { groups } = (await database.snapshot().table('t'))!;
  const look = (read: () => ChunkMeta): ChunkMeta => read();
  const text = new TextDecoder().decode(encodeSegment(groups));
  const { page, at } = { page: groups[0]!.chunk(1).run.pages[0]!, at: groups[0]!.chunk(1).byteOffset };
  for (const [from, to] of [
    [`[${page},${at},`, `[0,${at},`],
    [`[${page},${at},`, `[${page},${at + 1},`],
    [`[${page},${at},`, `[${page},${PAGE_BYTES},`],
    [`[${page},${at},`, `[${page},`],
  ] as const) {
    assert.ok(text.includes(from));
    const [group] = decodeSegment(new TextEncoder().encode(text.replace(from, to)), { columns: COLUMNS, look });
    assert.equal(group!.chunk(0), groups[0]!.chunk(0));
    assert.throws(() => group!.chunk(1), (error: Error) => error instanceof ShapeError, `${from} as ${to}`);
  }
  const fewer = { columns: COLUMNS.slice(1), look };
  assert.throws(() => decodeSegment(encodeSegment(groups), fewer), (error: Error) => error instanceof ShapeError);
});

test('one damaged superblock copy loses nothing, is reported, and is repaired by the next writer', async () => {
  const { bytes, database } = await sample();
  const newest = slotOf(database.sequence) * SLOT_BYTES;
  for (const at of [newest + 17, newest + SUPERBLOCK_BYTES + 20]) {
    const device = new FaultDevice(bytes);
    device.flip(at);
    const [problem] = await problemsOf(device.content());
    assert.is(problem!.details.page, 0);
    const repaired = await openOn(device);
    assert.is(repaired.sequence, database.sequence);
    assert.is(repaired.problems.length, 1);
    assert.equal(await problemsOf(device.content()), []);
  }
  const all = bytes.slice();
  for (const slot of [0, SLOT_BYTES]) for (const copy of [0, SUPERBLOCK_BYTES]) all[slot + copy + 18]! ^= 1;
  assert.is(await codeOf(all), 'corrupt');
});

test('truncated and foreign files, and those of other versions, are told apart', async () => {
  const { bytes } = await sample();
  assert.is(await codeOf(new TextEncoder().encode('id,name\n1,x\n'.repeat(1000))), 'not-a-database');
  assert.is(await codeOf(new Uint8Array(0)), 'not-a-database');
  for (const cut of [10, 5000, PAGE_BYTES, bytes.length - 1])
    assert.is(await codeOf(bytes.slice(0, cut)), 'corrupt', `cut to ${cut}`);
  // A disc image begins with zeros, and so does much else.
  const image = new Uint8Array(100_000);
  image.set(new TextEncoder().encode('precious'), 40_000);
  for (const foreign of [new TextEncoder().encode('precious text'), image]) {
    const device = new FaultDevice(foreign);
    await openOn(device).then(
      () => assert.unreachable(),
      (error: StorageError) => assert.is(error.code, 'not-a-database'),
    );
    assert.equal(device.content(), foreign, 'a foreign file is never written over');
  }
});

test('a table whose metadata names a page of something else is not read', async () => {
  const { bytes } = await sample();
  const database = await openOn(new FaultDevice(bytes), { readOnly: true });
  const other = (await (await sample()).database.snapshot().table('t'))!.groups[0]!.chunk(0).run.pages[0]!;
  database.pages.setEntry(other, { ...database.pages.entry(other), kind: PAGE_KINDS.model });
  await rowsOf((await database.snapshot().table('t'))!).then(
    () => assert.unreachable('it was read'),
    (error: StorageError) => {
      assert.instance(error, StorageError);
      assert.equal([error.code, error.details.page], ['corrupt', other]);
    },
  );
});

test('a chain of pages is as long as what was written on them, and a longer one is not read', async () => {
  const { pages } = await openOn(new FaultDevice());
  const bytes = new Uint8Array(PAGE_BYTES + 1000).map((_, i) => i % 251);
  const chain = await pages.writeRun('tableMetadata', bytes);
  assert.equal(await pages.readChain({ pages: chain, byteLength: bytes.length }), bytes);
  assert.equal(await pages.readChain({ pages: chain, byteLength: 5 }), bytes.subarray(0, 5));
  assert.is((await pages.readChain({ pages: [], byteLength: 0 })).length, 0);
  for (const [wrong, byteLength] of [[chain, bytes.length + 1], [[], 1], [[...chain, 4000], 9], [[0], 1]] as const) {
    const read = pages.readChain({ pages: wrong, byteLength });
    const problem = await read.then(() => undefined, (error: unknown) => error);
    assert.instance(problem, StorageError);
    assert.is((problem as StorageError).code, 'corrupt');
  }
});

test('any bytes in the metadata pages give a StorageError or the truth, never another error', async () => {
  const { bytes } = await sample();
  const random = randomOf(7);
  for (let round = 0; round < 150; round++) {
    const damaged = bytes.slice();
    for (let flips = 0; flips <= round % 5; flips++) {
      const page = Math.floor(random() * (bytes.length / PAGE_BYTES));
      damaged[page * PAGE_BYTES + Math.floor(random() * 400)] = Math.floor(random() * 256);
    }
    await problemsOf(damaged);
  }
});

test.run();
