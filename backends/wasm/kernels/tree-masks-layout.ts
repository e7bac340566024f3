/**
 * The layout of trees as masks (`masks.ts`): what `tree-masks.ts` reads.
 *
 *   features    48 bytes each, see `FEATURE`
 *   thresholds  of a feature, ascending, then infinity for a search that begins at the last
 *   buckets     of a feature (`buckets.ts`): for each an i32, the bytes of the thresholds before it
 *   columns     of codes, of a feature one after the other, 4 i32 each, see `COLUMN`
 *   ranks       for a column the code of each rank
 *   turned      pairs of i32: the column whose bits are turned, and the one they make
 *   trees       32 bytes each, see `TREE`
 *   entries     4 bytes: u16 column, i8 number of the threshold, u8 leaves that are cleared where code > number
 *   leaves      of a tree, by number, 8 for each byte of its mask: f32 as four planes, all first bytes and so on; f64
 *               one after the other
 *   spans       of a column, for `tree-narrow.ts`: two i32, where its splits begin and end
 *   begins      of a column and a code, from the lowest: u16, how many of its splits have a lower number
 *   splits      of a column, by number: 24 bytes each, see `SPLIT`
 *   weights     for `tree-narrow.ts` where `leaves` are planes: the f32 of each leaf, in their order
 *
 * A mask has as many bytes as the leaves of its tree need, a power of two.
 *
 * The rank of a value among all thresholds of its feature is searched once, and looked up for each group's columns.
 * Codes lie 128 lower, as bytes compare signed.
 */
import { leafSum, type Forest } from './forest.js';
import { columnKey, isTurned, masksOf, type MaskEntry, type MaskGroup, type Masks, type MaskTree } from './masks.js';

