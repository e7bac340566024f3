/**
 * CSV in: csv-parse does the quoting, this file the types.
 *
 * Types are given, or found from the first SAMPLE_ROWS rows; a later field that does not fit is an ImportError with
 * line and column, as is a row with more or fewer fields than the first. An empty unquoted field is NULL.
 */
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import type { Batch, ColumnSchema } from '../batch.js';
import { ImportError } from '../errors.js';
import { BATCH_ROWS, type FileOptions, type FileSource } from './source.js';
import { parseField, parseList, sniffDType } from './text-value.js';
import { VectorBuilder } from './vector-builder.js';

const SAMPLE_ROWS = 20_000;
const SCAN_BYTES = 1 << 20;
const QUOTE = 0x22;

type Row = readonly (string | null)[];

interface Dialect {
  readonly options: FileOptions;
  /** Whether quoted fields may look like NULL: they are text, and telling them apart costs a call a field. */
  readonly hasQuotedNulls: boolean;
}

function delimiterOf(path: string, options: FileOptions): string {
  return options.delimiter ?? (path.endsWith('.tsv') ? '\t' : path.endsWith('.tbl') ? '|' : ',');
}

/**
 * Whether a quoted field might read as NULL: two quotes side by side anywhere, or any quote when NULL has a text of its
 * own.
 */
async function findQuotedNulls(path: string, options: FileOptions): Promise<boolean> {
  const needle = (options.nullText ?? '') === '' ? '""' : '"';
  let last = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: SCAN_BYTES }) as AsyncIterable<Buffer>) {
      if ((last === QUOTE && chunk[0] === QUOTE) || chunk.includes(needle)) return true;
      last = chunk.at(-1) ?? last;
    }
  } catch (error) {
    throw new ImportError(`'${path}' cannot be read: ${(error as Error).message}`, { file: path });
  }
  return false;
}

async function* readRows(path: string, { options, hasQuotedNulls }: Dialect): AsyncGenerator<Row> {
  const nullText = options.nullText ?? '';
  const parser = parse({
    delimiter: delimiterOf(path, options),
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    ...(hasQuotedNulls
      ? {
          cast: (value: string, context: { quoting: boolean }) =>
            value === nullText && !context.quoting ? null : value,
        }
      : {}),
  });
  const file = createReadStream(path);
  file.on('error', (error) => parser.destroy(error));
  file.pipe(parser);
  try {
    for await (const record of parser as AsyncIterable<(string | null)[]>) {
      yield hasQuotedNulls ? record : record.map((field) => (field === nullText ? null : field));
    }
  } catch (error) {
    const { message, lines } = error as { message: string; lines?: number };
    throw new ImportError(`'${path}': ${message}`, { file: path, ...(lines === undefined ? {} : { line: lines }) });
  } finally {
    file.destroy();
  }
}

/** The line on which record `wanted` ends: read again, for only a mistake asks. */
async function lineOf(path: string, { options }: Dialect, wanted: number): Promise<number> {
  const parser = parse({
    delimiter: delimiterOf(path, options),
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
  });
  const file = createReadStream(path);
  file.pipe(parser);
  let record = 0;
  try {
    for await (const { info } of parser as AsyncIterable<{ info: { lines: number } }>)
      if (record++ === wanted) return info.lines;
    return record;
  } finally {
    file.destroy();
  }
}

/** The header is names when none of its fields is a value of the type that the rest of its column has. */
function looksLikeHeader(first: Row, rest: readonly Row[]): boolean {
  if (first.some((field) => field === null)) return false;
  const types = first.map((_, column) => sniffColumn(rest, column));
  const isTyped = types.some((dtype) => dtype !== 'utf8');
  if (!isTyped) return new Set(first).size === first.length;
  return first.every((field, column) => types[column] === 'utf8' || parseField(field!, types[column]!) === undefined);
}

