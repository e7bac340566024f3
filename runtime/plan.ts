/**
 * The physical plan: what the compiler hands to the executor, and what an artifact holds. Plain JSON.
 *
 * A plan is a list of pipelines, run in order. A pipeline is one exported WASM function called once a morsel, from a
 * source through to a sink. Everything it touches lies in the one shared memory:
 *
 *   context   one a query, shared: parameters, weight addresses, buffer slots (zeroed before the first pipeline)
 *   local     one a worker and query: row-buffer headers, aggregate tables, tile scratch (zeroed likewise)
 *   morsel    a descriptor that says which rows (see Source)
 *
 * Exports of the module (all addresses i32):
 *   <run>(context, local, morsel) -> i32     1: no further row is wanted (a limit is reached), else 0
 *   <init>(context, local)                   before a worker's first morsel of the pipeline, when given
 * Imports ("env"):
 *   memory                                   shared
 *   data_base (global i32)                   where the module's constant data goes, `dataBytes` of it
 *   alloc(bytes) -> address                  16-byte aligned, not zeroed, freed with the query; throws over the limit
 *   emit(local result chunk address)         hands a result chunk over (see ResultChunk); returns when it may be reused
 *   host(function, arguments, result)        a scalar primitive without a WASM form; its text must stay
 *                                            readable until the next call
 *   math_sin(x), math_pow(x, y) ...          functions on f64, named as in the scalar table (math_fmod, math_random)
 *   fail(code, address, length)              ends the statement with the UTF-8 message
 *
 * Row buffers (join builds, aggregates, sorts, materialised rows) are chunks of fixed-width tuples; strings are copied
 * to heap chunks, so a tuple outlives the morsel's pins.
 *   chunk:   +0 next chunk (0: none)  +4 tuple count  +8 capacity (tuples)  +12 reserved  +16 tuples
 *   header in local (RowBuffer.localOffset, 64 bytes): +0 first chunk  +4 last chunk  +8 tuple count
 *     +12 .. for the code's own use
 *   slot in context (RowBuffer.slotOffset, 32 bytes): +0 buckets address  +4 bucket mask
 *     +8 pointers address  +12 tuple count
 */
import type { DType } from '../ir/dtype.js';
import type { ColumnSchema } from './batch.js';

export const PLAN_VERSION = 6;

/** Of the module, by the name under which V8 reads it: functions worth optimising before they run. */
export const HINTS_SECTION = 'compilationHints';

/** Rows of a scan's morsel, a divisor of a row group's; small enough that two workers share a group evenly. */
export const MORSEL_ROWS = 16_384;
export const CHUNK_HEADER_BYTES = 16;
export const LOCAL_BUFFER_BYTES = 64;
export const SLOT_BYTES = 32;
/** A parameter in the context: 16 bytes of value (utf8: address, length), then a byte that is 1 for NULL; 32 in all. */
export const PARAM_BYTES = 32;
export const PARAM_NULL_OFFSET = 16;

/** The morsel of a scan: a header, then SCAN_COLUMN_WORDS for each column. */
export const SCAN_HEADER_WORDS = 3; // row begin, row end: rows of the chunk; the number of the row group
export const SCAN_GROUP_WORD = 2; // 1 to 65535, no two groups of a scan alike; 0: none
// values, validity, codes, offsets, bytes addresses (0: absent), stride bytes of a tensor column, log2 of the bytes of
// a stored value or code, then what packed integers are made of (`storage/packing.ts`): base and step, low word first
export const SCAN_COLUMN_WORDS = 11;

export interface PhysicalPlan {
  readonly version: number;
  readonly sql: string;
  readonly parameters: readonly ParameterSlot[];
  readonly output: readonly OutputColumn[];
  /** The flat columns of a result chunk, in order; `output` is built of them. */
  readonly leaves: readonly ResultLeaf[];
  readonly tables: readonly {
    readonly name: string;
    readonly columns: readonly ColumnSchema[];
  }[];
  readonly weights: readonly WeightSlot[];
  readonly buffers: readonly RowBuffer[];
  readonly pipelines: readonly Pipeline[];
  readonly contextBytes: number;
  readonly localBytes: number;
  /** Parts of local, in order: no result depends on what an earlier morsel left there. */
  readonly localScratch: readonly (readonly [offset: number, bytes: number])[];
  /** Constant data of the module: reserved once a query, its address is the imported global `env.data_base`. */
  readonly dataBytes: number;
  /** Scalar primitives called through `env.host`, by number: each is shown by explain. */
  readonly hostFunctions: readonly HostFunction[];
  /** What the module's instructions need of the engine; `wide`: relaxed, and worth registers of 256 bits. */
  readonly simd: 'simd128' | 'relaxed' | 'wide';
}

export interface ParameterSlot { readonly dtype: DType; readonly offset: number }

export interface WeightSlot {
  readonly model: string;
  readonly hash: string;
  /** How the kernel reads it; opaque to the runtime but for equality with what the model store holds. */
  readonly layout: string;
  readonly byteLength: number;
  /** Where in the context the weight's address is put. */
  readonly offset: number;
}

