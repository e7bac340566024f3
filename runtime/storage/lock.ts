/**
 * Who may write, and which commits other processes still read: small files beside the database file.
 *
 *   shop.db.lock              the one writer: { pid, thread, started, token }
 *   shop.db.lock.turn         who replaces the lock of a dead writer: as above, and so on
 *   shop.db.reader-<token>    a reader: { pid, thread, started, token, sequence }: that commit's pages stay
 *
 * The thread that has the file open is known by its number and the time it started, so the files of a dead one are
 * recognised even when the number is given out again, or its process lives on. Invariant: a lock appears with its
 * whole content at once (a link to a finished file), so no half lock is ever read; it is replaced in one step, by
 * whoever holds the turn, so that there is no moment at which two could take it.
 */
import {
  promises, readFileSync, readdirSync, readlinkSync, realpathSync, renameSync, unlinkSync, writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { StorageError } from '../errors.js';
import { parseJson, readCount, readRecord, readText } from './shape.js';

interface Holder {
  readonly pid: number;
  /** The system's number of the thread; the process's where the system does not tell. */
  readonly thread: number;
  /** When the thread started, in the system's own words; empty where it does not tell. */
  readonly started: string;
  readonly token: string;
  /** Of a mark: the commit whose pages stay. */
  readonly sequence: number;
}

/**
 * Field 22 of the thread's stat in /proc, with the boot it counts from; empty on systems without it, undefined when
 * there is no such thread, or nothing of it but an entry that its parent has not collected.
 */
function threadStart({ pid, thread }: Pick<Holder, 'pid' | 'thread'>): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  try {
    if (!readdirSync(`/proc/${pid}/task`).includes(String(thread))) return undefined;
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    // The name stands in brackets and may hold spaces; the state is the field behind it, and field 22 the 20th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${boot}/${fields[19] ?? ''}`;
  } catch {
    return '';
  }
}

function isAlive(holder: Holder): boolean {
  const started = threadStart(holder);
  return started !== undefined && (started === '' || holder.started === '' || started === holder.started);
}

function self(): Holder {
  const { pid } = process;
  const thread = ownThread();
  return { pid, thread, started: threadStart({ pid, thread }) ?? '', token: uniqueToken(), sequence: 0 };
}

/** By a link that leads each thread to its own entry, unless /proc numbers processes for another namespace. */
function ownThread(): number {
  try {
    const [pid, , thread] = readlinkSync('/proc/thread-self').split('/');
    return Number(pid) === process.pid ? Number(thread) : process.pid;
  } catch {
    return process.pid;
  }
}

/**
 * Unique, not secret: the clock's nanoseconds and 52 random bits. `node:crypto` would take 5 ms of a cold start to
 * load.
 */
export function uniqueToken(): string {
  return `${process.hrtime.bigint().toString(36)}${Math.random().toString(36).slice(2)}`;
}

function readHolder(bytes: Uint8Array): Holder | undefined {
  try {
    const json = readRecord(parseJson(bytes), 'lock');
    const pid = readCount(json['pid'], 'pid');
    return {
      pid,
      thread: readCount(json['thread'] ?? pid, 'thread'),
      started: readText(json['started'], 'started'),
      token: readText(json['token'], 'token'),
      sequence: readCount(json['sequence'] ?? 0, 'sequence'),
    };
  } catch {
    return undefined;
  }
}

async function readHolderFile(path: string): Promise<Holder | 'absent' | 'unreadable'> {
  try {
    return readHolder(await promises.readFile(path)) ?? 'unreadable';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent';
    throw error;
  }
}

/**
 * The file itself, by its absolute path: two names of one file have one lock, and a process may change its folder.
 * (Hard links are two files by their paths, as for any lock that lies beside a file.)
 */
export function placeOf(databasePath: string): string {
  try {
    return realpathSync.native(databasePath);
  } catch (error) {
    // It is to be made, or opening it says what is wrong.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return databasePath;
  }
  try {
    return placeOf(resolve(realpathSync.native(dirname(databasePath)), readlinkSync(databasePath)));
  } catch {
    // No link to a file that is to be made.
  }
  try {
    return join(realpathSync.native(dirname(databasePath)), basename(databasePath));
  } catch {
    return databasePath;
  }
}

/** Tries before giving up against other processes that take and leave the lock at the same time. */
const ATTEMPTS = 20;
/** Between such tries, in milliseconds. */
const WAIT_MS = 10;

export class WriterLock {
  private constructor(
    readonly databasePath: string,
    private readonly holder: Holder,
  ) {}

  private get path(): string {
    return `${this.databasePath}.lock`;
  }

  /** `databasePath`: by `placeOf`. @throws StorageError 'locked' naming the process that writes. */
  static async take(databasePath: string): Promise<WriterLock> {
    const path = `${databasePath}.lock`;
    const holder = self();
    const draft = `${path}.${holder.token}`;
    try {
      await promises.writeFile(draft, JSON.stringify(holder));
      const other = await acquire(path, draft);
      if (other === undefined) return new WriterLock(databasePath, holder);
      if (other !== 'unknown') throw lockedBy(databasePath, other);
      throw new StorageError('locked', `${databasePath}: the lock ${path} changes hands too often`, {
        file: databasePath,
      });
    } finally {
      await promises.rm(draft, { force: true });
    }
  }

