/** Reductions over axes, running sums and the k greatest. */
import { isFloat } from '../../../ir/dtype.js';
import type { Expr, ReduceOp, Tensor } from '../../../ir/node.js';
import type { TensorBuilder } from '../builder.js';
import type { Lowered, OperatorCall } from '../call.js';
import { abs, add, call, choose, div, mul, num, sub } from '../expr.js';
import { operator, type Operator, type OperatorTable } from '../operator.js';

interface Axes { readonly axes: readonly number[]; readonly keepDims: boolean; readonly none: boolean }

/** Axes come as an attribute, then as an input; none means all, unless the node says none. */
function axesOf(c: OperatorCall): Axes {
  const rank = c.input(0).type.dims.length;
  const given = c.axes(c.intsAt(1, 'axes') ?? [], rank);
  const none = given.length === 0 && c.flag('noop_with_empty_axes');
  const axes = given.length > 0 || none ? given : Array.from({ length: rank }, (_, axis) => axis);
  return { axes, keepDims: c.flag('keepdims', true), none };
}

type Reducer = (
  b: TensorBuilder,
  x: Tensor,
  over: { readonly axes: readonly number[]; readonly keepDims: boolean },
) => Tensor;

const plain =
  (op: ReduceOp): Reducer =>
  (b, x, { axes, keepDims }) =>
    axes.length === 0 ? x : b.reduce(op, x, axes, { keepDims });
const sum = plain('sum');
const each = (b: TensorBuilder, x: Tensor, body: (a: Expr) => Expr): Tensor => b.map([x], (a) => body(a!));

/** Of integers the quotient is truncated. */
const mean: Reducer = (b, x, over) => {
  if (isFloat(x.type.dtype)) return plain('mean')(b, x, over);
  const one = b.scalar(x.type.dtype, 1);
  const count = over.axes.reduce(
    (product, axis) => b.map([product, b.cast(b.sizeOf(x, axis), x.type.dtype)], (p, size) => mul(p!, size!)), one);
  return b.map([sum(b, x, over), count], (total, parts) => div(total!, parts!));
};

/** A bool is the greater when true. */
const extreme =
  (op: 'max' | 'min'): Reducer =>
  (b, x, over) =>
    plain(x.type.dtype === 'bool' ? (op === 'max' ? 'any' : 'all') : op)(b, x, over);

/** max + ln(sum(e^(x - max))), shifted by 0 where the max is infinite. */
const logSumExp: Reducer = (b, x, { axes, keepDims }) => {
  if (axes.some((axis) => x.type.dims[axis] === 0)) return each(b, sum(b, x, { axes, keepDims }), (a) => call('ln', a));
  const most = each(b, b.reduce('max', x, axes), (m) => choose(call('is_inf', m), num(0, m), m));
  const shifted = b.map([x, most], (a, m) => call('exp', sub(a!, m!)));
  const total = b.map([b.reduce('sum', shifted, axes), most], (s, m) => add(call('ln', s!), m!));
  return keepDims ? total : b.reshape(total, total.type.dims.filter((_, axis) => !axes.includes(axis)));
};

function reduction(since: readonly number[], reducer: Reducer, of: 'all' | 'floats' = 'all'): Operator {
  return operator(since, 'axes keepdims noop_with_empty_axes', (c) => {
    const { dtype } = c.input(0).type;
    if (of === 'floats' && !isFloat(dtype)) throw c.unsupported(`${dtype}; floats are reduced`);
    const over = axesOf(c);
    return reducer(c.builder, c.input(0), over);
  });
}

/** Square roots of integers go through doubles. */
const root: Reducer = (b, x, over) => {
  const squares = sum(b, each(b, x, (a) => mul(a, a)), over);
  if (isFloat(x.type.dtype)) return each(b, squares, (a) => call('sqrt', a));
  return b.cast(each(b, b.cast(squares, 'f64'), (a) => call('sqrt', a)), x.type.dtype);
};

const logSum: Reducer = (b, x, over) => each(b, sum(b, x, over), (a) => call('ln', a));

function arg(c: OperatorCall, op: 'argmax' | 'argmin'): Tensor {
  const x = c.input(0);
  const axis = c.axis(c.int('axis', 0), x.type.dims.length);
  return c.builder.reduce(op, x, [axis], { keepDims: c.flag('keepdims', true), last: c.flag('select_last_index') });
}

function cumulative(c: OperatorCall, op: 'sum' | 'prod'): Tensor {
  const input = c.input(0);
  const axis = c.axis(c.numberAt(1), input.type.dims.length);
  return c.builder.emit({
    kind: 'cumulative',
    op,
    input,
    axis,
    exclusive: c.flag('exclusive'),
    reverse: c.flag('reverse'),
  });
}

function topK(c: OperatorCall): Lowered {
  const input = c.input(0);
  const axis = c.axis(c.int('axis', -1), input.type.dims.length);
  const k = c.version < 10 ? c.int('k') : c.numberAt(1);
  const size = input.type.dims[axis]!;
  if (!(k >= 0) || (typeof size === 'number' && k > size)) throw c.invalid(`the first ${k} of ${size}`);
  const part = (own: 'values' | 'indices'): Tensor =>
    c.builder.emit({ kind: 'topk', input, k, axis, largest: c.flag('largest', true), part: own });
  return [part('values'), part('indices')];
}

export const REDUCE = {
  ReduceSum: reduction([1, 11, 13], sum),
  ReduceMean: reduction([1, 11, 13, 18], mean),
  ReduceMax: reduction([1, 11, 12, 13, 18, 20], extreme('max')),
  ReduceMin: reduction([1, 11, 12, 13, 18, 20], extreme('min')),
  ReduceProd: reduction([1, 11, 13, 18], plain('prod')),
  ReduceL1: reduction([1, 11, 13, 18], (b, x, over) => sum(b, each(b, x, abs), over)),
  ReduceL2: reduction([1, 11, 13, 18], root),
  ReduceSumSquare: reduction([1, 11, 13, 18], (b, x, over) => sum(b, each(b, x, (a) => mul(a, a)), over)),
  ReduceLogSum: reduction([1, 11, 13, 18], logSum, 'floats'),
  ReduceLogSumExp: reduction([1, 11, 13, 18], logSumExp, 'floats'),
  ArgMax: operator([1, 11, 12, 13], 'axis keepdims select_last_index', (c) => arg(c, 'argmax')),
  ArgMin: operator([1, 11, 12, 13], 'axis keepdims select_last_index', (c) => arg(c, 'argmin')),
  CumSum: operator([11, 14], 'exclusive reverse', (c) => cumulative(c, 'sum')),
  CumProd: operator([26], 'exclusive reverse', (c) => cumulative(c, 'prod')),
  TopK: operator([1, 10, 11, 24], 'axis k largest sorted', topK),
} satisfies OperatorTable;

