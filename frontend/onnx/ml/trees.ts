/**
 * Tree ensembles of ai.onnx.ml: classifier, regressor (versions 1 and 3) and the TreeEnsemble that replaced both in 5.
 */
import type { Tensor } from '../../../ir/node.js';
import type { Lowered, OperatorCall } from '../call.js';
import { call, cast, num } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';
import { labelAt, labelsOf } from './labels.js';
import { bothScores } from './linear.js';
import { postTransform, postTransformOf, probit } from './post-transform.js';
import { onlyScored, someScoreIsPositive } from './scored-targets.js';
import { lowerTreeEnsemble } from './tree-ensemble.js';
import {
  ensembleNode,
  placeTrees,
  type ListedNode,
  type ListedWeight,
  type PlacedTrees,
  type TreeMode,
} from './tree-tables.js';

const MODES: Readonly<Record<string, TreeMode>> = {
  BRANCH_LEQ: '<=', BRANCH_LT: '<', BRANCH_GTE: '>=', BRANCH_GT: '>', BRANCH_EQ: '==', BRANCH_NEQ: '!=', LEAF: 'leaf',
};

/** Numbers of an attribute, or of its `_as_tensor` form. */
function numbersOf(c: OperatorCall, name: string): readonly number[] {
  const tensor = c.tensor(`${name}_as_tensor`);
  return tensor === undefined ? c.floats(name) : Array.from(tensor.data as ArrayLike<number>);
}

function listedTrees(c: OperatorCall, prefix: 'class' | 'target'): PlacedTrees {
  const [trees, ids, features, modes] = [
    c.ints('nodes_treeids'),
    c.ints('nodes_nodeids'),
    c.ints('nodes_featureids'),
    c.strings('nodes_modes'),
  ];
  const [yes, no, values] = [c.ints('nodes_truenodeids'), c.ints('nodes_falsenodeids'), numbersOf(c, 'nodes_values')];
  const missing = c.ints('nodes_missing_value_tracks_true');
  for (const [name, list] of Object.entries({ ids, features, modes, yes, no, values })) {
    if (list.length !== trees.length) throw c.invalid(`lists ${trees.length} nodes, but ${list.length} of ${name}`);
  }
  if (trees.length === 0) throw c.invalid('has no trees');
  const nodes = trees.map((tree, i): ListedNode => {
    const mode = MODES[modes[i]!];
    if (mode === undefined) throw c.invalid(`node mode ${modes[i]}`);
    if (features[i]! < 0 && mode !== 'leaf') throw c.invalid(`feature ${features[i]}`);
    return {
      tree,
      id: ids[i]!,
      mode,
      feature: features[i]!,
      threshold: values[i]!,
      yes: yes[i]!,
      no: no[i]!,
      missingYes: missing[i] === 1,
    };
  });
  return placeTrees(c, nodes, listedWeights(c, prefix));
}

function listedWeights(c: OperatorCall, prefix: 'class' | 'target'): readonly ListedWeight[] {
  const [trees, ids, targets, weights] = [
    c.ints(`${prefix}_treeids`),
    c.ints(`${prefix}_nodeids`),
    c.ints(`${prefix}_ids`),
    numbersOf(c, `${prefix}_weights`),
  ];
  if (ids.length !== trees.length || targets.length !== trees.length || weights.length !== trees.length) {
    throw c.invalid(
      `lists ${trees.length}, ${ids.length}, ${targets.length} and ${weights.length} trees, nodes, ids and weights of leaves`,
    );
  }
  return trees.map((tree, i) => ({ tree, node: ids[i]!, target: targets[i]!, weight: weights[i]! }));
}

/** Integer features compare as floats, doubles in double precision. */
function features(c: OperatorCall): Tensor {
  const input = c.input(0);
  const matrix = input.type.dims.length === 1 ? c.builder.reshape(input, [1, ...input.type.dims]) : input;
  if (matrix.type.dims.length !== 2) throw c.invalid(`features of rank ${input.type.dims.length}, expected 2`);
  return c.builder.cast(matrix, matrix.type.dtype === 'f64' ? 'f64' : 'f32');
}

function classifier(c: OperatorCall): Lowered {
  const labels = labelsOf(c, 'classlabels_int64s', 'classlabels_strings');
  if (labels === undefined) throw c.invalid('has no class labels');
  const classes = labels.type.dims[0] as number;
  const [trees, base, transform] = [listedTrees(c, 'class'), numbersOf(c, 'base_values'), postTransformOf(c)];
  const rows = trees.nodes.flatMap((node) => node.weights);
  const weighted = new Set(rows.map((row) => row.target));
  if (classes <= 2 && weighted.size === 1) return binaryClassifier(c, { trees, base, labels, only: [...weighted][0]! });
  const input = features(c);
  const based = base.length === classes;
  const scores = ensembleNode(c, input, trees, { targets: classes, combine: 'sum', base: based ? base : [] });
  const likely =
    classes <= 2 || based || someScoreIsPositive(trees)
      ? scores
      : onlyScored(c, scores, { input, trees, targets: classes, otherwise: -Infinity });
  const best = c.builder.reduce('argmax', likely, [1], { keepDims: false });
  return [labelAt(c, labels, best), c.builder.cast(postTransform(c, scores, transform), 'f32')];
}

