/** Arrow in: every value is the file's own, or is refused with its row and column. */
import {
  DateDay, Decimal, Dictionary, Field, FixedSizeList, Float32, Int32, Int64, LargeBinary, LargeUtf8, makeData,
  RecordBatch, Schema, Struct, tableToIPC, Table, TimestampMicrosecond, TimestampSecond, TimeNanosecond, Utf8, Vector,
  vectorFromArray, type Data, type DataType,
} from 'apache-arrow';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ImportError } from '../../runtime/database.js';
import { everyNth, importedRows, importErrorOf, refusedDamages } from '../support/imports.js';
import { RealDatabase } from '../support/real-database.js';

let database: RealDatabase;
test.before(async () => {
  database = await RealDatabase.create({ threads: 1 });
});
test.after(() => database.close());

function writeArrow(columns: Readonly<Record<string, Data>>): string {
  const entries = Object.entries(columns);
  const schema = new Schema(entries.map(([name, { type }]) => new Field(name, type as DataType, true)));
  const children = entries.map(([, data]) => data);
  const rows = makeData({ type: new Struct(schema.fields), length: children[0]!.length, nullCount: 0, children });
  const path = join(database.folder, 'in.arrow');
  writeFileSync(path, tableToIPC(new Table([new RecordBatch(schema, rows)]), 'file'));
  return path;
}

const imported = (path: string): Promise<readonly (readonly string[])[]> => importedRows(database, path);
const refused = (path: string): Promise<ImportError> => importErrorOf(() => imported(path));

function decimals(values: readonly bigint[], { bits, scale }: { bits: number; scale: number }): Data {
  const words = values.flatMap((value) =>
    Array.from({ length: bits / 32 }, (_, i) => Number(BigInt.asUintN(32, value >> BigInt(32 * i)))),
  );
  const type = new Decimal(scale, bits === 128 ? 38 : 50, bits);
  return makeData({ type, length: values.length, nullCount: 0, data: Uint32Array.from(words) });
}

test('decimals of 18 digits are exact in 128 and 256 bits', async () => {
  const values = [999999999999999999n, -999999999999999999n, -1n];
  const path = writeArrow({
    a: decimals(values, { bits: 128, scale: 2 }),
    b: decimals(values, { bits: 256, scale: 0 }),
  });
  assert.equal(await imported(path), [
    ['9999999999999999.99', '999999999999999999'],
    ['-9999999999999999.99', '-999999999999999999'],
    ['-0.01', '-1'],
  ]);
});

test('a decimal of more digits than are held is refused with its row and column', async () => {
  const wide = 12345678901234567890123456789012345678n;
  for (const bits of [128, 256]) {
    const error = await refused(writeArrow({ x: decimals([1n, -wide], { bits, scale: 1 }) }));
    assert.match(error.message, /row 2, column x: -1234567890123456789012345678901234567\.8 .* 18 digits/);
    assert.is(error.details.column, 'x');
  }
  const error = await refused(writeArrow({ x: decimals([1n], { bits: 128, scale: -2 }) }));
  assert.match(error.message, /column x is DECIMAL\(38,-2\)/);
});

function integers(type: DataType, values: readonly bigint[]): Data {
  return makeData({ type, length: values.length, nullCount: 0, data: BigInt64Array.from(values) } as never);
}

test('times are cut to microseconds, and timestamps far from 1970 keep theirs', async () => {
  const far = [253402300799123457n, -62135596799999999n];
  const dictionary = new Vector([integers(new TimestampMicrosecond(), far)]);
  const type = new Dictionary(new TimestampMicrosecond(), new Int32());
  const path = writeArrow({
    time: integers(new TimeNanosecond(), [86_399_999_999_999n, 1999n]),
    plain: integers(new TimestampMicrosecond(), far),
    coded: makeData({ type, length: 2, nullCount: 0, data: Int32Array.from([1, 0]), dictionary } as never),
  });
  await imported(path);
  assert.equal(await database.text('SELECT time FROM t'), [['23:59:59.999999'], ['00:00:00.000001']]);
  const [last, first] = ["TIMESTAMP '9999-12-31 23:59:59.123457'", "TIMESTAMP '0001-01-01 00:00:00.000001'"];
  const found = await database.text(
    `SELECT plain = ${last} AND coded = ${first}, plain = ${first} AND coded = ${last} FROM t`,
  );
  assert.equal(found, [['true', 'false'], ['false', 'true']]);
});

