/** SQL's functions of dates, times and intervals. */
import type { Expr } from '../../../ir/node.js';
import type { ScalarOp } from '../../../ir/scalar.js';
import { call, castTo, dtypeOf, fromText, i64, literal, text } from '../make-expr.js';
import { dateOrTimestamp, op, takes, temporal, type SqlFunction } from './function.js';

/** Seconds with their fraction: whole ones of a date, which microseconds could not hold. */
function epoch(value: Expr): Expr {
  if (dtypeOf(value) === 'date') return castTo(call('date_part', text('epoch'), value), 'f64');
  return call('div', castTo(call('date_part', text('epoch_us'), value), 'f64'), literal(1e6, 'f64'));
}

const part = (name: string, example: readonly [string, string], aliases: readonly string[] = []): SqlFunction => ({
  name, aliases, signature: `${name}(t)`, doc: `The field "${name}" of a date, time or interval.`, example,
  overloads: [takes([temporal], (value) => datePart(text(name), value))],
});

/** Fields are BIGINT, but for the epoch. */
function datePart(name: Expr, value: Expr): Expr {
  return fromText(name)?.toLowerCase() === 'epoch' ? epoch(value) : call('date_part', name, value);
}

const months = (name: string, factor: number, example: readonly [string, string]): SqlFunction => ({
  name: `to_${name}`, signature: `to_${name}(n)`, doc: `An interval of n ${name}.`, example,
  overloads: [takes(['i64'], (n) => call('make_interval', call('mul', n, i64(factor)), i64(0), i64(0)))],
});

const days = (name: string, factor: number, example: readonly [string, string]): SqlFunction => ({
  name: `to_${name}`, signature: `to_${name}(n)`, doc: `An interval of n ${name}.`, example,
  overloads: [takes(['i64'], (n) => call('make_interval', i64(0), call('mul', n, i64(factor)), i64(0)))],
});

const microseconds = (name: string, factor: number, example: readonly [string, string]): SqlFunction => ({
  name: `to_${name}`, signature: `to_${name}(n)`, doc: `An interval of n ${name}.`, example,
  overloads: [
    takes([(expr) => (/^(f32|f64|decimal)/.test(dtypeOf(expr) ?? '') ? 'f64' : undefined)], (n) =>
      call('make_interval', i64(0), i64(0), castTo(call('mul', n, castTo(i64(factor), 'f64')), 'i64'))),
    takes(['i64'], (n) => call('make_interval', i64(0), i64(0), call('mul', n, i64(factor)))),
  ],
});

/** Both as timestamps, unless both are dates. */
function bothSides(scalarOp: ScalarOp, unit: Expr, a: Expr, b: Expr): Expr {
  if (dtypeOf(a) === dtypeOf(b)) return call(scalarOp, unit, a, b);
  return call(scalarOp, unit, castTo(a, 'timestamp'), castTo(b, 'timestamp'));
}

/** The first of its month is at most 31 days before the next month. */
function lastDay(date: Expr): Expr {
  const first = (day: Expr): Expr => call('date_trunc', text('month'), day);
  return call('add_days', first(call('add_days', first(date), literal(31, 'i32'))), literal(-1, 'i32'));
}

const named = (name: string, pattern: string, doc: string, example: readonly [string, string]): SqlFunction => ({
  name, signature: `${name}(t)`, doc, example,
  overloads: [takes([dateOrTimestamp], (value) => call('strftime', value, text(pattern)))],
});

const MINUTE = 60_000_000;

