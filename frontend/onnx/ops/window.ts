/** Convolutions and pools. `auto_pad` and ceil mode become plain pads here, where spatial sizes are known. */
import type { Pool, Tensor } from '../../../ir/node.js';
import type { Lowered, OperatorCall } from '../call.js';
import { operator, type OperatorTable } from '../operator.js';
import { centred } from './matrix.js';

interface Windows {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
}

function listOf(c: OperatorCall, name: string, rank: number): readonly number[] {
  const list = c.has(name) ? c.ints(name) : new Array<number>(rank).fill(1);
  if (list.length !== rank || list.some((value) => value < 1))
    throw c.invalid(`${name} is [${list.join(', ')}] for ${rank} spatial dims`);
  return list;
}

/** Strides, dilations and pads over the spatial dims of [n, c, ...]. */
function windowsOf(c: OperatorCall, x: Tensor, window: readonly number[]): Windows {
  const rank = window.length;
  if (x.type.dims.length !== rank + 2) throw c.invalid(`a window of ${rank} dims over [${x.type.dims.join(', ')}]`);
  const [strides, dilations] = [listOf(c, 'strides', rank), listOf(c, 'dilations', rank)];
  const auto = c.choice('auto_pad', ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'], 'NOTSET');
  const pads = c.ints('pads');
  if (auto === 'NOTSET' || auto === 'VALID') {
    const own = auto === 'NOTSET' && pads.length > 0 ? pads : new Array<number>(2 * rank).fill(0);
    if (own.length !== 2 * rank || own.some((pad) => pad < 0))
      throw c.invalid(`pads are [${own.join(', ')}] for ${rank} spatial dims`);
    return { strides, dilations, before: own.slice(0, rank), after: own.slice(rank) };
  }
  const total = window.map((size, axis) => {
    const dim = c.known(x.type.dims[axis + 2]!, `auto_pad ${auto}`);
    return Math.max(
      0,
      (Math.ceil(dim / strides[axis]!) - 1) * strides[axis]! + dilations[axis]! * (size - 1) + 1 - dim,
    );
  });
  const small = total.map((pad) => Math.floor(pad / 2));
  const large = total.map((pad) => Math.ceil(pad / 2));
  return auto === 'SAME_UPPER'
    ? { strides, dilations, before: small, after: large }
    : { strides, dilations, before: large, after: small };
}

function windowOfWeight(c: OperatorCall, weight: Tensor): readonly number[] {
  return weight.type.dims.slice(2).map((dim) => c.known(dim, 'a kernel'));
}

function conv(c: OperatorCall): Tensor {
  return convolved(c, c.input(0), c.input(1), c.optional(2));
}

export function convolved(c: OperatorCall, input: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const windows = windowsOf(c, input, windowOfWeight(c, weight));
  return c.builder.emit({
    kind: 'conv',
    input,
    weight,
    bias,
    ...windows,
    groups: c.int('group', 1),
    transposed: false,
  });
}

/** pads make the output smaller; `output_padding` larger at the end; `output_shape` sets the pads. */
function convTranspose(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const [input, weight, bias] = [c.input(0), c.input(1), c.optional(2)];
  const window = windowOfWeight(c, weight);
  const rank = window.length;
  const [strides, dilations] = [listOf(c, 'strides', rank), listOf(c, 'dilations', rank)];
  const extra = c.has('output_padding') ? c.ints('output_padding') : window.map(() => 0);
  const auto = c.choice('auto_pad', ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'], 'NOTSET');
  const pads = c.has('pads') ? c.ints('pads') : new Array<number>(2 * rank).fill(0);
  const sizes = input.type.dims.slice(2).map((dim) => c.known(dim, 'a transposed convolution'));
  const full = sizes.map((dim, axis) => strides[axis]! * (dim - 1) + dilations[axis]! * (window[axis]! - 1) + 1);
  const wanted = c.has('output_shape')
    ? c.ints('output_shape').slice(-rank)
    : auto.startsWith('SAME')
      ? sizes.map((dim, axis) => dim * strides[axis]!)
      : undefined;
  const cut = full.map((dim, axis) =>
    wanted === undefined
      ? ([pads[axis]!, pads[axis + rank]! - extra[axis]!] as const)
      : sidesOf(dim + extra[axis]! - wanted[axis]!, auto, extra[axis]!),
  );
  const before = cut.map(([first]) => first);
  const after = cut.map(([, last]) => last);
  const node = b.emit({
    kind: 'conv', input, weight, bias, strides, dilations, groups: c.int('group', 1), transposed: true, before, after,
  });
  return node;
}

/** How much to cut in all, parted: the odd one at the end for SAME_UPPER, else at the start. */
function sidesOf(total: number, auto: string, extra: number): readonly [number, number] {
  const first = auto === 'SAME_UPPER' ? Math.floor(total / 2) : total - Math.floor(total / 2);
  return [first, total - first - extra];
}

/** x and w without their zero points, convolved in i32. */
function convInteger(c: OperatorCall): Tensor {
  const input = centred(c, c.input(0), c.optional(2), { to: 'i32', rows: false });
  const zero = c.optional(3);
  const byMap =
    zero?.type.dims.length === 1
      ? c.builder.reshape(zero, [
          zero.type.dims[0]!,
          ...c
            .input(1)
            .type.dims.slice(1)
            .map(() => 1),
        ])
      : zero;
  const weight = centred(c, c.input(1), byMap, { to: 'i32', rows: false });
  return convolved(c, input, weight, undefined);
}

type PoolFields = Pick<Pool, 'op' | 'order'> & { readonly countPadding: boolean };

function pool(c: OperatorCall, input: Tensor, fields: PoolFields): Tensor {
  const { builder: b } = c;
  const window = c.ints('kernel_shape');
  const windows = windowsOf(c, input, window);
  const ceil = c.flag('ceil_mode') ? ceilPads(c, input, { ...windows, window }) : window.map(() => 0);
  if (ceil.every((pad) => pad === 0)) return b.emit({ kind: 'pool', input, window, ...windows, ...fields });
  const after = windows.after.map((pad, axis) => pad + ceil[axis]!);
  if (!fields.countPadding) return b.emit({ kind: 'pool', input, window, ...windows, after, ...fields });
  // what the window reaches past the declared pads never counts: those pads become zeros of the input
  const padded = b.pad(input, [0, 0, ...windows.before], [0, 0, ...windows.after]);
  return b.emit({
    kind: 'pool',
    input: padded,
    window,
    ...windows,
    before: ceil.map(() => 0),
    after: ceil,
    ...fields,
    countPadding: false,
  });
}

/** Extra places at the end for a last window that is not whole; it must start inside the input or its first padding. */
function ceilPads(
  c: OperatorCall,
  x: Tensor,
  shape: Windows & { readonly window: readonly number[] },
): readonly number[] {
  return shape.window.map((size, axis) => {
    const dim = c.known(x.type.dims[axis + 2]!, 'ceil_mode');
    const stride = shape.strides[axis]!;
    const span = shape.dilations[axis]! * (size - 1) + 1;
    const room = dim + shape.before[axis]! + shape.after[axis]! - span;
    let count = Math.ceil(room / stride) + 1;
    if ((count - 1) * stride >= dim + shape.before[axis]!) count--;
    return Math.max(0, (count - 1) * stride - room);
  });
}

/** The greatest, and (asked for) its position in the input, counted over all of it. */
function maxPool(c: OperatorCall): Lowered {
  const input = c.input(0);
  const fields = { order: 1, countPadding: false };
  const values = pool(c, input, { op: 'max', ...fields });
  if (!c.hasOutput(1)) return values;
  if (c.int('storage_order', 0) !== 0) throw c.unsupported('storage_order = 1');
  return [values, pool(c, input, { op: 'argmax', ...fields })];
}

function globalPool(c: OperatorCall, op: 'mean' | 'max'): Tensor {
  const x = c.input(0);
  return c.builder.reduce(op, x, x.type.dims.map((_, axis) => axis).slice(2));
}

/** Each value back at the position it was taken from, in a tensor of zeros. */
function maxUnpool(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const [values, indices] = [c.input(0), c.input(1)];
  const window = c.ints('kernel_shape');
  const [strides, pads] = [
    listOf(c, 'strides', window.length),
    c.has('pads') ? c.ints('pads') : new Array<number>(2 * window.length).fill(0),
  ];
  const [batch, channels, ...spatial] = values.type.dims.map((dim) => c.known(dim, 'an unpooled tensor')) as [
    number,
    number,
    ...number[],
  ];
  const inferred = [
    batch,
    channels,
    ...spatial.map(
      (dim, axis) => (dim - 1) * strides[axis]! + window[axis]! - pads[axis]! - pads[axis + window.length]!,
    ),
  ];
  const dims = c.optional(2) === undefined ? inferred : c.numbersAt(2);
  const count = (own: readonly number[]): number => own.reduce((product, dim) => product * dim, 1);
  const scattered = b.emit({
    kind: 'scatter',
    mode: 'elements',
    input: b.fill(values.type.dtype, [count(inferred)], 0),
    indices: b.reshape(indices, [-1]),
    updates: b.reshape(values, [-1]),
    axis: 0, combine: 'replace',
  });
  if (dims.every((dim, axis) => dim === inferred[axis])) return b.reshape(scattered, dims);
  const wide = b.pad(scattered, [0], [count(dims) - count(inferred)]);
  return b.reshape(wide, dims);
}

const POOL = 'auto_pad ceil_mode dilations kernel_shape pads strides';

export const WINDOW = {
  Conv: operator([1, 11, 22], 'auto_pad dilations group kernel_shape pads strides', conv),
  ConvTranspose: operator(
    [1, 11, 22],
    'auto_pad dilations group kernel_shape output_padding output_shape pads strides',
    convTranspose,
  ),
  ConvInteger: operator([10], 'auto_pad dilations group kernel_shape pads strides', convInteger),
  MaxPool: operator([1, 8, 10, 11, 12, 22], `${POOL} storage_order`, maxPool),
  AveragePool: operator([1, 7, 10, 11, 19, 22], `${POOL} count_include_pad`, (c) =>
    pool(c, c.input(0), { op: 'mean', order: 1, countPadding: c.flag('count_include_pad') })),
  LpPool: operator([1, 2, 11, 18, 22], `${POOL} p`, (c) =>
    pool(c, c.input(0), { op: 'lp', order: c.int('p', 2), countPadding: false }),
  ),
  GlobalAveragePool: operator([1, 22], '', (c) => globalPool(c, 'mean')),
  GlobalMaxPool: operator([1, 22], '', (c) => globalPool(c, 'max')),
  MaxUnpool: operator([9, 11, 22], 'kernel_shape pads strides', maxUnpool),
} satisfies OperatorTable;