  /**
   * Asked before a commit: a lock that somebody removed by hand must not lead to two writers, and what is written to a
   * file that is no longer there would be lost.
   */
  async assertHeld(file: { isAt(path: string): Promise<boolean> }): Promise<void> {
    if (!(await file.isAt(this.databasePath))) {
      const message = `${this.databasePath} was moved, removed or replaced since it was opened: open it again`;
      throw new StorageError('io', message, { file: this.databasePath });
    }
    const holder = await readHolderFile(this.path);
    if (typeof holder === 'object' && holder.token === this.holder.token) return;
    const now = typeof holder === 'object' ? `process ${holder.pid} has it` : 'it is gone';
    throw new StorageError('locked', `${this.databasePath}: this process has lost its lock ${this.path}: ${now}`, {
      file: this.databasePath,
    });
  }

  async release(): Promise<void> {
    const holder = await readHolderFile(this.path);
    if (typeof holder === 'object' && holder.token === this.holder.token) await promises.rm(this.path, { force: true });
  }
}

function lockedBy(file: string, holder: Holder): StorageError {
  const who = holder.pid === process.pid ? `this process (${holder.pid})` : `process ${holder.pid}`;
  return new StorageError('locked', `${file} is open for writing in ${who}; close it there, or open it with readOnly`, {
    file,
    expected: 'no writer',
    actual: holder.pid,
  });
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await promises.link(from, to);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
  }
  // A file system without links: exclusive creation, which a crash may leave half written (then it is stale).
  try {
    await promises.writeFile(to, await promises.readFile(from), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Makes `path` a lock with the draft's content; answers who has it when it is not to be had. */
async function acquire(path: string, draft: string): Promise<Holder | 'unknown' | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await tryLink(draft, path)) return undefined;
    const other = await readHolderFile(path);
    if (typeof other === 'object' && isAlive(other)) return other;
    // Half a lock may be one that is being written, where there are no links.
    if (other === 'unreadable' && attempt === 0) await wait(WAIT_MS);
    else if (other !== 'absent' && (await replaceStale(path, draft))) return undefined;
  }
  return 'unknown';
}

/** Puts the draft in the place of a dead holder's lock; false when another process is at it, or was before. */
async function replaceStale(path: string, draft: string): Promise<boolean> {
  const turn = `${path}.turn`;
  if ((await acquire(turn, draft)) !== undefined) {
    await wait(WAIT_MS);
    return false;
  }
  const next = `${draft}.next`;
  try {
    const other = await readHolderFile(path);
    if (other === 'absent' || (other !== 'unreadable' && isAlive(other))) return false;
    await promises.writeFile(next, await promises.readFile(draft));
    await promises.rename(next, path);
    return true;
  } finally {
    await promises.rm(next, { force: true });
    await promises.rm(turn, { force: true });
  }
}

/**
 * Keeps the pages of the commit a process reads from being written over by the writer in another process.
 *
 * A mark is a hundred bytes that need not outlive the machine, so it is written at once: through libuv's threads it
 * would take ten times as long, and a cold query waits for it.
 */
export class ReaderMark {
  private constructor(
    private readonly path: string | undefined,
    private readonly holder: Holder,
  ) {}

  /**
   * To be called before the superblock is read: until `move`, it keeps all commits. Without the right to write there
   * is no mark. `databasePath`: by `placeOf`.
   */
  static place(databasePath: string): ReaderMark {
    const holder = self();
    const path = `${databasePath}.reader-${holder.token}`;
    try {
      const mark = new ReaderMark(path, holder);
      mark.write(0);
      return mark;
    } catch {
      return new ReaderMark(undefined, holder);
    }
  }

  /** A mark that cannot be moved keeps more commits than it need, no less. */
  move(sequence: number): void {
    try {
      this.write(sequence);
    } catch {
      // It stays where it is.
    }
  }

  remove(): void {
    try {
      if (this.path !== undefined) unlinkSync(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  private write(sequence: number): void {
    if (this.path === undefined) return;
    writeFileSync(`${this.path}.next`, JSON.stringify({ ...this.holder, sequence }));
    renameSync(`${this.path}.next`, this.path);
  }
}

/**
 * The oldest commit a living reader has marked; Infinity without one. Marks of dead ones are removed. @throws when a
 * mark is there and cannot be read
 */
export async function oldestMark(databasePath: string): Promise<number> {
  const folder = dirname(databasePath);
  const start = `${basename(databasePath)}.reader-`;
  let oldest = Infinity;
  for (const name of await promises.readdir(folder)) {
    if (!name.startsWith(start)) continue;
    const path = join(folder, name);
    const mark = await readHolderFile(path);
    if (mark === 'absent') continue;
    // A mark appears whole; what it is made of may be half there.
    const isDraft = name.endsWith('.next');
    if (mark === 'unreadable' ? !isDraft : !isAlive(mark)) await promises.rm(path, { force: true });
    else if (mark !== 'unreadable' && !isDraft) oldest = Math.min(oldest, mark.sequence);
  }
  return oldest;
}
