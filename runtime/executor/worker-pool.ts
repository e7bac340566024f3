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
  /** Resolves when the thread runs; never when it cannot start (`onCrash` says so). */
  readonly online: Promise<void>;
  post(request: WorkerRequest): void;
  /** The one listener at a time: the query that has borrowed the worker. */
  onReply: (reply: WorkerReply) => void;
  onCrash: (error: Error) => void;
}

/** Resolved when the last thread that was asked for runs, or has failed to. */
let turn: Promise<void> | undefined;

class PooledWorker implements WorkerHandle {
  onReply: (reply: WorkerReply) => void = () => undefined;
  onCrash: (error: Error) => void = () => undefined;
  readonly online: Promise<void>;
  isDead = false;
  private thread: Worker | undefined;
  private isWanted = false;

  constructor() {
    this.online = new Promise<void>((resolve) => {
      const start = (): Promise<void> => new Promise<void>((next) => this.start(() => { resolve(); next(); }, next));
      turn = turn === undefined ? start() : turn.then(start);
    });
  }

  post(request: WorkerRequest): void {
    if (this.thread === undefined) throw new Error('a request for a worker thread that has not started');
    this.thread.postMessage(request);
  }

  /** Whether the thread keeps the process alive. */
  want(isWanted: boolean): void {
    this.isWanted = isWanted;
    if (isWanted) this.thread?.ref();
    else this.thread?.unref();
  }

  async end(): Promise<void> {
    this.isDead = true;
    await this.thread?.terminate();
  }

  private start(onOnline: () => void, onFailed: () => void): void {
    if (this.isDead) {
      onFailed();
      return;
    }
    const thread = new Worker(new URL('./worker.js', import.meta.url), { name: 'intarsia' });
    thread.on('online', onOnline);
    thread.on('message', (reply: WorkerReply) => this.onReply(reply));
    const died = (error: Error): void => {
      onFailed();
      if (this.isDead) return;
      this.isDead = true;
      this.onCrash(error);
    };
    thread.on('error', died);
    thread.on('exit', (code) => died(new Error(`a worker thread ended with exit code ${code}`)));
    this.thread = thread;
    this.want(this.isWanted);
  }
}

/** Started before there was a pool to belong to. */
const early: PooledWorker[] = [];

/** A thread takes 30 ms to start: a process that is to run one plan starts it first of all, and loads the rest meanwhile. */
export function startEarly(): void {
  if (early.length === 0) early.push(new PooledWorker());
}

export class WorkerPool {
  /** The longest idle first: it is the likeliest to run already. */
  private readonly idle: PooledWorker[] = [];
  private readonly all = new Set<PooledWorker>();
  private isClosed = false;

  /** Starts workers ahead of the first query. */
  warm(count: number): void {
    while (this.all.size < count) this.idle.push(this.add());
  }

  borrow(count: number): readonly WorkerHandle[] {
    if (this.isClosed) throw new Error('the database is closed');
    const workers: PooledWorker[] = [];
    while (workers.length < count) {
      const worker = this.idle.shift() ?? this.add();
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
