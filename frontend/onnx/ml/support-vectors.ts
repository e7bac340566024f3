/**
 * Support vector machines of ai.onnx.ml. Kernel values of a row with every support vector are a matrix product, for
 * RBF through |x - v|² = |x|² - 2 x·v + |v|².
 */
import type { Tensor } from '../../../ir/node.js';
import type { Lowered, OperatorCall } from '../call.js';
import { add, call, cast, choose, mul, num, sub } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';
import { labelAt, labelsOf } from './labels.js';
import { bothScores, features } from './linear.js';
import { postTransform, postTransformOf } from './post-transform.js';

/** K(row, vector) as [n, vectors]. Squared distances are of doubles: in f32 large features cancel to nothing. */
function kernelValues(c: OperatorCall, x: Tensor, vectors: readonly number[], count: number): Tensor {
  const { builder: b } = c;
  const [gamma, coef0, degree] = c.has('kernel_params')
    ? (c.floats('kernel_params') as [number, number, number])
    : [0, 0, 0];
  const width = vectors.length / count;
  const kind = c.choice('kernel_type', ['LINEAR', 'POLY', 'RBF', 'SIGMOID'], 'LINEAR');
  const dtype = kind === 'RBF' ? 'f64' : (x.type.dtype as 'f32' | 'f64');
  const own = b.cast(x, dtype);
  const dot = b.matmul(own, b.transpose(b.floats(dtype, vectors, [count, width]), [1, 0]));
  switch (kind) {
    case 'LINEAR': return dot;
    case 'POLY': return b.map([dot], (d) => call('pow', add(mul(num(gamma, d!), d!), num(coef0, d!)), num(degree, d!)));
    case 'SIGMOID': return b.map([dot], (d) => call('tanh', add(mul(num(gamma, d!), d!), num(coef0, d!))));
    case 'RBF': {
      const square = b.reduce('sum', b.map([own], (a) => mul(a!, a!)), [1]);
      const squares = Array.from({ length: count }, (_, i) =>
        vectors.slice(i * width, (i + 1) * width).reduce((sum, v) => sum + v * v, 0),
      );
      // A row with an infinite feature is infinitely far from all vectors: its product may be infinite too, or NaN.
      const apart = b.map([dot, square, b.floats('f64', squares)], (d, a, v) =>
        choose(
          call('ieee_eq', a!, num(Infinity, a!)),
          a!,
          call('max', num(0, d!), add(sub(a!, mul(num(2, d!), d!)), v!)),
        ));
      return b.map([b.cast(apart, x.type.dtype)], (d) => call('exp', mul(num(-gamma, d!), d!)));
    }
  }
}

function regressor(c: OperatorCall): Lowered {
  const { builder: b } = c;
  const x = features(c);
  const [coefficients, rho] = [c.floats('coefficients'), c.floats('rho')];
  const count = c.int('n_supports', 0);
  const vectors = c.floats('support_vectors');
  const kernel = count > 0 ? kernelValues(c, x, vectors, count) : x;
  const score = b.matmul(kernel, b.floats(x.type.dtype as 'f32' | 'f64', coefficients, [coefficients.length, 1]));
  const shifted = b.map([score], (s) => add(s!, num(rho[0] ?? 0, s!)));
  if (!c.flag('one_class')) return b.cast(shifted, 'f32');
  return b.map([shifted], (s) =>
    sub(mul(num(2, s!), call('max', num(0, s!), call('min', num(1, s!), call('sign', s!)))), num(1, s!)),
  );
}

/** Linear form (no support vectors): one score a class. One against one: votes of every pair of classes. */
function classifier(c: OperatorCall): Lowered {
  const labels = labelsOf(c, 'classlabels_ints', 'classlabels_strings');
  if (labels === undefined) throw c.invalid('has no class labels');
  const classes = labels.type.dims[0] as number;
  const perClass = c.ints('vectors_per_class');
  if (perClass.length === 0) return linearClassifier(c, labels, classes);
  if (c.floats('prob_a').length > 0) throw c.unsupported('probabilities from prob_a and prob_b');
  if (classes !== 2) throw c.unsupported('votes of more than two classes');
  return pairOf(c, marginOf(c, perClass.reduce((sum, own) => sum + own, 0)), labels);
}

/** Two classes: a margin over 0 votes for the first, else the second; scores [-margin, margin], as onnxruntime. */
function pairOf(c: OperatorCall, margin: Tensor, labels: Tensor): Lowered {
  const { builder: b } = c;
  const second = b.map([b.reshape(margin, [margin.type.dims[0]!])], (s) =>
    cast(call('not', call('ieee_lt', num(0, s!), s!)), 'i64'),
  );
  const scores =
    postTransformOf(c) === 'NONE'
      ? b.concat([b.map([margin], (s) => call('neg', s!)), margin], 1)
      : bothScores(c, margin);
  return [labelAt(c, labels, second), b.cast(scores, 'f32')];
}

function linearClassifier(c: OperatorCall, labels: Tensor, classes: number): Lowered {
  const { builder: b } = c;
  const coefficients = c.floats('coefficients');
  const x = features(c);
  const weights = b.floats(x.type.dtype as 'f32' | 'f64', coefficients, [classes, coefficients.length / classes]);
  const scores = b.map([b.matmul(x, b.transpose(weights, [1, 0]))], (s) => add(s!, num(c.floats('rho')[0] ?? 0, s!)));
  const best = b.reduce('argmax', scores, [1], { keepDims: false });
  return [labelAt(c, labels, best), b.cast(postTransform(c, scores, postTransformOf(c)), 'f32')];
}

/**
 * The sum of a coefficient times its kernel value over all vectors, plus rho. Products are f32 and the sum is of
 * doubles, as onnxruntime has it: terms are far greater than the margin where features are not scaled.
 */
function marginOf(c: OperatorCall, count: number): Tensor {
  const { builder: b } = c;
  const x = features(c);
  const kernel = kernelValues(c, x, c.floats('support_vectors'), count);
  const weights = b.floats(x.type.dtype as 'f32' | 'f64', c.floats('coefficients').slice(0, count));
  const terms = b.cast(b.map([kernel, weights], (k, w) => mul(k!, w!)), 'f64');
  const margin = b.map([b.reduce('sum', terms, [1])], (s) => add(s!, num(c.floats('rho')[0] ?? 0, s!)));
  return b.cast(margin, 'f32');
}

const COMMON = 'coefficients kernel_params kernel_type post_transform rho support_vectors';

export const SUPPORT_VECTORS = {
  SVMRegressor: operator([1], `${COMMON} n_supports one_class`, regressor),
  SVMClassifier: operator(
    [1],
    `${COMMON} classlabels_ints classlabels_strings prob_a prob_b vectors_per_class`,
    classifier,
  ),
} satisfies OperatorTable;
