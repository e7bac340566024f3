/**
 * The proleptic Gregorian calendar as support functions over i64 (H. Hinnant, "chrono-compatible low-level date
 * algorithms"). A civil date is packed: year << 16 | month << 8 | day.
 */
import { support, type Emission, type Scope } from '../pipeline/emission.js';
import type { Func, FunctionBuilder } from '../dsl.js';
import { i64, select, type I64 } from '../values.js';

const DAYS_OF_ERA = 146_097;
/** From 0000-03-01 to 1970-01-01. */
const EPOCH_SHIFT = 719_468;

/** Toward -infinity; `by` > 0. */
export function floorDivide(value: I64, by: bigint | number): I64 {
  return value.div_s(by).sub(value.rem_s(by).lt_s(0).extend_u());
}

export function floorRemainder(value: I64, by: bigint): I64 {
  const rest = value.rem_s(by);
  return rest.add(select(rest.lt_s(0), i64(by), i64(0)));
}

export function civilOf(scope: Scope, days: I64): I64 {
  return scope.f.call(civilFunction(scope.emission), { days });
}

export const yearOf = (civil: I64): I64 => civil.shr_s(16);
export const monthOf = (civil: I64): I64 => civil.shr_u(8).and(0xff);
export const dayOf = (civil: I64): I64 => civil.and(0xff);

function civilFunction(emission: Emission): Func<{ days: 'i64' }, 'i64'> {
  return support(emission, 'civil_of_days', (module) =>
    module.define('civil_of_days', { params: { days: 'i64' }, result: 'i64' }, (f, { days }) => {
      const z = f.let(days.add(EPOCH_SHIFT));
      const era = f.let(floorDivide(z, DAYS_OF_ERA));
      const dayOfEra = f.let(z.sub(era.mul(DAYS_OF_ERA)));
      const yearOfEra = f.let(
        dayOfEra.sub(dayOfEra.div_u(1460)).add(dayOfEra.div_u(36_524)).sub(dayOfEra.div_u(146_096)).div_u(365),
      );
      const dayOfYear = f.let(dayOfEra.sub(yearOfEra.mul(365).add(yearOfEra.shr_u(2)).sub(yearOfEra.div_u(100))));
      const shifted = f.let(dayOfYear.mul(5).add(2).div_u(153));
      const month = f.let(select(shifted.lt_u(10), shifted.add(3), shifted.sub(9)));
      const day = f.let(dayOfYear.sub(shifted.mul(153).add(2).div_u(5)).add(1));
      const year = f.let(yearOfEra.add(era.mul(400)).add(month.le_u(2).extend_u()));
      f.return(year.shl(16).or(month.shl(8)).or(day));
    }),
  );
}

/** Days since 1970-01-01 of a year, month (1 to 12) and day. */
export function daysOf(scope: Scope, date: { readonly year: I64; readonly month: I64; readonly day: I64 }): I64 {
  return scope.f.call(daysFunction(scope.emission), date);
}

function daysFunction(emission: Emission): Func<{ year: 'i64'; month: 'i64'; day: 'i64' }, 'i64'> {
  return support(emission, 'days_of_civil', (module) =>
    module.define(
      'days_of_civil',
      { params: { year: 'i64', month: 'i64', day: 'i64' }, result: 'i64' },
      (f, { year, month, day }) => {
        const y = f.let(year.sub(month.le_s(2).extend_u()));
        const era = f.let(floorDivide(y, 400));
        const yearOfEra = f.let(y.sub(era.mul(400)));
        const shifted = f.let(month.add(select(month.gt_s(2), i64(-3), i64(9))));
        const dayOfYear = f.let(shifted.mul(153).add(2).div_u(5).add(day).sub(1));
        f.return(
          era
            .mul(DAYS_OF_ERA)
            .add(yearOfEra.mul(365))
            .add(yearOfEra.shr_u(2))
            .sub(yearOfEra.div_u(100))
            .add(dayOfYear)
            .sub(EPOCH_SHIFT),
        );
      },
    ),
  );
}

/** Months later, the day clamped to the month's last. */
export function addMonths(scope: Scope, days: I64, months: I64): I64 {
  const { emission } = scope;
  const civil = civilFunction(emission);
  const back = daysFunction(emission);
  const func = support(emission, 'add_months', (module) =>
    module.define('add_months', { params: { days: 'i64', months: 'i64' }, result: 'i64' }, (f, p) => {
      const date = f.call(civil, { days: p.days });
      const total = f.let(yearOf(date).mul(12).add(monthOf(date)).sub(1).add(p.months));
      const year = f.let(floorDivide(total, 12));
      const month = f.let(total.sub(year.mul(12)).add(1));
      const last = lastDay(f, year, month);
      const day = dayOf(date);
      f.return(f.call(back, { year, month, day: select(day.gt_s(last), last, day) }));
    }),
  );
  return scope.f.call(func, { days, months });
}

function lastDay(f: FunctionBuilder, year: I64, month: I64): I64 {
  const leap = year
    .and(3)
    .eqz()
    .and(year.rem_s(100).ne(0).or(year.rem_s(400).eqz()));
  // April, June, September and November have 30 days: month ^ (month >> 3) is odd in months of 31.
  const usual = i64(30).add(month.xor(month.shr_u(3)).and(1));
  return f.let(select(month.eq(2), i64(28).add(leap.extend_u()), usual));
}
