/**
 * Between an imported model and what the database stores of it.
 *
 * In the catalog: the graph as IR text. As tensors in blocks: matrices that dense kernels read, cut into panels
 * (`panels`), packed trees, and everything else as it is (`raw`). A tensor's name is the hash of its content, so equal
 * tensors of different models have equal blocks and are stored once.
 */
import { packWeight, type WeightLayout } from '../backends/wasm/kernels/weight-layout.js';
import { packPanels, panelBytes, unpackPanels, type PanelLayout } from '../backends/wasm/kernels/panels.js';
import type { WeightUse } from '../backends/wasm/tile-plan.js';
import { dtypeInfo } from '../ir/dtype.js';
import { decodeTensor, tensorByteLength } from '../ir/tensor-bytes.js';
import type { TensorData, TensorValue } from '../ir/tensor-data.js';
import type { StoredTensor } from '../runtime/compiler.js';
import type { NewTensor, TensorMeta } from '../runtime/storage/model-store.js';
import { layoutOf } from '../runtime/weights.js';
import type { WeightSource } from './onnx/weights.js';

/** As storage cuts blocks: one page. */
const BLOCK_BYTES = 256 * 1024;
const RAW = 'raw';

export function layoutKey(layout: WeightLayout): string {
  return JSON.stringify(layout);
}

/** The tensors to store for a model: what its kernels read, and raw what no kernel reads in its own order. */
export function tensorsToStore(options: {
  weights: ReadonlyMap<string, WeightSource>; uses: readonly WeightUse[]; data: TensorData;
}): readonly NewTensor[] {
  const { weights, uses, data } = options;
  const panels = uses.filter(
    (use): use is WeightUse & { layout: PanelLayout } => use.layout.kind === 'panels' && weights.has(use.hash),
  );
  const paneled = new Set(panels.map((use) => use.hash));
  const packed = uses.filter((use) => !paneled.has(use.hash));
  return [
    ...[...paneled].map((hash) =>
      panelTensor(
        hash,
        weights.get(hash)!,
        panels.filter((use) => use.hash === hash).map((use) => use.layout),
      ),
    ),
    ...packed.map((use) => packedTensor(use, data)),
    ...[...weights].filter(([hash]) => !paneled.has(hash)).map(([hash, source]) => rawTensor(hash, source)),
  ];
}

function rawTensor(hash: string, source: WeightSource): NewTensor {
  return {
    name: hash,
    dtype: source.dtype,
    dims: source.dims,
    layout: { whole: RAW, parts: [] },
    blocks: slices(source),
  };
}

async function* slices(source: WeightSource): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < source.byteLength; offset += BLOCK_BYTES) {
    yield await source.read(offset, Math.min(BLOCK_BYTES, source.byteLength - offset));
  }
}

function packedTensor(use: WeightUse, data: TensorData): NewTensor {
  const bytes = packWeight(use.tensors.map((hash) => data.get(hash)), use.layout);
  const blocks: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.byteLength; offset += BLOCK_BYTES)
    blocks.push(bytes.subarray(offset, offset + BLOCK_BYTES));
  return {
    name: use.hash,
    dtype: 'u8',
    dims: [bytes.byteLength],
    layout: { whole: layoutKey(use.layout), parts: [] },
    blocks,
  };
}

/**
 * Reads the matrix a row of blocks at a time, so that a matrix of any size takes 256 of its rows of memory. Its shape
 * is that of the use: equal bytes may be known under another one.
 */
function panelTensor(hash: string, source: WeightSource, uses: readonly PanelLayout[]): NewTensor {
  const layouts = [...new Map(uses.map((layout) => [layoutKey(layout), layout])).values()].sort(inRowOrder);
  const { columns } = layouts[0]!;
  return {
    name: hash, dtype: source.dtype, dims: [source.byteLength / dtypeInfo(source.dtype).widthBytes / columns, columns],
    layout: { whole: '', parts: layouts.map(layoutKey) }, blocks: panelBlocks(source, layouts),
  };
}

