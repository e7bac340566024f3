/**
 * Chooses the kernels for this engine by running them: which tile of the dense kernel and how many rows of a tree in
 * lockstep are fastest differs between versions of V8. Takes about 50 ms; the result is plain JSON which the caller
 * caches by engine version.
 */
import { ModuleBuilder } from './dsl.js';
import { emitDense, type TileShape } from './kernels/dense.js';
import { RELAXED_TIER, SIMD128_TIER, type KernelTier } from './kernel-tier.js';
import { f32x4 } from './lanes.js';

/** Candidates in the order of preference when nothing is measured. */
const SHAPES: readonly TileShape[] = [{ width: 6, vectors: 2 }, { width: 4, vectors: 2 }, { width: 4, vectors: 3 }];
/** A layer small enough for L1 and long enough to be like the real ones. */
const LAYER = { rows: 96, k: 64, m: 48 } as const;
const ROUNDS = 3;
/** Calls before the optimising compiler has surely taken over, and calls of one measurement. */
const WARM_CALLS = 60;
const TIMED_CALLS = 25;

export interface Calibration {
  readonly tier: KernelTier;
  /** GFLOP/s of each candidate, as measured. */
  readonly measured: readonly { readonly relaxedSimd: boolean; readonly shape: TileShape; readonly gflops: number }[];
}

/** Whether this engine runs a module with a relaxed multiply-add. */
export function hasRelaxedSimd(): boolean {
  const module = new ModuleBuilder({ relaxedSimd: true });
  module.define('probe', { params: { p: 'i32' }, export: true }, (f, { p }) => f.store.v128(p, f32x4.madd(f32x4.splat(1), f32x4.splat(2), f32x4.splat(3))));
  const bytes = module.build();
  module.dispose();
  return WebAssembly.validate(bytes);
}

export function calibrateTier(): Calibration {
  const tiers = hasRelaxedSimd() ? [RELAXED_TIER, SIMD128_TIER] : [SIMD128_TIER];
  const measured = tiers.flatMap(({ relaxedSimd }) => measure(relaxedSimd));
  const best = measured.reduce((a, b) => (b.gflops > a.gflops ? b : a));
  const base = best.relaxedSimd ? RELAXED_TIER : SIMD128_TIER;
  return { tier: { ...base, dense: best.shape }, measured };
}

function measure(relaxedSimd: boolean): Calibration['measured'] {
  const module = new ModuleBuilder({ relaxedSimd });
  const params = { table: 'i32', weights: 'i32' } as const;
  SHAPES.forEach((shape, i) => {
    const dense = emitDense(module, { dtype: 'f32', shape, init: 'zero', activation: undefined });
    module.define(`run${i}`, { params, export: true }, (f, { table, weights }) => f.call(dense, { input: table, output: table.add(LAYER.k * 4), weights, bias: 0, ...LAYER }));
  });
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65_536, shared: true });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()), { env: { memory } });
  module.dispose();
  const columnBytes = LAYER.rows * 4 + 64;
  const table = new Int32Array(memory.buffer, 64, LAYER.k + LAYER.m).map((_, i) => 4096 + i * columnBytes);
  new Int32Array(memory.buffer, 64, table.length).set(table);
  const weights = 4096 + table.length * columnBytes;
  const call = (i: number, calls: number): number => {
    const run = instance.exports[`run${i}`] as (table: number, weights: number) => void;
    const start = performance.now();
    for (let c = 0; c < calls; c++) run(64, weights);
    return performance.now() - start;
  };
  SHAPES.forEach((_, i) => call(i, WARM_CALLS));
  const times = SHAPES.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) times.forEach((time, i) => { times[i] = Math.min(time, call(i, TIMED_CALLS)); });
  const flops = 2 * LAYER.rows * LAYER.k * LAYER.m * TIMED_CALLS;
  return SHAPES.map((shape, i) => ({ relaxedSimd, shape, gflops: Math.round(flops / times[i]! / 1e5) / 10 }));
}
