/** Models of ai.onnx.ml with random structure and values: the oracle's results are those of onnxruntime. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import { importModel } from '../../frontend/onnx/model.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { compareTensors, runModel } from '../support/onnx-case.js';
import { agreeEverywhere } from '../support/onnx-everywhere.js';
import { onnxModel, type Attribute, type ModelSpec } from '../support/onnx-model.js';
import { runPeer } from '../support/onnx-peer.js';

const RUNS = 40;
const TOLERANCE = { relative: 1e-4, absolute: 1e-5 };
const WIDTH = 4;

async function agree(
  spec: ModelSpec,
  values: ReadonlyMap<string, TensorValue>,
  outputs?: readonly string[],
): Promise<void> {
  const bytes = onnxModel(spec);
  const expected = await runPeer(bytes, values);
  const found = runModel(await importModel(bytes, { name: 'random' }), values);
  for (const [name, value] of expected)
    if (outputs?.includes(name) ?? true) compareTensors(found.get(name)!, value, { ...TOLERANCE, what: name });
}

/** f32 values on a coarse grid, so that equal features and thresholds happen. */
const grid = fc.integer({ min: -8, max: 8 }).map((value) => value / 4);
const gridOrMissing = fc.oneof({ weight: 9, arbitrary: grid }, { weight: 1, arbitrary: fc.constant(NaN) });

function matrix(rows: number, cell: fc.Arbitrary<number>, width = WIDTH): fc.Arbitrary<TensorValue> {
  return fc
    .array(cell, { minLength: rows * width, maxLength: rows * width })
    .map((cells) => ({ dtype: 'f32', dims: [rows, width], data: Float32Array.from(cells) }));
}

interface Leaf {
  readonly kind: 'leaf';
  readonly weights: readonly number[];
}

interface Branch {
  readonly kind: 'branch';
  readonly feature: number;
  readonly threshold: number;
  readonly mode: string;
  readonly missing: boolean;
  readonly yes: Tree;
  readonly no: Tree;
}

type Tree = Leaf | Branch;

const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ'];

function treeOf(
  targets: number,
  options: { readonly modes: readonly string[]; readonly positive: boolean },
): fc.Arbitrary<Tree> {
  const weight = options.positive ? grid.map((value) => Math.abs(value) / 2) : grid;
  const leaf = fc
    .array(weight, { minLength: targets, maxLength: targets })
    .map((weights): Tree => ({ kind: 'leaf', weights }));
  return fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.record({
        kind: fc.constant('branch' as const),
        feature: fc.nat(WIDTH - 1),
        threshold: grid,
        mode: fc.constantFrom(...options.modes),
        missing: fc.boolean(),
        yes: tie('tree'),
        no: tie('tree'),
      }),
    ),
  })).tree;
}

/** Attributes of trees; `ids` are the classes or targets that leaf weights stand for. */
function treeAttributes(
  trees: readonly Tree[],
  prefix: 'class' | 'target',
  ids: readonly number[],
): Record<string, Attribute> {
  const lists: Record<string, number[]> = {};
  const modes: string[] = [];
  const put = (name: string, value: number): void => {
    (lists[name] ??= []).push(value);
  };
  trees.forEach((tree, treeId) => {
    let next = 0;
    const visit = (node: Tree): number => {
      const id = next++;
      const at = modes.length;
      modes.push(node.kind === 'leaf' ? 'LEAF' : node.mode);
      put('nodes_treeids', treeId);
      put('nodes_nodeids', id);
      put('nodes_featureids', node.kind === 'leaf' ? 0 : node.feature);
      put('nodes_values', node.kind === 'leaf' ? 0 : node.threshold);
      put('nodes_missing_value_tracks_true', node.kind === 'branch' && node.missing ? 1 : 0);
      put('nodes_truenodeids', 0);
      put('nodes_falsenodeids', 0);
      if (node.kind === 'leaf') {
        node.weights.forEach((weight, i) => {
          put(`${prefix}_treeids`, treeId);
          put(`${prefix}_nodeids`, id);
          put(`${prefix}_ids`, ids[i]!);
          put(`${prefix}_weights`, weight);
        });
      } else {
        lists['nodes_truenodeids']![at] = visit(node.yes);
        lists['nodes_falsenodeids']![at] = visit(node.no);
      }
      return id;
    };
    visit(tree);
  });
  const floats = new Set(['nodes_values', `${prefix}_weights`]);
  return {
    nodes_modes: modes,
    ...Object.fromEntries(
      Object.entries(lists).map(([name, list]) => [
        name,
        floats.has(name) ? Float32Array.from(list) : list.map(BigInt),
      ]),
    ),
  };
}

const TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'];
const modeSets = fc.oneof(fc.constant(['BRANCH_LEQ']), fc.constant(['BRANCH_LT']), fc.constant(MODES));

function ensemble(op: string, attributes: Record<string, Attribute>): ModelSpec {
  const classifier = op.endsWith('Classifier');
  const texts = 'classlabels_strings' in attributes;
  return {
    nodes: [{ op, domain: 'ai.onnx.ml', inputs: ['x'], outputs: classifier ? ['label', 'scores'] : ['y'], attributes }],
    inputs: { x: { dtype: 'f32', dims: ['N', WIDTH] } },
    outputs: classifier ? { label: texts ? 'utf8' : 'i64', scores: 'f32' } : { y: 'f32' },
  };
}

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `class ${i}`);

test('tree classifiers of several classes agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      modeSets,
      fc.integer({ min: 2, max: 4 }),
      fc.constantFrom(...TRANSFORMS.slice(0, 4)),
      fc.boolean(),
      matrix(12, gridOrMissing),
      fc.gen(),
      async (modes, classes, transform, texts, x, gen) => {
        const trees = gen(fc.array, treeOf(classes, { modes, positive: true }), { minLength: 1, maxLength: 4 });
        const attributes = {
          ...treeAttributes(
            trees,
            'class',
            Array.from({ length: classes }, (_, i) => i),
          ),
          post_transform: transform,
          ...(texts
            ? { classlabels_strings: names(classes) }
            : { classlabels_int64s: names(classes).map((_, i) => BigInt(10 * i)) }),
        };
        // of two classes that both have weights the peer gives label 1 or 0 by the sign of the second score; we the
        // greater's
        await agree(
          ensemble('TreeEnsembleClassifier', attributes),
          new Map([['x', x]]),
          classes === 2 ? ['scores'] : undefined,
        );
      },
    ),
    { numRuns: RUNS, seed: 1, endOnFailure: true, includeErrorInReport: true },
  );
});

test('tree classifiers of two classes with one column of weights agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      modeSets,
      fc.boolean(),
      fc.constantFrom(...TRANSFORMS.slice(0, 4)),
      fc.constantFrom([], [0.25], [-0.5]),
      fc.nat(1),
      matrix(12, gridOrMissing),
      fc.gen(),
      async (modes, positive, transform, base, id, x, gen) => {
        const trees = gen(fc.array, treeOf(1, { modes, positive }), { minLength: 1, maxLength: 4 });
        const attributes = {
          ...treeAttributes(trees, 'class', [id]),
          post_transform: transform,
          classlabels_int64s: [0n, 1n],
          ...(base.length === 0 || id === 1 ? {} : { base_values: Float32Array.from(base) }),
        };
        await agree(ensemble('TreeEnsembleClassifier', attributes), new Map([['x', x]]));
      },
    ),
    { numRuns: 2 * RUNS, seed: 2, endOnFailure: true, includeErrorInReport: true },
  );
});

