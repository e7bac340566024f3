/** Values of Arrow vectors as SQL prints them, and as lines of CSV: what tables on a terminal and CSV files are made of. */
import { DataType } from 'apache-arrow';

/** The text of a value, `undefined` for NULL. */
export function sqlTextOf(value: unknown, type: DataType): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (DataType.isDecimal(type)) return decimalText(value as Uint32Array, type.scale);
  if (DataType.isDate(type)) return new Date(Number(value)).toISOString().slice(0, 10);
  if (DataType.isTimestamp(type)) return timestampText(Number(value));
  if (DataType.isTime(type)) return timeText(BigInt(value as bigint));
  if (DataType.isFloat(type)) return floatText(value as number, type.precision === 2);
  if (DataType.isBool(type)) return value === true ? 'true' : 'false';
  if (DataType.isInterval(type)) return intervalText(value as Int32Array);
  if (DataType.isFixedSizeList(type)) {
    const item = type.children[0]!.type as DataType;
    return `[${Array.from(value as Iterable<unknown>, (part) => sqlTextOf(part, item) ?? 'NULL').join(', ')}]`;
  }
  if (DataType.isStruct(type)) {
    const row = value as Record<string, unknown>;
    return `{${type.children.map((field) => `'${field.name}': ${sqlTextOf(row[field.name], field.type as DataType) ?? 'NULL'}`).join(', ')}}`;
  }
  if (DataType.isMap(type)) {
    const valueType = (type.children[0]!.type as DataType).children![1]!.type as DataType;
    return `{${[...(value as Iterable<[unknown, unknown]>)].map(([key, item]) => `${String(key)}=${sqlTextOf(item, valueType) ?? 'NULL'}`).join(', ')}}`;
  }
  if (value instanceof Uint8Array) return blobText(value);
  return String(value);
}

/** A float with a point or an exponent, so that it reads as one: `1.0`, `0.1`, `1e+20`; f32 with its own shortest digits. */
export function floatText(value: number, isDouble: boolean): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const text = isDouble ? String(value) : shortestFloat32(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function shortestFloat32(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

function decimalText(words: Uint32Array, scale: number): string {
  const value = BigInt.asIntN(128, words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n));
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const sign = value < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function fraction(microseconds: number): string {
  return microseconds === 0 ? '' : `.${String(microseconds).padStart(6, '0').replace(/0+$/, '')}`;
}

function timestampText(milliseconds: number): string {
  const microseconds = Math.round(milliseconds * 1000);
  const second = Math.floor(microseconds / 1e6);
  return new Date(second * 1000).toISOString().slice(0, 19).replace('T', ' ') + fraction(microseconds - second * 1e6);
}

function timeText(microseconds: bigint): string {
  const seconds = Number(microseconds / 1_000_000n);
  const pad = (n: number): string => String(n).padStart(2, '0');
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}${fraction(Number(microseconds % 1_000_000n))}`;
}

function intervalText(value: Int32Array): string {
  const [months, days] = [value[0]!, value[1]!];
  const microseconds = new BigInt64Array(value.slice(2, 4).buffer)[0]! / 1000n;
  const parts: string[] = [];
  const unit = (count: number, name: string): void => { if (count !== 0) parts.push(`${count} ${name}${Math.abs(count) === 1 ? '' : 's'}`); };
  unit(Math.trunc(months / 12), 'year');
  unit(months % 12, 'month');
  unit(days, 'day');
  if (microseconds !== 0n || parts.length === 0) parts.push((microseconds < 0n ? '-' : '') + timeText(microseconds < 0n ? -microseconds : microseconds));
  return parts.join(' ');
}

function blobText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 32 && byte < 127 && byte !== 92 ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`)).join('');
}

export function csvLine(fields: readonly (string | undefined)[], delimiter: string): string {
  const quoted = fields.map((field) => {
    if (field === undefined) return '';
    const needsQuotes = field === '' || field.includes(delimiter) || /["\r\n]/.test(field);
    return needsQuotes ? `"${field.replaceAll('"', '""')}"` : field;
  });
  return `${quoted.join(delimiter)}\n`;
}
