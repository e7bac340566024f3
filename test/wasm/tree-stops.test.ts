/** Trees that stop at a bound: wanted scores are the same bit by bit, the others stay beyond it, and some are saved. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SIMD128_TIER } from '../../backends/wasm/kernel-tier.js';
import { BOUND } from '../../backends/wasm/kernels/tree-sums.js';
import type { Tensor, TreeEnsemble } from '../../ir/node.js';
import type { TensorElements, TensorValue } from '../../ir/tensor-data.js';
import { grow, USUAL, type Forest } from './forests.js';
import { evaluateTile, leaf, random, Weights, type ScoreBound } from './tile.js';

const ROWS = 512 * 5 + 130;
const MANY: Partial<Forest> = { trees: 60, thresholds: 200, missing: 0.5 };

interface Scored {
  readonly node: TreeEnsemble;
  readonly run: (bound?: Omit<ScoreBound, 'all'>) => {
    readonly values: readonly number[];
    readonly stops: boolean;
    /** Chunks that would have been passed over. */
    readonly pause: number;
  };
}

/** Rows lie near each other, and drift. `weigh` changes the weights of leaves. */
function scored(part: Partial<Forest>, weigh: (weight: number, leaf: number) => number = (weight) => weight): Scored {
  const forest = { ...USUAL, ...part };
  const weights = new Weights();
  const input = leaf(forest.dtype, forest.features);
  const node = grow(weights, input, forest);
  const heavy = node.leafWeight;
  if (heavy.kind !== 'weight') throw new Error('leaves without weights');
  const data = {
    get: (hash: string): TensorValue => {
      const value = weights.get(hash);
      if (hash !== heavy.hash) return value;
      return { ...value, data: (value.data as Float32Array).map(weigh) as TensorElements };
    },
  };
  const next = random(23);
  const drawn = Array.from({ length: ROWS * forest.features }, (_, i) => {
    const [row, feature] = [Math.floor(i / forest.features), i % forest.features];
    if (feature === 2 && next() < 0.05) return NaN;
    return Math.sin(row / 700 + feature) * 4 + next() / 20;
  });
  const value: TensorValue = {
    dtype: forest.dtype,
    dims: [ROWS, forest.features],
    data: forest.dtype === 'f32' ? Float32Array.from(drawn) : Float64Array.from(drawn),
  };
  return {
    node,
    run: (bound) => {
      const options = { data, tier: SIMD128_TIER, ...(bound === undefined ? {} : { bound: { ...bound, all: false } }) };
      const { values, bound: kept } = evaluateTile([node], new Map([[input as Tensor, value]]), options);
      const pause = kept?.getInt32(BOUND.pause, true) ?? 0;
      return { values: values[0] as number[], stops: kept !== undefined, pause };
    },
  };
}

const FORESTS: Readonly<Record<string, readonly [Partial<Forest>, ((weight: number, leaf: number) => number)?]>> = {
  sums: [MANY],
  'sums of doubles': [{ ...MANY, dtype: 'f64' }],
  means: [{ ...MANY, combine: 'mean' }],
  'stumps, whose weights are often equal': [{ ...MANY, depth: 1, trees: 70 }, (weight) => Math.round(weight * 2)],
  '64 leaves': [{ ...MANY, depth: 6, early: 0 }],
  'weights far from 0': [MANY, (weight) => weight + 10],
  'weights of all magnitudes': [MANY, (weight, at) => weight * 10 ** ((at % 13) - 6)],
  'weights below 0': [MANY, (weight) => weight - 3],
  'weights that are all one': [MANY, () => 0.1],
};
for (const [name, [part, weigh]] of Object.entries(FORESTS)) {
  for (const side of ['below', 'above'] as const) {
    test(`scores ${side} a bound are not wanted: ${name}`, () => {
      const { node, run } = scored(part, weigh);
      const all = run().values;
      const sorted = [...all].sort((a, b) => (side === 'below' ? a - b : b - a));
      const isBeyond = (score: number, bound: number): boolean => (side === 'below' ? score < bound : score > bound);
      let saved = 0;
      for (const [strict, loose] of [[0.1, 0.1], [0.5, 0.3], [0.9, 0.9], [0.99, 0.5], [0.9999, 0.9999]] as const) {
        const [strictest, loosest] = [sorted[Math.floor(strict * ROWS)]!, sorted[Math.floor(loose * ROWS)]!];
        const found = run({ trees: node, side, strictest, loosest });
        assert.ok(found.stops);
        found.values.forEach((score, row) => {
          if (Object.is(score, all[row])) return;
          saved++;
          assert.ok(isBeyond(all[row]!, strictest), `row ${row} of ${all[row]} became ${score} at ${strictest}`);
          assert.ok(isBeyond(score, loosest), `row ${row} became ${score}, not beyond ${loosest}`);
        });
      }
      if (sorted[0] !== sorted.at(-1)) assert.ok(saved > 0);
    });
  }
}

test('no bound, one that no score is beyond, and one that all are', () => {
  const { node, run } = scored(MANY);
  const all = run().values;
  for (const bound of [NaN, -Infinity, -1e30, Math.min(...all)])
    assert.equal(run({ trees: node, side: 'below', strictest: bound, loosest: bound }).values, all);
  for (const bound of [NaN, Infinity, 1e30, Math.max(...all)])
    assert.equal(run({ trees: node, side: 'above', strictest: bound, loosest: bound }).values, all);
  for (const bound of [1e30, Infinity]) {
    const { values } = run({ trees: node, side: 'below', strictest: bound, loosest: Math.min(...all) });
    assert.ok(values.every((score) => Number.isFinite(score)));
    assert.ok(values.filter((score, row) => score !== all[row]).length > ROWS / 2);
  }
});

test('judging that does not pay is left for longer and longer', () => {
  const { node, run } = scored(MANY);
  const least = Math.min(...run().values);
  const pauseAt = (bound: number): number =>
    run({ trees: node, side: 'below', strictest: bound, loosest: bound }).pause;
  assert.ok(pauseAt(least) > 0);
  assert.is(pauseAt(1e9), 0);
});

const REFUSED: Readonly<Record<string, readonly [Partial<Forest>, ((weight: number, leaf: number) => number)?]>> = {
  'several targets': [{ ...MANY, targets: 3 }],
  'the least of trees': [{ ...MANY, combine: 'min' }],
  'trees that are walked': [{ trees: 30, depth: 7, early: 0 }],
  'a weight that is no number': [MANY, (weight, at) => (at === 77 ? NaN : weight)],
  'a weight that is infinite': [MANY, (weight, at) => (at === 77 ? Infinity : weight)],
  'sums that may be infinite': [MANY, (weight) => weight * 1e38],
};
for (const [name, [part, weigh]] of Object.entries(REFUSED)) {
  test(`no bound is kept to: ${name}`, () => {
    const { node, run } = scored(part, weigh);
    const { values, stops } = run({ trees: node, side: 'below', strictest: 1e9, loosest: 1e9 });
    assert.not.ok(stops);
    assert.equal(values, run().values);
  });
}

test('the bound of other trees is not theirs', () => {
  const [own, other] = [scored(MANY), scored({ ...MANY, trees: 61 })];
  assert.not.ok(own.run({ trees: other.node, side: 'below', strictest: 1e9, loosest: 1e9 }).stops);
});

test.run();
