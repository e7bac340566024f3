/**
 * A worker that begins on the caller's thread: for a process that has nothing else to do, and is to answer at once.
 * It becomes a thread of its own when its query gives results and takes longer than such a start, as the caller has
 * something to do with them then; or when the query is a long one. Until then other workers' threads start first: they
 * add to what is computed, its own only takes over.
 *
 * Invariant: one of the two works at a time, with the same memory; requests are answered in their order. The caller's
 * thread never waits: what would wait for room for its results is undone and left to the thread.
 */
import { clockMs } from '../clock.js';
import type { LoadRequest, WorkerReply, WorkerRequest } from './protocol.js';
import { START_MS, ThreadWorker } from './thread-worker.js';
import { NoRoom, WorkerCore } from './worker-core.js';

/** A query that takes longer leaves the caller's thread, whatever it does, in milliseconds. */
const LEAVE_MS = 300;

export class LazyWorker extends ThreadWorker {
  private state: 'here' | 'moving' | 'thread' = 'here';
  private readonly core = new WorkerCore((reply) => this.onReply(reply), { canWait: false });
  private query: LoadRequest | undefined;
  private readonly queue: WorkerRequest[] = [];
  private isBusy = false;
  private spentMs = 0;
  /** Of that, with results. */
  private givingMs = 0;

  override get isUp(): boolean {
    return true;
  }

  override post(request: WorkerRequest): void {
    if (this.state === 'thread') super.post(request);
    else {
      this.queue.push(request);
      void this.work();
    }
  }

  override async end(): Promise<void> {
    this.queue.length = 0;
    await super.end();
  }

  protected override receive(reply: WorkerReply): void {
    super.receive(reply);
    if (reply.type === 'up') void this.work();
  }

  protected override answer(reply: WorkerReply): void {
    const isAboutLoad = reply.type === 'ready' || (reply.type === 'failed' && reply.ticket < 0);
    if (this.state === 'moving' && isAboutLoad) this.leave();
    super.answer(reply);
  }

  /** One request after the other, with a turn of the loop between them. */
  private async work(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    for (let isStuck = false; this.state === 'here' && !isStuck && this.queue.length > 0;) {
      if (this.isThreadUp && this.queue[0]!.type !== 'unload') this.move();
      else isStuck = !(await this.answerHere());
    }
    this.isBusy = false;
  }

  /** Answers the first request of the queue, or leaves it there for the thread. */
  private async answerHere(): Promise<boolean> {
    const request = this.queue[0]!;
    if (request.type === 'load') {
      this.query = request;
      this.spentMs = 0;
      this.givingMs = 0;
    } else if (request.type === 'unload') this.query = undefined;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    if (this.isDead) return false;
    const began = clockMs();
    try {
      await this.core.handle(request);
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
      void this.start();
      return this.isThreadUp;
    }
    this.queue.shift();
    const tookMs = clockMs() - began;
    this.spentMs += tookMs;
    if (request.type === 'morsel' && request.emits) this.givingMs += tookMs;
    if (this.givingMs > START_MS || this.spentMs > LEAVE_MS) void this.start();
    return true;
  }

  private move(): void {
    if (this.query === undefined) {
      this.leave();
      return;
    }
    this.state = 'moving';
    super.post({ ...this.query, initialised: this.core.initialised });
  }

  private leave(): void {
    this.state = 'thread';
    for (const request of this.queue.splice(0)) super.post(request);
  }
}
