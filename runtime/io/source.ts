/**
 * The door to foreign files: by extension or by name of the format, a stream of batches with a schema.
 */
import { extname } from 'node:path';
import type { Batch, ColumnSchema } from '../batch.js';
import { ExecutionError, ImportError } from '../errors.js';

export const FILE_FORMATS = ['csv', 'parquet', 'arrow'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** Rows of the batches that readers give. */
export const BATCH_ROWS = 16_384;

export interface FileOptions {
  readonly format?: FileFormat;
  /** CSV: whether the first line holds names; found out when not given. */
  readonly header?: boolean;
  /** CSV: what stands between fields; found out when not given. */
  readonly delimiter?: string;
  /** CSV: what stands for NULL besides nothing at all. */
  readonly nullText?: string;
  /** The types wanted, by position: the columns of the table that is copied into. */
  readonly columns?: readonly ColumnSchema[];
}

export interface FileSource {
  readonly schema: readonly ColumnSchema[];
  /** When the file says so itself. */
  readonly rowCount: number | undefined;
  batches(): AsyncGenerator<Batch, void, undefined>;
}

const EXTENSIONS: Readonly<Record<string, FileFormat>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.tbl': 'csv',
  '.txt': 'csv',
  '.parquet': 'parquet',
  '.arrow': 'arrow',
  '.arrows': 'arrow',
  '.feather': 'arrow',
  '.ipc': 'arrow',
};

export function formatOf(path: string, options: FileOptions = {}): FileFormat {
  const format = options.format ?? EXTENSIONS[extname(path).toLowerCase()];
  if (format === undefined) {
    throw new ImportError(
      `cannot tell the format of '${path}' from its name: expected ${Object.keys(EXTENSIONS).join(', ')}, or a format option`,
      { file: path },
    );
  }
  return format;
}

/** Shells and SQL have no way to write a tab but as it is, so `\t` is one. @throws ExecutionError */
export function readDelimiter(text: string): string {
  if (text === '') throw new ExecutionError('the delimiter is empty, expected a character');
  const taken = /["\r\n]/.exec(text);
  if (taken !== null)
    throw new ExecutionError(`the delimiter has ${JSON.stringify(taken[0])}, expected neither quotes nor ends of lines`);
  return text === '\\t' ? '\t' : text;
}

/** It stands without quotes. @throws ExecutionError where it could not be told from other fields, or their ends */
export function requireNullText(nullText: string, delimiter: string): void {
  const taken = [...nullText].find((character) => `"\r\n${delimiter[0]}`.includes(character));
  if (taken === undefined) return;
  const expected = 'neither quotes nor ends of lines nor what a delimiter begins with';
  throw new ExecutionError(`the text for NULL has ${JSON.stringify(taken)}, expected ${expected}`);
}

/** @throws ImportError when the file is not what its format says. */
export async function openFile(path: string, given: FileOptions = {}): Promise<FileSource> {
  const options = given.delimiter === undefined ? given : { ...given, delimiter: readDelimiter(given.delimiter) };
  switch (formatOf(path, options)) {
    case 'csv': return (await import('./csv-reader.js')).openCsv(path, options);
    case 'parquet': return (await import('./parquet-reader.js')).openParquet(path, options);
    case 'arrow': return (await import('./arrow-reader.js')).openArrow(path);
  }
}
