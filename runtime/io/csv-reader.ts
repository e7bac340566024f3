/**
 * CSV in: csv-parse does the quoting, this file the types.
 *
 * Types are given, or found from the first SAMPLE_ROWS rows; a later field that does not fit is an ImportError with
 * line and column, as is a row with more or fewer fields than the first. An empty unquoted field is NULL; so an empty
 * line is a row where there is one column, and nothing where there are more. A quoted one is NULL in what is no text.
 */
import { createReadStream } from 'node:fs';
import { parse, type Options as ParserOptions } from 'csv-parse';
import { dtypeInfo, type FixedDType } from '../../ir/dtype.js';
import type { Batch, ColumnSchema } from '../batch.js';
import { nameKey } from '../catalog.js';
import { ImportError } from '../errors.js';
import { findDelimiter } from './csv-delimiter.js';
import { encodingError, isUtf16, Utf8Check } from './csv-encoding.js';
import { counted } from '../wording.js';
import { BATCH_ROWS, type FileOptions, type FileSource } from './source.js';
import { parseField, parseList, sniffDType } from './text-value.js';
import { VectorBuilder } from './vector-builder.js';

const SAMPLE_ROWS = 20_000;
const SCAN_BYTES = 1 << 20;
/** Of the first lines, in which the delimiter is sought. */
const SNIFF_BYTES = 64 << 10;
const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

type Row = readonly (string | null)[];

interface Dialect {
  readonly options: FileOptions;
  readonly delimiter: string;
  /** Whether quoted fields may look like NULL: they are text, and telling them apart costs a call a field. */
  readonly hasQuotedNulls: boolean;
  /** What ends a line; `undefined` is left to csv-parse, which takes the first that it finds for all. */
  readonly lineEnds: readonly string[] | undefined;
  readonly hasOneColumn: boolean;
}

/** The one that is asked for, else what the first lines have. */
function delimiterOf(path: string, start: Buffer, options: FileOptions): string {
  if (options.delimiter !== undefined) return options.delimiter;
  const likeliest = path.endsWith('.tsv') ? '\t' : path.endsWith('.tbl') ? '|' : ',';
  const text = start.subarray(0, SNIFF_BYTES).toString(isUtf16(start) ? 'utf16le' : 'utf8');
  return findDelimiter(text, { likeliest, width: options.columns?.length, isWhole: start.length < SNIFF_BYTES });
}

/** What has to be known of the whole file before it is read. */
async function surveyFile(path: string, options: FileOptions): Promise<Dialect> {
  const needle = (options.nullText ?? '') === '' ? '""' : '"';
  let lineEnds: readonly string[] | undefined;
  let hasQuotedNulls = false;
  let last: number | undefined;
  let check: Utf8Check | undefined;
  let isText = true;
  let delimiter = ',';
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: SCAN_BYTES }) as AsyncIterable<Buffer>) {
      if (last === undefined) {
        lineEnds = lineEndsOf(chunk);
        delimiter = delimiterOf(path, chunk, options);
        // Quotes that stand side by side in UTF-16 have a byte between them.
        hasQuotedNulls = isUtf16(chunk);
        check = isUtf16(chunk) ? undefined : new Utf8Check();
      }
      // A quoted field might read as NULL: two quotes side by side, or any quote when NULL has a text of its own.
      hasQuotedNulls ||= (last === QUOTE && chunk[0] === QUOTE) || chunk.includes(needle);
      isText = check?.accepts(chunk) ?? true;
      if (!isText) break;
      last = chunk.at(-1);
    }
  } catch (error) {
    throw new ImportError(`'${path}' cannot be read: ${(error as Error).message}`, { file: path });
  }
  if (!isText || check?.isWhole() === false) throw await encodingError(path);
  const dialect = { options, delimiter, hasQuotedNulls, lineEnds, hasOneColumn: false };
  return { ...dialect, hasOneColumn: (options.columns?.length ?? await findWidth(path, dialect)) === 1 };
}

/** Files of both ends of line in one are read; a lone carriage return ends lines where no line feed does. */
function lineEndsOf(start: Buffer): readonly string[] | undefined {
  if (isUtf16(start) || (start.includes(CARRIAGE_RETURN) && !start.includes(LINE_FEED))) return undefined;
  return ['\r\n', '\n'];
}

async function findWidth(path: string, dialect: Dialect): Promise<number | undefined> {
  for await (const row of readRows(path, dialect)) return row.length;
  return undefined;
}

function parserOf({ delimiter, lineEnds, hasOneColumn }: Dialect): ParserOptions {
  return {
    delimiter,
    bom: true,
    relax_column_count: true,
    skip_empty_lines: !hasOneColumn,
    ...(lineEnds === undefined ? {} : { record_delimiter: [...lineEnds] }),
  };
}

