/**
 * Parquet in, by hyparquet (with hyparquet-compressors for zstd, brotli, gzip, lz4): one row group at a time.
 * Flat columns are read; nesting, lists too, is refused by name.
 */
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetSchema,
  type FileMetaData,
  type ParquetParsers,
  type SchemaTree,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { decimalOf, type DType } from '../../ir/dtype.js';
import type { Batch, ColumnSchema } from '../batch.js';
import { ImportError } from '../errors.js';
import { checkEnd, checkRowGroups, chunkRange } from './parquet-metadata.js';
import { checkPages } from './parquet-pages.js';
import { BATCH_ROWS, type FileOptions, type FileSource } from './source.js';
import { decimalConverter, decimalDType, microsecondConverter, textOf, type TimeUnit } from './stored-value.js';
import { VectorBuilder, type BuilderValue } from './vector-builder.js';

/** hyparquet would lose digits of nanoseconds, parse JSON, and take a byte order mark off a text. */
const PARSERS: Partial<ParquetParsers> = {
  timestampFromNanoseconds: (nanoseconds) => nanoseconds as never,
  stringFromBytes: textOf,
  jsonFromBytes: textOf,
};

/** A page of no bytes, as the dictionary of a column of NULLs is one, has nothing to decompress: LZ4 would fail. */
const decompressors = Object.fromEntries(
  Object.entries(compressors).map(([codec, decompress]): [string, typeof decompress] => [
    codec,
    (input, outputLength) => (outputLength === 0 ? new Uint8Array(0) : decompress(input, outputLength)),
  ]),
);

type AsyncBuffer = Awaited<ReturnType<typeof asyncBufferFromFile>>;

export async function openParquet(path: string, _options: FileOptions): Promise<FileSource> {
  let file: AsyncBuffer;
  let metadata: FileMetaData;
  let nodes: readonly SchemaTree[];
  try {
    file = await asyncBufferFromFile(path);
    await checkEnd(path, file);
    metadata = await parquetMetadataAsync(file);
    nodes = parquetSchema(metadata).children;
  } catch (cause) {
    if (cause instanceof ImportError) throw cause;
    throw new ImportError(`'${path}' is not a readable Parquet file: ${(cause as Error).message}`, { file: path });
  }
  const schema = nodes.map((node) => columnOf(node, path));
  const elements = nodes.map((node) => node.element);
  checkRowGroups(metadata, schema.map(({ name }) => name), { path, byteLength: file.byteLength });
  return {
    schema,
    rowCount: Number(metadata.num_rows),
    batches: () => readBatches({ path, file, metadata: withRawNumbers(metadata), schema, elements }),
  };
}

type SchemaElement = SchemaTree['element'];

/** hyparquet makes doubles of decimals and a Date of times, which loses digits; without a meaning it gives integers. */
function withRawNumbers(metadata: FileMetaData): FileMetaData {
  return { ...metadata, schema: metadata.schema.map((element) => (isScaled(element) ? rawElement(element) : element)) };
}

