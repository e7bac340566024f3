/** Values as SQL text, as DuckDB prints them: the meaning of a cast to VARCHAR, and what result tables show. */
import { decimalOf, type DType } from '../dtype.js';
import type { IntervalValue } from '../node.js';
import { scalar, type ValueType } from '../type.js';
import { dateText, timestampText, timeText } from './calendar.js';
import { intervalText } from './interval.js';
import { power10, roundFloat, type Value } from './value.js';

/** `NULL` for NULL; composites as `[1.0, NULL]`, `{'a': 1}` and `{k=1}`. */
export function textOf(value: Value, type: ValueType): string {
  if (value === null) return 'NULL';
  switch (type.kind) {
    case 'scalar': return textOfScalar(value, type.dtype);
    case 'tensor': {
      const element = scalar(type.dtype);
      return `[${(value as readonly Value[]).map((item) => textOf(item, element)).join(', ')}]`;
    }
    case 'struct':
      return `{${type.fields.map((field, i) => `'${field.name}': ${textOf((value as readonly Value[])[i]!, field.type)}`).join(', ')}}`;
    case 'map':
      return `{${type.keys.map((key, i) => `${key}=${textOf((value as readonly Value[])[i]!, type.value)}`).join(', ')}}`;
  }
}

export function textOfScalar(value: Exclude<Value, null>, dtype: DType): string {
  switch (dtype) {
    case 'f16': case 'bf16': case 'f32': case 'f64': return textOfFloat(value as number, dtype);
    case 'date': return dateText(value as number);
    case 'time': return timeText(value as bigint);
    case 'timestamp': return timestampText(value as bigint);
    case 'interval': return intervalText(value as IntervalValue);
    case 'blob': return textOfBlob(value as Uint8Array);
    default: break;
  }
  const held = decimalOf(dtype);
  return held === undefined ? String(value) : textOfDecimal(value as bigint, held.scale);
}

function textOfDecimal(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const size = unscaled < 0n ? -unscaled : unscaled;
  if (scale === 0) return sign + size;
  return `${sign}${size / power10(scale)}.${String(size % power10(scale)).padStart(scale, '0')}`;
}

/** The shortest digits that give the same value of the dtype; exponents from 1e16 up and below 1e-4. */
export function textOfFloat(value: number, dtype: DType): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const [mantissa, power] = shortest(Math.abs(value), dtype).split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (exponent >= 16 || exponent < -4) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** With an exponent; the fewest digits that give the same value of the dtype. */
export function shortest(value: number, dtype: DType): string {
  if (dtype === 'f64') return value.toExponential();
  const isExact = (text: string): boolean => roundFloat(Number(text), dtype) === value;
  // Most values of 32 bits need seven or eight digits: from there up until it is exact, or down while it stays so.
  let digits = 6;
  let text = value.toExponential(digits);
  if (isExact(text)) {
    for (let shorter = text; digits > 0 && isExact((shorter = value.toExponential(digits - 1))); digits--)
      text = shorter;
    return text;
  }
  while (digits < 9 && !isExact(text)) text = value.toExponential(++digits);
  return text;
}

/** Printable ASCII as it is, other bytes as `\xAA`. */
export function textOfBlob(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const plain = byte >= 32 && byte < 127 && byte !== 92 && byte !== 39 && byte !== 34;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
