/** Options of `open` and of statements, as people write them. */
import { availableParallelism } from 'node:os';
import { flagOf, kindOf, requireText, type OptionNames } from './arguments.js';
import type { FileFormat } from './io/source.js';

export interface DatabaseOptions {
  /**
   * Most memory for pages, hash tables, scratch and results in flight together: bytes, or text such as `'512MiB'` (the
   * default). At least 16 MiB; what is over 4 GiB is not used.
   */
  readonly memoryLimit?: string | number;
  /** Worker threads, 1 to 24; default: the machine's, at most 16. */
  readonly threads?: number;
  /**
   * Begins a query on the caller's own thread, and starts worker threads when what is left of it takes three times as
   * long as starting one; the caller's thread works along, a few milliseconds at a time, until the query gives results
   * for 30 ms or has run for 300. Reads of the file keep it waiting while they are short, and pages that are read for
   * the first time make room for each other. For a process that has nothing else to do, such as a command or a function
   * that is started for each request. Default false.
   */
  readonly lazyThreads?: boolean;
  readonly readOnly?: boolean;
  /** Makes the file when it is absent; default true unless `readOnly`. */
  readonly create?: boolean;
}

export const DATABASE_OPTIONS: OptionNames<DatabaseOptions> = {
  memoryLimit: true, threads: true, lazyThreads: true, readOnly: true, create: true,
};

export interface QueryOptions {
  /** Stops the statement; the iteration throws the signal's reason. */
  readonly signal?: AbortSignal;
}

export const QUERY_OPTIONS: OptionNames<QueryOptions> = { signal: true };

export interface ImportOptions extends QueryOptions {
  /** Takes the place of a table of that name. */
  readonly replace?: boolean;
  /** What the file is, where its name does not say so. */
  readonly format?: FileFormat;
  /** CSV: whether the first line holds the names; found out when not given. */
  readonly header?: boolean;
  /** CSV: what stands between fields; when not given `,`, `;`, `|` or a tab is found out. */
  readonly delimiter?: string;
  /** CSV: what stands for NULL; default nothing at all. */
  readonly nullText?: string;
}

export const IMPORT_OPTIONS: OptionNames<ImportOptions> = {
  ...QUERY_OPTIONS, replace: true, format: true, header: true, delimiter: true, nullText: true,
};

export interface ExplainOptions {
  readonly format?: 'text' | 'json' | 'dot';
  /** Runs the query and shows rows and time of each pipeline. */
  readonly analyze?: boolean;
  /** Shows every rewrite with the IR before and after. */
  readonly passes?: boolean;
  /** Shows the generated code as WebAssembly text. */
  readonly code?: boolean;
  /** Ends the compiling, and with `analyze` the run. */
  readonly signal?: AbortSignal;
}

export const EXPLAIN_OPTIONS: OptionNames<ExplainOptions> = {
  format: true, analyze: true, passes: true, code: true, signal: true,
};

export interface WriteOptions {
  readonly format?: FileFormat;
  /** CSV: whether the first line holds the names; default true. */
  readonly header?: boolean;
  readonly delimiter?: string;
  /** CSV: what stands for NULL; default nothing at all. */
  readonly nullText?: string;
}

export const WRITE_OPTIONS: OptionNames<WriteOptions> = { format: true, header: true, delimiter: true, nullText: true };

/** @throws RangeError for a header that is no flag; TypeError for what is no text */
export function requireCsvOptions(options: Pick<WriteOptions, 'header' | 'delimiter' | 'nullText'>): void {
  flagOf('header', options.header, true);
  for (const name of ['delimiter', 'nullText'] as const)
    if (options[name] !== undefined) requireText(name, options[name]);
}

const UNITS: Readonly<Record<string, number>> = {
  b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3,
};
/** Frames, a query's working memory and results in flight need at least this. */
export const MIN_MEMORY_BYTES = 16 * 1024 * 1024;
/** One wasm32 memory. */
export const MAX_MEMORY_BYTES = 4 * 1024 ** 3 - 64 * 1024;
const DEFAULT_MEMORY_BYTES = 512 * 1024 ** 2;

/** Bytes of `'512MiB'`, `'1.5 GB'` or a number of bytes. @throws RangeError */
export function parseBytes(size: string | number): number {
  const match = typeof size === 'number' ? [undefined, String(size), 'b'] : /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(size);
  const unit = UNITS[(match?.[2] ?? '').toLowerCase() || 'b'];
  const bytes = Number(match?.[1]) * (unit ?? Number.NaN);
  if (!Number.isFinite(bytes) || bytes < 0)
    throw new RangeError(`'${size}' is not a size: expected a number with B, KiB, MiB, GiB, KB, MB or GB`);
  return Math.floor(bytes);
}

export function memoryLimit(size: string | number | undefined): number {
  const bytes = size === undefined ? DEFAULT_MEMORY_BYTES : parseBytes(size);
  if (bytes < MIN_MEMORY_BYTES)
    throw new RangeError(`memoryLimit is ${bytes} bytes, expected at least ${MIN_MEMORY_BYTES} (16 MiB)`);
  return Math.min(bytes, MAX_MEMORY_BYTES);
}

export function threadCount(threads: number | undefined): number {
  const count = threads ?? Math.min(availableParallelism(), 16);
  if (!Number.isInteger(count) || count < 1 || count > 24)
    throw new RangeError(`threads is ${kindOf(count)}, expected a whole number from 1 to 24`);
  return count;
}
