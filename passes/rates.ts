/**
 * The rates of this machine that estimates divide by. `DEFAULT_RATES` stands in until a calibration has measured them;
 * they are the design's figures for one thread of a small machine, rounded down.
 */
export interface Rates {
  /** GFLOP/s of the fused dense kernel. */
  readonly denseGflops: number;
  /** GFLOP/s of the block-wise multiply inside the relational form. */
  readonly blockGflops: number;
  /** GFLOP/s of the native runtime's matmul. */
  readonly nativeGflops: number;
  readonly readBytesPerSecond: number;
  readonly copyBytesPerSecond: number;
  /** Pinning a block, finding its work and handing it to the kernel. */
  readonly blockOverheadMs: number;
  readonly nativeCallMs: number;
  /** The share of the budget that weights and scratch of one kernel may hold resident. */
  readonly residentShare: number;
  readonly threads: number;
}

export const DEFAULT_RATES: Rates = {
  denseGflops: 25,
  blockGflops: 15,
  nativeGflops: 40,
  readBytesPerSecond: 1e9,
  copyBytesPerSecond: 4e9,
  blockOverheadMs: 0.02,
  nativeCallMs: 0.2,
  residentShare: 0.5,
  threads: 1,
};
