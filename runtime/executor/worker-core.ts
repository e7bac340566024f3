/**
 * What a worker does: holds one instance of the running query's module and calls its functions when told to.
 *
 * In: requests (protocol.ts). Out: replies, and result chunks copied out of the shared memory.
 * Invariant: the worker owns nothing in the shared memory; what it allocates is freed by the main thread with the
 * query.
 */
import type { LoadRequest, ResultChunk, ResultLeafData, WorkerReply, WorkerRequest } from './protocol.js';
import { CANCEL, HEAD, QUEUED_KIB, TOTAL_KIB, WORKER, WORKER_WORDS } from './protocol.js';
import { physicalBytes } from './physical.js';
import { mathImports } from './math-imports.js';
import type { HostCall } from './host.js';

/** Small requests of `alloc` are cut from blocks of this size, so that the main thread is asked rarely. */
const ARENA_BYTES = 256 * 1024;
/** The first block for text that host functions give. */
const TEXT_BYTES = 64 * 1024;
const RESULT_LEAF_WORDS = 4;

class StatementError extends Error {
  override readonly name = 'ExecutionError';
}

class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

type MorselRequest = Extract<WorkerRequest, { type: 'morsel' }>;
type Exported = (...args: number[]) => number;

interface Loaded {
  readonly request: LoadRequest;
  readonly exports: Readonly<Record<string, Exported>>;
  readonly arena: { cursor: number; end: number };
  /** Where a host function puts the text it gives: that of the one before is no longer read. */
  readonly text: { address: number; bytes: number };
  initialised: Set<string>;
  sequence: number;
}

/** Results would wait for room, and the worker must not wait. Nothing of the morsel has been done. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

/** Buffers in `transfer` change hands. */
export type Reply = (message: WorkerReply, transfer?: readonly ArrayBuffer[]) => void;

export class WorkerCore {
  private loaded: Loaded | undefined;

  /** Chunks of the morsel under way, of a worker that cannot wait: given out when it has ended well. */
  private held: ResultChunk[] = [];

  constructor(
    private readonly reply: Reply,
    private readonly options: { readonly canWait: boolean },
  ) {}

  /** What goes wrong is a reply, too. @throws NoRoom */
  async handle(request: WorkerRequest): Promise<void> {
    try {
      await this.answer(request);
    } catch (error) {
      if (error instanceof NoRoom) throw error;
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      this.reply({ type: 'failed', ticket: 'ticket' in request ? request.ticket : -1, name, message, stack });
    }
  }

  /**
   * Pipelines whose state in the worker's memory has been set up: another worker that takes its place must not do it
   * again.
   */
  get initialised(): readonly string[] {
    return [...(this.loaded?.initialised ?? [])];
  }

  private async answer(request: WorkerRequest): Promise<void> {
    switch (request.type) {
      case 'load':
        await this.load(request);
        return this.reply({ type: 'ready' });
      case 'morsel':
        return this.reply({
          type: 'done',
          ticket: request.ticket,
          result: this.options.canWait ? this.runMorsel(request) : this.tryMorsel(request),
        });
      case 'call':
        return this.reply({ type: 'done', ticket: request.ticket, result: this.runCalls(request) });
      case 'unload':
        this.loaded = undefined;
        return undefined;
    }
  }

  private current(): Loaded {
    if (this.loaded === undefined) throw new Error('no query is loaded');
    return this.loaded;
  }

  private async load(request: LoadRequest): Promise<void> {
    const host: HostCall | undefined =
      request.hostFunctions.length === 0
        ? undefined
        : (await import('./host.js')).createHost({
            memory: request.memory,
            functions: request.hostFunctions,
            alloc: this.allocText,
          });
    const imports = {
      env: {
        memory: request.memory,
        data_base: new WebAssembly.Global({ value: 'i32' }, request.dataBase | 0),
        alloc: this.alloc,
        emit: this.emit,
        host:
          host ??
          (() => {
            throw new Error('the plan names no host functions');
          }),
        fail: this.fail,
        ...(await mathImports(request.module)),
      },
    };
    const instance = new WebAssembly.Instance(request.module, imports as unknown as WebAssembly.Imports);
    this.loaded = {
      request,
      exports: instance.exports as unknown as Record<string, Exported>,
      arena: { cursor: 0, end: 0 },
      text: { address: 0, bytes: 0 },
      initialised: new Set(request.initialised),
      sequence: 0,
    };
  }

  private readonly alloc = (bytes: number): number => {
    const { arena } = this.current();
    const wanted = (Math.max(bytes >>> 0, 1) + 15) & ~15;
    if (wanted > ARENA_BYTES / 4) return this.ask(wanted);
    if (arena.cursor + wanted > arena.end) {
      arena.cursor = this.ask(ARENA_BYTES) >>> 0;
      arena.end = arena.cursor + ARENA_BYTES;
    }
    const address = arena.cursor;
    arena.cursor += wanted;
    return address | 0;
  };

  /** Blocks double, so what is left behind is at most as large as the last. */
  private readonly allocText = (bytes: number): number => {
    const { text } = this.current();
    if (bytes > text.bytes) {
      const size = Math.max(bytes, text.bytes * 2, TEXT_BYTES);
      text.address = this.alloc(size) >>> 0;
      text.bytes = size;
    }
    return text.address;
  };

  /** Asks the main thread, which owns the memory, and waits for its answer. */
  private ask(bytes: number): number {
    const { control, worker } = this.current().request;
    const flag = WORKER + worker * WORKER_WORDS;
    Atomics.store(control, flag, 0);
    this.reply({ type: 'alloc', bytes, consumer: 'hash tables and sorts of a query' });
    while (Atomics.load(control, flag) === 0) Atomics.wait(control, flag, 0);
    if (Atomics.load(control, flag) === 2) throw new Cancelled('refused');
    return Atomics.load(control, flag + 1);
  }

