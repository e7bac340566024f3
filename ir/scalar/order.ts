/**
 * The total order of values of one type, as SQL sorts and compares them: NaN is greatest and equals itself, -0 equals
 * 0, text goes by code points, blobs by bytes, intervals by length (a month is 30 days), tensors and structs part by
 * part. Neither argument is NULL; inside a composite NULL equals NULL and comes last.
 */
import type { IntervalValue } from '../node.js';
import { isInterval, type Value } from './value.js';

const DAY_MICROSECONDS = 86_400_000_000n;

/** Negative, zero or positive as a is before, equal to or after b. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b);
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return compareParts(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (isInterval(a) && isInterval(b)) return Number(sign(lengthOf(a) - lengthOf(b)));
  return (a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0;
}

/** NULL equals NULL only. */
export function sameValue(a: Value, b: Value): boolean {
  return a === null || b === null ? a === b : compareValues(a, b) === 0;
}

/**
 * A text that two values of one type share exactly when they are the same value: the key of groups, joins and DISTINCT.
 */
export function keyOfValue(value: Value): string {
  if (value === null) return 'N';
  if (typeof value === 'number') return String(value === 0 ? 0 : value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(keyOfValue).join(',')}]`;
  if (isInterval(value)) return String(lengthOf(value));
  return String(value);
}

export function keyOfRow(row: readonly Value[]): string {
  let key = '';
  for (const value of row) key += `${keyOfValue(value)};`;
  return key;
}

function compareNumbers(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** UTF-8 order is code point order; UTF-16 units differ from it only where a surrogate meets U+E000 or higher. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

function compareParts(a: readonly Value[], b: readonly Value[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareNullable(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareNullable(a: Value, b: Value): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return compareValues(a, b);
}

function lengthOf(value: IntervalValue): bigint {
  return BigInt(value.months * 30 + value.days) * DAY_MICROSECONDS + value.microseconds;
}

function sign(value: bigint): bigint {
  return value < 0n ? -1n : value > 0n ? 1n : 0n;
}
