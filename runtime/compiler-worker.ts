/**
 * The compiler's thread: the one place that loads the compiler of statements.
 *
 * In: calls (compiler-protocol.ts). Out: answers, and requests for what lies in the database file.
 * Invariant: nothing is held for a call that was answered, but what later calls may name: facts of commits, models, the
 * details of the last queries, and models that are being stored.
 */
import { parentPort } from 'node:worker_threads';
import type { Compiler, PreparedModel } from './compiler.js';
import {
  BATCH_BYTES, KEPT_COMMITS, KEPT_MODELS, LoadFailed, textOfError,
  type CompilerCall, type CompilerCalls, type FromCompiler, type LoadCall, type LoadCalls, type ToCompiler,
} from './compiler-protocol.js';
import { createEnvironment, Loaded, withLoading, type CommitFacts, type CommitLoader } from './environment.js';
import type { ModelVersion } from './storage/model-store.js';

const port = parentPort!;

const loading = import('../frontend/compile.js') as Promise<{ readonly compiler: Compiler }>;
// The first call tells.
loading.catch(() => undefined);

/** Keeps the last ones that came. */
class Last<T> {
  private readonly entries = new Map<number, T>();

  constructor(private readonly most: number) {}

  get(key: number): T | undefined {
    return this.entries.get(key);
  }

  set(key: number, value: T): void {
    if (this.entries.size >= this.most) this.entries.delete(this.entries.keys().next().value!);
    this.entries.set(key, value);
  }

  keys(): readonly number[] {
    return [...this.entries.keys()];
  }
}

const commits = new Last<Loaded>(KEPT_COMMITS);
/** By identity on the caller's thread: what is compiled of a model is remembered by its object. */
const models = new Last<ModelVersion>(KEPT_MODELS);

interface Stored {
  readonly prepared: PreparedModel;
  readonly iterators: Map<number, AsyncIterator<Uint8Array> | Iterator<Uint8Array>>;
}

const stored = new Map<number, Stored>();

function post(message: FromCompiler, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer as ArrayBuffer[]);
}

// ---------------------------------------------------------------- asking back

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const asked = new Map<number, Asked>();
let nextAsked = 0;

function ask<Name extends keyof LoadCalls>(
  by: number,
  name: Name,
  args: Parameters<LoadCalls[Name]>[0],
): Promise<ReturnType<LoadCalls[Name]>> {
  const id = nextAsked++;
  return new Promise((resolve, reject) => {
    asked.set(id, { resolve: resolve as (value: unknown) => void, reject });
    post({ type: 'load', id, by, call: { name, args } as LoadCall });
  });
}

function loaderOf(by: number): CommitLoader {
  return {
    table: (name) => ask(by, 'table', { name }),
    view: (name) => ask(by, 'view', { name }),
    blocks: (references) => ask(by, 'blocks', { references }),
    async model(name, version) {
      const found = await ask(by, 'model', { name, version, known: models.keys() });
      if (found === undefined) return undefined;
      const known = found.model ?? models.get(found.identity);
      if (known === undefined) return this.model(name, version);
      if (found.model !== undefined) models.set(found.identity, found.model);
      return known;
    },
  };
}

// ---------------------------------------------------------------- answering

function compile(
  compiler: Compiler,
  id: number,
  args: Parameters<CompilerCalls['compile']>[0],
): Promise<ReturnType<CompilerCalls['compile']>> {
  const loaded = loadedOf(args.commit, args.facts);
  const environment = createEnvironment(loaded, loaderOf(id));
  return withLoading(() => compiler.compile(args.sql, environment)).finally(() => loaded.trim());
}

function loadedOf(commit: number, facts: CommitFacts | undefined): Loaded {
  if (facts !== undefined) commits.set(commit, new Loaded(facts));
  const loaded = commits.get(commit);
  if (loaded === undefined) throw new Error(`the compiler was told nothing of commit ${commit}`);
  return loaded;
}

async function prepare(
  compiler: Compiler,
  { model, name, source }: Parameters<CompilerCalls['prepare']>[0],
): Promise<ReturnType<CompilerCalls['prepare']>> {
  const prepared = await compiler.prepareModel(name, source);
  stored.set(model, { prepared, iterators: new Map() });
  return {
    model: prepared.model,
    tensors: prepared.tensors.map(({ name: tensor, dtype, dims, layout }) => ({ name: tensor, dtype, dims, layout })),
  };
}

async function pull({
  model,
  tensor,
  spent,
}: Parameters<CompilerCalls['pull']>[0]): Promise<ReturnType<CompilerCalls['pull']>> {
  const entry = stored.get(model);
  if (entry === undefined)
    throw new Error('the model that was being stored is gone: the thread of the compiler was started again');
  let iterator = entry.iterators.get(tensor);
  if (iterator === undefined) {
    const { blocks } = entry.prepared.tensors[tensor]!;
    iterator = Symbol.asyncIterator in blocks ? blocks[Symbol.asyncIterator]() : blocks[Symbol.iterator]();
    entry.iterators.set(tensor, iterator);
  }
  const blocks: Uint8Array[] = [];
  const free = [...spent];
  for (let bytes = 0; bytes < BATCH_BYTES;) {
    const { value, done } = await iterator.next();
    if (done === true) {
      entry.iterators.delete(tensor);
      return { blocks, isLast: true };
    }
    const block = ownBytes(value as Uint8Array, free);
    blocks.push(block);
    bytes += block.byteLength;
  }
  return { blocks, isLast: false };
}

/** Without what else its buffer holds, to be given away; in memory that is free, where there is some of its size. */
function ownBytes(bytes: Uint8Array, free: Uint8Array[]): Uint8Array {
  const at = free.findIndex(({ byteLength }) => byteLength === bytes.byteLength);
  if (at < 0) return bytes.slice();
  const [own] = free.splice(at, 1);
  own!.set(bytes);
  return own!;
}

async function close({ model }: { readonly model: number }): Promise<void> {
  const entry = stored.get(model);
  stored.delete(model);
  for (const iterator of entry?.iterators.values() ?? []) await iterator.return?.();
  await entry?.prepared.close();
}

async function answer(id: number, call: CompilerCall): Promise<unknown> {
  const { compiler } = await loading;
  switch (call.name) {
    case 'split': return compiler.split(call.args.sql);
    case 'compile': return compile(compiler, id, call.args);
    case 'details': return compiler.details(call.args.query, call.args);
    case 'calibrate': return compiler.calibrate(call.args);
    case 'prepare': return prepare(compiler, call.args);
    case 'pull': return pull(call.args);
    case 'close': return close(call.args);
  }
}

/** Blocks are given away, not copied. */
function transferred(call: CompilerCall, value: unknown): readonly ArrayBuffer[] {
  if (call.name !== 'pull') return [];
  return (value as ReturnType<CompilerCalls['pull']>).blocks.map((block) => block.buffer as ArrayBuffer);
}

port.on('message', (message: ToCompiler) => {
  if (message.type === 'call') {
    const { id, call } = message;
    answer(id, call).then(
      (value) => post({ type: 'answer', id, value }, transferred(call, value)),
      (error: unknown) => post({ type: 'failed', id, error: textOfError(error) }),
    );
    return;
  }
  const waiting = asked.get(message.id);
  asked.delete(message.id);
  if (message.type === 'loaded') waiting?.resolve(message.value);
  else waiting?.reject(new LoadFailed('what the compiler asked for could not be loaded'));
});
