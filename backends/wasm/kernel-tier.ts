/** Which kernels suit the engine: found by `calibrate.ts`, or the defaults for an engine not measured. */
import type { TileShape } from './kernels/dense.js';

export interface KernelTier {
  readonly relaxedSimd: boolean;
  /** Tile of the dense kernel: outputs by SIMD registers of rows. Widths are 4 or 6, which divide a panel. */
  readonly dense: TileShape;
  /** Rows that walk a tree together. */
  readonly lockstep: number;
}

export const SIMD128_TIER: KernelTier = { relaxedSimd: false, dense: { width: 4, vectors: 2 }, lockstep: 8 };
export const RELAXED_TIER: KernelTier = { relaxedSimd: true, dense: { width: 6, vectors: 2 }, lockstep: 12 };
