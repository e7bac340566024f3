/**
 * The zone map of a chunk: bounds between which all its valid values lie, for skipping row groups.
 *
 * In: a vector. Out: min and max as numbers, as decimal strings (64-bit dtypes) or as text. Bounds are inclusive; text
 * is cut to a short prefix, the upper bound rounded up. Text compares by its UTF-8 bytes. `null`: no bound is known
 * (tensors, blobs, intervals, chunks without a value). NaN lies outside the bounds; `hasNaN` tells that there is one.
 */
import { dtypeInfo } from '../../ir/dtype.js';
import type { FixedValues, Vector } from '../batch.js';
import { bfloat16, float16 } from './fixed-values.js';

export type ZoneValue = number | string | null;

export interface ZoneMap {
  readonly min: ZoneValue;
  readonly max: ZoneValue;
  readonly hasNaN: boolean;
}

const NO_BOUNDS: ZoneMap = { min: null, max: null, hasNaN: false };
/** Bytes of text kept as a bound. */
export const ZONE_PREFIX_BYTES = 32;

export function zoneMap(vector: Vector, rowCount: number): ZoneMap {
  if (vector.width !== 1) return NO_BOUNDS;
  const { family, physical } = dtypeInfo(vector.dtype);
  if (family === 'null' || physical === 'i128') return NO_BOUNDS;
  if (vector.dtype === 'utf8') return textBounds(vector, rowCount);
  if (physical === 'bytes') return NO_BOUNDS;
  const { values, validity } = vector;
  if (physical === 'f16' || physical === 'bf16') {
    const decode = physical === 'f16' ? float16 : bfloat16;
    const decoded = Float64Array.from(values!.subarray(0, rowCount) as Uint16Array, decode);
    return numberBounds(decoded, { rowCount, validity });
  }
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    return bigBounds(values, { rowCount, validity });
  return numberBounds(values!, { rowCount, validity });
}

interface Rows {
  readonly rowCount: number;
  readonly validity: Uint8Array | undefined;
}

function isValid(validity: Uint8Array | undefined, row: number): boolean {
  return validity === undefined || (validity[row >> 3]! & (1 << (row & 7))) !== 0;
}

function numberBounds(values: Exclude<FixedValues, BigInt64Array | BigUint64Array>, rows: Rows): ZoneMap {
  let min = Infinity;
  let max = -Infinity;
  let hasNaN = false;
  let hasValue = false;
  for (let row = 0; row < rows.rowCount; row++) {
    if (!isValid(rows.validity, row)) continue;
    const value = values[row]!;
    if (value !== value) {
      hasNaN = true;
      continue;
    }
    hasValue = true;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return hasValue ? { min, max, hasNaN } : { min: null, max: null, hasNaN };
}

function bigBounds(values: BigInt64Array | BigUint64Array, rows: Rows): ZoneMap {
  let min: bigint | undefined;
  let max: bigint | undefined;
  for (let row = 0; row < rows.rowCount; row++) {
    if (!isValid(rows.validity, row)) continue;
    const value = values[row]!;
    if (min === undefined || value < min) min = value;
    if (max === undefined || value > max) max = value;
  }
  return min === undefined ? NO_BOUNDS : { min: String(min), max: String(max), hasNaN: false };
}

function textBounds(vector: Vector, rowCount: number): ZoneMap {
  const bytes = vector.bytes!;
  const offsets = vector.offsets!;
  let min: Uint8Array | undefined;
  let max: Uint8Array | undefined;
  for (let row = 0; row < rowCount; row++) {
    if (!isValid(vector.validity, row)) continue;
    const value = bytes.subarray(offsets[row]!, offsets[row + 1]!);
    if (min === undefined || Buffer.compare(value, min) < 0) min = value;
    if (max === undefined || Buffer.compare(value, max) > 0) max = value;
  }
  if (min === undefined || max === undefined) return NO_BOUNDS;
  return { min: lowerText(min), max: upperText(max), hasNaN: false };
}

/** The longest prefix of whole characters within the bound; `undefined` when the bytes are not UTF-8. */
function prefix(value: Uint8Array): string | undefined {
  let end = Math.min(value.length, ZONE_PREFIX_BYTES);
  while (end < value.length && end > 0 && (value[end]! & 0xc0) === 0x80) end--;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value.subarray(0, end));
  } catch {
    return undefined;
  }
}

function lowerText(value: Uint8Array): string | null {
  return prefix(value) ?? null;
}

/** The value itself when it fits, else the least short text above all that start with its prefix. */
function upperText(value: Uint8Array): string | null {
  const text = prefix(value);
  if (text === undefined) return null;
  if (value.length <= ZONE_PREFIX_BYTES) return text;
  const points = Array.from(text, (character) => character.codePointAt(0)!);
  while (points.length > 0) {
    const last = points.pop()!;
    if (last === 0x10ffff) continue;
    // Code points just below the surrogates step over them.
    points.push(last === 0xd7ff ? 0xe000 : last + 1);
    return String.fromCodePoint(...points);
  }
  return null;
}
