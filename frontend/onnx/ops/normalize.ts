/** Normalisations, composed of reductions and maps. */
import type { Tensor } from '../../../ir/node.js';
import type { TensorBuilder } from '../builder.js';
import type { Lowered, OperatorCall } from '../call.js';
import { add, call, cast, choose, div, literal, mul, num, sub } from '../expr.js';
import { positions } from '../dims.js';
import { MAX_UNROLL } from '../limits.js';
import { operator, type OperatorTable } from '../operator.js';

/** A vector of one value a channel, placed to broadcast over [n, c, ...]. */
function perChannel(b: TensorBuilder, vector: Tensor, rank: number): Tensor {
  return b.reshape(vector, [vector.type.dims[0]!, ...new Array<number>(Math.max(0, rank - 2)).fill(1)]);
}

/** Inference: scale * (x - mean) / sqrt(variance + epsilon) + bias, by channel. */
function batchNormalization(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  if (c.flag('training_mode') || (c.version < 7 && !c.flag('is_test'))) throw c.unsupported('training mode');
  if (!c.flag('spatial', true)) throw c.unsupported('spatial = 0');
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => c.input(i)) as [Tensor, Tensor, Tensor, Tensor];
  const { dtype, dims } = x.type;
  const factor = b.map([scale, variance], (s, v) =>
    div(cast(s!, dtype), call('sqrt', add(cast(v!, dtype), literal(c.float('epsilon', 1e-5), dtype)))),
  );
  const shift = b.map([bias, mean, factor], (o, m, f) => sub(cast(o!, dtype), mul(cast(m!, dtype), f!)));
  const [factors, shifts] = [factor, shift].map((vector) => perChannel(b, vector, dims.length)) as [Tensor, Tensor];
  return b.map([x, factors, shifts], (a, f, s) => add(mul(a!, f!), s!));
}

interface Standard { readonly value: Tensor; readonly mean: Tensor; readonly inverse: Tensor }

/** (x - mean) / sqrt(variance + epsilon) over axes. */
function standardized(b: TensorBuilder, x: Tensor, axes: readonly number[], epsilon: number): Standard {
  const mean = b.reduce('mean', x, axes);
  const centred = b.map([x, mean], (a, m) => sub(a!, m!));
  const variance = b.reduce('mean', b.map([centred], (a) => mul(a!, a!)), axes);
  const inverse = b.map([variance], (v) => div(num(1, v!), call('sqrt', add(v!, num(epsilon, v!)))));
  return { value: b.map([centred, inverse], (a, i) => mul(a!, i!)), mean, inverse };
}

/** Computed in at least f32 (stash_type). */
function layerNormalization(c: OperatorCall): Lowered {
  const { builder: b } = c;
  const x = c.input(0);
  const { dtype, dims } = x.type;
  const axis = c.axis(c.int('axis', -1), dims.length);
  const axes = dims.slice(axis).map((_, i) => axis + i);
  const { value, mean, inverse } = standardized(
    b,
    b.cast(x, dtype === 'f64' ? 'f64' : 'f32'),
    axes,
    c.float('epsilon', 1e-5),
  );
  const [scale, bias] = [c.input(1), c.optional(2)];
  const scaled = b.map([b.cast(value, dtype), scale], (a, s) => mul(a!, s!));
  return [bias === undefined ? scaled : b.map([scaled, bias], (a, o) => add(a!, o!)), mean, inverse];
}

function rmsNormalization(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const { dtype, dims } = x.type;
  const axis = c.axis(c.int('axis', -1), dims.length);
  const axes = dims.slice(axis).map((_, i) => axis + i);
  const wide = b.cast(x, dtype === 'f64' ? 'f64' : 'f32');
  const square = b.reduce('mean', b.map([wide], (a) => mul(a!, a!)), axes);
  return b.map([wide, square, c.input(1)], (a, q, s) =>
    mul(cast(div(a!, call('sqrt', add(q!, num(c.float('epsilon', 1e-5), q!)))), dtype), cast(s!, dtype)));
}

function instanceNormalization(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const rank = x.type.dims.length;
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  const { value } = standardized(b, x, axes, c.float('epsilon', 1e-5));
  const [scale, bias] = [1, 2].map((i) => perChannel(b, c.input(i), rank)) as [Tensor, Tensor];
  return b.map([value, scale, bias], (a, s, o) => add(mul(a!, s!), o!));
}

