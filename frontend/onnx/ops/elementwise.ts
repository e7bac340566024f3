/**
 * Elementwise arithmetic, comparison, logic and bits: each operator is a scalar body. Integers wrap, comparisons are
 * IEEE.
 */
import { isFloat, isInteger, type DType } from '../../../ir/dtype.js';
import type { Expr, Tensor } from '../../../ir/node.js';
import type { ScalarOp } from '../../../ir/scalar.js';
import type { OperatorCall } from '../call.js';
import { abs, add, call, cast, choose, div, dtypeOf, literal, mul, neg, num, sub } from '../expr.js';
import { operator, type Operator, type OperatorTable } from '../operator.js';

/** One scalar row of one argument. */
function unary(since: readonly number[], op: ScalarOp): Operator {
  return operator(since, '', (c) => c.builder.map([c.input(0)], (a) => call(op, a!)));
}

function unaryBody(since: readonly number[], body: (a: Expr) => Expr): Operator {
  return operator(since, '', (c) => c.builder.map([c.input(0)], (a) => body(a!)));
}

/** The second operand, placed by the `axis` of opsets before 7. */
function operands(c: OperatorCall): readonly [Tensor, Tensor] {
  const [a, b] = [c.input(0), c.input(1)];
  if (c.version >= 7 || !c.has('axis')) return [a, b];
  const axis = c.axis(c.int('axis'), a.type.dims.length);
  const trailing = a.type.dims.length - axis - b.type.dims.length;
  return [a, c.builder.reshape(b, [...b.type.dims, ...new Array<number>(trailing).fill(1)])];
}

function binary(since: readonly number[], body: (a: Expr, b: Expr) => Expr): Operator {
  return operator(since, 'broadcast axis', (c) => c.builder.map(operands(c), (a, b) => body(a!, b!)));
}

/** Sum, Max, Mean ...: a fold over any number of inputs. */
function variadic(
  since: readonly number[],
  body: (a: Expr, b: Expr) => Expr,
  last: (sum: Expr, count: number) => Expr = (sum) => sum,
): Operator {
  return operator(since, '', (c) => {
    const inputs = c.inputs();
    return c.builder.map(inputs, (...args) => last(args.reduce(body), inputs.length));
  });
}

const logic = (since: readonly number[], op: ScalarOp): Operator => binary(since, (a, b) => call(op, a, b));

/** a^b in the dtype of a, whatever that of b. Integers go through doubles, exact to 2^53. */
function power(a: Expr, b: Expr): Expr {
  const dtype = dtypeOf(a);
  if (b.kind === 'literal' && Number(b.value) === 2) return mul(a, a);
  if (isFloat(dtype) && isFloat(dtypeOf(b)) && dtypeOf(b) === dtype) return call('pow', a, b);
  const wide: DType = dtype === 'f32' && !isInteger(dtypeOf(b)) ? 'f32' : 'f64';
  return cast(call('pow', cast(a, wide), cast(b, wide)), dtype);
}

function modulo(c: OperatorCall): Tensor {
  const op = c.flag('fmod') ? 'fmod' : 'floor_mod';
  return c.builder.map([c.input(0), c.input(1)], (a, b) => call(op, a!, b!));
}

function shift(c: OperatorCall): Tensor {
  const op = c.choice('direction', ['LEFT', 'RIGHT'], 'LEFT') === 'LEFT' ? 'wrap_shift_left' : 'shift_right';
  return c.builder.map([c.input(0), c.input(1)], (a, b) => call(op, a!, b!));
}

/** The greatest finite value of a float. */
const MOST: Partial<Record<DType, number>> = {
  f16: 65504, bf16: 3.3895313892515355e38, f32: 3.4028234663852886e38, f64: Number.MAX_VALUE,
};

/** Without a bound it is the least or greatest finite value: an infinity becomes finite. */
function clip(c: OperatorCall): Tensor {
  const x = c.input(0);
  const { dtype } = x.type;
  const most = MOST[dtype];
  if (c.version < 11) {
    const low = literal(c.float('min', -MOST.f32!), dtype);
    const high = literal(c.float('max', MOST.f32), dtype);
    return c.builder.map([x], (a) => call('min', call('max', a!, low), high));
  }
  const bounds = [c.optional(1), c.optional(2)];
  const present = bounds.filter((bound) => bound !== undefined);
  return c.builder.map([x, ...present], (a, ...rest) => {
    const [low, high] = [-1, 1].map((sign, i) => {
      if (bounds[i] !== undefined) return rest.shift();
      return most === undefined ? undefined : literal(sign * most, dtype);
    });
    const raised = low === undefined ? a! : call('max', a!, low);
    return high === undefined ? raised : call('min', raised, high);
  });
}

