/** Kernels that work across the features of a row, and layout operators, against the oracle. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModuleBuilder } from '../../backends/wasm/dsl.js';
import { emitCodes } from '../../backends/wasm/kernels/lookup.js';
import { SIMD128_TIER } from '../../backends/wasm/kernel-tier.js';
import { compileTileProgram } from '../../backends/wasm/tile-program.js';
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type { Expr, ReduceOp, Tensor } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { scalar } from '../../ir/type.js';
import { timesAsLong } from '../support/processor-time.js';
import { check, floats, leaf, random, Weights } from './tile.js';

const ROWS = 37;
const ref = (index: number, dtype: DType): Expr => make({ kind: 'ref', index, type: scalar(dtype) });
const given = (input: Tensor, value: TensorValue): ReadonlyMap<Tensor, TensorValue> => new Map([[input, value]]);
const tied = (count: number, seed: number): Float32Array => {
  const next = random(seed);
  return Float32Array.from({ length: count }, (_, i) => (i % 13 === 5 ? NaN : Math.floor(next() * 5) - 2));
};

for (const op of ['sum', 'mean', 'max', 'min', 'prod', 'argmax', 'argmin'] as const satisfies readonly ReduceOp[]) {
  for (const last of [false, true]) {
    test(`${op}${last ? ', last of equal' : ''} over the features`, () => {
      const input = leaf('f32', 6);
      const data = tied(6 * ROWS, 3);
      const cube = make({ kind: 'reshape', input, dims: ['n', 2, 3] });
      const outputs = [
        make({ kind: 'reduce', op, input, axes: [1], keepDims: true, last }),
        make({ kind: 'reduce', op, input: cube, axes: [1], keepDims: false, last }),
      ];
      check(outputs, given(input, { dtype: 'f32', dims: [ROWS, 6], data }), { tolerance: { relative: 1e-6 } });
    });
  }
}

test('softmax as the importer composes it', () => {
  const input = leaf('f32', 5);
  const reduce = (op: ReduceOp, of: Tensor): Tensor =>
    make({ kind: 'reduce', op, input: of, axes: [1], keepDims: true, last: false });
  const shifted = make({
    kind: 'map',
    body: make({
      kind: 'call',
      op: 'exp',
      args: [make({ kind: 'call', op: 'sub', args: [ref(0, 'f32'), ref(1, 'f32')] })],
    }),
    inputs: [input, reduce('max', input)],
  });
  const out = make({
    kind: 'map',
    body: make({ kind: 'call', op: 'div', args: [ref(0, 'f32'), ref(1, 'f32')] }),
    inputs: [shifted, reduce('sum', shifted)],
  });
  check([out], given(input, { dtype: 'f32', dims: [ROWS, 5], data: floats(5 * ROWS, random(1), 40) }), {
    tolerance: { absolute: 1e-6 },
  });
});

const WORDS = [
  '',
  'a',
  'EWR',
  'JFK',
  'LaGuardia',
  'Zürich-Kloten',
  'a text of more than sixteen bytes',
  'a text of more than sixteen bytez',
  'b text of more than sixteen bytes',
];
const texts = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i % 5 === 4 ? `unknown ${i}` : WORDS[(i * 7) % WORDS.length]!));

test('one-hot of text: comparison with constants', () => {
  const data = new Weights();
  const input = leaf('utf8', 2);
  const first = make({ kind: 'slice', input, ranges: [undefined, { start: 1, step: 1, count: 1 }] });
  const body = make({
    kind: 'cast',
    arg: make({ kind: 'call', op: 'eq', args: [ref(0, 'utf8'), ref(1, 'utf8')] }),
    to: 'f32',
    attempt: false,
  });
  const hot = make({ kind: 'map', body, inputs: [first, data.add('utf8', [1, WORDS.length], WORDS)] });
  const literal = make({
    kind: 'map',
    body: make({
      kind: 'call',
      op: 'ne',
      args: [ref(0, 'utf8'), make({ kind: 'literal', value: 'JFK', type: scalar('utf8') })],
    }),
    inputs: [input],
  });
  check([hot, literal, input], given(input, { dtype: 'utf8', dims: [ROWS, 2], data: texts(ROWS * 2) }), { data });
});

test('lookups by text, integer and float; text and integer results', () => {
  const data = new Weights();
  const cases: readonly { readonly dtype: DType; readonly keys: Tensor; readonly data: TensorValue['data'] }[] = [
    { dtype: 'utf8', keys: data.add('utf8', [WORDS.length], WORDS), data: texts(ROWS) },
    {
      dtype: 'i64',
      keys: data.add('i64', [9], BigInt64Array.from([5n, -1n, 0n, 7n, 1n << 40n, 2n, 3n, 4n, 9n])),
      data: BigInt64Array.from({ length: ROWS }, (_, i) => (i === 3 ? 1n << 40n : BigInt(i % 11) - 1n)),
    },
    {
      dtype: 'f32',
      keys: data.add('f32', [9], Float32Array.of(1, NaN, 0, 2, 3, 4, 5, 6, 0.5)),
      data: Float32Array.from({ length: ROWS }, (_, i) => [NaN, -0, 0.5, 8, 1][i % 5]!),
    },
  ];
  for (const { dtype, keys, data: values } of cases) {
    const input = leaf(dtype, 1);
    const toText = make({
      kind: 'lookup',
      input,
      keys,
      values: data.add(
        'utf8',
        [9],
        WORDS.map((word) => `<${word}>`),
      ),
      otherwise: 'none',
    });
    const toNumber = make({
      kind: 'lookup',
      input,
      keys,
      values: data.add(
        'i64',
        [9],
        BigInt64Array.from({ length: 9 }, (_, i) => BigInt(i) * 10n),
      ),
      otherwise: -1n,
    });
    check([toText, toNumber], given(input, { dtype, dims: [ROWS, 1], data: values }), { data });
  }
});

test('lookups of texts of any length that begin and end alike', () => {
  const data = new Weights();
  const keys = Array.from({ length: 80 }, (_, i) => `${'a'.repeat(i >> 1)}${'bc'[i % 2]!}${'a'.repeat(i % 27)}`);
  const others = keys.map((key) => key.replace(/[bc]/, 'd'));
  const input = leaf('utf8', 1);
  const values = data.add('i64', [keys.length], BigInt64Array.from(keys, (_, i) => BigInt(i)));
  const found = make({ kind: 'lookup', input, keys: data.add('utf8', [keys.length], keys), values, otherwise: -1n });
  const asked = [...keys, ...others, ...keys.map((key) => key.slice(1))];
  check([found], given(input, { dtype: 'utf8', dims: [asked.length, 1], data: asked }), { data });
});

test('codes of many keys that begin and end alike are made in time with their number', () => {
  const build = (count: number) => (): void => {
    const module = new ModuleBuilder();
    const values = Array.from({ length: count }, (_, i) => `the category ${String(i).padStart(8, '0')} of them`);
    emitCodes(module, 'codes', { dtype: 'utf8', values });
    emitCodes(module, 'numbers', { dtype: 'i64', values: values.map((_, i) => BigInt(i) << 32n) });
    module.dispose();
  };
  const growth = timesAsLong({ small: build(2_000), large: build(16_000) });
  assert.ok(growth < 24, `8 times the keys take ${growth.toFixed(1)} times as long`);
});

test('labels: argmax, then a constant text or a choice', () => {
  const data = new Weights();
  const input = leaf('f32', 3);
  const best = make({ kind: 'reduce', op: 'argmax', input, axes: [1], keepDims: false, last: false });
  const label = make({
    kind: 'gather',
    mode: 'take',
    input: data.add('utf8', [3], ['no', 'yes', 'perhaps']),
    indices: best,
    axis: 0,
    batchDims: 0,
  });
  const isLate = make({
    kind: 'call',
    op: 'gt',
    args: [ref(0, 'f32'), make({ kind: 'literal', value: 0, type: scalar('f32') })],
  });
  const choice = make({
    kind: 'case',
    branches: [{ when: isLate, then: make({ kind: 'literal', value: 'late', type: scalar('utf8') }) }],
    otherwise: make({ kind: 'literal', value: '', type: scalar('utf8') }),
    type: scalar('utf8'),
  });
  const row = make({
    kind: 'gather',
    mode: 'take',
    input: data.add('i64', [1, 3], BigInt64Array.of(5n, 6n, 7n)),
    indices: best,
    axis: 1,
    batchDims: 0,
  });
  check(
    [label, row, make({ kind: 'map', body: choice, inputs: [input] })],
    given(input, { dtype: 'f32', dims: [ROWS, 3], data: floats(ROWS * 3, random(2)) }),
    { data },
  );
});

test('topk, cumulative and take along an axis', () => {
  const input = leaf('f32', 5);
  const outputs: Tensor[] = [];
  for (const largest of [true, false])
    for (const part of ['values', 'indices'] as const)
      outputs.push(make({ kind: 'topk', input, k: 3, axis: 1, largest, part }));
  for (const exclusive of [true, false])
    for (const reverse of [true, false])
      outputs.push(make({ kind: 'cumulative', op: 'sum', input, axis: 1, exclusive, reverse }));
  const order = make({ kind: 'topk', input, k: 2, axis: 1, largest: true, part: 'indices' });
  outputs.push(make({ kind: 'gather', mode: 'elements', input, indices: order, axis: 1, batchDims: 0 }));
  check(outputs, given(input, { dtype: 'f32', dims: [ROWS, 5], data: floats(ROWS * 5, random(4)) }), {
    tolerance: { absolute: 1e-6 },
  });
});

test('layout operators only rearrange columns', () => {
  const data = new Weights();
  const input = leaf('f32', 6);
  const cube = make({ kind: 'reshape', input, dims: ['n', 2, 3] });
  const turned = make({ kind: 'transpose', input: cube, permutation: [0, 2, 1] });
  const flat = make({ kind: 'reshape', input: turned, dims: ['n', 6] });
  const some = make({
    kind: 'gather',
    mode: 'take',
    input: flat,
    indices: data.add('i64', [3], BigInt64Array.of(5n, -6n, 2n)),
    axis: 1,
    batchDims: 0,
  });
  const zeros = make({ kind: 'expand', input: data.add('f32', [1, 2], Float32Array.of(7, 8)), dims: ['n', 2] });
  const wide = make({ kind: 'concat', inputs: [some, zeros, input], axis: 1 });
  const columnFirst = make({ kind: 'transpose', input: wide, permutation: [1, 0] });
  const explain = check(
    [make({ kind: 'transpose', input: columnFirst, permutation: [1, 0] })],
    given(input, { dtype: 'f32', dims: [ROWS, 6], data: floats(6 * ROWS, random(9)) }),
    { data },
  );
  assert.ok(
    explain.every((line) => line.startsWith('map')),
    explain.join('\n'),
  );
});

test('every node without a kernel is listed, and nothing else', () => {
  const input = leaf('f32', 4);
  const bad = make({ kind: 'matmul', left: input, right: make({ kind: 'transpose', input, permutation: [1, 0] }) });
  const text = make({
    kind: 'map',
    body: make({ kind: 'call', op: 'upper', args: [ref(0, 'utf8')] }),
    inputs: [leaf('utf8', 1, 4)],
  });
  const out = make({ kind: 'map', body: ref(0, 'f32'), inputs: [bad] });
  const result = compileTileProgram(new ModuleBuilder(), [out, text], { data: new Weights(), tier: SIMD128_TIER });
  assert.ok('unsupported' in result);
  assert.is('unsupported' in result ? result.unsupported.length : 0, 3);
});

test.run();
