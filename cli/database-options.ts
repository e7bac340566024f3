/** Options shared by the commands that open a database file or bind parameters. */
import type { Database, DatabaseOptions, ParameterValue } from '../runtime/database.js';
import { UsageError, type OptionSpec } from './command.js';

export const MEMORY = {
  type: 'string',
  value: 'SIZE',
  help: 'Most memory to use, such as 512MiB (the default).',
} as const satisfies OptionSpec;
export const THREADS = {
  type: 'string',
  value: 'N',
  help: "Worker threads; the machine's by default.",
} as const satisfies OptionSpec;
export const PARAM = {
  type: 'string',
  short: 'p',
  multiple: true,
  value: 'VALUE',
  help: 'Value of the next parameter (?, $1); NULL for none.',
} as const satisfies OptionSpec;
export const JSON_OUTPUT = { type: 'boolean', help: 'Print JSON, for programs.' } as const satisfies OptionSpec;

interface Limits {
  readonly memory?: string | undefined;
  readonly threads?: string | undefined;
}

/** Opens, lends and closes. A limit that `open` does not take is the caller's mistake. */
export async function withDatabase<T>(
  path: string,
  options: Limits & Pick<DatabaseOptions, 'readOnly' | 'create' | 'lazyThreads'>,
  use: (db: Database) => Promise<T>,
): Promise<T> {
  const { open } = await import('../runtime/database.js');
  let db: Database;
  try {
    db = await open(path, {
      ...(options.memory === undefined ? {} : { memoryLimit: options.memory }),
      ...(options.threads === undefined ? {} : { threads: threadsOf(options.threads) }),
      lazyThreads: options.lazyThreads ?? false,
      readOnly: options.readOnly ?? false,
      create: options.create ?? false,
    });
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
  try {
    return await use(db);
  } finally {
    await db.close();
  }
}

/** @throws UsageError */
function threadsOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`--threads is '${text}', expected a whole number`);
  return Number(text);
}

/** A parameter's text becomes a value of the type the statement wants when it runs; NULL is what it says. */
export function parameterValues(texts: readonly string[]): readonly ParameterValue[] {
  return texts.map((text) => (text.toLowerCase() === 'null' ? null : text));
}
