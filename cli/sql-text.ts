/** SQL as a command takes it: the text itself, a file `*.sql`, or `-` for stdin. */
import { readFile } from 'node:fs/promises';

export async function sqlText(argument: string): Promise<string> {
  if (argument === '-') {
    const pieces: Buffer[] = [];
    for await (const piece of process.stdin) pieces.push(piece as Buffer);
    return Buffer.concat(pieces).toString();
  }
  return /^\S+\.sql$/i.test(argument) ? readFile(argument, 'utf8') : argument;
}
