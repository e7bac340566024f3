/**
 * Which targets or classes of a row have a score: those that a leaf it reaches has a weight for. onnxruntime gives the
 * others no label and no base value.
 */
import type { Tensor } from '../../../ir/node.js';
import type { OperatorCall } from '../call.js';
import { call, choose, num } from '../expr.js';
import { ensembleNode, type PlacedNode, type PlacedTrees } from './tree-tables.js';

interface Scored {
  readonly input: Tensor;
  readonly trees: PlacedTrees;
  readonly targets: number;
  /** What stands for no score. */
  readonly otherwise: number;
}

/** The scores where there are some; the same tensor where every row has all. */
export function onlyScored(c: OperatorCall, scores: Tensor, { input, trees, targets, otherwise }: Scored): Tensor {
  if (alwaysScored(trees).size === targets) return scores;
  const nodes = trees.nodes.map((node) => ({
    ...node,
    weights: node.weights.map(({ target }) => ({ target, weight: 1 })),
  }));
  const counts = ensembleNode(c, input, { ...trees, nodes }, { targets, combine: 'sum', base: [] });
  return c.builder.map([scores, counts], (s, n) => choose(call('ieee_lt', num(0, n!), n!), s!, num(otherwise, s!)));
}

/** Whether the greatest score of any row is above the 0 of those that have none. */
export function someScoreIsPositive(trees: PlacedTrees): boolean {
  if (trees.nodes.some((node) => node.weights.some(({ weight }) => weight < 0))) return false;
  return leavesByTree(trees).some((leaves) => leaves.every((leaf) => leaf.weights.some(({ weight }) => weight > 0)));
}

/** Targets that all leaves of a tree have. */
function alwaysScored(trees: PlacedTrees): ReadonlySet<number> {
  const always = new Set<number>();
  for (const leaves of leavesByTree(trees)) {
    const counts = new Map<number, number>();
    for (const leaf of leaves)
      for (const target of new Set(leaf.weights.map((own) => own.target)))
        counts.set(target, (counts.get(target) ?? 0) + 1);
    for (const [target, count] of counts) if (count === leaves.length) always.add(target);
  }
  return always;
}

function leavesByTree({ nodes, roots }: PlacedTrees): readonly (readonly PlacedNode[])[] {
  return roots.map((root) => {
    const leaves: PlacedNode[] = [];
    const stack = [root];
    while (stack.length > 0) {
      const node = nodes[stack.pop()!]!;
      if (node.mode === 'leaf') leaves.push(node);
      else stack.push(...new Set([node.yes, node.no]));
    }
    return leaves;
  });
}
