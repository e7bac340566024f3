/**
 * What the runtime asks of the compiler and gets from it: types only, so that running an artifact loads none of it.
 * `frontend/compile.ts` is the one implementation; it works in a thread of its own (compiler-client.ts), so all that
 * crosses here can be cloned, but for what belongs to a model opened by itself.
 */
import type { DType } from '../ir/dtype.js';
import type { TensorValue } from '../ir/tensor-data.js';
import type { ColumnSchema } from './batch.js';
import type { FileFormat } from './io/source.js';
import type { PhysicalPlan } from './plan.js';
import type { ModelVersion, NewModel, NewTensor } from './storage/model-store.js';

/**
 * Thrown by the environment when the compiler asks for what has to be read from the file first; the compile is tried
 * again.
 */
export class NotLoaded extends Error {
  override readonly name = 'NotLoaded';
  constructor(readonly load: () => Promise<void>) {
    super('not loaded yet');
  }
}

export interface TableInfo {
  readonly name: string;
  readonly columns: readonly ColumnSchema[];
  readonly rowCount: number;
  /** By column: what the zone maps say, where they say something. */
  readonly statistics: readonly {
    readonly min: number | undefined;
    readonly max: number | undefined;
    readonly distinct: number | undefined;
  }[];
}

/** The database as the compiler sees it: one snapshot. Methods may throw NotLoaded. */
export interface CompilerEnvironment {
  readonly tableNames: readonly string[];
  readonly modelNames: readonly string[];
  table(name: string): TableInfo | undefined;
  model(name: string, version: number | undefined): { readonly name: string; readonly model: ModelVersion } | undefined;
  view(name: string): string | undefined;
  /** A weight as it is stored. All of it is read into memory: ask only for small ones. */
  tensor(hash: string): StoredTensor;
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** A kernel choice measured on this machine (calibration), as JSON text. */
  readonly calibration: string | undefined;
}

export interface StoredTensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** As `prepareModel` gave it. */
  readonly layout: unknown;
  readonly blocks: readonly Uint8Array[];
}

/** How a query was compiled, for explain. */
export interface CompileReport {
  readonly stages: readonly { readonly name: string; readonly text: string }[];
  readonly rewrites: readonly {
    readonly pass: string;
    readonly rule: string;
    readonly reason: string;
    readonly before: string;
    readonly after: string;
  }[];
  readonly decisions: readonly PlacementDecision[];
  readonly passMilliseconds: readonly { readonly pass: string; readonly milliseconds: number }[];
  readonly milliseconds: number;
}

export interface PlacementDecision {
  readonly node: string;
  readonly chosen: string;
  readonly reason: string;
  readonly candidates: readonly {
    readonly representation: string;
    readonly milliseconds: number | undefined;
    readonly bytes: number | undefined;
    readonly note: string | undefined;
  }[];
}

export interface CompiledQuery {
  readonly kind: 'query';
  /** By which `details` knows it. */
  readonly id: string;
  readonly plan: PhysicalPlan;
  readonly wasm: Uint8Array;
}

/** What is seldom asked of a compiled query: printed only then. */
export interface QueryDetails {
  readonly irText: string;
  readonly report: CompileReport;
  /** The text form of the module, when asked for. */
  readonly code: string | undefined;
}

export type CompiledStatement =
  | CompiledQuery
  | {
      readonly kind: 'explain';
      readonly query: CompiledQuery;
      readonly analyze: boolean;
      readonly format: string | undefined;
    }
  | {
      readonly kind: 'create-table';
      readonly name: string;
      readonly columns: readonly ColumnSchema[];
      readonly ifNotExists: boolean;
      readonly orReplace: boolean;
      readonly query: CompiledQuery | undefined;
    }
  | { readonly kind: 'drop-table'; readonly name: string; readonly ifExists: boolean }
  | {
      readonly kind: 'create-view';
      readonly name: string;
      readonly sql: string;
      readonly orReplace: boolean;
      readonly ifNotExists: boolean;
    }
  | { readonly kind: 'drop-view'; readonly name: string; readonly ifExists: boolean }
  /** The query gives rows in the order of the table's columns. */
  | { readonly kind: 'insert'; readonly table: string; readonly query: CompiledQuery }
  /** The query gives all rows of the table as they are afterwards, and in a last column whether they are changed. */
  | { readonly kind: 'update'; readonly table: string; readonly query: CompiledQuery }
  /** The query gives the rows that stay. */
  | { readonly kind: 'delete'; readonly table: string; readonly query: CompiledQuery }
  | {
      readonly kind: 'copy-from';
      readonly table: string;
      readonly columns: readonly number[] | undefined;
      readonly path: string;
      readonly options: CopyOptions;
    }
  | { readonly kind: 'copy-to'; readonly query: CompiledQuery; readonly path: string; readonly options: CopyOptions }
  | {
      readonly kind: 'create-model';
      readonly name: string;
      readonly path: string;
      readonly orReplace: boolean;
      readonly ifNotExists: boolean;
    }
  | {
      readonly kind: 'drop-model';
      readonly name: string;
      readonly version: number | undefined;
      readonly ifExists: boolean;
    }
  | { readonly kind: 'transaction'; readonly action: 'begin' | 'commit' | 'rollback' };

