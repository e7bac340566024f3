/** The post_transform of ai.onnx.ml's linear, tree and vector-machine models, over the scores of a row. */
import type { Expr, Tensor } from '../../../ir/node.js';
import type { OperatorCall } from '../call.js';
import { add, call, choose, div, mul, num, sub } from '../expr.js';
import { softmaxOver } from '../ops/softmax.js';

export const POST_TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'] as const;
export type PostTransform = (typeof POST_TRANSFORMS)[number];

export function postTransformOf(c: OperatorCall): PostTransform {
  return c.choice('post_transform', POST_TRANSFORMS, 'NONE');
}

/** Scores [n, k] of at least two classes or targets. */
export function postTransform(c: OperatorCall, scores: Tensor, transform: PostTransform): Tensor {
  const { builder: b } = c;
  switch (transform) {
    case 'NONE': return scores;
    case 'LOGISTIC': return b.map([scores], (a) => call('sigmoid', a!));
    case 'PROBIT': return b.map([scores], (a) => probit(a!));
    case 'SOFTMAX': return softmaxOver(b, scores, [1]);
    case 'SOFTMAX_ZERO': return softmaxZero(c, scores);
  }
}

/** Softmax in which a score of 0 (within 1e-7) has no share. */
function softmaxZero(c: OperatorCall, scores: Tensor): Tensor {
  const { builder: b } = c;
  const shares = b.map([scores, b.reduce('max', scores, [1])], (a, most) =>
    choose(
      call('ieee_le', call('abs', a!), num(1e-7, a!)),
      mul(a!, call('exp', call('neg', most!))),
      call('exp', sub(a!, most!)),
    ),
  );
  return b.map([shares, b.reduce('sum', shares, [1])], (share, total) => div(share!, total!));
}

/**
 * sqrt(2) * erfinv(2a - 1), with the inverse error function of Winitzki (2008), "A handy approximation for the error
 * function and its inverse": the one that models were tested with.
 */
export function probit(a: Expr): Expr {
  const k = 0.147;
  const x = sub(mul(num(2, a), a), num(1, a));
  const rest = mul(sub(num(1, a), x), add(num(1, a), x));
  const log = call('ln', rest);
  const v = add(num(2 / (3.14159 * k), a), mul(num(0.5, a), log));
  const size = call('sqrt', sub(call('sqrt', sub(mul(v, v), mul(num(1 / k, a), log))), v));
  const inverse = choose(call('ieee_lt', x, num(0, a)), call('neg', size), size);
  return mul(num(Math.SQRT2, a), choose(call('ieee_eq', rest, num(0, a)), num(0, a), inverse));
}
