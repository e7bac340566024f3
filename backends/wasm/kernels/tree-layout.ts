/**
 * The layout of tree ensembles: what the tree kernel reads.
 *
 *   header   one entry of 16 bytes a tree: root i32 (byte offset in `nodes`), depth i32, target i32, 0
 *   nodes    compact: threshold f32, feature u16 (byte offset in a row of f32), step i16
 *            wide:    threshold f32 or f64, feature i32, step i32 (16 bytes; f32 has 4 bytes of padding at the end)
 *   leaves   for each node its weight ('single'), or the i32 number of its row in `rows` ('rows')
 *   rows     for each leaf one weight a target, padded to a multiple of 4
 *
 * From node number p the walk goes to p + step when x <= threshold, else to p + step + 1: all comparisons are brought
 * to this form (x < t is x <= the number below t; >, >= and != swap the sides; == is two nodes). A leaf goes to itself
 * for every x, so that trees of different shape are walked in lockstep: its threshold is NaN, and its step 0 where NaN
 * goes to 'yes', -1 where it goes to 'no'. A jump is a leaf with another step. `mixed`: bit 0 of feature sends NaN to
 * 'no'.
 */
import { TREE_MODES } from '../../../ir/node.js';
import type { TensorValue } from '../../../ir/tensor-data.js';

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

/** The tensors of a tree ensemble in the order `packTrees` takes them. */
export const TREE_TENSORS = [
  'roots',
  'feature',
  'threshold',
  'mode',
  'yes',
  'no',
  'missingYes',
  'leafTarget',
  'leafWeight',
] as const;

interface PackedNode {
  threshold: number;
  feature: number;
  nanToNo: boolean;
  step: number;
  leaf: number | undefined;
  children: readonly [number, number] | undefined;
  jump: number | undefined;
}

interface PackedTree {
  readonly nodes: readonly PackedNode[];
  readonly depth: number;
  readonly target: number;
}