test('tree regressors agree for every aggregate and base value', async () => {
  await fc.assert(
    fc.asyncProperty(
      modeSets,
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom('SUM', 'AVERAGE', 'MIN', 'MAX'),
      fc.constantFrom(...TRANSFORMS.slice(0, 4)),
      fc.boolean(),
      matrix(12, gridOrMissing),
      fc.gen(),
      async (modes, targets, aggregate, transform, based, x, gen) => {
        const trees = gen(fc.array, treeOf(targets, { modes, positive: false }), { minLength: 1, maxLength: 4 });
        const base = gen(fc.array, grid, { minLength: targets, maxLength: targets });
        const attributes = {
          ...treeAttributes(
            trees,
            'target',
            Array.from({ length: targets }, (_, i) => i),
          ),
          post_transform: transform,
          aggregate_function: aggregate,
          n_targets: targets,
          ...(based ? { base_values: Float32Array.from(base) } : {}),
        };
        await agree(ensemble('TreeEnsembleRegressor', attributes), new Map([['x', x]]));
      },
    ),
    { numRuns: 2 * RUNS, seed: 3, endOnFailure: true, includeErrorInReport: true },
  );
});

test('a class or target that no leaf of a row has a weight for has no score', async () => {
  const leaf = (...weights: readonly number[]): Tree => ({ kind: 'leaf', weights });
  const split = (yes: Tree, no: Tree): Tree =>
    ({ kind: 'branch', feature: 0, threshold: 0, mode: 'BRANCH_LEQ', missing: false, yes, no });
  const x: TensorValue = { dtype: 'f32', dims: [2, WIDTH], data: Float32Array.of(-1, 0, 0, 0, 1, 0, 0, 0) };
  const base = Float32Array.of(100, 200, 300);
  for (const tree of [split(leaf(-1), leaf(-3, -2)), split(leaf(-1, -2), leaf(-2, -1)), split(leaf(0), leaf(0))]) {
    const classes = { ...treeAttributes([tree], 'class', [1, 2]), classlabels_int64s: [0n, 1n, 2n] };
    await agreeEverywhere(ensemble('TreeEnsembleClassifier', classes), { x });
    await agreeEverywhere(ensemble('TreeEnsembleClassifier', { ...classes, base_values: base }), { x });
    const targets = { ...treeAttributes([tree], 'target', [1, 2]), n_targets: 3, base_values: base };
    await agreeEverywhere(ensemble('TreeEnsembleRegressor', targets), { x });
  }
});

test('of a leaf that lists several weights for the only target the first counts', async () => {
  const leaf = (...weights: readonly number[]): Tree => ({ kind: 'leaf', weights });
  const tree: Tree = {
    kind: 'branch', feature: 0, threshold: 0, mode: 'BRANCH_LEQ', missing: false, yes: leaf(4, 4, 4), no: leaf(5, 7, 9),
  };
  const x: TensorValue = { dtype: 'f32', dims: [2, WIDTH], data: Float32Array.of(-1, 0, 0, 0, 1, 0, 0, 0) };
  for (const aggregate of ['SUM', 'AVERAGE', 'MIN', 'MAX']) {
    const attributes = { ...treeAttributes([tree, tree], 'target', [0, 0, 0]), n_targets: 1, aggregate_function: aggregate };
    await agreeEverywhere(ensemble('TreeEnsembleRegressor', attributes), { x });
  }
});

test('linear models agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(...TRANSFORMS.slice(0, 4)),
      fc.boolean(),
      matrix(8, grid),
      fc.gen(),
      async (targets, transform, regress, x, gen) => {
        const list = (count: number): Float32Array =>
          Float32Array.from(gen(fc.array, grid, { minLength: count, maxLength: count }));
        const shared = { coefficients: list(targets * WIDTH), intercepts: list(targets), post_transform: transform };
        const classes = targets === 1 ? 2 : targets;
        const spec = regress
          ? ensemble('LinearRegressor', { ...shared, targets })
          : ensemble('LinearClassifier', { ...shared, classlabels_ints: names(classes).map((_, i) => BigInt(i)) });
        await agree(spec, new Map([['x', x]]));
      },
    ),
    { numRuns: 2 * RUNS, seed: 4, endOnFailure: true, includeErrorInReport: true },
  );
});

/** One operator on one input. */
function single(
  op: string,
  dtype: 'f32' | 'i64' | 'utf8',
  result: 'f32' | 'i64' | 'utf8',
  attributes: Record<string, Attribute>,
): ModelSpec {
  return {
    nodes: [{ op, domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['y'], attributes }],
    inputs: { x: { dtype, dims: ['N', WIDTH] } },
    outputs: { y: result },
    mlOpset: 2,
  };
}

