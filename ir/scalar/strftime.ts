/** Timestamps formatted by a C pattern, with DuckDB's extensions: %f, %g, %n for fractions and %-d for no padding. */
import { civilOfDays, dateText, dayOfYear, isoWeek, isoWeekday, splitTimestamp, timeText } from './calendar.js';
import { ValueError } from './errors.js';

export const DAY_NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
export const MONTH_NAMES = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

export function strftime(timestamp: bigint, pattern: string): string {
  return pattern.replace(
    /%(-?)(.?)/gsu, (_, dash: string, specifier: string) => field(timestamp, specifier, dash === '-', pattern),
  );
}

function field(timestamp: bigint, specifier: string, bare: boolean, pattern: string): string {
  const { days, time } = splitTimestamp(timestamp);
  const { year, month, day } = civilOfDays(days);
  const microseconds = Number(time);
  const hour = Math.floor(microseconds / 3.6e9);
  const weekday = isoWeekday(days) % 7;
  const padded = (value: number, width = 2): string => (bare ? String(value) : String(value).padStart(width, '0'));
  switch (specifier) {
    case '%': return '%';
    case 'Y': return padded(year, 4);
    case 'y': return padded(((year % 100) + 100) % 100);
    case 'm': return padded(month);
    case 'd': return padded(day);
    case 'e': return String(day).padStart(2, ' ');
    case 'H': return padded(hour);
    case 'I': return padded(((hour + 11) % 12) + 1);
    case 'M': return padded(Math.floor(microseconds / 6e7) % 60);
    case 'S': return padded(Math.floor(microseconds / 1e6) % 60);
    case 'f': return padded(microseconds % 1e6, 6);
    case 'g': return padded(Math.floor((microseconds % 1e6) / 1e3), 3);
    case 'n': return padded((microseconds % 1e6) * 1e3, 9);
    case 'p': return hour < 12 ? 'AM' : 'PM';
    case 'j': return padded(dayOfYear(days), 3);
    case 'a': return DAY_NAMES[weekday]!.slice(0, 3);
    case 'A': return DAY_NAMES[weekday]!;
    case 'b': case 'h': return MONTH_NAMES[month - 1]!.slice(0, 3);
    case 'B': return MONTH_NAMES[month - 1]!;
    case 'w': return String(weekday);
    case 'u': return String(isoWeekday(days));
    case 'U': return padded(Math.floor((dayOfYear(days) + 6 - weekday) / 7));
    case 'W': return padded(Math.floor((dayOfYear(days) + 7 - isoWeekday(days)) / 7));
    case 'V': return padded(isoWeek(days).week);
    case 'G': return padded(isoWeek(days).year, 4);
    case 'c': return `${dateText(days)} ${timeText(time - (time % 1_000_000n))}`;
    case 'x': return dateText(days);
    case 'X': return timeText(time - (time % 1_000_000n));
    case 'z': return '+00';
    case 'Z': return 'UTC';
    default: throw new ValueError(`Unknown format specifier '%${specifier}' in '${pattern}'`);
  }
}
