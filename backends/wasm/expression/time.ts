/**
 * Dates, times, timestamps and intervals. Fields that are literals have native forms; the rare ones go through the
 * host.
 */
import type { ScalarOp } from '../../../ir/scalar.js';
import { partName } from '../../../ir/scalar/time.js';
import type { Scope } from '../pipeline/emission.js';
import { i64, type I64 } from '../values.js';
import { addMonths, civilOf, dayOf, daysOf, floorDivide, floorRemainder, monthOf, yearOf } from './calendar.js';
import { viaHost } from './host.js';
import { argument, failIf, guarded, literalText, strict, type Emit } from './site.js';
import { asI32, asI64, type SqlValue } from './value.js';

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;

/** A date, time or timestamp as days and microseconds of the day, each computed when asked for. */
interface Moment {
  readonly days: () => I64;
  readonly time: () => I64;
  readonly epoch: () => I64;
}

function momentOf(scope: Scope, value: SqlValue): Moment {
  const part = value.parts[0]!;
  if (value.dtype === 'date') {
    const days = asI32(part).extend_s();
    return { days: () => days, time: () => i64(0), epoch: () => days.mul(86_400) };
  }
  const micros = scope.hold(asI64(part));
  if (value.dtype === 'time') return { days: () => i64(0), time: () => micros, epoch: () => micros.div_u(SECOND) };
  return {
    days: () => scope.hold(floorDivide(micros, DAY)),
    time: () => scope.hold(floorRemainder(micros, DAY)),
    epoch: () => floorDivide(micros, SECOND),
  };
}

type Part = (scope: Scope, moment: Moment) => I64;
const ofDate =
  (part: (civil: I64) => I64): Part =>
  (scope, moment) =>
    part(scope.hold(civilOf(scope, moment.days())));
const ofTime =
  (part: (time: I64) => I64): Part =>
  (_, moment) =>
    part(moment.time());
/** 1 for Monday to 7 for Sunday. */
const isoWeekday = (days: I64): I64 => floorRemainder(days.add(3), 7n).add(1);

const PARTS: { readonly [name: string]: Part | undefined } = {
  year: ofDate(yearOf),
  month: ofDate(monthOf),
  day: ofDate(dayOf),
  quarter: ofDate((civil) => monthOf(civil).add(2).div_u(3)),
  decade: ofDate((civil) => floorDivide(yearOf(civil), 10)),
  dow: (_, moment) => isoWeekday(moment.days()).rem_u(7),
  isodow: (_, moment) => isoWeekday(moment.days()),
  doy: (scope, moment) => {
    const days = scope.hold(moment.days());
    return days
      .sub(daysOf(scope, { year: yearOf(scope.hold(civilOf(scope, days))), month: i64(1), day: i64(1) }))
      .add(1);
  },
};
const TIME_PARTS: { readonly [name: string]: Part | undefined } = {
  hour: ofTime((time) => time.div_u(HOUR)),
  minute: ofTime((time) => time.div_u(MINUTE).rem_u(60)),
  second: ofTime((time) => time.div_u(SECOND).rem_u(60)),
  millisecond: ofTime((time) => time.rem_u(MINUTE).div_u(1000)),
  microsecond: ofTime((time) => time.rem_u(MINUTE)),
  epoch: (_, moment) => moment.epoch(),
};

const datePart: Emit = (site) => {
  const part = literalText(site.call.args[0]);
  const value = argument(site, 1);
  const name = part === undefined ? '' : partName(part);
  if (name === 'epoch_us' && (value.dtype === 'timestamp' || value.dtype === 'time'))
    return { dtype: 'i64', parts: value.parts, isNull: value.isNull };
  const emit = TIME_PARTS[name] ?? (value.dtype === 'time' ? undefined : PARTS[name]);
  if (emit === undefined || value.dtype === 'interval') return viaHost('date_part')(site);
  return { dtype: 'i64', parts: [emit(site.scope, momentOf(site.scope, value))], isNull: value.isNull };
};

