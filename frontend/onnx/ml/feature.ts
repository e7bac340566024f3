/** Feature preparation of ai.onnx.ml: scaling, imputing, encoding and picking columns. */
import type { DType } from '../../../ir/dtype.js';
import type { Tensor } from '../../../ir/node.js';
import type { Lowered, OperatorCall } from '../call.js';
import { call, cast, choose, div, literal, mul, num, sub } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';

/** (x - offset) * scale, by column; f32 whatever x is, and computed in it unless x is f64. */
function scaler(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const [offset, scale] = [c.floats('offset'), c.floats('scale')];
  const width = x.type.dims.at(-1);
  for (const list of [offset, scale]) {
    if (list.length > 1 && typeof width === 'number' && list.length !== width)
      throw c.invalid(`${list.length} offsets or scales for ${width} columns`);
  }
  const own: DType = x.type.dtype === 'f64' ? 'f64' : 'f32';
  const value = b.cast(x, own);
  const shifted = offset.length === 0 ? value : b.map([value, b.floats(own, offset)], (a, o) => sub(a!, o!));
  const scaled = scale.length === 0 ? shifted : b.map([shifted, b.floats(own, scale)], (a, s) => mul(a!, s!));
  return b.cast(scaled, 'f32');
}

/** Each row divided by its norm; a row of norm 0 stays. */
function normalizer(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = b.cast(c.input(0), 'f32');
  const axis = x.type.dims.length - 1;
  const norm = c.choice('norm', ['MAX', 'L1', 'L2'], 'MAX');
  const over = (t: Tensor): Tensor => (norm === 'MAX' ? b.reduce('max', t, [axis]) : b.reduce('sum', t, [axis]));
  const size = over(norm === 'MAX' ? x : b.map([x], (a) => (norm === 'L1' ? call('abs', a!) : mul(a!, a!))));
  return b.map([x, size], (a, s) => {
    const length = norm === 'L2' ? call('sqrt', s!) : s!;
    return choose(call('ieee_eq', s!, num(0, s!)), a!, div(a!, length));
  });
}

/** The replaced value (NaN equals NaN) becomes the column's own. */
function imputer(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const { dtype } = x.type;
  if (dtype === 'i64') {
    const values = c.bigints('imputed_value_int64s');
    const replaced = c.int('replaced_value_int64', 0);
    const imputed = b.constant({ dtype: 'i64', dims: [values.length], data: BigInt64Array.from(values) });
    return b.map([x, imputed], (a, own) => choose(call('eq', a!, literal(replaced, 'i64')), own!, a!));
  }
  if (dtype !== 'f32' && dtype !== 'f64') throw c.invalid(`imputes ${dtype}`);
  const values = c.floats('imputed_value_floats');
  if (values.length === 0) throw c.invalid('has no values to impute');
  const replaced = c.float('replaced_value_float', 0);
  return b.map([x, b.floats(dtype, values)], (a, own) =>
    choose(Number.isNaN(replaced) ? call('is_nan', a!) : call('ieee_eq', a!, num(replaced, a!)), own!, a!));
}

/** One column a category; `zeros`: an unknown value is all zeros, else an error, which tensors do not have. */
function oneHotEncoder(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const texts = c.strings('cats_strings');
  const ints = c.bigints('cats_int64s');
  if ((texts.length > 0) === (ints.length > 0)) throw c.invalid('has both kinds of categories or none');
  if (texts.length > 0 !== (x.type.dtype === 'utf8'))
    throw c.invalid(`encodes ${x.type.dtype} by categories of the other kind`);
  const count = texts.length + ints.length;
  const cats = texts.length > 0 ? b.constant({ dtype: 'utf8', dims: [count], data: texts })
    : b.constant({ dtype: 'i64', dims: [count], data: BigInt64Array.from(ints) });
  const value = b.unsqueeze(texts.length > 0 ? x : b.cast(x, 'i64'), [x.type.dims.length]);
  return b.map([value, cats], (a, own) => cast(call('eq', a!, own!), 'f32'));
}

function binarizer(c: OperatorCall): Tensor {
  return c.builder.map([c.input(0)], (a) =>
    cast(call('ieee_lt', num(c.float('threshold', 0), a!), a!), c.input(0).type.dtype),
  );
}

/** Columns side by side as f32, each input cut or filled up with zeros to its dimension. */
function featureVectorizer(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const sizes = c.ints('inputdimensions');
  const parts = c.inputs().map((input, i) => {
    const matrix = b.cast(input.type.dims.length === 1 ? b.reshape(input, [input.type.dims[0]!, 1]) : input, 'f32');
    const width = c.known(matrix.type.dims[1]!, 'an input to put side by side');
    const wanted = sizes[i] ?? width;
    return wanted <= width
      ? b.part(matrix, 1, { start: 0, count: wanted })
      : b.pad(matrix, [0, 0], [0, wanted - width]);
  });
  return b.concat(parts, 1);
}

/** Columns picked by number, of the last axis. */
function arrayFeatureExtractor(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const x = c.input(0);
  const indices = b.reshape(c.input(1), [-1]);
  // a vector counts as one row; picking first keeps labels picked by class a plain column
  if (x.type.dims.length === 1) return b.unsqueeze(b.take(x, indices, 0), [0]);
  return b.take(x, indices, x.type.dims.length - 1);
}

/** Scores by class: columns of a MAP. */
function zipMap(c: OperatorCall): Lowered {
  const tensor = c.input(0);
  const texts = c.strings('classlabels_strings');
  const keys = texts.length > 0 ? texts : c.bigints('classlabels_int64s').map(String);
  const width = tensor.type.dims.at(-1);
  if (keys.length === 0 || (typeof width === 'number' && width !== keys.length))
    throw c.invalid(`${keys.length} keys for ${width} columns`);
  return { kind: 'zipped', tensor, keyDType: texts.length > 0 ? 'utf8' : 'i64', keys };
}

export const FEATURE = {
  Scaler: operator([1], 'offset scale', scaler),
  Normalizer: operator([1], 'norm', normalizer),
  Imputer: operator(
    [1],
    'imputed_value_floats imputed_value_int64s replaced_value_float replaced_value_int64',
    imputer,
  ),
  OneHotEncoder: operator([1], 'cats_int64s cats_strings zeros', oneHotEncoder),
  Binarizer: operator([1], 'threshold', binarizer),
  FeatureVectorizer: operator([1], 'inputdimensions', featureVectorizer),
  ArrayFeatureExtractor: operator([1], '', arrayFeatureExtractor),
  ZipMap: operator([1], 'classlabels_int64s classlabels_strings', zipMap),
} satisfies OperatorTable;
