/** Which kernels this engine runs best: measured once, carried as JSON text. */
import { calibrateTier, type Calibration } from '../backends/wasm/calibrate.js';
import { SIMD128_TIER, type KernelTier } from '../backends/wasm/kernel-tier.js';
import { DEFAULT_RATES, type Rates } from '../passes/rates.js';

export interface Kernels {
  readonly tier: KernelTier;
  readonly rates: Rates;
}

export async function measureKernels(): Promise<string> {
  return JSON.stringify(await calibrateTier());
}

/** A block streams past many rows at the rate of the kernel alone; what is fused around a tile costs about a quarter of it. */
const FUSED_SHARE = 0.75;

export function chooseKernels(calibration: string | undefined): Kernels {
  if (calibration === undefined) return { tier: SIMD128_TIER, rates: DEFAULT_RATES };
  const { tier, measured } = JSON.parse(calibration) as Calibration;
  const best = Math.max(...measured.map((entry) => entry.gflops));
  return { tier, rates: { ...DEFAULT_RATES, denseGflops: best * FUSED_SHARE, blockGflops: best * FUSED_SHARE } };
}
