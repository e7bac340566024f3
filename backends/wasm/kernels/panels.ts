/**
 * The layout of dense weights: what the dense kernels read, on pages and in memory.
 *
 * A matrix [k, m] is cut into blocks of at most `BLOCK_EDGE` x `BLOCK_EDGE`, of doubles as many inputs as a page holds;
 * a block into panels of `PANEL_WIDTH` outputs (the last one narrower), a panel holding for each input 0..k-1 the
 * weights of its outputs:
 *
 *   block [k0..k1) x [m0..m1)   =  panel m0..m0+11 | panel m0+12..m0+23 | ... | last panel
 *   panel m..m+w-1              =  W[k0, m..m+w-1]  W[k0+1, m..m+w-1]  ...  W[k1-1, m..m+w-1]
 *
 * There is no padding: a 256 x 256 f32 block is exactly one page of 256 KiB. Twelve is a multiple of 4 and of 6, the
 * widths of both tile shapes, so one layout serves every engine.
 */
import type { TensorValue } from '../../../ir/tensor-data.js';

export const PANEL_WIDTH = 12;
const BLOCK_EDGE = 256;
/** As storage cuts blocks: one page. */
const BLOCK_BYTES = 256 * 1024;

export interface PanelLayout {
  readonly kind: 'panels';
  readonly dtype: 'f32' | 'f64';
  /** The block of the matrix: inputs `k0 .. k0+k`, outputs `m0 .. m0+m`. */
  readonly k0: number;
  readonly k: number;
  readonly m0: number;
  readonly m: number;
  /** Values of a row of the matrix as the model holds it: its outputs, or its inputs when it is `transposed`. */
  readonly columns: number;
  /** The model holds [m, k], as PyTorch's layers are exported. */
  readonly transposed: boolean;
}

/** Inputs of a block at most, in a matrix of `m` outputs. */
export function blockInputs({ m, dtype }: Pick<PanelLayout, 'm' | 'dtype'>): number {
  return Math.min(BLOCK_EDGE, Math.floor(BLOCK_BYTES / (Math.min(m, BLOCK_EDGE) * valueBytesOf(dtype))));
}

/** The blocks of a matrix, row of blocks by row of blocks. */
export function blocksOf(options: {
  readonly k: number;
  readonly m: number;
  readonly dtype: 'f32' | 'f64';
  readonly transposed: boolean;
}): readonly PanelLayout[] {
  const { k, m, dtype, transposed } = options;
  const inputs = blockInputs({ m, dtype });
  const blocks: PanelLayout[] = [];
  for (let k0 = 0; k0 < k; k0 += inputs) {
    for (let m0 = 0; m0 < m; m0 += BLOCK_EDGE) {
      blocks.push({
        kind: 'panels',
        dtype,
        k0,
        k: Math.min(inputs, k - k0),
        m0,
        m: Math.min(BLOCK_EDGE, m - m0),
        columns: transposed ? k : m,
        transposed,
      });
    }
  }
  return blocks;
}

export function panelBytes(layout: PanelLayout): number {
  return layout.k * layout.m * valueBytesOf(layout.dtype);
}

function valueBytesOf(dtype: PanelLayout['dtype']): number {
  return dtype === 'f32' ? 4 : 8;
}

/** The bytes of one block of a row-major [k, m] matrix, in kernel order. */
export function packPanels(value: TensorValue, layout: PanelLayout): Uint8Array {
  const source = value.data as Float32Array | Float64Array;
  const packed = layout.dtype === 'f32' ? new Float32Array(layout.k * layout.m) : new Float64Array(layout.k * layout.m);
  let at = 0;
  for (let m = 0; m < layout.m; m += PANEL_WIDTH) {
    const width = Math.min(PANEL_WIDTH, layout.m - m);
    for (let k = 0; k < layout.k; k++) {
      const { from, step } = placeOf(layout, { k, m });
      for (let i = 0; i < width; i++) packed[at++] = source[from + i * step]!;
    }
  }
  return new Uint8Array(packed.buffer);
}

/** Where in the model's matrix weight (k, m) of a block is, and how far from it the next output's. */
function placeOf(
  layout: PanelLayout,
  { k, m }: { k: number; m: number },
): { readonly from: number; readonly step: number } {
  const [row, column] = [layout.k0 + k, layout.m0 + m];
  return layout.transposed
    ? { from: column * layout.columns + row, step: layout.columns }
    : { from: row * layout.columns + column, step: 1 };
}

/** The model's matrix, row-major, of all its blocks: the inverse of `packPanels`. */
export function unpackPanels(
  blocks: readonly Uint8Array[],
  options: { readonly layouts: readonly PanelLayout[]; readonly dims: readonly number[] },
): TensorValue {
  const { layouts, dims } = options;
  const size = dims.reduce((product, dim) => product * dim, 1);
  const dtype = layouts[0]?.dtype ?? 'f32';
  const data = dtype === 'f32' ? new Float32Array(size) : new Float64Array(size);
  layouts.forEach((layout, block) => {
    const bytes = new Uint8Array(blocks[block]!);
    const packed = dtype === 'f32' ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
    let at = 0;
    for (let m = 0; m < layout.m; m += PANEL_WIDTH) {
      const width = Math.min(PANEL_WIDTH, layout.m - m);
      for (let k = 0; k < layout.k; k++) {
        const { from, step } = placeOf(layout, { k, m });
        for (let i = 0; i < width; i++) data[from + i * step] = packed[at++]!;
      }
    }
  });
  return { dtype, dims, data };
}