function isInf(c: OperatorCall): Tensor {
  const [positive, negative] = [c.flag('detect_positive', true), c.flag('detect_negative', true)];
  return c.builder.map([c.input(0)], (a) => {
    if (positive && negative) return call('is_inf', a!);
    if (!positive && !negative) return call('and', call('is_nan', a!), call('not', call('is_nan', a!)));
    return call('ieee_eq', a!, num(positive ? Infinity : -Infinity, a!));
  });
}

/** ONNX compares strings and bools with the same rows as numbers. */
const equal = (a: Expr, b: Expr): Expr => call('ieee_eq', a, b);
const less = (a: Expr, b: Expr): Expr => call('ieee_lt', a, b);
const atMost = (a: Expr, b: Expr): Expr => call('ieee_le', a, b);

export const ELEMENTWISE = {
  Add: binary([1, 6, 7, 13, 14], add),
  Sub: binary([1, 6, 7, 13, 14], sub),
  Mul: binary([1, 6, 7, 13, 14], mul),
  Div: binary([1, 6, 7, 13, 14], div),
  Pow: binary([1, 7, 12, 13, 15], power),
  Mod: operator([10, 13], 'fmod', modulo),
  Neg: unaryBody([1, 6, 13], neg),
  Abs: unaryBody([1, 6, 13], abs),
  Sign: unary([9, 13], 'sign'),
  Reciprocal: unaryBody([1, 6, 13], (a) => div(num(1, a), a)),
  Floor: unary([1, 6, 13], 'floor'),
  Ceil: unary([1, 6, 13], 'ceil'),
  Round: unary([11, 22], 'round_even'),
  Sqrt: unary([1, 6, 13], 'sqrt'),
  Exp: unary([1, 6, 13], 'exp'),
  Log: unary([1, 6, 13], 'ln'),
  Erf: unary([9, 13], 'erf'),
  Sin: unary([7, 22], 'sin'), Cos: unary([7, 22], 'cos'), Tan: unary([7, 22], 'tan'),
  Asin: unary([7, 22], 'asin'), Acos: unary([7, 22], 'acos'), Atan: unary([7, 22], 'atan'),
  Sinh: unary([9, 22], 'sinh'), Cosh: unary([9, 22], 'cosh'), Tanh: unary([1, 6, 13], 'tanh'),
  Asinh: unary([9, 22], 'asinh'), Acosh: unary([9, 22], 'acosh'), Atanh: unary([9, 22], 'atanh'),
  Max: variadic([1, 6, 8, 12, 13], (a, b) => call('max', a, b)),
  Min: variadic([1, 6, 8, 12, 13], (a, b) => call('min', a, b)),
  Sum: variadic([1, 6, 8, 13], add),
  Mean: variadic([1, 6, 8, 13], add, (sum, count) => div(sum, num(count, sum))),
  Clip: operator([1, 6, 11, 12, 13], 'min max', clip),
  Equal: binary([1, 7, 11, 13, 19], equal),
  Less: binary([1, 7, 9, 13], less),
  LessOrEqual: binary([12, 16], atMost),
  Greater: binary([1, 7, 9, 13], (a, b) => less(b, a)),
  GreaterOrEqual: binary([12, 16], (a, b) => atMost(b, a)),
  And: logic([1, 7], 'and'),
  Or: logic([1, 7], 'or'),
  Xor: logic([1, 7], 'xor'),
  Not: unary([1], 'not'),
  BitwiseAnd: logic([18], 'bit_and'),
  BitwiseOr: logic([18], 'bit_or'),
  BitwiseXor: logic([18], 'bit_xor'),
  BitwiseNot: unary([18], 'bit_not'),
  BitShift: operator([11], 'direction', shift),
  IsNaN: unary([9, 13, 20], 'is_nan'),
  IsInf: operator([10, 20], 'detect_negative detect_positive', isInf),
  Where: operator([9, 16], '', (c) =>
    c.builder.map([c.input(0), c.input(1), c.input(2)], (when, a, b) => choose(when!, a!, b!)),
  ),
} satisfies OperatorTable;
