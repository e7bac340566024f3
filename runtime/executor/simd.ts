/** Relaxed SIMD: on by default in newer engines, behind a flag on Node 20. */
import { setFlagsFromString } from 'node:v8';

/** (module (func (result v128) (f32x4.relaxed_madd (v128.const 0) (v128.const 0) (v128.const 0)))) */
function probe(): Uint8Array<ArrayBuffer> {
  const zero = [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 0)];
  const body = [0, ...zero, ...zero, ...zero, 0xfd, 0x85, 0x02, 0x0b];
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, 5, 1, 0x60, 0, 1, 0x7b,
    3, 2, 1, 0,
    10, body.length + 2, 1, body.length, ...body,
  ]);
}

export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(probe());
}

/** Turns the flag on where the engine needs it and knows it. Returns whether relaxed SIMD can be used now. */
export function enableRelaxedSimd(): boolean {
  if (hasRelaxedSimd()) return true;
  if (process.env['INTARSIA_SIMD'] === 'simd128') return false;
  try {
    setFlagsFromString('--experimental-wasm-relaxed-simd');
  } catch {
    return false;
  }
  return hasRelaxedSimd();
}
