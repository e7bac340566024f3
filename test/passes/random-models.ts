/**
 * Random small models over random relations, with filters and projections around them. Weights are small integers, so
 * sums are exact.
 */
import { seeded } from '../../bench/support/random.js';
import { make } from '../../ir/build.js';
import type { Expr, Relation, Tensor } from '../../ir/node.js';
import { tensor as tensorType } from '../../ir/type.js';
import { apply, call, col, Constants, features, filter, lit, project, ref } from './plans.js';
import { randomPlan } from './random-plans.js';

export interface ModelPlan {
  readonly plan: Relation;
  readonly tensors: Constants;
}

export function randomModelPlan(seed: number): ModelPlan {
  const random = seeded(seed);
  const tensors = new Constants();
  const input = randomPlan(seed, { depth: 2, subqueries: false });
  const numbers = input.type.columns.flatMap(({ type }, index) =>
    type.kind === 'scalar' && ['i32', 'i64'].includes(type.dtype) ? [index] : [],
  );
  if (numbers.length === 0) return { plan: input, tensors };
  const columns = Array.from(
    { length: 1 + Math.floor(random() * 4) },
    () => numbers[Math.floor(random() * numbers.length)]!,
  );
  const nulls = random() < 0.5 ? 'nan' : 'null';
  const first = layersOf(features(input, columns, nulls), random, tensors);
  const outputs =
    random() < 0.5
      ? [first]
      : [first, layersOf(random() < 0.5 ? first : features(input, columns, nulls), random, tensors)];
  let plan: Relation = apply(input, ...outputs.map((output) => sumOf(output)));
  if (random() < 0.3) plan = apply(plan, sumOf(first));
  if (random() < 0.7) plan = filter(plan, conditionOf(plan, random));
  if (random() < 0.3) plan = apply(plan, sumOf(first));
  if (random() < 0.6)
    plan = project(
      plan,
      ...plan.type.columns.flatMap((_, index) => (random() < 0.5 ? [col(plan, index)] : [])),
      lit(1),
    );
  return { plan, tensors };
}

/** [n, k] as one value a row, so that it is a scalar column. */
function sumOf(tensor: Tensor): Tensor {
  return make({ kind: 'reduce', op: 'sum', input: tensor, axes: [1], keepDims: false, last: false });
}

function conditionOf(plan: Relation, random: () => number): Expr {
  const parts = plan.type.columns.flatMap(({ type }, index) => {
    if (type.kind !== 'scalar' || random() < 0.5) return [];
    if (type.dtype === 'f32') return [call('gt', col(plan, index), lit(1, 'f32'))];
    return type.dtype === 'i32' ? [call('ge', col(plan, index), lit(2))] : [];
  });
  return parts.length === 0 ? lit(true, 'bool') : parts.reduce((left, right) => call('and', left, right));
}

function layersOf(input: Tensor, random: () => number, tensors: Constants): Tensor {
  let current = input;
  for (let count = Math.floor(random() * 4); count > 0; count--) current = layerOf(current, random, tensors);
  return current;
}

function layerOf(input: Tensor, random: () => number, tensors: Constants): Tensor {
  const width = input.type.dims[1] as number;
  const small = (count: number): number[] => Array.from({ length: count }, () => Math.floor(random() * 4) - 1);
  const [a, b] = [ref(0, 'f32'), ref(1, 'f32')];
  switch (Math.floor(random() * 7)) {
    case 0: case 1: {
      const outputs = 1 + Math.floor(random() * 3);
      const product = make({
        kind: 'matmul',
        left: input,
        right: tensors.weight([width, outputs], small(width * outputs)),
      });
      const body = random() < 0.5 ? call('add', a, b) : call('max', call('add', b, a), lit(0, 'f32'));
      return make({ kind: 'map', body, inputs: [product, tensors.weight([outputs], small(outputs))] });
    }
    case 2:
      return make({ kind: 'map', body: call('mul', a, b), inputs: [input, tensors.weight([1, width], small(width))] });
    case 3:
      return make({
        kind: 'map',
        body: call('add', a, b),
        inputs: [input, make({ kind: 'fill', value: 2, type: tensorType('f32', [1]) })],
      });
    case 4: {
      const start = Math.floor(random() * width);
      return make({ kind: 'slice', input, ranges: [undefined, { start, step: 1, count: width - start }] });
    }
    case 5: return make({ kind: 'concat', inputs: [input, input], axis: 1 });
    default: {
      const indices = tensors.add({ dtype: 'i64', dims: [2], data: BigInt64Array.from([0n, BigInt(width - 1)]) });
      const picked = make({ kind: 'weight', hash: indices, type: tensorType('i64', [2]) });
      return make({ kind: 'gather', mode: 'take', input, indices: picked, axis: 1, batchDims: 0 });
    }
  }
}
