/** Parquet in and out: every value is the file's own, or is refused with its row and column. */
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetMetadata } from 'hyparquet';
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

const OPTIONAL = 'OPTIONAL' as const;
type Cells = readonly (bigint | number | Uint8Array | null)[];

function writeParquet(
  columns: readonly (readonly [Omit<SchemaElement, 'repetition_type'>, Cells])[],
  codec: 'SNAPPY' | 'UNCOMPRESSED' = 'SNAPPY',
): string {
  const path = join(database.folder, 'in.parquet');
  const bytes = new ByteWriter();
  const elements = columns.map(([element]): SchemaElement => ({ ...element, repetition_type: OPTIONAL }));
  const writer = new ParquetWriter({
    writer: bytes, schema: [{ name: 'root', num_children: elements.length }, ...elements], codec, statistics: false,
  });
  void writer.write({ columnData: columns.map(([{ name }, data]) => ({ name, data: [...data] })) });
  void writer.finish();
  writeFileSync(path, bytes.getBytes());
  return path;
}

const imported = (path: string): Promise<readonly (readonly string[])[]> => importedRows(database, path);
const refused = (path: string): Promise<ImportError> => importErrorOf(() => imported(path));

test('decimals of 18 digits are exact in 32 bits, 64 bits and bytes', async () => {
  const decimal = { converted_type: 'DECIMAL' as const, scale: 2 };
  const path = writeParquet([
    [{ name: 'a', type: 'INT32', ...decimal, precision: 9 }, [-123456789n, null]],
    [{ name: 'b', type: 'INT64', ...decimal, precision: 18 }, [999999999999999999n, -123456789012345678n]],
    [{ name: 'c', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, ...decimal, precision: 38 }, [123456789012345678n, -1n]],
    [{ name: 'd', type: 'BYTE_ARRAY', ...decimal, precision: 20 }, [-999999999999999999n, 0n]],
  ]);
  assert.equal(await imported(path), [
    ['-1234567.89', '9999999999999999.99', '1234567890123456.78', '-9999999999999999.99'],
    ['NULL', '-1234567890123456.78', '-0.01', '0.00'],
  ]);
});

test('a decimal of more digits than are held is refused with its row and column', async () => {
  const wide = 12345678901234567890123456789012345678n;
  const element = { name: 'x', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, converted_type: 'DECIMAL' } as const;
  const error = await refused(writeParquet([[{ ...element, precision: 38, scale: 0 }, [1n, null, wide]]]));
  assert.match(error.message, /row 3, column x: 12345678901234567890123456789012345678 .* 18 digits/);
  assert.is(error.details.column, 'x');
});

test('timestamps and times keep their microseconds in every unit', async () => {
  const units = ['MILLIS', 'MICROS', 'NANOS'] as const;
  const stamps: Cells[] = [[1704164645123n, -1n], [1704164645123456n, -1n], [1704164645123456789n, -1n]];
  const times: Cells[] = [[3723004, 0], [3723004005n, null], [3723004005006n, 86_399_999_999_999n]];
  const path = writeParquet([
    ...units.map((unit, i) => {
      const logical = { type: 'TIMESTAMP', isAdjustedToUTC: false, unit } as const;
      return [{ name: `stamp${i}`, type: 'INT64', logical_type: logical }, stamps[i]!] as const;
    }),
    ...units.map((unit, i) => {
      const logical = { type: 'TIME', isAdjustedToUTC: false, unit } as const;
      return [{ name: `time${i}`, type: i === 0 ? 'INT32' : 'INT64', logical_type: logical }, times[i]!] as const;
    }),
  ]);
  assert.equal(await imported(path), [
    [
      '2024-01-02 03:04:05.123', '2024-01-02 03:04:05.123456', '2024-01-02 03:04:05.123456',
      '01:02:03.004', '01:02:03.004005', '01:02:03.004005',
    ],
    [
      '1969-12-31 23:59:59.999', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999',
      '00:00:00', 'NULL', '23:59:59.999999',
    ],
  ]);
});

