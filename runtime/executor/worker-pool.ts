/**
 * Worker threads, kept between queries. A query borrows a set for itself alone and gives it back, so a query whose caller
 * reads slowly (its workers wait) never stands in the way of another one.
 */
import { Worker } from 'node:worker_threads';
import { enableSimd } from './simd.js';
import type { WorkerReply, WorkerRequest } from './protocol.js';

export interface WorkerHandle {
  post(request: WorkerRequest): void;
  /** The one listener at a time: the query that has borrowed the worker. */
  onReply: (reply: WorkerReply) => void;
  onCrash: (error: Error) => void;
}

class PooledWorker implements WorkerHandle {
  onReply: (reply: WorkerReply) => void = () => undefined;
  onCrash: (error: Error) => void = () => undefined;
  isDead = false;
  readonly worker: Worker;

  constructor() {
    enableSimd();
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { name: 'intarsia' });
    this.worker.on('message', (reply: WorkerReply) => this.onReply(reply));
    this.worker.on('error', (error: Error) => this.died(error));
    this.worker.on('exit', (code) => this.died(new Error(`a worker thread ended with exit code ${code}`)));
    this.worker.unref();
  }

  post(request: WorkerRequest): void {
    this.worker.postMessage(request);
  }

  private died(error: Error): void {
    if (this.isDead) return;
    this.isDead = true;
    this.onCrash(error);
  }
}

/** Started before there was a pool to belong to. */
const early: PooledWorker[] = [];

/** A thread takes 30 ms to start: a process that is to run one plan starts it first of all, and loads the rest meanwhile. */
export function startEarly(count: number): void {
  while (early.length < count) early.push(new PooledWorker());
}

export class WorkerPool {
  private readonly idle: PooledWorker[] = [];
  private readonly all = new Set<PooledWorker>();
  private isClosed = false;

  /** Starts workers ahead of the first query. */
  warm(count: number): void {
    while (this.all.size < count) this.idle.push(this.start());
  }

  borrow(count: number): readonly WorkerHandle[] {
    if (this.isClosed) throw new Error('the database is closed');
    const workers: PooledWorker[] = [];
    while (workers.length < count) {
      const worker = this.idle.pop() ?? this.start();
      if (worker.isDead) continue;
      worker.worker.ref();
      workers.push(worker);
    }
    return workers;
  }

  giveBack(workers: readonly WorkerHandle[]): void {
    for (const worker of workers as readonly PooledWorker[]) {
      worker.onReply = () => undefined;
      worker.onCrash = () => undefined;
      worker.worker.unref();
      if (worker.isDead || this.isClosed) this.discard(worker);
      else this.idle.push(worker);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.all].map((worker) => worker.worker.terminate()));
    this.all.clear();
    this.idle.length = 0;
  }

  private start(): PooledWorker {
    const worker = early.pop() ?? new PooledWorker();
    this.all.add(worker);
    return worker;
  }

  private discard(worker: PooledWorker): void {
    this.all.delete(worker);
    void worker.worker.terminate();
  }
}
