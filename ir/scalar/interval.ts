/** Intervals: months, days and microseconds apart, because a month has no fixed length. Parsing, printing, adding. */
import type { IntervalValue } from '../node.js';
import { addMonths, DAY, HOUR, MINUTE, parseTime, SECOND, splitTimestamp, timeText } from './calendar.js';
import { ValueError } from './errors.js';
import { inRange } from './value.js';

interface Unit { readonly months: number; readonly days: number; readonly microseconds: bigint }

const unit = (months: number, days: number, microseconds: bigint): Unit => ({ months, days, microseconds });
const UNITS: { readonly [name: string]: Unit | undefined } = {
  millennium: unit(12000, 0, 0n),
  millennia: unit(12000, 0, 0n),
  century: unit(1200, 0, 0n),
  centurie: unit(1200, 0, 0n),
  decade: unit(120, 0, 0n),
  year: unit(12, 0, 0n),
  yr: unit(12, 0, 0n),
  y: unit(12, 0, 0n),
  quarter: unit(3, 0, 0n),
  month: unit(1, 0, 0n),
  mon: unit(1, 0, 0n),
  week: unit(0, 7, 0n),
  w: unit(0, 7, 0n),
  day: unit(0, 1, 0n),
  d: unit(0, 1, 0n),
  hour: unit(0, 0, HOUR),
  hr: unit(0, 0, HOUR), h: unit(0, 0, HOUR), minute: unit(0, 0, MINUTE), min: unit(0, 0, MINUTE), m: unit(0, 0, MINUTE),
  second: unit(0, 0, SECOND),
  sec: unit(0, 0, SECOND),
  s: unit(0, 0, SECOND),
  millisecond: unit(0, 0, 1000n),
  ms: unit(0, 0, 1000n),
  microsecond: unit(0, 0, 1n), us: unit(0, 0, 1n),
};

export function unitOf(name: string): Unit | undefined {
  const lower = name.toLowerCase();
  return UNITS[lower] ?? (lower.endsWith('s') ? UNITS[lower.slice(0, -1)] : undefined);
}

export function makeInterval(months: number, days: number, microseconds: bigint): IntervalValue {
  for (const [part, dtype] of [[months, 'i32'], [days, 'i32'], [microseconds, 'i64']] as const) {
    if (!inRange(BigInt(part), dtype)) throw new ValueError(`Overflow in interval: ${part} is out of range`);
  }
  return { months, days, microseconds };
}

export function addIntervals(a: IntervalValue, b: IntervalValue): IntervalValue {
  return makeInterval(a.months + b.months, a.days + b.days, a.microseconds + b.microseconds);
}

export function scaleInterval(a: IntervalValue, by: bigint): IntervalValue {
  return makeInterval(Number(BigInt(a.months) * by), Number(BigInt(a.days) * by), a.microseconds * by);
}

export function addToTimestamp(timestamp: bigint, { months, days, microseconds }: IntervalValue): bigint {
  const start = splitTimestamp(timestamp);
  const day = months === 0 ? start.days : addMonths(start.days, months);
  const sum = BigInt(day + days) * DAY + start.time + microseconds;
  if (!inRange(sum, 'i64'))
    throw new ValueError(`Overflow in timestamp plus interval: ${sum} microseconds is out of range`);
  return sum;
}

/** `1 year 2 months 3 days 04:05:06.7`. */
export function intervalText({ months, days, microseconds }: IntervalValue): string {
  const parts: string[] = [];
  const add = (count: number, name: string): void => {
    if (count !== 0) parts.push(`${count} ${name}${count === 1 || count === -1 ? '' : 's'}`);
  };
  add(Math.trunc(months / 12), 'year');
  add(months % 12, 'month');
  add(days, 'day');
  if (microseconds !== 0n || parts.length === 0) {
    parts.push((microseconds < 0n ? '-' : '') + timeText(microseconds < 0n ? -microseconds : microseconds));
  }
  return parts.join(' ');
}

/** A fraction of a unit goes to the smaller ones: half a month is 15 days, half a day 12 hours. */
function amount(sign: string, whole: string, fraction: string, { months, days, microseconds }: Unit): IntervalValue {
  const count = Number(sign + whole);
  const part = Number(`${sign}0.${fraction === '' ? '0' : fraction}`);
  const partMonths = Math.trunc(part * months);
  const partDays = part * days + (part * months - partMonths) * 30;
  const wholeDays = Math.trunc(partDays);
  const rest = BigInt(Math.round((partDays - wholeDays) * Number(DAY) + part * Number(microseconds)));
  return makeInterval(
    count * months + partMonths,
    count * days + wholeDays,
    BigInt(sign + whole) * microseconds + rest,
  );
}

const ITEM = /^\s*(?:([+-]?)(\d{1,6}:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?)|([+-]?)(\d{1,18})(?:\.(\d{0,18}))?\s*([a-z]+))/i;

/** Reads `1 year 2 months`, `04:05:06`, `-3 days`, `2h30m`, `1 day ago`; `undefined` when the text is none of these. */
export function parseInterval(text: string): IntervalValue | undefined {
  let rest = text.trim();
  const ago = /\s+ago$/i.test(rest);
  if (ago) rest = rest.replace(/\s+ago$/i, '');
  if (rest === '') return undefined;
  let total: IntervalValue = { months: 0, days: 0, microseconds: 0n };
  while (rest.trim() !== '') {
    const match = ITEM.exec(rest);
    if (match === null) return undefined;
    const item = match[2] !== undefined ? clock(match[1]!, match[2]) : worded(match);
    if (item === undefined) return undefined;
    total = addIntervals(total, item);
    rest = rest.slice(match[0].length);
  }
  return ago ? scaleInterval(total, -1n) : total;
}

function worded(match: RegExpExecArray): IntervalValue | undefined {
  const found = unitOf(match[6]!);
  return found === undefined ? undefined : amount(match[3]! === '-' ? '-' : '', match[4]!, match[5] ?? '', found);
}

/** Hours may pass 24. */
function clock(sign: string, text: string): IntervalValue | undefined {
  const [hours, ...rest] = text.split(':');
  const time = parseTime(`0:${rest.join(':')}`);
  if (time === undefined) return undefined;
  const total = BigInt(hours!) * HOUR + time;
  return makeInterval(0, 0, sign === '-' ? -total : total);
}
