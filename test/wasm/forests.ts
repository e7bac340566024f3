/** Random forests for the tests of the tree kernels. */
import { make } from '../../ir/build.js';
import type { Tensor, TreeEnsemble } from '../../ir/node.js';
import { TREE_MODES } from '../../ir/node.js';
import { random, type Weights } from './tile.js';

export interface Forest {
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
  /** Different thresholds a feature. */
  readonly thresholds: number;
  /** Chance that a node above the deepest is a leaf. */
  readonly early: number;
  /**
   * Any values; within a narrow range of their feature, or numbers with as many thresholds between them as the
   * feature's number says; in every other feature nothing but NaN, or but one value.
   */
  readonly rows: 'any' | 'near' | 'counted' | 'missing' | 'alike';
  /** Where on the number line thresholds and values lie, which are from -4 to 4, or 5. */
  readonly stretch: (value: number) => number;
}

export const USUAL: Forest = {
  trees: 9,
  depth: 5,
  features: 7,
  targets: 1,
  modes: ['<='],
  missing: 0,
  dtype: 'f32',
  leafWeights: 1,
  combine: 'sum',
  thresholds: 8,
  early: 0.15,
  rows: 'any',
  stretch: (value) => value,
};

export function grow(data: Weights, input: Tensor, forest: Forest): TreeEnsemble {
  const next = random(forest.trees * 31 + forest.depth);
  const [roots, feature, threshold, mode, yes, no, missing, leafTarget, leafWeight]: number[][] = Array.from(
    { length: 9 },
    () => [],
  );
  const node = (depth: number, tree: number): number => {
    const n = feature!.length;
    for (const field of [feature, threshold, mode, yes, no, missing]) field!.push(0);
    if (depth === 0 || next() < forest.early) {
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
    threshold![n] = forest.stretch((Math.floor(next() * forest.thresholds) * 8) / forest.thresholds - 4);
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
