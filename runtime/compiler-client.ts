/**
 * The compiler as the caller's thread sees it: a thread of its own, started when it is first wanted and ended when
 * nobody has wanted it for a while, so that neither the caller's event loop nor its memory bears the compiler.
 *
 * Invariant: the thread keeps the process alive only while a call is unanswered. A thread that has ended fails what it
 * was asked and nothing else: the next call starts another.
 */
import { Worker } from 'node:worker_threads';
import type { CompiledStatement, PreparedModel, QueryDetails } from './compiler.js';
import {
  errorOfText, KEPT_COMMITS, LoadFailed,
  type CompilerCall, type CompilerCalls, type FromCompiler, type LoadCall, type LoadedModel, type ToCompiler,
} from './compiler-protocol.js';
import type { CommitLoader } from './environment.js';
import { ExecutionError } from './errors.js';
import { enableSimd } from './executor/simd.js';
import { snapshotLoader, factsOf } from './snapshot-loader.js';
import type { Snapshot } from './storage/database-file.js';

/** The engine keeps pages of young objects for a while after a thread has ended, so there should be few. */
const YOUNG_OBJECTS_MB = 8;
/** As long as a person thinks between two queries. */
const IDLE_MS = 30_000;

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly loader: CommitLoader | undefined;
  /** What went wrong while loading: the error itself, which need not cross. */
  loadError?: unknown;
}

/** Numbers for objects, which stand for them in the other thread. */
class Identities {
  private readonly numbers = new WeakMap<object, number>();
  private next = 0;

  of(object: object): number {
    let number = this.numbers.get(object);
    if (number === undefined) this.numbers.set(object, number = this.next++);
    return number;
  }
}

const commits = new Identities();
const models = new Identities();

export class CompilerClient {
  private worker: Worker | undefined;
  private readonly pending = new Map<number, Pending>();
  private nextCall = 0;
  private nextModel = 0;
  /** Models that are being stored. */
  private openModels = 0;
  /** Commits whose facts the thread has. */
  private told: number[] = [];
  private idle: NodeJS.Timeout | undefined;
  private endWhenIdle = false;
  private ending: Promise<unknown> = Promise.resolve();
  private calibration: Promise<string> | undefined;

  constructor(private readonly options: { readonly idleMs: number } = { idleMs: IDLE_MS }) {}

  get isRunning(): boolean {
    return this.worker !== undefined;
  }

  /** Starts the thread ahead of the first call. */
  warm(): void {
    this.start();
    if (this.pending.size === 0) this.rest();
  }

  /** @throws CompileError */
  split(sql: string): Promise<ReturnType<CompilerCalls['split']>> {
    return this.call({ name: 'split', args: { sql } });
  }

  /** The snapshot must stay until this settles. @throws CompileError */
  async compile(
    sql: string,
    options: { readonly snapshot: Snapshot; readonly memoryLimitBytes: number; readonly threads: number },
  ): Promise<CompiledStatement> {
    const { snapshot, memoryLimitBytes, threads } = options;
    const calibration = await this.calibrate();
    const commit = commits.of(snapshot.commit);
    const isKnown = this.worker !== undefined && this.told.includes(commit);
    const facts = isKnown ? undefined : factsOf(snapshot, { memoryLimitBytes, threads, calibration });
    const compiling = this.call<'compile'>({ name: 'compile', args: { sql, commit, facts } }, snapshotLoader(snapshot));
    if (!isKnown) this.told = [...this.told, commit].slice(-KEPT_COMMITS);
    return compiling;
  }

  /** `undefined` when the query is none of the last ones this thread has compiled. */
  async details(query: string, options: { readonly code: boolean }): Promise<QueryDetails | undefined> {
    return this.worker === undefined ? undefined : this.call({ name: 'details', args: { query, ...options } });
  }

  /** Asked for once in the life of the process, but for a `fresh` one. */
  calibrate({ fresh }: { readonly fresh: boolean } = { fresh: false }): Promise<string> {
    if (this.calibration === undefined || fresh) {
      this.calibration = this.call<'calibrate'>({ name: 'calibrate', args: { fresh } });
      this.calibration.catch(() => { this.calibration = undefined; });
    }
    return this.calibration;
  }

  /**
   * Blocks come a batch at a time, the next one while the last is used. `close` it, whatever happens. @throws
   * ModelError
   */
  async prepareModel(name: string, source: string | Uint8Array): Promise<PreparedModel> {
    const model = this.nextModel++;
    this.openModels++;
    try {
      const head = await this.call<'prepare'>({ name: 'prepare', args: { model, name, source } });
      const { worker } = this;
      return {
        model: head.model,
        tensors: head.tensors.map((tensor, i) => ({ ...tensor, blocks: this.blocks(model, i) })),
        close: async () => {
          if (this.worker === worker) await this.call({ name: 'close', args: { model } });
          this.closedModel();
        },
      };
    } catch (error) {
      this.closedModel();
      throw error;
    }
  }

  /** Ends the thread, to give its memory back: now, or as soon as what was asked of it is done. */
  async release(): Promise<void> {
    if (this.pending.size === 0 && this.openModels === 0) await this.end();
    else this.endWhenIdle = true;
  }

  /** Ends the thread; what is asked of it fails. */
  async close(): Promise<void> {
    await this.end();
  }