test('a time of the older kind is read in its unit', async () => {
  const path = writeParquet([
    [{ name: 'ms', type: 'INT32', converted_type: 'TIME_MILLIS' }, [3723004]],
    [{ name: 'us', type: 'INT64', converted_type: 'TIME_MICROS' }, [3723004005n]],
    [{ name: 'stamp', type: 'INT64', converted_type: 'TIMESTAMP_MICROS' }, [-1n]],
  ]);
  assert.equal(await imported(path), [['01:02:03.004', '01:02:03.004005', '1969-12-31 23:59:59.999999']]);
});

/** 2024-01-02 03:04:05.123456789, NULL, a nanosecond before 1970: hyparquet-writer writes no INT96. */
const INT96 =
  'UEFSMRUAFTwVPCwVBhUAFQYVBhwAAAACAAAAAwUV/6ikCwoAAJiKJQD//06RlE4AAIs9JQAVBBksNQAYBnNjaGVtYRUCABUGJQIYAXgAFgYZHBkcJgAc' +
  'FQYZJQYAGRgBeBUAFgYWYhZiJghJHBUAFQAVAgA8KQYZJgIEAAAAFmIWBiYIFmIAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRkcHAAA' +
  'AHoAAABQQVIx';

test('INT96 timestamps keep their microseconds', async () => {
  const path = join(database.folder, 'int96.parquet');
  writeFileSync(path, Buffer.from(INT96, 'base64'));
  assert.equal(await imported(path), [['2024-01-02 03:04:05.123456'], ['NULL'], ['1969-12-31 23:59:59.999999']]);
});

test('a timestamp past 64 bits of microseconds is refused', async () => {
  const logical = { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MILLIS' } as const;
  const error = await refused(writeParquet([[{ name: 'x', type: 'INT64', logical_type: logical }, [0n, 2n ** 62n]]]));
  assert.match(error.message, /row 2, column x: 4611686018427387904 ms/);
});

const BYTES = { name: 'x', type: 'BYTE_ARRAY' } as const;
const text = (characters: string): Uint8Array => Buffer.from(characters);

/** One INTEGER column `a`, encrypted under a footer that is not: hyparquet-writer encrypts nothing. */
const ENCRYPTED_COLUMN =
  'UEFSMS8AAACKex05Baif8vjwTi/qZ/Donqa+jrijNXaTgY5WWjwugLVFs+/Jn/4mftdhInKPzCgAAACP3WR+U/foqHGNfWLSaDThbMBxYOdEoTqq' +
  'yfR2dGT6zS5CfUk0BiIUFQQZLDUAGAZzY2hlbWEVAgAVAiUCGAFhABYCGRwZHCYAHBUCGSUGABkYAWEVAhYCFnoWvgEmCHwpBhkmAAIAAFwsGRgB' +
  'YRiXAXsia2V5TWF0ZXJpYWxUeXBlIjoiUEtNVDEiLCJpbnRlcm5hbFN0b3JhZ2UiOnRydWUsImlzRm9vdGVyS2V5IjpmYWxzZSwibWFzdGVyS2V5' +
  'SUQiOiJjIiwid3JhcHBlZERFSyI6IlkxdnFLLzFrQzNsaDZjYVlEaVZaUHNrPSIsImRvdWJsZVdyYXBwaW5nIjpmYWxzZX0AABhHQwAAAPhRlXEX' +
  'PI7f2jpXtf+Pbw2pUW1q2NElIOk8gWDXfvI6/SYiubfyxvfjG5V6n5hLN/ouCeft36XnfVu04ZsMo5+oTAkAFnoWAiYIFr4BFAAAKCBwYXJxdWV0' +
  'LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRkcHAAAHBwoCIPzLIVwQFX6EgAAGMsBeyJrZXlNYXRlcmlhbFR5cGUiOiJQS01UMSIsImludGVybmFs' +
  'U3RvcmFnZSI6dHJ1ZSwiaXNGb290ZXJLZXkiOnRydWUsImttc0luc3RhbmNlSUQiOiJERUZBVUxUIiwia21zSW5zdGFuY2VVUkwiOiJERUZBVUxU' +
  'IiwibWFzdGVyS2V5SUQiOiJrIiwid3JhcHBlZERFSyI6ImEwRlRjUkEwaDZNd3dHY2g0cTVKUVVBPSIsImRvdWJsZVdyYXBwaW5nIjpmYWxzZX0A' +
  'Y33EEPb80xSRHFT0VaFJrXheQp5gNZ7lH14AMFkCAABQQVIx';

test('what is empty, too short or encrypted is called so', async () => {
  const path = join(database.folder, 'no.parquet');
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [text(''), ' is empty, expected a Parquet file'],
    [text('PAR1'), ' has only 4 bytes, expected a Parquet file'],
    [text('PARE............PARE'), ' is encrypted, expected a Parquet file without encryption'],
    [Buffer.from(ENCRYPTED_COLUMN, 'base64'), ': column a is encrypted, expected one without encryption'],
  ];
  for (const [bytes, message] of cases) {
    writeFileSync(path, bytes);
    assert.is((await refused(path)).message, `'${path}'${message}`);
  }
});

