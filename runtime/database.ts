/**
 * The public API: `open` a database file, query it, serve models from it.
 *
 *   const db = await open('shop.db', { memoryLimit: '512MiB', threads: 2 });
 *   for await (const batch of db.query('SELECT id, predict(fraud, tx.*) AS p FROM tx WHERE day = ?', [day])) { ... }
 *
 * Statements are compiled in a thread of their own (compiler-client.ts), which is started when one must be.
 */
import { setMaxListeners } from 'node:events';
import type { RecordBatch } from 'apache-arrow';
import { flagOf, requireBytes, requireList, requireOptions, requireText } from './arguments.js';
import type { CompiledQuery, CompiledStatement, Compiler, QueryDetails } from './compiler.js';
import type { CompilerClient } from './compiler-client.js';
import { namesMeanTheSame, type Catalog } from './catalog.js';
import { readArtifact, writeArtifact, type Artifact } from './artifact.js';
import { ExecutionError, type StorageError } from './errors.js';
import type { ParameterValue } from './executor/parameters.js';
import { runPlan } from './executor/query-run.js';
import type { Running } from './executor/run-options.js';
import { RunProfile } from './executor/run-profile.js';
import { enableSimd } from './executor/simd.js';
import type { ResultChunk } from './executor/protocol.js';
import { betweenStarts } from './executor/thread-worker.js';
import { WorkerPool } from './executor/worker-pool.js';
import {
  DATABASE_OPTIONS,
  EXPLAIN_OPTIONS,
  IMPORT_OPTIONS,
  QUERY_OPTIONS,
  memoryLimit,
  threadCount,
  type DatabaseOptions, type ExplainOptions, type ImportOptions, type QueryOptions, type WriteOptions,
} from './options.js';
import type { Model, ModelOptions } from './model.js';
import type { PhysicalPlan } from './plan.js';
import { isBlocked, readModels, readTables } from './plan-inputs.js';
import { QueryResult } from './query-result.js';
import type { Outcome } from './session.js';
import { placedStatements } from './script.js';
import { DatabaseFile } from './storage/database-file.js';
import { checkTables, scanGroups } from './table-scan.js';
import { groupBlocks, pinBlocks, pinWeights } from './weights.js';
import { statementName } from './wording.js';

/** Values for `?`, `$1` or `$name`, in order. */
export type Parameters = readonly ParameterValue[];

/** A compiled query. `bytes` is a valid WebAssembly module with the plan inside: `plan.wasm`. */
export interface CompiledPlan {
  readonly bytes: Uint8Array;
  readonly plan: PhysicalPlan;
}

/** Of results in flight: a sixteenth of the memory limit, at least 1 and at most 32 MiB. */
const RESULT_SHARE = 16;
const MIN_RESULT_BYTES = 1 << 20;
const MAX_RESULT_BYTES = 32 << 20;
const CACHED_PLANS = 64;

interface CachedPlan {
  readonly query: CompiledQuery;
  readonly module: WebAssembly.Module;
  readonly sequence: number;
}

/**
 * @throws StorageError when the file is damaged, foreign, or another process writes it; RangeError for a bad option;
 * TypeError for an unknown one, here and below.
 */
export async function open(path: string, options: DatabaseOptions = {}): Promise<Database> {
  requireText('path', path);
  requireOptions('options', options, DATABASE_OPTIONS);
  const limitBytes = memoryLimit(options.memoryLimit);
  const threads = threadCount(options.threads);
  const resultBytes = Math.min(MAX_RESULT_BYTES, Math.max(MIN_RESULT_BYTES, Math.floor(limitBytes / RESULT_SHARE)));
  const lazyThreads = flagOf('lazyThreads', options.lazyThreads, false);
  const readOnly = flagOf('readOnly', options.readOnly, false);
  const create = flagOf('create', options.create, !readOnly);
  const workers = new WorkerPool({ lazyThreads });
  // Only the first is started ahead: on a machine of few cores the others would stand in the way of opening the file.
  if (!lazyThreads) workers.warm(1);
  try {
    const file = await DatabaseFile.open(path, {
      memoryLimitBytes: limitBytes - resultBytes, readOnly, create, isAlone: lazyThreads,
    });
    return new Database({ path, file, workers, limitBytes, resultBytes, threads });
  } catch (error) {
    await workers.close();
    throw error;
  }
}

/** Walks a whole database file: every page, chunk and block. Answers what is wrong; nothing when it is sound. */
export async function verify(path: string): Promise<readonly StorageError[]> {
  requireText('path', path);
  return (await import('./storage/verify.js')).verify(path);
}