  private readonly fail = (code: number, address: number, length: number): never => {
    const { memory } = this.current().request;
    const text = new TextDecoder().decode(new Uint8Array(memory.buffer, address >>> 0, length).slice());
    throw new StatementError(text === '' ? `the statement failed (${code})` : text);
  };

  private readonly emit = (address: number): void => {
    const { request, sequence } = this.current();
    const chunk = copyChunk(request, address >>> 0);
    if (this.options.canWait) {
      this.give(chunk);
      waitForRoom(request.control, sequence, request.resultLimitKiB);
      return;
    }
    this.held.push(chunk);
    const heldKiB = this.held.reduce(
      (sum, { byteLength }) => sum + kib(byteLength),
      Atomics.load(request.control, TOTAL_KIB),
    );
    if (heldKiB > request.resultLimitKiB) throw new NoRoom();
  };

  private give(chunk: ResultChunk): void {
    const {
      request: { control },
      sequence,
    } = this.current();
    const transfer = chunk.leaves.flatMap((leaf) =>
      [leaf.values, leaf.validity, leaf.bytes].filter((buffer) => buffer !== undefined),
    );
    Atomics.add(control, TOTAL_KIB, kib(chunk.byteLength));
    this.reply({ type: 'emit', sequence, chunk }, transfer);
  }

  /** A morsel that ends without a wait, or leaves the query's state as it was. */
  private tryMorsel(request: MorselRequest): number {
    if (!request.emits) return this.runMorsel(request);
    const bytes = new Uint8Array(this.current().request.memory.buffer);
    const initialised = this.initialised;
    const before = statesOf(this.current().request).map(([from, to]) => [from, bytes.slice(from, to)] as const);
    this.held = [];
    try {
      const result = this.runMorsel(request);
      for (const chunk of this.held) this.give(chunk);
      return result;
    } catch (error) {
      if (error instanceof NoRoom) {
        for (const [address, was] of before) bytes.set(was, address);
        this.current().initialised = new Set(initialised);
      }
      throw error;
    } finally {
      this.held = [];
    }
  }

  private runMorsel(request: MorselRequest): number {
    const state = this.current();
    const { context, local, control } = state.request;
    if (Atomics.load(control, CANCEL) !== 0) throw new Cancelled('cancelled');
    state.sequence = request.sequence;
    if (request.init !== undefined && !state.initialised.has(request.init)) {
      state.initialised.add(request.init);
      state.exports[request.init]!(context, local);
    }
    return request.fn === '' ? 0 : state.exports[request.fn]!(context, local, request.morsel);
  }

  private runCalls(request: Extract<WorkerRequest, { type: 'call' }>): number {
    const {
      exports,
      request: { control },
    } = this.current();
    let result = 0;
    request.calls.forEach(({ fn, args }, i) => {
      if (Atomics.load(control, CANCEL) !== 0) throw new Cancelled('cancelled');
      const actual = request.chain && i > 0 ? [...args.slice(0, -1), result] : args;
      result = exports[fn]!(...actual) ?? 0;
    });
    return result;
  }
}

/** Stretches of memory that hold the query's state between two morsels: the context, and local but for its scratch. */
function statesOf(request: LoadRequest): readonly (readonly [from: number, to: number])[] {
  const { context, contextBytes, local, localBytes, localScratch } = request;
  const states: [from: number, to: number][] = [[context, context + contextBytes]];
  let from = 0;
  for (const [offset, bytes] of [...localScratch, [localBytes, 0] as const]) {
    if (offset > from) states.push([local + from, local + offset]);
    from = offset + bytes;
  }
  return states;
}

function kib(bytes: number): number {
  return Math.ceil(bytes / 1024);
}

/**
 * The morsel that is being delivered waits only for the caller; those ahead of it wait for less in flight or for their
 * turn.
 */
function waitForRoom(control: Int32Array, sequence: number, limitKiB: number): void {
  for (;;) {
    if (Atomics.load(control, CANCEL) !== 0) throw new Cancelled('cancelled');
    const isHead = Atomics.load(control, HEAD) === sequence;
    const word = isHead ? QUEUED_KIB : TOTAL_KIB;
    const held = Atomics.load(control, word);
    if (held <= limitKiB) return;
    Atomics.wait(control, word, held, 50);
  }
}

function copyChunk(request: LoadRequest, address: number): ResultChunk {
  const buffer = request.memory.buffer;
  const words = new Uint32Array(buffer);
  const rowCount = words[address >>> 2]!;
  let byteLength = 0;
  const copy = (from: number, length: number): ArrayBuffer => {
    byteLength += length;
    const out = new ArrayBuffer(length);
    new Uint8Array(out).set(new Uint8Array(buffer, from, length));
    return out;
  };
  const leaves = request.leaves.map((leaf): ResultLeafData => {
    const at = (address + leaf.chunkOffset) >>> 2;
    const [values, validity, bytes] = [words[at]!, words[at + 1]!, words[at + 2]!];
    const validityCopy = validity === 0 ? undefined : copy(validity, (rowCount + 7) >> 3);
    if (leaf.dtype === 'utf8' || leaf.dtype === 'blob') {
      const count = rowCount * leaf.width;
      const offsets = copy(values, (count + 1) * 4);
      return { values: offsets, validity: validityCopy, bytes: copy(bytes, new Uint32Array(offsets)[count]!) };
    }
    return {
      values: copy(values, rowCount * leaf.width * physicalBytes(leaf.dtype)),
      validity: validityCopy,
      bytes: undefined,
    };
  });
  return { rowCount, leaves, byteLength: byteLength + leaves.length * RESULT_LEAF_WORDS * 4 };
}
