/**
 * The meaning of Cast between all dtypes, as DuckDB's: floats to integers round halves to even, decimals and text
 * halves away from zero; a value the target cannot hold is an error, or NULL with `attempt`. Narrower floats round, and
 * pass their range to an infinity (IEEE 754), which models need too.
 */
import { decimalOf, dtypeInfo, isFloat, isInteger, type DType } from '../dtype.js';
import { DAY, parseDate, parseTime, parseTimestamp, splitTimestamp } from './calendar.js';
import { ValueError } from './errors.js';
import { parseInterval } from './interval.js';
import { textOfScalar } from './text-of.js';
import {
  divideHalfAway, fromBig, inRange, power10, roundFloat, roundHalfAway, roundHalfEven, toBig, typeName, type Value,
} from './value.js';

export interface CastKind {
  readonly from: DType;
  readonly to: DType;
  /** TRY_CAST: NULL instead of an error. */
  readonly attempt: boolean;
}

/** @throws ValueError when the value cannot be cast and `attempt` is false. */
export function castValue(value: Value, { from, to, attempt }: CastKind): Value {
  if (value === null || from === to) return value;
  const result = convert(value, from, to);
  if (result !== undefined) return result;
  if (attempt) return null;
  throw new ValueError(reason(value, from, to));
}

/** Whether some value of `from` can be cast to `to`: the binder refuses the others. */
export function canCast(from: DType, to: DType): boolean {
  if (from === to || from === 'null' || from === 'utf8' || to === 'utf8') return to !== 'null';
  const [source, target] = [dtypeInfo(from).family, dtypeInfo(to).family];
  const number = /^(bool|int|uint|float|decimal)$/;
  if (number.test(source)) return number.test(target);
  if (from === 'date') return to === 'timestamp';
  return from === 'timestamp' && (to === 'date' || to === 'time');
}

function reason(value: Value, from: DType, to: DType): string {
  if (!canCast(from, to)) return `Cannot cast ${typeName(from)} to ${typeName(to)}`;
  if (from === 'utf8') return `Could not convert string '${value as string}' to ${typeName(to)}`;
  const text = textOfScalar(value as Exclude<Value, null>, from);
  return `Type ${typeName(from)} with value ${text} can't be cast because the value is out of range `
    + `for the destination type ${typeName(to)}`;
}

/** `undefined`: the target does not hold the value. */
function convert(value: Exclude<Value, null>, from: DType, to: DType): Value | undefined {
  if (!canCast(from, to)) return undefined;
  if (to === 'utf8') return textOfScalar(value, from);
  if (from === 'utf8') return parseText(value as string, to);
  if (from === 'date') return asTimestamp(BigInt(value as number) * DAY);
  if (from === 'timestamp') {
    const { days, time } = splitTimestamp(value as bigint);
    return to === 'date' ? days : time;
  }
  if (to === 'bool') return typeof value === 'bigint' ? value !== 0n : value !== 0;
  if (from === 'bool') return convert(value === true ? 1 : 0, 'i32', to);
  if (isFloat(from)) return fromFloat(value as number, to);
  const scale = decimalOf(from)?.scale ?? 0;
  return fromExact(toBig(value), scale, to);
}

function fromFloat(value: number, to: DType): Value | undefined {
  if (isFloat(to)) return roundFloat(value, to);
  if (!Number.isFinite(value)) return undefined;
  const held = decimalOf(to);
  const whole = held === undefined ? roundHalfEven(value) : roundHalfAway(value * 10 ** held.scale);
  return held !== undefined && !Number.isFinite(whole) ? undefined : fitted(BigInt(whole), to);
}

/** From unscaled x 10^-scale. */
function fromExact(unscaled: bigint, scale: number, to: DType): Value | undefined {
  if (isFloat(to)) return roundFloat(Number(unscaled) / 10 ** scale, to);
  const drop = scale - (decimalOf(to)?.scale ?? 0);
  return fitted(drop > 0 ? divideHalfAway(unscaled, power10(drop)) : unscaled * power10(-drop), to);
}

function fitted(value: bigint, to: DType): Value | undefined {
  return inRange(value, to) ? fromBig(value, to) : undefined;
}

/** Dates reach further than 64 bits of microseconds do. */
function asTimestamp(microseconds: bigint | undefined): bigint | undefined {
  return microseconds !== undefined && inRange(microseconds, 'i64') ? microseconds : undefined;
}

function parseText(text: string, to: DType): Value | undefined {
  if (isInteger(to) || decimalOf(to) !== undefined) return parseExact(text, to);
  if (isFloat(to)) return parseFloatText(text, to);
  switch (to) {
    case 'bool': return parseBool(text.trim().toLowerCase());
    case 'date': return parseDate(text);
    case 'time': return parseTime(text) ?? timeOf(parseTimestamp(text));
    case 'timestamp': return asTimestamp(parseTimestamp(text));
    case 'interval': return parseInterval(text);
    case 'blob': return parseBlob(text);
    default: return undefined;
  }
}

function timeOf(timestamp: bigint | undefined): bigint | undefined {
  return timestamp === undefined ? undefined : splitTimestamp(timestamp).time;
}

function parseBool(text: string): boolean | undefined {
  if (['true', 't', '1', 'yes', 'y'].includes(text)) return true;
  return ['false', 'f', '0', 'no', 'n'].includes(text) ? false : undefined;
}

const NUMBER = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?\s*$/;
/** No 64-bit value has more digits; longer ones are cut before the exact arithmetic. */
const MOST_DIGITS = 400;

function parseExact(text: string, to: DType): Value | undefined {
  const exact = readExact(text);
  return exact === undefined ? undefined : fromExact(exact.unscaled, exact.scale, to);
}

/** The number that a text is: unscaled x 10^-scale, with a scale from 0 on; undefined when it is none. */
export function readExact(text: string): { readonly unscaled: bigint; readonly scale: number } | undefined {
  const match = NUMBER.exec(text);
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) return undefined;
  const fraction = match[3] ?? '';
  const digits = match[2] + fraction;
  const scale = fraction.length - Number(match[4] ?? 0);
  if (digits.length > MOST_DIGITS || Math.abs(scale) > MOST_DIGITS) return undefined;
  const size = scale < 0 ? BigInt(digits) * power10(-scale) : BigInt(digits);
  return { unscaled: match[1] === '-' ? -size : size, scale: Math.max(scale, 0) };
}

function parseFloatText(text: string, to: DType): number | undefined {
  const word = /^\s*([+-]?)(nan|inf|infinity)\s*$/i.exec(text);
  if (word !== null) return word[2]!.toLowerCase() === 'nan' ? NaN : word[1] === '-' ? -Infinity : Infinity;
  const match = NUMBER.exec(text);
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) return undefined;
  return roundFloat(Number(text), to);
}

/** Plain ASCII, with `\xAA` for a byte. */
function parseBlob(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const escape = text[i] === '\\' ? /^\\x([0-9a-f]{2})/i.exec(text.slice(i, i + 4)) : null;
    const code = escape === null ? text.charCodeAt(i) : parseInt(escape[1]!, 16);
    if (escape === null && (code > 127 || text[i] === '\\')) return undefined;
    if (escape !== null) i += 3;
    bytes.push(code);
  }
  return new Uint8Array(bytes);
}
