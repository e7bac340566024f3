/** Linear models of ai.onnx.ml: scores are x * W' + b, labels the class of the greatest. */
import type { Tensor } from '../../../ir/node.js';
import type { Lowered, OperatorCall } from '../call.js';
import { add, call, cast, num, sub } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';
import { labelAt, labelsOf } from './labels.js';
import { postTransform, postTransformOf, probit } from './post-transform.js';

/** [n, k] as f32, what these models compute in; f64 stays. */
export function features(c: OperatorCall): Tensor {
  const x = c.input(0);
  const matrix = x.type.dims.length === 1 ? c.builder.reshape(x, [1, -1]) : x;
  if (matrix.type.dims.length !== 2) throw c.invalid(`features of rank ${x.type.dims.length}, expected 2`);
  return c.builder.cast(matrix, x.type.dtype === 'f64' ? 'f64' : 'f32');
}

/** [n, targets] of coefficients listed target by target. */
function linearScores(
  c: OperatorCall,
  targets: number,
  what: { readonly coefficients: readonly number[]; readonly intercepts: readonly number[] },
): Tensor {
  const { builder: b } = c;
  const x = features(c);
  const { coefficients, intercepts } = what;
  const width = coefficients.length / targets;
  if (!Number.isInteger(width) || width === 0)
    throw c.invalid(`${coefficients.length} coefficients for ${targets} targets`);
  const own = x.type.dims[1]!;
  if (typeof own === 'number' && own !== width)
    throw c.invalid(`has ${width} coefficients a target, but its input ${own} features`);
  const dtype = x.type.dtype as 'f32' | 'f64';
  const weights = b.transpose(b.floats(dtype, coefficients, [targets, width]), [1, 0]);
  const product = b.matmul(x, weights);
  if (intercepts.length === 0) return product;
  if (intercepts.length !== targets) throw c.invalid(`${intercepts.length} intercepts for ${targets} targets`);
  return b.map([product, b.floats(dtype, intercepts)], (a, shift) => add(a!, shift!));
}

/** Of one score s over two classes: the second label where s > 0, and scores [1 - s, s] (LOGISTIC: of -s and s). */
export function binaryOf(c: OperatorCall, score: Tensor, labels: Tensor): Lowered {
  const { builder: b } = c;
  const positive = b.map([b.reshape(score, [score.type.dims[0]!])], (s) =>
    cast(call('ieee_lt', num(0, s!), s!), 'i64'),
  );
  return [labelAt(c, labels, positive), b.cast(bothScores(c, score), 'f32')];
}

/**
 * The scores of both classes from that of the positive one, by the node's post_transform; a softmax of one is itself.
 */
export function bothScores(c: OperatorCall, score: Tensor): Tensor {
  const { builder: b } = c;
  const transform = postTransformOf(c);
  if (transform === 'LOGISTIC') {
    return b.concat(
      [b.map([score], (s) => call('sigmoid', call('neg', s!))), b.map([score], (s) => call('sigmoid', s!))],
      1,
    );
  }
  const positive = transform === 'PROBIT' ? b.map([score], (s) => probit(s!)) : score;
  return b.concat([b.map([positive], (s) => sub(num(1, s!), s!)), positive], 1);
}

function linearClassifier(c: OperatorCall): Lowered {
  const { builder: b } = c;
  const labels = labelsOf(c, 'classlabels_ints', 'classlabels_strings');
  if (labels === undefined) throw c.invalid('has no class labels');
  const classes = labels.type.dims[0] as number;
  const what = { coefficients: c.floats('coefficients'), intercepts: c.floats('intercepts') };
  const width = c.input(0).type.dims.at(-1);
  const single = classes === 2 && (what.intercepts.length === 1 || what.coefficients.length === width);
  if (single) return binaryOf(c, linearScores(c, 1, what), labels);
  const scores = linearScores(c, classes, what);
  const best = b.reduce('argmax', scores, [1], { keepDims: false });
  return [labelAt(c, labels, best), b.cast(postTransform(c, scores, postTransformOf(c)), 'f32')];
}

function linearRegressor(c: OperatorCall): Lowered {
  const targets = c.int('targets', 1);
  const scores = linearScores(c, targets, {
    coefficients: c.floats('coefficients'),
    intercepts: c.floats('intercepts'),
  });
  const transform = postTransformOf(c);
  if (targets > 1) return c.builder.cast(postTransform(c, scores, transform), 'f32');
  return c.builder.cast(transform === 'PROBIT' ? c.builder.map([scores], (s) => probit(s!)) : scores, 'f32');
}

export const LINEAR = {
  LinearClassifier: operator(
    [1],
    'classlabels_ints classlabels_strings coefficients intercepts multi_class post_transform',
    linearClassifier,
  ),
  LinearRegressor: operator([1], 'coefficients intercepts post_transform targets', linearRegressor),
} satisfies OperatorTable;
