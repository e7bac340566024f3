/**
 * A worker thread as its borrower sees it: started when it is first needed, and told what to do.
 *
 * Threads start one after the other: two that start at once on a machine of few cores are both ready late, and a query
 * begins with the first that is.
 */
import type { Worker } from 'node:worker_threads';
import { ExecutionError } from '../errors.js';
import { nodeModule } from '../node-module.js';
import type { WorkerReply, WorkerRequest } from './protocol.js';
import { freeCompiler } from './simd.js';

/**
 * About as long as a thread takes to start, in milliseconds. A query whose length is not known begins to start threads
 * when it has run as long without: most have ended by then, and the others lose no more than what they have run.
 */
export const START_MS = 30;

export interface WorkerHandle {
  /** Requests are taken. */
  readonly isUp: boolean;
  /**
   * Starts the thread if it is not. Resolves when requests are taken; never when it cannot start (`onCrash` says so).
   */
  start(): Promise<void>;
  post(request: WorkerRequest): void;
  /** Ends the thread, whatever it does. */
  end(): Promise<void>;
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

export class ThreadWorker implements WorkerHandle {
  onReply: (reply: WorkerReply) => void = () => undefined;
  onCrash: (error: Error) => void = () => undefined;
  isDead = false;
  protected isThreadUp = false;
  private up: Promise<void> | undefined;
  private thread: Worker | undefined;
  private isWanted = false;
  private onUp: () => void = () => undefined;

  start(): Promise<void> {
    this.up ??= new Promise<void>((resolve) => {
      void inTurn(
        () =>
          new Promise<void>((next) =>
            this.begin(() => {
              resolve();
              next();
            }, next),
          ),
      );
    });
    return this.up;
  }

  get isUp(): boolean {
    return this.isThreadUp;
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
    if (this.isThreadUp) this.hold();
  }

  /** A thread that is still loading its files would leave them open: it ends when it is up, and nobody waits. */
  async end(): Promise<void> {
    this.isDead = true;
    if (this.isThreadUp) await this.thread?.terminate();
  }

  protected receive(reply: WorkerReply): void {
    if (reply.type === 'up') {
      this.isThreadUp = true;
      if (this.isDead) {
        void this.thread?.terminate();
        return;
      }
      this.hold();
      this.onUp();
    } else this.answer(reply);
  }

  protected answer(reply: WorkerReply): void {
    this.onReply(reply);
  }

  /**
   * Until it is up it keeps the process alive in any case: others may wait for their turn. So it does while it ends,
   * for whoever closes the database waits for that.
   */
  private hold(): void {
    if (this.isDead) return;
    if (this.isWanted) this.thread?.ref();
    else this.thread?.unref();
  }

  private begin(onUp: () => void, onFailed: () => void): void {
    const died = (error: Error): void => {
      onFailed();
      if (this.isDead) return;
      this.isDead = true;
      this.onCrash(error);
    };
    if (this.isDead) {
      onFailed();
      return;
    }
    this.onUp = onUp;
    try {
      freeCompiler();
      const { Worker } = nodeModule('node:worker_threads');
      // Options of the process are for its own script: with `--input-type`, a thread would refuse its file.
      this.thread = new Worker(new URL('./worker.js', import.meta.url), { name: 'intarsia', execArgv: [] });
    } catch (cause) {
      // The system has no thread left to give: said by throwing, unlike what goes wrong later.
      const why = cause instanceof Error ? cause.message : String(cause);
      died(new ExecutionError(`a thread for the query cannot be started: ${why}`, { cause }));
      return;
    }
    this.thread.on('message', (reply: WorkerReply) => this.receive(reply));
    this.thread.on('error', (cause) => died(new ExecutionError(`a worker thread failed: ${cause.message}`, { cause })));
    this.thread.on('exit', (code) => died(new ExecutionError(`a worker thread ended with exit code ${code}`)));
  }
}