test('a timestamp past 64 bits of microseconds is refused', async () => {
  const error = await refused(writeArrow({ x: integers(new TimestampSecond(), [0n, 2n ** 62n]) }));
  assert.match(error.message, /row 2, column x: 4611686018427387904 s/);
});

function lists(type: DataType, { size, values, isNull }: { size: number; values: Data; isNull?: number }): Data {
  const length = values.length / size;
  const list = new FixedSizeList(size, new Field('item', type, true));
  const nullBitmap = isNull === undefined ? undefined : Uint8Array.of(0xff & ~(1 << isNull));
  return makeData({ type: list, length, nullCount: isNull === undefined ? 0 : 1, nullBitmap, child: values });
}

function bytesOf(type: DataType, values: readonly Uint8Array[]): Data {
  const isLarge = type instanceof LargeBinary || type instanceof LargeUtf8;
  const ends = values.map((_, i) => values.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0));
  const valueOffsets = isLarge ? BigInt64Array.from([0, ...ends], BigInt) : Int32Array.from([0, ...ends]);
  return makeData({ type, length: values.length, nullCount: 0, valueOffsets, data: Buffer.concat(values) } as never);
}

test('texts are the bytes they were written as, and bytes that are no text are refused', async () => {
  const values = [Buffer.from('\ufeffwith a mark'), Buffer.from('')];
  const columns = { a: bytesOf(new Utf8(), values), b: bytesOf(new LargeUtf8(), values) };
  await imported(writeArrow(columns));
  assert.equal(await database.text("SELECT a = '\ufeffwith a mark', b = '\ufeffwith a mark', a = '' AND b = '' FROM t"), [
    ['true', 'true', 'false'], ['false', 'false', 'true'],
  ]);
  const bad = [Buffer.from('a'), Uint8Array.of(0xff)];
  const error = await refused(writeArrow({ x: bytesOf(new Utf8(), bad) }));
  assert.match(error.message, /the bytes \\xFF are no text/);
  assert.equal(await imported(writeArrow({ x: bytesOf(new LargeBinary(), bad) })), [['a'], ['\\xFF']]);
});

test('dictionaries of texts have keys of any width, and a key past their end is refused', async () => {
  const dictionary = new Vector([bytesOf(new Utf8(), [Buffer.from('a'), Buffer.from('b')])]);
  const coded = (keys: bigint[]): Data => {
    const type = new Dictionary(new Utf8(), new Int64() as never);
    return makeData({ type, length: keys.length, nullCount: 0, data: BigInt64Array.from(keys), dictionary } as never);
  };
  assert.equal(await imported(writeArrow({ x: coded([1n, 0n, 1n]) })), [['b'], ['a'], ['b']]);
  assert.match((await refused(writeArrow({ x: coded([1n, 2n]) }))).message, /damaged: the key 2 in a dictionary of 2/);
});

