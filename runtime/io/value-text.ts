/**
 * Single values as SQL prints them, from their stored form (`ir/dtype.ts`: days, microseconds, scaled integers), and
 * lines of CSV. The one place of these formats: results on a terminal, CSV files and Arrow columns all come here.
 */

import { textOfFloat } from '../../ir/scalar/text-of.js';

/** Sizes that JavaScript prints without an exponent, as SQL does. */
const LEAST_PLAIN = 1e-4;
const MOST_PLAIN = 1e16;

/**
 * A float with a point or an exponent, so that it reads as one: `1.0`, `0.1`, `1e+20`; f32 with its own shortest
 * digits.
 */
export function floatText(value: number, isDouble: boolean): string {
  const size = Math.abs(value);
  if (!(size >= LEAST_PLAIN && size < MOST_PLAIN)) return textOfFloat(value, isDouble ? 'f64' : 'f32');
  const text = isDouble ? String(value) : shortestFloat32(value);
  return text.includes('.') ? text : `${text}.0`;
}

function shortestFloat32(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

/** `value` x 10^-scale. */
export function decimalText(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const sign = value < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const DAY_MILLISECONDS = 86_400_000;
/** What `Date` reaches on either side of 1970. */
const MAX_DATE_MILLISECONDS = 8.64e15;

function isoText(milliseconds: number): string {
  return Math.abs(milliseconds) <= MAX_DATE_MILLISECONDS ? new Date(milliseconds).toISOString() : 'out of range';
}

export function dateText(days: number): string {
  return isoText(days * DAY_MILLISECONDS).replace(/T.*/, '');
}

function fraction(microseconds: number): string {
  return microseconds === 0 ? '' : `.${String(microseconds).padStart(6, '0').replace(/0+$/, '')}`;
}

export function timestampText(microseconds: number): string {
  const second = Math.floor(microseconds / 1e6);
  return isoText(second * 1000).replace('T', ' ').replace(/\.000Z$/, '') + fraction(microseconds - second * 1e6);
}

export function timeText(microseconds: bigint): string {
  const seconds = Number(microseconds / 1_000_000n);
  const pad = (n: number): string => String(n).padStart(2, '0');
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}${fraction(Number(microseconds % 1_000_000n))}`;
}

export function intervalText({
  months,
  days,
  microseconds,
}: {
  months: number;
  days: number;
  microseconds: bigint;
}): string {
  const parts: string[] = [];
  const unit = (count: number, name: string): void => {
    if (count !== 0) parts.push(`${count} ${name}${Math.abs(count) === 1 ? '' : 's'}`);
  };
  unit(Math.trunc(months / 12), 'year');
  unit(months % 12, 'month');
  unit(days, 'day');
  if (microseconds !== 0n || parts.length === 0)
    parts.push((microseconds < 0n ? '-' : '') + timeText(microseconds < 0n ? -microseconds : microseconds));
  return parts.join(' ');
}

export function blobText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 32 && byte < 127 && byte !== 92
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

/** NULL is an empty field, an empty text a quoted one. */
export function csvLine(fields: readonly (string | undefined)[], delimiter: string): string {
  const quoted = fields.map((field) => {
    if (field === undefined) return '';
    const needsQuotes = field === '' || field.includes(delimiter) || /["\r\n]/.test(field);
    return needsQuotes ? `"${field.replaceAll('"', '""')}"` : field;
  });
  return `${quoted.join(delimiter)}\n`;
}
