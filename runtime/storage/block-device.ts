/**
 * The one door between storage and the disk, small enough for a test to stand behind it and tear, lose or refuse
 * writes.
 *
 * Invariant relied upon: after `sync` resolves, all earlier writes and truncations survive a crash; before it, any
 * part may. Errors carry the operating system's code (`ENOSPC`, `EIO`) in `code`, as Node's do.
 */
export interface BlockDevice {
  /** Fills `target` from `offset`; resolves to the bytes read, fewer than asked only at the end of the file. */
  read(target: Uint8Array, offset: number): Promise<number>;
  /** Writes all of `bytes`, growing the file where needed. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  sync(): Promise<void>;
  size(): Promise<number>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}
