/** The oracle of the bridge: rows become features, outputs become columns, NULL follows the model. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluateRelation } from '../../backends/reference/relation.js';
import type { Row } from '../../backends/reference/expression.js';
import { make } from '../../ir/build.js';
import type { Expr, Relation, Tensor } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { relation, scalar, tensor } from '../../ir/type.js';
import { verify } from '../../ir/verify.js';

const maybe = scalar('f32', { nullable: true });
const table = make({
  kind: 'scan',
  table: 't',
  schema: relation([
    { name: 'id', type: scalar('i64') },
    { name: 'a', type: maybe },
    { name: 'v', type: tensor('f32', [2]) },
  ]),
  columns: [0, 1, 2],
});
const rows: readonly Row[] = [[1n, 2, [1, 2]], [2n, null, [3, 4]], [3n, -1, [5, 6]]];
const weights: { readonly [hash: string]: TensorValue } = {
  w: { dtype: 'f32', dims: [3, 2], data: Float32Array.of(1, 10, 100, 1, 10, 100) },
};

function run(node: Relation): readonly Row[] {
  assert.equal(verify(node, 'bound').map((error) => error.message), []);
  return evaluateRelation(node, { tables: () => rows, params: [], tensors: { get: (hash) => weights[hash]! } });
}

const ref = (index: number): Expr => make({ kind: 'ref', index, type: table.type.columns[index]!.type });
const features = (nulls: 'nan' | 'null'): Tensor =>
  make({ kind: 'to_tensor', exprs: [ref(1), ref(2)], dtype: 'f32', nulls });
const product = (nulls: 'nan' | 'null'): Tensor => make(
  { kind: 'matmul', left: features(nulls), right: make({ kind: 'weight', hash: 'w', type: tensor('f32', [3, 2]) }) },
);
const apply = (...outputs: readonly { name: string; tensor: Tensor }[]): Relation => make(
  { kind: 'apply', input: table, model: 'm@1', outputs },
);
const argmax = (input: Tensor): Tensor =>
  make({ kind: 'reduce', op: 'argmax', input, axes: [1], keepDims: false, last: false });

test('scalar and tensor columns feed one tensor; outputs are tensor and scalar columns', () => {
  const output = apply({ name: 'p', tensor: product('null') }, { name: 'best', tensor: argmax(product('null')) });
  assert.equal(run(output).map((row) => row.slice(3)), [[[122, 221], 1n], [null, null], [[559, 595], 1n]]);
});

test('NULL is NaN where the model wants it, and only then', () => {
  assert.equal(
    run(apply({ name: 'p', tensor: product('nan') })).map((row) => row[3]),
    [
      [122, 221],
      [NaN, NaN],
      [559, 595],
    ],
  );
});

test('an output that does not depend on the NULL feature is not NULL', () => {
  const other = make({ kind: 'to_tensor', exprs: [ref(2)], dtype: 'f32', nulls: 'null' });
  const sum = make({ kind: 'reduce', op: 'sum', input: other, axes: [1], keepDims: true, last: false });
  assert.equal(
    run(apply({ name: 'p', tensor: product('null') }, { name: 's', tensor: sum })).map((row) => row[4]),
    [3, 7, 11],
  );
});

test('no rows give no rows', () => {
  const none = make({
    kind: 'filter',
    input: table,
    predicate: make({ kind: 'literal', value: false, type: scalar('bool') }),
  });
  assert.equal(
    run(make({ kind: 'apply', input: none, model: 'm@1', outputs: [{ name: 'p', tensor: product('nan') }] })),
    [],
  );
});

test.run();
