/**
 * The benchmark's boosted trees, made from a seed; its dense networks are those of `examples/wide/`.
 */
import { FEATURE_COUNT } from '../../examples/wide/dense-model.js';
import type { ModelSpec } from '../../examples/wide/onnx-writer.js';
import { seeded, type Random } from './random.js';

/**
 * Boosted trees as scikit-learn's binary GradientBoostingClassifier is exported: `x` [rows, 28] gives `label` and
 * `probabilities` [rows, 2]. All trees are full; a threshold lies near the middle of what is left of its feature's
 * range, so that walks spread over the leaves.
 */
export function boostedTrees(
  name: string,
  options: { readonly trees: number; readonly depth: number; readonly seed: number },
): ModelSpec {
  const table = emptyTreeTable();
  const random = seeded(options.seed);
  for (let tree = 0; tree < options.trees; tree++) {
    const ranges = Array.from({ length: FEATURE_COUNT }, () => [-2, 2] as const);
    growTree(table, { tree, depth: options.depth, trees: options.trees }, ranges, random);
  }
  const { modes, ...lists } = table;
  return {
    name,
    opsets: { '': 17, 'ai.onnx.ml': 3 },
    initializers: [],
    nodes: [
      {
        op: 'TreeEnsembleClassifier',
        domain: 'ai.onnx.ml',
        inputs: ['x'],
        outputs: ['label', 'probabilities'],
        attributes: {
          ...Object.fromEntries(
            Object.entries(lists).map(([key, values]) => [
              key,
              key === 'nodes_values' || key === 'class_weights' ? { floats: values } : { ints: values },
            ]),
          ),
          nodes_modes: { strings: modes },
          classlabels_int64s: { ints: [0, 1] },
          base_values: { floats: [-0.5] },
          post_transform: { string: 'LOGISTIC' },
        },
      },
    ],
    inputs: [{ name: 'x', dtype: 'float32', dims: ['rows', FEATURE_COUNT] }],
    outputs: [
      { name: 'label', dtype: 'int64', dims: ['rows'] },
      { name: 'probabilities', dtype: 'float32', dims: ['rows', 2] },
    ],
  };
}

type TreeTable = ReturnType<typeof emptyTreeTable>;

/** The operator's attributes: parallel lists, one entry a node or a leaf. */
function emptyTreeTable() {
  const list = (): number[] => [];
  return {
    modes: [] as string[],
    nodes_treeids: list(),
    nodes_nodeids: list(),
    nodes_featureids: list(),
    nodes_values: list(),
    nodes_truenodeids: list(),
    nodes_falsenodeids: list(),
    nodes_missing_value_tracks_true: list(),
    class_treeids: list(),
    class_nodeids: list(),
    class_ids: list(),
    class_weights: list(),
  };
}

/** Nodes in depth-first order, as scikit-learn numbers them. */
function growTree(
  table: TreeTable,
  shape: { readonly tree: number; readonly depth: number; readonly trees: number },
  ranges: readonly (readonly [number, number])[],
  random: Random,
): void {
  const firstNode = table.modes.length;
  const grow = (depth: number, left: readonly (readonly [number, number])[]): number => {
    const row = table.modes.length;
    const node = row - firstNode;
    table.nodes_treeids.push(shape.tree);
    table.nodes_nodeids.push(node);
    table.nodes_missing_value_tracks_true.push(0);
    table.nodes_truenodeids.push(0);
    table.nodes_falsenodeids.push(0);
    if (depth === 0) {
      table.modes.push('LEAF');
      table.nodes_featureids.push(0);
      table.nodes_values.push(0);
      table.class_treeids.push(shape.tree);
      table.class_nodeids.push(node);
      table.class_ids.push(0);
      table.class_weights.push(((random() - 0.5) * 4) / Math.sqrt(shape.trees));
      return node;
    }
    const feature = Math.floor(random() * FEATURE_COUNT);
    const [low, high] = left[feature];
    const threshold = Math.fround(low + (high - low) * (0.35 + 0.3 * random()));
    table.modes.push('BRANCH_LEQ');
    table.nodes_featureids.push(feature);
    table.nodes_values.push(threshold);
    table.nodes_truenodeids[row] = grow(depth - 1, left.with(feature, [low, threshold]));
    table.nodes_falsenodeids[row] = grow(depth - 1, left.with(feature, [threshold, high]));
    return node;
  };
  grow(shape.depth, ranges);
}
