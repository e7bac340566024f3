/**
 * The benchmark's generated table: `id`, `merchant` (of 1,000) and the features f0 .. f27, bell-shaped float32
 * values. It is made from a seed and written as Parquet, so both sides import the same rows, and every machine
 * makes the same file.
 */
import { renameSync } from 'node:fs';
import { parquetWriteFile, type ColumnSource } from 'hyparquet-writer';
import { FEATURE_COUNT } from '../../examples/wide/dense-model.js';
import { bell, seeded } from './random.js';

export const MERCHANT_COUNT = 1000;
const ROW_GROUP_ROWS = 65_536;

export const FEATURES: readonly string[] = Array.from({ length: FEATURE_COUNT }, (_, index) => `f${index}`);

/** Writes `rowCount` rows to `path`, under another name until it is whole. */
export function writeTransactions(path: string, rowCount: number): void {
  const shared = { nullable: false, codec: 'UNCOMPRESSED', encoding: 'PLAIN' } as const;
  const merchant = seeded(1);
  const columnData: ColumnSource[] = [
    { name: 'id', type: 'INT32', data: Int32Array.from({ length: rowCount }, (_, row) => row), ...shared },
    {
      name: 'merchant',
      type: 'INT32',
      data: Int32Array.from({ length: rowCount }, () => Math.floor(merchant() * MERCHANT_COUNT)),
      ...shared,
    },
    ...FEATURES.map((name, index) => ({ name, type: 'FLOAT' as const, data: feature(rowCount, index), ...shared })),
  ];
  const unfinished = `${path}.part`;
  parquetWriteFile({ filename: unfinished, columnData, rowGroupSize: ROW_GROUP_ROWS });
  renameSync(unfinished, path);
}

/** The values of feature f`index` in the first `rowCount` rows. */
export function feature(rowCount: number, index: number): Float32Array {
  const random = seeded(Math.imul(index + 2, 0x9e3779b1));
  const values = new Float32Array(rowCount);
  for (let row = 0; row < rowCount; row++) values[row] = bell(random);
  return values;
}