const STEPS: { readonly [name: string]: bigint | undefined } = {
  hour: HOUR,
  minute: MINUTE,
  second: SECOND,
  millisecond: 1000n,
  microsecond: 1n,
};

/** The first day of the unit a day is in. */
function truncatedDays(scope: Scope, unit: string, days: I64): I64 | undefined {
  if (unit === 'day') return days;
  if (unit === 'week') return days.sub(isoWeekday(days)).add(1);
  if (unit !== 'month' && unit !== 'quarter' && unit !== 'year') return undefined;
  const civil = scope.hold(civilOf(scope, days));
  const month = monthOf(civil);
  const first = unit === 'year' ? i64(1) : unit === 'month' ? month : month.sub(month.sub(1).rem_u(3));
  return daysOf(scope, { year: yearOf(civil), month: first, day: i64(1) });
}

const dateTrunc: Emit = (site) => {
  const { scope } = site;
  const part = literalText(site.call.args[0]);
  if (part === undefined) return viaHost('date_trunc')(site);
  const unit = partName(part);
  const value = argument(site, 1);
  const step = STEPS[unit];
  if (step !== undefined) {
    if (value.dtype === 'date') return value;
    const micros = asI64(value.parts[0]!);
    return { dtype: value.dtype, parts: [micros.sub(floorRemainder(micros, step))], isNull: value.isNull };
  }
  const days = truncatedDays(scope, unit, scope.hold(momentOf(scope, value).days()));
  if (days === undefined) return viaHost('date_trunc')(site);
  return { dtype: value.dtype, parts: [value.dtype === 'date' ? days.wrap() : days.mul(DAY)], isNull: value.isNull };
};

const addDays = strict(({ scope, args, isNull }) => {
  const sum = scope.hold(asI32(args[0]!.parts[0]!).extend_s().add(asI32(args[1]!.parts[0]!).extend_s()));
  failIf(scope, sum.ne(sum.wrap().extend_s()), 'Overflow in date plus days', isNull);
  return sum.wrap();
});

/** Months clamp to the month's last day; days and microseconds are added after them. */
const addInterval: Emit = guarded(({ scope, args, result }) => {
  const { f } = scope;
  const micros = scope.hold(asI64(args[0]!.parts[0]!));
  const [months, days, rest] = args[1]!.parts;
  const day = f.let(floorDivide(micros, DAY));
  const time = f.let(floorRemainder(micros, DAY));
  f.if(asI32(months!), () => f.set(day, addMonths(scope, day, asI32(months!).extend_s())));
  const at = f.let(day.add(asI32(days!).extend_s()));
  const sum = f.let(at.mul(DAY).add(time).add(asI64(rest!)));
  const near = at.to_f64_s().mul(Number(DAY)).add(time.to_f64_s()).add(asI64(rest!).to_f64_s());
  // A sum that wrapped is 2^64 away from what floating point says of it.
  failIf(
    scope,
    near
      .sub(sum.to_f64_s())
      .abs()
      .gt(2 ** 62),
    'Overflow in timestamp plus interval: the result is out of range',
  );
  return { dtype: result, parts: [sum], isNull: undefined };
});

const daysBetween = strict(({ args }) =>
  asI32(args[0]!.parts[0]!).extend_s().sub(asI32(args[1]!.parts[0]!).extend_s()),
);

const HOSTED = [
  'date_diff',
  'timestamp_diff',
  'interval_add',
  'interval_neg',
  'interval_mul',
  'make_date',
  'make_interval',
  'strftime',
] as const satisfies readonly ScalarOp[];

export const TIME = {
  ...(Object.fromEntries(HOSTED.map((op) => [op, viaHost(op)])) as Record<(typeof HOSTED)[number], Emit>),
  date_part: datePart,
  date_trunc: dateTrunc,
  add_days: addDays,
  add_interval: addInterval,
  days_between: daysBetween,
} satisfies Partial<Record<ScalarOp, Emit>>;