/** The JSON `{"n": 12345678901234567890, "m" : 1.0}`, NULL and `{]`: hyparquet-writer spells JSON anew. */
const JSON_TEXTS =
  'UEFSMRUEFWAVVkwVBBUAEgAAMEwmAAAAeyJuIjogMTIzNDU2Nzg5MBkKRCwgIm0iIDogMS4wfQIAAAB7XRUAFRIVFiwVBhUQFQYVBhwAAAAJIAIA' +
  'AAADBQEDAhUEGSw1ABgGc2NoZW1hFQIAFQwlAhgBeCUmTMwAAAAWBhkcGRwmABwVDBk1AAYQGRgBeBUCFgYWtAEWrgEmeiYIKSwVBBUAFQIAFQAV' +
  'EBUCADwWUBkGGSYCBAAAABa0ARYGJggWrgEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRkcHAAAAJAAAABQQVIx';

test('JSON is the text it was written as', async () => {
  const path = join(database.folder, 'json.parquet');
  writeFileSync(path, Buffer.from(JSON_TEXTS, 'base64'));
  assert.equal(await imported(path), [['{"n": 12345678901234567890, "m" : 1.0}'], ['NULL'], ['{]']]);
});

test('a byte order mark that a text begins with is kept, in and out', async () => {
  const path = writeParquet([[{ ...BYTES, converted_type: 'UTF8' }, [text('\ufeffwith a mark')]]]);
  for (let times = 0; times < 2; times++) {
    await imported(path);
    assert.equal(await database.text("SELECT x = '\ufeffwith a mark' FROM t"), [['true']]);
    await database.db.query('SELECT x FROM t').writeTo(path);
  }
});

test('bytes that are no text are refused, and not replaced', async () => {
  const bytes = [text('é'), null, Uint8Array.of(0x61, 0xff, 0xfe)];
  const error = await refused(writeParquet([[{ ...BYTES, converted_type: 'UTF8' }, bytes]]));
  assert.match(error.message, /the bytes a\\xFF\\xFE are no text/);
  assert.equal(await imported(writeParquet([[BYTES, bytes]])), [['\\xC3\\xA9'], ['NULL'], ['a\\xFF\\xFE']]);
});

