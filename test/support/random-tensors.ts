/** Random tensor nodes, for `random-nodes.ts`. */
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type { Expr, Tensor } from '../../ir/node.js';
import { scalar, tensor } from '../../ir/type.js';
import { pick, randomLiteral, type Choose } from './random-values.js';

const f32 = scalar('f32');

export function weight(choose: Choose, dims: readonly number[]): Tensor {
  return make({ kind: 'weight', hash: `hash${choose(1000)}`, type: tensor('f32', dims) });
}

/** Tensors over `source` [n, k] that keep the shape [n, something] known. */
export function randomTensor(choose: Choose, source: Tensor, depth: number): Tensor {
  if (depth <= 0) return source;
  const input = randomTensor(choose, source, depth - 1);
  const k = input.type.dims[1] as number;
  const ref = (index: number): Expr => make({ kind: 'ref', index, type: f32 });
  const half = make({ kind: 'literal', value: randomLiteral(choose, 'f32'), type: f32 });
  const body = make({ kind: 'call', op: 'max', args: [make({ kind: 'call', op: 'tanh', args: [ref(0)] }), half] });
  const index = make({ kind: 'fill', value: 0n, type: tensor('i64', [2]) });
  switch (choose(16)) {
    case 0:
      return make({ kind: 'map', body, inputs: [input] });
    case 1: {
      const sum = make({ kind: 'call', op: 'add', args: [ref(0), ref(1)] });
      return make({ kind: 'map', body: sum, inputs: [input, weight(choose, [k])] });
    }
    case 2: {
      const op = pick(choose, ['sum', 'mean', 'max'] as const);
      return make({ kind: 'reduce', op, input, axes: [1], keepDims: true, last: choose(2) === 0 });
    }
    case 3:
      return make({ kind: 'matmul', left: input, right: weight(choose, [k, 1 + choose(4)]) });
    case 4:
      return randomDense(choose, input, body);
    case 5:
      return make({ kind: 'reshape', input, dims: ['n', k] });
    case 6:
      return make({
        kind: 'transpose',
        input: make({ kind: 'transpose', input, permutation: [1, 0] }),
        permutation: [1, 0],
      });
    case 7:
      return make({ kind: 'concat', inputs: [input, input], axis: 1 });
    case 8:
      return make({ kind: 'slice', input, ranges: [undefined, { start: k - 1, step: -1, count: k }] });
    case 9:
      return make({ kind: 'pad', input, before: [0, 1], after: [0, 2], mode: 'constant', value: NaN });
    case 10:
      return make({ kind: 'gather', mode: 'take', input, indices: index, axis: 1, batchDims: 0 });
    case 11:
      return make({ kind: 'topk', input, k: 1, axis: 1, largest: choose(2) === 0, part: 'values' });
    case 12:
      return make({
        kind: 'cumulative',
        op: 'sum',
        input,
        axis: 1,
        exclusive: choose(2) === 0,
        reverse: choose(2) === 0,
      });
    case 13:
      return make({
        kind: 'lookup',
        input,
        keys: weight(choose, [2]),
        values: weight(choose, [2]),
        otherwise: randomLiteral(choose, 'f32'),
      });
    case 14:
      return opaque(choose, input);
    default:
      return randomWide(choose, input);
  }
}

function randomDense(choose: Choose, input: Tensor, body: Expr): Tensor {
  const m = 1 + choose(4);
  const some = choose(2) === 0;
  return make({
    kind: 'dense',
    input,
    weight: weight(choose, [input.type.dims[1] as number, m]),
    bias: some ? weight(choose, [m]) : undefined,
    activation: some ? body : undefined,
    representation: pick(choose, [undefined, 'kernel', 'relational'] as const),
  });
}

function opaque(choose: Choose, input: Tensor): Tensor {
  return make({
    kind: 'opaque',
    op: 'nonzero',
    inputs: [input],
    attributes: { b: [1, -0, NaN], a: { 'x y': null, s: 'text', t: ['\0', '\0\0x', '\0NaN'] }, ['__proto__']: 'p' },
    part: choose(2),
    type: tensor('f32', ['n', input.type.dims[1]!]),
  });
}

/** Kinds of four dims, or of many inputs. */
function randomWide(choose: Choose, input: Tensor): Tensor {
  const k = input.type.dims[1] as number;
  const image = make({ kind: 'reshape', input: make({ kind: 'expand', input, dims: ['n', k] }), dims: ['n', 1, 1, k] });
  const window = { strides: [1, 1], dilations: [1, 1], before: [0, 0], after: [0, 0] };
  const constants = (dtype: DType, dims: readonly number[]): Tensor =>
    make({ kind: 'weight', hash: `t${choose(9)}`, type: tensor(dtype, dims) });
  switch (choose(4)) {
    case 0: {
      const conv = make({
        kind: 'conv',
        input: image,
        weight: weight(choose, [1, 1, 1, 1]),
        bias: undefined,
        ...window,
        groups: 1,
        transposed: choose(2) === 0,
      });
      return make({ kind: 'reshape', input: conv, dims: ['n', k] });
    }
    case 1: {
      const pool = make({
        kind: 'pool',
        op: pick(choose, ['max', 'mean', 'lp'] as const),
        input: image,
        window: [1, 1],
        ...window,
        countPadding: choose(2) === 0,
        order: 2,
      });
      return make({ kind: 'reshape', input: pool, dims: ['n', k] });
    }
    case 2:
      return make({
        kind: 'scatter',
        mode: 'elements',
        input,
        indices: constants('i64', [1, k]),
        updates: weight(choose, [1, k]),
        axis: 0,
        combine: 'add',
      });
    default:
      return make({
        kind: 'tree_ensemble',
        input,
        roots: constants('i32', [1]),
        feature: constants('i32', [3]),
        threshold: constants('f32', [3]),
        mode: constants('u8', [3]),
        yes: constants('i32', [3]),
        no: constants('i32', [3]),
        missingYes: constants('u8', [3]),
        leafTarget: constants('i32', [2]),
        leafWeight: constants('f32', [2]),
        base: choose(2) === 0 ? undefined : constants('f32', [2]),
        targets: 2,
        combine: pick(choose, ['sum', 'mean'] as const),
      });
  }
}
