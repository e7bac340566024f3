/**
 * The layout of trees as masks (`masks.ts`): what `tree-masks.ts` reads.
 *
 *   features    48 bytes each, see `FEATURE`
 *   thresholds  of a feature, ascending, then infinity for a search that begins at the last
 *   buckets     of a feature (`buckets.ts`): for each an i32, the bytes of the thresholds before it
 *   columns     of codes, of a feature one after the other, 4 i32 each, see `COLUMN`
 *   ranks       for a column the code of each rank
 *   turned      pairs of i32: the column whose bits are turned, and the one they make
 *   trees       16 bytes each: i32 target, then for each byte of the mask how many entries it has
 *   entries     4 bytes: u16 column, i8 number of the threshold, u8 leaves that are cleared where code > number
 *   leaves      of a tree, by number: f32 as four planes, all first bytes and so on; f64 one after the other
 *
 * The rank of a value among all thresholds of its feature is searched once, and looked up for each group's columns.
 * Codes lie 128 lower, as bytes compare signed.
 */
import { leafSum, type Forest } from './forest.js';
import { columnKey, isTurned, masksOf, type Masks } from './masks.js';

export interface TreeMaskLayout {
  readonly kind: 'tree-masks';
  readonly dtype: 'f32' | 'f64';
  readonly targets: number;
  readonly trees: number;
  readonly nodes: number;
  /** Bytes of a mask: 8 leaves each. */
  readonly maskBytes: number;
  readonly features: number;
  /** Columns of codes, and how many of them are turned from another. */
  readonly columns: number;
  readonly turned: number;
  readonly entries: number;
  readonly byteLength: number;
}

/**
 * Of a feature: its input, its thresholds, the first step of a search in bytes, its columns, its buckets; then, in the
 * thresholds' dtype, where the buckets begin, how many there are to a unit, and the last. Places are byte offsets.
 */
export const FEATURE = {
  source: 0, thresholds: 4, half: 8, columns: 12, columnCount: 16, buckets: 20, low: 24, scale: 32, last: 40, bytes: 48,
};
/** Of a column: where its codes go, its table of ranks, and where codes go in which NaN is above all (or NOWHERE). */
export const COLUMN = { codes: 0, ranks: 4, above: 8, bytes: 16 };
export const NOWHERE = -1;
export const BUCKET_BYTES = 4;
export const TURNED_BYTES = 8;
export const TREE_BYTES = 16;
export const TREE_COUNTS = 4;
export const ENTRY_BYTES = 4;
/** Rows of a block: codes and masks of a column lie 64 together. */
export const BLOCK_ROWS = 64;

/** A code is the number of thresholds that are exceeded, less this; no threshold has a number as high as the last. */
const CODE_BIAS = 128;
export const ABOVE_ALL = 127;

/** undefined where the forest has no such form, or walking it is quicker. */
export function planMasks(forest: Forest, targets: number): TreeMaskLayout | undefined {
  const masks = masksOf(forest);
  if (masks === undefined || maskCost(masks) > walkCost(forest)) return undefined;
  const { groups, features, turned, columns, maskBytes } = masks;
  const layout = {
    kind: 'tree-masks',
    dtype: forest.dtype,
    targets,
    trees: forest.trees.length,
    nodes: forest.trees.reduce((sum, tree) => sum + tree.nodes.length, 0),
    maskBytes,
    features: features.length,
    columns,
    turned: turned.length,
    entries: groups.flatMap((group) => group.trees).reduce((sum, tree) => sum + tree.entries.length, 0),
  } as const;
  const searched = features.reduce(
    (bytes, feature) =>
      bytes +
      align(slotsOf(feature) * valueBytesOf(forest.dtype)) +
      align(feature.buckets.begins.length * BUCKET_BYTES) +
      feature.columns.length * align(feature.thresholds.length + 1),
    0,
  );
  return { ...layout, byteLength: maskParts(layout).end + searched };
}

/** Instructions a row, by counting those of the kernels. */
function maskCost({ features, groups, maskBytes }: Masks): number {
  let cost = 0;
  for (const { buckets, columns } of features) cost += 14 + 4 * buckets.steps + 3 * columns.length;
  for (const { entries } of groups.flatMap((group) => group.trees))
    cost += 1.2 + 0.7 * maskBytes + 0.35 * entries.length;
  return cost;
}

function walkCost({ trees }: Forest): number {
  return trees.reduce((sum, tree) => sum + 8 + 8 * tree.depth, 0);
}

/** Byte offsets of the parts; thresholds and ranks, which are found through the features, lie behind `end`. */
export function maskParts(layout: Omit<TreeMaskLayout, 'byteLength'>) {
  let at = 0;
  const take = (bytes: number): number => {
    const place = at;
    at += align(bytes);
    return place;
  };
  return {
    features: take(layout.features * FEATURE.bytes),
    // At most.
    columns: take((layout.columns - layout.turned) * COLUMN.bytes),
    turned: take(layout.turned * TURNED_BYTES),
    trees: take(layout.trees * TREE_BYTES),
    entries: take(layout.entries * ENTRY_BYTES),
    // Planes of eight are read as vectors: the last one has something behind it.
    leaves: take(layout.trees * layout.maskBytes * 8 * valueBytesOf(layout.dtype) + 16),
    end: at,
  };
}