export type OutputColumn =
  | { readonly kind: 'leaf'; readonly name: string; readonly leaf: number }
  | {
      readonly kind: 'struct';
      readonly name: string;
      readonly fields: readonly OutputColumn[];
      readonly nullLeaf: number | undefined;
    }
  | {
      readonly kind: 'map';
      readonly name: string;
      readonly keyDType: 'utf8' | 'i64';
      readonly keys: readonly string[];
      readonly values: readonly OutputColumn[];
    };

/** `width` > 1: a tensor column, `width` values a row, row-major in the result chunk. */
export interface ResultLeaf {
  readonly dtype: DType;
  readonly width: number;
  readonly nullable: boolean;
  readonly chunkOffset: number;
}

/**
 * A result chunk in local (at `resultOffset`): +0 row count  +4 bytes of their text, then for each leaf at its
 * chunkOffset:
 *   +0 values address   +4 validity bitmap address (0: all valid)
 *   utf8 and blob: values are offsets u32[rows + 1], +8 bytes address
 */
export const RESULT_LEAF_BYTES = 16;

export interface RowBuffer {
  readonly id: number;
  readonly tupleBytes: number;
  readonly localOffset: number;
  readonly slotOffset: number;
}

export type Source =
  /** Morsel: SCAN_HEADER_WORDS, then SCAN_COLUMN_WORDS a column. `columns` are positions in the table. */
  | { readonly kind: 'scan'; readonly table: string; readonly columns: readonly number[] }
  /** Morsel: address of the first tuple, tuple count: one chunk a morsel. */
  | { readonly kind: 'buffer'; readonly buffer: number }
  /** Morsel: address of the first pointer, count. The buffer has been sorted; order is kept. */
  | { readonly kind: 'sorted'; readonly buffer: number }
  /** One morsel without content. */
  | { readonly kind: 'once' };

export type Finish =
  /**
   * Chains all tuples: fn(context, local, chunk) for each chunk; buckets (2 x count, a power of two, zeroed u32) are in
   * the slot.
   */
  | { readonly kind: 'link'; readonly buffer: number; readonly fn: string }
  /**
   * Folds the other workers' groups into worker 0's: fn(context, local of worker 0, chunk) for each of their chunks;
   * then the buffer is worker 0's.
   */
  | { readonly kind: 'merge'; readonly buffer: number; readonly fn: string }
  /**
   * Sorts: gather(chunk, destination) -> next destination writes the tuple addresses of a chunk; then
   * sort(context, pointers, temporary, count) leaves them in order in `pointers`. `limit`: only that many are kept.
   */
  | {
      readonly kind: 'sort';
      readonly buffer: number;
      readonly gather: string;
      readonly sort: string;
      readonly limit: number | undefined;
    }
  /**
   * Runs dense layers over the rows of the buffer, weights block by block (executor/blocked.ts), and writes the result
   * into the tuples. gather(tuples, count, table, row) copies the `inputs` f32 values at `featureOffset` of each tuple
   * to column addresses `table`, from row `row` on; scatter(tuples, count, table, row) copies the last layer's columns
   * into the tuples.
   */
  | {
      readonly kind: 'blocked';
      readonly buffer: number;
      readonly tupleBytes: number;
      readonly gather: string;
      readonly scatter: string;
      readonly layers: readonly BlockedLayer[];
    }
  /** fn(context, local of worker 0): anything done once, such as writing a scalar subquery's value to its slot. */
  | { readonly kind: 'once'; readonly fn: string };

/**
 * activation(input x weight + bias). Functions take (input table, output table, weights, bias, rows, k, m): sums over
 * one block of weights. They differ in where sums begin (at the bias or zero: `first`; at the output: `next`) and
 * whether the activation follows (`...Last`: the block is the last one along k).
 */
export interface BlockedLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** Rows of blocks along k, each a row of blocks along m. */
  readonly blocks: readonly (readonly BlockSlot[])[];
  /** Index in `weights`. */
  readonly bias: number | undefined;
  readonly first: string;
  readonly firstLast: string;
  readonly next: string;
  readonly nextLast: string;
}

/** A block of a weight: pinned while it is used, and not before. */
export interface BlockSlot {
  readonly model: string;
  readonly hash: string;
  readonly layout: string;
  readonly byteLength: number;
  readonly k: number;
  readonly m: number;
}

export interface Pipeline {
  readonly name: string;
  readonly source: Source;
  readonly run: string;
  readonly init: string | undefined;
  /** Whether several workers may run morsels at once. A serial pipeline gets its morsels in order, on one worker. */
  readonly parallel: boolean;
  /** Whether the sink is the result: chunks are emitted, and delivered in the order of their morsels. */
  readonly result: boolean;
  /** Buffers this pipeline writes to. */
  readonly writes: readonly number[];
  readonly finish: readonly Finish[];
  /** Lines for explain: what the function holds, operator by operator, with representations and reasons. */
  readonly explain: readonly string[];
}

/**
 * A scalar primitive whose meaning is called per value: arguments lie as 32-byte parameter slots one after the other,
 * the result likewise.
 */
export interface HostFunction {
  readonly op: string;
  readonly args: readonly DType[];
  readonly result: DType;
  /** For `cast`: the target and whether failure gives NULL. */
  readonly cast: { readonly to: DType; readonly attempt: boolean } | undefined;
}
