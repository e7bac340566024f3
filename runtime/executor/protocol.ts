/**
 * What the main thread and a worker say to each other. Data never travels here but for result chunks:
 * everything else is addresses in the shared memory.
 *
 * `control` is an Int32Array over a SharedArrayBuffer, one a query:
 *   CANCEL      1: stop as soon as possible
 *   HEAD        the sequence number of the morsel whose chunks are delivered now
 *   QUEUED_KIB  result chunks delivered and not yet taken by the caller
 *   TOTAL_KIB   result chunks emitted and not yet taken
 *   from WORKER on, two words a worker: reply flag (1 granted, 2 refused) and granted address
 */
import type { HostFunction, PhysicalPlan, ResultLeaf } from '../plan.js';
import type { WasmMemory, WasmModule } from '../wasm-types.js';

export const CANCEL = 0;
export const HEAD = 1;
export const QUEUED_KIB = 2;
export const TOTAL_KIB = 3;
export const WORKER = 8;
export const WORKER_WORDS = 2;

export interface LoadRequest {
  readonly type: 'load';
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly control: Int32Array;
  readonly worker: number;
  readonly context: number;
  readonly contextBytes: number;
  readonly local: number;
  readonly localBytes: number;
  readonly localScratch: PhysicalPlan['localScratch'];
  readonly dataBase: number;
  readonly leaves: readonly ResultLeaf[];
  readonly hostFunctions: readonly HostFunction[];
  /** Results in flight, in KiB, past which `emit` waits. */
  readonly resultLimitKiB: number;
  /** Pipelines that the worker before this one, with the same memory, has set up already. */
  readonly initialised: readonly string[];
}

export interface FunctionCall {
  readonly fn: string;
  readonly args: readonly number[];
}

export type WorkerRequest =
  | LoadRequest
  /** Runs one morsel: init first when given. With `emits` it may emit chunks, and wait for room for them. */
  | {
      readonly type: 'morsel';
      readonly ticket: number;
      readonly fn: string;
      readonly init: string | undefined;
      readonly morsel: number;
    readonly sequence: number; readonly emits: boolean;
  }
  /**
   * Calls functions one after the other: a finish step. `chain` puts each call's result in place of the next call's
   * last argument.
   */
  | { readonly type: 'call'; readonly ticket: number; readonly calls: readonly FunctionCall[]; readonly chain: boolean }
  | { readonly type: 'unload' };

/** One result chunk, out of the shared memory: Arrow's layout. */
export interface ResultChunk {
  readonly rowCount: number;
  readonly leaves: readonly ResultLeafData[];
  readonly byteLength: number;
}

export interface ResultLeafData {
  /** Values, or u32 offsets for utf8 and blob. */
  readonly values: ArrayBuffer;
  readonly validity: ArrayBuffer | undefined;
  readonly bytes: ArrayBuffer | undefined;
}

export type WorkerReply =
  /** The thread runs and has loaded what it is made of: the first thing it says, and once. */
  | { readonly type: 'up' }
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly ticket: number; readonly result: number }
  | { readonly type: 'emit'; readonly sequence: number; readonly chunk: ResultChunk }
  | { readonly type: 'alloc'; readonly bytes: number; readonly consumer: string }
  | {
      readonly type: 'failed';
      readonly ticket: number;
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
    };
