/** Operators that move elements: reshape, transpose, slice, pad, concat, split, tile and their kin. */
import type { Pad, Tensor } from '../../../ir/node.js';
import type { Dim } from '../../../ir/type.js';
import type { Range } from '../builder.js';
import type { OperatorCall } from '../call.js';
import { mulDims, positions, productOf } from '../dims.js';
import { literalValue } from '../expr.js';
import { MAX_NODES } from '../limits.js';
import { operator, type OperatorTable } from '../operator.js';

function reshape(c: OperatorCall): Tensor {
  const x = c.input(0);
  const wanted = c.version < 5 ? c.ints('shape') : c.dimsAt(1);
  const keepZero = c.flag('allowzero');
  const dims = wanted.map((dim, axis): Dim => {
    if (dim !== 0 || keepZero) return dim;
    const own = x.type.dims[axis];
    if (own === undefined) throw c.invalid(`copies dim ${axis} of a tensor of rank ${x.type.dims.length}`);
    return own;
  });
  if (dims.filter((dim) => dim === -1).length > 1) throw c.invalid(`the shape [${dims.join(', ')}] has two open dims`);
  return c.builder.reshape(x, rebatched(c, dims));
}

/** [1, 28] of an input [n, 28] of a model that was exported for one row: the 1 is the batch. */
function rebatched(c: OperatorCall, dims: readonly Dim[]): readonly Dim[] {
  const [batch, ...rest] = c.input(0).type.dims;
  // Where the file leaves the batch open, a leading 1 is an axis of its own.
  if (c.fixedBatch !== 1 || batch !== 'n' || dims[0] !== 1) return dims;
  if (dims.some((dim) => typeof dim !== 'number')) return dims;
  if (!dims.includes(-1) && productOf(rest) !== productOf(dims)) return dims;
  return ['n', ...dims.slice(1)];
}

function flatten(c: OperatorCall): Tensor {
  const { dims } = c.input(0).type;
  const axis = c.int('axis', 1) === dims.length ? dims.length : c.axis(c.int('axis', 1), dims.length);
  return c.builder.reshape(c.input(0), [productOf(dims.slice(0, axis)), productOf(dims.slice(axis))]);
}

function squeeze(c: OperatorCall): Tensor {
  const x = c.input(0);
  const { dims } = x.type;
  const given = c.intsAt(1, 'axes') ?? [];
  // No axes are all of 1, also where an empty list is given, as in onnxruntime.
  const axes = given.length === 0 ? dims.flatMap((dim, axis) => (dim === 1 ? [axis] : [])) : c.axes(given, dims.length);
  for (const axis of axes)
    if (typeof dims[axis] === 'number' && dims[axis] !== 1)
      throw c.invalid(`squeezes axis ${axis} of [${dims.join(', ')}]`);
  return c.builder.reshape(x, dims.filter((_, axis) => !axes.includes(axis)));
}

function unsqueeze(c: OperatorCall): Tensor {
  const x = c.input(0);
  const axes = c.intsAt(1, 'axes') ?? [];
  return c.builder.unsqueeze(x, c.axes(axes, x.type.dims.length + axes.length));
}

function transpose(c: OperatorCall): Tensor {
  const x = c.input(0);
  const rank = x.type.dims.length;
  const permutation = c.has('perm')
    ? c.axes(c.ints('perm'), rank)
    : Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (permutation.length !== rank) throw c.invalid(`permutes ${permutation.length} axes of ${rank}`);
  return c.builder.transpose(x, permutation);
}

function expand(c: OperatorCall): Tensor {
  return c.builder.expand(c.input(0), c.dimsAt(1));
}

/** Repeats of each axis: [a, b] becomes [1, a, 1, b], expanded to [r, a, s, b], and read as [r*a, s*b]. */
function tile(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const { dims } = x.type;
  const repeats = c.dimsAt(1);
  if (repeats.length !== dims.length) throw c.invalid(`${repeats.length} repeats for rank ${dims.length}`);
  const apart = b.reshape(x, dims.flatMap((dim) => [1, dim]));
  const repeated = b.expand(apart, dims.flatMap((dim, axis) => [repeats[axis]!, dim]));
  return b.reshape(repeated, dims.map((dim, axis) => mulDims(dim, repeats[axis]!)));
}

