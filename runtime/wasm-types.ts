/**
 * WebAssembly's objects as declarations of the public API reach them: a program that is compiled without the DOM's
 * types has no `WebAssembly` namespace.
 */

/** A `WebAssembly.Memory`. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  grow(delta: number): number;
}

/** A `WebAssembly.Module`. */
export type WasmModule = object;
