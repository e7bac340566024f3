/** Operators that make tensors of constants, shapes and types: Constant, Shape, Cast, Range, Trilu, windows. */
import { dtypeOfOnnx, type DType } from '../../../ir/dtype.js';
import type { Tensor } from '../../../ir/node.js';
import type { Lowered, OperatorCall } from '../call.js';
import { add, call, cast, choose, div, literal, mul, num, sub } from '../expr.js';
import { positions } from '../dims.js';
import { operator, type OperatorTable } from '../operator.js';

function dtypeAttribute(c: OperatorCall, name: string, otherwise?: DType): DType {
  if (!c.has(name) && otherwise !== undefined) return otherwise;
  const code = c.node.attributes.get(name)?.kind === 'string' ? LEGACY_TYPES.indexOf(c.string(name)) : c.int(name);
  const dtype = dtypeOfOnnx(code);
  if (dtype === undefined) throw c.unsupported(`data type ${code}`);
  return dtype;
}

/** Casts of opset 1 name their type. */
const LEGACY_TYPES = [
  '',
  'FLOAT',
  'UINT8',
  'INT8',
  'UINT16',
  'INT16',
  'INT32',
  'INT64',
  'STRING',
  'BOOL',
  'FLOAT16',
  'DOUBLE',
  'UINT32',
  'UINT64',
];

function constant(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const value = c.tensor('value');
  if (value !== undefined) return b.constant(value);
  if (c.has('value_float')) return b.scalar('f32', c.float('value_float'));
  if (c.has('value_int')) return b.scalar('i64', c.int('value_int'));
  if (c.has('value_string')) return b.scalar('utf8', c.string('value_string'));
  if (c.has('value_floats')) return b.floats('f32', c.floats('value_floats'));
  if (c.has('value_ints'))
    return b.constant({
      dtype: 'i64',
      dims: [c.bigints('value_ints').length],
      data: BigInt64Array.from(c.bigints('value_ints')),
    });
  if (c.has('value_strings'))
    return b.constant({ dtype: 'utf8', dims: [c.strings('value_strings').length], data: c.strings('value_strings') });
  throw c.unsupported('a constant without a dense value');
}

function constantOfShape(c: OperatorCall): Tensor {
  const dims = c.dimsAt(0);
  const value = c.tensor('value');
  if (value === undefined) return c.builder.fill('f32', dims, 0);
  return c.builder.fill(value.dtype, dims, value.dtype === 'bool' ? value.data[0] === 1 : value.data[0]!);
}

function shape(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const rank = x.type.dims.length;
  const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + rank : at, 0), rank);
  const [start, end] = [clamp(c.int('start', 0)), clamp(c.int('end', rank))];
  return b.part(b.emit({ kind: 'shape_of', input: x }), 0, { start, count: Math.max(0, end - start) });
}

function size(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  return b.reduce('prod', b.emit({ kind: 'shape_of', input: x }), [0], { keepDims: false });
}

function range(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const [start, limit, delta] = [0, 1, 2].map((index) => c.numberAt(index)) as [number, number, number];
  const { dtype } = c.input(0).type;
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  const steps = b.steps(count);
  return b.map([steps], (i) => add(num(start, cast(i!, dtype)), mul(cast(i!, dtype), num(delta, cast(i!, dtype)))));
}

/** Row and column numbers as columns [r, 1] and rows [1, c], for the last two axes. */
export function gridOf(c: OperatorCall, rows: number, columns: number): readonly [Tensor, Tensor] {
  return [c.builder.steps(rows, [rows, 1]), c.builder.steps(columns, [1, columns])];
}

function trilu(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const { dims, dtype } = x.type;
  const [rows, columns] = dims.slice(-2).map((dim) => c.known(dim, 'a triangle')) as [number, number];
  const [row, column] = gridOf(c, rows, columns);
  const k = c.optional(1) === undefined ? 0 : c.numberAt(1);
  const upper = c.flag('upper', true);
  const kept = b.map([row, column], (i, j) => {
    const diagonal = sub(j!, i!);
    return upper ? call('ge', diagonal, literal(k, 'i64')) : call('le', diagonal, literal(k, 'i64'));
  });
  return b.map([kept, x], (keep, a) => choose(keep!, a!, literal(dtype === 'bool' ? false : 0, dtype)));
}

function eyeLike(c: OperatorCall): Tensor {
  const x = c.ranked(0, 2);
  const [rows, columns] = x.type.dims.map((dim) => c.known(dim, 'a unit matrix')) as [number, number];
  const [row, column] = gridOf(c, rows, columns);
  return c.builder.map([row, column], (i, j) =>
    cast(call('eq', sub(j!, i!), literal(c.int('k', 0), 'i64')), dtypeAttribute(c, 'dtype', x.type.dtype)),
  );
}

