/**
 * What a command prints. It goes to the descriptor itself: Node's stream for it takes 2 ms to load before the first
 * row, and writes to terminals, files and pipes one after the other just so.
 */
import { writeSync } from 'node:fs';

const STDOUT = 1;
/** Until a slow reader is tried again, where the descriptor does not wait for it by itself. */
const PAUSE_MS = 2;

/** Stdout takes no more. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  /** The reader has seen enough, as `head` has. */
  readonly isUnwanted: boolean;

  constructor(cause: NodeJS.ErrnoException) {
    super(`stdout cannot be written: ${cause.message}`, { cause });
    this.isUnwanted = cause.code === 'EPIPE';
  }
}

/** Returns when it is written. @throws OutputError */
export function write(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(STDOUT, bytes, at);
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      if (cause.code !== 'EAGAIN') throw new OutputError(cause);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
