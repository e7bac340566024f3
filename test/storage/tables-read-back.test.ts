/**
 * What is written to a table is read back, whatever its types, NULLs, encodings and row groups; row counts and zone
 * maps fit.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ColumnSchema } from '../../runtime/batch.js';
import { chunksOf } from '../../runtime/storage/chunk.js';
import { verifyDatabase } from '../../runtime/storage/verify.js';
import { FaultDevice } from './fault-device.js';
import { batchOf, column, openOn, rowsOf, type Cell } from './samples.js';

const COLUMNS: readonly ColumnSchema[] = [
  column('id', 'i64'),
  column('city', 'utf8'),
  column('note', 'utf8'),
  column('score', 'f64'),
  column('flag', 'bool'),
  column('day', 'date'),
  column('features', 'f32', 3),
  column('half', 'f16'),
];

function row(i: number): Cell[] {
  return [
    BigInt(i) - 5n,
    i % 7 === 0 ? null : `city ${i % 5}`,
    `note number ${i}`,
    i % 11 === 3 ? NaN : i / 4,
    i % 2,
    i % 13 === 0 ? null : 20_000 + i,
    [i, i + 0.5, -i],
    0x3c00,
  ];
}

test('all types survive writing, reopening and reading', async () => {
  const device = new FaultDevice();
  const rows = Array.from({ length: 3000 }, (_, i) => row(i));
  const writing = await openOn(device);
  const transaction = writing.begin();
  transaction.createTable({ name: 'Tx', columns: COLUMNS });
  const writer = await transaction.tableWriter('tx');
  for (let at = 0; at < rows.length; at += 1000) await writer.append(batchOf(COLUMNS, rows.slice(at, at + 1000)));
  await writer.finish();
  assert.is(writing.catalog.tables.size, 0, 'nothing is visible before the commit');
  await transaction.commit();
  const database = await openOn(device);
  const snapshot = database.snapshot();
  const table = (await snapshot.table('TX'))!;
  assert.is(table.name, 'Tx');
  assert.is(table.rowCount, 3000);
  assert.equal(await rowsOf(table), rows);
  const [id, city, note, score, , day, features, half] = chunksOf(table.groups[0]!);
  assert.equal([id!.min, id!.max], ['-5', '2994']);
  assert.equal([city!.encoding, city!.dictionaryCount, city!.min, city!.max], ['dictionary', 5, 'city 0', 'city 4']);
  assert.is(note!.encoding, 'plain');
  assert.equal([score!.min, score!.max, score!.hasNaN], [0, 2999 / 4, true]);
  assert.is(day!.nullCount, Math.ceil(3000 / 13));
  assert.is(features!.strideBytes, 12_032, '3000 x 4 bytes, up to a multiple of 64');
  assert.equal([half!.min, half!.max], [1, 1]);
  assert.ok(Math.abs(id!.distinctEstimate! - 3000) < 100);
  assert.equal(await verifyDatabase(database), []);
});

test('an f32 column of 65,536 rows is one page, with NULLs 61,440 rows are', async () => {
  const columns = [column('x', 'f32')];
  const device = new FaultDevice();
  const database = await openOn(device);
  const values = new Float32Array(140_000).map((_, i) => i);
  const transaction = database.begin();
  for (const name of ['full', 'gaps']) {
    transaction.createTable({ name, columns });
    const writer = await transaction.tableWriter(name);
    const validity = name === 'gaps' ? new Uint8Array(17_500).fill(0xfe) : undefined;
    await writer.append({
      rowCount: values.length,
      columns: [{ dtype: 'f32', width: 1, validity, values, offsets: undefined, bytes: undefined }],
    });
    await writer.finish();
  }
  await transaction.commit();
  const snapshot = database.snapshot();
  const full = (await snapshot.table('full'))!;
  assert.equal(
    full.groups.map((g) => g.rowCount),
    [65_536, 65_536, 8928],
  );
  assert.equal(
    full.groups.map((g) => g.chunk(0).run.pages.length),
    [1, 1, 1],
  );
  assert.is(full.groups[0]!.chunk(0).byteLength, 262_144);
  const gaps = (await snapshot.table('gaps'))!;
  assert.equal(
    gaps.groups.map((g) => g.rowCount),
    [61_440, 61_440, 17_120],
  );
  assert.equal(
    gaps.groups.map((g) => g.chunk(0).run.pages.length),
    [1, 1, 1],
  );
  const read = await gaps.readColumn(gaps.groups[1]!, 0);
  assert.is(read.values![5], 61_445);
  assert.is(read.validity![0], 0xfe);
});

test('single-row inserts do not leave a row group each, and keep their order', async () => {
  const columns = [column('i', 'i32'), column('s', 'utf8')];
  const database = await openOn(new FaultDevice());
  const creating = database.begin();
  creating.createTable({ name: 't', columns });
  await creating.commit();
  for (let i = 0; i < 60; i++) {
    const transaction = database.begin();
    const writer = await transaction.tableWriter('t');
    await writer.append(batchOf(columns, [[i, `row ${i}`]]));
    await writer.finish();
    await transaction.commit();
  }
  const table = (await database.snapshot().table('t'))!;
  assert.ok(table.groups.length <= 4, `${table.groups.length} row groups`);
  assert.equal(
    await rowsOf(table),
    Array.from({ length: 60 }, (_, i) => [i, `row ${i}`]),
  );
  assert.equal(await verifyDatabase(database), []);
});

test('long text closes a row group early; wide tensors halve it', async () => {
  const columns = [column('s', 'utf8'), column('w', 'f32', 64)];
  const database = await openOn(new FaultDevice(), { memoryLimitBytes: 64 * 1024 * 1024 });
  const transaction = database.begin();
  transaction.createTable({ name: 't', columns });
  const writer = await transaction.tableWriter('t');
  const text = 'x'.repeat(100_000);
  const zeros = new Array<number>(64).fill(1);
  await writer.append(
    batchOf(
      columns,
      Array.from({ length: 200 }, (_, i) => [`${i} ${text}`, zeros]),
    ),
  );
  await writer.finish();
  await transaction.commit();
  const table = (await database.snapshot().table('t'))!;
  assert.ok(table.groups.length >= 3);
  for (const group of table.groups) assert.ok(group.chunk(0).byteLength <= 8.1 * 1024 * 1024);
  const first = await table.readGroup(table.groups[0]!);
  assert.is(first.columns[0]!.offsets![1], 100_002);
  assert.equal([...first.columns[1]!.values!.subarray(0, 3)], [1, 1, 1]);
  const bound = String(table.groups[0]!.chunk(0).max);
  assert.ok(bound > '9' && bound.length <= 33, 'text bounds are short and round up');
});

test('kept row groups stay, the others are replaced', async () => {
  const columns = [column('i', 'i32')];
  const database = await openOn(new FaultDevice());
  const filling = database.begin();
  filling.createTable({ name: 't', columns });
  const values = new Int32Array(70_000).map((_, i) => i);
  const all = await filling.tableWriter('t');
  await all.append({
    rowCount: 70_000,
    columns: [{ dtype: 'i32', width: 1, validity: undefined, values, offsets: undefined, bytes: undefined }],
  });
  await all.finish();
  await filling.commit();
  const transaction = database.begin();
  const [first] = (await transaction.table('t'))!.groups;
  const writer = await transaction.tableWriter('t', { keepGroups: [first!] });
  await writer.append(batchOf(columns, [[-1]]));
  await writer.finish();
  await transaction.commit();
  const table = (await database.snapshot().table('t'))!;
  assert.is(table.rowCount, 65_537);
  assert.is(table.groups[0], first);
  assert.equal(await verifyDatabase(database), []);
});

test('a table without rows can go as any other', async () => {
  const device = new FaultDevice();
  const database = await openOn(device);
  const creating = database.begin();
  creating.createTable({ name: 'empty', columns: [column('i', 'i32')] });
  await creating.commit();
  const dropping = database.begin();
  await dropping.dropTable('empty');
  await dropping.commit();
  assert.is((await openOn(device)).catalog.tables.size, 0);
});

test('a name that no file can hold is refused before it is written', async () => {
  const device = new FaultDevice();
  const database = await openOn(device);
  for (const name of ['', 'n'.repeat(1025)]) {
    const refusal = new RegExp(`a name of ${name.length} characters, expected 1 to 1024`);
    const transaction = database.begin();
    assert.throws(() => transaction.createTable({ name, columns: [column('i', 'i32')] }), refusal);
    assert.throws(() => transaction.createView({ name, sql: 'SELECT 1' }), refusal);
    const model = { name, irText: '', inputs: [], outputs: [], tensors: [] };
    assert.match(await transaction.createModel(model).then(String, String), refusal);
    transaction.createTable({ name: `t${name.length}`, columns: [column('i', 'i32')] });
    await transaction.commit();
  }
  assert.equal([...(await openOn(device)).catalog.tables.keys()], ['t0', 't1025']);
});

test.run();
