/**
 * Softmax, LogSoftmax, Hardmax. Before opset 13 the input is seen as a matrix [before axis, from axis on] and the
 * default axis is 1; since then it is one axis, by default the last.
 */
import type { Tensor } from '../../../ir/node.js';
import type { TensorBuilder } from '../builder.js';
import type { OperatorCall } from '../call.js';
import { call, cast, div, sub } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';

type Over = (b: TensorBuilder, x: Tensor, axes: readonly number[]) => Tensor;

/** e^(x - max) / sum */
export const softmaxOver: Over = (b, x, axes) => {
  const exps = b.map([x, b.reduce('max', x, axes)], (a, most) => call('exp', sub(a!, most!)));
  return b.map([exps, b.reduce('sum', exps, axes)], (e, total) => div(e!, total!));
};

/** x - max - ln(sum(e^(x - max))) */
const logSoftmaxOver: Over = (b, x, axes) => {
  const shifted = b.map([x, b.reduce('max', x, axes)], (a, most) => sub(a!, most!));
  const total = b.reduce('sum', b.map([shifted], (a) => call('exp', a!)), axes);
  return b.map([shifted, total], (a, sum) => sub(a!, call('ln', sum!)));
};

/** The axes that are normalised together; reducing over several equals flattening them. */
function overAxes(c: OperatorCall, over: Over): Tensor {
  const x = c.input(0);
  const rank = x.type.dims.length;
  if (rank === 0) return over(c.builder, x, []);
  if (c.version >= 13) return over(c.builder, x, [c.axis(c.int('axis', -1), rank)]);
  const given = c.int('axis', 1);
  const axis = c.axis(given < 0 ? given + rank : given, rank + 1);
  return over(c.builder, x, Array.from({ length: rank - axis }, (_, i) => axis + i));
}

/** 1 at the first greatest of each axis. */
function hardmax(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const rank = x.type.dims.length;
  const axis = c.axis(c.int('axis', c.version >= 13 ? -1 : 1), rank);
  if (c.version < 13 && axis < rank - 1) {
    const flat = b.reshape(x, [...x.type.dims.slice(0, axis), -1]);
    return b.reshape(oneAtMost(b, flat, axis), x.type.dims);
  }
  return oneAtMost(b, x, axis);
}

function oneAtMost(b: TensorBuilder, x: Tensor, axis: number): Tensor {
  const best = b.reduce('argmax', x, [axis]);
  const size = x.type.dims[axis];
  if (typeof size !== 'number') throw new Error('Hardmax over an axis of unknown size');
  const positions = b.steps(
    size,
    x.type.dims.slice(axis).map((_, i) => (i === 0 ? size : 1)),
  );
  return b.map([best, positions], (at, own) => cast(call('eq', at!, own!), x.type.dtype));
}

export const SOFTMAX = {
  Softmax: operator([1, 11, 13], 'axis', (c) => overAxes(c, softmaxOver)),
  LogSoftmax: operator([1, 11, 13], 'axis', (c) => overAxes(c, logSoftmaxOver)),
  Hardmax: operator([1, 11, 13], 'axis', hardmax),
} satisfies OperatorTable;
