/**
 * Values of foreign files as tables store them: unscaled decimals and microseconds in 64 bits, texts in UTF-8.
 * A value that does not fit is an ImportError with its row and column, never another value.
 */
import { decimal, MAX_DECIMAL_DIGITS_HELD, MAX_DECIMAL_PRECISION, type Decimal, type DType } from '../../ir/dtype.js';
import { textOfBlob } from '../../ir/scalar/text-of.js';
import { ImportError } from '../errors.js';
import { decimalText } from './value-text.js';

export interface ColumnPlace {
  readonly path: string;
  readonly column: string;
}

/** The integer to store. `row` counts from 0 and is for the message only. */
export type IntegerConverter = (value: bigint, row: number) => bigint;

function misfit({ path, column }: ColumnPlace, { row, text }: { row: number; text: string }): ImportError {
  return new ImportError(`'${path}', row ${row + 1}, column ${column}: ${text}`, { file: path, column });
}

/** Wider precisions are taken as the widest: what counts is whether the values fit. */
export function decimalDType({ precision, scale }: Decimal, { path, column }: ColumnPlace): DType {
  if (scale >= 0 && scale <= Math.min(precision, MAX_DECIMAL_PRECISION))
    return decimal({ precision: Math.min(precision, MAX_DECIMAL_PRECISION), scale });
  throw new ImportError(
    `'${path}': column ${column} is DECIMAL(${precision},${scale}), expected a scale from 0 to the precision, ` +
      `at most ${MAX_DECIMAL_PRECISION}`,
    { file: path, column },
  );
}

/** The integer of little-endian 32-bit words in two's complement, as Arrow keeps decimals. */
export function integerOfWords(words: Uint32Array): bigint {
  const unsigned = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return BigInt.asIntN(words.length * 32, unsigned);
}

const DECIMAL_LIMIT = 10n ** BigInt(MAX_DECIMAL_DIGITS_HELD);

export function decimalConverter(scale: number, place: ColumnPlace): IntegerConverter {
  return (value, row) => {
    if (value < DECIMAL_LIMIT && value > -DECIMAL_LIMIT) return value;
    const text = `${decimalText(value, scale)} has more than the ${MAX_DECIMAL_DIGITS_HELD} digits a DECIMAL holds`;
    throw misfit(place, { row, text });
  };
}

export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

/** Microseconds of a count of units; what is finer is cut toward the past, so that 23:59:59.9999999 stays a time. */
export function microsecondConverter(unit: TimeUnit, place: ColumnPlace): IntegerConverter {
  if (unit === 'us') return (value) => value;
  if (unit === 'ns') return (value) => (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n;
  const factor = unit === 's' ? 1_000_000n : 1000n;
  return (value, row) => {
    const microseconds = value * factor;
    if (BigInt.asIntN(64, microseconds) === microseconds) return microseconds;
    throw misfit(place, { row, text: `${value} ${unit} from 1970 are more than 64 bits of microseconds` });
  };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of bytes as they are, with the byte order mark that it may begin with. @throws Error when they are none */
export function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Error(`the bytes ${textOfBlob(bytes.subarray(0, 16))} are no text in UTF-8`);
  }
}
