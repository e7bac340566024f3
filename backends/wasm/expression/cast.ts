/**
 * Casts among numbers, bool, date and timestamp; text goes through the host. A value the target does not hold ends the
 * statement, or gives NULL with `attempt`.
 */
import { decimalOf, dtypeInfo, isDecimal, isFloat, type DType } from '../../../ir/dtype.js';
import type { Cast } from '../../../ir/node.js';
import type { Scope } from '../pipeline/emission.js';
import { halfFromF32, halfToF32 } from './half.js';
import { F32, F64, I32, I64, f64, i32, i64, type Value } from '../values.js';
import { decimalMost, outside } from './arithmetic.js';
import { castByHost } from './host.js';
import { roundedQuotient } from './math.js';
import { failIf } from './site.js';
import { asI32, asI64, isUnsigned, nullValue, orNull, registersOf, type SqlValue } from './value.js';

const DAY_MICROSECONDS = 86_400_000_000n;
/** Days on either side of 1970 that a timestamp reaches; dates reach further. */
const MOST_DAYS = (2n ** 63n - 1n) / DAY_MICROSECONDS;

/** A converted register and where the conversion failed. */
interface Converted {
  readonly value: Value;
  readonly failed: I32 | undefined;
}

export function emitCast(scope: Scope, value: SqlValue, cast: Pick<Cast, 'to' | 'attempt'>): SqlValue {
  const { to, attempt } = cast;
  if (value.dtype === to) return value;
  if (value.dtype === 'null') return nullValue(to);
  if (dtypeInfo(value.dtype).physical === 'bytes' || dtypeInfo(to).physical === 'bytes' || value.dtype === 'interval') {
    return scope.unlessNull(to, value.isNull, () => {
      const result = castByHost(scope, value, cast);
      return attempt ? result : { ...result, isNull: undefined };
    });
  }
  const { value: converted, failed } = convert(scope, value, to);
  const held = scope.hold(converted);
  if (failed === undefined) return { dtype: to, parts: [held], isNull: value.isNull };
  if (attempt) return { dtype: to, parts: [held], isNull: scope.hold(orNull(value.isNull, failed)!) };
  failIf(
    scope,
    failed,
    `Type ${dtypeInfo(value.dtype).sql} can't be cast to ${dtypeInfo(to).sql}: the value is out of range for the destination type`,
    value.isNull,
  );
  return { dtype: to, parts: [held], isNull: value.isNull };
}

function convert(scope: Scope, value: SqlValue, to: DType): Converted {
  const from = value.dtype;
  const part = value.parts[0]!;
  if (from === 'date') {
    const days = scope.hold(asI32(part).extend_s());
    return { value: days.mul(DAY_MICROSECONDS), failed: outside(days, -MOST_DAYS, MOST_DAYS) };
  }
  if (from === 'timestamp') return { value: timestampPart(asI64(part), to), failed: undefined };
  if (to === 'bool') return { value: truth(part), failed: undefined };
  if (isFloat(from))
    return isFloat(to) ? { value: resize(scope, part, to), failed: undefined } : fromFloat(scope, widen(part), to);
  if (isFloat(to) && part instanceof I32)
    return { value: resize(scope, smallToFloat(part, from, to), to), failed: undefined };
  const scale = decimalOf(from)?.scale ?? 0;
  const wide = part instanceof I64 ? part : isUnsigned(from) ? asI32(part).extend_u() : asI32(part).extend_s();
  if (isFloat(to)) return { value: resize(scope, exactToFloat(wide, from, scale), to), failed: undefined };
  return fromExact(scope, scope.hold(wide), { from, scale, to });
}

function timestampPart(value: I64, to: DType): Value {
  const rest = value.rem_s(DAY_MICROSECONDS);
  const negative = rest.lt_s(0).extend_u();
  if (to === 'date') return value.div_s(DAY_MICROSECONDS).sub(negative).wrap();
  return rest.add(negative.mul(DAY_MICROSECONDS));
}

function truth(part: Value): I32 {
  if (part instanceof F32 || part instanceof F64) return part.ne(0);
  return part instanceof I64 ? part.ne(0) : asI32(part).ne(0);
}

