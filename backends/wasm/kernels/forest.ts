/**
 * A tree ensemble as kernels see it: all comparisons are brought to x <= threshold (x < t is x <= the number below t;
 * >, >= and != swap the sides; == is two nodes, the second of which jumps to a place that its tree has already).
 * `tree-layout.ts` and `tree-masks-layout.ts` write it for their kernels.
 */
import { TREE_MODES } from '../../../ir/node.js';
import type { TensorValue } from '../../../ir/tensor-data.js';

/** The tensors of a tree ensemble in the order `readForest` takes them. */
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

/** A node, breadth first, with its `children` (yes, no) side by side; a leaf of the model; or a jump. */
export interface ForestNode {
  threshold: number;
  feature: number;
  nanToNo: boolean;
  /** How many places further `children` or the target of the jump lie; 0 of a leaf. */
  step: number;
  leaf: number | undefined;
  children: readonly [number, number] | undefined;
  jump: number | undefined;
}

export interface ForestTree {
  readonly nodes: readonly ForestNode[];
  readonly depth: number;
  /** The one target all leaves add to; -1 when there are several. */
  readonly target: number;
}

export interface Forest {
  readonly dtype: 'f32' | 'f64';
  readonly trees: readonly ForestTree[];
  readonly leafTarget: ArrayLike<number>;
  readonly leafWeight: ArrayLike<number>;
  readonly yes: ArrayLike<number>;
  readonly no: ArrayLike<number>;
}

/** Whether nodes test membership in a set, which has no threshold. */
export function testsMembership(values: readonly TensorValue[]): boolean {
  return numbers(values[TREE_TENSORS.indexOf('mode')]!).includes(TREE_MODES.indexOf('in'));
}

/** What a row gains at a leaf, all its weights taken together. */
export function leafSum({ yes, no, leafWeight }: Forest, leaf: number): number {
  let sum = 0;
  for (let i = yes[leaf]!; i < no[leaf]!; i++) sum += leafWeight[i]!;
  return sum;
}

function numbers(value: TensorValue): ArrayLike<number> & { includes(element: number): boolean } {
  return value.data as Float32Array;
}

export function readForest(values: readonly TensorValue[], dtype: 'f32' | 'f64'): Forest {
  const [roots, feature, threshold, mode, yes, no, missingYes, leafTarget, leafWeight] = values.map(numbers);
  const tables = { feature: feature!, threshold: threshold!, mode: mode!, yes: yes!, no: no!, missingYes: missingYes! };
  const forest = { dtype, leafTarget: leafTarget!, leafWeight: leafWeight!, yes: yes!, no: no! };
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
function flatten(root: number, tables: NodeTables, dtype: 'f32' | 'f64'): readonly ForestNode[] {
  const nodes: ForestNode[] = [];
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
  // Nothing compares with NaN: the sides stay, as no x is <= it either.
  if (Number.isNaN(threshold) && mode !== '!=') return { threshold, feature, nanToNo: !toYes, yes, no };
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

function depthOf(nodes: readonly ForestNode[]): number {
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

function targetOf(nodes: readonly ForestNode[], forest: Omit<Forest, 'trees'>): number {
  const targets = new Set<number>();
  for (const { leaf } of nodes) {
    if (leaf === undefined) continue;
    for (let i = forest.yes[leaf]!; i < forest.no[leaf]!; i++) targets.add(forest.leafTarget[i]!);
  }
  return targets.size > 1 ? -1 : ([...targets][0] ?? 0);
}
