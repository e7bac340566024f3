/**
 * Parameters of a statement: from JavaScript values to the 32-byte slots the code reads (plan.ts), text beside them in
 * a heap.
 */
import { isUtf8 } from 'node:buffer';
import { decimalOf, dtypeInfo, isInteger, type DType } from '../../ir/dtype.js';
import type { IntervalValue } from '../../ir/node.js';
import { castValue, readExact } from '../../ir/scalar/cast.js';
import { ValueError } from '../../ir/scalar/errors.js';
import { inRange, power10, type Value } from '../../ir/scalar/value.js';
import { ExecutionError } from '../errors.js';
import { PARAM_NULL_OFFSET, type ParameterSlot } from '../plan.js';
import type { WasmMemory } from '../wasm-types.js';
import { counted } from '../wording.js';

/**
 * A Date is a timestamp (or date), a bigint a time or timestamp in microseconds; a decimal is given as a number, bigint
 * or text, an interval as text.
 */
export type ParameterValue = null | undefined | boolean | number | bigint | string | Date | Uint8Array;

const MICROSECONDS = 1000n;
const DAY_MILLISECONDS = 86_400_000;
const DAY_MICROSECONDS = 86_400_000_000n;

interface WriteOptions {
  readonly memory: WasmMemory;
  readonly slots: readonly ParameterSlot[];
  readonly values: readonly ParameterValue[];
  readonly context: number;
  /** Where text goes: at least `parameterHeapBytes`. */
  readonly heap: number;
}

/** The parameter's type and place. */
interface Where {
  readonly dtype: DType;
  readonly index: number;
}

/** What `writeParameters` takes of the heap: a number given for text is text, too. @throws ExecutionError as it does */
export function parameterHeapBytes(slots: readonly ParameterSlot[], values: readonly ParameterValue[]): number {
  return slots.reduce((sum, { dtype }, index) => {
    const value = values[index];
    if (value === null || value === undefined || dtypeInfo(dtype).physical !== 'bytes') return sum;
    return sum + textBytes(value, { dtype, index }).byteLength;
  }, 0);
}

/** @throws ExecutionError when the number of values does not fit, or a value is none of its parameter's type. */
export function writeParameters(options: WriteOptions): void {
  const { memory, slots, values, context } = options;
  if (values.length !== slots.length) {
    throw new ExecutionError(`the statement has ${counted(slots.length, 'parameter')}, found ${counted(values.length, 'value')}`);
  }
  const view = new DataView(memory.buffer);
  let heap = options.heap;
  slots.forEach((slot, i) => {
    const at = context + slot.offset;
    const value = values[i];
    if (value === null || value === undefined) {
      view.setUint8(at + PARAM_NULL_OFFSET, 1);
      return;
    }
    if (dtypeInfo(slot.dtype).physical === 'bytes') {
      const bytes = textBytes(value, { dtype: slot.dtype, index: i });
      new Uint8Array(memory.buffer, heap, bytes.byteLength).set(bytes);
      view.setUint32(at, heap, true);
      view.setUint32(at + 4, bytes.byteLength, true);
      heap += bytes.byteLength;
      return;
    }
    writeFixed(view, { at, dtype: slot.dtype, index: i }, value);
  });
}

function textBytes(value: NonNullable<ParameterValue>, where: Where): Uint8Array {
  if (value instanceof Uint8Array) {
    if (where.dtype === 'utf8' && !isUtf8(value)) throw mismatch(value, where);
    return value;
  }
  if (!isPlain(value)) throw mismatch(value, where);
  return Buffer.from(String(value));
}

/** JavaScript may give anything, such as a function that was meant to be called. */
function isPlain(value: unknown): value is boolean | number | bigint | string {
  return ['boolean', 'number', 'bigint', 'string'].includes(typeof value);
}

function mismatch(value: unknown, where: Where): ExecutionError {
  const { sql } = dtypeInfo(where.dtype);
  return new ExecutionError(`parameter ${where.index + 1} is ${kindOf(value, where)}, expected ${sql}`);
}

function kindOf(value: unknown, { dtype }: Where): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date';
  if (value instanceof Uint8Array) return dtype === 'utf8' ? 'bytes that are no UTF-8' : 'bytes';
  return `${typeof value} ${String(value)}`;
}

