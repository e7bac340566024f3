/** Models in pipelines against the oracle: gathered and in place, with NULL features, several models, partial tiles. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { make } from '../../ir/build.js';
import type { Apply, Expr, Relation, Tensor } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { scalar, tensor } from '../../ir/type.js';
import {
  call, checkAgainstOracle, col, columnsOf, CUSTOMERS, customersScan, lit, ordersScan, plan, ref,
} from '../support/pipeline-cases.js';

const weights = new Map<string, TensorValue>();
function weight(hash: string, dims: readonly [number, number] | readonly [number], at: (i: number) => number): Tensor {
  const size = dims.reduce<number>((a, b) => a * b, 1);
  weights.set(hash, { dtype: 'f32', dims, data: Float32Array.from({ length: size }, (_, i) => at(i)) });
  return make({ kind: 'weight', hash, type: tensor('f32', dims) });
}

const tensors = { get: (hash: string): TensorValue => weights.get(hash)! };
const toF32 = (arg: Expr): Expr => make({ kind: 'cast', arg, to: 'f32', attempt: false });
const features = (exprs: readonly Expr[], width: number, nulls: 'nan' | 'null'): Tensor =>
  make({ kind: 'to_tensor', exprs, dtype: 'f32', nulls, type: tensor('f32', ['n', width]) });

function dense(input: Tensor, name: string, k: number, m: number): Tensor {
  const product = make({
    kind: 'matmul',
    left: input,
    right: weight(`${name}_w`, [k, m], (i) => ((i * 7) % 11) / 8 - 0.5),
  });
  const bias = weight(`${name}_b`, [m], (i) => i / 4 - 1);
  const add = make({
    kind: 'call',
    op: 'add',
    args: [0, 1].map((index) => make({ kind: 'ref', index, type: scalar('f32') })),
  });
  return make({ kind: 'map', body: add, inputs: [product, bias] });
}

const apply = (input: Relation, model: string, outputs: readonly { name: string; tensor: Tensor }[]): Apply =>
  make({ kind: 'apply', input, model, outputs });

test('a model over columns of a bare scan is read in place; vectors, casts and NULLs too', () => {
  for (const nulls of ['nan', 'null'] as const) {
    const input = features(
      [toF32(col(ordersScan, 'amount')), col(ordersScan, 'vector'), toF32(col(ordersScan, 'id'))],
      5,
      nulls,
    );
    const scored = apply(ordersScan, 'm@1', [
      { name: 'scores', tensor: dense(input, 'a', 5, 3) },
      { name: 'one', tensor: dense(input, 'b', 5, 1) },
    ]);
    checkAgainstOracle(scored, { tensors, digits: 5 });
    assert.match(plan(scored, tensors).plan.pipelines[0]!.explain.join('\n'), /in place/);
  }
});

test('a model behind a filter gathers rows; a filter, a projection and an aggregate follow it', () => {
  for (const nulls of ['nan', 'null'] as const) {
    const filtered = make({
      kind: 'filter',
      input: ordersScan,
      predicate: call('gt', col(ordersScan, 'id'), lit(-100n, 'i64')),
    });
    const input = features([toF32(col(filtered, 'amount')), toF32(col(filtered, 'small'))], 2, nulls);
    const scored = apply(filtered, 'm@1', [{ name: 'p', tensor: dense(input, 'c', 2, 1) }]);
    const picked = make({ kind: 'filter', input: scored, predicate: call('gt', col(scored, 'p'), lit(-3, 'f32')) });
    checkAgainstOracle(
      make({
        kind: 'project',
        input: picked,
        exprs: [col(picked, 'name'), col(picked, 'p'), col(picked, 'id')],
        names: ['name', 'p', 'id'],
      }),
      { tensors, digits: 5 },
    );
    const calls = [
      { op: 'count_star', args: [], distinct: false, filter: undefined, name: 'n', type: scalar('i64') },
    ] as const;
    const groups = [{ expr: col(picked, 'name'), name: 'name' }];
    checkAgainstOracle(make({ kind: 'aggregate', input: picked, groups, calls, type: columnsOf(groups, calls) }), {
      tensors,
    });
  }
});

test('two models share a tile; a third that reads a score follows in a tile of its own', () => {
  const input = features([toF32(col(ordersScan, 'small')), toF32(col(ordersScan, 'id'))], 2, 'nan');
  const first = apply(ordersScan, 'm@1', [{ name: 'p', tensor: dense(input, 'd', 2, 1) }]);
  const second = apply(first, 'm@2', [{ name: 'q', tensor: dense(input, 'e', 2, 2) }]);
  const chained = features([ref(second, 10), toF32(ref(second, 0))], 2, 'nan');
  const third = apply(second, 'm@3', [{ name: 'r', tensor: dense(chained, 'f', 2, 1) }]);
  const picked = make({ kind: 'filter', input: third, predicate: call('lt', ref(third, 12), lit(1e9, 'f32')) });
  const limited = make({
    kind: 'limit',
    input: make({
      kind: 'sort',
      input: picked,
      keys: [{ expr: ref(picked, 0), descending: true, nullsFirst: false }],
      limit: undefined,
    }),
    limit: lit(30n, 'i64'),
    offset: undefined,
  });
  checkAgainstOracle(limited, { tensors, digits: 5, ordered: true });
  checkAgainstOracle(second, { tensors, digits: 5 });
});

test('what gathered rows need is found where it lies: both sides of joins, rows of buffers, and through two tiles', () => {
  const on = call('eq', col(ordersScan, 'customer'), make({ kind: 'ref', index: 10, type: CUSTOMERS.columns[0]!.type }));
  const joins = (['inner', 'left', 'full'] as const).map((join): Relation =>
    make({ kind: 'join', join, left: ordersScan, right: customersScan, on }));
  const keys = [{ expr: ref(ordersScan, 0), descending: true, nullsFirst: false }];
  const sorted = make({ kind: 'sort', input: ordersScan, keys, limit: 200 });
  for (const rows of [...joins, sorted]) {
    const kept = make({ kind: 'filter', input: rows, predicate: call('is_not_null', ref(rows, 3)) });
    // A text that is computed has no place but with its row.
    const upper = call('upper', ref(kept, 2));
    const columns = kept.type.columns.map((_, index) => ref(kept, index));
    const names = [...kept.type.columns.map(({ name }, i) => `${name}${i}`), 'upper'];
    const computed = make({ kind: 'project', input: kept, exprs: [...columns, upper], names });
    const input = features([toF32(ref(computed, 3)), toF32(ref(computed, 7))], 2, 'nan');
    const scored = apply(computed, 'm@1', [{ name: 'p', tensor: dense(input, 'l', 2, 1) }]);
    const last = scored.type.columns.length - 1;
    const high = make({ kind: 'filter', input: scored, predicate: call('gt', ref(scored, last), lit(-5, 'f32')) });
    const again = features([ref(high, last), toF32(ref(high, 0))], 2, 'nan');
    const twice = apply(high, 'm@2', [{ name: 'q', tensor: dense(again, 'k', 2, 1) }]);
    checkAgainstOracle(twice, { tensors, digits: 5 });
    const best = [{ expr: ref(twice, last), descending: false, nullsFirst: true }];
    checkAgainstOracle(make({ kind: 'sort', input: twice, keys: best, limit: 9 }), { tensors, digits: 5 });
  }
});

test('a limit before a model lets its rows through', () => {
  const sorted = make({
    kind: 'sort',
    input: ordersScan,
    keys: [{ expr: ref(ordersScan, 0), descending: true, nullsFirst: false }],
    limit: undefined,
  });
  const few = make({ kind: 'limit', input: sorted, limit: lit(15n, 'i64'), offset: lit(2n, 'i64') });
  const input = features([toF32(col(few, 'small'))], 1, 'nan');
  checkAgainstOracle(apply(few, 'm@1', [{ name: 'p', tensor: dense(input, 'g', 1, 2) }]), {
    tensors,
    digits: 5,
    ordered: true,
  });
});

test('a weight that the file does not hold lies in the module; one that it holds stays in its pages', () => {
  const input = features([toF32(col(ordersScan, 'amount')), toF32(col(ordersScan, 'id'))], 2, 'nan');
  const scored = apply(ordersScan, 'm@1', [
    { name: 'kept', tensor: layer(input, 'kept') },
    { name: 'changed', tensor: layer(input, 'changed') },
  ]);
  const isStored = ({ hash }: { readonly hash: string }): boolean => hash.startsWith('kept');
  checkAgainstOracle(scored, { tensors, digits: 5, isStored });
  assert.equal(
    plan(scored, tensors, [], isStored).plan.weights.map(({ hash }) => hash),
    ['kept_w'],
  );
});

function layer(input: Tensor, name: string): Tensor {
  const shift = name === 'kept' ? 0 : 3;
  const matrix = weight(`${name}_w`, [2, 8], (i) => (i + shift) / 8 - 1);
  return make({
    kind: 'dense',
    input,
    weight: matrix,
    bias: undefined,
    activation: undefined,
    representation: undefined,
  });
}

test.run();
