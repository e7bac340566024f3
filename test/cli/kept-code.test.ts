/** Code that V8 keeps between processes is taken when it is ours and whole, and nothing depends on it. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEPT_PARAMETERS, runKept, type KeptScript } from '../../cli/kept-code.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-kept-'));
const before = process.env['NODE_COMPILE_CACHE'];
test.after(() => {
  if (before === undefined) delete process.env['NODE_COMPILE_CACHE'];
  else process.env['NODE_COMPILE_CACHE'] = before;
  rmSync(folder, { recursive: true, force: true });
});

const load = createRequire(import.meta.url);
const script = join(folder, 'script.cjs');
const SOURCE = `(function (${KEPT_PARAMETERS}) {
  exports.twice = (x) => 2 * x;
  exports.own = [__filename, require('node:path').basename(__dirname)];
  exports.beside = () => importModule('./module.mjs');
  exports.builtin = () => importModule('node:path');
})`;
let cache = '';

test.before.each(() => {
  cache = mkdtempSync(join(folder, 'cache-'));
  process.env['NODE_COMPILE_CACHE'] = cache;
  writeFileSync(script, SOURCE);
});

function ran(): KeptScript {
  const kept = runKept(script, load)!;
  const { twice, own } = kept.exports as { twice(x: number): number; own: readonly string[] };
  assert.is(twice(21), 42);
  assert.equal(own, [script, folder.slice(folder.lastIndexOf('/') + 1)]);
  return kept;
}

/** The one file that is kept, made by a first run. */
function keptFile(): string {
  const first = ran();
  assert.is(first.isKept, false);
  first.keep();
  const names = readdirSync(cache);
  assert.is(names.length, 1);
  return join(cache, names[0]!);
}

test('the second process takes what the first has kept', () => {
  const file = keptFile();
  if (process.getuid !== undefined) assert.is(statSync(file).mode & 0o777, 0o600);
  const bytes = readFileSync(file);
  const second = ran();
  assert.is(second.isKept, true);
  second.keep();
  assert.equal(readFileSync(file), bytes);
});

test('modules are imported as from a file', async () => {
  writeFileSync(join(folder, 'module.mjs'), 'export const where = import.meta.url;');
  const { beside, builtin } = ran().exports as Record<'beside' | 'builtin', () => Promise<Record<string, unknown>>>;
  assert.is((await beside())['where'], pathToFileURL(join(folder, 'module.mjs')).href);
  assert.type((await builtin())['join'], 'function');
});

test('a damaged file is not given to V8, and is replaced', () => {
  const file = keptFile();
  const bytes = readFileSync(file);
  for (const damaged of [
    bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)),
    bytes.subarray(0, bytes.length - 7),
    bytes.subarray(0, 3),
    Buffer.alloc(0),
  ]) {
    writeFileSync(file, damaged);
    const next = ran();
    assert.is(next.isKept, false);
    next.keep();
    assert.is(ran().isKept, true);
  }
});

test('where others may write, nothing is taken or kept', () => {
  if (process.getuid === undefined) return;
  const file = keptFile();
  chmodSync(file, 0o666);
  assert.is(ran().isKept, false);
  chmodSync(file, 0o600);
  chmodSync(cache, 0o777);
  assert.is(ran().isKept, false);
  rmSync(file);
  ran().keep();
  assert.equal(readdirSync(cache), []);
});

test('another source of the same length has another file', () => {
  keptFile();
  writeFileSync(script, SOURCE.replace('2 * x', 'x + x'));
  assert.is(ran().isKept, false);
});

test('where nothing can be written, it runs all the same', () => {
  const blocked = join(cache, 'file');
  writeFileSync(blocked, '');
  process.env['NODE_COMPILE_CACHE'] = join(blocked, 'below');
  const kept = ran();
  kept.keep();
  assert.is(ran().isKept, false);
});

test('nothing is kept where that is not wanted, and a script that is not there is none', () => {
  assert.is(runKept(join(folder, 'none.cjs'), load), undefined);
  process.env['NODE_DISABLE_COMPILE_CACHE'] = '1';
  try {
    assert.is(runKept(script, load), undefined);
  } finally {
    delete process.env['NODE_DISABLE_COMPILE_CACHE'];
  }
});

test.run();