  /** Each is there until the next one is asked for: then the compiler fills its memory again. */
  private async *blocks(model: number, tensor: number): AsyncGenerator<Uint8Array, void, undefined> {
    let spent: readonly Uint8Array[] = [];
    const pull = (): Promise<ReturnType<CompilerCalls['pull']>> =>
      this.call<'pull'>({ name: 'pull', args: { model, tensor, spent } });
    for (let next: ReturnType<typeof pull> | undefined = pull(); next !== undefined;) {
      const { blocks, isLast }: Awaited<typeof next> = await next;
      next = isLast ? undefined : pull();
      // Whoever stops reading does not wait for it.
      next?.catch(() => undefined);
      yield* blocks;
      spent = blocks;
    }
  }

  private closedModel(): void {
    this.openModels--;
    if (this.pending.size === 0) this.rest();
  }

  private call<Name extends keyof CompilerCalls>(
    call: Extract<CompilerCall, { name: Name }>,
    loader?: CommitLoader,
  ): Promise<ReturnType<CompilerCalls[Name]>> {
    const worker = this.start();
    clearTimeout(this.idle);
    worker.ref();
    const id = this.nextCall++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject, loader });
      this.post(worker, { type: 'call', id, call }, givenAway(call));
    });
  }

  private start(): Worker {
    if (this.worker !== undefined) return this.worker;
    // The thread measures kernels, and what it compiles is run here.
    enableSimd();
    const worker = startThread();
    worker.on('message', (message: FromCompiler) => this.receive(worker, message));
    worker.on('error', (cause) =>
      this.lose(worker, new ExecutionError(`the thread of the compiler failed: ${cause.message}`, { cause })));
    worker.on('exit', (code) =>
      this.lose(worker, new ExecutionError(`the thread of the compiler ended with exit code ${code}`)),
    );
    worker.unref();
    this.told = [];
    this.worker = worker;
    return worker;
  }

  private post(worker: Worker, message: ToCompiler, transfer: readonly ArrayBuffer[] = []): void {
    worker.postMessage(message, transfer);
  }

  private receive(worker: Worker, message: FromCompiler): void {
    if (message.type === 'load') {
      void this.load(worker, message);
      return;
    }
    const pending = this.pending.get(message.id);
    if (pending === undefined) return;
    this.pending.delete(message.id);
    if (message.type === 'answer') pending.resolve(message.value as never);
    else pending.reject(errorOf(message.error, pending));
    if (this.pending.size === 0) this.rest();
  }

  /** Answers the compiler from the snapshot of the call it asks for. */
  private async load(worker: Worker, { id, by, call }: Extract<FromCompiler, { type: 'load' }>): Promise<void> {
    const pending = this.pending.get(by);
    try {
      if (pending?.loader === undefined) throw new Error(`nobody waits for ${call.name}`);
      const value = await loaded(pending.loader, call);
      this.post(
        worker,
        { type: 'loaded', id, value },
        call.name === 'blocks' ? (value as readonly Uint8Array[]).map((block) => block.buffer as ArrayBuffer) : [],
      );
    } catch (error) {
      if (pending !== undefined) pending.loadError = error;
      this.post(worker, { type: 'not-loaded', id });
    }
  }

  /** Nothing is under way. */
  private rest(): void {
    this.worker?.unref();
    if (this.openModels > 0) return;
    if (this.endWhenIdle) {
      void this.end();
      return;
    }
    clearTimeout(this.idle);
    this.idle = setTimeout(() => void this.release(), this.options.idleMs);
    this.idle.unref();
  }

  private async end(): Promise<void> {
    const { worker } = this;
    if (worker !== undefined) {
      this.lose(worker, new ExecutionError('the compiler was closed'));
      this.ending = worker.terminate();
    }
    await this.ending;
  }

  private lose(worker: Worker, error: Error): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    this.endWhenIdle = false;
    clearTimeout(this.idle);
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

function startThread(): Worker {
  try {
    return new Worker(new URL('./compiler-worker.js', import.meta.url), {
      name: 'intarsia compiler',
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_OBJECTS_MB },
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ExecutionError(`a thread for the compiler cannot be started: ${why}`, { cause });
  }
}

function errorOf(text: Extract<FromCompiler, { type: 'failed' }>['error'], { loadError }: Pending): Error {
  const error = errorOfText(text);
  return error instanceof LoadFailed && loadError instanceof Error ? loadError : error;
}

/** Blocks go back as they came: not copied. */
function givenAway(call: CompilerCall): readonly ArrayBuffer[] {
  return call.name === 'pull' ? call.args.spent.map((block) => block.buffer as ArrayBuffer) : [];
}

async function loaded(loader: CommitLoader, call: LoadCall): Promise<unknown> {
  switch (call.name) {
    case 'table': return loader.table(call.args.name);
    case 'view': return loader.view(call.args.name);
    case 'blocks': return loader.blocks(call.args.references);
    case 'model': {
      const { name, version, known } = call.args;
      const model = await loader.model(name, version);
      if (model === undefined) return undefined;
      const identity = models.of(model);
      return { identity, model: known.includes(identity) ? undefined : model } satisfies LoadedModel;
    }
  }
}

/** `pending`, or the reason of the first signal that is aborted before it settles. */
export async function abortable<T>(pending: Promise<T>, signals: readonly (AbortSignal | undefined)[]): Promise<T> {
  pending.catch(() => undefined);
  const given = signals.filter((signal) => signal !== undefined);
  for (const signal of given) signal.throwIfAborted();
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(given.find((signal) => signal.aborted)!.reason as Error);
    for (const signal of given) signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([pending, aborted]);
  } finally {
    for (const signal of given) signal.removeEventListener('abort', stop);
  }
}

let shared: CompilerClient | undefined;

/** One for all databases of the process. */
export function sharedCompiler(): CompilerClient {
  return shared ??= new CompilerClient();
}