export interface TreeMaskLayout {
  readonly kind: 'tree-masks';
  readonly dtype: 'f32' | 'f64';
  readonly targets: number;
  readonly trees: number;
  readonly nodes: number;
  /** Bytes of the widest mask: 8 leaves each. */
  readonly maskBytes: number;
  /** Of all trees. */
  readonly allMaskBytes: number;
  readonly features: number;
  /** Columns of codes, and how many of them are turned from another. */
  readonly columns: number;
  readonly turned: number;
  readonly entries: number;
  /** Nodes that `tree-narrow.ts` can do without; 0 where there are too many of them to do that. */
  readonly splits: number;
  /** Entries that are left of them at most. */
  readonly narrowEntries: number;
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
/**
 * Of a tree: i32 target, for each byte of its mask how many entries it has, bytes of the mask, splits, leaves; then how
 * many bytes of entries and of leaves lie before its own. The u8 `rank` and the f64 `most` are of trees that are cut
 * down, for `tree-stops.ts`.
 */
export const TREE = {
  target: 0, counts: 4, maskBytes: 12, splits: 13, leaves: 14, rank: 15, entriesAt: 16, leavesAt: 20, most: 24,
  bytes: 32,
};
export const ENTRY_BYTES = 4;
export const SPAN_BYTES = 8;
/** Codes are bytes, and of each a u16 is kept. */
export const BEGINS_BYTES = 512;
/** Of a split: the leaves of its smaller and its larger side as bits, the bytes of trees before its own, its number. */
export const SPLIT = { smaller: 0, larger: 8, tree: 16, number: 20, bytes: 24 };
/** As many as a u16 counts. */
const MOST_SPLITS = 65_535;
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
  const trees = groups.flatMap((group) => group.trees);
  const count = (of: (tree: MaskTree) => number): number => trees.reduce((sum, tree) => sum + of(tree), 0);
  const splits = count((tree) => tree.splits.length);
  const layout = {
    kind: 'tree-masks',
    dtype: forest.dtype,
    targets,
    trees: forest.trees.length,
    nodes: forest.trees.reduce((sum, tree) => sum + tree.nodes.length, 0),
    maskBytes,
    allMaskBytes: count((tree) => tree.maskBytes),
    features: features.length,
    columns,
    turned: turned.length,
    entries: count((tree) => tree.entries.length),
    splits: splits > MOST_SPLITS ? 0 : splits,
    narrowEntries: count(mostEntries),
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

/** Of a tree of which leaves are left out: those of a split may come to lie across more bytes than before. */
function mostEntries({ splits, maskBytes }: MaskTree): number {
  return splits.reduce((sum, { first, middle }) => sum + Math.min(maskBytes, ((middle - first + 6) >> 3) + 1), 0);
}

/** Instructions a row, by counting those of the kernels. */
function maskCost({ features, groups }: Masks): number {
  let cost = 0;
  for (const { buckets, columns } of features) cost += 14 + 4 * buckets.steps + 3 * columns.length;
  for (const { entries, maskBytes } of groups.flatMap((group) => group.trees))
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
    trees: take(layout.trees * TREE.bytes),
    entries: take(layout.entries * ENTRY_BYTES),
    leaves: take(leavesBytes(layout)),
    spans: take(layout.splits === 0 ? 0 : layout.columns * SPAN_BYTES),
    begins: take(layout.splits === 0 ? 0 : layout.columns * BEGINS_BYTES),
    splits: take(layout.splits * SPLIT.bytes),
    weights: take(layout.splits === 0 || layout.dtype === 'f64' ? 0 : layout.allMaskBytes * 8 * 4),
    end: at,
  };
}

/** Planes of eight are read as vectors: the last one has something behind it. */
export function leavesBytes({ allMaskBytes, dtype }: Pick<TreeMaskLayout, 'allMaskBytes' | 'dtype'>): number {
  return allMaskBytes * 8 * valueBytesOf(dtype) + 16;
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
  if (layout.splits > 0) writeSplits(view, masks, layout);
  masks.turned.forEach(([from, to], i) => {
    set(parts.turned + i * TURNED_BYTES, from * BLOCK_ROWS);
    set(parts.turned + i * TURNED_BYTES + 4, to * BLOCK_ROWS);
  });
  let [treeAt, entryAt, leavesAt, weightsAt] = [parts.trees, parts.entries, parts.leaves, parts.weights];
  const hasWeights = layout.splits > 0 && layout.dtype === 'f32';
  for (const group of masks.groups) {
    for (const tree of group.trees) {
      set(treeAt + TREE.target, tree.target);
      bytes[treeAt + TREE.maskBytes] = tree.maskBytes;
      bytes[treeAt + TREE.splits] = tree.splits.length;
      bytes[treeAt + TREE.leaves] = tree.leaves.length;
      set(treeAt + TREE.entriesAt, entryAt - parts.entries);
      set(treeAt + TREE.leavesAt, leavesAt - parts.leaves);
      for (const entry of tree.entries) {
        bytes[treeAt + TREE.counts + entry.byte]!++;
        view.setUint16(entryAt, columnOf(group, entry) * BLOCK_ROWS, true);
        view.setInt8(entryAt + 2, numberOf(group, entry));
        bytes[entryAt + 3] = entry.bits;
        entryAt += ENTRY_BYTES;
      }
      const weights = tree.leaves.map((leaf) => leafSum(forest, leaf));
      writeLeaves(view, leavesAt, { weights, maskBytes: tree.maskBytes, dtype: layout.dtype });
      if (hasWeights) weights.forEach((weight, i) => view.setFloat32(weightsAt + i * 4, weight, true));
      treeAt += TREE.bytes;
      weightsAt += tree.maskBytes * 8 * 4;
      leavesAt += tree.maskBytes * 8 * valueBytesOf(layout.dtype);
    }
  }
  return bytes;
}

type Test = Pick<MaskEntry, 'feature' | 'variant' | 'threshold'>;

function columnOf(group: MaskGroup, { feature, variant }: Test): number {
  return group.columns.get(columnKey(feature, variant))!;
}

/** The number of its threshold: x > t is code > number; x <= t is turned(code) > turned(number + 1). */
function numberOf(group: MaskGroup, test: Test): number {
  const number = group.thresholds.get(test.feature)!.indexOf(test.threshold);
  return isTurned(test) ? 126 - number : number - CODE_BIAS;
}

function writeSplits(view: DataView, { groups, columns }: Masks, layout: TreeMaskLayout): void {
  const parts = maskParts(layout);
  const all = groups
    .flatMap((group) => group.trees.map((tree) => ({ group, tree })))
    .flatMap(({ group, tree }, i) =>
      tree.splits.map((split) => {
        const [column, number] = [columnOf(group, split), numberOf(group, split)];
        return { ...split, tree: i, column, number };
      }),
    )
    .sort((a, b) => a.column - b.column || a.number - b.number || a.tree - b.tree);
  all.forEach(({ tree, first, middle, end, number }, i) => {
    const at = parts.splits + i * SPLIT.bytes;
    view.setBigUint64(at + SPLIT.smaller, below(middle) - below(first), true);
    view.setBigUint64(at + SPLIT.larger, below(end) - below(middle), true);
    view.setInt32(at + SPLIT.tree, tree * TREE.bytes, true);
    view.setInt8(at + SPLIT.number, number);
  });
  const own = Array.from({ length: columns }, (): number[] => []);
  for (const { column, number } of all) own[column]!.push(number);
  let before = 0;
  own.forEach((numbers, column) => {
    const place = (count: number): number => parts.splits + count * SPLIT.bytes;
    view.setInt32(parts.spans + column * SPAN_BYTES, place(before), true);
    before += numbers.length;
    view.setInt32(parts.spans + column * SPAN_BYTES + 4, place(before), true);
    let lower = 0;
    for (let i = 0; i < BEGINS_BYTES / 2; i++) {
      while (lower < numbers.length && numbers[lower]! < i - CODE_BIAS) lower++;
      view.setUint16(parts.begins + column * BEGINS_BYTES + i * 2, lower, true);
    }
  });
}

/** The leaves before one, as bits. */
export function below(leaf: number): bigint {
  return (1n << BigInt(leaf)) - 1n;
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
  leaves: { readonly weights: readonly number[]; readonly maskBytes: number; readonly dtype: 'f32' | 'f64' },
): void {
  const { weights, maskBytes, dtype } = leaves;
  if (dtype === 'f64') return weights.forEach((weight, i) => view.setFloat64(at + i * 8, weight, true));
  const planes = new Uint8Array(Float32Array.from(weights).buffer);
  planes.forEach((byte, i) => view.setUint8(at + (i & 3) * maskBytes * 8 + (i >> 2), byte));
}

/** With what a search reads behind the last threshold. */
function slotsOf({ thresholds, buckets }: Pick<Masks['features'][number], 'thresholds' | 'buckets'>): number {
  return thresholds.length + 2 ** buckets.steps - 1;
}

function valueBytesOf(dtype: 'f32' | 'f64'): 4 | 8 {
  return dtype === 'f32' ? 4 : 8;
}
