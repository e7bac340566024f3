/** Vectors and batches for storage tests, from plain JavaScript values. */
import { isVariableLength } from '../../ir/dtype.js';
import type { Batch, ColumnSchema, FixedValues, Vector } from '../../runtime/batch.js';
import { DatabaseFile, type OpenOptions } from '../../runtime/storage/database-file.js';
import { elementsPerValue, fixedConstructor } from '../../runtime/storage/fixed-values.js';
import type { BlockDevice } from '../../runtime/storage/block-device.js';
import type { TableReader } from '../../runtime/storage/table.js';

export type Cell = number | bigint | string | readonly number[] | null;

export function column(name: string, dtype: ColumnSchema['dtype'], width = 1): ColumnSchema {
  return { name, dtype, width, nullable: true };
}

export function vectorOf(schema: ColumnSchema, cells: readonly Cell[]): Vector {
  const { dtype, width } = schema;
  const validity = new Uint8Array(Math.ceil(cells.length / 8));
  cells.forEach((cell, i) => {
    if (cell !== null) validity[i >> 3]! |= 1 << (i & 7);
  });
  if (isVariableLength(dtype)) {
    const texts = cells.map((cell) => new TextEncoder().encode(cell === null ? '' : String(cell)));
    const offsets = new Uint32Array(cells.length + 1);
    texts.forEach((text, i) => {
      offsets[i + 1] = offsets[i]! + text.length;
    });
    return { dtype, width, validity, values: undefined, offsets, bytes: new Uint8Array(Buffer.concat(texts)) };
  }
  const values: FixedValues = new (fixedConstructor(dtype))(cells.length * width * elementsPerValue(dtype));
  cells.forEach((cell, i) => {
    if (cell === null) return;
    const parts = Array.isArray(cell) ? (cell as readonly number[]) : [cell as number | bigint];
    parts.forEach((part, k) => {
      (values as unknown as (number | bigint)[])[i * width + k] = part;
    });
  });
  return { dtype, width, validity, values, offsets: undefined, bytes: undefined };
}

export function batchOf(columns: readonly ColumnSchema[], rows: readonly (readonly Cell[])[]): Batch {
  return {
    rowCount: rows.length,
    columns: columns.map((schema, i) =>
      vectorOf(
        schema,
        rows.map((row) => row[i]!),
      ),
    ),
  };
}

export function cellsOf(vector: Vector, rowCount: number): Cell[] {
  return Array.from({ length: rowCount }, (_, i) => {
    if (vector.validity !== undefined && (vector.validity[i >> 3]! & (1 << (i & 7))) === 0) return null;
    if (vector.values === undefined)
      return new TextDecoder().decode(vector.bytes!.subarray(vector.offsets![i]!, vector.offsets![i + 1]!));
    if (vector.width === 1) return vector.values[i]!;
    return Array.from({ length: vector.width }, (_, k) => Number(vector.values![i * vector.width + k]));
  });
}

export async function rowsOf(table: TableReader): Promise<Cell[][]> {
  const rows: Cell[][] = [];
  for await (const batch of table.batches()) {
    const columns = batch.columns.map((vector) => cellsOf(vector, batch.rowCount));
    for (let i = 0; i < batch.rowCount; i++) rows.push(columns.map((cells) => cells[i]!));
  }
  return rows;
}

/** A small pool: tests need no more. */
export function openOn(device: BlockDevice, options: OpenOptions = {}): Promise<DatabaseFile> {
  return DatabaseFile.openDevice(device, {
    memoryLimitBytes: 8 * 1024 * 1024,
    reservedBytes: 64 * 1024,
    name: 'test.db',
    ...options,
  });
}
