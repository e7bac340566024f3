/**
 * Arrow IPC in (file or stream), by apache-arrow. Dictionaries are decoded; flat columns and FixedSizeList of floats
 * are read.
 */
import { createReadStream } from 'node:fs';
import { DataType, RecordBatchReader, type Field, type Schema, type Vector as ArrowVector } from 'apache-arrow';
import { decimal, type DType } from '../../ir/dtype.js';
import type { Batch, ColumnSchema } from '../batch.js';
import { ImportError } from '../errors.js';
import type { FileSource } from './source.js';
import { VectorBuilder, type BuilderValue } from './vector-builder.js';

export async function openArrow(path: string): Promise<FileSource> {
  const schema = await withReader(path, (reader) =>
    Promise.resolve(reader.schema!.fields.map((field) => columnOf(field, path))),
  );
  return { schema, rowCount: undefined, batches: () => readBatches(path, schema) };
}

/** What this file uses of apache-arrow's asynchronous readers, whose own types depend on the kind of source. */
interface Reader extends AsyncIterable<{ readonly numRows: number; getChildAt(i: number): ArrowVector | null }> {
  readonly schema: Schema | undefined;
  open(): Promise<unknown>;
  cancel(): Promise<void>;
}

async function openReader(path: string): Promise<Reader> {
  try {
    const reader = (await RecordBatchReader.from(createReadStream(path))) as unknown as Reader;
    await reader.open();
    return reader;
  } catch (cause) {
    throw new ImportError(`'${path}' is not a readable Arrow file: ${(cause as Error).message}`, { file: path });
  }
}

async function withReader<T>(path: string, use: (reader: Reader) => Promise<T>): Promise<T> {
  const reader = await openReader(path);
  if (reader.schema === undefined) throw new ImportError(`'${path}' holds no Arrow schema`, { file: path });
  try {
    return await use(reader);
  } finally {
    await reader.cancel();
  }
}

function columnOf(field: Field, path: string): ColumnSchema {
  const type: unknown = DataType.isDictionary(field.type) ? field.type.dictionary : field.type;
  if (DataType.isFixedSizeList(type as DataType)) {
    const list = type as { listSize: number; children: Field[] };
    return {
      name: field.name,
      dtype: dtypeOf(list.children[0]!.type as DataType, field.name, path),
      width: list.listSize,
      nullable: field.nullable,
    };
  }
  return { name: field.name, dtype: dtypeOf(type as DataType, field.name, path), width: 1, nullable: field.nullable };
}

function dtypeOf(type: DataType, column: string, path: string): DType {
  if (DataType.isBool(type)) return 'bool';
  if (DataType.isInt(type)) return `${type.isSigned ? 'i' : 'u'}${type.bitWidth}` as DType;
  if (DataType.isFloat(type)) return type.precision === 2 ? 'f64' : 'f32';
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return 'utf8';
  if (DataType.isBinary(type) || DataType.isFixedSizeBinary(type)) return 'blob';
  if (DataType.isDate(type)) return 'date';
  if (DataType.isTimestamp(type)) return 'timestamp';
  if (DataType.isTime(type)) return 'time';
  if (DataType.isDecimal(type)) return decimal({ precision: Math.min(type.precision, 38), scale: type.scale });
  throw new ImportError(`'${path}': column ${column} is ${String(type)}, which is not read yet`, {
    file: path,
    column,
  });
}

async function* readBatches(path: string, schema: readonly ColumnSchema[]): AsyncGenerator<Batch, void, undefined> {
  const reader = await openReader(path);
  const builders = schema.map((column) => new VectorBuilder(column));
  try {
    for await (const batch of reader) {
      schema.forEach((column, i) =>
        appendColumn(builders[i]!, { column, vector: batch.getChildAt(i)!, rowCount: batch.numRows }),
      );
      yield { rowCount: batch.numRows, columns: builders.map((builder) => builder.finish()) };
    }
  } catch (cause) {
    if (cause instanceof ImportError) throw cause;
    throw new ImportError(`'${path}' is truncated or damaged: ${(cause as Error).message}`, { file: path });
  } finally {
    await reader.cancel();
  }
}

function appendColumn(
  builder: VectorBuilder,
  { column, vector, rowCount }: { column: ColumnSchema; vector: ArrowVector; rowCount: number },
): void {
  const convert = converter(column.dtype, vector.type as DataType);
  for (let i = 0; i < rowCount; i++) {
    const value: unknown = vector.get(i);
    if (column.width > 1) builder.appendTensor(value === null ? null : Array.from(value as Iterable<number>));
    else builder.append(value === null || value === undefined ? null : convert(value));
  }
}

/** apache-arrow gives dates and timestamps in milliseconds (with fractions), decimals as four 32-bit words. */
function converter(dtype: DType, type: DataType): (value: unknown) => BuilderValue {
  switch (dtype) {
    case 'date': return (value) => Math.floor(Number(value) / 86_400_000);
    case 'timestamp': return (value) => BigInt(Math.round(Number(value) * 1000));
    case 'time': {
      const perUnit = DataType.isTime(type) ? [1_000_000, 1000, 1, 0.001][type.unit]! : 1;
      return (value) => BigInt(Math.round(Number(value) * perUnit));
    }
    default: break;
  }
  if (!dtype.startsWith('decimal(')) return (value) => value as BuilderValue;
  return (value) => {
    const words = value as Uint32Array;
    return BigInt.asIntN(64, BigInt(words[0]!) | (BigInt(words[1]!) << 32n));
  };
}