function sniffColumn(rows: readonly Row[], column: number): ReturnType<typeof sniffDType> {
  const fields = rows.map((row) => row[column]).filter((field) => field !== null && field !== undefined);
  return sniffDType(fields);
}

function columnNames(header: Row | undefined, width: number): readonly string[] {
  return Array.from({ length: width }, (_, i) => header?.[i]?.trim() || `column${i}`);
}

export async function openCsv(path: string, options: FileOptions): Promise<FileSource> {
  const dialect: Dialect = { options, hasQuotedNulls: await findQuotedNulls(path, options) };
  const sample: Row[] = [];
  for await (const row of readRows(path, dialect)) {
    sample.push(row);
    if (sample.length > SAMPLE_ROWS) break;
  }
  const first = sample[0];
  if (first === undefined && options.columns === undefined)
    throw new ImportError(`'${path}' is empty: there is not even a header`, { file: path });
  const hasHeader =
    options.header ?? (first !== undefined && options.columns === undefined && looksLikeHeader(first, sample.slice(1)));
  const body = hasHeader ? sample.slice(1) : sample;
  const schema: readonly ColumnSchema[] = options.columns
    ?? columnNames(hasHeader ? first : undefined, first!.length).map((name, column) => ({
      name, dtype: sniffColumn(body, column), width: 1, nullable: true,
    }));
  return { schema, rowCount: undefined, batches: () => readBatches(path, { dialect, schema, hasHeader }) };
}

async function* readBatches(
  path: string,
  { dialect, schema, hasHeader }: { dialect: Dialect; schema: readonly ColumnSchema[]; hasHeader: boolean },
): AsyncGenerator<Batch, void, undefined> {
  const builders = schema.map((column) => new VectorBuilder(column));
  const flush = (rowCount: number): Batch => ({ rowCount, columns: builders.map((builder) => builder.finish()) });
  let rows = 0;
  let record = 0;
  for await (const row of readRows(path, dialect)) {
    if (record++ === 0 && hasHeader) continue;
    const mistake = appendRow(row, { schema, builders });
    if (mistake !== undefined) throw mistakeAt(path, { mistake, line: await lineOf(path, dialect, record - 1) });
    rows++;
    if (rows === BATCH_ROWS) {
      yield flush(rows);
      rows = 0;
    }
  }
  if (rows > 0) yield flush(rows);
}

interface Mistake {
  readonly column: string | undefined;
  readonly text: string;
}

function mistakeAt(path: string, { mistake, line }: { mistake: Mistake; line: number }): ImportError {
  const { column, text } = mistake;
  const place = column === undefined ? `line ${line}` : `line ${line}, column ${column}`;
  return new ImportError(`'${path}', ${place}: ${text}`, {
    file: path,
    line,
    ...(column === undefined ? {} : { column }),
  });
}

/** What is wrong with the row, when something is. */
function appendRow(
  row: Row,
  { schema, builders }: { schema: readonly ColumnSchema[]; builders: readonly VectorBuilder[] },
): Mistake | undefined {
  // A row may end with one delimiter too many, as the .tbl files of TPC-H do.
  const hasTail = row.length === schema.length + 1 && row[schema.length] === null;
  if (row.length !== schema.length && !hasTail)
    return { column: undefined, text: `${row.length} fields, expected ${schema.length}` };
  for (const [i, column] of schema.entries()) {
    const field = row[i]!;
    if (field === null) {
      if (!column.nullable) return { column: column.name, text: 'an empty field, but the column is NOT NULL' };
      builders[i]!.append(null);
      continue;
    }
    if (column.width > 1) {
      const list = parseList(field, column);
      if (typeof list === 'string') return { column: column.name, text: list };
      builders[i]!.appendTensor(list);
      continue;
    }
    const value = parseField(field, column.dtype);
    if (value === undefined) return { column: column.name, text: `'${field.slice(0, 40)}' is not a ${column.dtype}` };
    builders[i]!.append(value);
  }
  return undefined;
}
