/**
 * A BlockDevice on a file. Reads go straight into the view they are given, which may lie in shared memory.
 *
 * Invariant: a short read or write of the operating system is continued, so callers see it only at the end of the
 * file.
 */
import { open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BlockDevice } from './block-device.js';

/** Largest single request, in bytes: below the 2 GiB at which Node's file calls fail. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

export type FileMode = 'read' | 'write' | 'create';

export class FileDevice implements BlockDevice {
  private constructor(private readonly handle: FileHandle) {}

  /** `create` makes the file when it is absent and keeps its content when it is there. */
  static async open(path: string, mode: FileMode): Promise<FileDevice> {
    if (mode === 'read') return new FileDevice(await open(path, 'r'));
    try {
      return new FileDevice(await open(path, 'r+'));
    } catch (error) {
      if (mode !== 'create' || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const device = new FileDevice(await open(path, 'wx+'));
    await syncFolder(dirname(path));
    return device;
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const length = Math.min(target.length - done, MAX_REQUEST_BYTES);
      const { bytesRead } = await this.handle.read(target, done, length, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const length = Math.min(bytes.length - done, MAX_REQUEST_BYTES);
      const { bytesWritten } = await this.handle.write(bytes, done, length, offset + done);
      done += bytesWritten;
    }
  }

  sync(): Promise<void> {
    return this.handle.datasync();
  }

  async size(): Promise<number> {
    return (await this.handle.stat()).size;
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.handle.truncate(sizeBytes);
  }

  /** Whether this is still the file of that name: it may have been moved, removed or replaced. */
  async isAt(path: string): Promise<boolean> {
    const [own, found] = await Promise.all([
      this.handle.stat({ bigint: true }),
      stat(path, { bigint: true }).catch(() => undefined),
    ]);
    return own.ino === found?.ino && own.dev === found.dev;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** A new file survives a crash only when its folder is synced too; some systems cannot open folders, and need not. */
async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle;
  try {
    folder = await open(path, 'r');
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
