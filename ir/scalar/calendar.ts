/**
 * The proleptic Gregorian calendar: days since 1970-01-01 to fields and back (H. Hinnant, "chrono-compatible low-level
 * date algorithms"), ISO weeks, timestamps as fields, and text of dates, times and timestamps.
 */

export const SECOND = 1_000_000n;
export const MINUTE = 60n * SECOND;
export const HOUR = 60n * MINUTE;
export const DAY = 24n * HOUR;

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

export function daysOfCivil({ year, month, day }: CivilDate): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}

export function civilOfDays(days: number): CivilDate {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

export function isValidCivil({ year, month, day }: CivilDate): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

/** 1 for Monday to 7 for Sunday. */
export function isoWeekday(days: number): number {
  return ((((days + 3) % 7) + 7) % 7) + 1;
}

export function dayOfYear(days: number): number {
  return days - daysOfCivil({ year: civilOfDays(days).year, month: 1, day: 1 }) + 1;
}

/** The week that holds the Thursday: its year and number. */
export function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const thursday = days + 4 - isoWeekday(days);
  return { year: civilOfDays(thursday).year, week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1 };
}

/** Whole days (toward the past) and the microseconds of the day. */
export function splitTimestamp(timestamp: bigint): { readonly days: number; readonly time: bigint } {
  const time = ((timestamp % DAY) + DAY) % DAY;
  return { days: Number((timestamp - time) / DAY), time };
}

/** Months later, the day clamped to the month's last. */
export function addMonths(days: number, months: number): number {
  const { year, month, day } = civilOfDays(days);
  const total = year * 12 + month - 1 + months;
  const target = { year: Math.floor(total / 12), month: (((total % 12) + 12) % 12) + 1 };
  return daysOfCivil({ ...target, day: Math.min(day, daysInMonth(target.year, target.month)) });
}

const pad = (value: number | bigint, width = 2): string => String(value).padStart(width, '0');

/** `2013-01-31`; years before 1 as `0044-03-15 (BC)`. */
export function dateText(days: number): string {
  const { year, month, day } = civilOfDays(days);
  return year > 0 ? `${pad(year, 4)}-${pad(month)}-${pad(day)}` : `${pad(1 - year, 4)}-${pad(month)}-${pad(day)} (BC)`;
}

/** `04:05:06`, with as many digits of a fraction as there are. */
export function timeText(time: bigint): string {
  const fraction = time % SECOND;
  const seconds = `${pad(time / HOUR)}:${pad((time / MINUTE) % 60n)}:${pad((time / SECOND) % 60n)}`;
  return fraction === 0n ? seconds : `${seconds}.${pad(fraction, 6).replace(/0+$/, '')}`;
}

export function timestampText(timestamp: bigint): string {
  const { days, time } = splitTimestamp(timestamp);
  return `${dateText(days)} ${timeText(time)}`;
}

const DATE = /^\s*(-?\d{1,6})[-/](\d{1,2})[-/](\d{1,2})(.*)$/s;
const TIME = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?(?:\s*(?:Z|UTC|[+-]\d{1,2}(?::?\d{2})?))?\s*$/i;

function takeDate(text: string): { readonly days: number; readonly rest: string } | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const bc = /^\s*\(BC\)/i.exec(match[4]!);
  const rest = bc === null ? match[4]! : match[4]!.slice(bc[0].length);
  const year = bc === null ? Number(match[1]) : 1 - Number(match[1]);
  const civil = { year, month: Number(match[2]), day: Number(match[3]) };
  return isValidCivil(civil) ? { days: daysOfCivil(civil), rest } : undefined;
}

/** Microseconds of the day; a zone offset is read over, as DuckDB's TIMESTAMP does. */
export function parseTime(text: string): bigint | undefined {
  const match = TIME.exec(text.trim());
  if (match === null) return undefined;
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const fraction = BigInt((match[4] ?? '').slice(0, 6).padEnd(6, '0'));
  return BigInt(hour) * HOUR + BigInt(minute) * MINUTE + BigInt(second) * SECOND + fraction;
}

/** `undefined` where the text is not a date and, if more follows, a time. */
export function parseTimestamp(text: string): bigint | undefined {
  const date = takeDate(text);
  if (date === undefined) return undefined;
  const start = BigInt(date.days) * DAY;
  if (date.rest.trim() === '') return start;
  if (!/^(T|\s)/i.test(date.rest)) return undefined;
  const time = parseTime(date.rest.slice(1));
  return time === undefined ? undefined : start + time;
}

export function parseDate(text: string): number | undefined {
  const timestamp = parseTimestamp(text);
  return timestamp === undefined ? undefined : splitTimestamp(timestamp).days;
}
