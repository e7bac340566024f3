/**
 * Worker threads, kept between queries. A query borrows a set for itself alone and gives it back, so a query whose
 * caller reads slowly (its workers wait) never stands in the way of another one.
 */
import { LazyWorker } from './lazy-worker.js';
import { ThreadWorker, type WorkerHandle } from './thread-worker.js';

export class WorkerPool {
  private readonly idle: ThreadWorker[] = [];
  private readonly all = new Set<ThreadWorker>();
  private isClosed = false;

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
  borrow(count: number): readonly WorkerHandle[] {
    if (this.isClosed) throw new Error('the database is closed');
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
