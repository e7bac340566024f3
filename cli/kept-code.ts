/**
 * A script whose code V8 keeps from one process to the next.
 *
 * Node's own compile cache (22.1 and later) holds what V8 compiles before a file runs; each function that runs is
 * compiled again in each process. Here the code is taken when the process has done its work, with all functions it
 * used, and on every Node. That is a tenth of a cold `run`.
 *
 * The code lies in a folder of the user's below the system's temporary one, or in NODE_COMPILE_CACHE, as Node's does;
 * NODE_DISABLE_COMPILE_CACHE=1 keeps none. V8 does not check what it is given, so a file is used only when it and its
 * folder are this user's, nobody else may write there, and its checksum is right; V8 itself refuses other versions and
 * other flags.
 */
import { closeSync, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

export interface KeptScript {
  readonly exports: unknown;
  /** Whether the code of an earlier process was taken. */
  readonly isKept: boolean;
  /** Keeps the code for later processes, unless that was done. What stands in the way of it is no failure. */
  keep(): void;
}

const CHECKSUM_BYTES = 4;
const OTHERS_MAY_WRITE = 0o022;

/** What the function of a kept script is given; `importModule` imports what it would import by `import()`. */
export const KEPT_PARAMETERS = 'exports, require, module, __filename, __dirname, importModule';

/**
 * Runs a file of Latin-1 text that is one function of KEPT_PARAMETERS with the body of a CommonJS module; undefined
 * when there is none, or no code is to be kept. `require` is that of a file beside it.
 */
export function runKept(file: string, require: NodeJS.Require): KeptScript | undefined {
  const folder = cacheFolder();
  const source = readIfThere(file);
  if (folder === undefined || source === undefined) return undefined;
  // V8 knows sources by their lengths: the name knows this one by its content.
  const name = `intarsia-${process.version}-${process.arch}-${crc32(source).toString(16)}.code`;
  const path = join(folder, name);
  const cachedData = readKept(path);
  const script = new Script(source.toString('latin1'), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const module = { exports: {} };
  const importModule = (name: string): Promise<unknown> =>
    import(name.startsWith('.') ? pathToFileURL(resolve(dirname(file), name)).href : name);
  const run = script.runInThisContext() as (...parts: unknown[]) => void;
  run(module.exports, require, module, file, dirname(file), importModule);
  const isKept = cachedData !== undefined && script.cachedDataRejected === false;
  return {
    exports: module.exports,
    isKept,
    keep: () => {
      if (!isKept) writeKept(path, script);
    },
  };
}

function cacheFolder(): string | undefined {
  if (process.env['NODE_DISABLE_COMPILE_CACHE'] === '1') return undefined;
  return process.env['NODE_COMPILE_CACHE'] ?? join(tmpdir(), `intarsia-code-${process.getuid?.() ?? 'user'}`);
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** undefined where there is none that can be trusted. */
function readKept(path: string): Buffer | undefined {
  let handle: number | undefined;
  try {
    if (!isOwn(lstatSync(dirname(path)))) return undefined;
    handle = openSync(path, 'r');
    if (!isOwn(fstatSync(handle))) return undefined;
    const bytes = readFileSync(handle);
    const data = bytes.subarray(CHECKSUM_BYTES);
    return data.length > 0 && bytes.readUInt32LE(0) === crc32(data) ? data : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function isOwn({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return process.getuid === undefined || (uid === process.getuid() && (mode & OTHERS_MAY_WRITE) === 0);
}

function writeKept(path: string, script: Script): void {
  const unfinished = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (!isOwn(lstatSync(dirname(path)))) return;
    const data = script.createCachedData();
    const checksum = Buffer.alloc(CHECKSUM_BYTES);
    checksum.writeUInt32LE(crc32(data));
    writeFileSync(unfinished, Buffer.concat([checksum, data]), { mode: 0o600, flag: 'wx' });
    renameSync(unfinished, path);
  } catch {
    // A folder that cannot be written: the next process compiles as this one did.
  }
}