/** Measures this engine's kernels anew, as the first compile of a day does. Answers the choice, as JSON text. */
export async function calibrate(): Promise<string> {
  return (await loadCompiler()).calibrate({ fresh: true });
}

async function loadCompiler(): Promise<CompilerClient> {
  const client = import('./compiler-client.js');
  await betweenStarts(enableSimd);
  return (await client).sharedCompiler();
}

/**
 * Opens an ONNX model by itself, from its path or bytes:
 * `await (await openModel(bytes)).run({ x: { type, dims, data } })`.
 * @throws ModelError for a model that is damaged or not supported
 */
export async function openModel(source: string | Uint8Array, options: ModelOptions = {}): Promise<Model> {
  await betweenStarts(enableSimd);
  const [{ createModel }, door] = await Promise.all([import('./model.js'), import('../frontend/compile.js')]);
  return createModel((door as { readonly compiler: Compiler }).compiler, source, options);
}

export class Database {
  readonly path: string;
  /** Storage beneath; for tools such as `verify` and `info`. */
  readonly file: DatabaseFile;
  readonly memoryLimitBytes: number;
  readonly threads: number;
  private readonly workers: WorkerPool;
  private readonly resultBytes: number;
  private compiler: Promise<CompilerClient> | undefined;
  private readonly plans = new Map<string, CachedPlan>();
  private readonly compiledFor = new WeakMap<CompiledStatement, Catalog>();
  private writing: Promise<unknown> = Promise.resolve();
  private readonly running = new Set<Running>();
  private readonly closing = new AbortController();
  private closed: Promise<void> | undefined;

  /** Use `open`. */
  constructor(parts: {
    path: string;
    file: DatabaseFile;
    workers: WorkerPool;
    limitBytes: number;
    resultBytes: number;
    threads: number;
  }) {
    this.path = parts.path;
    this.file = parts.file;
    this.workers = parts.workers;
    this.memoryLimitBytes = parts.limitBytes;
    this.resultBytes = parts.resultBytes;
    this.threads = parts.threads;
    // As many as there are statements under way.
    setMaxListeners(0, this.closing.signal);
  }

  /**
   * Runs SQL: one statement, or a script whose last statement's result is given. Nothing happens before the result is
   * read (`for await`, `toArray`, `run`).
   * @throws CompileError with place and caret; ExecutionError, ResourceError, StorageError while it runs; TypeError at
   * once for arguments of another type.
   */
  query(sql: string, parameters: Parameters = [], options: QueryOptions = {}): QueryResult {
    requireText('sql', sql);
    requireList('parameters', parameters);
    requireOptions('options', options, QUERY_OPTIONS);
    return new QueryResult(() => this.execute(sql, parameters, options));
  }

  /** Compiles one query to an artifact, which `run` of any process starts without a compiler. */
  async compile(sql: string, options: QueryOptions = {}): Promise<CompiledPlan> {
    requireOptions('options', options, QUERY_OPTIONS);
    const compiled = await this.compileStatement(sql, options);
    if (compiled.kind !== 'query')
      throw new ExecutionError(`only a query can be compiled to a plan, found ${statementName(compiled.kind)}`);
    const { irText } = await this.detailsOf(compiled, { code: false });
    return { bytes: writeArtifact({ ...compiled, irText }), plan: compiled.plan };
  }

  /** Runs a compiled plan. @throws StorageError `artifact` when it is damaged, or does not fit this database. */
  run(plan: CompiledPlan | Uint8Array, parameters: Parameters = [], options: QueryOptions = {}): QueryResult {
    const bytes = plan instanceof Uint8Array ? plan : plan?.bytes;
    requireBytes('plan', bytes, { orPath: false });
    requireList('parameters', parameters);
    requireOptions('options', options, QUERY_OPTIONS);
    return new QueryResult(async () => this.outcomeOf(readArtifact(bytes), parameters, options));
  }

  /** How a query would run: each rewrite, representation and pipeline; with `analyze` it is run and measured. */
  async explain(sql: string, options: ExplainOptions = {}, parameters: Parameters = []): Promise<string> {
    requireOptions('options', options, EXPLAIN_OPTIONS);
    for (const name of ['analyze', 'passes', 'code'] as const) flagOf(name, options[name], false);
    requireList('parameters', parameters);
    const compiled = await this.compileStatement(sql, options);
    const query = compiled.kind === 'explain' ? compiled.query : compiled;
    if (query.kind !== 'query')
      throw new ExecutionError(`only a query can be explained, found ${statementName(compiled.kind)}`);
    const analyze = options.analyze ?? (compiled.kind === 'explain' && compiled.analyze);
    return this.explainQuery(query, { ...options, analyze }, parameters);
  }

