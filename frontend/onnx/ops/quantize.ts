/** Quantised operators, composed: widen, subtract zero points, compute, scale, round to even, clamp. */
import { rangeOf } from '../../../ir/scalar/value.js';
import { dtypeOfOnnx, type DType } from '../../../ir/dtype.js';
import type { Expr, Tensor } from '../../../ir/node.js';
import type { Lowered, OperatorCall } from '../call.js';
import { add, call, cast, div, mul, num, sub } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';
import { centred } from './matrix.js';
import { convolved } from './window.js';

/** A number within the range of an integer dtype, rounded half to even. */
function saturated(value: Expr, to: DType): Expr {
  const [least, most] = rangeOf(to);
  return cast(
    call('min', call('max', call('round_even', value), num(Number(least), value)), num(Number(most), value)),
    to,
  );
}

/** A scale or zero point of one value a channel (or a block of one) placed against x. */
function placed(c: OperatorCall, x: Tensor, part: Tensor): Tensor {
  const { builder: b } = c;
  const rank = x.type.dims.length;
  const block = c.int('block_size', 0);
  if (block === 0 && (part.type.dims.length === 0 || (part.type.dims.length === 1 && part.type.dims[0] === 1)))
    return b.reshape(part, []);
  const axis = c.axis(c.int('axis', 1), rank);
  if (block > 0) {
    const { dims } = part.type;
    const apart = b.expand(b.unsqueeze(part, [axis + 1]), [...dims.slice(0, axis + 1), block, ...dims.slice(axis + 1)]);
    const repeated = b.reshape(apart, dims.map((dim, i) => (i === axis ? c.known(dim, 'a block') * block : dim)));
    return b.part(repeated, axis, { start: 0, count: c.known(x.type.dims[axis]!, 'a blocked axis') });
  }
  return b.reshape(part, [part.type.dims[0]!, ...new Array<number>(rank - 1 - axis).fill(1)]);
}

function targetOf(c: OperatorCall, zero: Tensor | undefined): DType {
  if (zero !== undefined) return zero.type.dtype;
  const code = c.int('output_dtype', 0);
  const dtype = code === 0 ? 'u8' : dtypeOfOnnx(code);
  if (dtype === undefined) throw c.unsupported(`quantising to data type ${code}`);
  return dtype;
}

function quantizeLinear(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const [x, scale, zero] = [c.input(0), placed(c, c.input(0), c.input(1)), c.optional(2)];
  const to = targetOf(c, zero);
  const offset = zero === undefined ? b.scalar(to, 0) : placed(c, x, zero);
  return b.map([x, scale, offset], (a, s, z) =>
    saturated(add(call('round_even', div(cast(a!, 'f32'), cast(s!, 'f32'))), cast(z!, 'f32')), to));
}

function dequantizeLinear(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const [x, scale, zero] = [c.input(0), placed(c, c.input(0), c.input(1)), c.optional(2)];
  const to = c.int('output_dtype', 0) === 0 ? scale.type.dtype : dtypeOfOnnx(c.int('output_dtype'))!;
  const offset = zero === undefined ? b.scalar(x.type.dtype, 0) : placed(c, x, zero);
  return b.map([x, scale, offset], (a, s, z) =>
    cast(mul(cast(sub(cast(a!, 'i32'), cast(z!, 'i32')), 'f32'), cast(s!, 'f32')), to),
  );
}

/** Scale and zero point from the range of the data, zero included. */
function dynamicQuantize(c: OperatorCall): Lowered {
  const { builder: b } = c;
  const x = c.input(0);
  const all = x.type.dims.map((_, axis) => axis);
  const [low, high] = [b.reduce('min', x, all, { keepDims: false }), b.reduce('max', x, all, { keepDims: false })];
  const scale = b.map([low, high], (l, h) =>
    div(sub(call('max', h!, num(0, h!)), call('min', l!, num(0, l!))), num(255, h!)),
  );
  const zero = b.map([low, scale], (l, s) => saturated(div(sub(num(0, l!), call('min', l!, num(0, l!))), s!), 'u8'));
  const y = b.map([x, scale, zero], (a, s, z) =>
    saturated(add(call('round_even', div(a!, s!)), cast(z!, 'f32')), 'u8'),
  );
  return [y, scale, zero];
}

/** sums * (scale a * scale b / scale y) + zero y */
function requantized(c: OperatorCall, sums: Tensor, scales: readonly [Tensor, Tensor, Tensor], zero: Tensor): Tensor {
  return c.builder.map([sums, ...scales, zero], (s, a, w, y, z) => {
    const factor = div(mul(cast(a!, 'f32'), cast(w!, 'f32')), cast(y!, 'f32'));
    return saturated(add(call('round_even', mul(cast(s!, 'f32'), factor)), cast(z!, 'f32')), zero.type.dtype);
  });
}

function one(c: OperatorCall, index: number): Tensor {
  const part = c.input(index);
  return part.type.dims.length === 1 && part.type.dims[0] === 1 ? c.builder.reshape(part, []) : part;
}

function qLinearMatMul(c: OperatorCall): Tensor {
  const left = centred(c, c.input(0), one(c, 2), { to: 'i32', rows: true });
  const right = centred(c, c.input(3), one(c, 5), { to: 'i32', rows: false });
  const rows = one(c, 1);
  const scale = rows.type.dims.length === 1 ? c.builder.reshape(rows, [-1, 1]) : rows;
  return requantized(c, c.builder.matmul(left, right), [scale, one(c, 4), one(c, 6)], one(c, 7));
}

function qLinearConv(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const byMap = (part: Tensor, rank: number): Tensor =>
    part.type.dims.length === 1 ? b.reshape(part, [part.type.dims[0]!, ...new Array<number>(rank).fill(1)]) : part;
  const [x, weight] = [c.input(0), c.input(3)];
  const rank = x.type.dims.length;
  const wide = centred(c, x, one(c, 2), { to: 'i32', rows: false });
  const weights = centred(c, weight, byMap(one(c, 5), rank - 1), { to: 'i32', rows: false });
  const sums = convolved(c, wide, weights, c.optional(8));
  return requantized(c, sums, [one(c, 1), byMap(one(c, 4), rank - 2), one(c, 6)], one(c, 7));
}

export const QUANTIZE = {
  QuantizeLinear: operator(
    [10, 13, 19, 21, 23, 24, 25],
    'axis block_size output_dtype precision saturate',
    quantizeLinear,
  ),
  DequantizeLinear: operator([10, 13, 19, 21, 23, 24, 25], 'axis block_size output_dtype', dequantizeLinear),
  DynamicQuantizeLinear: operator([11], '', dynamicQuantize),
  QLinearMatMul: operator([10, 21], '', qLinearMatMul),
  QLinearConv: operator([10], 'auto_pad dilations group kernel_shape pads strides', qLinearConv),
} satisfies OperatorTable;
