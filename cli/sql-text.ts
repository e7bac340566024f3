/** SQL as a command takes it: the text itself, a file `*.sql`, or `-` for stdin. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export async function sqlText(argument: string): Promise<string> {
  if (argument === '-') {
    const pieces: Buffer[] = [];
    for await (const piece of process.stdin) pieces.push(piece as Buffer);
    return Buffer.concat(pieces).toString();
  }
  // With blanks it may be a statement that ends in such a name.
  const isFile = /\.sql$/i.test(argument) && (!/\s/.test(argument) || existsSync(argument));
  return isFile ? readFile(argument, 'utf8') : argument;
}
