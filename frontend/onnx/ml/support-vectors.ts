/**
 * Support vector machines of ai.onnx.ml. Kernel values of a row with every support vector are a matrix product, for
 * RBF through |x - v|² = |x|² - 2 x·v + |v|².
 */
import type { Expr, Tensor } from '../../../ir/node.js';
import type { Lowered, OperatorCall } from '../call.js';
import { positions } from '../dims.js';
import { add, call, cast, choose, div, mul, num, sub } from '../expr.js';
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
  if (perClass.length !== classes) throw c.invalid(`vectors of ${perClass.length} classes, but ${classes} labels`);
  const hasProbabilities = c.floats('prob_a').length > 0;
  if (hasProbabilities && classes !== 2) throw c.unsupported('probabilities of more than two classes');
  const margins = marginsOf(c, perClass);
  if (classes !== 2) return voted(c, margins, labels);
  return pairOf(c, margins, { labels, hasProbabilities });
}

interface PairOptions {
  readonly labels: Tensor;
  readonly hasProbabilities: boolean;
}

/** Two classes: a margin over 0 votes for the first, else the second; scores [-margin, margin], as onnxruntime. */
function pairOf(c: OperatorCall, margin: Tensor, { labels, hasProbabilities }: PairOptions): Lowered {
  const { builder: b } = c;
  const second = b.map([b.reshape(margin, [margin.type.dims[0]!])], (s) =>
    cast(call('not', call('ieee_lt', num(0, s!), s!)), 'i64'),
  );
  const scores = hasProbabilities ? probabilities(c, margin) : pairScores(c, margin);
  return [labelAt(c, labels, second), b.cast(scores, 'f32')];
}

function pairScores(c: OperatorCall, margin: Tensor): Tensor {
  if (postTransformOf(c) !== 'NONE') return bothScores(c, margin);
  return c.builder.concat([c.builder.map([margin], (s) => call('neg', s!)), margin], 1);
}

/** A margin over 0 votes for the first class of its pair, else for the second; the first class of most votes wins. */
function voted(c: OperatorCall, margins: Tensor, labels: Tensor): Lowered {
  const { builder: b } = c;
  const classes = labels.type.dims[0] as number;
  const pairs = pairsOf(classes);
  // votes of class k = wins where it is first + (1 - wins) where it is second
  const signs = pairs.flatMap(([i, j]) => positions(classes).map((k) => (k === i ? 1 : k === j ? -1 : 0)));
  const wins = b.map([margins], (s) => cast(call('ieee_lt', num(0, s!), s!), 'f32'));
  const votes = b.map(
    [b.matmul(wins, b.floats('f32', signs, [pairs.length, classes])), b.floats('f32', positions(classes))],
    (won, asSecond) => add(won!, asSecond!),
  );
  const best = b.reduce('argmax', votes, [1], { keepDims: false });
  return [labelAt(c, labels, best), postTransform(c, margins, postTransformOf(c))];
}

/** Pairs of classes in the order of `rho`. Class k is second in k of them. */
function pairsOf(classes: number): readonly (readonly [number, number])[] {
  return positions(classes).flatMap((i) => positions(classes).slice(i + 1).map((j) => [i, j] as const));
}

/**
 * Probabilities of both classes: Platt's sigmoid of the margin gives r, of which onnxruntime makes p, the first
 * class's, as for any number of classes (Wu, Lin, Weng 2004): from p = 1/2 until |p - r| max(p, 1 - p) < 0.0025. A step
 * takes s = p - r to s² a / (a² - a s + s²) with a = 1 - r, that to -s² r / (r² + r s + s²); two are enough for any r.
 */
function probabilities(c: OperatorCall, margin: Tensor): Tensor {
  const { builder: b } = c;
  const [slope, shift] = [c.floats('prob_a')[0]!, c.floats('prob_b')[0] ?? 0];
  const r = b.map([margin], (s) => {
    const platt = call('sigmoid', call('neg', add(mul(s!, num(slope, s!)), num(shift, s!))));
    return call('max', num(1e-7, s!), call('min', num(1 - 1e-7, s!), platt));
  });
  const improved = (p: Tensor): Tensor => {
    const s = b.map([p, r], (own, given) => sub(own!, given!));
    const once = b.map([s, r], (d, given) => shrunk(d!, sub(num(1, given!), given!)));
    const twice = b.map([once, r], (d, given) => call('neg', shrunk(call('neg', d!), given!)));
    return b.map([p, s, twice, r], (own, d, next, given) => {
      const error = mul(call('abs', d!), call('max', own!, sub(num(1, own!), own!)));
      return choose(call('ieee_le', num(0.0025, own!), error), add(given!, next!), own!);
    });
  };
  const first = improved(improved(b.scalar('f32', 0.5)));
  const both = b.concat([first, b.map([first], (p) => sub(num(1, p!), p!))], 1);
  return postTransform(c, both, postTransformOf(c));
}

/** s² a / (a² - a s + s²) */
function shrunk(s: Expr, a: Expr): Expr {
  const square = mul(s, s);
  return div(mul(square, a), add(sub(mul(a, a), mul(a, s)), square));
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
 * For each pair of classes the sum of a coefficient times its kernel value over the vectors of both, plus rho.
 * Products are f32 and the sum is of doubles, as onnxruntime has it: terms are far greater than the margin where
 * features are not scaled. Coefficients lie in a row less than there are classes: of class i against j they are in row
 * j - 1 where i < j, else in row j.
 */
function marginsOf(c: OperatorCall, perClass: readonly number[]): Tensor {
  const { builder: b } = c;
  const [coefficients, rho] = [c.floats('coefficients'), c.floats('rho')];
  const pairs = pairsOf(perClass.length);
  const count = perClass.reduce((sum, own) => sum + own, 0);
  if (coefficients.length < (perClass.length - 1) * count || rho.length < pairs.length)
    throw c.invalid(`${coefficients.length} coefficients and ${rho.length} rho for ${perClass.length} classes`);
  const kernel = kernelValues(c, features(c), c.floats('support_vectors'), count);
  const starts = perClass.map((_, i) => perClass.slice(0, i).reduce((sum, own) => sum + own, 0));
  const margins = pairs.map(([i, j], pair) => {
    const [first, second] = [i, j].map((own) => ({ start: starts[own]!, count: perClass[own]! })) as [Run, Run];
    const values = j === i + 1
      ? b.part(kernel, 1, { start: first.start, count: first.count + second.count })
      : b.concat([b.part(kernel, 1, first), b.part(kernel, 1, second)], 1);
    const weights = [...runOf(coefficients, (j - 1) * count, first), ...runOf(coefficients, i * count, second)];
    const products = b.map([values, b.floats(kernel.type.dtype as 'f32' | 'f64', weights)], (k, w) => mul(k!, w!));
    const margin = b.reduce('sum', b.cast(products, 'f64'), [1]);
    return b.cast(b.map([margin], (s) => add(s!, num(rho[pair]!, s!))), 'f32');
  });
  return b.concat(margins, 1);
}

interface Run {
  readonly start: number;
  readonly count: number;
}

function runOf(values: readonly number[], offset: number, { start, count }: Run): readonly number[] {
  return values.slice(offset + start, offset + start + count);
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
