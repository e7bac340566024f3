/**
 * Golden files: `golden('ir/model', text)` compares a text with `test/golden/ir/model.txt`; with BLESS=1 it writes it.
 * A difference is reported by its first differing line.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository, seen from `dist/test/support/`. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** @throws when the text differs from the file, or the file does not exist. A name without an extension is a `.txt`. */
export function golden(name: string, text: string): void {
  const file = `test/golden/${/\.[a-z]+$/.test(name) ? name : `${name}.txt`}`;
  const path = ROOT + file;
  const wanted = text.endsWith('\n') ? text : `${text}\n`;
  if (process.env['BLESS'] === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, wanted);
    return;
  }
  const found = readIfThere(path);
  if (found === undefined) throw new Error(`${file} does not exist; BLESS=1 writes it`);
  if (found !== wanted) throw new Error(difference(file, found, wanted));
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function difference(file: string, expected: string, actual: string): string {
  const [before, now] = [expected.split('\n'), actual.split('\n')];
  const line = before.findIndex((text, i) => text !== now[i]);
  const at = line < 0 ? before.length : line;
  const show = (lines: readonly string[]): string => lines.slice(Math.max(0, at - 2), at + 4).join('\n');
  return `${file}:${at + 1} differs (BLESS=1 rewrites it)\n--- expected\n${show(before)}\n--- actual\n${show(now)}`;
}
