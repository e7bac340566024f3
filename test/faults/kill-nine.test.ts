/**
 * A process killed at any point of an import or of CREATE MODEL leaves the last commit: what it reported as done is
 * there, at most the one commit under way besides, and `verify` finds nothing wrong. The next process takes the dead
 * one's lock.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open, StorageError, verify } from '../../runtime/database.js';
import { randomOf } from '../storage/fault-device.js';

const WRITER = fileURLToPath(new URL('./writer-process.js', import.meta.url));
const KILLS = 50;
/** Files written and killed at the same time, so that one process starts while another one works. */
const LANES = 3;
/** A kill comes within so long after the process began to write. */
const LONGEST_MS = { import: 500, model: 400 } as const;
const FIRST_ROWS = 3000;

const folder = mkdtempSync(join(tmpdir(), 'intarsia-kill-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

type Mode = keyof typeof LONGEST_MS;

interface Writer {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  /** The last commit it has told of. */
  readonly last: () => number | undefined;
}

function startWriter(mode: Mode | 'hold', path: string, first: number): Writer {
  const child = spawn(process.execPath, [WRITER, mode, path, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (piece: Buffer) => {
      text += piece.toString();
      if (text.startsWith('ready\n')) resolve();
    });
    child.once('exit', () => reject(new Error(`the writer ended by itself: ${text}`)));
  });
  const last = (): number | undefined => {
    const lines = text.split('\n').slice(1, -1);
    return lines.length === 0 ? undefined : Number(lines.at(-1));
  };
  return { child, ready, last };
}

/** What the newest commit holds: rows of the table, or versions of the model; 0 for none. */
async function stateOf(mode: Mode, path: string): Promise<number> {
  const db = await open(path, { readOnly: true, memoryLimit: '32MiB', threads: 1 });
  try {
    const { tables, models } = db.file.catalog;
    if (mode === 'import') return tables.get('t')?.rowCount ?? 0;
    return models.get('m')?.versions.at(-1)?.version ?? 0;
  } finally {
    await db.close();
  }
}

/** Kills after `delay` milliseconds, or after the first commit; answers what the newest commit holds then. */
async function killOnce(
  mode: Mode,
  path: string,
  options: { readonly delay: number | 'commit'; readonly before: number },
): Promise<number> {
  const next = mode === 'import' ? Math.max(FIRST_ROWS, options.before + 1) : options.before + 1;
  const writer = startWriter(mode, path, next);
  await writer.ready;
  const { delay } = options;
  if (delay === 'commit') while (writer.last() === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  else await new Promise((resolve) => setTimeout(resolve, delay));
  const ended = once(writer.child, 'close');
  writer.child.kill('SIGKILL');
  await ended;
  const problems = await verify(path);
  assert.equal(problems.map((problem) => problem.message), []);
  const reported = writer.last() ?? options.before;
  const found = await stateOf(mode, path);
  const following = writer.last() === undefined ? next : reported + 1;
  assert.ok(found === reported || found === following, `${mode}: found commit ${found}; ${reported} was reported`);
  return found;
}

async function killMany(mode: Mode): Promise<void> {
  const random = randomOf(mode === 'import' ? 1 : 2);
  const delays = Array.from({ length: KILLS }, () => Math.round(random() * LONGEST_MS[mode]));
  const lane = async (number: number): Promise<void> => {
    const path = join(folder, `${mode}-${number}.db`);
    let before = 0;
    for (let delay = delays.pop(); delay !== undefined; delay = delays.pop())
      before = await killOnce(mode, path, { delay, before });
    assert.ok(
      (await killOnce(mode, path, { delay: 'commit', before })) > before,
      'after all that the file can still be written',
    );
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
}

test('kill -9 during import leaves the last commit', () => killMany('import'));

test('kill -9 during CREATE MODEL leaves the last commit', () => killMany('model'));

test('a second writer is told who writes, and may read', async () => {
  const path = join(folder, 'locked.db');
  const writer = startWriter('hold', path, 0);
  try {
    await writer.ready;
    let error: unknown;
    try {
      await (await open(path)).close();
    } catch (caught) {
      error = caught;
    }
    assert.instance(error, StorageError);
    assert.is((error as StorageError).code, 'locked');
    assert.match((error as StorageError).message, String(writer.child.pid));
    assert.is(await stateOf('import', path), 0);
  } finally {
    writer.child.removeAllListeners('exit');
    writer.child.kill('SIGKILL');
  }
});

test.run();
