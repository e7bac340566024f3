/**
 * Time and peak memory of a dense layer in each representation, by the formulas of DESIGN.md, section 7.
 *
 * - kernel: flops at the kernel's rate, weights read once; all weights and a tile of activations a thread are resident.
 * - relational: blocks stream past a batch of rows, once for each batch: the longer of computing and reading, and the
 *   cost of each block; a few blocks and the batch's activations are resident.
 * - native: the runtime's own time, rows copied there and back, weights materialised twice (ours and its own).
 */
import type { Rates } from './rates.js';

export interface Estimate {
  readonly ms: number;
  readonly bytes: number;
}

export interface DenseSize {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly elementBytes: number;
}

export interface DenseEstimates {
  readonly kernel: Estimate;
  readonly relational: Estimate;
  readonly native: Estimate;
  readonly weightBytes: number;
}

/** Elements along a side of a weight block: 256 x 256 f32 is one page. */
const BLOCK_SIDE = 256;
/** Blocks pinned at once while they stream. */
const BLOCKS_HELD = 4;
/** Rows of a kernel's tile. */
const TILE_ROWS = 8;
/** Rows the relational form takes at a time, when the budget allows. */
const MOST_BATCH_ROWS = 65_536;

export function estimateDense(size: DenseSize, rates: Rates, budgetBytes: number): DenseEstimates {
  const { rows, inputs, outputs, elementBytes } = size;
  const flops = 2 * rows * inputs * outputs;
  const weightBytes = inputs * outputs * elementBytes;
  const rowBytes = (inputs + outputs) * elementBytes;
  const computeMs = (gflops: number): number => flops / (gflops * rates.threads * 1e6);
  const readMs = (bytes: number): number => (bytes / rates.readBytesPerSecond) * 1000;
  const copyMs = (bytes: number): number => (bytes / rates.copyBytesPerSecond) * 1000;

  const blocks = Math.ceil(inputs / BLOCK_SIDE) * Math.ceil(outputs / BLOCK_SIDE);
  const heldBytes = Math.min(blocks, BLOCKS_HELD) * BLOCK_SIDE * BLOCK_SIDE * elementBytes;
  const roomBytes = Math.max(budgetBytes * rates.residentShare - heldBytes, rowBytes);
  const batchRows = Math.max(1, Math.min(rows, MOST_BATCH_ROWS, Math.floor(roomBytes / rowBytes)));
  const batches = Math.max(1, Math.ceil(rows / batchRows));
  const fits = weightBytes <= roomBytes;
  const relationalMs = Math.max(computeMs(rates.blockGflops), readMs(fits ? weightBytes : batches * weightBytes))
    + batches * blocks * rates.blockOverheadMs;

  return {
    weightBytes,
    kernel: {
      ms: computeMs(rates.denseGflops) + readMs(weightBytes),
      bytes: weightBytes + TILE_ROWS * rates.threads * rowBytes,
    },
    relational: { ms: relationalMs, bytes: heldBytes + batchRows * rowBytes },
    native: {
      ms: computeMs(rates.nativeGflops) + copyMs(rows * rowBytes + weightBytes) + rates.nativeCallMs,
      bytes: 2 * weightBytes + batchRows * rowBytes,
    },
  };
}

/** What it costs to hand a layer's rows from one representation to another. */
export function estimateChangeMs(rows: number, width: number, rates: Rates): number {
  return ((rows * width * 4) / rates.copyBytesPerSecond) * 1000;
}
