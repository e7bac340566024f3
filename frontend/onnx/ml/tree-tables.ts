/**
 * Trees as the model lists them (nodes by tree and node number, weights by leaf) to the tables of a TreeEnsemble node
 * (ir/node.ts): all nodes one after the other, children by position, the weights of a leaf side by side.
 *
 * Invariant: no node is below itself, so walks end. Equality tests of one set may share their outcome.
 */
import { TREE_MODES, type Tensor } from '../../../ir/node.js';
import type { OperatorCall } from '../call.js';

export type TreeMode = (typeof TREE_MODES)[number];

export interface ListedNode {
  readonly tree: number;
  readonly id: number;
  readonly mode: TreeMode;
  readonly feature: number;
  readonly threshold: number;
  readonly yes: number;
  readonly no: number;
  readonly missingYes: boolean;
}

export interface ListedWeight {
  readonly tree: number;
  readonly node: number;
  readonly target: number;
  readonly weight: number;
}

/** Nodes with children by position; leaves have their weights. */
export interface PlacedNode {
  readonly mode: TreeMode;
  readonly feature: number;
  readonly threshold: number;
  readonly yes: number;
  readonly no: number;
  readonly missingYes: boolean;
  readonly weights: readonly { readonly target: number; readonly weight: number }[];
}

export interface PlacedTrees {
  readonly nodes: readonly PlacedNode[];
  readonly roots: readonly number[];
}

export interface EnsembleOptions {
  readonly targets: number;
  readonly combine: 'sum' | 'mean' | 'min' | 'max';
  readonly base: readonly number[];
}

/** Finds each listed node's children and weights by tree and node number. */
export function placeTrees(
  c: OperatorCall,
  nodes: readonly ListedNode[],
  weights: readonly ListedWeight[],
): PlacedTrees {
  const positions = new Map<string, number>();
  nodes.forEach((node, i) => {
    const key = `${node.tree}:${node.id}`;
    if (positions.has(key)) throw c.invalid(`node ${node.id} of tree ${node.tree} is listed twice`);
    positions.set(key, i);
  });
  const find = (tree: number, id: number): number => {
    const position = positions.get(`${tree}:${id}`);
    if (position === undefined) throw c.invalid(`tree ${tree} names node ${id}, which it does not have`);
    return position;
  };
  const byLeaf = new Map<number, { target: number; weight: number }[]>();
  for (const { tree, node, target, weight } of weights) {
    const at = find(tree, node);
    const own = byLeaf.get(at);
    if (own === undefined) byLeaf.set(at, [{ target, weight }]);
    else own.push({ target, weight });
  }
  const placed = nodes.map((node, i): PlacedNode => {
    const { mode, feature, threshold, missingYes } = node;
    if (mode === 'leaf')
      return { mode, feature: 0, threshold: 0, yes: 0, no: 0, missingYes: false, weights: byLeaf.get(i) ?? [] };
    return {
      mode,
      feature,
      threshold,
      missingYes: missingYes || mode === '!=',
      yes: find(node.tree, node.yes),
      no: find(node.tree, node.no),
      weights: [],
    };
  });
  return { nodes: placed, roots: rootsOf(c, nodes, placed) };
}

/** The node of each tree that is no child, in the order of the trees; checks that the rest hangs below it. */
function rootsOf(c: OperatorCall, listed: readonly ListedNode[], placed: readonly PlacedNode[]): readonly number[] {
  const isChild = new Uint8Array(placed.length);
  for (const node of placed) {
    if (node.mode === 'leaf') continue;
    for (const child of node.yes === node.no ? [node.yes] : [node.yes, node.no]) {
      if (isChild[child] === 1)
        throw c.invalid(`node ${listed[child]!.id} of tree ${listed[child]!.tree} has two parents`);
      isChild[child] = 1;
    }
  }
  const roots = listed.flatMap((_, i) => (isChild[i] === 1 ? [] : [i]));
  const trees = new Set(listed.map((node) => node.tree));
  // without two parents, a node not below a root lies on a cycle, and then its tree has no root or the counts differ
  const reached = countBelow(placed, roots);
  if (roots.length !== trees.size || reached !== placed.length) {
    throw c.invalid(
      `${trees.size} trees of ${placed.length} nodes have ${roots.length} roots, from which ${reached} nodes are reached`,
    );
  }
  return roots;
}

function countBelow(placed: readonly PlacedNode[], roots: readonly number[]): number {
  const stack = [...roots];
  let count = 0;
  while (stack.length > 0) {
    const node = placed[stack.pop()!]!;
    count++;
    if (node.mode === 'leaf') continue;
    stack.push(node.yes);
    if (node.no !== node.yes) stack.push(node.no);
  }
  return count;
}

/** The node over features [n, k] of f32 or f64; weights and thresholds take that dtype. */
export function ensembleNode(c: OperatorCall, input: Tensor, trees: PlacedTrees, options: EnsembleOptions): Tensor {
  const { builder: b } = c;
  const dtype = input.type.dtype as 'f32' | 'f64';
  const { nodes } = trees;
  const width = input.type.dims[1];
  const highest = nodes.reduce((most, node) => Math.max(most, node.feature), 0);
  if (typeof width === 'number' && highest >= width)
    throw c.invalid(`reads feature ${highest}, but its input has ${width}`);
  const i32 = (values: readonly number[]): Tensor =>
    b.stored({ dtype: 'i32', dims: [values.length], data: Int32Array.from(values) });
  const u8 = (values: readonly number[]): Tensor =>
    b.stored({ dtype: 'u8', dims: [values.length], data: Uint8Array.from(values) });
  const reals = (values: readonly number[]): Tensor =>
    b.stored({
      dtype,
      dims: [values.length],
      data: dtype === 'f32' ? Float32Array.from(values) : Float64Array.from(values),
    });
  const rows = nodes.flatMap((node) => node.weights);
  for (const { target } of rows)
    if (target < 0 || target >= options.targets)
      throw c.invalid(`a leaf has a weight for ${target} of ${options.targets}`);
  let row = 0;
  const starts = nodes.map((node) => { const start = row; row += node.weights.length; return start; });
  const yes = nodes.map((node, i) => (node.mode === 'leaf' ? starts[i]! : node.yes));
  const no = nodes.map((node, i) => (node.mode === 'leaf' ? starts[i]! + node.weights.length : node.no));
  return b.emit({
    kind: 'tree_ensemble', input,
    roots: i32(trees.roots), feature: i32(nodes.map((node) => node.feature)),
    threshold: reals(nodes.map((node) => node.threshold)),
    mode: u8(nodes.map((node) => TREE_MODES.indexOf(node.mode))),
    yes: i32(yes), no: i32(no), missingYes: u8(nodes.map((node) => (node.missingYes ? 1 : 0))),
    leafTarget: i32(rows.map((own) => own.target)), leafWeight: reals(rows.map((own) => own.weight)),
    base: options.base.some((value) => value !== 0) ? b.floats(dtype, options.base) : undefined,
    targets: options.targets, combine: options.combine,
  });
}