/** Groups of channels are normalised together; scale and bias by channel (before opset 21 by group). */
function groupNormalization(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const { dims, dtype } = x.type;
  const groups = c.int('num_groups');
  const channels = c.known(dims[1]!, 'the channels');
  if (groups < 1 || channels % groups !== 0) throw c.invalid(`${groups} groups of ${channels} channels`);
  const apart = b.reshape(b.cast(x, dtype === 'f64' ? 'f64' : 'f32'), [
    dims[0]!,
    groups,
    channels / groups,
    ...dims.slice(2),
  ]);
  const { value } = standardized(b, apart, apart.type.dims.map((_, axis) => axis).slice(2), c.float('epsilon', 1e-5));
  const [scale, bias] = [1, 2].map((i) => {
    const vector = c.input(i);
    const own =
      c.version >= 21
        ? vector
        : b.reshape(b.expand(b.reshape(vector, [groups, 1]), [groups, channels / groups]), [channels]);
    return perChannel(b, own, dims.length);
  }) as [Tensor, Tensor];
  return b.map([b.cast(b.reshape(value, dims), dtype), scale, bias], (a, s, o) => add(mul(a!, s!), o!));
}

/** x / (bias + alpha / size * sum of squares over neighbouring channels) ^ beta */
function localResponse(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const size = c.int('size');
  if (size < 1 || size > MAX_UNROLL) throw c.invalid(`sums over ${size} channels, expected 1 to ${MAX_UNROLL}`);
  const channels = c.known(x.type.dims[1]!, 'the channels');
  const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
  const zeros = x.type.dims.map(() => 0);
  const squares = b.pad(b.map([x], (a) => mul(a!, a!)), zeros.with(1, before), zeros.with(1, after));
  const neighbours = positions(size).map((i) => b.part(squares, 1, { start: i, count: channels }));
  const [alpha, beta, bias] = [c.float('alpha', 1e-4), c.float('beta', 0.75), c.float('bias', 1)];
  return b.map([x, ...neighbours], (a, ...parts) => {
    const sum = parts.reduce((total, part) => add(total, part));
    return div(a!, call('pow', add(num(bias, a!), mul(num(alpha / size, a!), sum)), num(beta, a!)));
  });
}

function lpNormalization(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const axis = c.axis(c.int('axis', -1), x.type.dims.length);
  const order = c.int('p', 2);
  if (order !== 1 && order !== 2) throw c.invalid(`a norm of order ${order}, expected 1 or 2`);
  const sum = b.reduce('sum', b.map([x], (a) => (order === 1 ? call('abs', a!) : mul(a!, a!))), [axis]);
  return b.map([x, sum], (a, s) =>
    choose(call('ieee_eq', s!, num(0, s!)), num(0, a!), div(a!, order === 1 ? s! : call('sqrt', s!))),
  );
}

function meanVariance(c: OperatorCall): Tensor {
  const axes = c.has('axes') ? c.axes(c.ints('axes'), c.input(0).type.dims.length) : [0, 2, 3];
  const { builder: b } = c;
  const x = c.input(0);
  const centred = b.map([x, b.reduce('mean', x, axes)], (a, m) => sub(a!, m!));
  const variance = b.reduce('mean', b.map([centred], (a) => mul(a!, a!)), axes);
  return b.map([centred, variance], (a, v) => div(a!, add(call('sqrt', v!), num(1e-9, v!))));
}

export const NORMALIZE = {
  BatchNormalization: operator(
    [1, 6, 7, 9, 14, 15],
    'epsilon momentum spatial is_test training_mode',
    batchNormalization,
  ),
  LayerNormalization: operator([17], 'axis epsilon stash_type', layerNormalization),
  RMSNormalization: operator([23], 'axis epsilon stash_type', rmsNormalization),
  InstanceNormalization: operator([1, 6, 22], 'epsilon', instanceNormalization),
  GroupNormalization: operator([18, 21], 'epsilon num_groups stash_type', groupNormalization),
  LRN: operator([1, 13], 'alpha beta bias size', localResponse),
  LpNormalization: operator([1, 22], 'axis p', lpNormalization),
  MeanVarianceNormalization: operator([9, 13], 'axes', meanVariance),
} satisfies OperatorTable;
