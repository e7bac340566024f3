/** Integers take as few bytes as their range and common step ask for, and are read back as they were. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType } from '../../ir/dtype.js';
import type { ColumnSchema } from '../../runtime/batch.js';
import { chunkFromJson, chunkToJson, decodeChunk, encodeChunk, type ChunkMeta } from '../../runtime/storage/chunk.js';
import { ShapeError, type JsonValue } from '../../runtime/storage/shape.js';
import { cellsOf, column, vectorOf, type Cell } from './samples.js';

const HOUR = 3_600_000_000n;
const bigs = (...values: readonly (bigint | null)[]): readonly Cell[] => values;

/** Written, described in JSON, and read again. */
function store(dtype: DType, cells: readonly Cell[]): { readonly meta: ChunkMeta; readonly read: readonly Cell[] } {
  const schema = column('x', dtype);
  const { bytes, meta } = encodeChunk(vectorOf(schema, cells), cells.length);
  const json = chunkToJson({ ...meta, run: { pages: [1] }, byteOffset: 0 });
  const known = chunkFromJson(JSON.parse(JSON.stringify(json)), 'chunk', { column: schema, rowCount: cells.length });
  assert.is(known.byteLength, bytes.length);
  const vector = decodeChunk(known, { bytes, column: schema });
  return { meta: known, read: cellsOf(vector, cells.length) };
}

const CASES: readonly (readonly [name: string, dtype: DType, cells: readonly Cell[], bytes: number])[] = [
  ['months', 'i32', [1, 12, 7], 1],
  ['255 above the least', 'i32', [-1000, -745], 1],
  ['256 above the least', 'i32', [-1000, -744], 2],
  ['65,535 above the least', 'date', [20_000, 85_535], 2],
  ['65,536 above the least', 'i32', [0, 65_536], 4],
  ['both ends', 'i32', [-(2 ** 31), 2 ** 31 - 1], 4],
  ['unsigned', 'u32', [2 ** 32 - 1, 2 ** 32 - 200], 1],
  ['hours', 'timestamp', bigs(5n + HOUR * 480_000n, 5n, 5n + HOUR * 415_001n), 4],
  ['hours of some years', 'timestamp', bigs(HOUR * 415_000n, HOUR * 480_000n), 1],
  ['hours of some years, each', 'timestamp', bigs(HOUR * 415_000n, HOUR * 480_000n, HOUR * 415_001n), 2],
  ['prices', 'decimal(15,2)', bigs(199n, 99_999n, 500_098n), 4],
  ['one value', 'i64', bigs(-(2n ** 63n), -(2n ** 63n)), 1],
  ['both ends', 'i64', bigs(-(2n ** 63n), 2n ** 63n - 1n), 8],
  ['2^32 - 1 above the least', 'i64', bigs(-7n, 2n ** 32n - 8n, -6n), 4],
  ['2^32 above the least', 'i64', bigs(-7n, 2n ** 32n - 7n, -6n), 8],
  ['near the end', 'u64', bigs(2n ** 64n - 1n, 2n ** 64n - 3n, 2n ** 64n - 2n), 1],
  ['past what a number holds', 'i64', bigs(0n, 2n ** 53n + 2n ** 31n, 2n ** 53n), 8],
  ['NULL beside a far value', 'i64', bigs(null, 2n ** 60n, 2n ** 60n + 1n, null), 1],
  ['NULL alone', 'i32', [null, null], 1],
  ['small already', 'i16', [1, 2], 2],
  ['not integers', 'f64', [1, 2], 8],
];

for (const [name, dtype, cells, bytes] of CASES) {
  test(`${dtype}, ${name}: ${bytes} bytes a value`, () => {
    const { meta, read } = store(dtype, cells);
    assert.equal(read, cells);
    assert.is(meta.storedBytes, bytes);
  });
}

const numbers = fc.tuple(fc.constantFrom<DType>('i32', 'date'), fc.array(fc.option(fc.integer()), { minLength: 1 }));
const wide = fc.tuple(
  fc.constantFrom<DType>('i64', 'timestamp', 'decimal(18,3)'),
  fc
    .tuple(
      fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      fc.constantFrom(1n, 7n, 1000n, HOUR),
      fc.constantFrom(3n, 2n ** 8n, 2n ** 16n, 2n ** 32n, 2n ** 45n),
    )
    .chain(([base, step, most]) => {
      const fits = (2n ** 62n) / step;
      const steps = fc.bigInt({ min: 0n, max: most < fits ? most : fits });
      return fc.array(fc.option(steps.map((count) => base + count * step)), { minLength: 1 });
    }),
);

test('any integers and NULLs are read back', () => {
  fc.assert(
    fc.property(fc.oneof(numbers, wide), ([dtype, cells]) => {
      assert.equal(store(dtype, cells as readonly Cell[]).read, cells);
    }),
    { seed: 11, numRuns: 400 },
  );
});

test('text has codes of one byte up to 256 values, of two past them', () => {
  for (const [count, bytes] of [[256, 1], [257, 2]] as const) {
    const cells = Array.from({ length: 20 * count }, (_, row) => (row % 9 === 0 ? null : `value ${row % count}`));
    const { meta, read } = store('utf8', cells);
    assert.equal(read, cells);
    assert.equal([meta.encoding, meta.storedBytes], ['dictionary', bytes]);
  }
});

test('a packing that cannot be is refused', () => {
  const schema = column('x', 'i32');
  const read = (value: unknown, as: ColumnSchema): ChunkMeta => chunkFromJson(value, 'chunk', { column: as, rowCount: 2 });
  const json = chunkToJson({ ...store('i32', [1, 2]).meta }) as readonly JsonValue[];
  const at = json.findIndex((part) => JSON.stringify(part) === '[1,"1","1"]');
  assert.ok(at >= 0);
  for (const packing of [null, [], [4, '0', '1'], [3, '0', '1'], [1, '0'], [1, 'x', '1'], [1, '0', '1e3'], 'x']) {
    const other = json.with(at, packing);
    assert.throws(() => read(other, schema), (e: Error) => e instanceof ShapeError);
  }
  assert.throws(() => read(json, column('x', 'f32')), (e: Error) => e instanceof ShapeError);
});

test.run();
