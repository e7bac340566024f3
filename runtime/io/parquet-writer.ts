/** Parquet out, by hyparquet-writer: record batches are gathered to row groups of at most GROUP_ROWS. */
import { DataType, type RecordBatch, type Schema } from 'apache-arrow';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { open, type FileHandle } from 'node:fs/promises';
import { ExecutionError } from '../errors.js';
import { exactVector } from './exact-vector.js';
import { integerOfWords, textOf } from './stored-value.js';
import { sqlTextOf } from './text-output.js';

const GROUP_ROWS = 65_536;
const DAY_MILLISECONDS = 86_400_000;
/** The most digits that Parquet allows in 64 bits. */
const INT64_DIGITS = 18;

type Cell = unknown;

function elementOf(name: string, type: DataType): SchemaElement {
  const base = { name, repetition_type: 'OPTIONAL' as const };
  if (DataType.isBool(type)) return { ...base, type: 'BOOLEAN' };
  if (DataType.isInt(type)) {
    const converted = `${type.isSigned ? 'INT' : 'UINT'}_${type.bitWidth}` as NonNullable<
      SchemaElement['converted_type']
    >;
    return { ...base, type: type.bitWidth === 64 ? 'INT64' : 'INT32', converted_type: converted };
  }
  if (DataType.isFloat(type)) return { ...base, type: type.precision === 2 ? 'DOUBLE' : 'FLOAT' };
  if (DataType.isDate(type)) return { ...base, type: 'INT32', converted_type: 'DATE' };
  // Without a logical type a reader takes it for a moment of UTC.
  if (DataType.isTimestamp(type))
    return { ...base, type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' } };
  if (DataType.isDecimal(type))
    return {
      ...base,
      ...(type.precision <= INT64_DIGITS
        ? { type: 'INT64' as const }
        : { type: 'FIXED_LEN_BYTE_ARRAY' as const, type_length: 16 }),
      converted_type: 'DECIMAL',
      precision: type.precision,
      scale: type.scale,
    };
  if (DataType.isBinary(type)) return { ...base, type: 'BYTE_ARRAY' };
  return { ...base, type: 'BYTE_ARRAY', converted_type: 'UTF8' };
}

/**
 * A value of an exact vector as hyparquet-writer wants it for its element: integers in place of dates and decimals.
 */
function cellOf(value: unknown, type: DataType): Cell {
  if (value === null || value === undefined) return null;
  if (DataType.isDate(type)) return Math.floor(Number(value) / DAY_MILLISECONDS);
  if (DataType.isTimestamp(type)) return value;
  if (DataType.isUtf8(type)) return textOf(value as Uint8Array);
  if (DataType.isDecimal(type)) return integerOfWords(value as Uint32Array);
  if (DataType.isBool(type) || DataType.isInt(type) || DataType.isFloat(type) || DataType.isBinary(type)) return value;
  return sqlTextOf(value, type);
}

/** The writer finds a column's type by its name. */
function requireDistinctNames({ names }: Schema): void {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return;
  throw new ExecutionError(`there are two columns ${String(twice)}, expected one of each name in a Parquet file: use AS`);
}

export async function writeParquetFile(options: {
  path: string; schema: Schema; batches: AsyncIterable<RecordBatch>;
}): Promise<{ rowCount: number }> {
  const { schema } = options;
  requireDistinctNames(schema);
  const elements = schema.fields.map((field) => elementOf(field.name, field.type));
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: 'root', num_children: elements.length }, ...elements],
  });
  const columns: Cell[][] = elements.map(() => []);
  let rowCount = 0;
  const flush = (): void => {
    if (columns[0] !== undefined && columns[0].length > 0) {
      writer.write({ columnData: schema.fields.map((field, i) => ({ name: field.name, data: columns[i]! })) });
    }
    for (const column of columns) column.length = 0;
  };
  for await (const batch of options.batches) {
    schema.fields.forEach((field, i) => {
      const vector = exactVector(batch.getChildAt(i)!);
      for (let row = 0; row < batch.numRows; row++) columns[i]!.push(cellOf(vector.get(row), field.type));
    });
    rowCount += batch.numRows;
    if (columns[0] !== undefined && columns[0].length >= GROUP_ROWS) flush();
  }
  flush();
  void writer.finish();
  const file: FileHandle = await open(options.path, 'w');
  try {
    // Unlike write, it goes on until all is written: the system may take less at a time, 2 GiB at most.
    await file.writeFile(bytes.getBytes());
  } finally {
    await file.close();
  }
  return { rowCount };
}
