/**
 * Chooses the kernels for this engine by running them: which tile of the dense kernel and how many rows of a tree in
 * lockstep are fastest differs between versions of V8. Takes 100 to 250 ms, most of it spent waiting for the optimising
 * compiler; the result is plain JSON which the caller caches by engine and machine.
 */
import { ModuleBuilder } from './dsl.js';
import { emitDense, type TileShape } from './kernels/dense.js';
import { RELAXED_TIER, SIMD128_TIER, type KernelTier } from './kernel-tier.js';
import { blocksOf, packPanels } from './kernels/panels.js';
import { f32x4 } from './lanes.js';

/** Candidates in the order of preference when nothing is measured. */
const SHAPES: readonly TileShape[] = [
  { width: 6, vectors: 2 },
  { width: 4, vectors: 2 },
  { width: 4, vectors: 3 },
  // For registers of 256 bits, which take two vectors each; with 128 bits it does not fit.
  { width: 6, vectors: 4 },
];
/** A layer small enough for L1 and long enough to be like the real ones. */
const LAYER = { rows: 96, k: 64, m: 48 } as const;
const ROUNDS = 3;
const WARM_MS = 2;
const TIMED_MS = 1;
/** The optimising compiler works on another thread, and its code is taken at a later call. */
const COMPILE_MS = 25;
/** Rates that rose by more than this since the last look were not yet those of optimised code. */
const STILL_RISING = 1.3;
const MOST_LOOKS = 5;
const CALLS = 4;
/** By less than this the order of preference decides. */
const CLEARLY_FASTER = 1.04;

export interface Calibration {
  readonly tier: KernelTier;
  /** GFLOP/s of each candidate whose sums are right, as measured. */
  readonly measured: readonly { readonly relaxedSimd: boolean; readonly shape: TileShape; readonly gflops: number }[];
}

/** Whether this engine runs a module with a relaxed multiply-add. */
export function hasRelaxedSimd(): boolean {
  const module = new ModuleBuilder({ relaxedSimd: true });
  module.define('probe', { params: { p: 'i32' }, export: true }, (f, { p }) =>
    f.store.v128(p, f32x4.madd(f32x4.splat(1), f32x4.splat(2), f32x4.splat(3))),
  );
  const bytes = module.build();
  module.dispose();
  return WebAssembly.validate(bytes);
}

/**
 * The number of rows in lockstep follows the tile: the engines that keep the 6 x 8 tile in registers also walk 12 rows
 * fastest (1,420 to 1,290 M nodes/s with 8 on Node 24), the others 8 (1,100 to 970 with 12 on Node 20).
 */
export function calibrateTier(): Calibration {
  const base = hasRelaxedSimd() ? RELAXED_TIER : SIMD128_TIER;
  const measured = measure(base.relaxedSimd);
  if (measured.length === 0)
    throw new Error('no dense kernel gives right sums on this engine: try INTARSIA_SIMD=simd128');
  const best = measured.reduce((a, b) => (b.gflops > a.gflops * CLEARLY_FASTER ? b : a));
  return { tier: { ...base, dense: best.shape, lockstep: best.shape.width === 6 ? 12 : 8 }, measured };
}

function measure(relaxedSimd: boolean): Calibration['measured'] {
  const module = new ModuleBuilder({ relaxedSimd });
  const params = { table: 'i32', weights: 'i32' } as const;
  SHAPES.forEach((shape, i) => {
    const dense = emitDense(module, { dtype: 'f32', shape, init: 'zero', activation: undefined });
    module.define(`run${i}`, { params, export: true }, (f, { table, weights }) =>
      f.call(dense, { input: table, output: table.add(LAYER.k * 4), weights, bias: 0, ...LAYER }),
    );
  });
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536, shared: true });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } });
  module.dispose();
  const layer = layOut(memory);
  /** Calls a millisecond. */
  const call = (i: number, milliseconds: number): number => {
    const run = instance.exports[`run${i}`] as (table: number, weights: number) => void;
    const start = performance.now();
    let calls = 0;
    do {
      for (let c = 0; c < CALLS; c++) run(layer.table, layer.weights);
      calls += CALLS;
    } while (performance.now() - start < milliseconds);
    return calls / (performance.now() - start);
  };
  let best = SHAPES.map((_, i) => call(i, WARM_MS));
  for (let look = 0, rising = true; rising && look < MOST_LOOKS; look++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, COMPILE_MS);
    const now = SHAPES.map(() => 0);
    for (let round = 0; round < ROUNDS; round++)
      now.forEach((rate, i) => {
        now[i] = Math.max(rate, call(i, TIMED_MS));
      });
    rising = now.some((rate, i) => rate > best[i]! * STILL_RISING);
    best = now.map((rate, i) => Math.max(rate, best[i]!));
  }
  const flops = 2 * LAYER.rows * LAYER.k * LAYER.m;
  return SHAPES.flatMap((shape, i) => {
    call(i, 0);
    const gflops = Math.round((best[i]! * flops) / 1e5) / 10;
    return layer.isRight() ? [{ relaxedSimd, shape, gflops }] : [];
  });
}

/** Inputs and weights that are small multiples of 1/8: their sums are exact, in whatever order they are taken. */
function layOut(memory: WebAssembly.Memory): { table: number; weights: number; isRight: () => boolean } {
  const { rows, k, m } = LAYER;
  const table = 64;
  const columnBytes = rows * 4 + 64;
  const columnAt = (i: number): number => 4096 + i * columnBytes;
  const weights = columnAt(k + m);
  new Int32Array(memory.buffer, table, k + m).set(Array.from({ length: k + m }, (_, i) => columnAt(i)));
  const column = (i: number): Float32Array => new Float32Array(memory.buffer, columnAt(i), rows);
  for (let i = 0; i < k; i++) column(i).set(Array.from({ length: rows }, (_, row) => (((row + 5 * i) % 17) - 8) / 8));
  const matrix = Float32Array.from({ length: k * m }, (_, i) => (((i * 7) % 23) - 11) / 8);
  const layout = blocksOf({ k, m, dtype: 'f32', transposed: false })[0]!;
  new Uint8Array(memory.buffer, weights).set(packPanels({ dtype: 'f32', dims: [k, m], data: matrix }, layout));
  const sumAt = (row: number, j: number): number =>
    Array.from({ length: k }, (_, i) => column(i)[row]! * matrix[i * m + j]!).reduce((sum, term) => sum + term, 0);
  const isRight = (): boolean => {
    for (let j = 0; j < m; j++)
      for (let row = 0; row < rows; row += 5) if (column(k + j)[row] !== sumAt(row, j)) return false;
    return true;
  };
  return { table, weights, isRight };
}