function widen(part: Value): F64 {
  return part instanceof F32 ? part.promote() : (part as F64);
}

/** Between float dtypes; f16 and bf16 round as their columns do. */
function resize(scope: Scope, part: Value, to: DType): Value {
  const target = registersOf(to)[0];
  if (target === 'f64') return widen(part);
  const narrow = part instanceof F64 ? part.demote() : (part as F32);
  if (to === 'f16') return halfToF32(scope, halfFromF32(scope, narrow));
  if (to === 'bf16') {
    const bits = narrow.as_i32();
    return bits
      .add(i32(0x7fff).add(bits.shr_u(16).and(1)))
      .and(0xffff0000 | 0)
      .as_f32();
  }
  return narrow;
}

/** Of integers of up to 32 bits: one rounding, as a double holds each of them. */
function smallToFloat(part: I32, from: DType, to: DType): Value {
  const isDouble = registersOf(to)[0] === 'f64';
  if (isUnsigned(from)) return isDouble ? part.to_f64_u() : part.to_f32_u();
  return isDouble ? part.to_f64_s() : part.to_f32_s();
}

function exactToFloat(wide: I64, from: DType, scale: number): Value {
  const value = from === 'u64' ? wide.to_f64_u() : wide.to_f64_s();
  return scale === 0 ? value : value.div(f64(10 ** scale));
}

/** Integers round halves to even, decimals halves away from zero. */
function fromFloat(scope: Scope, value: F64, to: DType): Converted {
  const held = decimalOf(to);
  if (held === undefined) {
    const whole = scope.hold(value.nearest());
    const [least, most] = floatRange(to);
    const failed = scope.hold(whole.ge(least).and(whole.lt(most)).eqz());
    return { value: narrow(to === 'u64' ? whole.to_i64_u() : whole.to_i64_s(), to), failed };
  }
  const scaled = scope.hold(value.mul(10 ** held.scale));
  const whole = scope.hold(scaled.trunc());
  const rounded = scope.hold(whole.add(scaled.sub(whole).abs().ge(0.5).to_f64_s().copysign(scaled)));
  // A power of ten is exact as a double, the number below one is not.
  const beyond = Number(decimalMost(to) + 1n);
  return { value: rounded.to_i64_s(), failed: scope.hold(rounded.gt(-beyond).and(rounded.lt(beyond)).eqz()) };
}

function floatRange(to: DType): readonly [number, number] {
  const bits = dtypeInfo(to).widthBytes * 8;
  return isUnsigned(to) ? [0, 2 ** bits] : [-(2 ** (bits - 1)), 2 ** (bits - 1)];
}

function narrow(value: I64, to: DType): Value {
  return registersOf(to)[0] === 'i32' ? value.wrap() : value;
}

interface ExactCast {
  readonly from: DType;
  readonly scale: number;
  readonly to: DType;
}

function exactRange(to: DType): readonly [bigint, bigint] {
  if (isDecimal(to)) return [-decimalMost(to), decimalMost(to)];
  const bits = BigInt(dtypeInfo(to).widthBytes * 8);
  return isUnsigned(to) ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

function fromExact(scope: Scope, wide: I64, { from, scale, to }: ExactCast): Converted {
  const drop = scale - (decimalOf(to)?.scale ?? 0);
  const [least, most] = exactRange(to);
  if (drop >= 0) {
    const value = scope.hold(drop > 18 ? i64(0) : roundedQuotient(wide, 10n ** BigInt(drop), 'away'));
    return { value: narrow(value, to), failed: outOfRange(value, from, [least, most], to) };
  }
  const unit = 10n ** BigInt(-drop);
  // Range is judged before the product, which might not fit 64 bits.
  const failed = outOfRange(wide, from, [least / unit, most / unit], to);
  return { value: narrow(wide.mul(unit), to), failed };
}

function outOfRange(value: I64, from: DType, [least, most]: readonly [bigint, bigint], to: DType): I32 | undefined {
  const source = from === 'bool' ? ([0n, 1n] as const) : exactRange(from);
  if (!isDecimal(from) && source[0] >= least && source[1] <= most) return undefined;
  if (from === 'u64') return value.gt_u(most);
  if (to === 'u64') return value.lt_s(0);
  return outside(value, least, most);
}
