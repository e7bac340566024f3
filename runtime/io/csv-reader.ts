/**
 * CSV in: csv-parse does the quoting, this file the types.
 *
 * Types are given, or found from the first SAMPLE_ROWS rows; a later field that does not fit is an ImportError with line and
 * column, as is a row with more or fewer fields than the first. An empty unquoted field is NULL.
 */
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import type { Batch, ColumnSchema } from '../batch.js';
import { ImportError } from '../errors.js';
import { BATCH_ROWS, type FileOptions, type FileSource } from './source.js';
import { parseField, sniffDType } from './text-value.js';
import { VectorBuilder } from './vector-builder.js';

const SAMPLE_ROWS = 20_000;

interface Row {
  readonly fields: readonly (string | null)[];
  readonly line: number;
}

async function* readRows(path: string, options: FileOptions): AsyncGenerator<Row> {
  const parser = parse({
    delimiter: options.delimiter ?? (path.endsWith('.tsv') ? '\t' : path.endsWith('.tbl') ? '|' : ','),
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    cast: (value, context) => (value === (options.nullText ?? '') && !context.quoting ? null : value),
  });
  const file = createReadStream(path);
  file.on('error', (error) => parser.destroy(error));
  file.pipe(parser);
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: (string | null)[]; info: { lines: number } }>) {
      yield { fields: record, line: info.lines };
    }
  } catch (error) {
    const { message, lines } = error as { message: string; lines?: number };
    throw new ImportError(`'${path}': ${message}`, { file: path, ...(lines === undefined ? {} : { line: lines }) });
  } finally {
    file.destroy();
  }
}

/** The header is names when none of its fields is a value of the type that the rest of its column has. */
function looksLikeHeader(first: Row, rest: readonly Row[]): boolean {
  if (first.fields.some((field) => field === null)) return false;
  const types = first.fields.map((_, column) => sniffColumn(rest, column));
  const isTyped = types.some((dtype) => dtype !== 'utf8');
  if (!isTyped) return new Set(first.fields).size === first.fields.length;
  return first.fields.every((field, column) => types[column] === 'utf8' || parseField(field!, types[column]!) === undefined);
}

function sniffColumn(rows: readonly Row[], column: number): ReturnType<typeof sniffDType> {
  const fields = rows.map((row) => row.fields[column]).filter((field) => field !== null && field !== undefined);
  return sniffDType(fields);
}

function columnNames(header: Row | undefined, width: number): readonly string[] {
  return Array.from({ length: width }, (_, i) => header?.fields[i]?.trim() || `column${i}`);
}

export async function openCsv(path: string, options: FileOptions): Promise<FileSource> {
  const sample: Row[] = [];
  for await (const row of readRows(path, options)) {
    sample.push(row);
    if (sample.length > SAMPLE_ROWS) break;
  }
  const first = sample[0];
  if (first === undefined && options.columns === undefined) throw new ImportError(`'${path}' is empty: there is not even a header`, { file: path });
  const hasHeader = options.header ?? (first !== undefined && options.columns === undefined && looksLikeHeader(first, sample.slice(1)));
  const body = hasHeader ? sample.slice(1) : sample;
  const schema: readonly ColumnSchema[] = options.columns
    ?? columnNames(hasHeader ? first : undefined, first!.fields.length).map((name, column) => ({
      name, dtype: sniffColumn(body, column), width: 1, nullable: true,
    }));
  return { schema, rowCount: undefined, batches: () => readBatches(path, { options, schema, hasHeader }) };
}

async function* readBatches(
  path: string,
  { options, schema, hasHeader }: { options: FileOptions; schema: readonly ColumnSchema[]; hasHeader: boolean },
): AsyncGenerator<Batch, void, undefined> {
  const builders = schema.map((column) => new VectorBuilder(column));
  const flush = (rowCount: number): Batch => ({ rowCount, columns: builders.map((builder) => builder.finish()) });
  let rows = 0;
  let isHeader = hasHeader;
  for await (const row of readRows(path, options)) {
    if (isHeader) {
      isHeader = false;
      continue;
    }
    appendRow(path, { row, schema, builders });
    rows++;
    if (rows === BATCH_ROWS) {
      yield flush(rows);
      rows = 0;
    }
  }
  if (rows > 0) yield flush(rows);
}

function appendRow(path: string, { row, schema, builders }: { row: Row; schema: readonly ColumnSchema[]; builders: readonly VectorBuilder[] }): void {
  // A row may end with one delimiter too many, as the .tbl files of TPC-H do.
  const hasTail = row.fields.length === schema.length + 1 && row.fields[schema.length] === null;
  if (row.fields.length !== schema.length && !hasTail) {
    throw new ImportError(`'${path}', line ${row.line}: ${row.fields.length} fields, expected ${schema.length}`, { file: path, line: row.line });
  }
  schema.forEach((column, i) => {
    const field = row.fields[i]!;
    if (field === null) {
      if (!column.nullable) throw new ImportError(`'${path}', line ${row.line}: column ${column.name} is NOT NULL, found an empty field`, { file: path, line: row.line, column: column.name });
      return builders[i]!.append(null);
    }
    const value = parseField(field, column.dtype);
    if (value === undefined) {
      throw new ImportError(`'${path}', line ${row.line}, column ${column.name}: '${field.slice(0, 40)}' is not a ${column.dtype}`, { file: path, line: row.line, column: column.name });
    }
    return builders[i]!.append(value);
  });
}
