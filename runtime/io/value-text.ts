/**
 * Numbers as SQL prints them, many at a time, and lines of CSV. Every other value is printed by what a cast to VARCHAR
 * calls (`ir/scalar/`), so that both are one text on a terminal, in CSV files and of Arrow columns.
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

/** NULL is `nullText`, most often nothing; a text that could be taken for it is quoted, and an empty one. */
export function csvLine(
  fields: readonly (string | undefined)[],
  { delimiter, nullText }: { readonly delimiter: string; readonly nullText: string },
): string {
  // Not the whole delimiter: with '::' a field that ends in ':' would be cut one character early.
  const begin = delimiter[0]!;
  const quoted = fields.map((field) => {
    if (field === undefined) return nullText;
    const needsQuotes = field === '' || field === nullText || field.includes(begin) || /["\r\n]/.test(field);
    return needsQuotes ? `"${field.replaceAll('"', '""')}"` : field;
  });
  return `${quoted.join(delimiter)}\n`;
}
