/** The meaning of functions of dates, times, timestamps and intervals. */
import type { DType } from '../dtype.js';
import type { IntervalValue } from '../node.js';
import type { ScalarOp } from '../scalar.js';
import {
  civilOfDays, DAY, dayOfYear, daysOfCivil, HOUR, isoWeek, isoWeekday, isValidCivil, MINUTE, SECOND, splitTimestamp,
} from './calendar.js';
import { ValueError } from './errors.js';
import { addIntervals, addToTimestamp, makeInterval, scaleInterval } from './interval.js';
import type { Meaning } from './meaning.js';
import { strftime } from './strftime.js';
import { checked, floorDivide, isInterval, type Value } from './value.js';

/** Other spellings of a date part. */
const PART_NAMES: { readonly [name: string]: string | undefined } = {
  years: 'year', yr: 'year', y: 'year', months: 'month', mon: 'month', days: 'day', d: 'day', dayofmonth: 'day',
  hours: 'hour',
  hr: 'hour',
  h: 'hour',
  minutes: 'minute',
  min: 'minute',
  m: 'minute',
  seconds: 'second',
  sec: 'second',
  s: 'second',
  milliseconds: 'millisecond', ms: 'millisecond', msec: 'millisecond', microseconds: 'microsecond', us: 'microsecond',
  usec: 'microsecond',
  weeks: 'week',
  w: 'week',
  weekofyear: 'week',
  quarters: 'quarter',
  decades: 'decade',
  centuries: 'century',
  millennia: 'millennium', millenium: 'millennium', dayofweek: 'dow', weekday: 'dow', dayofyear: 'doy',
};

/** The one name of a date part, in lower case. */
export function partName(name: string): string {
  const lower = name.toLowerCase();
  return PART_NAMES[lower] ?? lower;
}

function unknownPart(part: string, dtype: DType): ValueError {
  return new ValueError(
    `Unknown date part '${part}' of ${dtype}: 'year', 'month', 'day', 'hour', 'minute', 'second' or another was expected`,
  );
}

function datePart(name: string, value: Value, dtype: DType): bigint {
  const part = partName(name);
  const found = dtype === 'interval' ? partOfInterval(part, value as IntervalValue)
    : dtype === 'time' ? partOfTime(part, value as bigint)
      : partOfTimestamp(part, asTimestamp(value));
  if (found === undefined) throw unknownPart(name, dtype);
  return checked(BigInt(found), 'i64', () => `date_part '${name}'`) as bigint;
}

function partOfTime(part: string, time: bigint): bigint | undefined {
  switch (part) {
    case 'hour': return time / HOUR;
    case 'minute': return (time / MINUTE) % 60n;
    case 'second': return (time / SECOND) % 60n;
    case 'millisecond': return (time % MINUTE) / 1000n;
    case 'microsecond': return time % MINUTE;
    case 'epoch': return time / SECOND;
    case 'epoch_us': return time;
    default: return undefined;
  }
}

function partOfTimestamp(part: string, timestamp: bigint): bigint | number | undefined {
  const { days, time } = splitTimestamp(timestamp);
  const { year, month, day } = civilOfDays(days);
  switch (part) {
    case 'year': return year;
    case 'month': return month;
    case 'day': return day;
    case 'quarter': return Math.floor((month - 1) / 3) + 1;
    case 'decade': return Math.floor(year / 10);
    case 'century': return century(year, 100);
    case 'millennium': return century(year, 1000);
    case 'dow': return isoWeekday(days) % 7;
    case 'isodow': return isoWeekday(days);
    case 'doy': return dayOfYear(days);
    case 'week': return isoWeek(days).week;
    case 'isoyear': return isoWeek(days).year;
    case 'yearweek': return isoWeek(days).year * 100 + isoWeek(days).week;
    case 'era': return year > 0 ? 1 : 0;
    case 'julian': return days + 2440588;
    case 'epoch': return floorDivide(timestamp, SECOND);
    case 'epoch_us': return timestamp;
    default: return partOfTime(part, time);
  }
}

function century(year: number, length: number): number {
  return year > 0 ? Math.floor((year - 1) / length) + 1 : -(Math.floor(-year / length) + 1);
}

function partOfInterval(part: string, { months, days, microseconds }: IntervalValue): bigint | number | undefined {
  const years = Math.trunc(months / 12);
  switch (part) {
    case 'year': return years;
    case 'month': return months % 12;
    case 'day': return days;
    case 'quarter': return Math.trunc((months % 12) / 3) + 1;
    case 'decade': return Math.trunc(years / 10);
    case 'century': return Math.trunc(years / 100);
    case 'millennium': return Math.trunc(years / 1000);
    case 'epoch': return partOfInterval('epoch_us', { months, days, microseconds })! as bigint / SECOND;
    // A year is 365.25 days, a month 30.
    case 'epoch_us':
      return (BigInt(years) * 1461n * DAY) / 4n + BigInt((months % 12) * 30 + days) * DAY + microseconds;
    default: return partOfTime(part, microseconds);
  }
}

