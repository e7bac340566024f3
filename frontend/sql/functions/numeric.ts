/** SQL's functions of numbers. */
import { decimal, decimalOf, isFloat, isInteger, isNumeric, MAX_DECIMAL_PRECISION } from '../../../ir/dtype.js';
import type { Expr } from '../../../ir/node.js';
import type { ScalarOp } from '../../../ir/scalar.js';
import { commonTypeOf } from '../coerce.js';
import { call, castTo, choose, dtypeOf, i64, literal, nullOf } from '../make-expr.js';
import { float, integer, numeric, op, takes, type Overload, type SqlFunction } from './function.js';

const float1 = (
  name: string,
  doc: string,
  example: readonly [string, string],
  scalarOp: ScalarOp = name as ScalarOp,
  aliases: readonly string[] = [],
): SqlFunction => ({ name, aliases, signature: `${name}(x)`, doc, example, overloads: [op(scalarOp, [float])] });

const constant = (value: number): Overload => (args) => (args.length === 0 ? literal(value, 'f64') : undefined);

/** floor, ceil, trunc: integers are themselves. */
const rounding = (scalarOp: ScalarOp): Overload =>
  takes([numeric], (x) => (isInteger(dtypeOf(x)!) ? x : call(scalarOp, x)));

function log(base: Expr, x: Expr): Expr {
  return call('div', call('ln', x), call('ln', base));
}

/** sign is TINYINT, which has no NaN: the sign of NaN is 0. */
const sign = takes([numeric], (x) => {
  const found = call('sign', x);
  const dtype = dtypeOf(x)!;
  return castTo(isFloat(dtype) ? choose(call('is_nan', x), literal(0, dtype), found) : found, 'i8');
});

/** A decimal keeps as many digits as are asked for; 9.99 rounds to one digit more. */
const roundTo = takes([numeric, 'i64'], (x, digits) => {
  const held = decimalOf(dtypeOf(x)!);
  if (held === undefined) return call('round_to', x, digits);
  const precision = Math.min(MAX_DECIMAL_PRECISION, held.precision + 1);
  const rounded = call('round_to', castTo(x, decimal({ precision, scale: held.scale })), digits);
  if (digits.kind !== 'literal' || digits.value === null) return rounded;
  const scale = Math.max(0, Math.min(held.scale, Number(digits.value)));
  if (scale === held.scale) return x;
  return castTo(rounded, decimal({ precision: Math.max(1, precision - held.scale + scale), scale }));
});

const factorial = takes([integer], (x) =>
  castTo(call('round', call('gamma', castTo(call('add', castTo(x, 'i64'), literal(1n, 'i64')), 'f64'))), 'i64'),
);

