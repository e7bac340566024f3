/** The dense kernel against the oracle: odd sizes, both dtypes, several blocks, special values. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModuleBuilder } from '../../backends/wasm/dsl.js';
import { SIMD128_TIER } from '../../backends/wasm/kernel-tier.js';
import { compileTileProgram } from '../../backends/wasm/tile-program.js';
import { make } from '../../ir/build.js';
import type { Expr, Tensor } from '../../ir/node.js';
import { scalar, tensor } from '../../ir/type.js';
import { check, evaluateTile, floats, leaf, random, TIERS, Weights } from './tile.js';

const x: Expr = make({ kind: 'ref', index: 0, type: scalar('f32') });
const relu: Expr = make({
  kind: 'call',
  op: 'max',
  args: [x, make({ kind: 'literal', value: 0, type: scalar('f32') })],
});
const tanh: Expr = make({ kind: 'call', op: 'tanh', args: [x] });

interface Case {
  readonly rows: number;
  readonly k: number;
  readonly m: number;
  readonly activation?: Expr;
}

const CASES: readonly Case[] = [
  { rows: 1, k: 1, m: 1 },
  { rows: 3, k: 5, m: 7, activation: relu },
  { rows: 17, k: 28, m: 13, activation: tanh },
  { rows: 300, k: 28, m: 256, activation: relu },
  { rows: 61, k: 300, m: 270, activation: relu },
  { rows: 13, k: 513, m: 2 },
  { rows: 1000, k: 3, m: 12 },
];
for (const { rows, k, m, activation } of CASES) {
  test(`dense ${k}x${m} over ${rows} rows equals the oracle`, () => {
    const next = random(rows + k + m);
    const data = new Weights();
    const input = leaf('f32', k);
    const dense = make({
      kind: 'dense',
      input,
      weight: data.add('f32', [k, m], floats(k * m, next)),
      bias: data.add('f32', [m], floats(m, next)),
      activation,
      representation: undefined,
    });
    check(
      [dense],
      new Map<Tensor, never>([[input, { dtype: 'f32', dims: [rows, k], data: floats(rows * k, next) } as never]]),
      { data, tolerance: { absolute: 1e-5 * Math.sqrt(k), relative: 1e-5 } },
    );
  });
}

for (const { rows, k, hidden, m, activation } of [
  { rows: 1, k: 1, hidden: 1, m: 1, activation: undefined },
  { rows: 70, k: 28, hidden: 256, m: 2, activation: relu },
  { rows: 33, k: 256, hidden: 270, m: 8, activation: relu },
  { rows: 300, k: 5, hidden: 523, m: 3, activation: relu },
] as const) {
  test(`the pair ${k}-${hidden}-${m} over ${rows} rows equals the oracle, and has one kernel`, () => {
    const { network, input, data, values } = twoLayers({ rows, k, hidden, m, activation });
    const leaves = new Map<Tensor, never>([[input, values as never]]);
    check([network], leaves, { data, tolerance: { absolute: 1e-5 * Math.sqrt(k * hidden), relative: 1e-5 } });
    assert.is(stepsOf([network], data).filter((line) => line.startsWith('dense')).length, 1);
  });
}

test('layers are no pair when hidden units are read elsewhere, outputs are many, or the activation is long', () => {
  const size = { rows: 9, k: 4, hidden: 30, m: 2, activation: relu };
  const denseSteps = (outputs: readonly Tensor[], data: Weights): number =>
    stepsOf(outputs, data).filter((line) => line.startsWith('dense')).length;
  const shared = twoLayers(size);
  assert.is(denseSteps([shared.network, shared.hiddenLayer], shared.data), 2);
  const wide = twoLayers({ ...size, m: 9 });
  assert.is(denseSteps([wide.network], wide.data), 2);
  const long = twoLayers({ ...size, activation: tanh });
  assert.is(denseSteps([long.network], long.data), 2);
});

function twoLayers(size: { rows: number; k: number; hidden: number; m: number; activation: Expr | undefined }) {
  const { rows, k, hidden, m, activation } = size;
  const next = random(rows + k + hidden + m);
  const data = new Weights();
  const input = leaf('f32', k);
  const layer = (below: Tensor, from: number, to: number, body: Expr | undefined): Tensor =>
    make({
      kind: 'dense',
      input: below,
      weight: data.add('f32', [from, to], floats(from * to, next)),
      bias: data.add('f32', [to], floats(to, next)),
      activation: body,
      representation: undefined,
    });
  const hiddenLayer = layer(input, k, hidden, activation);
  const network = layer(hiddenLayer, hidden, m, undefined);
  return { network, hiddenLayer, input, data, values: { dtype: 'f32', dims: [rows, k], data: floats(rows * k, next) } };
}

function stepsOf(outputs: readonly Tensor[], data: Weights): readonly string[] {
  const module = new ModuleBuilder();
  const program = compileTileProgram(module, outputs, { data, tier: SIMD128_TIER });
  module.dispose();
  if ('unsupported' in program) throw new Error(program.unsupported.join('; '));
  return program.explain;
}

test('a NaN or infinity of one row stays in its row', () => {
  const data = new Weights();
  const input = leaf('f32', 2);
  const dense = make({
    kind: 'matmul',
    left: input,
    right: data.add('f32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  });
  check(
    [dense],
    new Map([
      [input as Tensor, { dtype: 'f32', dims: [5, 2], data: Float32Array.of(1, 2, NaN, 1, 3, 4, Infinity, 0, 5, 6) }],
    ]),
    { data },
  );
});

test('a column matrix whose content is stored as a row: the layout knows the shape, not the stored value', () => {
  const data = new Weights();
  const stored = data.add('f32', [1, 5], Float32Array.of(1, 2, 3, 4, 5));
  const weight = make({ kind: 'weight', hash: (stored as { hash: string }).hash, type: tensor('f32', [5, 1]) });
  const input = leaf('f32', 5);
  const dense = make({ kind: 'matmul', left: input, right: weight });
  const values = floats(7 * 5, random(8));
  const reshaped = make({ kind: 'reshape', input: stored, dims: [5, 1] });
  const same = make({ kind: 'matmul', left: input, right: reshaped });
  const leaves = new Map([[input as Tensor, { dtype: 'f32' as const, dims: [7, 5], data: values }]]);
  const found = evaluateTile([dense, same], leaves, { data, tier: TIERS[0]! }).values;
  assert.equal(found[0], found[1]);
});

test('doubles, a chain of layers and a matrix computed by the graph', () => {
  const next = random(5);
  const data = new Weights();
  const input = leaf('f64', 6);
  const doubles = (count: number): Float64Array => Float64Array.from({ length: count }, () => next() - 0.5);
  const hidden = make({
    kind: 'dense',
    input,
    weight: data.add('f64', [6, 29], doubles(6 * 29)),
    bias: undefined,
    activation: undefined,
    representation: undefined,
  });
  const turned = make({ kind: 'transpose', input: data.add('f64', [5, 29], doubles(5 * 29)), permutation: [1, 0] });
  const out = make({ kind: 'matmul', left: hidden, right: turned });
  const explain = check([out], new Map([[input as Tensor, { dtype: 'f64', dims: [77, 6], data: doubles(77 * 6) }]]), {
    data,
    tolerance: { absolute: 1e-13 },
  });
  assert.is(explain.filter((line) => line.startsWith('dense')).length, 1);
});

test.run();