export interface CopyOptions {
  readonly format: FileFormat | undefined;
  readonly header: boolean | undefined;
  readonly delimiter: string | undefined;
  readonly nullText: string | undefined;
}

/** A model ready to be stored: its graph, and its weights as tensors in kernel order, to be streamed in. */
export interface PreparedModel {
  readonly model: Omit<NewModel, 'tensors' | 'name'>;
  readonly tensors: readonly NewTensor[];
  close(): Promise<void>;
}

/** An input or output of a model. A dim that is text is known when the model runs; `n` is the batch. */
export interface ModelPort {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly (number | string)[];
  /** Of a ZipMap: the key of each column. */
  readonly map: { readonly keyDType: 'utf8' | 'i64'; readonly keys: readonly string[] } | undefined;
}

/**
 * A model as a function over a tile of rows, exported as `run` (`TILE_PARAMS` in backends/wasm/tile-program.ts).
 * A column has the rows of the tile one after the other.
 */
export interface ModelKernel {
  readonly wasm: Uint8Array;
  /** To be reserved at `env.data_base`. */
  readonly dataBytes: number;
  readonly scratchBytes: number;
  /** Most rows of a call. */
  readonly tileRows: number;
  /** Columns read, in this order: element `element` of a row of input `input`, of `width` elements a row. */
  readonly features: readonly {
    readonly input: number;
    readonly element: number;
    readonly width: number;
    readonly dtype: DType;
  }[];
  /** Columns written, output by output. */
  readonly outputs: readonly { readonly columns: number; readonly dtype: DType }[];
  readonly weights: readonly { readonly byteLength: number; pack(): Uint8Array }[];
  /** A line for each step. */
  readonly explain: readonly string[];
}

/** A model by itself, ready to run. */
export interface CompiledModel {
  readonly name: string;
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  /** Undefined when it runs by the reference evaluator, for `reasons`. */
  readonly kernel: ModelKernel | undefined;
  readonly reasons: readonly string[];
  /** What the passes did. */
  readonly rewrites: readonly string[];
  readonly irText: string;
  /** All outputs, by the reference evaluator. @throws RangeError where the values do not fit the graph. */
  evaluate(inputs: ReadonlyMap<string, TensorValue>): readonly TensorValue[];
}

export interface ModelCompileOptions {
  /** Sizes of symbolic dims, by name. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Inputs given once and for all: those that decide on shapes must be. */
  readonly constants: ReadonlyMap<string, TensorValue>;
  /** Whether kernels may be used. */
  readonly kernels: boolean;
}

export interface Compiler {
  /** Where each statement of a script begins and ends. @throws CompileError */
  split(sql: string): readonly { readonly start: number; readonly end: number }[];
  /** @throws CompileError; NotLoaded from the environment */
  compile(sql: string, environment: CompilerEnvironment): CompiledStatement;
  /** Of one of the last queries that were compiled; `undefined` of an older one, which has to be compiled again. */
  details(id: string, options: { readonly code: boolean }): QueryDetails | undefined;
  /** @throws ModelError */
  prepareModel(name: string, source: string | Uint8Array): Promise<PreparedModel>;
  /** @throws ModelError */
  compileModel(source: string | Uint8Array, options: ModelCompileOptions): Promise<CompiledModel>;
  /**
   * A short measurement of this engine's kernels, as JSON text for `CompilerEnvironment.calibration`; cached unless
   * `fresh`.
   */
  calibrate(options?: { readonly fresh?: boolean }): Promise<string>;
}
