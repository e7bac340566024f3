/** Activations: scalar bodies with constants from attributes. */
import type { Expr, Tensor } from '../../../ir/node.js';
import type { OperatorCall } from '../call.js';
import { add, call, choose, div, mul, num, sub } from '../expr.js';
import { operator, type OperatorTable } from '../operator.js';

const negative = (a: Expr): Expr => call('ieee_lt', a, num(0, a));
const positive = (a: Expr): Expr => call('ieee_lt', num(0, a), a);

export const relu = (a: Expr): Expr => call('max', a, num(0, a));
export const sigmoid = (a: Expr): Expr => call('sigmoid', a);
export const elu = (a: Expr, alpha: number): Expr => choose(negative(a), mul(num(alpha, a), call('expm1', a)), a);
export const leakyRelu = (a: Expr, alpha: number): Expr => choose(negative(a), mul(num(alpha, a), a), a);
export const thresholdedRelu = (a: Expr, alpha: number): Expr =>
  choose(call('ieee_lt', num(alpha, a), a), a, num(0, a));
export const hardSigmoid = (a: Expr, alpha: number, beta: number): Expr =>
  call('max', num(0, a), call('min', num(1, a), add(mul(num(alpha, a), a), num(beta, a))));
/** ln(1 + e^a) = max(a, 0) + ln(1 + e^-|a|), which does not overflow. */
export const softplus = (a: Expr): Expr => add(relu(a), call('log1p', call('exp', call('neg', call('abs', a)))));
export const softsign = (a: Expr): Expr => div(a, add(num(1, a), call('abs', a)));

function selu(a: Expr, alpha: number, gamma: number): Expr {
  return mul(num(gamma, a), choose(positive(a), a, mul(num(alpha, a), call('expm1', a))));
}

function gelu(a: Expr, approximate: 'none' | 'tanh'): Expr {
  const half = mul(num(0.5, a), a);
  if (approximate === 'none') return mul(half, add(num(1, a), call('erf', mul(a, num(Math.SQRT1_2, a)))));
  const cubic = mul(num(0.044715, a), mul(a, mul(a, a)));
  return mul(half, add(num(1, a), call('tanh', mul(num(Math.sqrt(2 / Math.PI), a), add(a, cubic)))));
}

function shrink(a: Expr, bias: number, lambda: number): Expr {
  return choose(call('ieee_lt', a, num(-lambda, a)), add(a, num(bias, a)),
    choose(call('ieee_lt', num(lambda, a), a), sub(a, num(bias, a)), num(0, a)));
}

/** The slope broadcasts to x in one direction; opsets before 7 give one slope a channel. */
function prelu(c: OperatorCall): Tensor {
  const [x, slope] = [c.input(0), c.input(1)];
  const rank = x.type.dims.length;
  const channels = c.version < 7 && slope.type.dims.length === 1 && rank > 1 && slope.type.dims[0] !== 1;
  const placed = channels
    ? c.builder.reshape(slope, [...slope.type.dims, ...new Array<number>(rank - 2).fill(1)])
    : slope;
  return c.builder.map([x, placed], (a, s) => choose(negative(a!), mul(a!, s!), a!));
}

const on = (c: OperatorCall, body: (a: Expr) => Expr): Tensor => c.builder.map([c.input(0)], (a) => body(a!));

export const ACTIVATION = {
  Relu: operator([1, 6, 13, 14], '', (c) => on(c, relu)),
  Sigmoid: operator([1, 6, 13], '', (c) => on(c, sigmoid)),
  Elu: operator([1, 6, 22], 'alpha', (c) => on(c, (a) => elu(a, c.float('alpha', 1)))),
  Celu: operator([12], 'alpha', (c) => on(c, (a) => {
    const alpha = c.float('alpha', 1);
    return choose(negative(a), mul(num(alpha, a), call('expm1', div(a, num(alpha, a)))), a);
  })),
  Selu: operator([1, 6, 22], 'alpha gamma', (c) =>
    on(c, (a) => selu(a, c.float('alpha', 1.67326319217681884765625), c.float('gamma', 1.05070102214813232421875)))),
  LeakyRelu: operator([1, 6, 16], 'alpha', (c) => on(c, (a) => leakyRelu(a, c.float('alpha', 0.01)))),
  PRelu: operator([1, 6, 7, 9, 16], '', prelu),
  ThresholdedRelu: operator([1, 10, 22], 'alpha', (c) => on(c, (a) => thresholdedRelu(a, c.float('alpha', 1)))),
  HardSigmoid: operator([1, 6, 22], 'alpha beta', (c) =>
    on(c, (a) => hardSigmoid(a, c.float('alpha', 0.2), c.float('beta', 0.5))),
  ),
  HardSwish: operator([14, 22], '', (c) => on(c, (a) => mul(a, hardSigmoid(a, 1 / 6, 0.5)))),
  Mish: operator([18, 22], '', (c) => on(c, (a) => mul(a, call('tanh', softplus(a))))),
  Swish: operator([24], 'alpha', (c) => on(c, (a) => mul(a, sigmoid(mul(num(c.float('alpha', 1), a), a))))),
  Softplus: operator([1, 22], '', (c) => on(c, softplus)),
  Softsign: operator([1, 22], '', (c) => on(c, softsign)),
  Gelu: operator([20], 'approximate', (c) => on(c, (a) => gelu(a, c.choice('approximate', ['none', 'tanh'], 'none')))),
  Shrink: operator([9], 'bias lambd', (c) => on(c, (a) => shrink(a, c.float('bias', 0), c.float('lambd', 0.5)))),
} satisfies OperatorTable;
