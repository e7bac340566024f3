/**
 * Arithmetic and bits. Integers and decimals are checked: a result outside the dtype's range ends the statement.
 * Registers of narrow integers always hold them extended to 32 bits.
 */
import { decimalOf, dtypeInfo, isDecimal, MAX_DECIMAL_DIGITS_HELD, type DType } from '../../../ir/dtype.js';
import type { ScalarOp } from '../../../ir/scalar.js';
import { support, type Emission } from '../pipeline/emission.js';
import type { Func } from '../dsl.js';
import { F32, F64, I32, I64, i32, i64, select, type Value } from '../values.js';
import { less } from './compare.js';
import { failIf, strict, type CallSite, type Emit, type StrictSite } from './site.js';
import { asI32, asI64, isUnsigned } from './value.js';

export function overflowMessage(op: string, dtype: DType): string {
  return `Overflow in ${op} of ${dtypeInfo(dtype).sql}: the result is out of the range of the type`;
}

/** Whole numbers a 32-bit or narrower integer dtype holds. */
export function narrowRange(dtype: DType): readonly [number, number] {
  const bits = dtypeInfo(dtype).widthBytes * 8;
  return isUnsigned(dtype) ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

export function decimalMost(dtype: DType): bigint {
  return 10n ** BigInt(Math.min(decimalOf(dtype)!.precision, MAX_DECIMAL_DIGITS_HELD)) - 1n;
}

/** 1 where an i64 lies outside [least, most]. */
export function outside(value: I64, least: bigint, most: bigint): I32 {
  return value.sub(least).gt_u(most - least);
}

type CheckedOp = 'add' | 'sub' | 'mul';

function checked(op: CheckedOp): Emit {
  return strict((site) => {
    const { scope, args, dtype, result, isNull } = site;
    const [a, b] = [args[0]!.parts[0]!, args[1]!.parts[0]!];
    if (a instanceof F32 && b instanceof F32) return a[op](b);
    if (a instanceof F64 && b instanceof F64) return a[op](b);
    if (isDecimal(dtype)) return checkedDecimal(site, op);
    if (a instanceof I64) return checkedWide(site, op, a, asI64(b));
    const wide = scope.f.let(widened(asI32(a), dtype)[op](widened(asI32(b), dtype)));
    const [least, most] = narrowRange(dtype);
    failIf(scope, outside(wide, BigInt(least), BigInt(most)), overflowMessage(op, result), isNull);
    return wide.wrap();
  });
}

function widened(value: I32, dtype: DType): I64 {
  return isUnsigned(dtype) ? value.extend_u() : value.extend_s();
}

function checkedWide({ scope, dtype, isNull }: StrictSite, op: CheckedOp, a: I64, b: I64): Value {
  const message = overflowMessage(op, dtype);
  if (op === 'mul')
    return checkedMultiply(scope.emission, isUnsigned(dtype), (func, flag) => {
      const product = scope.f.call(func, { a, b });
      failIf(scope, scope.f.call(flag, { a, b, product }), message, isNull);
      return product;
    });
  const result = scope.f.let(a[op](b));
  const failed = isUnsigned(dtype)
    ? op === 'add'
      ? result.lt_u(a)
      : a.lt_u(b)
    : (op === 'add' ? a.xor(result).and(b.xor(result)) : a.xor(b).and(a.xor(result))).lt_s(0);
  failIf(scope, failed, message, isNull);
  return result;
}

type Multiply = Func<{ a: 'i64'; b: 'i64' }, 'i64'>;
type MultiplyFails = Func<{ a: 'i64'; b: 'i64'; product: 'i64' }, 'i32'>;

function checkedMultiply(
  emission: Emission,
  unsigned: boolean,
  use: (product: Multiply, fails: MultiplyFails) => Value,
): Value {
  const suffix = unsigned ? 'u64' : 'i64';
  const product = support(emission, `mul_${suffix}`, (module) =>
    module.define(`mul_${suffix}`, { params: { a: 'i64', b: 'i64' }, result: 'i64' }, (f, { a, b }) =>
      f.return(a.mul(b)),
    ),
  );
  const fails = support(emission, `mul_${suffix}_overflows`, (module) =>
    module.define(
      `mul_${suffix}_overflows`,
      { params: { a: 'i64', b: 'i64', product: 'i64' }, result: 'i32' },
      (f, { a, b, product: held }) => {
        // Both fit 32 bits: no overflow, and no division.
        if (!unsigned)
          f.if(
            a
              .add(1n << 31n)
              .or(b.add(1n << 31n))
              .shr_u(32)
              .eqz(),
            () => f.return(0),
          );
        else f.if(a.or(b).shr_u(32).eqz(), () => f.return(0));
        f.if(a.eqz(), () => f.return(0));
        if (unsigned) f.return(held.div_u(a).ne(b));
        else {
          f.if(a.eq(-1), () => f.return(b.eq(-(1n << 63n))));
          f.return(held.div_s(a).ne(b));
        }
      },
    ),
  );
  return use(product, fails);
}

/**
 * Held decimals have at most 18 digits, so a sum cannot pass 64 bits; a product of fewer digits cannot leave its range.
 */
function checkedDecimal({ scope, args, result, isNull }: StrictSite, op: CheckedOp): Value {
  const [a, b] = [asI64(args[0]!.parts[0]!), asI64(args[1]!.parts[0]!)];
  const message = overflowMessage(op, result);
  const digits = decimalOf(result)!.precision;
  const value = scope.f.let(a[op](b));
  if (digits < MAX_DECIMAL_DIGITS_HELD + 1 && op === 'mul') return value;
  const most = decimalMost(result);
  const beyond = outside(value, -most, most);
  if (op !== 'mul') failIf(scope, beyond, message, isNull);
  else
    checkedMultiply(scope.emission, false, (_, fails) => {
      failIf(scope, beyond.or(scope.f.call(fails, { a, b, product: value })), message, isNull);
      return value;
    });
  return value;
}

/** To the dtype's width, as two's complement wraps. */
export function wrapTo(value: I32, dtype: DType): I32 {
  switch (dtype) {
    case 'i8':
      return value.extend8_s();
    case 'i16':
      return value.extend16_s();
    case 'u8':
      return value.and(0xff);
    case 'u16':
      return value.and(0xffff);
    default:
      return value;
  }
}

type WrapOp = 'add' | 'sub' | 'mul' | 'and' | 'or' | 'xor';
const wrapping = (op: WrapOp): Emit =>
  strict(({ args, dtype }) => {
    const [a, b] = [args[0]!.parts[0]!, args[1]!.parts[0]!];
    return a instanceof I64 ? a[op](asI64(b)) : wrapTo(asI32(a)[op](asI32(b)), dtype);
  });

/** Quotient or remainder where b is 0 gives `zero`; the least value divided by -1 wraps. */
function integerDivision(site: StrictSite, op: 'div' | 'rem'): Value {
  const { args, dtype } = site;
  const [a, b] = [args[0]!.parts[0]!, args[1]!.parts[0]!];
  const unsigned = isUnsigned(dtype);
  if (a instanceof I64) {
    const by = asI64(b);
    // A division by 0 traps, and so does the least by -1: divide by 1 instead and put the sign right.
    const safe = select(by.eqz().or(unsigned ? i32(0) : by.eq(-1)), i64(1), by);
    if (unsigned) return op === 'div' ? a.div_u(safe) : a.rem_u(safe);
    return op === 'div' ? select(by.eq(-1), i64(0).sub(a), a.div_s(safe)) : a.rem_s(safe);
  }
  const [x, y] = [asI32(a), asI32(b)];
  const safe = select(y.eqz().or(unsigned ? i32(0) : y.eq(-1)), i32(1), y);
  if (unsigned) return op === 'div' ? x.div_u(safe) : x.rem_u(safe);
  return op === 'div' ? wrapTo(select(y.eq(-1), i32(0).sub(x), x.div_s(safe)), dtype) : x.rem_s(safe);
}

function isZero(value: Value): I32 {
  return value instanceof I64 ? value.eqz() : asI32(value).eqz();
}

const ifZero = (zero: Value, by: Value, value: Value): Value => {
  if (value instanceof I64) return select(isZero(by), asI64(zero), value);
  return select(isZero(by), asI32(zero), asI32(value));
};

/** int_div and mod: NULL where b is 0. */
const nullableDivision =
  (op: 'div' | 'rem'): Emit =>
  (site: CallSite) => {
    let byZero: I32 | undefined;
    const value = strict((inner) => {
      const { args, scope } = inner;
      if (args[0]!.parts[0] instanceof F32 || args[0]!.parts[0] instanceof F64) return floatRemainder(inner, false);
      byZero = scope.f.let(isZero(args[1]!.parts[0]!));
      if (op === 'div' && !isUnsigned(inner.dtype) && !isDecimal(inner.dtype)) failLeastByMinusOne(inner);
      return scope.hold(integerDivision(inner, op));
    })(site);
    if (byZero === undefined) return value;
    return { ...value, isNull: value.isNull === undefined ? byZero : value.isNull.or(byZero) };
  };

function failLeastByMinusOne({ scope, args, dtype, isNull }: StrictSite): void {
  const [a, b] = [args[0]!.parts[0]!, args[1]!.parts[0]!];
  const both =
    a instanceof I64
      ? a.eq(-(1n << 63n)).and(asI64(b).eq(-1))
      : asI32(a).eq(narrowRange(dtype)[0]).and(asI32(b).eq(-1));
  failIf(scope, both, overflowMessage('int_div', dtype), isNull);
}

/** C fmod, or with the sign of b, by the host's exact remainder. */
function floatRemainder({ scope, args }: StrictSite, floor: boolean): Value {
  const wide = args.map((arg) => (arg.parts[0] instanceof F32 ? arg.parts[0].promote() : (arg.parts[0] as F64)));
  const fmod = scope.emission.module.importFunction('math_fmod', { params: { a: 'f64', b: 'f64' }, result: 'f64' });
  const rest = scope.f.call(fmod, { a: wide[0]!, b: wide[1]! });
  const value = floor ? select(rest.ne(0).and(rest.lt(0).ne(wide[1]!.lt(0))), rest.add(wide[1]!), rest as F64) : rest;
  return args[0]!.parts[0] instanceof F32 ? value.demote() : value;
}

/** fmod and floor_mod of ONNX: 0 where an integer b is 0. */
const remainder = (floor: boolean): Emit =>
  strict((site) => {
    const [a, b] = [site.args[0]!.parts[0]!, site.args[1]!.parts[0]!];
    if (a instanceof F32 || a instanceof F64) return floatRemainder(site, floor);
    const rest = site.scope.hold(integerDivision(site, 'rem'));
    const zero = a instanceof I64 ? i64(0) : i32(0);
    if (!floor || isUnsigned(site.dtype)) return ifZero(zero, b, rest);
    if (rest instanceof I64)
      return select(
        asI64(b).eqz(),
        i64(0),
        select(rest.ne(0).and(rest.xor(asI64(b)).lt_s(0)), rest.add(asI64(b)), rest),
      );
    const [x, y] = [asI32(rest), asI32(b)];
    return select(y.eqz(), i32(0), select(x.ne(0).and(x.xor(y).lt_s(0)), x.add(y), x));
  });

/** neg and abs: the least integer has no opposite, an unsigned only that of 0. */
const opposite = (op: 'neg' | 'abs'): Emit =>
  strict(({ scope, args, dtype, isNull }) => {
    const a = args[0]!.parts[0]!;
    if (a instanceof F32 || a instanceof F64) return a[op]();
    const message = overflowMessage(op, dtype);
    if (isUnsigned(dtype)) {
      if (op === 'abs') return a;
      failIf(scope, isZero(a).eqz(), message, isNull);
      return a;
    }
    if (a instanceof I64) {
      if (!isDecimal(dtype)) failIf(scope, a.eq(-(1n << 63n)), message, isNull);
      return op === 'neg' ? i64(0).sub(a) : select(a.lt_s(0), i64(0).sub(a), a);
    }
    const x = asI32(a);
    failIf(scope, x.eq(narrowRange(dtype)[0]), message, isNull);
    return op === 'neg' ? i32(0).sub(x) : select(x.lt_s(0), i32(0).sub(x), x);
  });

const sign = strict(({ args, dtype }) => {
  const a = args[0]!.parts[0]!;
  if (a instanceof F32) return select(a.ne(a).or(a.eq(0)), a, a.gt(0).sub(a.lt(0)).to_f32_s());
  if (a instanceof F64) return select(a.ne(a).or(a.eq(0)), a, a.gt(0).sub(a.lt(0)).to_f64_s());
  if (a instanceof I64) {
    const one = 10n ** BigInt(decimalOf(dtype)?.scale ?? 0);
    return isUnsigned(dtype) ? a.ne(0).extend_u() : a.gt_s(0).sub(a.lt_s(0)).extend_s().mul(one);
  }
  return isUnsigned(dtype) ? asI32(a).ne(0) : asI32(a).gt_s(0).sub(asI32(a).lt_s(0));
});

/** ONNX max and min: NaN where either is. Other dtypes in their order. */
const extreme = (op: 'max' | 'min'): Emit =>
  strict(({ scope, args, dtype }) => {
    const [a, b] = [args[0]!.parts[0]!, args[1]!.parts[0]!];
    if (a instanceof F32 && b instanceof F32) return a[op](b);
    if (a instanceof F64 && b instanceof F64) return a[op](b);
    if (args[0]!.parts.length > 1) {
      const first = scope.hold(op === 'max' ? less(scope, args[1]!, args[0]!) : less(scope, args[0]!, args[1]!));
      return args[0]!.parts.map((part, i) => select(first, part, args[1]!.parts[i]!));
    }
    const order = `${op === 'max' ? 'gt' : 'lt'}_${isUnsigned(dtype) ? 'u' : 's'}` as const;
    if (a instanceof I64) return select(a[order](asI64(b)), a, asI64(b));
    return select(asI32(a)[order](asI32(b)), asI32(a), asI32(b));
  });

const divide = strict(({ args }) => {
  const [a, b] = [args[0]!.parts[0]!, args[1]!.parts[0]!];
  return a instanceof F32 ? a.div(b as F32) : (a as F64).div(b as F64);
});

const bitNot = strict(({ args, dtype }) => {
  const a = args[0]!.parts[0]!;
  return a instanceof I64 ? a.xor(-1) : wrapTo(asI32(a).xor(-1), dtype);
});

/**
 * Past the width: 0, or -1 of a negative shifted right. `isChecked`: a shift to the left that cannot be undone is an
 * error.
 */
const shift = (op: 'shl' | 'shr', { isChecked = false } = {}): Emit =>
  strict(({ scope, args, dtype, isNull }) => {
    const [a, b] = [args[0]!.parts[0]!, args[1]!.parts[0]!];
    const bits = dtypeInfo(dtype).widthBytes * 8;
    const right = isUnsigned(dtype) ? 'shr_u' : 'shr_s';
    const message = 'Cannot shift by a negative number';
    if (a instanceof I64) {
      const by = asI64(b);
      if (!isUnsigned(dtype)) failIf(scope, by.lt_s(0), message, isNull);
      const past = op === 'shr' && !isUnsigned(dtype) ? a.shr_s(63) : i64(0);
      if (op === 'shr') return select(by.ge_u(bits), past, a[right](by));
      const shifted = scope.f.let(select(by.ge_u(bits), i64(0), a.shl(by)));
      if (isChecked) failIf(scope, shifted[right](by).ne(a), overflowMessage('shift_left', dtype), isNull);
      return shifted;
    }
    const [x, by] = [asI32(a), asI32(b)];
    if (!isUnsigned(dtype)) failIf(scope, by.lt_s(0), message, isNull);
    const past = op === 'shr' && !isUnsigned(dtype) ? x.shr_s(31) : i32(0);
    if (op === 'shr') return select(by.ge_u(bits), past, x[right](by));
    const shifted = scope.f.let(select(by.ge_u(bits), i32(0), wrapTo(x.shl(by), dtype)));
    if (isChecked) failIf(scope, shifted[right](by).ne(x), overflowMessage('shift_left', dtype), isNull);
    return shifted;
  });

export const ARITHMETIC = {
  add: checked('add'),
  sub: checked('sub'),
  mul: checked('mul'),
  div: divide,
  int_div: nullableDivision('div'),
  mod: nullableDivision('rem'),
  wrap_add: wrapping('add'),
  wrap_sub: wrapping('sub'),
  wrap_mul: wrapping('mul'),
  trunc_div: strict((site) =>
    ifZero(
      site.args[0]!.parts[0] instanceof I64 ? i64(0) : i32(0),
      site.args[1]!.parts[0]!,
      site.scope.hold(integerDivision(site, 'div')),
    ),
  ),
  floor_mod: remainder(true),
  fmod: remainder(false),
  neg: opposite('neg'),
  abs: opposite('abs'),
  sign,
  max: extreme('max'),
  min: extreme('min'),
  bit_and: wrapping('and'),
  bit_or: wrapping('or'),
  bit_xor: wrapping('xor'),
  bit_not: bitNot,
  shift_left: shift('shl', { isChecked: true }),
  wrap_shift_left: shift('shl'),
  shift_right: shift('shr'),
} satisfies Partial<Record<ScalarOp, Emit>>;
