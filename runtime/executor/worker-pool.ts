/**
 * Worker threads, kept between queries. A query borrows a set for itself alone and gives it back, so a query whose caller
 * reads slowly (its workers wait) never stands in the way of another one.
 *
 * Threads start one after the other: two that start at once on a machine of few cores are both ready late, and a query
 * begins with the first that is.
 */
import { Worker } from 'node:worker_threads';
import type { WorkerReply, WorkerRequest } from './protocol.js';

export interface WorkerHandle {
  /** The thread takes requests. */
  readonly isUp: boolean;
  /** Starts the thread if it is not. Resolves when it is up; never when it cannot start (`onCrash` says so). */
  start(): Promise<void>;
  post(request: WorkerRequest): void;
  /** The one listener at a time: the query that has borrowed the worker. */
  onReply: (reply: WorkerReply) => void;
  onCrash: (error: Error) => void;
}

/** Settled when the last step is done: the start of a thread, or what must not happen during one. */
let last: Promise<unknown> | undefined;

function inTurn(step: () => Promise<void>): Promise<void> {
  const done = last === undefined ? step() : last.then(step);
  last = done.catch(() => undefined);
  return done;
}

/** Does something while no thread starts: after those asked for so far, before those asked for later. */
export function betweenStarts(action: () => void): Promise<void> {
  return inTurn(async () => action());
}

class PooledWorker implements WorkerHandle {
  onReply: (reply: WorkerReply) => void = () => undefined;
  onCrash: (error: Error) => void = () => undefined;
  isUp = false;
  isDead = false;
  private up: Promise<void> | undefined;
  private thread: Worker | undefined;
  private isWanted = false;

  start(): Promise<void> {
    this.up ??= new Promise<void>((resolve) => {
      void inTurn(() => new Promise<void>((next) => this.begin(() => { resolve(); next(); }, next)));
    });
    return this.up;
  }

  get isStarted(): boolean {
    return this.up !== undefined;
  }

  post(request: WorkerRequest): void {
    if (this.thread === undefined) throw new Error('a request for a worker thread that has not started');
    this.thread.postMessage(request);
  }

  /** Whether the thread keeps the process alive. */
  want(isWanted: boolean): void {
    this.isWanted = isWanted;
    if (this.isUp) this.hold();
  }

  async end(): Promise<void> {
    this.isDead = true;
    await this.thread?.terminate();
  }

  /** Until it is up it keeps the process alive in any case: others may wait for their turn. */
  private hold(): void {
    if (this.isWanted) this.thread?.ref();
    else this.thread?.unref();
  }

  private begin(onUp: () => void, onFailed: () => void): void {
    if (this.isDead) {
      onFailed();
      return;
    }
    const thread = new Worker(new URL('./worker.js', import.meta.url), { name: 'intarsia' });
    thread.on('message', (reply: WorkerReply) => {
      if (reply.type !== 'up') {
        this.onReply(reply);
        return;
      }
      this.isUp = true;
      this.hold();
      onUp();
    });
    const died = (error: Error): void => {
      onFailed();
      if (this.isDead) return;
      this.isDead = true;
      this.onCrash(error);
    };
    thread.on('error', died);
    thread.on('exit', (code) => died(new Error(`a worker thread ended with exit code ${code}`)));
    this.thread = thread;
  }
}

/** Started before there was a pool to belong to. */
const early: PooledWorker[] = [];

/** A thread takes 30 ms to start: a process that is to run one plan starts it first of all, and loads the rest meanwhile. */
export function startEarly(): void {
  if (early.length > 0) return;
  const worker = new PooledWorker();
  void worker.start();
  early.push(worker);
}

export class WorkerPool {
  private readonly idle: PooledWorker[] = [];
  private readonly all = new Set<PooledWorker>();
  private isClosed = false;

  /** Starts workers ahead of the first query. */
  warm(count: number): void {
    while (this.all.size < count) this.idle.push(this.add());
    for (const worker of this.all) void worker.start();
  }

  /** Those that run already come first; who borrows starts the others when there is work for them. */
  borrow(count: number): readonly WorkerHandle[] {
    if (this.isClosed) throw new Error('the database is closed');
    const workers: PooledWorker[] = [];
    while (workers.length < count) {
      const [worker = this.add()] = this.idle.splice(Math.max(0, this.idle.findIndex((one) => one.isStarted)), 1);
      if (worker.isDead) {
        this.all.delete(worker);
        continue;
      }
      worker.want(true);
      workers.push(worker);
    }
    return workers;
  }

  giveBack(workers: readonly WorkerHandle[]): void {
    for (const worker of workers as readonly PooledWorker[]) {
      worker.onReply = () => undefined;
      worker.onCrash = () => undefined;
      worker.want(false);
      if (worker.isDead || this.isClosed) this.discard(worker);
      else this.idle.push(worker);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.all].map((worker) => worker.end()));
    this.all.clear();
    this.idle.length = 0;
  }

  private add(): PooledWorker {
    const worker = early.pop() ?? new PooledWorker();
    this.all.add(worker);
    return worker;
  }

  private discard(worker: PooledWorker): void {
    this.all.delete(worker);
    void worker.end();
  }
}
