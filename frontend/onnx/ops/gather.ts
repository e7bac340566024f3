/**
 * Operators that address by value: the gather and scatter families, OneHot, Compress and those whose shape data
 * decides.
 */
import type { Scatter, Tensor } from '../../../ir/node.js';
import type { Lowered, OperatorCall } from '../call.js';
import { add, call, cast, choose, literal } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';

function gather(c: OperatorCall): Tensor {
  const [input, indices] = [c.input(0), c.input(1)];
  return c.builder.take(input, indices, c.axis(c.int('axis', 0), input.type.dims.length));
}

function gatherElements(c: OperatorCall): Tensor {
  const [input, indices] = [c.input(0), c.input(1)];
  return c.builder.emit({
    kind: 'gather',
    mode: 'elements',
    input,
    indices,
    axis: c.axis(c.int('axis', 0), input.type.dims.length),
    batchDims: 0,
  });
}

function gatherNd(c: OperatorCall): Tensor {
  return c.builder.emit({
    kind: 'gather',
    mode: 'nd',
    input: c.input(0),
    indices: c.input(1),
    axis: 0,
    batchDims: c.int('batch_dims', 0),
  });
}

const COMBINE = { none: 'replace', add: 'add', mul: 'mul', max: 'max', min: 'min' } as const;

function scatter(c: OperatorCall, mode: Scatter['mode']): Tensor {
  const input = c.input(0);
  const combine = COMBINE[c.choice('reduction', ['none', 'add', 'mul', 'max', 'min'], 'none')];
  const axis = mode === 'nd' ? 0 : c.axis(c.int('axis', 0), input.type.dims.length);
  return c.builder.emit({ kind: 'scatter', mode, input, indices: c.input(1), updates: c.input(2), axis, combine });
}

/** index equals position, along a new axis; an index out of range is off everywhere. */
function oneHot(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const [indices, values] = [c.input(0), c.input(2)];
  const depth = c.numberAt(1);
  const rank = indices.type.dims.length;
  const axis = c.axis(c.int('axis', -1), rank + 1);
  const whole = b.cast(indices, 'i64');
  const positions = b.steps(
    depth,
    Array.from({ length: rank + 1 - axis }, (_, i) => (i === 0 ? depth : 1)),
  );
  const pick = (at: number): Tensor => b.reshape(b.part(values, 0, { start: at, count: 1 }), []);
  return b.map([b.unsqueeze(whole, [axis]), positions, pick(0), pick(1)], (index, own, off, on) => {
    const wrapped = choose(call('lt', index!, literal(0, 'i64')), add(index!, literal(depth, 'i64')), index!);
    return choose(call('eq', wrapped, own!), on!, off!);
  });
}

/** The slices at the places of a constant condition that hold. */
function compress(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.has('axis') ? c.input(0) : b.reshape(c.input(0), [-1]);
  const axis = c.has('axis') ? c.axis(c.int('axis'), x.type.dims.length) : 0;
  const places = c.numbersAt(1).flatMap((held, i) => (held !== 0 ? [i] : []));
  return b.take(x, b.ints(places), axis);
}

function nonZero(c: OperatorCall): Tensor {
  const x = c.input(0);
  return c.builder.opaque('nonzero', [x], { dtype: 'i64', dims: [x.type.dims.length, c.builder.symbol()] });
}

function unique(c: OperatorCall): Lowered {
  const { builder: b } = c;
  const x = c.input(0);
  const attributes = {
    axis: c.has('axis') ? c.axis(c.int('axis'), x.type.dims.length) : null,
    sorted: c.flag('sorted', true),
  };
  const count = b.symbol();
  const dims =
    attributes.axis === null ? [count] : x.type.dims.map((dim, axis) => (axis === attributes.axis ? count : dim));
  const inverse = attributes.axis === null ? b.symbol() : x.type.dims[attributes.axis]!;
  return [
    b.opaque('unique', [x], { attributes, part: 0, dtype: x.type.dtype, dims }),
    b.opaque('unique', [x], { attributes, part: 1, dtype: 'i64', dims: [count] }),
    b.opaque('unique', [x], { attributes, part: 2, dtype: 'i64', dims: [inverse] }),
    b.opaque('unique', [x], { attributes, part: 3, dtype: 'i64', dims: [count] }),
  ];
}

/** Boxes kept, best first, by class. */
function nonMaxSuppression(c: OperatorCall): Tensor {
  const at = (index: number, otherwise: number): number =>
    c.optional(index) === undefined ? otherwise : c.numberAt(index);
  const attributes = {
    centered: c.flag('center_point_box'),
    most: at(2, 0),
    overlap: at(3, 0),
    score: c.optional(4) === undefined ? null : c.numberAt(4),
  };
  return c.builder.opaque('suppress', [c.input(0), c.input(1)], {
    attributes,
    dtype: 'i64',
    dims: [c.builder.symbol(), 3],
  });
}

/** Writes `update` into a cache from a position of each batch element on; circular writes wrap around. */
function tensorScatter(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const [past, update] = [c.input(0), c.input(1)];
  const rank = past.type.dims.length;
  const axis = c.axis(c.int('axis', -2), rank);
  const [length, written] = [
    c.known(past.type.dims[axis]!, 'the cache'),
    c.known(update.type.dims[axis]!, 'the update'),
  ];
  const batch = c.known(past.type.dims[0]!, 'the batch');
  const starts = c.optional(2) ?? b.fill('i64', [batch], 0);
  const steps = b.steps(
    written,
    Array.from({ length: rank - axis }, (_, i) => (i === 0 ? written : 1)),
  );
  const circular = c.choice('mode', ['linear', 'circular'], 'linear') === 'circular';
  const places = b.map([b.reshape(starts, [batch, ...new Array<number>(rank - 1).fill(1)]), steps], (start, step) => {
    const place = add(cast(start!, 'i64'), step!);
    return circular ? call('floor_mod', place, literal(length, 'i64')) : place;
  });
  return b.emit({
    kind: 'scatter',
    mode: 'elements',
    input: past,
    indices: b.expand(places, update.type.dims),
    updates: update,
    axis,
    combine: 'replace',
  });
}

export const GATHER = {
  Gather: operator([1, 11, 13], 'axis', gather),
  GatherElements: operator([11, 13], 'axis', gatherElements),
  GatherND: operator([11, 12, 13], 'batch_dims', gatherNd),
  Scatter: operator([9, 11], 'axis', (c) => scatter(c, 'elements')),
  ScatterElements: operator([11, 13, 16, 18], 'axis reduction', (c) => scatter(c, 'elements')),
  ScatterND: operator([11, 13, 16, 18], 'reduction', (c) => scatter(c, 'nd')),
  TensorScatter: operator([24], 'axis mode', tensorScatter),
  OneHot: operator([9, 11], 'axis', oneHot),
  Compress: operator([9, 11], 'axis', compress),
  NonZero: operator([9, 13], '', nonZero),
  NonMaxSuppression: operator([10, 11], 'center_point_box', nonMaxSuppression),
  Det: operator([11, 22], '', (c) =>
    c.builder.opaque('determinant', [c.input(0)], {
      dtype: c.input(0).type.dtype,
      dims: c.input(0).type.dims.slice(0, -2),
    }),
  ),
  Unique: operator([11], 'axis sorted', unique),
} satisfies OperatorTable;