  /** Creates the table from a CSV, Parquet or Arrow file, types found in the file. Answers the number of rows. */
  async importFile(table: string, path: string, options: ImportOptions = {}): Promise<number> {
    requireOptions('options', options, IMPORT_OPTIONS);
    const { importTable } = await import('./session.js');
    return this.exclusive(() => importTable(this, { table, path, options }));
  }

  /** Registers a new version of a model from an ONNX file (by path) or its bytes. Answers the version. */
  async createModel(name: string, source: string | Uint8Array, options: QueryOptions = {}): Promise<number> {
    requireOptions('options', options, QUERY_OPTIONS);
    const { createModel } = await import('./session.js');
    return this.exclusive(async () => createModel(this, { name, source, signal: options.signal }));
  }

  /** Ends the queries under way; a statement that writes ends by itself first. Closed again, it waits for that too. */
  close(): Promise<void> {
    return this.closed ??= this.end();
  }

  private async end(): Promise<void> {
    const reason = new ExecutionError(`${this.path} is closed`);
    this.closing.abort(reason);
    await this.writing.catch(() => undefined);
    await Promise.all([...this.running].map((run) => run.end(reason)));
    await this.workers.close();
    await this.file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ------------------------------------------------------------ for the runtime's own files

  /** Statements that write go one after the other. */
  async exclusive<T>(use: () => Promise<T>): Promise<T> {
    this.closing.signal.throwIfAborted();
    const turn = this.writing.then(use, use);
    this.writing = turn.catch(() => undefined);
    return turn;
  }

  async loadCompiler(): Promise<CompilerClient> {
    this.compiler ??= loadCompiler();
    return this.compiler;
  }

  async compileStatement(sql: string, options: QueryOptions = {}): Promise<CompiledStatement> {
    requireText('sql', sql);
    this.closing.signal.throwIfAborted();
    const cached = this.plans.get(sql);
    if (cached !== undefined && cached.sequence === this.file.sequence) return cached.query;
    return this.upToDate(await this.compileAnew(sql, options), sql, options);
  }

  /** The statement of that text, compiled again where others have changed what names mean since it was. */
  async upToDate<T extends CompiledStatement>(statement: T, sql: string, options: QueryOptions = {}): Promise<T> {
    let current = statement;
    while (!namesMeanTheSame(this.compiledFor.get(current)!, this.file.catalog))
      current = (await this.compileAnew(sql, options)) as T; // the text alone decides on the kind
    return current;
  }

  private async compileAnew(sql: string, options: QueryOptions): Promise<CompiledStatement> {
    const [compiler, { abortable }] = await Promise.all([this.loadCompiler(), import('./compiler-client.js')]);
    this.closing.signal.throwIfAborted();
    compiler.warm();
    this.workers.warm(this.threads);
    const snapshot = this.file.snapshot();
    const compiling = compiler.compile(sql, {
      snapshot,
      memoryLimitBytes: this.memoryLimitBytes - this.resultBytes,
      threads: this.threads,
    });
    const released = compiling.finally(() => snapshot.release());
    const compiled = await abortable(released, [options.signal, this.closing.signal]);
    this.compiledFor.set(compiled, snapshot.catalog);
    if (compiled.kind === 'query') await this.remember(sql, compiled, snapshot.sequence);
    return compiled;
  }

  /** A query that the compiler has forgotten is compiled again. */
  private async detailsOf(query: CompiledQuery, options: { readonly code: boolean }): Promise<QueryDetails> {
    const compiler = await this.loadCompiler();
    const known = await compiler.details(query.id, options);
    if (known !== undefined) return known;
    const again = await this.compileAnew(query.plan.sql, {});
    const found = again.kind === 'query' ? again : 'query' in again ? again.query : undefined;
    const details = found === undefined ? undefined : await compiler.details(found.id, options);
    if (details === undefined) throw new ExecutionError('the query is no longer what it was when it was compiled');
    return details;
  }

  /** Chunks of a compiled query, over the newest commit. */
  async *chunks(
    query: Pick<CompiledQuery, 'plan' | 'wasm'>,
    parameters: Parameters,
    options: QueryOptions & { profile?: RunProfile } = {},
  ): AsyncGenerator<ResultChunk, void, undefined> {
    const cached = this.plans.get(query.plan.sql);
    const module = cached?.query === query ? cached.module : await WebAssembly.compile(query.wasm);
    yield* this.runModule({ plan: query.plan, module }, parameters, options);
  }

  private async remember(sql: string, query: CompiledQuery, sequence: number): Promise<void> {
    const module = await WebAssembly.compile(query.wasm);
    if (this.plans.size >= CACHED_PLANS) this.plans.delete(this.plans.keys().next().value!);
    this.plans.set(sql, { query, module, sequence });
  }

  private async *runModule(
    artifact: Pick<Artifact, 'plan' | 'module'>,
    parameters: Parameters,
    options: QueryOptions & { profile?: RunProfile },
  ): AsyncGenerator<ResultChunk, void, undefined> {
    this.closing.signal.throwIfAborted();
    const { plan, module } = artifact;
    if (isBlocked(plan)) await (await this.compiler)?.release();
    const snapshot = this.file.snapshot();
    try {
      const [tables, models] = await Promise.all([readTables(plan, snapshot), readModels(plan, snapshot)]);
      checkTables(plan, tables, this.path);
      this.closing.signal.throwIfAborted();
      const stored = { pool: this.file.pool, models, file: this.path };
      yield* runPlan({
        plan, module, parameters,
        pool: this.file.pool,
        workers: this.workers,
        threads: this.threads,
        scan: (table, columns) => scanGroups(tables.get(table)!, columns),
        weights: (slots) => pinWeights(slots, stored),
        blocks: { group: (slots, most) => groupBlocks(slots, most, stored), pin: (slots) => pinBlocks(slots, stored) },
        signal: options.signal,
        resultLimitBytes: this.resultBytes,
        running: this.running,
        ...(options.profile === undefined ? {} : { profile: options.profile }),
      });
    } finally {
      snapshot.release();
    }
  }

  private async execute(sql: string, parameters: Parameters, options: QueryOptions): Promise<Outcome> {
    this.closing.signal.throwIfAborted();
    const cached = this.plans.get(sql);
    if (cached !== undefined && cached.sequence === this.file.sequence) {
      return this.outcomeOf({ plan: cached.query.plan, module: cached.module }, parameters, options);
    }
    const [compiler, { abortable }] = await Promise.all([this.loadCompiler(), import('./compiler-client.js')]);
    const parts = await abortable(compiler.split(sql), [options.signal, this.closing.signal]);
    let outcome: Outcome = { kind: 'done', changed: 0 };
    const texts = parts.length === 1 ? [sql] : [...placedStatements(sql, parts)];
    for (const [i, text] of texts.entries()) {
      const compiled = await this.compileStatement(text, options);
      outcome = compiled.kind === 'query'
        ? this.outcomeOfQuery(compiled, parameters, options)
        : await (await import('./session.js')).runStatement(this, compiled, { sql: text, parameters, ...options });
      if (i < texts.length - 1 && outcome.kind === 'rows') for await (const chunk of outcome.chunks()) void chunk;
    }
    return outcome;
  }

  private outcomeOfQuery(query: CompiledQuery, parameters: Parameters, options: QueryOptions): Outcome {
    return { kind: 'rows', plan: query.plan, chunks: () => this.chunks(query, parameters, options) };
  }

  private outcomeOf(
    artifact: Pick<Artifact, 'plan' | 'module'>,
    parameters: Parameters,
    options: QueryOptions,
  ): Outcome {
    return { kind: 'rows', plan: artifact.plan, chunks: () => this.runModule(artifact, parameters, options) };
  }

  /** Explains a compiled query; used by EXPLAIN as well. */
  async explainQuery(query: CompiledQuery, options: ExplainOptions, parameters: Parameters = []): Promise<string> {
    // First: running may end the compiler.
    const details = await this.detailsOf(query, { code: options.code ?? false });
    let profile: RunProfile | undefined;
    if (options.analyze === true) {
      profile = new RunProfile();
      let rows = 0;
      const began = performance.now();
      for await (const chunk of this.chunks(query, parameters, { ...options, profile })) rows += chunk.rowCount;
      profile.total = { rows, milliseconds: performance.now() - began };
    }
    const { renderExplain } = await import('./explain.js');
    return renderExplain({ ...query, ...details }, { ...options, profile, pool: this.file.pool.stats() });
  }
}

export { CompileError } from '../frontend/diagnostics.js';
export { ModelError } from '../frontend/onnx/errors.js';
export { ExecutionError, ImportError, ModelInputError, ResourceError, StorageError } from './errors.js';
export type { Model, ModelOptions, ModelOutput, ModelPortInfo, ModelTensor, TensorTypeName } from './model.js';
export type { DatabaseOptions, ExplainOptions, ImportOptions, QueryOptions, WriteOptions };
export type { ParameterValue, QueryResult, RecordBatch };
