/**
 * Text fields to values of a dtype, and the dtype that fits a sample of fields: what CSV needs.
 * Parsing is strict: a field that is not wholly a value of the dtype is `undefined`.
 */
import { dtypeInfo, isDecimal, type DType, type FixedDType } from '../../ir/dtype.js';
import { parseDecimal, type BuilderValue } from './vector-builder.js';

const INTEGER = /^\s*[+-]?\d+\s*$/;
const FLOAT = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;
/** A map, since an object would also have `constructor`. */
const SPECIAL_FLOATS: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['inf', Infinity],
  ['infinity', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['-infinity', -Infinity],
]);
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const TIME = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/;
const DAY_MILLISECONDS = 86_400_000;
const DAY_MICROSECONDS = 86_400_000_000n;

const RANGE: Readonly<Partial<Record<FixedDType, readonly [number, number]>>> = {
  i8: [-128, 127], i16: [-32_768, 32_767], i32: [-2_147_483_648, 2_147_483_647],
  u8: [0, 255], u16: [0, 65_535], u32: [0, 4_294_967_295],
};

function parseBoolean(text: string): boolean | undefined {
  switch (text.trim().toLowerCase()) {
    case 'true': case 't': case '1': case 'yes': return true;
    case 'false': case 'f': case '0': case 'no': return false;
    default: return undefined;
  }
}

function parseDay(text: string): number | undefined {
  const match = DATE.exec(text.trim());
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() / DAY_MILLISECONDS;
}

function parseTimeOfDay(text: string): bigint | undefined {
  const match = TIME.exec(text.trim());
  if (match === null) return undefined;
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // Cut, as a cast does: rounded, 23:59:59.9999999 would be no time of a day.
  const fraction = (match[4] ?? '').slice(0, 6).padEnd(6, '0');
  return BigInt((hour * 60 + minute) * 60 + second) * 1_000_000n + BigInt(fraction);
}

function parseTimestamp(text: string): bigint | undefined {
  const trimmed = text.trim().replace(/Z$|\+00(:?00)?$/, '');
  const split = trimmed.search(/[ T]/);
  const day = parseDay(split < 0 ? trimmed : trimmed.slice(0, split));
  if (day === undefined) return undefined;
  const time = split < 0 ? 0n : parseTimeOfDay(trimmed.slice(split + 1));
  return time === undefined ? undefined : BigInt(day) * DAY_MICROSECONDS + time;
}

function parseFloatText(text: string): number | undefined {
  return FLOAT.test(text) ? Number(text) : SPECIAL_FLOATS.get(text.trim().toLowerCase());
}

/** `\x00` is a byte, as blobs are printed; what is no such escape is its own UTF-8. */
function parseBlob(text: string): Uint8Array {
  const parts = text.split(/\\x([0-9a-f]{2})/i);
  return Buffer.concat(parts.map((part, i) => Buffer.from(part, i % 2 === 1 ? 'hex' : 'utf8')));
}

/** The values of `[1.0, 2.0]`, as lists are printed; or what is wrong with it. */
export function parseList(text: string, { dtype, width }: { dtype: DType; width: number }): readonly number[] | string {
  const inside = /^\s*\[(.*)\]\s*$/s.exec(text)?.[1];
  if (inside === undefined) return `'${text.slice(0, 40)}' is not a list, expected [, ${width} values and ]`;
  const parts = inside.split(',');
  if (parts.length !== width) return `a list of ${parts.length}, expected ${width} values`;
  const values = parts.map((part) => parseField(part.trim(), dtype));
  const wrong = values.indexOf(undefined);
  return wrong < 0 ? (values as number[]) : `'${parts[wrong]!.trim().slice(0, 40)}' in a list is not of type ${dtypeInfo(dtype).sql}`;
}

/** The value of a field, or `undefined` when it is none of that dtype. */
export function parseField(text: string, dtype: DType): Exclude<BuilderValue, null> | undefined {
  if (isDecimal(dtype)) return parseDecimal(text, dtype);
  switch (dtype) {
    case 'utf8': return text;
    case 'blob': return parseBlob(text);
    case 'bool': return parseBoolean(text);
    case 'i64': case 'u64': {
      if (!INTEGER.test(text)) return undefined;
      const value = BigInt(text);
      const fits = dtype === 'i64' ? BigInt.asIntN(64, value) === value : BigInt.asUintN(64, value) === value;
      return fits ? value : undefined;
    }
    case 'f32': case 'f64': return parseFloatText(text);
    case 'date': return parseDay(text);
    case 'time': return parseTimeOfDay(text);
    case 'timestamp': return parseTimestamp(text);
    case 'f16': case 'bf16': case 'interval': case 'null': return undefined;
    default: {
      if (!INTEGER.test(text)) return undefined;
      const value = Number(text);
      const [least, most] = RANGE[dtype]!;
      return value >= least && value <= most ? value : undefined;
    }
  }
}

/** From the narrowest: the first that takes every field of a sample is the column's. */
const CANDIDATES: readonly FixedDType[] = ['bool', 'i64', 'f64', 'date', 'timestamp', 'time', 'utf8'];

export function sniffDType(fields: readonly string[]): FixedDType {
  if (fields.length === 0) return 'utf8';
  return CANDIDATES.find((dtype) => fields.every((field) => isSpeltAs(field, dtype)))!;
}

/** Codes and telephone numbers are digits too, but as numbers they would lose what they begin with. */
const CODE = /^\s*(?:0\d|\+)/;

function isSpeltAs(field: string, dtype: FixedDType): boolean {
  if (dtype === 'bool') return /^\s*(true|false)\s*$/i.test(field);
  if ((dtype === 'i64' || dtype === 'f64') && CODE.test(field)) return false;
  return parseField(field, dtype) !== undefined;
}