export const TEMPORAL: readonly SqlFunction[] = [
  {
    name: 'date_part',
    aliases: ['datepart'],
    signature: "date_part('field', t), EXTRACT(field FROM t)",
    doc: 'A field of a date, time or interval: year, month, day, hour, dow, week, epoch ...',
    example: ["SELECT EXTRACT(month FROM DATE '2013-07-04')", '7'], overloads: [takes(['utf8', temporal], datePart)],
  },
  {
    name: 'date_trunc', aliases: ['datetrunc'], signature: "date_trunc('unit', t)", doc: 'Cut down to the unit.',
    example: ["SELECT date_trunc('month', TIMESTAMP '2013-07-04 10:00:00')", '2013-07-01 00:00:00'],
    overloads: [op('date_trunc', ['utf8', dateOrTimestamp])],
  },
  {
    name: 'date_diff',
    aliases: ['datediff'],
    signature: "date_diff('unit', a, b)",
    doc: 'The boundaries of the unit crossed from a to b.',
    example: ["SELECT date_diff('day', DATE '2013-01-01', DATE '2013-01-31')", '30'],
    overloads: [takes(['utf8', dateOrTimestamp, dateOrTimestamp], (unit, a, b) => bothSides('date_diff', unit, a, b))],
  },
  {
    name: 'make_date',
    signature: 'make_date(year, month, day)',
    doc: 'The date.',
    example: ['SELECT make_date(2013, 7, 4)', '2013-07-04'],
    overloads: [op('make_date', ['i64', 'i64', 'i64'])],
  },
  {
    name: 'strftime',
    signature: "strftime(t, '%Y-%m')",
    doc: "Formatted by C's pattern.",
    example: ["SELECT strftime(DATE '2013-07-04', '%d.%m.%Y')", '04.07.2013'],
    overloads: [
      op('strftime', [dateOrTimestamp, 'utf8']),
      takes(['utf8', dateOrTimestamp], (pattern, value) => call('strftime', value, pattern)),
    ],
  },
  {
    name: 'last_day', signature: 'last_day(t)', doc: 'The last date of the month.',
    example: ["SELECT last_day(DATE '2012-02-03')", '2012-02-29'],
    overloads: [takes([dateOrTimestamp], (value) => lastDay(castTo(value, 'date')))],
  },
  named('dayname', '%A', 'The name of the weekday.', ["SELECT dayname(DATE '2013-07-04')", 'Thursday']),
  named('monthname', '%B', 'The name of the month.', ["SELECT monthname(DATE '2013-07-04')", 'July']),
  {
    name: 'epoch_ms', signature: 'epoch_ms(t), epoch_ms(milliseconds)',
    doc: 'Whole milliseconds since 1970-01-01; the TIMESTAMP of as many.',
    example: ["SELECT epoch_ms(TIMESTAMP '1970-01-01 00:00:01.5')", '1500'],
    overloads: [
      takes([temporal], (value) => call('int_div', call('date_part', text('epoch_us'), value), i64(1000))),
      takes(['i64'], (n) => call('add_interval', literal(0n, 'timestamp'),
        call('make_interval', i64(0), i64(0), call('mul', n, i64(1000))))),
    ],
  },
  part('year', ["SELECT year(DATE '2013-07-04')", '2013']),
  part('quarter', ["SELECT quarter(DATE '2013-07-04')", '3']),
  part('month', ["SELECT month(DATE '2013-07-04')", '7']),
  part('week', ["SELECT week(DATE '2013-07-04')", '27'], ['weekofyear']),
  part('day', ["SELECT day(DATE '2013-07-04')", '4'], ['dayofmonth']),
  part('hour', ["SELECT hour(TIMESTAMP '2013-07-04 10:20:30')", '10']),
  part('minute', ["SELECT minute(TIMESTAMP '2013-07-04 10:20:30')", '20']),
  part('second', ["SELECT second(TIMESTAMP '2013-07-04 10:20:30')", '30']),
  part('dow', ["SELECT dow(DATE '2013-07-04')", '4'], ['dayofweek', 'weekday']),
  part('isodow', ["SELECT isodow(DATE '2013-07-07')", '7']),
  part('doy', ["SELECT doy(DATE '2013-07-04')", '185'], ['dayofyear']),
  part('isoyear', ["SELECT isoyear(DATE '2021-01-03')", '2020']),
  part('yearweek', ["SELECT yearweek(DATE '2021-01-03')", '202053']),
  part('decade', ["SELECT decade(DATE '2013-07-04')", '201']),
  part('century', ["SELECT century(DATE '2013-07-04')", '21']),
  part('millisecond', ["SELECT millisecond(TIMESTAMP '2013-07-04 10:20:30.25')", '30250']),
  part('microsecond', ["SELECT microsecond(TIMESTAMP '2013-07-04 10:20:30.25')", '30250000']),
  part('epoch', ["SELECT epoch(TIMESTAMP '1970-01-02 00:00:00')", '86400.0']),
  months('years', 12, ['SELECT to_years(2)', '2 years']),
  months('quarters', 3, ['SELECT to_quarters(1)', '3 months']),
  months('months', 1, ['SELECT to_months(5)', '5 months']),
  days('weeks', 7, ['SELECT to_weeks(1)', '7 days']),
  days('days', 1, ['SELECT to_days(3)', '3 days']),
  microseconds('hours', 60 * MINUTE, ['SELECT to_hours(2)', '02:00:00']),
  microseconds('minutes', MINUTE, ['SELECT to_minutes(2)', '00:02:00']),
  microseconds('seconds', 1_000_000, ['SELECT to_seconds(2)', '00:00:02']),
  microseconds('milliseconds', 1000, ['SELECT to_milliseconds(2000)', '00:00:02']),
  microseconds('microseconds', 1, ['SELECT to_microseconds(2000000)', '00:00:02']),
];