function writeFixed(
  view: DataView,
  where: Where & { readonly at: number },
  value: NonNullable<ParameterValue>,
): void {
  const { at, dtype } = where;
  switch (dtypeInfo(dtype).physical) {
    case 'f64': return view.setFloat64(at, toNumber(value, where), true);
    case 'f32': case 'f16': case 'bf16': return view.setFloat32(at, toNumber(value, where), true);
    case 'i64': case 'u64': return view.setBigInt64(at, toInteger(value, where), true);
    case 'i128': return writeInterval(view, where, value);
    case 'bytes': throw mismatch(value, where);
    default: return view.setInt32(at, Number(toInteger(value, where)), true);
  }
}

/** Months, days, microseconds: text as CAST(... AS INTERVAL) reads it. */
function writeInterval(
  view: DataView,
  where: Where & { readonly at: number },
  value: NonNullable<ParameterValue>,
): void {
  if (typeof value !== 'string') throw mismatch(value, where);
  const { months, days, microseconds } = castText(value, where) as IntervalValue;
  view.setInt32(where.at, months, true);
  view.setInt32(where.at + 4, days, true);
  view.setBigInt64(where.at + 8, microseconds, true);
}

function toNumber(value: NonNullable<ParameterValue>, where: Where): number {
  if (typeof value === 'string') return castText(value, where) as number;
  if (!isPlain(value)) throw mismatch(value, where);
  return Number(value);
}

/** In the range of the dtype, and nothing cut off: a comparison with what was rounded would be another one. */
function toInteger(value: NonNullable<ParameterValue>, where: Where): bigint {
  const { dtype } = where;
  if (value instanceof Date) return ofDate(value, where);
  if (dtype === 'bool' && typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'string' && (dtype === 'bool' || !isExact(dtype))) {
    return BigInt(castText(value, where) as bigint | number | boolean);
  }
  if (!isPlain(value) || !isCountOf(value, dtype)) throw mismatch(value, where);
  const whole = unscaled(typeof value === 'boolean' ? Number(value) : value, decimalOf(dtype)?.scale ?? 0);
  if (whole === undefined || !isHeld(whole, dtype)) throw mismatch(value, where);
  return whole;
}

function isExact(dtype: DType): boolean {
  return isInteger(dtype) || decimalOf(dtype) !== undefined;
}

/** A number may count milliseconds, as Date.now() and Arrow's timestamps do: only a bigint is microseconds. */
function isCountOf(value: unknown, dtype: DType): boolean {
  return dtype === 'time' || dtype === 'timestamp' ? typeof value === 'bigint' : dtype !== 'date';
}

function isHeld(whole: bigint, dtype: DType): boolean {
  if (dtype === 'bool') return whole === 0n || whole === 1n;
  if (dtype === 'time') return whole >= 0n && whole <= DAY_MICROSECONDS;
  return inRange(whole, isExact(dtype) ? dtype : 'i64');
}

function ofDate(value: Date, where: Where): bigint {
  const time = value.getTime();
  if (Number.isNaN(time)) throw mismatch(value, where);
  if (where.dtype === 'date') return BigInt(Math.floor(time / DAY_MILLISECONDS));
  if (where.dtype === 'timestamp') return BigInt(time) * MICROSECONDS;
  throw mismatch(value, where);
}

/** Text as a literal of the type would be read. */
function castText(text: string, where: Where): Value {
  try {
    return castValue(text, { from: 'utf8', to: where.dtype, attempt: false });
  } catch (error) {
    if (error instanceof ValueError) throw mismatch(text, where);
    throw error;
  }
}

/**
 * The value times 10^scale; undefined when it is no number, or that is no whole one. What arithmetic in doubles leaves
 * behind the last digit (19.990000000000002) is no digit.
 */
function unscaled(value: number | bigint | string, scale: number): bigint | undefined {
  if (typeof value === 'bigint') return value * power10(scale);
  const exact = readExact(typeof value === 'string' ? value : cleanText(value, scale));
  if (exact === undefined) return undefined;
  const drop = exact.scale - scale;
  if (drop <= 0) return exact.unscaled * power10(-drop);
  return exact.unscaled % power10(drop) === 0n ? exact.unscaled / power10(drop) : undefined;
}

/** Digits that every double has by itself. */
const EXACT_DIGITS = 15;

function cleanText(value: number, scale: number): string {
  if (scale > 0 && Number.isFinite(value) && Number(value.toFixed(scale)) === Number(value.toPrecision(EXACT_DIGITS))) {
    return value.toFixed(scale);
  }
  return String(value);
}
