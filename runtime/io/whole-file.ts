/**
 * A file that appears when it is whole.
 *
 * Invariant: it is written beside its name and renamed, so a failure leaves what was there before. A link leads to the
 * file it names; what is no file (a pipe, a terminal, `/dev/null`) is written to, not replaced.
 */
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { StorageError } from '../errors.js';

/** `write` is given the path to write to. @throws StorageError when it cannot be written. */
export async function writeWhole<T>(path: string, write: (path: string) => Promise<T>): Promise<T> {
  const target = await realpath(path).catch(() => path);
  const isReplaced = await stat(target).then((found) => found.isFile() || found.isDirectory(), () => true);
  const partial = isReplaced ? `${target}.${process.pid}.partial` : target;
  try {
    const result = await write(partial);
    if (isReplaced) await rename(partial, target);
    return result;
  } catch (error) {
    if (isReplaced) await rm(partial, { force: true }).catch(() => undefined);
    throw failureOf(error, path);
  }
}

/** The system's errors as a StorageError; those of the query pass through. */
function failureOf(error: unknown, path: string): unknown {
  const { errno, code } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || (errno === undefined && code !== 'ERR_ACCESS_DENIED')) return error;
  const message = `'${path}' cannot be written: ${error.message}`;
  return new StorageError(code === 'ENOSPC' ? 'full' : 'io', message, { file: path, cause: error });
}
