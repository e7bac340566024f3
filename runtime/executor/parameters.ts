/**
 * Parameters of a statement: from JavaScript values to the 32-byte slots the code reads (plan.ts), text beside them in
 * a heap.
 */
import { decimalOf, dtypeInfo, type DType } from '../../ir/dtype.js';
import { ExecutionError } from '../errors.js';
import { PARAM_NULL_OFFSET, type ParameterSlot } from '../plan.js';

/** A Date is a timestamp (or date); a decimal is given as a number, bigint or text. */
export type ParameterValue = null | undefined | boolean | number | bigint | string | Date | Uint8Array;

const MICROSECONDS = 1000n;
const DAY_MILLISECONDS = 86_400_000;

interface WriteOptions {
  readonly memory: WebAssembly.Memory;
  readonly slots: readonly ParameterSlot[];
  readonly values: readonly ParameterValue[];
  readonly context: number;
  /** Where text goes: at least `heapBytes(values)`. */
  readonly heap: number;
}

export function parameterHeapBytes(values: readonly ParameterValue[]): number {
  return values.reduce<number>((sum, value) => {
    if (typeof value === 'string') return sum + Buffer.byteLength(value) + 16;
    return value instanceof Uint8Array ? sum + value.byteLength + 16 : sum;
  }, 16);
}

/** @throws ExecutionError when the number of values or a value's kind does not fit. */
export function writeParameters(options: WriteOptions): void {
  const { memory, slots, values, context } = options;
  if (values.length !== slots.length) {
    throw new ExecutionError(`the statement has ${slots.length} parameters, ${values.length} were given`);
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

function textBytes(value: NonNullable<ParameterValue>, where: { dtype: DType; index: number }): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'object') throw mismatch(value, where);
  return Buffer.from(String(value));
}

function mismatch(value: unknown, where: { dtype: DType; index: number }): ExecutionError {
  const found =
    value instanceof Date ? 'a Date' : value instanceof Uint8Array ? 'bytes' : `${typeof value} ${String(value)}`;
  return new ExecutionError(`parameter ${where.index + 1} is ${found}, expected ${dtypeInfo(where.dtype).sql}`);
}

function writeFixed(
  view: DataView,
  where: { at: number; dtype: DType; index: number },
  value: NonNullable<ParameterValue>,
): void {
  const { at, dtype } = where;
  switch (dtypeInfo(dtype).physical) {
    case 'f64': return view.setFloat64(at, toNumber(value, where), true);
    case 'f32': case 'f16': case 'bf16': return view.setFloat32(at, toNumber(value, where), true);
    case 'i64': case 'u64': return view.setBigInt64(at, toBigInt(value, where), true);
    case 'i128': case 'bytes': throw mismatch(value, where);
    default: return view.setInt32(at, toInteger(value, where), true);
  }
}

function toNumber(value: NonNullable<ParameterValue>, where: { dtype: DType; index: number }): number {
  const number =
    typeof value === 'string' && value.trim() !== ''
      ? Number(value)
      : typeof value === 'object'
        ? Number.NaN
        : Number(value);
  if (Number.isNaN(number) && !Number.isNaN(value as number)) throw mismatch(value, where);
  return number;
}

function toInteger(value: NonNullable<ParameterValue>, where: { dtype: DType; index: number }): number {
  if (where.dtype === 'date') {
    if (value instanceof Date) return Math.floor(value.getTime() / DAY_MILLISECONDS);
    const parsed = typeof value === 'string' ? Date.parse(`${value.trim()}T00:00:00Z`) : Number.NaN;
    if (Number.isNaN(parsed)) throw mismatch(value, where);
    return parsed / DAY_MILLISECONDS;
  }
  const number = typeof value === 'object' ? Number.NaN : Number(value);
  if (!Number.isInteger(number) || Math.abs(number) > 0xffff_ffff) throw mismatch(value, where);
  return number;
}

function toBigInt(value: NonNullable<ParameterValue>, where: { dtype: DType; index: number }): bigint {
  const decimal = decimalOf(where.dtype);
  try {
    if (decimal !== undefined) return BigInt(Math.round(toNumber(value, where) * 10 ** decimal.scale));
    if (value instanceof Date) return BigInt(value.getTime()) * MICROSECONDS;
    if (where.dtype === 'timestamp' && typeof value === 'string') {
      return BigInt(Date.parse(`${value.trim().replace(' ', 'T')}Z`)) * MICROSECONDS;
    }
    if (value instanceof Uint8Array) throw mismatch(value, where);
    return BigInt(value);
  } catch (error) {
    if (error instanceof ExecutionError) throw error;
    throw mismatch(value, where);
  }
}
