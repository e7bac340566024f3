/**
 * Arrow IPC in (file or stream), by apache-arrow. Dictionaries are decoded; flat columns and FixedSizeList of values of
 * fixed width are read. A list of one is a plain column; one of nothing but NULLs is INTEGER, as in Parquet.
 */
import { createReadStream } from 'node:fs';
import { DataType, RecordBatchReader, Vector as ArrowVector, type Field, type Schema } from 'apache-arrow';
import { decimalOf, dtypeInfo, type DType } from '../../ir/dtype.js';
import type { Batch, ColumnSchema } from '../batch.js';
import { ImportError } from '../errors.js';
import { checkMetadata } from './arrow-metadata.js';
import { exactVector } from './exact-vector.js';
import type { FileSource } from './source.js';
import { decimalConverter, decimalDType, integerOfWords, microsecondConverter, textOf } from './stored-value.js';
import { VectorBuilder, type BuilderValue } from './vector-builder.js';

export async function openArrow(path: string): Promise<FileSource> {
  await checkMetadata(path);
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
  const type = plainType(field.type as DataType);
  const { name, nullable } = field;
  if (!DataType.isFixedSizeList(type)) return { name, dtype: dtypeOf(type, name, path), width: 1, nullable };
  const dtype = dtypeOf(type.children[0]!.type as DataType, name, path);
  if (type.listSize < 1 || dtypeInfo(dtype).physical === 'bytes') {
    throw new ImportError(
      `'${path}': column ${name} is ${String(type)}, expected lists of at least one value of fixed width`,
      { file: path, column: name },
    );
  }
  return { name, dtype, width: type.listSize, nullable };
}

function plainType(type: DataType): DataType {
  return DataType.isDictionary(type) ? (type.dictionary as DataType) : type;
}

/** apache-arrow takes any width. */
const INTEGER_BITS: ReadonlySet<number> = new Set([8, 16, 32, 64]);

function dtypeOf(type: DataType, column: string, path: string): DType {
  if (DataType.isBool(type)) return 'bool';
  if (DataType.isInt(type) && INTEGER_BITS.has(type.bitWidth)) return `${type.isSigned ? 'i' : 'u'}${type.bitWidth}` as DType;
  if (DataType.isFloat(type)) return type.precision === 2 ? 'f64' : 'f32';
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type)) return 'utf8';
  if (DataType.isBinary(type) || DataType.isLargeBinary(type) || DataType.isBinaryView(type)) return 'blob';
  if (DataType.isFixedSizeBinary(type)) return 'blob';
  if (DataType.isDate(type)) return 'date';
  if (DataType.isTimestamp(type)) return 'timestamp';
  if (DataType.isTime(type)) return 'time';
  if (DataType.isDecimal(type)) return decimalDType(type, { path, column });
  if (DataType.isNull(type)) return 'i32';
  throw new ImportError(`'${path}': column ${column} is ${String(type)}, which is not read yet`, {
    file: path,
    column,
  });
}

async function* readBatches(path: string, schema: readonly ColumnSchema[]): AsyncGenerator<Batch, void, undefined> {
  const reader = await openReader(path);
  let firstRow = 0;
  try {
    // Within the try: a damaged size of lists is more than can be allocated.
    const builders = schema.map((column) => new VectorBuilder(column));
    for await (const batch of reader) {
      const { numRows: rowCount } = batch;
      schema.forEach((column, i) =>
        appendColumn(builders[i]!, { column, vector: batch.getChildAt(i)!, rowCount, firstRow, path }),
      );
      firstRow += rowCount;
      yield { rowCount: batch.numRows, columns: builders.map((builder) => builder.finish()) };
    }
  } catch (cause) {
    if (cause instanceof ImportError) throw cause;
    throw new ImportError(`'${path}' is truncated or damaged: ${(cause as Error).message}`, { file: path });
  } finally {
    await reader.cancel();
  }
}

interface AppendOptions {
  readonly column: ColumnSchema;
  readonly vector: ArrowVector;
  readonly rowCount: number;
  /** The row of the file that `vector` begins with. */
  readonly firstRow: number;
  readonly path: string;
}

function appendColumn(builder: VectorBuilder, options: AppendOptions): void {
  const { column, vector, rowCount, firstRow, path } = options;
  const type = plainType(vector.type as DataType);
  if (DataType.isFixedSizeList(type)) return appendLists(builder, options, type.children[0]!.type as DataType);
  const convert = converter(column, { type, path });
  const get = exactValues(vector);
  for (let i = 0; i < rowCount; i++) {
    const value = get(i);
    builder.append(value === null || value === undefined ? null : convert(value, firstRow + i));
  }
}

function appendLists(
  builder: VectorBuilder,
  { column, vector, rowCount, firstRow, path }: AppendOptions,
  type: DataType,
): void {
  const convert = converter(column, { type, path });
  const list: number[] = [];
  for (let i = 0; i < rowCount; i++) {
    const elements = vector.get(i) as ArrowVector | null;
    if (elements === null) {
      builder.appendTensor(null);
      continue;
    }
    const get = exactValues(elements);
    for (let k = 0; k < column.width; k++) {
      const value = get(k);
      if (value === null || value === undefined) {
        const text = `a NULL inside a list, expected ${column.width} values or a list that is NULL`;
        throw new ImportError(`'${path}', row ${firstRow + i + 1}, column ${column.name}: ${text}`, {
          file: path,
          column: column.name,
        });
      }
      list[k] = convert(value, firstRow + i) as number;
    }
    builder.appendTensor(list);
  }
}

/** The values as the file has them, of a dictionary those that its keys stand for. */
function exactValues(vector: ArrowVector): (row: number) => unknown {
  if (!DataType.isDictionary(vector.type)) {
    const exact = exactVector(vector);
    return (row) => exact.get(row);
  }
  const [chunk] = vector.data;
  const keys = new ArrowVector([chunk!.clone(vector.type.indices as never)]);
  const values = exactVector(chunk!.dictionary!);
  return (row) => {
    const key = keys.get(row) as number | bigint | null;
    if (key === null) return null;
    if (key >= 0 && key < values.length) return values.get(Number(key));
    throw new Error(`the key ${key} in a dictionary of ${values.length} values`);
  };
}

const TIME_UNITS = ['s', 'ms', 'us', 'ns'] as const;

/** `row` counts from 0 and is for messages only. apache-arrow gives dates in milliseconds, decimals as 32-bit words. */
function converter(
  { name, dtype }: ColumnSchema,
  { type, path }: { type: DataType; path: string },
): (value: unknown, row: number) => BuilderValue {
  const place = { path, column: name };
  if (dtype === 'date') return (value) => Math.floor(Number(value) / 86_400_000);
  if (DataType.isTime(type) || DataType.isTimestamp(type)) {
    const toMicroseconds = microsecondConverter(TIME_UNITS[type.unit]!, place);
    return (value, row) => toMicroseconds(BigInt(value as number | bigint), row);
  }
  if (dtype === 'utf8') return (value) => textOf(value as Uint8Array);
  const scale = decimalOf(dtype)?.scale;
  if (scale === undefined) return (value) => value as BuilderValue;
  const toDecimal = decimalConverter(scale, place);
  return (value, row) => toDecimal(integerOfWords(value as Uint32Array), row);
}
