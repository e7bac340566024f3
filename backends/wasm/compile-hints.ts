/**
 * Compilation hints: which functions of a module the engine should optimise as soon as it has read it. Without them V8
 * begins when a function has run for a while, and a cold process is half done by then.
 *
 * A custom section behind that of the functions, one byte a function: when to compile (bits 0 and 1), with what at
 * first (2 and 3) and in the end (4 and 5). V8 11 to 13 read it where asked to (`runtime/executor/simd.ts`); to any
 * other engine it is a custom section it does not know.
 */
import { HINTS_SECTION } from '../../runtime/plan.js';

/** First code when the function is first called, optimised code at once, beside the program. */
const SOON = 3 | (1 << 2) | (2 << 4);
const WHEN_CALLED = 1;

const HEADER_BYTES = 8;
const FUNCTION_SECTION = 3;

/** `isHot`: of each function the module defines, in order. */
export function withCompileHints(wasm: Uint8Array, isHot: readonly boolean[]): Uint8Array<ArrayBuffer> {
  const at = endOfSection(wasm, FUNCTION_SECTION);
  const name = new TextEncoder().encode(HINTS_SECTION);
  const hints = isHot.map((hot) => (hot ? SOON : WHEN_CALLED));
  const payload = [...leb(name.length), ...name, ...leb(hints.length), ...hints];
  const section = [0, ...leb(payload.length), ...payload];
  const result = new Uint8Array(wasm.length + section.length);
  result.set(wasm.subarray(0, at));
  result.set(section, at);
  result.set(wasm.subarray(at), at + section.length);
  return result;
}

function endOfSection(wasm: Uint8Array, wanted: number): number {
  for (let at = HEADER_BYTES; at < wasm.length;) {
    const id = wasm[at++]!;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++]!;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    at += length;
    if (id === wanted) return at;
  }
  throw new Error(`the module has no section ${wanted}`);
}

function leb(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