/** Ten NULLs in LZ4, whose dictionary is a page of no bytes: hyparquet-writer writes no such dictionary. */
const LZ4_NULLS =
  'UEFSMRUEFQAVAkwVABUAEgAAABUAFQ4VECwVFBUQFQYVBhwAAABwAgAAABQAABUEGSw1ABgGc2NoZW1hFQIAFQIlAhgBYQAWFBkcGRwmABwVAhk1' +
  'AAYQGRgBYRUOFhQWUBZUJiYmCCksFQQVABUCABUAFRAVAgA8KQYZJhQAAAAAFlAWFCYIFlQAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2' +
  'LjAuMRkcHAAAAIQAAABQQVIx';

test('the dictionary of a column of NULLs is a page of no bytes, in LZ4 too', async () => {
  const path = join(database.folder, 'lz4.parquet');
  writeFileSync(path, Buffer.from(LZ4_NULLS, 'base64'));
  assert.equal(await imported(path), Array.from({ length: 10 }, () => ['NULL']));
});

test('a column that cannot be read beside one that the schema lacks is refused, and the process goes on', async () => {
  const cells = Array.from({ length: 500 }, (_, i) => BigInt(i * i));
  const path = writeParquet(['first', 'second'].map((name) => [{ name, type: 'INT64' }, cells] as const));
  const bytes = readFileSync(path);
  bytes.fill(0xff, 40, 80);
  bytes.write('zecond', bytes.lastIndexOf('second'));
  writeFileSync(path, bytes);
  assert.match((await refused(path)).message, /damaged: a row group has a column zecond, expected second/);
  await new Promise((resolve) => setTimeout(resolve, 50));
});

test('a chunk that does not lie within its file is refused', async () => {
  const path = writeParquet([[{ name: 'x', type: 'INT64' }, Array.from({ length: 500 }, (_, i) => BigInt(i * i))]]);
  const bytes = readFileSync(path);
  const footer = bytes.readUInt32LE(bytes.length - 8) + 8;
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 4), bytes.subarray(bytes.length - footer)]));
  assert.match((await refused(path)).message, /damaged: column x lies at 4 to \d+ in a file of/);
});

test('a count that is damaged is refused, not followed until the heap is full', async () => {
  const path = writeParquet([
    [{ name: 'a', type: 'INT32' }, Array.from({ length: 200 }, (_, i) => (i % 9 === 0 ? null : i % 3))],
    [{ name: 'b', type: 'BYTE_ARRAY', converted_type: 'UTF8' }, Array.from({ length: 200 }, (_, i) => text(`${i % 5}`))],
  ], 'UNCOMPRESSED');
  const refusals = await refusedDamages(path, {
    places: (byteLength) => everyNth(1, { from: 4, to: byteLength - 4 }),
    damage: (bytes, place) => { bytes.fill(0xff, place, place + 3); },
    rowCount: 200,
  });
  assert.ok(refusals > 100, `${refusals} damages were found`);
});

test('what is written is read again with every digit', async () => {
  const rows = `SELECT * FROM (VALUES
    (1234567890123456.78::DECIMAL(18,2), -0.0000000000000001::DECIMAL(20,16),
     TIMESTAMP '2024-01-02 03:04:05.123456', DATE '0001-01-01'),
    (NULL, NULL, NULL, NULL),
    (-9999999999999999.99::DECIMAL(18,2), 1.5::DECIMAL(20,16),
     TIMESTAMP '1969-12-31 23:59:59.999999', DATE '9999-12-31')) t(a, b, c, d)`;
  const path = join(database.folder, 'out.parquet');
  const before = await database.text(rows);
  assert.is(await database.db.query(rows).writeTo(path), 3);
  assert.equal(await imported(path), before);
  assert.is(before[0]![0], '1234567890123456.78');
  const [, a, b, stamp] = parquetMetadata(new Uint8Array(readFileSync(path)).buffer).schema;
  assert.equal([a!.precision, b!.precision], [18, 20]);
  // As a moment of UTC other readers would move it to their own time zone.
  assert.equal(stamp!.logical_type, { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' });
});

test.run();
