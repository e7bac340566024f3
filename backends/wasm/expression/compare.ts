/**
 * Equality and order of SQL values: NaN equals NaN and is greater than all numbers, text is compared by bytes.
 * Joins, groups and sorts use these too.
 */
import { dtypeInfo, isFloat } from '../../../ir/dtype.js';
import type { ScalarOp } from '../../../ir/scalar.js';
import { support, type Emission, type Scope } from '../pipeline/emission.js';
import type { Func } from '../dsl.js';
import { F32, F64, I32, I64, i32, i64, load, select } from '../values.js';
import { strict, type Emit } from './site.js';
import { asI32, asI64, isUnsigned, type SqlValue } from './value.js';

/** 1 where both are equal; neither is NULL. */
export function equals(scope: Scope, a: SqlValue, b: SqlValue): I32 {
  const [x, y] = [a.parts[0]!, b.parts[0]!];
  switch (dtypeInfo(a.dtype).physical) {
    case 'bytes': {
      const lengths = asI32(a.parts[1]!).eq(asI32(b.parts[1]!));
      const result = scope.f.let(lengths);
      scope.f.if(result, () =>
        scope.f.set(
          result,
          scope.f.call(bytesEqual(scope.emission), { a: asI32(x), b: asI32(y), length: asI32(a.parts[1]!) }),
        ),
      );
      return result;
    }
    case 'i128':
      return intervalMicros(a).eq(intervalMicros(b));
    default:
      break;
  }
  if (x instanceof F32 && y instanceof F32) return x.eq(y).or(x.ne(x).and(y.ne(y)));
  if (x instanceof F64 && y instanceof F64) return x.eq(y).or(x.ne(x).and(y.ne(y)));
  if (x instanceof I64) return x.eq(asI64(y));
  return asI32(x).eq(asI32(y));
}

/** 1 where a < b; neither is NULL. */
export function less(scope: Scope, a: SqlValue, b: SqlValue): I32 {
  const [x, y] = [a.parts[0]!, b.parts[0]!];
  switch (dtypeInfo(a.dtype).physical) {
    case 'bytes':
      return compareText(scope, a, b).lt_s(0);
    case 'i128':
      return intervalMicros(a).lt_s(intervalMicros(b));
    default:
      break;
  }
  if (x instanceof F32 && y instanceof F32) return x.lt(y).or(x.eq(x).and(y.ne(y)));
  if (x instanceof F64 && y instanceof F64) return x.lt(y).or(x.eq(x).and(y.ne(y)));
  const unsigned = isUnsigned(a.dtype);
  if (x instanceof I64) return unsigned ? x.lt_u(asI64(y)) : x.lt_s(asI64(y));
  return unsigned ? asI32(x).lt_u(asI32(y)) : asI32(x).lt_s(asI32(y));
}

/** Intervals compare with months of 30 days and days of 24 hours, as PostgreSQL does. */
export function intervalMicros(value: SqlValue): I64 {
  const days = asI32(value.parts[0]!).extend_s().mul(30).add(asI32(value.parts[1]!).extend_s());
  return days.mul(86_400_000_000n).add(asI64(value.parts[2]!));
}

/** Negative, 0 or positive. */
export function compareText(scope: Scope, a: SqlValue, b: SqlValue): I32 {
  return scope.f.call(bytesCompare(scope.emission), {
    a: asI32(a.parts[0]!),
    aLength: asI32(a.parts[1]!),
    b: asI32(b.parts[0]!),
    bLength: asI32(b.parts[1]!),
  });
}

export function bytesEqual(emission: Emission): Func<{ a: 'i32'; b: 'i32'; length: 'i32' }, 'i32'> {
  return support(emission, 'bytes_equal', (module) =>
    module.define(
      'bytes_equal',
      { params: { a: 'i32', b: 'i32', length: 'i32' }, result: 'i32' },
      (f, { a, b, length }) => {
        const end = f.let(a.add(length));
        // The last word may lie over bytes that were compared before: none behind the texts is read.
        const last = f.let(b.add(length));
        f.if(length.ge_u(8), () => {
          f.while(
            () => end.sub(a).gt_u(8),
            () => {
              f.if(load.i64(a).ne(load.i64(b)), () => f.return(0));
              f.advance(a, 8);
              f.advance(b, 8);
            },
          );
          f.return(load.i64(end.sub(8)).eq(load.i64(last.sub(8))));
        });
        f.if(length.ge_u(4), () =>
          f.return(
            load
              .i32(a)
              .eq(load.i32(b))
              .and(load.i32(end.sub(4)).eq(load.i32(last.sub(4)))),
          ),
        );
        f.while(
          () => a.lt_u(end),
          () => {
            f.if(load.i8_u(a).ne(load.i8_u(b)), () => f.return(0));
            f.advance(a, 1);
            f.advance(b, 1);
          },
        );
        f.return(1);
      },
    ),
  );
}

