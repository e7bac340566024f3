/**
 * Values of Arrow vectors as SQL prints them. Results that never were Arrow are printed by `runtime/result-text.ts`.
 */
import { DataType } from 'apache-arrow';
import { dateText, timestampText, timeText } from '../../ir/scalar/calendar.js';
import { intervalText } from '../../ir/scalar/interval.js';
import { textOfBlob } from '../../ir/scalar/text-of.js';
import { integerOfWords } from './stored-value.js';
import { decimalText, floatText } from './value-text.js';

const DAY_MILLISECONDS = 86_400_000;

/** The text of a value, `undefined` for NULL. */
export function sqlTextOf(value: unknown, type: DataType): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (DataType.isDecimal(type)) return decimalText(integerOfWords(value as Uint32Array), type.scale);
  if (DataType.isDate(type)) return dateText(Number(value) / DAY_MILLISECONDS);
  if (DataType.isTimestamp(type)) return timestampText(BigInt(Math.round(Number(value) * 1000)));
  if (DataType.isTime(type)) return timeText(BigInt(value as bigint));
  if (DataType.isFloat(type)) return floatText(value as number, type.precision === 2);
  if (DataType.isBool(type)) return value === true ? 'true' : 'false';
  if (DataType.isInterval(type)) {
    const words = value as Int32Array;
    return intervalText({
      months: words[0]!,
      days: words[1]!,
      microseconds: new BigInt64Array(words.slice(2, 4).buffer)[0]! / 1000n,
    });
  }
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
  if (value instanceof Uint8Array) return textOfBlob(value);
  return String(value);
}