function concat(c: OperatorCall): Tensor {
  const inputs = c.inputs();
  const rank = inputs[0]!.type.dims.length;
  if (inputs.some((input) => input.type.dims.length !== rank)) throw c.invalid('concatenates tensors of several ranks');
  const axis = c.axis(c.int('axis', c.version < 4 ? 1 : undefined), rank);
  const filled = inputs.filter((input) => input.type.dims[axis] !== 0);
  return c.builder.concat(filled.length === 0 ? [inputs[0]!] : filled, axis);
}

function split(c: OperatorCall): readonly Tensor[] {
  const x = c.input(0);
  const axis = c.axis(c.int('axis', 0), x.type.dims.length);
  const sizes = c.intsAt(1, 'split') ?? evenParts(c, c.known(x.type.dims[axis]!, 'the axis to split'));
  let start = 0;
  return sizes.map((count) => {
    const part = c.builder.part(x, axis, { start, count });
    start += count;
    return part;
  });
}

/** Equal parts, of which the last may be smaller. */
function evenParts(c: OperatorCall, size: number): readonly number[] {
  const count = c.int('num_outputs', c.node.outputs.length);
  const each = Math.ceil(size / count);
  return positions(count, MAX_NODES).map((i) => Math.max(0, Math.min(each, size - i * each)));
}

function slice(c: OperatorCall): Tensor {
  const x = c.input(0);
  const { dims } = x.type;
  const listed = c.node.op === 'Slice' && c.version < 10;
  const starts = listed ? c.ints('starts') : c.numbersAt(1);
  const ends = listed ? c.ints('ends') : boundsAt(c, 2);
  const axes = c.axes(c.intsAt(3, 'axes') ?? starts.map((_, i) => i), dims.length);
  const steps = c.version >= 10 && c.optional(4) !== undefined ? c.numbersAt(4) : starts.map(() => 1);
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length)
    throw c.invalid('starts, ends, axes and steps differ in length');
  const ranges: (Range | undefined)[] = dims.map(() => undefined);
  axes.forEach((axis, i) => {
    ranges[axis] = rangeOf(c, dims[axis]!, { start: starts[i]!, end: ends[i]!, step: steps[i]! });
  });
  return c.builder.slice(x, ranges);
}

/** Ends may be a size of the input itself, which is known though symbolic: to the end. */
function boundsAt(c: OperatorCall, index: number): readonly number[] {
  const vector = c.builder.vectorOf(c.input(index));
  if (vector === undefined || vector.some((end) => end === undefined)) return c.numbersAt(index);
  return vector.map((end) =>
    typeof end === 'number'
      ? end
      : end !== undefined && c.input(0).type.dims.includes(end)
        ? Number.MAX_SAFE_INTEGER
        : c.numbersAt(index)[0]!,
  );
}

function rangeOf(
  c: OperatorCall,
  dim: Dim,
  bounds: { readonly start: number; readonly end: number; readonly step: number },
): Range | undefined {
  const { start, end, step } = bounds;
  if (step === 0) throw c.invalid('slices by a step of 0');
  if (typeof dim !== 'number') {
    if (start === 0 && end >= 2 ** 31 - 1 && step === 1) return undefined;
    throw c.unsupported(`slices ${start} to ${end} of an axis of symbolic size ${dim}`);
  }
  const clamp = (at: number, least: number, most: number): number =>
    Math.min(Math.max(at < 0 ? at + dim : at, least), most);
  const [from, to] =
    step > 0 ? [clamp(start, 0, dim), clamp(end, 0, dim)] : [clamp(start, 0, dim - 1), clamp(end, -1, dim - 1)];
  return { start: from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
}

function pad(c: OperatorCall): Tensor {
  const x = c.input(0);
  const rank = x.type.dims.length;
  const pads = c.version < 2 ? c.ints('paddings') : c.version < 11 ? c.ints('pads') : c.numbersAt(1);
  const axes =
    c.version >= 18 && c.optional(3) !== undefined
      ? c.axes(c.numbersAt(3), rank)
      : Array.from({ length: rank }, (_, axis) => axis);
  if (pads.length !== 2 * axes.length) throw c.invalid(`${pads.length} pads for ${axes.length} axes`);
  const value = c.version < 11 ? c.float('value', 0) : c.optional(2) === undefined ? zeroOf(x) : c.constant(2).data[0]!;
  const mode = c.choice('mode', ['constant', 'edge', 'reflect', 'wrap'], 'constant');
  const side = (from: number): readonly number[] =>
    Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? pads[axes.indexOf(axis) + from]! : 0));
  return padded(c, x, { before: side(0), after: side(axes.length), mode, value });
}

function zeroOf(x: Tensor): number | string {
  return x.type.dtype === 'utf8' ? '' : 0;
}