function isScaled({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return /^(?:DECIMAL|DATE|TIME)/.test(converted ?? logical?.type ?? '');
}

function rawElement({ converted_type: _converted, logical_type: _logical, ...element }: SchemaElement): SchemaElement {
  return element;
}

function columnOf(node: SchemaTree, path: string): ColumnSchema {
  const { element } = node;
  if (node.children.length > 0 || element.type === undefined) {
    throw new ImportError(`'${path}': column ${element.name} is nested, expected a flat column`, {
      file: path,
      column: element.name,
    });
  }
  const nullable = element.repetition_type !== 'REQUIRED';
  return { name: element.name, dtype: dtypeOf(element, path), width: 1, nullable };
}

function dtypeOf(element: SchemaElement, path: string): DType {
  const logical = element.logical_type;
  if (logical?.type === 'INTEGER') {
    const { bitWidth, isSigned } = logical;
    return `${isSigned ? 'i' : 'u'}${bitWidth}` as DType;
  }
  const converted = element.converted_type;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') {
    const { precision = 18, scale = 0 } = logical?.type === 'DECIMAL' ? logical : element;
    return decimalDType({ precision, scale }, { path, column: element.name });
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
  /** What the file says of each column. */
  readonly elements: readonly SchemaElement[];
}

async function* readBatches(options: ReadOptions): AsyncGenerator<Batch, void, undefined> {
  const { path, metadata, schema } = options;
  const total = Number(metadata.num_rows);
  const builders = schema.map((column) => new VectorBuilder(column));
  const converters = schema.map((column, i) => converter(column, { element: options.elements[i]!, path }));
  let begin = 0;
  for (const group of metadata.row_groups) {
    const end = begin + Number(group.num_rows);
    const columns = await readColumns(options, { group, begin, end });
    for (let row = 0; row < end - begin; row += BATCH_ROWS) {
      const last = Math.min(row + BATCH_ROWS, end - begin);
      schema.forEach((column, i) =>
        appendColumn(builders[i]!, {
          column, values: columns[i]!, convert: converters[i]!, begin: row, end: last, firstRow: begin, path,
        }),
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
  { group, ...range }: { group: FileMetaData['row_groups'][number]; begin: number; end: number },
): Promise<readonly ColumnValues[]> {
  try {
    for (const [i, { meta_data: chunk }] of group.columns.entries()) {
      const { start, end } = chunkRange(chunk!);
      const { codec } = chunk!;
      const rowCount = range.end - range.begin;
      const isNullable = schema[i]!.nullable;
      checkPages(await file.slice(start, end), { rowCount, isNullable, codec, compressors: decompressors });
    }
    const { parquetRead } = await import('hyparquet');
    const parts = new Map<string, { start: number; data: ColumnValues }[]>();
    await parquetRead({
      file, metadata, compressors: decompressors, utf8: false, rowStart: range.begin, rowEnd: range.end,
      parsers: PARSERS,
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

/** `row` counts from 0 and is for messages only. */
type Converter = (value: unknown, row: number) => BuilderValue;

interface AppendOptions {
  readonly column: ColumnSchema;
  readonly values: ColumnValues;
  readonly convert: Converter;
  readonly begin: number;
  readonly end: number;
  /** The row of the file that `values[0]` is. */
  readonly firstRow: number;
  readonly path: string;
}

function appendColumn(builder: VectorBuilder, options: AppendOptions): void {
  const { column, values, convert, begin, end, firstRow, path } = options;
  if (end > values.length)
    throw new ImportError(`'${path}': column ${column.name} has ${values.length} values, expected ${end}`, {
      file: path,
      column: column.name,
    });
  for (let i = begin; i < end; i++) {
    const value = values[i];
    if (value === undefined)
      throw new ImportError(`'${path}' is damaged: column ${column.name} has no value in row ${firstRow + i + 1}`, {
        file: path,
        column: column.name,
      });
    builder.append(value === null ? null : convert(value, firstRow + i));
  }
}

function converter(
  { name, dtype }: ColumnSchema,
  { element, path }: { element: SchemaElement; path: string },
): Converter {
  const place = { path, column: name };
  switch (dtype) {
    case 'time': case 'timestamp': {
      const toMicroseconds = microsecondConverter(unitOf(element), place);
      return (value, row) => toMicroseconds(BigInt(value as bigint | number), row);
    }
    case 'blob': return (value) => (typeof value === 'string' ? Buffer.from(value, 'latin1') : (value as Uint8Array));
    default: break;
  }
  const type = decimalOf(dtype);
  if (type === undefined) return (value) => value as BuilderValue;
  const toDecimal = decimalConverter(type.scale, place);
  return (value, row) => toDecimal(unscaledOf(value as number | bigint | Uint8Array), row);
}

function unitOf({ type, converted_type: converted, logical_type: logical }: SchemaElement): TimeUnit {
  if (type === 'INT96') return 'ns';
  if (logical?.type === 'TIME' || logical?.type === 'TIMESTAMP')
    return ({ MILLIS: 'ms', MICROS: 'us', NANOS: 'ns' } as const)[logical.unit];
  return converted?.endsWith('_MILLIS') === true ? 'ms' : 'us';
}

/** Bytes are a big-endian integer in two's complement. */
function unscaledOf(value: number | bigint | Uint8Array): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value);
  const unsigned = value.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return BigInt.asIntN(value.length * 8, unsigned);
}
