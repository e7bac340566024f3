/**
 * The typed errors of the runtime. Each names what was found and what was expected, and where.
 * The compiler's own (`CompileError`, with a source span) is in `frontend/diagnostics.ts`.
 */

/** The disk's fault: a damaged, truncated, foreign, locked or full database file or artifact. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  constructor(
    readonly code: 'corrupt' | 'not-a-database' | 'version' | 'locked' | 'io' | 'full' | 'artifact',
    message: string,
    readonly details: {
      readonly file?: string;
      readonly page?: number;
      readonly expected?: string | number;
      readonly actual?: string | number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
  }
}

/** A limit was reached; the message names the limit and how to raise it. */
export class ResourceError extends Error {
  override readonly name = 'ResourceError';
  constructor(
    message: string,
    readonly details: {
      readonly limit: string;
      readonly limitBytes: number;
      readonly wantedBytes: number;
      readonly consumer: string;
    },
  ) {
    super(message);
  }
}

/**
 * A statement failed while it ran, by a value (overflow, a cast that cannot be, a second row in a scalar subquery) or
 * because the system gave no thread to run it.
 */
export class ExecutionError extends Error {
  override readonly name = 'ExecutionError';
}

/** A file that is being imported does not hold what it should: ragged CSV, a wrong type, a truncated Parquet. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
  constructor(
    message: string,
    readonly details: { readonly file: string; readonly line?: number; readonly column?: string },
  ) {
    super(message);
  }
}

/** Values given to a model do not fit its inputs. */
export class ModelInputError extends Error {
  override readonly name = 'ModelInputError';
  constructor(
    readonly code: 'missing' | 'unknown' | 'type' | 'dims' | 'data',
    message: string,
    readonly details: {
      readonly model: string;
      readonly input: string;
      readonly found?: string;
      readonly expected?: string;
    },
  ) {
    super(message);
  }
}
