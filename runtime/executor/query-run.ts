/**
 * Runs a physical plan: its pipelines in order, morsel by morsel, on borrowed workers.
 *
 * In: a plan, its module, where tables and weights lie. Out: result chunks, in the order of the rows.
 * Invariant: whatever happens (an error, an abort, a caller who stops reading) pins, scratch and workers go back.
 */
import { clockMs } from '../clock.js';
import { ExecutionError } from '../errors.js';
import {
  LOCAL_BUFFER_BYTES,
  type Finish,
  type Pipeline,
  type RowBuffer,
} from '../plan.js';
import { Crew } from './crew.js';
import { Pace, morselWords, openSource, type Morsel, type MorselContext } from './morsels.js';
import { parameterHeapBytes, writeParameters } from './parameters.js';
import { QUEUED_KIB, TOTAL_KIB, WORKER, WORKER_WORDS, type ResultChunk } from './protocol.js';
import type { RunOptions, Running } from './run-options.js';
import { runBlocked } from './blocked.js';
import { hasParallelWork, isLong, isWorthThreads } from './parallel-work.js';
import { widenRegisters } from './simd.js';
import { START_MS, betweenStarts, type WorkerHandle } from './thread-worker.js';

/** Morsels given to a worker ahead of the one it runs, so that it never waits for the main thread. */
const QUEUE_DEPTH = 2;

export async function* runPlan(options: RunOptions): AsyncGenerator<ResultChunk, void, undefined> {
  options.signal?.throwIfAborted();
  const run = new QueryRun(options);
  const onAbort = (): void => run.cancel(options.signal!.reason as Error);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  options.running.add(run);
  try {
    yield* run.chunks();
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    await run.close();
    options.running.delete(run);
  }
}

class QueryRun implements Running {
  private readonly control = new Int32Array(new SharedArrayBuffer(4 * 64));
  private readonly scratch: number[] = [];
  private readonly releases: (() => void)[] = [];
  private readonly words: Uint32Array;
  private readonly bytes: Uint8Array;
  private workers: readonly WorkerHandle[] = [];
  private crew: Crew | undefined;
  private context = 0;
  private dataBase = 0;
  private locals: number[] = [];
  private descriptors: number[] = [];
  private readonly bufferChunks = new Map<number, readonly number[]>();
  private readonly sortedPointers = new Map<number, { address: number; count: number }>();
  private readonly inFlight = new Set<Promise<unknown>>();
  private readonly queue: ResultChunk[] = [];
  private wake: () => void = () => undefined;
  private isFinished = false;
  private failure: unknown;
  private background: Promise<void> | undefined;
  private closed: Promise<void> | undefined;
  private readonly startedAt = clockMs();

