/** The tree kernels against the oracle: shapes, modes, missing values, targets and dtypes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Tensor } from '../../ir/node.js';
import { TREE_MODES } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { grow, USUAL, type Forest } from './forests.js';
import { check, leaf, random, Weights } from './tile.js';

type Form = 'masks' | 'lockstep';
const MANY = { thresholds: 200, trees: 60, missing: 0.5 } as const;
/** From no threshold between the rows to more than are counted. */
const COUNTED = { rows: 'counted', features: 19, thresholds: 200, trees: 300 } as const;
const CASES: Readonly<Record<string, readonly [Form, Partial<Forest>]>> = {
  'one tree of one leaf': ['masks', { trees: 1, depth: 0 }],
  'stumps, 8 leaves a mask': ['masks', { trees: 50, depth: 1 }],
  '16 leaves a mask': ['masks', { trees: 30, depth: 4, early: 0 }],
  '32 leaves a mask': ['masks', { trees: 30 }],
  '64 leaves a mask': ['masks', { trees: 30, depth: 6, early: 0 }],
  'more leaves than a mask has': ['lockstep', { trees: 30, depth: 7, early: 0 }],
  'uneven trees': ['lockstep', { trees: 40, depth: 9 }],
  'all comparisons': ['masks', { modes: ['<=', '<', '>=', '>'], trees: 20 }],
  equalities: ['lockstep', { modes: ['==', '!=', '<='], trees: 20, depth: 6, missing: 0.5 }],
  'NaN to yes': ['masks', { missing: 1, trees: 20 }],
  'NaN to either side': ['masks', { missing: 0.5, modes: ['<=', '<', '>=', '>'], trees: 20 }],
  'a target a tree': ['masks', { targets: 3, trees: 21 }],
  'several weights a leaf': ['lockstep', { targets: 5, leafWeights: 5, trees: 20 }],
  'many targets': ['lockstep', { targets: 37, leafWeights: 37 }],
  doubles: ['masks', { dtype: 'f64', missing: 0.5, trees: 20 }],
  'doubles, several targets': ['lockstep', { dtype: 'f64', targets: 3, leafWeights: 3, combine: 'mean' }],
  mean: ['masks', { combine: 'mean', trees: 20 }],
  min: ['masks', { combine: 'min', trees: 20 }],
  max: ['masks', { combine: 'max', targets: 2, trees: 20 }],
  'the least of doubles': ['masks', { combine: 'min', dtype: 'f64', trees: 20 }],
  'as many thresholds as a byte holds': ['masks', { features: 2, thresholds: 254, trees: 150, missing: 0.5 }],
  'rows with values near each other': ['masks', { rows: 'near', thresholds: 200, trees: 60, missing: 0.5 }],
  'doubles near each other': ['masks', { rows: 'near', thresholds: 200, trees: 60, missing: 0.5, dtype: 'f64' }],
  'rows with few thresholds between them': ['masks', COUNTED],
  'NaN to either side, and no NaN': ['masks', { ...COUNTED, missing: 0.5, modes: ['<=', '<', '>=', '>'] }],
  'doubles with few thresholds between them': ['masks', { ...COUNTED, missing: 0.5, dtype: 'f64' }],
  'few of many thresholds between rows': ['masks', { ...COUNTED, features: 5, thresholds: 900, trees: 150 }],
  'features that are missing': ['masks', { rows: 'missing', thresholds: 30, trees: 60, missing: 0.5 }],
  'rows of which every other feature has one value': ['masks', { ...MANY, rows: 'alike' }],
  'doubles of which every other feature has one value': ['masks', { ...MANY, rows: 'alike', dtype: 'f64' }],
  '64 leaves and rows near each other': ['masks', { trees: 30, depth: 6, early: 0, rows: 'near' }],
  'more thresholds than a byte holds': ['masks', { features: 2, thresholds: 5000, trees: 150, missing: 0.5 }],
  'doubles with many thresholds': ['masks', { features: 2, thresholds: 999, trees: 80, missing: 0.5, dtype: 'f64' }],
  'thresholds of all magnitudes': ['masks', { ...MANY, stretch: (value) => Math.sign(value) * 10 ** (value * 9) }],
  'doubles of all magnitudes': [
    'masks',
    { ...MANY, dtype: 'f64', stretch: (value) => Math.sign(value) * 10 ** (value * 70) },
  ],
  'most thresholds in one place': ['masks', { ...MANY, stretch: (value) => value ** 15 }],
  'thresholds that are whole numbers': ['masks', { ...MANY, stretch: (value) => Math.round(value * 20) }],
  'the least floats there are': ['masks', { ...MANY, stretch: (value) => value * 2 ** -146 }],
  'floats whose span is infinite': ['masks', { ...MANY, stretch: (value) => value * 8e37 }],
  'doubles whose span is infinite': ['masks', { ...MANY, dtype: 'f64', stretch: (value) => value * 4e307 }],
  'many features for few trees': ['lockstep', { features: 400, trees: 5 }],
  'a block of codes larger than L1': ['masks', { features: 400, trees: 600 }],
  'more columns of codes than are numbered': ['lockstep', { features: 1100, trees: 1500 }],
  'a deep tree': ['lockstep', { depth: 14, trees: 2 }],
  'fewer trees than codes are worth': ['lockstep', { features: 7, trees: 2, depth: 2, thresholds: 1000 }],
};
for (const [name, [form, part]] of Object.entries(CASES)) {
  test(`${form}: ${name}`, () => {
    const forest = { ...USUAL, ...part };
    const data = new Weights();
    const input = leaf(forest.dtype, forest.features);
    const next = random(17);
    const rows = 557;
    const drawn = Array.from({ length: rows * forest.features }, (_, i) => {
      const kind = next();
      const feature = i % forest.features;
      if (forest.rows === 'near') return kind < 0.2 ? NaN : feature - 4 + kind / 20 + (i > rows ? 0.3 : 0);
      if (forest.rows === 'counted')
        return (Math.floor(feature * 5.3) + Math.floor(kind * (feature + 1))) * (8 / forest.thresholds) - 4;
      if (forest.rows === 'missing' && feature % 2 === 0) return NaN;
      if (forest.rows === 'alike' && feature % 2 === 0) return feature % 3 === 0 ? NaN : Math.floor(i / rows) - 4;
      if (kind < 0.1) return NaN;
      if (kind < 0.14) return kind < 0.12 ? Infinity : -Infinity;
      if (kind < 0.3) return (Math.floor(next() * forest.thresholds) * 8) / forest.thresholds - 4;
      return kind < 0.5 ? Math.floor(next() * 10) - 5 : (next() - 0.5) * 10;
    });
    const values = drawn.map(forest.stretch);
    const value: TensorValue = {
      dtype: forest.dtype,
      dims: [rows, forest.features],
      data: forest.dtype === 'f32' ? Float32Array.from(values) : Float64Array.from(values),
    };
    const explain = check([grow(data, input, forest)], new Map([[input as Tensor, value]]), {
      data,
      tolerance: { absolute: 1e-5 * Math.max(1, forest.trees / 50) },
    });
    assert.is(explain.length, 1);
    assert.match(explain[0]!, form);
  });
}

