/**
 * A BlockDevice on a file. Reads go straight into the view they are given, which may lie in shared memory.
 *
 * It has the file's descriptor, and not Node's handle with promises, whose module a cold process would load for 1 ms.
 * Invariants: a short read or write of the operating system is continued, so callers see it only at the end of the
 * file; nothing is asked of a descriptor that was closed, as it may be another file's by then.
 */
import { close, fdatasync, fstatSync, ftruncate, openSync, promises, read, readSync, write } from 'node:fs';
import { dirname } from 'node:path';
import { clockMs } from '../clock.js';
import type { BlockDevice } from './block-device.js';

/** Largest single request, in bytes: below the 2 GiB at which Node's file calls fail. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;
/**
 * What a lone process reads on the caller's thread. Metadata always; pages while the system has them, which is shorter
 * than the way to libuv's threads and back. Where reads take longer they come from a disk, which is faster for several
 * at once; and of a large file other threads read while the caller's computes.
 */
const SHORT_BYTES = 16 * 1024;
const PROMPT = { mostBytes: 512 * 1024, totalBytes: 32 * 1024 * 1024, bytesPerMs: 400_000, slowReads: 3 };

export type FileMode = 'read' | 'write' | 'create';

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

export class FileDevice implements BlockDevice {
  private underWay = 0;
  /** Of PROMPT, what is left. */
  private promptBytes = PROMPT.totalBytes;
  private slowReads = PROMPT.slowReads;
  private closed: Promise<void> | undefined;
  private onIdle: () => void = () => undefined;

  private constructor(
    private readonly descriptor: number,
    private readonly isAlone: boolean,
  ) {}

  /**
   * `create` makes the file when it is absent and keeps its content when it is there. With `isAlone` what takes no
   * longer than a request is read on the caller's thread.
   */
  static async open(path: string, mode: FileMode, { isAlone = false } = {}): Promise<FileDevice> {
    if (mode === 'read') return new FileDevice(openSync(path, 'r'), isAlone);
    try {
      return new FileDevice(openSync(path, 'r+'), isAlone);
    } catch (error) {
      if (mode !== 'create' || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const device = new FileDevice(openSync(path, 'wx+'), isAlone);
    await syncFolder(dirname(path));
    return device;
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const length = Math.min(target.length - done, MAX_REQUEST_BYTES);
      const bytesRead = this.isPrompt(length)
        ? this.readNow(target.subarray(done, done + length), offset + done)
        : await this.request<number>((file, end) => read(file, target, done, length, offset + done, end));
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  private isPrompt(length: number): boolean {
    if (!this.isAlone) return false;
    const isSoonDone = this.slowReads > 0 && length <= Math.min(this.promptBytes, PROMPT.mostBytes);
    return isSoonDone || length <= SHORT_BYTES;
  }

  private readNow(target: Uint8Array, offset: number): number {
    const began = clockMs();
    const bytesRead = readSync(this.file, target, 0, target.length, offset);
    if (clockMs() - began > 0.5 + target.length / PROMPT.bytesPerMs) this.slowReads--;
    this.promptBytes -= target.length;
    return bytesRead;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const length = Math.min(bytes.length - done, MAX_REQUEST_BYTES);
      done += await this.request<number>((file, end) => write(file, bytes, done, length, offset + done, end));
    }
  }

  sync(): Promise<void> {
    return this.request<void>((file, end) => fdatasync(file, end));
  }

  async size(): Promise<number> {
    return fstatSync(this.file).size;
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.request<void>((file, end) => ftruncate(file, sizeBytes, end));
  }

  /** Whether this is still the file of that name: it may have been moved, removed or replaced. */
  async isAt(path: string): Promise<boolean> {
    const own = fstatSync(this.file, { bigint: true });
    const found = await promises.stat(path, { bigint: true }).catch(() => undefined);
    return own.ino === found?.ino && own.dev === found.dev;
  }

  /** When what is under way is done. */
  close(): Promise<void> {
    this.closed ??= this.end();
    return this.closed;
  }

  private async end(): Promise<void> {
    if (this.underWay > 0) await new Promise<void>((resolve) => { this.onIdle = resolve; });
    await new Promise<void>((resolve, reject) =>
      close(this.descriptor, (error) => (error ? reject(error) : resolve())));
  }

  private get file(): number {
    if (this.closed !== undefined) throw new Error('the file is closed');
    return this.descriptor;
  }

  private request<T>(begin: (file: number, end: Done<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      begin(this.file, (error, value) => {
        if (--this.underWay === 0) this.onIdle();
        if (error) reject(error);
        else resolve(value);
      });
      this.underWay++;
    });
  }
}

/** A new file survives a crash only when its folder is synced too; some systems cannot open folders, and need not. */
async function syncFolder(path: string): Promise<void> {
  let folder: promises.FileHandle;
  try {
    folder = await promises.open(path, 'r');
  } catch {
    return;
  }
  try {
    await folder.sync();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EINVAL' && code !== 'EPERM' && code !== 'EISDIR') throw error;
  } finally {
    await folder.close();
  }
}
