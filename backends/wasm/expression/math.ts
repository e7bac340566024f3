/** Rounding natively; transcendental functions by the host's Math, imported as `math_<op>` over f64. */
import { decimalOf, isDecimal } from '../../../ir/dtype.js';
import type { ScalarOp } from '../../../ir/scalar.js';
import { F32, F64, I64, f32, f64, i64, select, type Value } from '../values.js';
import { viaHost } from './host.js';
import { failIf, strict, type Emit } from './site.js';
import { decimalMost, outside, overflowMessage } from './arithmetic.js';
import { asI64 } from './value.js';

const f64Of = (value: Value): F64 => (value instanceof F32 ? value.promote() : (value as F64));

const imported = (op: ScalarOp): Emit =>
  strict(({ scope, args }) => {
    const wide = args.map((arg) => f64Of(arg.parts[0]!));
    const { module } = scope.emission;
    const result =
      wide.length === 1
        ? scope.f.call(module.importFunction(`math_${op}`, { params: { a: 'f64' }, result: 'f64' }), { a: wide[0]! })
        : scope.f.call(module.importFunction(`math_${op}`, { params: { a: 'f64', b: 'f64' }, result: 'f64' }), {
            a: wide[0]!,
            b: wide[1]!,
          });
    return args[0]!.parts[0] instanceof F32 ? result.demote() : result;
  });

type Rounding = 'floor' | 'ceil' | 'trunc' | 'nearest' | 'away';

/** Halves away from zero: trunc(a) plus the sign where the rest is a half or more. */
function roundAway(a: F32 | F64): Value {
  if (a instanceof F32) {
    const whole = a.trunc();
    return select(a.sub(whole).abs().ge(0.5), whole.add(f32(1).copysign(a)), whole);
  }
  const whole = a.trunc();
  return select(a.sub(whole).abs().ge(0.5), whole.add(f64(1).copysign(a)), whole);
}

const rounding = (mode: Rounding): Emit =>
  strict(({ scope, args, dtype, result, isNull }) => {
    const a = args[0]!.parts[0]!;
    if (a instanceof F32 || a instanceof F64) return mode === 'away' ? roundAway(a) : a[mode]();
    if (!isDecimal(dtype)) return a;
    const unit = 10n ** BigInt(decimalOf(dtype)!.scale);
    const value = scope.hold(roundedQuotient(asI64(a), unit, mode));
    failIf(
      scope,
      outside(value, -decimalMost(result), decimalMost(result)),
      overflowMessage('rounding', result),
      isNull,
    );
    return value;
  });

/** a / unit, rounded; unit > 0. */
export function roundedQuotient(a: I64, unit: bigint, mode: Rounding): I64 {
  if (unit === 1n) return a;
  const [whole, rest] = [a.div_s(unit), a.rem_s(unit)];
  switch (mode) {
    case 'trunc':
      return whole;
    case 'floor':
      return whole.sub(rest.lt_s(0).extend_u());
    case 'ceil':
      return whole.add(rest.gt_s(0).extend_u());
    case 'away':
      return whole.add(rest.mul(2).ge_s(unit).extend_u()).sub(rest.mul(2).le_s(-unit).extend_u());
    case 'nearest': {
      // Half of an even unit: to the even neighbour, which `whole` is when its last bit is 0.
      const odd = whole.and(1);
      const up = rest.mul(2).add(odd).gt_s(unit);
      const down = rest.mul(2).sub(odd).lt_s(-unit);
      return whole.add(up.extend_u()).sub(down.extend_u());
    }
  }
}

/** Digits are mostly a literal; decimals with few digits to drop natively, floats by the host. */
const roundTo: Emit = (site) => {
  const digits = site.call.args[1]!;
  const type = site.call.args[0]!.type;
  if (type.kind === 'scalar' && isDecimal(type.dtype) && digits.kind === 'literal' && digits.value !== null) {
    const drop = decimalOf(type.dtype)!.scale - Number(digits.value);
    return strict(({ scope, args, dtype, isNull }) => {
      const a = asI64(args[0]!.parts[0]!);
      if (drop <= 0) return a;
      if (drop > 18) return i64(0);
      const unit = 10n ** BigInt(drop);
      const value = scope.hold(roundedQuotient(a, unit, 'away').mul(unit));
      failIf(scope, outside(value, -decimalMost(dtype), decimalMost(dtype)), overflowMessage('round', dtype), isNull);
      return value;
    })(site);
  }
  return viaHost('round_to')(site);
};

const sqrt = strict(({ args }) => (args[0]!.parts[0] as F32 | F64).sqrt());

export const MATH = {
  floor: rounding('floor'),
  ceil: rounding('ceil'),
  round: rounding('away'),
  round_even: rounding('nearest'),
  trunc: rounding('trunc'),
  round_to: roundTo,
  sqrt,
  exp: imported('exp'),
  ln: imported('ln'),
  log2: imported('log2'),
  log10: imported('log10'),
  log1p: imported('log1p'),
  expm1: imported('expm1'),
  cbrt: imported('cbrt'),
  pow: imported('pow'),
  sin: imported('sin'),
  cos: imported('cos'),
  tan: imported('tan'),
  asin: imported('asin'),
  acos: imported('acos'),
  atan: imported('atan'),
  atan2: imported('atan2'),
  sinh: imported('sinh'),
  cosh: imported('cosh'),
  tanh: imported('tanh'),
  asinh: imported('asinh'),
  acosh: imported('acosh'),
  atanh: imported('atanh'),
  erf: imported('erf'),
  sigmoid: imported('sigmoid'),
  gamma: imported('gamma'),
} satisfies Partial<Record<ScalarOp, Emit>>;