interface Binary {
  readonly trees: PlacedTrees;
  readonly base: readonly number[];
  readonly labels: Tensor;
  /** The class that has weights. */
  readonly only: number;
}

/**
 * Two classes, one of which has weights: their sum s speaks for the positive class. Weights that are all positive are
 * probabilities (over 0.5 is positive), else s is a margin (over 0). As onnxruntime, weights of class 0 give the scores
 * [1 - s, s] (a margin [-s, s]), those of class 1 [0, s] after the post_transform of both.
 */
function binaryClassifier(c: OperatorCall, { trees, base, labels, only }: Binary): Lowered {
  const { builder: b } = c;
  const nodes = trees.nodes.map((node) => ({
    ...node,
    weights: node.weights.map(({ weight }) => ({ target: 0, weight })),
  }));
  const own = only === 1 ? (base.length === 2 ? [base[1]!] : []) : base.slice(0, 1);
  const score = ensembleNode(c, features(c), { ...trees, nodes }, { targets: 1, combine: 'sum', base: own });
  const probability = nodes.every((node) => node.weights.every(({ weight }) => weight >= 0));
  const positive = b.map([b.reshape(score, [score.type.dims[0]!])], (s) =>
    cast(call('ieee_lt', num(probability ? 0.5 : 0, s!), s!), 'i64'),
  );
  const last = (labels.type.dims[0] as number) - 1;
  const label = labelAt(c, labels, b.map([positive], (at) => call('min', at!, num(last, at!))));
  return [label, b.cast(binaryScores(c, score, { probability, only }), 'f32')];
}

function binaryScores(
  c: OperatorCall,
  score: Tensor,
  how: { readonly probability: boolean; readonly only: number },
): Tensor {
  const { builder: b } = c;
  const transform = postTransformOf(c);
  if (how.only === 1)
    return postTransform(c, b.concat([b.fill(score.type.dtype, score.type.dims, 0), score], 1), transform);
  if (how.probability || transform === 'LOGISTIC' || transform === 'PROBIT') return bothScores(c, score);
  return b.concat([b.map([score], (s) => call('neg', s!)), score], 1);
}

const AGGREGATES = { SUM: 'sum', AVERAGE: 'mean', MIN: 'min', MAX: 'max' } as const;

function regressor(c: OperatorCall): Lowered {
  const targets = c.int('n_targets', 1);
  const combine = AGGREGATES[c.choice('aggregate_function', ['SUM', 'AVERAGE', 'MIN', 'MAX'], 'SUM')];
  const base = numbersOf(c, 'base_values');
  if (base.length !== 0 && base.length !== targets)
    throw c.invalid(`has ${base.length} base values for ${targets} targets`);
  const listed = listedTrees(c, 'target');
  const [input, trees] = [features(c), targets === 1 ? withFirstWeights(listed) : listed];
  const scores = ensembleNode(c, input, trees, { targets, combine, base });
  const own =
    targets === 1 || base.length === 0 ? scores : onlyScored(c, scores, { input, trees, targets, otherwise: 0 });
  return c.builder.cast(regressorScores(c, own, targets), 'f32');
}

/**
 * Of a leaf's weights for a single target the first counts, as in onnxruntime: sklearn-onnx lists the number of a leaf
 * once for each class (`decision_path`, `decision_leaf`).
 */
function withFirstWeights(trees: PlacedTrees): PlacedTrees {
  return { ...trees, nodes: trees.nodes.map((node) => ({ ...node, weights: node.weights.slice(0, 1) })) };
}

/** A single target is transformed by PROBIT only, as a softmax or logistic of one score says nothing. */
export function regressorScores(c: OperatorCall, scores: Tensor, targets: number): Tensor {
  const transform = postTransformOf(c);
  if (targets > 1) return postTransform(c, scores, transform);
  return transform === 'PROBIT' ? c.builder.map([scores], (s) => probit(s!)) : scores;
}

const NODES =
  'nodes_falsenodeids nodes_featureids nodes_hitrates nodes_hitrates_as_tensor nodes_missing_value_tracks_true nodes_modes nodes_nodeids' +
  ' nodes_treeids nodes_truenodeids nodes_values nodes_values_as_tensor post_transform base_values base_values_as_tensor';

export const TREES = {
  TreeEnsembleClassifier: operator([1, 3, 5],
    `${NODES} class_ids class_nodeids class_treeids class_weights class_weights_as_tensor classlabels_int64s classlabels_strings`,
    classifier,
  ),
  TreeEnsembleRegressor: operator([1, 3, 5],
    `${NODES} n_targets aggregate_function target_ids target_nodeids target_treeids target_weights target_weights_as_tensor`,
    regressor,
  ),
  TreeEnsemble: operator([5],
    'aggregate_function leaf_targetids leaf_weights membership_values n_targets nodes_falseleafs nodes_falsenodeids nodes_featureids nodes_hitrates' +
      ' nodes_missing_value_tracks_true nodes_modes nodes_splits nodes_trueleafs nodes_truenodeids post_transform tree_roots',
    lowerTreeEnsemble,
  ),
} satisfies OperatorTable;

