/** The meaning of text functions. Lengths and positions count code points, from 1. */
import type { ScalarOp } from '../scalar.js';
import { ValueError } from './errors.js';
import type { Meaning } from './meaning.js';
import type { Value } from './value.js';

/** The longest text a function may make, in UTF-16 units. */
const LONGEST_TEXT = 1 << 28;

/** Case mapping code point by code point, so that lengths stay: one that maps to several stays ('ß' becomes 'ẞ'). */
function mapCase(text: string, change: (character: string) => string): string {
  const whole = change(text);
  if (whole.length === text.length) return whole;
  return Array.from(text, (character) => {
    const changed = change(character);
    return Array.from(changed).length === 1 ? changed : character;
  }).join('');
}

/**
 * DuckDB's rule: a negative start counts from the end, a negative length goes backwards, and what lies outside the
 * text, which 0 is, counts towards the length.
 */
export function substring(text: string, start: bigint, length: bigint | undefined): string {
  const points = Array.from(text);
  const size = points.length;
  const clamp = (value: bigint): number =>
    Number(value > 1n << 40n ? 1n << 40n : value < -(1n << 40n) ? -(1n << 40n) : value);
  const offset = clamp(start);
  const from = offset >= 0 ? offset - 1 : size + offset;
  const to = length === undefined ? Infinity : from + clamp(length);
  const within = (place: number): number => Math.max(0, Math.min(size, place));
  return points.slice(within(Math.min(from, to)), within(Math.max(from, to))).join('');
}

function firstPoints(text: string, count: number): string {
  const points = Array.from(text);
  return points.slice(0, count >= 0 ? count : Math.max(0, points.length + count)).join('');
}

function lastPoints(text: string, count: number): string {
  const points = Array.from(text);
  return points.slice(count >= 0 ? Math.max(0, points.length - count) : -count).join('');
}

function pad(text: string, count: number, filler: string, at: 'start' | 'end'): string {
  const points = Array.from(text);
  if (points.length >= count) return points.slice(0, Math.max(0, count)).join('');
  const fill = Array.from(filler);
  if (fill.length === 0) {
    throw new ValueError(`Insufficient padding: '${text}' cannot be padded to ${count} characters with an empty text`);
  }
  const missing = count - points.length;
  limitLength(missing);
  const padding = Array.from({ length: missing }, (_, i) => fill[i % fill.length]!).join('');
  return at === 'start' ? padding + text : text + padding;
}

function limitLength(length: number): void {
  if (length > LONGEST_TEXT)
    throw new ValueError(`A text of ${length} characters was asked for; the most is ${LONGEST_TEXT}`);
}

function trim(text: string, characters: string, ends: { start: boolean; end: boolean }): string {
  const set = new Set(characters);
  const points = Array.from(text);
  let from = 0;
  let to = points.length;
  while (ends.start && from < to && set.has(points[from]!)) from++;
  while (ends.end && to > from && set.has(points[to - 1]!)) to--;
  return points.slice(from, to).join('');
}

function translate(text: string, from: string, to: string): string {
  const targets = Array.from(to);
  const table = new Map<string, string>();
  Array.from(from).forEach((character, i) => { if (!table.has(character)) table.set(character, targets[i] ?? ''); });
  return Array.from(text, (character) => table.get(character) ?? character).join('');
}

function splitPart(text: string, separator: string, part: bigint): string {
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  const index = part > 0n ? Number(part) - 1 : parts.length + Number(part);
  return part === 0n ? '' : (parts[index] ?? '');
}

function repeat(text: string, times: bigint): string {
  if (times <= 0n) return '';
  limitLength(text.length * Number(times));
  return text.repeat(Number(times));
}

function concat(a: Value, b: Value): Value {
  if (typeof a === 'string') return a + (b as string);
  const [left, right] = [a as Uint8Array, b as Uint8Array];
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}

function countPoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) if ((text.codePointAt(i) as number) > 0xffff) { count--; i++; }
  return count;
}

function position(text: string, wanted: string): bigint {
  const at = text.indexOf(wanted);
  return at < 0 ? 0n : BigInt(countPoints(text.slice(0, at)) + 1);
}

function character(code: number): string {
  if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    throw new ValueError(`chr(${code}): ${code} is not a code point`);
  }
  return String.fromCodePoint(code);
}

/** By rows of the table of distances between the beginnings of both (Wagner & Fischer), of which one is kept. */
function levenshtein(text: string, other: string): bigint {
  const [from, to] = [Buffer.from(text), Buffer.from(other)];
  const distances = Uint32Array.from({ length: to.length + 1 }, (_, i) => i);
  from.forEach((byte, row) => {
    let diagonal = row;
    distances[0] = row + 1;
    for (let column = 0; column < to.length; column++) {
      const above = distances[column + 1]!;
      const replaced = diagonal + (byte === to[column] ? 0 : 1);
      distances[column + 1] = Math.min(above + 1, distances[column]! + 1, replaced);
      diagonal = above;
    }
  });
  return BigInt(distances[to.length]!);
}

const texts = (compute: (...args: string[]) => Value): Meaning => (args) => compute(...(args as string[]));

export const TEXT = {
  concat: ([a, b]) => concat(a!, b!),
  octet_length: ([a]) => BigInt(typeof a === 'string' ? Buffer.byteLength(a) : (a as Uint8Array).length),
  length: ([a]) => BigInt(typeof a === 'string' ? countPoints(a) : (a as Uint8Array).length),
  lower: texts((a) => mapCase(a!, (text) => text.toLowerCase())),
  upper: texts((a) => mapCase(a!, (text) => text.replaceAll('ß', 'ẞ').toUpperCase())),
  substring: ([a, start, length]) => substring(a as string, start as bigint, length as bigint | undefined),
  trim: texts((a, b) => trim(a!, b!, { start: true, end: true })),
  ltrim: texts((a, b) => trim(a!, b!, { start: true, end: false })),
  rtrim: texts((a, b) => trim(a!, b!, { start: false, end: true })),
  replace: texts((a, b, c) => (b === '' ? a! : a!.replaceAll(b!, () => c!))),
  translate: texts((a, b, c) => translate(a!, b!, c!)),
  starts_with: texts((a, b) => a!.startsWith(b!)),
  ends_with: texts((a, b) => a!.endsWith(b!)),
  contains: texts((a, b) => a!.includes(b!)),
  position: texts((a, b) => position(a!, b!)),
  left: ([a, b]) => firstPoints(a as string, Number(b)),
  right: ([a, b]) => lastPoints(a as string, Number(b)),
  lpad: ([a, b, c]) => pad(a as string, Number(b), c as string, 'start'),
  rpad: ([a, b, c]) => pad(a as string, Number(b), c as string, 'end'),
  repeat: ([a, b]) => repeat(a as string, b as bigint),
  reverse: texts((a) => Array.from(a!).reverse().join('')),
  ascii: texts((a) => a!.codePointAt(0) ?? 0),
  chr: ([a]) => character(a as number),
  levenshtein: texts((a, b) => levenshtein(a!, b!)),
  split_part: ([a, b, c]) => splitPart(a as string, b as string, c as bigint),
} satisfies Partial<Record<ScalarOp, Meaning>>;