  constructor(private readonly options: RunOptions) {
    const { buffer } = options.pool.memory;
    this.words = new Uint32Array(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  async *chunks(): AsyncGenerator<ResultChunk, void, undefined> {
    this.background = this.execute().then(
      () => this.finish(),
      (error: unknown) => this.cancel(error as Error),
    );
    for (;;) {
      const chunk = this.queue.shift();
      if (chunk !== undefined) {
        const kib = Math.ceil(chunk.byteLength / 1024);
        for (const word of [QUEUED_KIB, TOTAL_KIB]) {
          Atomics.sub(this.control, word, kib);
          Atomics.notify(this.control, word);
        }
        yield chunk;
      } else if (this.failure !== undefined) {
        throw this.failure;
      } else if (this.isFinished) {
        return;
      } else {
        await new Promise<void>((resolve) => { this.wake = resolve; });
      }
    }
  }

  cancel(reason: Error): void {
    this.failure ??= reason;
    this.crew?.cancel(reason);
    this.wake();
  }

  end(reason: Error): Promise<void> {
    this.cancel(reason);
    return this.close();
  }

  close(): Promise<void> {
    this.closed ??= this.giveBack();
    return this.closed;
  }

  private async giveBack(): Promise<void> {
    if (!this.isFinished) this.crew?.cancel(new ExecutionError('the caller stopped reading'));
    await this.background;
    await Promise.all(this.inFlight);
    await this.crew?.settle();
    this.options.workers.giveBack(this.workers);
    for (const release of this.releases) release();
    for (const address of this.scratch) this.options.pool.free(address);
  }

  private finish(): void {
    this.isFinished = true;
    this.wake();
  }

  private allocate(bytes: number, consumer: string, { isZero = false } = {}): number {
    const address = this.options.pool.allocate({ bytes, consumer, isZero });
    this.scratch.push(address);
    return address;
  }

  private async execute(): Promise<void> {
    const { plan, threads } = this.options;
    this.workers = await this.options.workers.borrow(hasParallelWork(this.options) ? threads : 1);
    if (this.failure !== undefined) throw this.failure;
    this.layOut();
    this.crew = new Crew({
      workers: this.workers,
      control: this.control,
      locals: this.locals,
      load: {
        module: this.options.module,
        memory: this.options.pool.memory,
        context: this.context,
        contextBytes: plan.contextBytes,
        localBytes: plan.localBytes,
        localScratch: plan.localScratch,
        dataBase: this.dataBase,
        leaves: plan.leaves,
        hostFunctions: plan.hostFunctions,
        resultLimitKiB: Math.ceil(this.options.resultLimitBytes / 1024),
      },
      allocate: (bytes, consumer) => this.allocate(bytes, consumer),
      onChunk: (chunk) => {
        this.queue.push(chunk);
        this.wake();
      },
    });
    if (!this.options.workers.isLazy && isLong(this.options)) this.crew.reinforce();
    const weights = this.loadWeights();
    // Behind the threads that start now: see `enableSimd`. Where none does, what V8 optimises soon gains by it, and
    // threads that turn out to be worth it take 20 ms longer to start.
    if (plan.simd === 'wide') void betweenStarts(widenRegisters);
    await weights;
    for (const pipeline of plan.pipelines) {
      const began = clockMs();
      const rows = await this.runPipeline(this.crew, pipeline);
      for (const step of pipeline.finish) await this.runFinish(this.crew, step);
      this.options.profile?.pipeline({
        name: pipeline.name,
        rows,
        milliseconds: clockMs() - began,
        sinceStart: began - this.startedAt,
      });
    }
  }

  /** One scratch area: context, then the locals of the workers, then the morsel descriptors; all zero. */
  private layOut(): void {
    const { plan } = this.options;
    const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;
    const parameterHeap = parameterHeapBytes(plan.parameters, this.options.parameters);
    const descriptorBytes = align(4 * Math.max(2, ...plan.pipelines.map((pipeline) => morselWords(pipeline.source))));
    const slots = this.workers.length * QUEUE_DEPTH + 1;
    const contextBytes = align(plan.contextBytes + parameterHeap);
    const localBytes = align(plan.localBytes);
    const total = contextBytes + this.workers.length * localBytes + slots * descriptorBytes + align(plan.dataBytes);
    if (this.workers.length > (this.control.length - WORKER) / WORKER_WORDS)
      throw new Error('too many workers for the control block');
    const base = this.allocate(total, 'working memory of a query', { isZero: true });
    this.context = base;
    this.locals = this.workers.map((_, i) => base + contextBytes + i * localBytes);
    const descriptors = base + contextBytes + this.workers.length * localBytes;
    this.dataBase = descriptors + slots * descriptorBytes;
    this.descriptors = Array.from({ length: slots }, (_, i) => descriptors + i * descriptorBytes);
    writeParameters({
      memory: this.options.pool.memory, slots: plan.parameters, values: this.options.parameters,
      context: base, heap: base + plan.contextBytes,
    });
  }

  private async loadWeights(): Promise<void> {
    const slots = this.options.plan.weights;
    const weights = await this.options.weights(slots);
    for (const [i, { offset }] of slots.entries()) this.words[(this.context + offset) >>> 2] = weights[i]!.address;
    this.releases.push(...weights.map((weight) => () => weight.release()));
  }

  private morselContext(): MorselContext {
    return {
      pool: this.options.pool,
      scan: this.options.scan,
      chunks: (buffer) => this.bufferChunks.get(buffer) ?? [],
      sorted: (buffer) => this.sortedPointers.get(buffer) ?? { address: 0, count: 0 },
      waitForRelease: async () => {
        if (this.inFlight.size === 0) return false;
        await Promise.race(this.inFlight);
        return true;
      },
    };
  }

  private async runPipeline(crew: Crew, pipeline: Pipeline): Promise<number> {
    let isEnough = false;
    let sequence = 0;
    let rows = 0;
    crew.restartOrder();
    // Worker 0 initialises even when there is no morsel: an aggregate without groups has one row of nothing.
    if (pipeline.init !== undefined) {
      await crew.runMorsel({ worker: 0, fn: '', init: pipeline.init, morsel: 0, sequence: 0, emits: false });
    }
    const workers = pipeline.parallel ? this.workers.length : 1;
    const pace = new Pace();
    // The first morsels of a result are small: their pace says little, and its first rows should not share the machine.
    const isTimeForThreads = ({ rowsLeft }: Morsel): boolean =>
      this.options.workers.isLazy && !pipeline.result
        ? isWorthThreads(rowsLeft, pace)
        : clockMs() - this.startedAt > START_MS;
    const sourceOptions = {
      isResult: pipeline.result,
      isHere: this.options.workers.isLazy,
      workers,
      millisecondsPerRow: () => pace.millisecondsPerRow,
    };
    for await (const morsel of openSource(pipeline.source, this.morselContext(), sourceOptions)) {
      if (isEnough || crew.failure !== undefined) {
        morsel.release();
        break;
      }
      rows += morsel.rowCount;
      const worker = await this.freeWorker(crew, pipeline, () => isTimeForThreads(morsel));
      const asked = clockMs();
      const done = this.dispatch(crew, pipeline, { morsel, worker, sequence: sequence++ }).then((result) => {
        isEnough ||= result === 1;
        pace.done({ worker, rows: morsel.rowCount, asked });
      });
      this.track(done);
    }
    while (this.inFlight.size > 0) await Promise.race(this.inFlight);
    if (crew.failure !== undefined) throw crew.failure;
    this.collectBuffers(pipeline.writes);
    return rows;
  }

  private track(done: Promise<unknown>): void {
    const tracked: Promise<unknown> = done.catch(() => undefined).finally(() => this.inFlight.delete(tracked));
    this.inFlight.add(tracked);
  }

  private async freeWorker(crew: Crew, { parallel }: Pipeline, isTimeForThreads: () => boolean): Promise<number> {
    for (;;) {
      if (crew.failure !== undefined) return 0;
      const { worker, queued } = parallel ? crew.leastBusy() : { worker: 0, queued: this.inFlight.size };
      if (queued < QUEUE_DEPTH) return worker;
      if (parallel && isTimeForThreads()) crew.reinforce();
      // A worker that becomes ready should not wait for the morsel of another.
      await Promise.race(crew.isGrowing ? [...this.inFlight, crew.nextChange()] : this.inFlight);
    }
  }

  private async dispatch(
    crew: Crew,
    pipeline: Pipeline,
    task: { morsel: Morsel; worker: number; sequence: number },
  ): Promise<number> {
    const descriptor = this.descriptors.pop();
    if (descriptor === undefined) throw new Error('more morsels in flight than descriptors');
    this.words.set(task.morsel.words, descriptor >>> 2);
    this.words.set(task.morsel.columns, (descriptor >>> 2) + task.morsel.words.length);
    try {
      return await crew.runMorsel({
        worker: task.worker,
        fn: pipeline.run,
        init: pipeline.init,
        morsel: descriptor,
        sequence: task.sequence,
        emits: pipeline.result,
      });
    } finally {
      this.descriptors.push(descriptor);
      task.morsel.release();
      crew.completeSequence(task.sequence);
    }
  }

  private buffer(id: number): RowBuffer {
    const buffer = this.options.plan.buffers.find((candidate) => candidate.id === id);
    if (buffer === undefined) throw new Error(`the plan has no buffer ${id}`);
    return buffer;
  }

  private chunksOf(local: number, buffer: RowBuffer): readonly number[] {
    const chunks: number[] = [];
    const header = (local + buffer.localOffset) >>> 2;
    for (let chunk = this.words[header]!; chunk !== 0; chunk = this.words[chunk >>> 2]!) chunks.push(chunk);
    return chunks;
  }

  private collectBuffers(ids: readonly number[]): void {
    for (const id of ids) {
      const buffer = this.buffer(id);
      this.bufferChunks.set(id, this.locals.flatMap((local) => this.chunksOf(local, buffer)));
    }
  }

  private tupleCount(id: number): number {
    return (this.bufferChunks.get(id) ?? []).reduce((sum, chunk) => sum + this.words[(chunk >>> 2) + 1]!, 0);
  }

  private async runFinish(crew: Crew, step: Finish): Promise<void> {
    switch (step.kind) {
      case 'link': return this.link(crew, step);
      case 'merge': return this.merge(crew, step);
      case 'sort': return this.sort(crew, step);
      case 'blocked':
        return runBlocked(step, {
          crew,
          pool: this.options.pool,
          chunks: this.bufferChunks.get(step.buffer) ?? [],
          group: this.options.blocks.group,
          pin: this.options.blocks.pin,
          resident: (index) => this.words[(this.context + this.options.plan.weights[index]!.offset) >>> 2]!,
        });
      case 'once':
        await crew.call({ worker: 0, fn: step.fn, calls: [[this.context, this.locals[0]!]] });
        return undefined;
    }
  }

  private async link(crew: Crew, step: Extract<Finish, { kind: 'link' }>): Promise<void> {
    const count = this.tupleCount(step.buffer);
    let buckets = 16;
    while (buckets < count * 2) buckets *= 2;
    const address = this.allocate(buckets * 4, 'the hash table of a join', { isZero: true });
    const slot = (this.context + this.buffer(step.buffer).slotOffset) >>> 2;
    this.words.set([address, buckets - 1, 0, count], slot);
    const chunks = this.bufferChunks.get(step.buffer) ?? [];
    await crew.call({ worker: 0, fn: step.fn, calls: chunks.map((chunk) => [this.context, this.locals[0]!, chunk]) });
  }

  private async merge(crew: Crew, step: Extract<Finish, { kind: 'merge' }>): Promise<void> {
    const buffer = this.buffer(step.buffer);
    const others = this.locals.slice(1).flatMap((local) => this.chunksOf(local, buffer));
    if (others.length > 0) {
      await crew.call({ worker: 0, fn: step.fn, calls: others.map((chunk) => [this.context, this.locals[0]!, chunk]) });
      for (const local of this.locals.slice(1))
        this.bytes.fill(0, local + buffer.localOffset, local + buffer.localOffset + LOCAL_BUFFER_BYTES);
    }
    this.bufferChunks.set(step.buffer, this.chunksOf(this.locals[0]!, buffer));
  }

  private async sort(crew: Crew, step: Extract<Finish, { kind: 'sort' }>): Promise<void> {
    const count = this.tupleCount(step.buffer);
    if (count === 0) {
      this.sortedPointers.set(step.buffer, { address: 0, count: 0 });
      return;
    }
    const pointers = this.allocate(count * 4, 'a sort');
    const temporary = this.allocate(count * 4, 'a sort');
    const chunks = this.bufferChunks.get(step.buffer) ?? [];
    await crew.call({ worker: 0, fn: step.gather, calls: chunks.map((chunk) => [chunk, pointers]), chain: true });
    await crew.call({ worker: 0, fn: step.sort, calls: [[this.context, pointers, temporary, count]] });
    const kept = Math.min(count, step.limit ?? count);
    this.words.set([pointers, kept], ((this.context + this.buffer(step.buffer).slotOffset) >>> 2) + 2);
    this.sortedPointers.set(step.buffer, { address: pointers, count: kept });
    this.freeScratch(temporary);
  }

  private freeScratch(address: number): void {
    this.scratch.splice(this.scratch.indexOf(address), 1);
    this.options.pool.free(address);
  }
}