const floats = (values: readonly number[]): Float32Array => Float32Array.from(values);

test('scalers, normalizers, imputers and binarizers agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      matrix(6, gridOrMissing),
      matrix(6, grid),
      fc.array(grid, { minLength: WIDTH, maxLength: WIDTH }),
      fc.constantFrom('MAX', 'L1', 'L2'),
      fc.constantFrom(NaN, 0.5),
      async (missing, whole, columns, norm, replaced) => {
        await agree(
          single('Scaler', 'f32', 'f32', { offset: floats(columns), scale: floats(columns.toReversed()) }),
          new Map([['x', whole]]),
        );
        await agree(
          single('Scaler', 'f32', 'f32', { offset: floats([1]), scale: floats([2]) }),
          new Map([['x', whole]]),
        );
        await agree(single('Normalizer', 'f32', 'f32', { norm }), new Map([['x', whole]]));
        await agree(
          single('Imputer', 'f32', 'f32', {
            imputed_value_floats: floats(columns),
            replaced_value_float: { float: replaced },
          }),
          new Map([['x', missing]]),
        );
        await agree(single('Binarizer', 'f32', 'f32', { threshold: { float: columns[0]! } }), new Map([['x', whole]]));
      },
    ),
    { numRuns: RUNS / 2, seed: 5, endOnFailure: true, includeErrorInReport: true },
  );
});

test('integers are scaled in f32, doubles in f64', async () => {
  const scale = { offset: floats([16777216]), scale: floats([0.3]) };
  const values = [16777217, 16777219, -5, 1e9];
  const x: TensorValue = { dtype: 'i64', dims: [1, WIDTH], data: BigInt64Array.from(values, BigInt) };
  await agreeEverywhere(single('Scaler', 'i64', 'f32', scale), { x });
  const doubles: TensorValue = { dtype: 'f64', dims: [1, WIDTH], data: Float64Array.from(values) };
  const spec = single('Scaler', 'f32', 'f32', scale);
  await agreeEverywhere({ ...spec, inputs: { x: { dtype: 'f64', dims: ['N', WIDTH] } } }, { x: doubles });
});

const words = fc.constantFrom('a', 'b', 'c', 'd', '');

test('one-hot and label encoders agree on strings and integers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(words, { minLength: 12, maxLength: 12 }),
      fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 12, maxLength: 12 }),
      async (texts, numbers) => {
        const strings: TensorValue = { dtype: 'utf8', dims: [3, WIDTH], data: texts };
        const ints: TensorValue = { dtype: 'i64', dims: [3, WIDTH], data: BigInt64Array.from(numbers, BigInt) };
        await agree(
          single('OneHotEncoder', 'utf8', 'f32', { cats_strings: ['a', 'c', 'x'], zeros: 1 }),
          new Map([['x', strings]]),
        );
        await agree(single('OneHotEncoder', 'i64', 'f32', { cats_int64s: [0n, 3n], zeros: 1 }), new Map([['x', ints]]));
        const pairs = { keys_strings: ['a', 'b', ''], values_int64s: [7n, 8n, 9n], default_int64: -3 };
        await agree(single('LabelEncoder', 'utf8', 'i64', pairs), new Map([['x', strings]]));
        await agree(
          single('LabelEncoder', 'i64', 'utf8', {
            keys_int64s: [1n, 2n],
            values_strings: ['one', 'two'],
            default_string: 'many',
          }),
          new Map([['x', ints]]),
        );
        await agree(
          single('LabelEncoder', 'i64', 'f32', {
            keys_int64s: [1n, 2n],
            values_floats: floats([0.5, 1.5]),
            default_float: { float: 2.5 },
          }),
          new Map([['x', ints]]),
        );
      },
    ),
    { numRuns: RUNS / 4, seed: 6, endOnFailure: true, includeErrorInReport: true },
  );
});

test.run();
