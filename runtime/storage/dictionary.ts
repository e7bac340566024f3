/**
 * Distinct values of a column chunk: a dictionary for text when it pays, an estimate of their number for fixed widths.
 *
 * In: a vector. Out: codes by row and the distinct texts in order of first appearance, or `undefined` when plain is
 * smaller.
 */
import type { FixedValues, Vector } from '../batch.js';
import { MAX_DICTIONARY, codeBytes } from './chunk-format.js';
import { bytesOf } from './fixed-values.js';

export interface Dictionary {
  readonly codes: Uint16Array;
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** Rows after which a column of nearly all distinct values is given up on. */
const TRIAL_ROWS = 4096;

function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function isEqual(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}

/** Rows of NULL get code 0, so a dictionary has at least one entry. */
export function buildDictionary(vector: Vector, rowCount: number): Dictionary | undefined {
  const bytes = vector.bytes!;
  const offsets = vector.offsets!;
  const slotMask = 0x3_ffff;
  // Row of the first appearance + 1, by hash; and the code, by slot.
  const slots = new Int32Array(slotMask + 1);
  const slotCodes = new Uint16Array(slotMask + 1);
  const codes = new Uint16Array(rowCount);
  const firstRows: number[] = [];
  let textBytes = 0;
  for (let row = 0; row < rowCount; row++) {
    if (vector.validity !== undefined && (vector.validity[row >> 3]! & (1 << (row & 7))) === 0) continue;
    const from = offsets[row]!;
    const length = offsets[row + 1]! - from;
    let slot = hashBytes(bytes, from, from + length) & slotMask;
    for (; slots[slot] !== 0; slot = (slot + 1) & slotMask) {
      const other = slots[slot]! - 1;
      if (offsets[other + 1]! - offsets[other]! === length && isEqual(bytes, offsets[other]!, from, length)) break;
    }
    if (slots[slot] === 0) {
      if (firstRows.length === MAX_DICTIONARY) return undefined;
      slots[slot] = row + 1;
      slotCodes[slot] = firstRows.length;
      firstRows.push(row);
      textBytes += length;
    }
    codes[row] = slotCodes[slot]!;
    if (row === TRIAL_ROWS && firstRows.length > TRIAL_ROWS * 0.9) return undefined;
  }
  const count = Math.max(1, firstRows.length);
  const plainBytes = 4 * (rowCount + 1) + offsets[rowCount]! - offsets[0]!;
  if (codeBytes(count) * rowCount + 4 * (count + 1) + textBytes >= plainBytes) return undefined;
  const distinct = { offsets: new Uint32Array(count + 1), bytes: new Uint8Array(textBytes) };
  let at = 0;
  firstRows.forEach((row, code) => {
    distinct.bytes.set(bytes.subarray(offsets[row]!, offsets[row + 1]!), at);
    at += offsets[row + 1]! - offsets[row]!;
    distinct.offsets[code + 1] = at;
  });
  return { codes, ...distinct, count };
}

const COUNTING_BITS = 1 << 18;

/**
 * About how many distinct values there are, NULL rows' filler included, by linear counting
 * (Whang, Vander-Zanden, Taylor: A linear-time probabilistic counting algorithm, 1990).
 */
export function estimateDistinct(values: FixedValues, options: { rowCount: number; widthBytes: number }): number {
  const bytes = bytesOf(values);
  const { rowCount, widthBytes } = options;
  const seen = new Uint8Array(COUNTING_BITS >> 3);
  let zeros = COUNTING_BITS;
  for (let row = 0, at = 0; row < rowCount; row++) {
    let hash = 0x9e3779b9;
    for (let i = 0; i < widthBytes; i++, at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    const bit = (hash ^ (hash >>> 13)) & (COUNTING_BITS - 1);
    const mask = 1 << (bit & 7);
    if ((seen[bit >> 3]! & mask) !== 0) continue;
    seen[bit >> 3]! |= mask;
    zeros--;
  }
  return Math.min(rowCount, Math.round(-COUNTING_BITS * Math.log(zeros / COUNTING_BITS)));
}