function align(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

export function packMasks(forest: Forest, layout: TreeMaskLayout): Uint8Array {
  const masks = masksOf(forest)!;
  const parts = maskParts(layout);
  const bytes = new Uint8Array(layout.byteLength);
  const view = new DataView(bytes.buffer);
  const set = (at: number, value: number): void => view.setInt32(at, value, true);
  writeFeatures(view, masks, layout);
  masks.turned.forEach(([from, to], i) => {
    set(parts.turned + i * TURNED_BYTES, from * BLOCK_ROWS);
    set(parts.turned + i * TURNED_BYTES + 4, to * BLOCK_ROWS);
  });
  let [treeAt, entryAt, leavesAt] = [parts.trees, parts.entries, parts.leaves];
  for (const group of masks.groups) {
    for (const tree of group.trees) {
      set(treeAt, tree.target);
      for (const entry of tree.entries) {
        const { feature, variant, threshold, byte, bits } = entry;
        bytes[treeAt + TREE_COUNTS + byte]!++;
        const number = group.thresholds.get(feature)!.indexOf(threshold);
        view.setUint16(entryAt, group.columns.get(columnKey(feature, variant))! * BLOCK_ROWS, true);
        // x > t is code > number; x <= t is turned(code) > turned(number + 1).
        view.setInt8(entryAt + 2, isTurned(entry) ? 126 - number : number - CODE_BIAS);
        bytes[entryAt + 3] = bits;
        entryAt += ENTRY_BYTES;
      }
      const weights = tree.leaves.map((leaf) => leafSum(forest, leaf));
      writeLeaves(view, leavesAt, { weights, layout });
      treeAt += TREE_BYTES;
      leavesAt += layout.maskBytes * 8 * valueBytesOf(layout.dtype);
    }
  }
  return bytes;
}

function writeFeatures(view: DataView, { features }: Masks, layout: TreeMaskLayout): void {
  const parts = maskParts(layout);
  const valueBytes = valueBytesOf(layout.dtype);
  const set = (at: number, value: number): void => view.setInt32(at, value, true);
  let [columnAt, rest] = [parts.columns, parts.end];
  const setValue = (at: number, value: number): void =>
    valueBytes === 4 ? view.setFloat32(at, value, true) : view.setFloat64(at, value, true);
  features.forEach(({ feature, thresholds, buckets, columns }, i) => {
    const at = i * FEATURE.bytes;
    const slots = slotsOf({ thresholds, buckets });
    set(at + FEATURE.source, feature);
    set(at + FEATURE.thresholds, rest);
    set(at + FEATURE.half, 2 ** (buckets.steps - 1) * valueBytes);
    set(at + FEATURE.columns, columnAt);
    set(at + FEATURE.columnCount, columns.length);
    for (const name of ['low', 'scale', 'last'] as const) setValue(at + FEATURE[name], buckets[name]);
    for (let slot = 0; slot < slots; slot++) setValue(rest + slot * valueBytes, thresholds[slot] ?? Infinity);
    rest += align(slots * valueBytes);
    set(at + FEATURE.buckets, rest);
    buckets.begins.forEach((begin, bucket) => set(rest + bucket * BUCKET_BYTES, begin * valueBytes));
    rest += align(buckets.begins.length * BUCKET_BYTES);
    for (const { column, above, group } of columns) {
      set(columnAt + COLUMN.codes, column * BLOCK_ROWS);
      set(columnAt + COLUMN.ranks, rest);
      set(columnAt + COLUMN.above, above === undefined ? NOWHERE : above * BLOCK_ROWS);
      columnAt += COLUMN.bytes;
      const own = new Set(group.thresholds.get(feature));
      let code = -CODE_BIAS;
      view.setInt8(rest, code);
      thresholds.forEach((threshold, rank) => {
        if (own.has(threshold)) code++;
        view.setInt8(rest + rank + 1, code);
      });
      rest += align(thresholds.length + 1);
    }
  });
}

function writeLeaves(
  view: DataView,
  at: number,
  { weights, layout }: { readonly weights: readonly number[]; readonly layout: TreeMaskLayout },
): void {
  if (layout.dtype === 'f64') return weights.forEach((weight, i) => view.setFloat64(at + i * 8, weight, true));
  const planes = new Uint8Array(Float32Array.from(weights).buffer);
  planes.forEach((byte, i) => view.setUint8(at + (i & 3) * layout.maskBytes * 8 + (i >> 2), byte));
}

/** With what a search reads behind the last threshold. */
function slotsOf({ thresholds, buckets }: Pick<Masks['features'][number], 'thresholds' | 'buckets'>): number {
  return thresholds.length + 2 ** buckets.steps - 1;
}

function valueBytesOf(dtype: 'f32' | 'f64'): 4 | 8 {
  return dtype === 'f32' ? 4 : 8;
}
