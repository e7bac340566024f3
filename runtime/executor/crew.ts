/**
 * The workers of one query: loads the module into each as its thread comes up, sends morsels and finish calls, matches
 * replies to them, grants memory, and orders result chunks by the morsels they come from.
 *
 * Invariant: a failed or cancelled crew fails every pending ticket and every later one with the first cause.
 */
import { ExecutionError, ResourceError } from '../errors.js';
import {
  HEAD,
  QUEUED_KIB,
  TOTAL_KIB,
  CANCEL,
  WORKER,
  WORKER_WORDS,
  type FunctionCall,
  type LoadRequest,
  type ResultChunk,
  type WorkerReply,
} from './protocol.js';
import type { WorkerHandle } from './thread-worker.js';

/** For a worker to end the morsel it is in. A thread costs a tenth of it to start anew. */
const STOPPING_MS = 500;

interface Pending {
  readonly resolve: (result: number) => void;
  readonly reject: (error: Error) => void;
  readonly worker: number;
}

export interface CrewOptions {
  readonly workers: readonly WorkerHandle[];
  readonly control: Int32Array;
  readonly load: Omit<LoadRequest, 'worker' | 'local' | 'control' | 'type' | 'initialised'>;
  readonly locals: readonly number[];
  /** Takes scratch for a worker; what it throws fails the query. */
  readonly allocate: (bytes: number, consumer: string) => number;
  readonly onChunk: (chunk: ResultChunk) => void;
}