/** A tree of one comparison each, whose yes weighs nothing and whose no 2 ** tree. */
function stumps(
  data: Weights,
  input: Tensor,
  each: readonly { readonly threshold: number; readonly mode: string; readonly missingYes: boolean }[],
): Tensor {
  const nodes = each.flatMap(({ threshold, mode, missingYes }, tree) => [
    { threshold, mode, missingYes, yes: tree * 3 + 1, no: tree * 3 + 2 },
    { threshold: 0, mode: 'leaf', missingYes: false, yes: tree * 2, no: tree * 2 + 1 },
    { threshold: 0, mode: 'leaf', missingYes: false, yes: tree * 2 + 1, no: tree * 2 + 2 },
  ]);
  const ints = (values: readonly number[]): Tensor => data.add('i32', [values.length], Int32Array.from(values));
  const bytes = (values: readonly number[]): Tensor => data.add('u8', [values.length], Uint8Array.from(values));
  const reals = (values: readonly number[]): Tensor => data.add('f32', [values.length], Float32Array.from(values));
  return make({
    kind: 'tree_ensemble',
    input,
    roots: ints(each.map((_, tree) => tree * 3)),
    feature: ints(nodes.map(() => 0)),
    threshold: reals(nodes.map((node) => node.threshold)),
    mode: bytes(nodes.map((node) => TREE_MODES.indexOf(node.mode as '<='))),
    yes: ints(nodes.map((node) => node.yes)),
    no: ints(nodes.map((node) => node.no)),
    missingYes: bytes(nodes.map((node) => (node.missingYes ? 1 : 0))),
    leafTarget: ints(each.flatMap(() => [0, 0])),
    leafWeight: reals(each.flatMap((_, tree) => [0, 2 ** tree])),
    base: reals([0]),
    targets: 1,
    combine: 'sum',
  });
}

const EXTREMES = Float32Array.of(-Infinity, -1, -0, 0, 2 ** -149, 1, Math.fround(1.1), 3e38, Infinity, NaN);
const extremes: TensorValue = { dtype: 'f32', dims: [EXTREMES.length, 1], data: EXTREMES };

test('thresholds of infinity, and 0 for -0', () => {
  const data = new Weights();
  const input = leaf('f32', 1);
  const thresholds = [-Infinity, -0, 0, Infinity, 1, 2, 3, 4];
  const ensemble = stumps(data, input, thresholds.map((threshold, tree) =>
    ({ threshold, mode: '<=', missingYes: tree % 2 === 0 })));
  const [explain] = check([ensemble], new Map([[input as Tensor, extremes]]), { data });
  assert.match(explain!, 'masks');
});

const CONSTANT = [
  ['<', -Infinity], ['>=', -Infinity], ['<=', NaN], ['<', NaN], ['>', NaN], ['>=', NaN], ['==', NaN], ['!=', NaN],
] as const;
for (const [mode, threshold] of CONSTANT) {
  test(`no value is ${mode} ${threshold}, or all are, whatever side NaN takes`, () => {
    for (const missingYes of [false, true]) {
      const data = new Weights();
      const input = leaf('f32', 1);
      const ensemble = stumps(data, input, [{ threshold, mode, missingYes }]);
      const [explain] = check([ensemble], new Map([[input as Tensor, extremes]]), { data });
      assert.match(explain!, 'lockstep');
    }
  });
}

test.run();
