/**
 * The compiler's view of one commit, in the compiler's thread. The compiler is synchronous; what lies in the file is
 * asked for by throwing NotLoaded, loaded, and asked for again (`withLoading`).
 *
 * What was loaded of a commit stays with it (`Loaded`), for a commit never changes. Files named in FROM may: they are
 * looked at again for every statement.
 */
import { nameKey } from './catalog.js';
import { StorageError } from './errors.js';
import { NotLoaded, type CompilerEnvironment, type StoredTensor, type TableInfo } from './compiler.js';
import type { BlockReference, ModelVersion, TensorMeta } from './storage/model-store.js';

/** What is known of a commit without asking. */
export interface CommitFacts {
  readonly tableNames: readonly string[];
  readonly modelNames: readonly string[];
  readonly viewNames: readonly string[];
  readonly memoryLimitBytes: number;
  readonly threads: number;
  readonly calibration: string | undefined;
}

/** Where the rest comes from. */
export interface CommitLoader {
  table(name: string): Promise<TableInfo>;
  model(name: string, version: number | undefined): Promise<ModelVersion | undefined>;
  view(name: string): Promise<string>;
  blocks(references: readonly BlockReference[]): Promise<readonly Uint8Array[]>;
}

/** Weights past this are read again by the next statement that wants them. */
const KEPT_TENSOR_BYTES = 32 * 2 ** 20;
/** Loaded at once: of a block of 256 KiB at most, they are no more than what is kept. */
const MOST_TENSORS = 128;

/** All that was asked of one commit so far. */
export class Loaded {
  readonly tables = new Map<string, TableInfo>();
  readonly models = new Map<string, ModelVersion | undefined>();
  readonly views = new Map<string, string>();
  readonly tensors = new Map<string, StoredTensor>();

  readonly tableNames: ReadonlyMap<string, string>;
  readonly modelNames: ReadonlyMap<string, string>;
  readonly viewNames: ReadonlyMap<string, string>;

  constructor(readonly facts: CommitFacts) {
    this.tableNames = byKey(facts.tableNames);
    this.modelNames = byKey(facts.modelNames);
    this.viewNames = byKey(facts.viewNames);
  }

  /** Between statements. */
  trim(): void {
    let bytes = 0;
    for (const { blocks } of this.tensors.values()) for (const block of blocks) bytes += block.byteLength;
    if (bytes > KEPT_TENSOR_BYTES) this.tensors.clear();
  }
}

function byKey(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [nameKey(name), name]));
}

/** Calls `use` until it no longer asks for what is not loaded. */
export async function withLoading<T>(use: () => T): Promise<T> {
  for (;;) {
    try {
      return use();
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error;
      await error.load();
    }
  }
}

/** The environment of one statement. */
export function createEnvironment(loaded: Loaded, loader: CommitLoader): CompilerEnvironment {
  const { facts, tables, models, views, tensors } = loaded;
  let tensorLoads = 0;
  return {
    tableNames: facts.tableNames,
    modelNames: facts.modelNames,
    memoryLimitBytes: facts.memoryLimitBytes,
    threads: facts.threads,
    calibration: facts.calibration,
    table: (name) => named(loaded.tableNames, name, (known) =>
      tables.get(known) ?? ask(async () => { tables.set(known, await loader.table(known)); })),
    model: (name, version) => named(loaded.modelNames, name, (known) => {
      const key = `${known}@${version ?? 'newest'}`;
      if (!models.has(key)) return ask(async () => { models.set(key, await loader.model(known, version)); });
      const model = models.get(key);
      return model === undefined ? undefined : { name: known, model };
    }),
    view: (name) => named(loaded.viewNames, name, (known) =>
      views.get(known) ?? ask(async () => { views.set(known, await loader.view(known)); })),
    tensor: (hash) => tensors.get(hash) ?? ask(async () => {
      const isNew = ({ name }: TensorMeta): boolean => !tensors.has(name);
      for (const tensor of tensorsFrom(hash, [...models.values()], { isNew, most: 2 ** tensorLoads++ }))
        tensors.set(tensor.name, await loadTensor(tensor, loader));
    }),
  };
}

/** With the name as the catalog spells it. */
function named<T>(
  names: ReadonlyMap<string, string>,
  name: string,
  use: (known: string) => T | undefined,
): T | undefined {
  const known = names.get(nameKey(name));
  return known === undefined ? undefined : use(known);
}

function ask(load: () => Promise<void>): never {
  throw new NotLoaded(load);
}

/**
 * The weight asked for and others of one block that its model names next, `most` in all. That is twice as many each
 * time, for each time the statement is compiled from its beginning, and a graph may read hundreds.
 */
function tensorsFrom(
  hash: string,
  models: readonly (ModelVersion | undefined)[],
  { isNew, most }: { readonly isNew: (tensor: TensorMeta) => boolean; readonly most: number },
): readonly TensorMeta[] {
  const places = models.map((model) => model?.tensors.findIndex(({ name }) => name === hash) ?? -1);
  const at = places.find((place) => place >= 0);
  if (at === undefined) throw new StorageError('corrupt', `the model asks for weight ${hash}, which is not stored`);
  const { tensors } = models[places.indexOf(at)]!;
  const next = [...tensors.slice(at + 1), ...tensors.slice(0, at)];
  const along = next.filter((tensor) => tensor.blocks.length === 1 && isNew(tensor));
  return [tensors[at]!, ...along.slice(0, Math.min(most, MOST_TENSORS) - 1)];
}

async function loadTensor({ dtype, dims, layout, blocks }: TensorMeta, loader: CommitLoader): Promise<StoredTensor> {
  return { dtype, dims, layout, blocks: await loader.blocks(blocks) };
}
