/**
 * Parquet in, by hyparquet (with hyparquet-compressors for zstd, brotli, gzip, lz4): one row group at a time.
 * Flat columns and lists of fixed length (as `FLOAT[n]`) are read; other nesting is refused by name.
 */
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetSchema,
  type FileMetaData,
  type SchemaTree,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { decimal, type DType } from '../../ir/dtype.js';
import type { Batch, ColumnSchema } from '../batch.js';
import { ImportError } from '../errors.js';
import { BATCH_ROWS, type FileOptions, type FileSource } from './source.js';
import { VectorBuilder, type BuilderValue } from './vector-builder.js';

const MICROSECONDS = 1000n;
const DAY_MILLISECONDS = 86_400_000;

type AsyncBuffer = Awaited<ReturnType<typeof asyncBufferFromFile>>;

export async function openParquet(path: string, _options: FileOptions): Promise<FileSource> {
  let file: AsyncBuffer;
  let metadata: FileMetaData;
  try {
    file = await asyncBufferFromFile(path);
    metadata = await parquetMetadataAsync(file);
  } catch (cause) {
    throw new ImportError(`'${path}' is not a readable Parquet file: ${(cause as Error).message}`, { file: path });
  }
  const schema = parquetSchema(metadata).children.map((node) => columnOf(node, path));
  return { schema, rowCount: Number(metadata.num_rows), batches: () => readBatches({ path, file, metadata, schema }) };
}

function columnOf(node: SchemaTree, path: string): ColumnSchema {
  const { element } = node;
  if (node.children.length > 0 || element.type === undefined) {
    throw new ImportError(`'${path}': column ${element.name} is nested, expected a flat column`, {
      file: path,
      column: element.name,
    });
  }
  return { name: element.name, dtype: dtypeOf(element), width: 1, nullable: element.repetition_type !== 'REQUIRED' };
}

function dtypeOf(element: SchemaTree['element']): DType {
  const logical = element.logical_type;
  if (logical?.type === 'INTEGER') {
    const { bitWidth, isSigned } = logical;
    return `${isSigned ? 'i' : 'u'}${bitWidth}` as DType;
  }
  const converted = element.converted_type;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') {
    return decimal({ precision: element.precision ?? 18, scale: element.scale ?? 0 });
  }
  if (converted === 'DATE' || logical?.type === 'DATE') return 'date';
  if (converted?.startsWith('TIMESTAMP') === true || logical?.type === 'TIMESTAMP' || element.type === 'INT96')
    return 'timestamp';
  if (converted?.startsWith('TIME_') === true || logical?.type === 'TIME') return 'time';
  const integer = /^(U?)INT_(\d+)$/.exec(converted ?? '');
  if (integer !== null) return `${integer[1] === 'U' ? 'u' : 'i'}${integer[2]}` as DType;
  if (logical?.type === 'FLOAT16') return 'f32';
  switch (element.type) {
    case 'BOOLEAN': return 'bool';
    case 'INT32': return 'i32';
    case 'INT64': return 'i64';
    case 'FLOAT': return 'f32';
    case 'DOUBLE': return 'f64';
    default:
      return converted === 'UTF8' || converted === 'ENUM' || converted === 'JSON' || logical?.type === 'STRING'
        ? 'utf8'
        : 'blob';
  }
}

interface ReadOptions {
  readonly path: string;
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly schema: readonly ColumnSchema[];
}

async function* readBatches({ path, file, metadata, schema }: ReadOptions): AsyncGenerator<Batch, void, undefined> {
  const total = Number(metadata.num_rows);
  const builders = schema.map((column) => new VectorBuilder(column));
  let begin = 0;
  for (const group of metadata.row_groups) {
    const end = begin + Number(group.num_rows);
    const columns = await readColumns({ path, file, metadata, schema }, { begin, end });
    for (let row = 0; row < end - begin; row += BATCH_ROWS) {
      const last = Math.min(row + BATCH_ROWS, end - begin);
      schema.forEach((column, i) =>
        appendColumn(builders[i]!, { column, values: columns[i]!, begin: row, end: last, path }),
      );
      yield { rowCount: last - row, columns: builders.map((builder) => builder.finish()) };
    }
    begin = end;
  }
  if (begin !== total)
    throw new ImportError(`'${path}': row groups hold ${begin} rows, its footer says ${total}`, { file: path });
}

type ColumnValues = ArrayLike<unknown>;

async function readColumns(
  { path, file, metadata, schema }: ReadOptions,
  range: { begin: number; end: number },
): Promise<readonly ColumnValues[]> {
  try {
    const { parquetRead } = await import('hyparquet');
    const parts = new Map<string, { start: number; data: ColumnValues }[]>();
    await parquetRead({
      file, metadata, compressors, utf8: false, rowStart: range.begin, rowEnd: range.end,
      onChunk: ({ columnName, columnData, rowStart }) => {
        const list = parts.get(columnName) ?? [];
        list.push({ start: rowStart, data: columnData as ColumnValues });
        parts.set(columnName, list);
      },
    });
    return schema.map(({ name }) => joinParts(parts.get(name) ?? [], range));
  } catch (cause) {
    throw new ImportError(`'${path}' cannot be read: ${(cause as Error).message}`, { file: path });
  }
}

function joinParts(
  parts: { start: number; data: ColumnValues }[],
  range: { begin: number; end: number },
): ColumnValues {
  parts.sort((a, b) => a.start - b.start);
  const [only] = parts;
  if (parts.length === 1 && only!.start === range.begin && only!.data.length === range.end - range.begin)
    return only!.data;
  const out: unknown[] = [];
  for (const { start, data } of parts) {
    for (let i = Math.max(0, range.begin - start); i < data.length && start + i < range.end; i++) out.push(data[i]);
  }
  return out;
}

interface AppendOptions {
  readonly column: ColumnSchema;
  readonly values: ColumnValues;
  readonly begin: number;
  readonly end: number;
  readonly path: string;
}

function appendColumn(builder: VectorBuilder, { column, values, begin, end, path }: AppendOptions): void {
  if (end > values.length)
    throw new ImportError(`'${path}': column ${column.name} has ${values.length} values, expected ${end}`, {
      file: path,
      column: column.name,
    });
  const convert = converter(column.dtype);
  for (let i = begin; i < end; i++) {
    const value = values[i];
    builder.append(value === null || value === undefined ? null : convert(value));
  }
}

function converter(dtype: DType): (value: unknown) => BuilderValue {
  switch (dtype) {
    case 'date':
      return (value) => (value instanceof Date ? Math.floor(value.getTime() / DAY_MILLISECONDS) : (value as number));
    case 'timestamp':
      return (value) => (value instanceof Date ? BigInt(value.getTime()) * MICROSECONDS : BigInt(value as bigint));
    case 'time': return (value) => BigInt(value as bigint | number);
    case 'utf8':
      return (value) =>
        typeof value === 'object' && !(value instanceof Uint8Array) ? JSON.stringify(value) : (value as string);
    case 'blob': return (value) => (typeof value === 'string' ? Buffer.from(value, 'latin1') : (value as Uint8Array));
    default: break;
  }
  if (!dtype.startsWith('decimal(')) return (value) => value as BuilderValue;
  const scale = 10 ** Number(/,(\d+)\)/.exec(dtype)![1]);
  return (value) => BigInt(Math.round(Number(value) * scale));
}
