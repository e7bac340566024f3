/** The tree kernel against the oracle: shapes, modes, missing values, targets and dtypes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Tensor, TreeEnsemble } from '../../ir/node.js';
import { TREE_MODES } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { check, leaf, random, Weights } from './tile.js';

interface Forest {
  readonly trees: number;
  readonly depth: number;
  readonly features: number;
  readonly targets: number;
  readonly modes: readonly (typeof TREE_MODES)[number][];
  /** Chance that NaN goes to yes. */
  readonly missing: number;
  readonly dtype: 'f32' | 'f64';
  /** Weights a leaf holds. */
  readonly leafWeights: number;
  readonly combine: TreeEnsemble['combine'];
}

const USUAL: Forest = {
  trees: 9,
  depth: 5,
  features: 7,
  targets: 1,
  modes: ['<='],
  missing: 0,
  dtype: 'f32',
  leafWeights: 1,
  combine: 'sum',
};

function grow(data: Weights, input: Tensor, forest: Forest): TreeEnsemble {
  const next = random(forest.trees * 31 + forest.depth);
  const [roots, feature, threshold, mode, yes, no, missing, leafTarget, leafWeight]: number[][] = Array.from(
    { length: 9 },
    () => [],
  );
  const node = (depth: number, tree: number): number => {
    const n = feature!.length;
    for (const field of [feature, threshold, mode, yes, no, missing]) field!.push(0);
    if (depth === 0 || next() < 0.15) {
      mode![n] = TREE_MODES.indexOf('leaf');
      yes![n] = leafTarget!.length;
      for (let i = 0; i < forest.leafWeights; i++) {
        leafTarget!.push(forest.leafWeights === 1 ? tree % forest.targets : i % forest.targets);
        leafWeight!.push(Math.fround(next() - 0.5));
      }
      no![n] = leafTarget!.length;
      return n;
    }
    feature![n] = Math.floor(next() * forest.features);
    threshold![n] = Math.floor(next() * 8) - 4;
    mode![n] = TREE_MODES.indexOf(forest.modes[Math.floor(next() * forest.modes.length)]!);
    missing![n] = next() < forest.missing ? 1 : 0;
    yes![n] = node(depth - 1, tree);
    no![n] = node(depth - 1, tree);
    return n;
  };
  for (let tree = 0; tree < forest.trees; tree++) roots!.push(node(forest.depth, tree));
  const ints = (values: readonly number[]): Tensor => data.add('i32', [values.length], Int32Array.from(values));
  const bytes = (values: readonly number[]): Tensor => data.add('u8', [values.length], Uint8Array.from(values));
  const reals = (values: readonly number[]): Tensor =>
    data.add(
      forest.dtype,
      [values.length],
      forest.dtype === 'f32' ? Float32Array.from(values) : Float64Array.from(values),
    );
  return make({
    kind: 'tree_ensemble',
    input,
    roots: ints(roots!),
    feature: ints(feature!),
    threshold: reals(threshold!),
    mode: bytes(mode!),
    yes: ints(yes!),
    no: ints(no!),
    missingYes: bytes(missing!),
    leafTarget: ints(leafTarget!),
    leafWeight: reals(leafWeight!),
    base: reals(Array.from({ length: forest.targets }, (_, i) => i + 0.5)),
    targets: forest.targets,
    combine: forest.combine,
  });
}

const CASES: Readonly<Record<string, Partial<Forest>>> = {
  'one tree of one leaf': { trees: 1, depth: 0 },
  'uneven trees': { trees: 40, depth: 9 },
  'all comparisons': { modes: ['<=', '<', '>=', '>'], trees: 20 },
  equalities: { modes: ['==', '!=', '<='], trees: 20, depth: 6, missing: 0.5 },
  'NaN to yes': { missing: 1 },
  'NaN to either side': { missing: 0.5, modes: ['<=', '<', '>=', '>'] },
  'a target a tree': { targets: 3, trees: 12 },
  'several weights a leaf': { targets: 5, leafWeights: 5 },
  'many targets': { targets: 37, leafWeights: 37 },
  doubles: { dtype: 'f64', missing: 0.5 },
  'doubles, several targets': { dtype: 'f64', targets: 3, leafWeights: 3, combine: 'mean' },
  mean: { combine: 'mean' },
  min: { combine: 'min' },
  max: { combine: 'max', targets: 2, trees: 8 },
  'many features': { features: 400, trees: 5 },
  'a deep tree': { depth: 14, trees: 2 },
};
for (const [name, part] of Object.entries(CASES)) {
  test(name, () => {
    const forest = { ...USUAL, ...part };
    const data = new Weights();
    const input = leaf(forest.dtype, forest.features);
    const next = random(17);
    const rows = 301;
    const values = Array.from({ length: rows * forest.features }, () =>
      next() < 0.1 ? NaN : next() < 0.5 ? Math.floor(next() * 10) - 5 : (next() - 0.5) * 10,
    );
    const value: TensorValue = {
      dtype: forest.dtype,
      dims: [rows, forest.features],
      data: forest.dtype === 'f32' ? Float32Array.from(values) : Float64Array.from(values),
    };
    const explain = check([grow(data, input, forest)], new Map([[input as Tensor, value]]), {
      data,
      tolerance: { absolute: 1e-5 },
    });
    assert.is(explain.length, 1);
  });
}

test.run();