interface Forest {
  readonly trees: readonly PackedTree[];
  readonly leafTarget: ArrayLike<number>;
  readonly leafWeight: ArrayLike<number>;
  readonly yes: ArrayLike<number>;
  readonly no: ArrayLike<number>;
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

/** The layout a forest needs; a string says why there is none. */
export function planTrees(
  values: readonly TensorValue[],
  options: { readonly targets: number; readonly additive: boolean },
): TreeLayout | string {
  const [, , threshold, mode] = values;
  if (numbers(mode!).includes(TREE_MODES.indexOf('in'))) return 'tree nodes that test membership in a set';
  const dtype = threshold!.dtype === 'f64' ? 'f64' : 'f32';
  const forest = readForest(values, dtype);
  const nodes = forest.trees.flatMap((tree) => tree.nodes);
  const inner = nodes.filter((node) => node.children !== undefined);
  const toNo = inner.filter((node) => node.nanToNo).length;
  const single = forest.trees.every((tree) => tree.target >= 0);
  if (!single && !options.additive) return 'trees of several targets combined by min or max';
  if (!options.additive && new Set(forest.trees.map((tree) => tree.target)).size < options.targets)
    return 'min or max over targets that have no tree';
  const compact =
    dtype === 'f32' && nodes.every((node) => Math.abs(node.step) <= MOST_COMPACT_STEP && node.feature * 4 <= 0xffff);
  return {
    kind: 'trees',
    dtype,
    node: compact ? 'compact' : 'wide',
    missing: toNo === inner.length ? 'no' : toNo === 0 ? 'yes' : 'mixed',
    leaf: single ? 'single' : 'rows',
    targets: options.targets,
    trees: forest.trees.length,
    nodes: nodes.length,
    leafRows: single ? 0 : nodes.filter((node) => node.leaf !== undefined).length,
  };
}

export function packTrees(values: readonly TensorValue[], layout: TreeLayout): Uint8Array {
  const forest = readForest(values, layout.dtype);
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

function leafSum({ yes, no, leafWeight }: Forest, leaf: number): number {
  let sum = 0;
  for (let i = yes[leaf]!; i < no[leaf]!; i++) sum += leafWeight[i]!;
  return sum;
}

function writeNode(view: DataView, at: number, node: PackedNode, layout: TreeLayout): void {
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

function numbers(value: TensorValue): ArrayLike<number> & { includes(element: number): boolean } {
  return value.data as Float32Array;
}

function readForest(values: readonly TensorValue[], dtype: 'f32' | 'f64'): Forest {
  const [roots, feature, threshold, mode, yes, no, missingYes, leafTarget, leafWeight] = values.map(numbers);
  const tables = { feature: feature!, threshold: threshold!, mode: mode!, yes: yes!, no: no!, missingYes: missingYes! };
  const forest = { leafTarget: leafTarget!, leafWeight: leafWeight!, yes: yes!, no: no! };
  const trees = Array.from(roots!, (root) => {
    const nodes = flatten(root, tables, dtype);
    return { nodes, depth: depthOf(nodes), target: targetOf(nodes, forest) };
  });
  return { ...forest, trees };
}

interface NodeTables {
  readonly feature: ArrayLike<number>;
  readonly threshold: ArrayLike<number>;
  readonly mode: ArrayLike<number>;
  readonly yes: ArrayLike<number>;
  readonly no: ArrayLike<number>;
  readonly missingYes: ArrayLike<number>;
}

/** What is still to be placed: a node of the model, the second half of an equality, or a jump. */
type Pending =
  | { readonly node: number }
  | { readonly below: number; readonly equal: number }
  | { readonly jumpTo: { place: number } };

/** A tree breadth first, children side by side. */
function flatten(root: number, tables: NodeTables, dtype: 'f32' | 'f64'): readonly PackedNode[] {
  const nodes: PackedNode[] = [];
  const queue: Pending[] = [{ node: root }];
  const elsewhere = new Map<number, { place: number }>();
  for (let place = 0; place < queue.length; place++) {
    const item = queue[place]!;
    const held = 'node' in item ? elsewhere.get(item.node) : undefined;
    if (held !== undefined) held.place = place;
    const split = splitOf(item, tables, dtype);
    if (split === undefined) {
      const jump = 'jumpTo' in item ? item.jumpTo.place : undefined;
      nodes.push({
        threshold: NaN,
        feature: 0,
        nanToNo: true,
        step: 0,
        leaf: 'node' in item ? item.node : undefined,
        children: undefined,
        jump,
      });
      continue;
    }
    const children = [queue.length, queue.length + 1] as const;
    for (const side of [split.yes, split.no]) {
      if ('equalNo' in side) queue.push({ jumpTo: elsewhereOf(elsewhere, side.equalNo) });
      else queue.push(side);
    }
    nodes.push({
      threshold: split.threshold,
      feature: split.feature,
      nanToNo: split.nanToNo,
      step: children[0] - place,
      leaf: undefined,
      children,
      jump: undefined,
    });
  }
  // Jumps go to places that were not known when they were met.
  queue.forEach((item, place) => {
    if ('jumpTo' in item) Object.assign(nodes[place]!, { jump: item.jumpTo.place, step: item.jumpTo.place - place });
  });
  return nodes;
}

function elsewhereOf(elsewhere: Map<number, { place: number }>, node: number): { place: number } {
  let held = elsewhere.get(node);
  if (held === undefined) elsewhere.set(node, (held = { place: -1 }));
  return held;
}

type Side =
  { readonly node: number } | { readonly below: number; readonly equal: number } | { readonly equalNo: number };
interface Split {
  readonly threshold: number;
  readonly feature: number;
  readonly nanToNo: boolean;
  readonly yes: Side;
  readonly no: Side;
}

/** The `x <= threshold` form of a node; undefined for leaves and jumps. */
function splitOf(item: Pending, tables: NodeTables, dtype: 'f32' | 'f64'): Split | undefined {
  if ('jumpTo' in item) return undefined;
  const node = 'node' in item ? item.node : item.below;
  const mode = TREE_MODES[tables.mode[node]!]!;
  if (mode === 'leaf') return undefined;
  const [feature, threshold] = [tables.feature[node]!, tables.threshold[node]!];
  const toYes = tables.missingYes[node] === 1;
  const [yes, no] = [{ node: tables.yes[node]! }, { node: tables.no[node]! }];
  const below = nextBelow(threshold, dtype);
  // Second half of an equality: x <= threshold is known, so x is equal unless it is below.
  if ('below' in item) {
    const unequal = mode === '==' ? no : yes;
    return { threshold: below, feature, nanToNo: true, yes: { equalNo: unequal.node }, no: { node: item.equal } };
  }
  switch (mode) {
    case '<=':
      return { threshold, feature, nanToNo: !toYes, yes, no };
    case '<':
      return { threshold: below, feature, nanToNo: !toYes, yes, no };
    case '>':
      return { threshold, feature, nanToNo: toYes, yes: no, no: yes };
    case '>=':
      return { threshold: below, feature, nanToNo: toYes, yes: no, no: yes };
    case '==':
      return { threshold, feature, nanToNo: !toYes, yes: { below: node, equal: yes.node }, no };
    case '!=':
      return { threshold, feature, nanToNo: toYes, yes: { below: node, equal: no.node }, no: yes };
    case 'in':
      throw new Error('membership has no threshold');
  }
}

/** The greatest float less than x. */
function nextBelow(x: number, dtype: 'f32' | 'f64'): number {
  if (x === -Infinity || Number.isNaN(x)) return NaN;
  if (x === 0) return dtype === 'f32' ? -(2 ** -149) : -Number.MIN_VALUE;
  if (dtype === 'f32') {
    const bits = new Int32Array(Float32Array.of(x).buffer);
    bits[0]! += x > 0 ? -1 : 1;
    return new Float32Array(bits.buffer)[0]!;
  }
  const bits = new BigInt64Array(Float64Array.of(x).buffer);
  bits[0]! += x > 0 ? -1n : 1n;
  return new Float64Array(bits.buffer)[0]!;
}

function depthOf(nodes: readonly PackedNode[]): number {
  const depth = new Int32Array(nodes.length);
  // Children and jump targets may lie before a jump, so depths are found until nothing changes.
  for (let changed = true; changed;) {
    changed = false;
    nodes.forEach((node, place) => {
      for (const next of node.children ?? (node.jump === undefined ? [] : [node.jump])) {
        if (depth[next]! < depth[place]! + 1) {
          depth[next] = depth[place]! + 1;
          changed = true;
        }
      }
    });
  }
  return depth.reduce((a, b) => Math.max(a, b), 0);
}

/** The one target all leaves of a tree add to; -1 when there are several. */
function targetOf(nodes: readonly PackedNode[], forest: Omit<Forest, 'trees'>): number {
  const targets = new Set<number>();
  for (const { leaf } of nodes) {
    if (leaf === undefined) continue;
    for (let i = forest.yes[leaf]!; i < forest.no[leaf]!; i++) targets.add(forest.leafTarget[i]!);
  }
  return targets.size > 1 ? -1 : ([...targets][0] ?? 0);
}