function bytesCompare(emission: Emission): Func<{ a: 'i32'; aLength: 'i32'; b: 'i32'; bLength: 'i32' }, 'i32'> {
  return support(emission, 'bytes_compare', (module) =>
    module.define(
      'bytes_compare',
      { params: { a: 'i32', aLength: 'i32', b: 'i32', bLength: 'i32' }, result: 'i32' },
      (f, { a, aLength, b, bLength }) => {
        const end = f.let(a.add(select(aLength.lt_u(bLength), aLength, bLength)));
        f.while(
          () => a.lt_u(end),
          () => {
            const difference = f.let(load.i8_u(a).sub(load.i8_u(b)));
            f.if(difference, () => f.return(difference));
            f.advance(a, 1);
            f.advance(b, 1);
          },
        );
        f.return(aLength.sub(bLength));
      },
    ),
  );
}

type Holds = (scope: Scope, a: SqlValue, b: SqlValue) => I32;
const comparison = (holds: Holds): Emit => strict(({ scope, args }) => holds(scope, args[0]!, args[1]!));
const not =
  (holds: Holds): Holds =>
  (scope, a, b) =>
    holds(scope, a, b).eqz();
const swapped =
  (holds: Holds): Holds =>
  (scope, a, b) =>
    holds(scope, b, a);

/** IEEE: nothing holds of NaN. Other dtypes as in SQL. */
const ieee = (op: 'eq' | 'lt' | 'le', otherwise: Holds): Emit =>
  comparison((scope, a, b) => {
    const [x, y] = [a.parts[0]!, b.parts[0]!];
    if (x instanceof F32 && y instanceof F32) return x[op](y);
    if (x instanceof F64 && y instanceof F64) return x[op](y);
    return otherwise(scope, a, b);
  });

/** 1 where both are NULL or both are equal values. */
export function sameOrNull(scope: Scope, a: SqlValue, b: SqlValue): I32 {
  if (a.isNull === undefined && b.isNull === undefined) return equals(scope, a, b);
  const nulls = scope.hold((a.isNull ?? i32(0)).add(b.isNull ?? i32(0)));
  const result = scope.f.let(nulls.eq(2));
  scope.if(nulls.eqz(), () => scope.f.set(result, equals(scope, a, b)));
  return result;
}

const distinctness =
  (wanted: 0 | 1): Emit =>
  ({ scope, row, call, emitExpr }) => {
    const [a, b] = [emitExpr(scope, row, call.args[0]!), emitExpr(scope, row, call.args[1]!)];
    const same = sameOrNull(scope, a, b);
    return { dtype: 'bool', parts: [wanted === 1 ? same : same.eqz()], isNull: undefined };
  };

/** The best argument that is not NULL. */
const best =
  (better: Holds): Emit =>
  ({ scope, row, call, emitExpr }) => {
    const args = call.args.map((arg) => emitExpr(scope, row, arg));
    const result = scope.variable(args[0]!.dtype, true);
    scope.assign(result, args[0]!);
    for (const arg of args.slice(1)) {
      const take = (): void => {
        scope.f.if(arg.isNull === undefined ? i32(1) : arg.isNull.eqz(), () => {
          const wins = scope.f.let(result.isNull!);
          scope.f.if(wins.eqz(), () => scope.f.set(wins, better(scope, arg, result)));
          scope.f.if(wins, () => scope.assign(result, arg));
        });
      };
      take();
    }
    return call.type.nullable ? result : { ...result, isNull: undefined };
  };

const isInfinite = strict(({ args }) => {
  const value = args[0]!.parts[0]!;
  if (value instanceof F32) return value.abs().eq(Infinity);
  return value instanceof F64 ? value.abs().eq(Infinity) : i32(0);
});
const isNaN_ = strict(({ args }) => {
  const value = args[0]!.parts[0]!;
  return value instanceof F32 ? value.ne(value) : value instanceof F64 ? value.ne(value) : i32(0);
});

/** 0 of -0 and one NaN, so that equal floats have equal bits. */
export function canonicalBits(value: SqlValue): I64 {
  const part = value.parts[0]!;
  if (part instanceof F32) return select(part.ne(part), i32(0x7fc00000), part.add(0).as_i32()).extend_u();
  if (part instanceof F64) return select(part.ne(part), i64(0x7ff8000000000000n), part.add(0).as_i64());
  if (!isFloat(value.dtype) && part instanceof I64) return part;
  return asI32(part).extend_s();
}

export const COMPARE = {
  eq: comparison(equals),
  ne: comparison(not(equals)),
  lt: comparison(less),
  le: comparison(not(swapped(less))),
  gt: comparison(swapped(less)),
  ge: comparison(not(less)),
  ieee_eq: ieee('eq', equals),
  ieee_lt: ieee('lt', less),
  ieee_le: ieee('le', not(swapped(less))),
  is_distinct: distinctness(0),
  is_not_distinct: distinctness(1),
  greatest: best(swapped(less)),
  least: best(less),
  is_nan: isNaN_,
  is_inf: isInfinite,
} satisfies Partial<Record<ScalarOp, Emit>>;