/** An int32 column in batches of LZ4, as most writers of Feather make it: apache-arrow writes no compression. */
const LZ4_BATCHES =
  '/////3gAAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAEAAAAUAAAAEAAUAAgABgAHAAwAAAAQABAAAAAAAAEC' +
  'EAAAABwAAAAEAAAAAAAAAAEAAABhAAAACAAMAAgABwAIAAAAAAAAASAAAAD/////mAAAABQAAAAAAAAADAAYAAYABQAIAAwADAAAAAADBAAcAAAA' +
  'KAAAAAAAAAAAAAAADAAcABAABAAIAAwADAAAAEgAAAAcAAAAFAAAAGQAAAAAAAAAAAAAAAQABAAEAAAAAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' +
  'AAAAACYAAAAAAAAAAAAAAAEAAABkAAAAAAAAAAAAAAAAAAAAkAEAAAAAAAAEIk0YYECCDwAAAE8BAAAABAD/dVAAAQAAAAAAAAAAAP////8AAAAA';

test('a compressed file is refused as that, and not called damaged', async () => {
  const path = join(database.folder, 'compressed.arrow');
  writeFileSync(path, Buffer.from(LZ4_BATCHES, 'base64'));
  const { message } = await refused(path);
  assert.match(message, /it is compressed, expected a file without compression/);
  assert.not.match(message, /damaged/);
});

test('a list of one is a plain column, and lists of dates are dates', async () => {
  const floats = makeData({ type: new Float32(), length: 3, nullCount: 0, data: Float32Array.of(1.5, 0, 2.5) });
  const days = makeData({ type: new DateDay(), length: 6, nullCount: 0, data: Int32Array.of(0, 1, 2, 3, -1, 19724) });
  const path = writeArrow({
    one: lists(new Float32(), { size: 1, values: floats, isNull: 1 }),
    days: lists(new DateDay(), { size: 2, values: days, isNull: 0 }),
  });
  assert.equal(await imported(path), [
    ['1.5', 'NULL'],
    ['NULL', '[1970-01-03, 1970-01-04]'],
    ['2.5', '[1969-12-31, 2024-01-02]'],
  ]);
});

test('a NULL inside a list, a list of texts and a list of none are refused', async () => {
  const values = vectorFromArray([1, 2, 3, null], new Float32()).data[0]!;
  const error = await refused(writeArrow({ v: lists(new Float32(), { size: 2, values }) }));
  assert.match(error.message, /row 2, column v: a NULL inside a list/);
  const texts = vectorFromArray(['a', 'b'], new Utf8()).data[0]!;
  assert.match((await refused(writeArrow({ v: lists(new Utf8(), { size: 2, values: texts }) }))).message, /column v is/);
});

test('a count or a kind that is damaged is refused, not followed until the heap is full', async () => {
  const values = makeData({ type: new Float32(), length: 4, nullCount: 0, data: Float32Array.of(1, 2, 3, 4) });
  const path = writeArrow({ v: lists(new Float32(), { size: 2, values }) });
  const refusals = await refusedDamages(path, {
    places: (byteLength) => everyNth(4, { from: 11, to: byteLength }),
    damage: (bytes, place) => { bytes[place]! ^= 0x41; },
    rowCount: 2,
  });
  assert.ok(refusals > 10, `${refusals} damages were found`);
});

test('a stream whose message leads back to itself is refused', async () => {
  const bytes = Buffer.from(tableToIPC(new Table({ a: vectorFromArray([1, 2, 3], new Int32()) }), 'stream'));
  const [mark, end] = [8, bytes.length - 8];
  const batch = mark + bytes.readInt32LE(4);
  const length = bytes.readInt32LE(batch + 4);
  const body = end - (batch + mark + length);
  const messages: string[] = [];
  // The number may stand for something else too.
  for (let at = batch + mark; at < batch + mark + length; at += 8) {
    if (bytes.readBigInt64LE(at) !== BigInt(body)) continue;
    const damaged = Buffer.from(bytes);
    damaged.writeBigInt64LE(BigInt(-(mark + length)), at);
    const path = join(database.folder, 'back.arrow');
    writeFileSync(path, damaged);
    messages.push(await imported(path).then(() => 'taken', (error: Error) => error.message));
  }
  assert.ok(messages.some((message) => message.includes('damaged: a body of -')), messages.join('; '));
});

test.run();