/** A cast to a narrower integer wraps; text is the shortest that reads back. */
function castTo(c: OperatorCall): Tensor {
  return c.builder.cast(c.input(0), dtypeAttribute(c, 'to'));
}

/** Inference: the input, and a mask of all ones (bool since 10). A training run is refused. */
function dropout(c: OperatorCall): Lowered {
  const x = c.input(0);
  if (
    c.version >= 12 &&
    c.optional(2) !== undefined &&
    c.numberAt(2) !== 0 &&
    (c.optional(1) === undefined || c.numberAt(1) !== 0)
  )
    throw c.unsupported('training mode');
  const { dims, dtype } = x.type;
  return [x, c.version >= 10 ? c.builder.fill('bool', dims, true) : c.builder.fill(dtype, dims, 1)];
}

/** a0 - a1 cos(2πi/N) + a2 cos(4πi/N), N one less for symmetric windows. */
function cosineWindow(c: OperatorCall, weights: readonly [number, number, number]): Tensor {
  const { builder: b } = c;
  const length = c.numberAt(0);
  const period = c.flag('periodic', true) ? length : length - 1;
  const dtype = dtypeAttribute(c, 'output_datatype', 'f32');
  const steps = b.steps(length);
  return b.map([steps], (i) => {
    const turn = div(mul(cast(i!, 'f64'), literal(2 * Math.PI, 'f64')), literal(period, 'f64'));
    const first = sub(literal(weights[0], 'f64'), mul(literal(weights[1], 'f64'), call('cos', turn)));
    return cast(add(first, mul(literal(weights[2], 'f64'), call('cos', mul(literal(2, 'f64'), turn)))), dtype);
  });
}

/** Sampling coordinates in [-1, 1] of each output pixel, through the matrix theta [n, d, d + 1]. */
function affineGrid(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const theta = c.ranked(0, 3);
  const [batch, , ...spatial] = c.numbersAt(1) as [number, number, ...number[]];
  const corners = c.flag('align_corners');
  const axisOf = (length: number): readonly number[] =>
    positions(length).map((i) =>
      corners ? (length === 1 ? 0 : -1 + (2 * i) / (length - 1)) : (2 * i + 1) / length - 1,
    );
  const axes = spatial.map(axisOf);
  const points: number[] = [];
  for (const flat of positions(spatial.reduce((product, dim) => product * dim, 1))) {
    let rest = flat;
    const point: number[] = [];
    for (let axis = spatial.length - 1; axis >= 0; axis--) {
      point.push(axes[axis]![rest % spatial[axis]!]!);
      rest = Math.floor(rest / spatial[axis]!);
    }
    points.push(...point, 1);
  }
  const homogeneous = b.cast(b.floats('f64', points, [points.length / (spatial.length + 1), spatial.length + 1]), theta.type.dtype);
  const grid = b.matmul(homogeneous, b.transpose(theta, [0, 2, 1]));
  return b.reshape(grid, [batch, ...spatial, spatial.length]);
}

export const GENERATE = {
  Constant: operator(
    [1, 9, 11, 12, 13, 19, 21, 23, 24, 25],
    'value value_float value_floats value_int value_ints value_string value_strings sparse_value',
    constant,
  ),
  ConstantOfShape: operator([9, 20, 21, 23, 24, 25], 'value', constantOfShape),
  Identity: operator([1, 13, 14, 16, 19, 21, 23, 24, 25], '', (c) => c.values[0] ?? c.input(0)),
  Shape: operator([1, 13, 15, 19, 21, 23, 24, 25], 'start end', shape),
  Size: operator([1, 13, 19, 21, 23, 24, 25], '', size),
  Range: operator([11], '', range),
  Trilu: operator([14], 'upper', trilu),
  EyeLike: operator([9, 22], 'dtype k', eyeLike),
  Cast: operator([1, 6, 9, 13, 19, 21, 23, 24, 25], 'to saturate round_mode', castTo),
  CastLike: operator([15, 19, 21, 23, 24, 25], 'saturate round_mode', (c) =>
    c.builder.cast(c.input(0), c.input(1).type.dtype),
  ),
  Dropout: operator([1, 6, 7, 10, 12, 13, 22], 'is_test ratio seed', dropout),
  HannWindow: operator([17], 'output_datatype periodic', (c) => cosineWindow(c, [0.5, 0.5, 0])),
  HammingWindow: operator([17], 'output_datatype periodic', (c) => cosineWindow(c, [25 / 46, 21 / 46, 0])),
  BlackmanWindow: operator([17], 'output_datatype periodic', (c) => cosineWindow(c, [0.42, 0.5, 0.08])),
  AffineGrid: operator([20], 'align_corners', affineGrid),
} satisfies OperatorTable;
