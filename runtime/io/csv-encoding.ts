/**
 * The encoding of a CSV file: UTF-8, or UTF-16 little-endian with a byte order mark. What is neither is an ImportError
 * with its line, for a decoder would write U+FFFD in the place of each letter that it does not know.
 */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { ImportError } from '../errors.js';

const LINE_FEED = 0x0a;

export function isUtf16(start: Uint8Array): boolean {
  return start[0] === 0xff && start[1] === 0xfe;
}

/** Takes the chunks of a file one after the other, and says whether all so far may be UTF-8. */
export class Utf8Check {
  private carried = Buffer.alloc(0);

  accepts(chunk: Buffer): boolean {
    const bytes = Buffer.concat([this.carried, chunk]);
    const end = lastCharacter(bytes);
    this.carried = bytes.subarray(end);
    return isUtf8(bytes.subarray(0, end));
  }

  /** Whether the file may end here. */
  isWhole(): boolean {
    return isUtf8(this.carried);
  }
}

/** Where the last character begins when it is of more than a byte, for it may go on; the end when it is not. */
function lastCharacter(bytes: Uint8Array): number {
  for (let i = bytes.length - 1; i >= 0 && i >= bytes.length - 4; i--) {
    if (bytes[i]! < 0x80) return bytes.length;
    if (bytes[i]! >= 0xc0) return i;
  }
  return bytes.length;
}

/** Names the first line that is not UTF-8: read again, for only a mistake asks. */
export async function encodingError(path: string): Promise<ImportError> {
  let line = 1;
  let check = new Utf8Check();
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let start = 0; start < chunk.length; ) {
      const next = chunk.indexOf(LINE_FEED, start);
      const end = next < 0 ? chunk.length : next;
      if (!check.accepts(chunk.subarray(start, end)) || (next >= 0 && !check.isWhole())) return errorAt(path, line);
      start = end + 1;
      if (next < 0) continue;
      line++;
      check = new Utf8Check();
    }
  }
  return errorAt(path, line);
}

function errorAt(path: string, line: number): ImportError {
  return new ImportError(`'${path}', line ${line}: bytes that are not UTF-8, expected a file in UTF-8`, {
    file: path,
    line,
  });
}