/** By the rows of the model's matrix, so that it is read once from front to back. */
function inRowOrder(a: PanelLayout, b: PanelLayout): number {
  return rowsOf(a).first - rowsOf(b).first || a.k0 + a.m0 - b.k0 - b.m0;
}

function rowsOf(layout: PanelLayout): { readonly first: number; readonly count: number } {
  return layout.transposed ? { first: layout.m0, count: layout.m } : { first: layout.k0, count: layout.k };
}

async function* panelBlocks(source: WeightSource, layouts: readonly PanelLayout[]): AsyncGenerator<Uint8Array> {
  const width = dtypeInfo(source.dtype).widthBytes;
  let rows: TensorValue | undefined;
  let firstRow = -1;
  for (const layout of layouts) {
    const { first, count } = rowsOf(layout);
    if (first !== firstRow) {
      firstRow = first;
      const rowBytes = layout.columns * width;
      rows = decodeTensor(source.dtype, [count, layout.columns], await source.read(first * rowBytes, count * rowBytes));
    }
    yield packPanels(rows!, layout.transposed ? { ...layout, m0: 0 } : { ...layout, k0: 0 });
  }
}

/** The values of a stored tensor that `problemOfStored` finds nothing wrong with; panels are put back in rows. */
export function valueOfStored(stored: StoredTensor): TensorValue {
  const layout = stored.layout as { readonly whole: string; readonly parts: readonly string[] };
  if (layout.whole === RAW) return decodeTensor(stored.dtype, stored.dims, joined(stored.blocks));
  if (layout.whole !== '') throw new Error(`a tensor packed as ${layout.whole} has no values of its own`);
  return unpackPanels(stored.blocks, {
    layouts: layout.parts.map((part) => JSON.parse(part) as PanelLayout),
    dims: stored.dims,
  });
}

/** Why the blocks of a tensor cannot be what its layout says: the file is damaged, or of another version. */
export function problemOfStored(tensor: TensorMeta): string | undefined {
  const { whole, parts } = layoutOf(tensor);
  const lengths = tensor.blocks.map((block) => block.byteLength);
  const held = lengths.reduce((sum, length) => sum + length, 0);
  if (whole === RAW)
    return tensor.dtype === 'utf8' ? undefined : problemOfLength(held, tensorByteLength(tensor.dtype, tensor.dims));
  if (whole !== '') return problemOfLength(held, tensor.dims[0] ?? 0);
  if (parts.length !== lengths.length) return `found ${lengths.length} blocks, expected ${parts.length}`;
  for (const [i, part] of parts.entries()) {
    const layout = panelLayoutOf(part);
    if (layout === undefined || layout.dtype !== tensor.dtype || !fits(layout, tensor.dims))
      return `block ${i} has the layout ${part}, which no kernel reads`;
    const problem = problemOfLength(lengths[i]!, panelBytes(layout));
    if (problem !== undefined) return `block ${i}: ${problem}`;
  }
  return problemOfLength(held, tensorByteLength(tensor.dtype, tensor.dims));
}

function problemOfLength(found: number, expected: number): string | undefined {
  return found === expected ? undefined : `found ${found} bytes, expected ${expected}`;
}

function panelLayoutOf(text: string): PanelLayout | undefined {
  try {
    const layout = JSON.parse(text) as Partial<PanelLayout> | null;
    const numbers = [layout?.k0, layout?.k, layout?.m0, layout?.m, layout?.columns];
    const isWhole = layout?.kind === 'panels' && typeof layout.transposed === 'boolean'
      && numbers.every((number) => Number.isSafeInteger(number) && number! >= 0);
    return isWhole ? (layout as PanelLayout) : undefined;
  } catch {
    return undefined;
  }
}

function fits({ k0, k, m0, m, columns, transposed }: PanelLayout, dims: readonly number[]): boolean {
  const [inputs, outputs] = transposed ? [dims[1], dims[0]] : dims;
  return dims.length === 2 && columns === dims[1] && k0 + k <= inputs! && m0 + m <= outputs!;
}

function joined(blocks: readonly Uint8Array[]): Uint8Array {
  return blocks.length === 1 ? blocks[0]! : new Uint8Array(Buffer.concat(blocks));
}
