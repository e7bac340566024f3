/**
 * The benchmark's models, made from a seed: dense networks of the shape of a fraud score, boosted trees, and a
 * network of any size.
 */
import type { ModelSpec, NodeSpec, TensorSource } from './onnx-writer.js';
import { seeded, uniformChunks, type Random } from './random.js';

export const FEATURE_COUNT = 28;

/**
 * `x` [rows, widths[0]] through Gemm + Relu layers of the given widths, the last one under Softmax:
 * `probabilities` [rows, last]. Weights are [outputs, inputs] under transB, as PyTorch exports them.
 */
export function denseModel(name: string, widths: readonly number[], seed: number): ModelSpec {
  const nodes: NodeSpec[] = [];
  const initializers: TensorSource[] = [];
  for (let layer = 0; layer + 1 < widths.length; layer++) {
    const [inputs, outputs] = [widths[layer], widths[layer + 1]];
    const last = layer + 2 === widths.length;
    const input = layer === 0 ? 'x' : `h${layer}`;
    const [weight, bias] = [`w${layer + 1}`, `b${layer + 1}`];
    // He's bound for uniform weights before Relu keeps the variance of activations from layer to layer.
    initializers.push(
      uniformTensor({
        name: weight,
        dims: [outputs, inputs],
        limit: Math.sqrt(6 / inputs),
        seed: seed + 2 * layer,
      }),
    );
    initializers.push(uniformTensor({ name: bias, dims: [outputs], limit: 0.1, seed: seed + 2 * layer + 1 }));
    nodes.push({
      op: 'Gemm',
      inputs: [input, weight, bias],
      outputs: [`z${layer + 1}`],
      attributes: { transB: { int: 1 } },
    });
    nodes.push(
      last
        ? { op: 'Softmax', inputs: [`z${layer + 1}`], outputs: ['probabilities'], attributes: { axis: { int: 1 } } }
        : { op: 'Relu', inputs: [`z${layer + 1}`], outputs: [`h${layer + 1}`] },
    );
  }
  return {
    name,
    nodes,
    initializers,
    opsets: { '': 17 },
    inputs: [{ name: 'x', dtype: 'float32', dims: ['rows', widths[0]] }],
    outputs: [{ name: 'probabilities', dtype: 'float32', dims: ['rows', widths[widths.length - 1]] }],
  };
}

function uniformTensor(options: {
  name: string;
  dims: readonly number[];
  limit: number;
  seed: number;
}): TensorSource {
  const { name, dims, limit, seed } = options;
  const count = dims.reduce((product, dim) => product * dim, 1);
  // Spread the seeds: Mulberry32's streams from neighbouring seeds overlap.
  const start = Math.imul(seed + 1, 0x9e3779b1);
  return { name, dims, dtype: 'float32', chunks: () => uniformChunks({ count, limit, seed: start }) };
}

/**
 * A network 28 - width - ... - width - 2 whose square layers hold `weightBytes` of float32 weights (a multiple of
 * a layer's bytes).
 */
export function wideModel(options: {
  readonly weightBytes: number;
  readonly width: number;
  readonly seed: number;
}): ModelSpec {
  const layers = options.weightBytes / (options.width * options.width * 4);
  if (!Number.isInteger(layers) || layers < 1) {
    throw new RangeError(
      `${options.weightBytes} bytes are not a whole number of ${options.width} x ${options.width} float32 layers`,
    );
  }
  const hidden = new Array<number>(layers + 1).fill(options.width);
  return denseModel('wide', [FEATURE_COUNT, ...hidden, 2], options.seed);
}

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