async function* readRows(path: string, dialect: Dialect): AsyncGenerator<Row> {
  const { options, hasQuotedNulls } = dialect;
  const nullText = options.nullText ?? '';
  const parser = parse({
    ...parserOf(dialect),
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
async function lineOf(path: string, dialect: Dialect, wanted: number): Promise<number> {
  const parser = parse({ ...parserOf(dialect), info: true });
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

/**
 * The first line is names when none of its fields is a value as the rest of its column has them; alone, when all are
 * words. An empty field is a column without a name; `inf` and `nan` may be both, so another field has to be a name for
 * sure.
 */
function looksLikeHeader(first: Row, rest: readonly Row[], nullText: string): boolean {
  if (rest.length === 0 && first.some((field) => field !== null && sniffDType([field]) !== 'utf8')) return false;
  const types = first.map((_, column) => sniffColumn(rest, column, nullText));
  const typed = first.filter((_, column) => types[column] !== 'utf8');
  if (typed.length === 0) return !first.includes(null) && new Set(first).size === first.length;
  const isValue = first.some((field, i) => field !== null && types[i] !== 'utf8' && isLike(field, types[i]!));
  return !isValue && typed.some((field) => field !== null && !FLOAT_WORD.test(field));
}

/** Whether the first line is the names of the columns that are asked for, rather than a row. */
function hasNamesOf(first: Row, columns: readonly ColumnSchema[]): boolean {
  const names = columns.map(({ name }) => nameKey(name));
  return first.length === names.length && first.every((field, i) => nameKey(field?.trim() ?? '') === names[i]);
}

const FLOAT_WORD = /^\s*[+-]?(?:nan|inf|infinity)\s*$/i;

/** Whether the field would be found to be of that type; any number is like any other. */
function isLike(field: string, dtype: FixedDType): boolean {
  if (FLOAT_WORD.test(field)) return false;
  if (dtype === 'i64' || dtype === 'f64') return parseField(field, 'f64') !== undefined;
  const found = sniffDType([field]);
  if (found === 'utf8' || found === dtype) return found === dtype;
  return parseField(field, dtype) !== undefined;
}

/** What looks like NULL in quotes says nothing: in a column of texts it is one, in others it is NULL. */
function sniffColumn(rows: readonly Row[], column: number, nullText: string): ReturnType<typeof sniffDType> {
  const isValue = (field: string | null | undefined): field is string =>
    field !== null && field !== undefined && field !== nullText;
  return sniffDType(rows.map((row) => row[column]).filter(isValue));
}

function columnNames(header: Row | undefined, width: number): readonly string[] {
  return Array.from({ length: width }, (_, i) => header?.[i]?.trim() || `column${i}`);
}

export async function openCsv(path: string, options: FileOptions): Promise<FileSource> {
  const dialect = await surveyFile(path, options);
  const sample: Row[] = [];
  for await (const row of readRows(path, dialect)) {
    sample.push(row);
    if (sample.length > SAMPLE_ROWS) break;
  }
  const first = sample[0];
  const { nullText = '' } = options;
  if (first === undefined && options.columns === undefined)
    throw new ImportError(`'${path}' is empty: there is not even a header`, { file: path });
  const hasHeader = options.header ?? (first !== undefined && (options.columns === undefined
    ? looksLikeHeader(first, sample.slice(1), nullText) : hasNamesOf(first, options.columns)));
  const body = hasHeader ? sample.slice(1) : sample;
  const schema: readonly ColumnSchema[] = options.columns
    ?? columnNames(hasHeader ? first : undefined, first!.length).map((name, column) => ({
      name, dtype: sniffColumn(body, column, nullText), width: 1, nullable: true,
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
  const { nullText = '' } = dialect.options;
  for await (const row of readRows(path, dialect)) {
    if (record++ === 0 && hasHeader) continue;
    const mistake = appendRow(row, { schema, builders, nullText });
    if (mistake !== undefined) {
      const isFirst = record === 1 && dialect.options.header === undefined;
      const hint = isFirst && mistake.column !== undefined ? HEADER_HINT : '';
      throw mistakeAt(path, { mistake, line: await lineOf(path, dialect, record - 1), hint });
    }
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

/** Of a mistake in the first line: it may not be meant for a row. */
const HEADER_HINT = '; if the line holds names, say HEADER';

function mistakeAt(
  path: string,
  { mistake, line, hint }: { mistake: Mistake; line: number; hint: string },
): ImportError {
  const { column, text } = mistake;
  const place = column === undefined ? `line ${line}` : `line ${line}, column ${column}`;
  return new ImportError(`'${path}', ${place}: ${text}${hint}`, {
    file: path,
    line,
    ...(column === undefined ? {} : { column }),
  });
}

function isText({ dtype, width }: ColumnSchema): boolean {
  return width === 1 && (dtype === 'utf8' || dtype === 'blob');
}

/** What is wrong with the row, when something is. */
function appendRow(
  row: Row,
  { schema, builders, nullText }: {
    schema: readonly ColumnSchema[];
    builders: readonly VectorBuilder[];
    nullText: string;
  },
): Mistake | undefined {
  // A row may end with one delimiter too many, as the .tbl files of TPC-H do.
  const hasTail = row.length === schema.length + 1 && row[schema.length] === null;
  if (row.length !== schema.length && !hasTail)
    return { column: undefined, text: `${counted(row.length, 'field')}, expected ${schema.length}` };
  for (const [i, column] of schema.entries()) {
    const field = row[i]!;
    if (field === null || (field === nullText && !isText(column))) {
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
    if (value === undefined)
      return { column: column.name, text: `'${field.slice(0, 40)}' is not of type ${dtypeInfo(column.dtype).sql}` };
    builders[i]!.append(value);
  }
  return undefined;
}
