/**
 * Resize and Upsample, one axis at a time: nearest picks elements, linear and cubic are a product with a constant
 * matrix of interpolation weights [output, input] (which also covers antialiasing).
 */
import type { Tensor } from '../../../ir/node.js';
import type { OperatorCall } from '../call.js';
import { choose, literal } from '../expr.js';
import { counted, positions } from '../dims.js';
import { operator, type OperatorTable } from '../operator.js';

const TRANSFORMS = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
] as const;
const ROUNDINGS = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;

interface Sampling {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly transform: (typeof TRANSFORMS)[number];
  readonly rounding: (typeof ROUNDINGS)[number];
  readonly cubicCoefficient: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
  readonly extrapolation: number;
}

interface Axis {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  readonly roi: readonly [number, number];
}

/** Where output position `at` lies in the input. */
function origin(at: number, { from, to, scale, roi }: Axis, transform: Sampling['transform']): number {
  switch (transform) {
    case 'half_pixel': return (at + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': return (from / 2) * (1 - to / (scale * from)) + (at + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel': return to > 1 ? (at + 0.5) / scale - 0.5 : 0;
    case 'align_corners': return to === 1 ? 0 : (at * (from - 1)) / (to - 1);
    case 'asymmetric': return at / scale;
    case 'tf_half_pixel_for_nn': return (at + 0.5) / scale;
    case 'tf_crop_and_resize':
      return to > 1
        ? roi[0] * (from - 1) + (at * (roi[1] - roi[0]) * (from - 1)) / (to - 1)
        : 0.5 * (roi[0] + roi[1]) * (from - 1);
  }
}

function nearest(position: number, rounding: Sampling['rounding']): number {
  switch (rounding) {
    case 'round_prefer_floor': return Math.ceil(position - 0.5);
    case 'round_prefer_ceil': return Math.floor(position + 0.5);
    case 'floor': return Math.floor(position);
    case 'ceil': return Math.ceil(position);
  }
}

function kernel(distance: number, sampling: Sampling): number {
  const x = Math.abs(distance);
  if (sampling.mode === 'linear') return Math.max(0, 1 - x);
  const a = sampling.cubicCoefficient;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/** The weights of all input positions for one output position; what lies outside counts at the edge or not at all. */
function weightsAt(position: number, { from, scale }: Axis, sampling: Sampling): Float64Array {
  const shrink = sampling.antialias ? Math.min(scale, 1) : 1;
  const reach = sampling.mode === 'linear' ? 1 : 2;
  const left = Math.ceil(position) - 1;
  const start = Math.floor(-reach / shrink) + 1;
  const weights = new Float64Array(from);
  let total = 0;
  for (let i = start; i < 2 - start; i++) {
    const [at, weight] = [left + i, kernel((i - (position - left)) * shrink, sampling)];
    if (sampling.excludeOutside && (at < 0 || at >= from)) continue;
    weights[Math.min(from - 1, Math.max(0, at))]! += weight;
    total += weight;
  }
  return sampling.excludeOutside || sampling.antialias ? weights.map((weight) => weight / total) : weights;
}

function resizeAxis(c: OperatorCall, x: Tensor, axis: Axis, sampling: Sampling): Tensor {
  const { builder: b } = c;
  if (sampling.mode !== 'nearest') counted(axis.from * axis.to);
  const origins = positions(axis.to).map((at) => origin(at, axis, sampling.transform));
  const rank = x.type.dims.length;
  const clamp = (at: number): number => Math.min(axis.from - 1, Math.max(0, at));
  const resized = sampling.mode === 'nearest'
    ? b.take(x, b.ints(origins.map((position) => clamp(nearest(position, sampling.rounding)))), axis.axis)
    : interpolated(c, x, axis, origins.map((position) => weightsAt(position, axis, sampling)));
  const outside = origins.map((position) => (position < 0 || position > axis.from - 1 ? 1 : 0));
  if (sampling.transform !== 'tf_crop_and_resize' || !outside.includes(1)) return resized;
  const mask = b.cast(
    b.ints(
      outside,
      Array.from({ length: rank - axis.axis }, (_, i) => (i === 0 ? axis.to : 1)),
    ),
    'bool',
  );
  return b.map([mask, resized], (out, a) => choose(out!, literal(sampling.extrapolation, x.type.dtype), a!));
}

/** The axis moved last, times the weights transposed, and back. */
function interpolated(c: OperatorCall, x: Tensor, { axis, from, to }: Axis, weights: readonly Float64Array[]): Tensor {
  const { builder: b } = c;
  const rank = x.type.dims.length;
  const matrix = b.floats('f64', Array.from({ length: from }, (_, i) => weights.map((row) => row[i]!)).flat(), [
    from,
    to,
  ]);
  const swap = Array.from({ length: rank }, (_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  return b.transpose(b.matmul(b.transpose(x, swap), b.cast(matrix, x.type.dtype)), swap);
}

/** Scales and sizes of the axes that change. */
function axesOf(c: OperatorCall, x: Tensor): readonly Axis[] {
  const { dims } = x.type;
  const named = c.has('axes') ? c.axes(c.ints('axes'), dims.length) : dims.map((_, axis) => axis);
  const roi =
    c.version >= 11 &&
    c.optional(1) !== undefined &&
    c.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize'
      ? c.numbersAt(1)
      : [];
  const scaleIndex = c.version >= 11 ? 2 : 1;
  const given = c.has('scales')
    ? c.floats('scales')
    : c.optional(scaleIndex) !== undefined && c.input(scaleIndex).type.dims[0] !== 0
      ? c.numbersAt(scaleIndex)
      : undefined;
  const sizes = given === undefined ? c.dimsAt(3) : undefined;
  const policy = c.choice('keep_aspect_ratio_policy', ['stretch', 'not_larger', 'not_smaller'], 'stretch');
  const ratios =
    sizes === undefined || policy === 'stretch'
      ? []
      : sizes.map((size, i) => (size as number) / c.known(dims[named[i]!]!, 'a resized axis'));
  const common = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return named.flatMap((axis, i): readonly Axis[] => {
    const dim = dims[axis]!;
    if (sizes?.[i] === dim || given?.[i] === 1) {
      if (roi.length === 0) return [];
    }
    const from = c.known(dim, 'a resized axis');
    const wanted =
      sizes === undefined
        ? Math.floor(from * given![i]!)
        : ratios.length > 0
          ? Math.floor(common * from + 0.5)
          : c.known(sizes[i]!, 'a size');
    const scale = given?.[i] ?? (ratios.length > 0 ? common : wanted / from);
    return [{ axis, from, to: wanted, scale, roi: [roi[i] ?? 0, roi[i + named.length] ?? 1] }];
  });
}

function resize(c: OperatorCall): Tensor {
  const x = c.input(0);
  const old = c.version < 11;
  const mode = c.choice('mode', ['nearest', 'linear', 'cubic', 'bilinear'], 'nearest');
  const sampling: Sampling = {
    mode: mode === 'bilinear' ? 'linear' : mode,
    transform: old ? 'asymmetric' : c.choice('coordinate_transformation_mode', TRANSFORMS, 'half_pixel'),
    rounding: old ? 'floor' : c.choice('nearest_mode', ROUNDINGS, 'round_prefer_floor'),
    cubicCoefficient: c.float('cubic_coeff_a', -0.75),
    excludeOutside: c.flag('exclude_outside'),
    antialias: c.flag('antialias'),
    extrapolation: c.float('extrapolation_value', 0),
  };
  return axesOf(c, x).reduce((own, axis) => resizeAxis(c, own, axis, sampling), x);
}

export const RESIZE = {
  Resize: operator(
    [10, 11, 13, 18, 19],
    'antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value' +
      ' keep_aspect_ratio_policy mode nearest_mode',
    resize,
  ),
  Upsample: operator([7, 9], 'mode scales', resize, 10),
} satisfies OperatorTable;