export class Crew {
  failure: Error | undefined;
  private nextTicket = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly outstanding: number[];
  private readonly states: ('waiting' | 'starting' | 'loading' | 'ready' | 'gone')[];
  private isSettling = false;
  private readonly ready: Promise<void>;
  private resolveReady!: () => void;
  private rejectReady!: (error: Error) => void;
  /** Chunks of morsels whose turn has not come, by sequence. */
  private readonly early = new Map<number, ResultChunk[]>();
  private readonly finished = new Set<number>();
  private head = 0;
  private onIdle: () => void = () => undefined;
  /** Of those who wait for a worker to become ready, or for the query to fail. */
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly options: CrewOptions) {
    this.outstanding = options.workers.map(() => 0);
    this.ready = new Promise<void>((resolve, reject) => {
      this.resolveReady = resolve;
      this.rejectReady = reject;
    });
    this.ready.catch(() => undefined);
    this.states = options.workers.map(() => 'waiting');
    options.workers.forEach((worker, index) => {
      worker.onReply = (reply) => this.handle(index, reply);
      worker.onCrash = (error) => this.lose(index, error);
      if (index === 0 || worker.isUp) this.engage(index);
    });
  }

  /**
   * There is more to do than the workers so far can take: threads that are not up are started, and join when they are.
   */
  reinforce(): void {
    this.states.forEach((state, worker) => {
      if (state === 'waiting') this.engage(worker);
    });
  }

  /** All workers on threads of their own, for work that is worth the wait. Ends as well when the query has failed. */
  async complete(): Promise<void> {
    this.reinforce();
    const up = new Set<WorkerHandle>();
    for (const handle of this.options.workers) {
      void handle.start().then(() => {
        up.add(handle);
        this.changed();
      });
    }
    const isComplete = (): boolean => up.size === this.states.length && this.states.every((state) => state === 'ready');
    while (this.failure === undefined && !isComplete()) await this.nextChange();
  }

  /** A worker was engaged and cannot take work yet. */
  get isGrowing(): boolean {
    return this.states.some((state) => state === 'starting' || state === 'loading');
  }

  /** Resolves when a worker becomes ready, or the query fails. */
  nextChange(): Promise<void> {
    return new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private changed(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Never empty once a call has been answered. */
  readyWorkers(): readonly number[] {
    return this.states.flatMap((state, worker) => (state === 'ready' ? [worker] : []));
  }

  /** The worker with the least to do, and how much that is. */
  leastBusy(): { worker: number; queued: number } {
    let best = 0;
    for (const i of this.readyWorkers()) if (this.outstanding[i]! < this.outstanding[best]!) best = i;
    return { worker: best, queued: this.outstanding[best]! };
  }

  runMorsel(options: {
    worker: number;
    fn: string;
    init: string | undefined;
    morsel: number;
    sequence: number;
    emits: boolean;
  }): Promise<number> {
    const { worker, ...morsel } = options;
    return this.send(worker, (ticket) => ({ type: 'morsel', ticket, ...morsel }));
  }

  /** One function over several argument lists. */
  call(options: {
    worker: number;
    fn: string;
    calls: readonly (readonly number[])[];
    chain?: boolean;
  }): Promise<number> {
    const calls = options.calls.map((args) => ({ fn: options.fn, args }));
    return this.callAll({
      worker: options.worker,
      calls,
      ...(options.chain === undefined ? {} : { chain: options.chain }),
    });
  }

  callAll({
    worker,
    calls,
    chain = false,
  }: {
    worker: number;
    calls: readonly FunctionCall[];
    chain?: boolean;
  }): Promise<number> {
    return this.send(worker, (ticket) => ({ type: 'call', ticket, calls, chain }));
  }

  /** Starts a new order of result chunks: sequence numbers count from 0 again. */
  restartOrder(): void {
    this.early.clear();
    this.finished.clear();
    this.moveHead(0);
  }

  /** The morsel of that sequence emits no more; chunks of the next one can go out. */
  completeSequence(sequence: number): void {
    this.finished.add(sequence);
    let head = this.head;
    while (this.finished.delete(head)) {
      head++;
      for (const chunk of this.early.get(head) ?? []) this.deliver(chunk);
      this.early.delete(head);
    }
    if (head !== this.head) this.moveHead(head);
  }

  cancel(error: Error): void {
    this.fail(error);
  }

  /**
   * Waits until no worker is inside a function of the query or puts its data in place, so that its memory can be freed.
   */
  async settle(): Promise<void> {
    this.isSettling = true;
    if (!this.isIdle()) await new Promise<void>((resolve) => { this.onIdle = resolve; });
    for (const worker of this.readyWorkers()) this.options.workers[worker]!.post({ type: 'unload' });
  }

  private isIdle(): boolean {
    return this.pending.size === 0 && !this.states.includes('loading');
  }

  private engage(worker: number): void {
    const handle = this.options.workers[worker]!;
    this.states[worker] = 'starting';
    if (handle.isUp) this.load(worker);
    else void handle.start().then(() => this.load(worker));
  }

  /** A thread that comes up when the query has ended or failed is left alone. */
  private load(worker: number): void {
    if (this.isSettling || this.failure !== undefined || this.states[worker] !== 'starting') return;
    const { load, control, locals, workers } = this.options;
    this.states[worker] = 'loading';
    workers[worker]!.post({ ...load, type: 'load', control, worker, local: locals[worker]!, initialised: [] });
  }

  private async send(
    worker: number,
    request: (ticket: number) => Parameters<WorkerHandle['post']>[0],
  ): Promise<number> {
    this.outstanding[worker]!++;
    // Worker 0 is given work from the start, the others once they are ready.
    if (worker === 0) await this.ready.catch(() => undefined);
    if (this.failure !== undefined) {
      this.outstanding[worker]!--;
      throw this.failure;
    }
    const ticket = this.nextTicket++;
    const result = new Promise<number>((resolve, reject) => this.pending.set(ticket, { resolve, reject, worker }));
    this.options.workers[worker]!.post(request(ticket));
    return result;
  }

  private handle(worker: number, reply: WorkerReply): void {
    switch (reply.type) {
      case 'ready':
        this.states[worker] = 'ready';
        if (worker === 0) this.resolveReady();
        this.changed();
        return this.notice();
      case 'done': return this.finish(reply.ticket, (entry) => entry.resolve(reply.result));
      case 'emit': return this.receive(reply.sequence, reply.chunk);
      case 'alloc': return this.grant(worker, reply.bytes, reply.consumer);
      case 'failed': {
        const error = this.failure ?? workerError(reply);
        this.fail(error);
        if (reply.ticket < 0) {
          this.states[worker] = 'gone';
          return this.notice();
        }
        return this.finish(reply.ticket, (entry) => entry.reject(error));
      }
    }
  }

  private finish(ticket: number, settle: (entry: Pending) => void): void {
    const entry = this.pending.get(ticket);
    if (entry === undefined) return;
    this.pending.delete(ticket);
    this.outstanding[entry.worker]!--;
    settle(entry);
    this.notice();
  }

  private notice(): void {
    if (this.isIdle()) this.onIdle();
  }

  private fail(error: Error): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    const { control } = this.options;
    Atomics.store(control, CANCEL, 1);
    for (const word of [QUEUED_KIB, TOTAL_KIB, HEAD]) Atomics.notify(control, word);
    this.rejectReady(error);
    this.changed();
    setTimeout(() => void this.abandon(error), STOPPING_MS).unref();
  }

  /** Ends the threads of a failed query that are inside a morsel still: it may be one of minutes. */
  private async abandon(error: Error): Promise<void> {
    const busy = new Set([...this.pending.values()].map(({ worker }) => worker));
    for (const worker of busy) {
      await this.options.workers[worker]!.end();
      this.lose(worker, error);
    }
  }

  /** A worker thread is gone: nothing it was given will be answered. */
  private lose(worker: number, error: Error): void {
    this.states[worker] = 'gone';
    this.fail(error);
    for (const [ticket, entry] of [...this.pending]) {
      if (entry.worker === worker) this.finish(ticket, () => entry.reject(error));
    }
    this.notice();
  }

  private grant(worker: number, bytes: number, consumer: string): void {
    const { control } = this.options;
    const flag = WORKER + worker * WORKER_WORDS;
    let granted = 2;
    try {
      if (this.failure === undefined) {
        Atomics.store(control, flag + 1, this.options.allocate(bytes, consumer) | 0);
        granted = 1;
      }
    } catch (error) {
      this.fail(error instanceof ResourceError ? error : new Error(String(error)));
    }
    Atomics.store(control, flag, granted);
    Atomics.notify(control, flag);
  }

  private receive(sequence: number, chunk: ResultChunk): void {
    if (this.failure !== undefined) return;
    if (sequence === this.head) this.deliver(chunk);
    else {
      const waiting = this.early.get(sequence);
      if (waiting === undefined) this.early.set(sequence, [chunk]);
      else waiting.push(chunk);
    }
  }

  private deliver(chunk: ResultChunk): void {
    Atomics.add(this.options.control, QUEUED_KIB, Math.ceil(chunk.byteLength / 1024));
    this.options.onChunk(chunk);
  }

  private moveHead(head: number): void {
    this.head = head;
    Atomics.store(this.options.control, HEAD, head);
    Atomics.notify(this.options.control, TOTAL_KIB);
    Atomics.notify(this.options.control, QUEUED_KIB);
  }
}

function workerError(reply: Extract<WorkerReply, { type: 'failed' }>): Error {
  if (reply.name === 'ExecutionError' || reply.name === 'ValueError') return new ExecutionError(reply.message);
  const cause = new Error(reply.message);
  if (reply.stack !== undefined) cause.stack = reply.stack;
  // What a trap is called. Bytes on a page are bounded by the memory alone, whatever a file's checksums say.
  const hint = reply.name === 'RuntimeError' ? '; verify the database file, as a stored page may be damaged' : '';
  return new ExecutionError(`a worker failed: ${reply.message}${hint}`, { cause });
}