export const NUMERIC: readonly SqlFunction[] = [
  {
    name: 'abs',
    aliases: ['@'],
    signature: 'abs(x)',
    doc: 'The absolute value.',
    example: ['SELECT abs(-17.4)', '17.4'],
    overloads: [op('abs', [numeric])],
  },
  { name: 'sign', signature: 'sign(x)', doc: '-1, 0 or 1.', example: ['SELECT sign(-4.1)', '-1'], overloads: [sign] },
  {
    name: 'floor',
    signature: 'floor(x)',
    doc: 'Rounded down.',
    example: ['SELECT floor(-42.8)', '-43'],
    overloads: [rounding('floor')],
  },
  {
    name: 'ceil',
    aliases: ['ceiling'],
    signature: 'ceil(x)',
    doc: 'Rounded up.',
    example: ['SELECT ceil(-42.8)', '-42'],
    overloads: [rounding('ceil')],
  },
  {
    name: 'trunc',
    signature: 'trunc(x)',
    doc: 'Rounded toward zero.',
    example: ['SELECT trunc(-42.8)', '-42'],
    overloads: [rounding('trunc')],
  },
  {
    name: 'round',
    signature: 'round(x [, digits])',
    doc: 'Rounded to nearest, halves away from zero.',
    example: ['SELECT round(42.4382, 2)', '42.44'],
    overloads: [rounding('round'), roundTo],
  },
  {
    name: 'round_even',
    aliases: ['roundbankers'],
    signature: 'round_even(x)',
    doc: 'Rounded to nearest, halves to even.',
    example: ['SELECT round_even(2.5)', '2'],
    overloads: [rounding('round_even')],
  },
  {
    name: 'mod',
    aliases: ['fmod'],
    signature: 'mod(a, b)',
    doc: 'The remainder, with the sign of a.',
    example: ['SELECT mod(-7, 3)', '-1'],
    overloads: [modulo],
  },
  float1('sqrt', 'The square root.', ['SELECT sqrt(9)', '3.0']),
  float1('cbrt', 'The cube root.', ['SELECT cbrt(27)', '3.0']),
  float1('exp', 'e to the power of x.', ['SELECT exp(0)', '1.0']),
  float1('ln', 'The natural logarithm.', ['SELECT ln(1)', '0.0']),
  float1('log2', 'The logarithm to base 2.', ['SELECT log2(8)', '3.0']),
  {
    name: 'log',
    aliases: ['log10'],
    signature: 'log([base,] x)',
    doc: 'The logarithm to base 10, or to a base.',
    example: ['SELECT log(100)', '2.0'],
    overloads: [op('log10', [float]), takes(['f64', 'f64'], log)],
  },
  {
    name: 'pow',
    aliases: ['power'],
    signature: 'pow(x, y)',
    doc: 'x to the power of y.',
    example: ['SELECT pow(2, 10)', '1024.0'],
    overloads: [op('pow', ['f64', 'f64'])],
  },
  float1('sin', 'The sine.', ['SELECT sin(0)', '0.0']),
  float1('cos', 'The cosine.', ['SELECT cos(0)', '1.0']),
  float1('tan', 'The tangent.', ['SELECT tan(0)', '0.0']),
  float1('asin', 'The arc sine.', ['SELECT asin(0)', '0.0']),
  float1('acos', 'The arc cosine.', ['SELECT acos(1)', '0.0']),
  float1('atan', 'The arc tangent.', ['SELECT atan(0)', '0.0']),
  {
    name: 'atan2',
    signature: 'atan2(y, x)',
    doc: 'The angle of the point (x, y).',
    example: ['SELECT atan2(0, 1)', '0.0'],
    overloads: [op('atan2', ['f64', 'f64'])],
  },
  {
    name: 'cot',
    signature: 'cot(x)',
    doc: 'The cotangent.',
    example: ['SELECT round(cot(0.785398163), 3)', '1.0'],
    overloads: [takes(['f64'], (x) => call('div', literal(1, 'f64'), call('tan', x)))],
  },
  float1('sinh', 'The hyperbolic sine.', ['SELECT sinh(0)', '0.0']),
  float1('cosh', 'The hyperbolic cosine.', ['SELECT cosh(0)', '1.0']),
  float1('tanh', 'The hyperbolic tangent.', ['SELECT tanh(0)', '0.0']),
  float1('asinh', 'The inverse hyperbolic sine.', ['SELECT asinh(0)', '0.0']),
  float1('acosh', 'The inverse hyperbolic cosine.', ['SELECT acosh(1)', '0.0']),
  float1('atanh', 'The inverse hyperbolic tangent.', ['SELECT atanh(0)', '0.0']),
  float1('erf', 'The error function.', ['SELECT erf(0)', '0.0']),
  float1('sigmoid', '1 / (1 + exp(-x)).', ['SELECT sigmoid(0)', '0.5']),
  float1('gamma', 'The gamma function.', ['SELECT gamma(1)', '1.0']),
  {
    name: 'factorial',
    signature: 'factorial(n)',
    doc: 'The product 1 * 2 * ... * n.',
    example: ['SELECT factorial(5)', '120'],
    overloads: [factorial],
  },
  {
    name: 'degrees',
    signature: 'degrees(x)',
    doc: 'Radians as degrees.',
    example: ['SELECT degrees(0)', '0.0'],
    overloads: [takes(['f64'], (x) => call('mul', x, literal(180 / Math.PI, 'f64')))],
  },
  {
    name: 'radians',
    signature: 'radians(x)',
    doc: 'Degrees as radians.',
    example: ['SELECT radians(0)', '0.0'],
    overloads: [takes(['f64'], (x) => call('mul', x, literal(Math.PI / 180, 'f64')))],
  },
  {
    name: 'pi',
    signature: 'pi()',
    doc: 'The number pi.',
    example: ['SELECT round(pi(), 4)', '3.1416'],
    overloads: [constant(Math.PI)],
  },
  {
    name: 'random',
    signature: 'random()',
    doc: 'A random number in [0, 1), another in each row.',
    example: ['SELECT random() < 1', 'true'],
    overloads: [(args, place) => (args.length === 0 ? call('random', i64(place)) : undefined)],
  },
  {
    name: 'isnan',
    signature: 'isnan(x)',
    doc: 'Whether x is NaN.',
    example: ["SELECT isnan('NaN'::DOUBLE)", 'true'],
    overloads: [op('is_nan', [float])],
  },
  {
    name: 'isinf',
    signature: 'isinf(x)',
    doc: 'Whether x is an infinity.',
    example: ["SELECT isinf('-Infinity'::DOUBLE)", 'true'],
    overloads: [op('is_inf', [float])],
  },
  {
    name: 'isfinite',
    signature: 'isfinite(x)',
    doc: 'Whether x is neither NaN nor an infinity.',
    example: ['SELECT isfinite(1.0::DOUBLE)', 'true'],
    overloads: [takes([float], (x) => call('not', call('or', call('is_nan', x), call('is_inf', x))))],
  },
  {
    name: 'xor',
    signature: 'xor(a, b)',
    doc: 'Exclusive or of bits.',
    example: ['SELECT xor(5, 3)', '6'],
    overloads: [takes(['i64', 'i64'], (a, b) => call('bit_xor', a, b))],
  },
  {
    name: 'divide',
    signature: 'divide(a, b)',
    doc: 'Integer division, as //; NULL when b is 0.',
    example: ['SELECT divide(7, 2)', '3'],
    overloads: [takes(['i64', 'i64'], (a, b) => call('int_div', a, b))],
  },
];

function modulo(args: readonly Expr[]): Expr | undefined {
  return args.length === 2 ? bindModulo(args[0]!, args[1]!) : undefined;
}

/** a % b; b = 0 gives NULL. */
export function bindModulo(a: Expr, b: Expr): Expr | undefined {
  const common = commonTypeOf([a, b]);
  if (common === undefined || !(isNumeric(common) || common === 'null')) return undefined;
  const dtype = common === 'null' ? 'i32' : common;
  const pair = [castTo(a, dtype), castTo(b, dtype)] as const;
  if (!isFloat(dtype)) return call('mod', ...pair);
  return choose(call('eq', pair[1], literal(0, dtype)), nullOf(dtype), call('mod', ...pair));
}