function asTimestamp(value: Value): bigint {
  return typeof value === 'bigint' ? value : BigInt(value as number) * DAY;
}

const SUBDAY: { readonly [part: string]: bigint | undefined } = {
  hour: HOUR, minute: MINUTE, second: SECOND, millisecond: 1000n, microsecond: 1n,
};

function truncateDays(part: string, days: number): number | undefined {
  const { year, month } = civilOfDays(days);
  const firstOf = (first: number, ofMonth = 1): number => daysOfCivil({ year: first, month: ofMonth, day: 1 });
  switch (part) {
    case 'day': return days;
    case 'week': return days - isoWeekday(days) + 1;
    case 'month': return firstOf(year, month);
    case 'quarter': return firstOf(year, month - ((month - 1) % 3));
    case 'year': return firstOf(year);
    case 'isoyear': {
      const fourth = daysOfCivil({ year: isoWeek(days).year, month: 1, day: 4 });
      return fourth - isoWeekday(fourth) + 1;
    }
    case 'decade': return firstOf(Math.floor(year / 10) * 10);
    case 'century': return firstOf(Math.floor(year / 100) * 100);
    case 'millennium': return firstOf(Math.floor(year / 1000) * 1000);
    default: return undefined;
  }
}

function dateTrunc(name: string, value: Value, dtype: DType): Value {
  const part = partName(name);
  const step = SUBDAY[part];
  if (step !== undefined) return dtype === 'date' ? value : floorDivide(value as bigint, step) * step;
  const days = truncateDays(part, dtype === 'date' ? (value as number) : splitTimestamp(value as bigint).days);
  if (days === undefined) throw unknownPart(name, dtype);
  return dtype === 'date' ? days : BigInt(days) * DAY;
}

/** Boundaries crossed; weeks are distances of seven days, as DuckDB counts them. */
function dateDiff(name: string, from: bigint, to: bigint): bigint {
  const part = partName(name);
  const step = part === 'day' || part === 'dow' || part === 'doy' ? DAY : SUBDAY[part];
  if (step !== undefined) return floorDivide(to, step) - floorDivide(from, step);
  const [a, b] = [splitTimestamp(from).days, splitTimestamp(to).days];
  const [x, y] = [civilOfDays(a), civilOfDays(b)];
  switch (part) {
    case 'year': return BigInt(y.year - x.year);
    case 'quarter':
      return BigInt((y.year - x.year) * 4 + Math.floor((y.month - 1) / 3) - Math.floor((x.month - 1) / 3));
    case 'month': return BigInt((y.year - x.year) * 12 + y.month - x.month);
    case 'week': return BigInt(Math.trunc((b - a) / 7));
    case 'isoyear': return BigInt(isoWeek(b).year - isoWeek(a).year);
    case 'decade': return BigInt(Math.floor(y.year / 10) - Math.floor(x.year / 10));
    case 'century': return BigInt(Math.floor(y.year / 100) - Math.floor(x.year / 100));
    case 'millennium': return BigInt(Math.floor(y.year / 1000) - Math.floor(x.year / 1000));
    default: throw unknownPart(name, 'timestamp');
  }
}

function makeDate(year: bigint, month: bigint, day: bigint): Value {
  const civil = { year: Number(year), month: Number(month), day: Number(day) };
  if (!isValidCivil(civil) || Math.abs(civil.year) > 5_000_000) {
    throw new ValueError(`Date out of range: ${year}-${month}-${day}`);
  }
  return daysOfCivil(civil);
}

function difference(a: bigint, b: bigint): IntervalValue {
  return makeInterval(0, Number((a - b) / DAY), (a - b) % DAY);
}

const interval = (value: Value): IntervalValue => {
  if (!isInterval(value)) throw new Error('an interval was expected');
  return value;
};

export const TIME = {
  date_part: ([part, value], dtypes) => datePart(part as string, value!, dtypes[1]!),
  date_trunc: ([part, value], dtypes) => dateTrunc(part as string, value!, dtypes[1]!),
  date_diff: ([part, from, to]) => dateDiff(part as string, asTimestamp(from!), asTimestamp(to!)),
  add_days: ([date, days]) => checked(BigInt((date as number) + (days as number)), 'i32', () => 'date plus days'),
  days_between: ([a, b]) => BigInt((a as number) - (b as number)),
  add_interval: ([timestamp, by]) => addToTimestamp(timestamp as bigint, interval(by!)),
  timestamp_diff: ([a, b]) => difference(a as bigint, b as bigint),
  interval_add: ([a, b]) => addIntervals(interval(a!), interval(b!)),
  interval_neg: ([a]) => scaleInterval(interval(a!), -1n),
  interval_mul: ([a, by]) => scaleInterval(interval(a!), by as bigint),
  make_date: ([year, month, day]) => makeDate(year as bigint, month as bigint, day as bigint),
  make_interval: ([months, days, microseconds]) => makeInterval(Number(months), Number(days), microseconds as bigint),
  strftime: ([value, pattern]) => strftime(asTimestamp(value!), pattern as string),
} satisfies Partial<Record<ScalarOp, Meaning>>;
