/**
 * The layout of trees that are walked node by node: what `tree.ts` reads.
 *
 *   header   one entry of 16 bytes a tree: root i32 (byte offset in `nodes`), depth i32, target i32, 0
 *   nodes    compact: threshold f32, feature u16 (byte offset in a row of f32), step i16
 *            wide:    threshold f32 or f64, feature i32, step i32 (16 bytes; f32 has 4 bytes of padding at the end)
 *   leaves   for each node its weight ('single'), or the i32 number of its row in `rows` ('rows')
 *   rows     for each leaf one weight a target, padded to a multiple of 4
 *
 * From node number p the walk goes to p + step when x <= threshold, else to p + step + 1. A leaf goes to itself
 * for every x, so that trees of different shape are walked in lockstep: its threshold is NaN, and its step 0 where NaN
 * goes to 'yes', -1 where it goes to 'no'. A jump is a leaf with another step. `mixed`: bit 0 of feature sends NaN to
 * 'no'.
 */
import { leafSum, type Forest, type ForestNode } from './forest.js';

export interface TreeLayout {
  readonly kind: 'trees';
  readonly dtype: 'f32' | 'f64';
  readonly node: 'compact' | 'wide';
  /** Where NaN goes. */
  readonly missing: 'yes' | 'no' | 'mixed';
  readonly leaf: 'single' | 'rows';
  readonly targets: number;
  readonly trees: number;
  readonly nodes: number;
  readonly leafRows: number;
}

const HEADER_BYTES = 16;
const MOST_COMPACT_STEP = 32_767;

export function nodeBytes(layout: Pick<TreeLayout, 'node'>): number {
  return layout.node === 'compact' ? 8 : 16;
}

/** Byte offsets of the parts. */
export function treeParts(layout: TreeLayout): {
  readonly nodes: number;
  readonly leaves: number;
  readonly rows: number;
  readonly end: number;
  readonly rowWeights: number;
} {
  const value = layout.dtype === 'f32' ? 4 : 8;
  const nodes = layout.trees * HEADER_BYTES;
  const leaves = nodes + layout.nodes * nodeBytes(layout);
  const rows = align16(leaves + layout.nodes * (layout.leaf === 'single' ? value : 4));
  const rowWeights = Math.ceil(layout.targets / 4) * 4;
  return { nodes, leaves, rows, end: rows + layout.leafRows * rowWeights * value, rowWeights };
}

function align16(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

/** The layout of the forest, whose leaves are `single` when each tree adds to one target. */
export function planWalk(forest: Forest, options: { readonly targets: number; readonly single: boolean }): TreeLayout {
  const { dtype } = forest;
  const { single, targets } = options;
  const nodes = forest.trees.flatMap((tree) => tree.nodes);
  const inner = nodes.filter((node) => node.children !== undefined);
  const toNo = inner.filter((node) => node.nanToNo).length;
  // No x is at most a threshold that is NaN (as the number below -Infinity); nor is it greater, which 'yes' asks.
  const toYes = toNo === 0 && !inner.some((node) => Number.isNaN(node.threshold));
  const compact =
    dtype === 'f32' && nodes.every((node) => Math.abs(node.step) <= MOST_COMPACT_STEP && node.feature * 4 <= 0xffff);
  return {
    kind: 'trees',
    dtype,
    node: compact ? 'compact' : 'wide',
    missing: toNo === inner.length ? 'no' : toYes ? 'yes' : 'mixed',
    leaf: single ? 'single' : 'rows',
    targets,
    trees: forest.trees.length,
    nodes: nodes.length,
    leafRows: single ? 0 : nodes.filter((node) => node.leaf !== undefined).length,
  };
}

export function packWalk(forest: Forest, layout: TreeLayout): Uint8Array {
  const parts = treeParts(layout);
  const bytes = new Uint8Array(parts.end);
  const view = new DataView(bytes.buffer);
  const size = nodeBytes(layout);
  const valueBytes = layout.dtype === 'f32' ? 4 : 8;
  const setValue = (at: number, value: number): void =>
    valueBytes === 4 ? view.setFloat32(at, value, true) : view.setFloat64(at, value, true);
  let [number, leafRow] = [0, 0];
  forest.trees.forEach((tree, t) => {
    view.setInt32(t * HEADER_BYTES, number * size, true);
    view.setInt32(t * HEADER_BYTES + 4, tree.depth, true);
    view.setInt32(t * HEADER_BYTES + 8, tree.target, true);
    for (const node of tree.nodes) {
      writeNode(view, parts.nodes + number * size, node, layout);
      if (node.leaf !== undefined && layout.leaf === 'single') {
        setValue(parts.leaves + number * valueBytes, leafSum(forest, node.leaf));
      } else if (node.leaf !== undefined) {
        view.setInt32(parts.leaves + number * 4, leafRow, true);
        const row = new Float64Array(layout.targets);
        for (let i = forest.yes[node.leaf]!; i < forest.no[node.leaf]!; i++)
          row[forest.leafTarget[i]!]! += forest.leafWeight[i]!;
        row.forEach((weight, target) =>
          setValue(parts.rows + (leafRow * parts.rowWeights + target) * valueBytes, weight),
        );
        leafRow++;
      }
      number++;
    }
  });
  return bytes;
}

function writeNode(view: DataView, at: number, node: ForestNode, layout: TreeLayout): void {
  const valueBytes = layout.dtype === 'f32' ? 4 : 8;
  const still = node.children === undefined;
  // A leaf or jump takes the side of NaN: 'yes' adds nothing to its step, 'no' adds one.
  const step = still && layout.missing !== 'yes' ? node.step - 1 : node.step;
  const feature = node.feature * valueBytes + (layout.missing === 'mixed' && (still || node.nanToNo) ? 1 : 0);
  if (layout.node === 'compact') {
    view.setFloat32(at, node.threshold, true);
    view.setUint16(at + 4, feature, true);
    view.setInt16(at + 6, step, true);
    return;
  }
  if (valueBytes === 4) view.setFloat32(at, node.threshold, true);
  else view.setFloat64(at, node.threshold, true);
  view.setInt32(at + valueBytes, feature, true);
  view.setInt32(at + valueBytes + 4, step, true);
}
