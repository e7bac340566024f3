/**
 * Worker threads, kept between queries. A query borrows a set for itself alone and gives it back. Where many are asked
 * for at once they take turns, so that hundreds of short ones need few threads; a query whose caller reads slowly (its
 * workers wait) stands in the way of another one for no longer than a thread takes to start.
 */
import { LazyWorker } from './lazy-worker.js';
import { START_MS, ThreadWorker, type WorkerHandle } from './thread-worker.js';

/** Queries that have workers at one time before the next one waits for those of another. */
const QUERIES_AT_ONCE = 8;

export class WorkerPool {
  private readonly idle: ThreadWorker[] = [];
  private readonly all = new Set<ThreadWorker>();
  private isClosed = false;
  /** Queries that have workers. */
  private lent = 0;
  private readonly waiting: (() => void)[] = [];
  private nextTurn: NodeJS.Timeout | undefined;

  constructor(private readonly options: { readonly lazyThreads: boolean } = { lazyThreads: false }) {}

  /** Threads start only where they are worth it: see `DatabaseOptions.lazyThreads`. */
  get isLazy(): boolean {
    return this.options.lazyThreads;
  }

  /** Starts workers ahead of the first query. */
  warm(count: number): void {
    while (this.all.size < count) this.idle.push(this.add());
    for (const worker of this.all) void worker.start();
  }

  /** Those that run already come first; who borrows starts the others when there is work for them. */
  async borrow(count: number): Promise<readonly WorkerHandle[]> {
    if (this.lent >= QUERIES_AT_ONCE) await this.turn();
    if (this.isClosed) throw new Error('the database is closed');
    this.lent++;
    const workers: ThreadWorker[] = [];
    while (workers.length < count) {
      const [worker = this.add()] = this.idle.splice(
        Math.max(
          0,
          this.idle.findIndex((one) => one.isStarted),
        ),
        1,
      );
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
    for (const worker of workers as readonly ThreadWorker[]) {
      worker.onReply = () => undefined;
      worker.onCrash = () => undefined;
      worker.want(false);
      if (worker.isDead || this.isClosed) this.discard(worker);
      else this.idle.push(worker);
    }
    if (workers.length === 0) return;
    this.lent--;
    this.admit();
  }

  /**
   * Whoever waits is let in when another query ends, or after as long as its own thread would take to start: those that
   * run may be waiting for a caller who waits for this one.
   */
  private turn(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.nextTurn ??= setTimeout(() => this.admit(), START_MS);
    });
  }

  private admit(): void {
    clearTimeout(this.nextTurn);
    this.waiting.shift()?.();
    this.nextTurn = this.waiting.length === 0 ? undefined : setTimeout(() => this.admit(), START_MS);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.all].map((worker) => worker.end()));
    this.all.clear();
    this.idle.length = 0;
  }

  private add(): ThreadWorker {
    const worker = this.options.lazyThreads && this.all.size === 0 ? new LazyWorker() : new ThreadWorker();
    this.all.add(worker);
    return worker;
  }

  private discard(worker: ThreadWorker): void {
    this.all.delete(worker);
    void worker.end();
  }
}
