/**
 * A file that appears when it is whole.
 *
 * Invariant: it is written beside its name, under one that nobody else has, and renamed, so a failure leaves what was
 * there before. A link leads to the file it names; what is no file (a pipe, a terminal, `/dev/null`) is written to, not
 * replaced. A database is never replaced, whether this process has it open or not.
 */
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { StorageError } from '../errors.js';
import { PAGE_BYTES, holdsSuperblock } from '../storage/format.js';
import { uniqueToken } from '../storage/lock.js';

/** `write` is given the path to write to. @throws StorageError when it cannot be written. */
export async function writeWhole<T>(path: string, write: (path: string) => Promise<T>): Promise<T> {
  const target = await realpath(path).catch(() => path);
  const found = await stat(target).catch(() => undefined);
  const isReplaced = found === undefined || found.isFile() || found.isDirectory();
  const partial = isReplaced ? `${target}.${uniqueToken()}.partial` : target;
  if (found?.isFile() === true && (await isDatabase(target))) {
    const message = `'${path}' cannot be written: it is an Intarsia database, expected the name of another file`;
    throw new StorageError('io', message, { file: path });
  }
  try {
    const result = await write(partial);
    if (isReplaced) await rename(partial, target);
    return result;
  } catch (error) {
    if (isReplaced) await rm(partial, { force: true }).catch(() => undefined);
    throw failureOf(error, path);
  }
}

/** What cannot be read is for the system to allow or refuse when it is replaced. */
async function isDatabase(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const page = new Uint8Array(PAGE_BYTES);
    const { bytesRead } = await file.read(page);
    return holdsSuperblock(page.subarray(0, bytesRead));
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

/** The system's errors as a StorageError; those of the query pass through. */
function failureOf(error: unknown, path: string): unknown {
  const { errno, code } = error as NodeJS.ErrnoException;
  const isRefused = code === 'ERR_ACCESS_DENIED' || code === 'ERR_INVALID_ARG_VALUE';
  if (!(error instanceof Error) || (errno === undefined && !isRefused)) return error;
  const message = `'${path}' cannot be written: ${error.message}`;
  return new StorageError(code === 'ENOSPC' ? 'full' : 'io', message, { file: path, cause: error });
}
