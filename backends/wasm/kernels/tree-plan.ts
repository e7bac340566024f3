/** Which layout, and with it which kernel, a tree ensemble gets. */
import type { TensorValue } from '../../../ir/tensor-data.js';
import { readForest, testsMembership, TREE_TENSORS } from './forest.js';
import { packWalk, planWalk, treeParts, type TreeLayout } from './tree-layout.js';
import { packMasks, planMasks, type TreeMaskLayout } from './tree-masks-layout.js';

export type ForestLayout = TreeLayout | TreeMaskLayout;

/** The layout a forest needs; a string says why there is none. */
export function planTrees(
  values: readonly TensorValue[],
  options: { readonly targets: number; readonly additive: boolean },
): ForestLayout | string {
  if (testsMembership(values)) return 'tree nodes that test membership in a set';
  const forest = readForest(values, dtypeOf(values));
  const single = forest.trees.every((tree) => tree.target >= 0);
  if (!single && !options.additive) return 'trees of several targets combined by min or max';
  if (!options.additive && new Set(forest.trees.map((tree) => tree.target)).size < options.targets)
    return 'min or max over targets that have no tree';
  return (
    (single ? planMasks(forest, options.targets) : undefined) ?? planWalk(forest, { targets: options.targets, single })
  );
}

export function packTrees(values: readonly TensorValue[], layout: ForestLayout): Uint8Array {
  const forest = readForest(values, layout.dtype);
  return layout.kind === 'trees' ? packWalk(forest, layout) : packMasks(forest, layout);
}

export function forestBytes(layout: ForestLayout): number {
  return layout.kind === 'trees' ? treeParts(layout).end : layout.byteLength;
}

function dtypeOf(values: readonly TensorValue[]): 'f32' | 'f64' {
  return values[TREE_TENSORS.indexOf('threshold')]!.dtype === 'f64' ? 'f64' : 'f32';
}