/** Negative pads cut. */
function padded(c: OperatorCall, x: Tensor, pads: Pick<Pad, 'before' | 'after' | 'mode' | 'value'>): Tensor {
  const { before, after, mode } = pads;
  const value = literalValue(x.type.dtype === 'bool' ? Boolean(pads.value) : pads.value, x.type.dtype);
  const cut = c.builder.slice(x, x.type.dims.map((dim, axis) => {
    const [first, last] = [Math.max(0, -before[axis]!), Math.max(0, -after[axis]!)];
    if (first === 0 && last === 0) return undefined;
    return { start: first, step: 1, count: Math.max(0, c.known(dim, 'a cut axis') - first - last) };
  }));
  const [more, rest] = [before, after].map((side) => side.map((size) => Math.max(0, size)));
  if (mode === 'constant') return c.builder.pad(cut, more!, rest!, value);
  return c.builder.emit({ kind: 'pad', input: cut, before: more!, after: rest!, mode, value });
}

/** [n, c, h, w] to [n, c/s², h*s, w*s]: blocks of channels become squares of pixels. */
function depthToSpace(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.ranked(0, 4);
  const size = c.int('blocksize');
  const [batch, open, height, width] = x.type.dims as [Dim, Dim, Dim, Dim];
  const channels = c.known(open, 'the channels');
  const depth = channels / (size * size);
  const columnFirst = c.choice('mode', ['DCR', 'CRD'], 'DCR') === 'CRD';
  const apart = columnFirst
    ? b.transpose(b.reshape(x, [batch, depth, size, size, height, width]), [0, 1, 4, 2, 5, 3])
    : b.transpose(b.reshape(x, [batch, size, size, depth, height, width]), [0, 3, 4, 1, 5, 2]);
  return b.reshape(apart, [batch, depth, mulDims(height, size), mulDims(width, size)]);
}

function spaceToDepth(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.ranked(0, 4);
  const size = c.int('blocksize');
  const [batch, ...rest] = x.type.dims as [Dim, Dim, Dim, Dim];
  const [channels, height, width] = rest.map((dim) => c.known(dim, 'an image')) as [number, number, number];
  const apart = b.reshape(x, [batch, channels, height / size, size, width / size, size]);
  return b.reshape(b.transpose(apart, [0, 3, 5, 1, 2, 4]), [
    batch,
    channels * size * size,
    height / size,
    width / size,
  ]);
}

/** Crops or pads each axis around its middle. */
function centerCropPad(c: OperatorCall): Tensor {
  const x = c.input(0);
  const rank = x.type.dims.length;
  const axes = c.has('axes') ? c.axes(c.ints('axes'), rank) : Array.from({ length: rank }, (_, axis) => axis);
  const wanted = c.numbersAt(1);
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  axes.forEach((axis, i) => {
    const change = wanted[i]! - c.known(x.type.dims[axis]!, 'an axis');
    before[axis] = change > 0 ? Math.floor(change / 2) : -Math.floor(-change / 2);
    after[axis] = change - before[axis]!;
  });
  return padded(c, x, { before, after, mode: 'constant', value: 0 });
}

export const LAYOUT = {
  Reshape: operator([1, 5, 13, 14, 19, 21, 23, 24, 25], 'shape allowzero', reshape),
  Flatten: operator([1, 9, 11, 13, 21, 23, 24, 25], 'axis', flatten),
  Squeeze: operator([1, 11, 13, 21, 23, 24, 25], 'axes', squeeze),
  Unsqueeze: operator([1, 11, 13, 21, 23, 24, 25], 'axes', unsqueeze),
  Transpose: operator([1, 13, 21, 23, 24, 25], 'perm', transpose),
  Expand: operator([8, 13], '', expand),
  Tile: operator([6, 13], '', tile),
  Concat: operator([1, 4, 11, 13], 'axis', concat),
  Split: operator([1, 2, 11, 13, 18], 'axis split num_outputs', split),
  Slice: operator([1, 10, 11, 13], 'axes ends starts', slice),
  DynamicSlice: operator([1], '', slice),
  Pad: operator([1, 2, 11, 13, 18, 19, 21, 23, 24, 25], 'mode pads paddings value', pad),
  DepthToSpace: operator([1, 11, 13], 'blocksize mode', depthToSpace),
  SpaceToDepth: operator([1, 13], 'blocksize', spaceToDepth),
  CenterCropPad: operator([18], 'axes', centerCropPad),
} satisfies OperatorTable;
