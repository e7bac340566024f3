/**
 * A SQL value in flight: typed WebAssembly expressions for its parts, and whether it is NULL.
 *
 * Invariants: each part is cheap to repeat (a local, a constant or an address computed of them). The parts of a NULL
 * are safe to compute with: some number, or a readable (address, length); only checks that can fail must look at
 * `isNull` first.
 */
import { dtypeInfo, isDecimal, type DType } from '../../../ir/dtype.js';
import { F32, F64, I32, I64, constant, i32, type Value, type ValType } from '../values.js';

export interface SqlValue {
  readonly dtype: DType;
  /**
   * One for a fixed-width dtype; (address, byte length) of utf8 and blob; (months, days, microseconds) of an interval.
   */
  readonly parts: readonly Value[];
  /** Absent: never NULL. */
  readonly isNull: I32 | undefined;
  /** Text which lies in memory that outlives the morsel, so that tuples may point to it. */
  readonly stable?: boolean;
}

export type RegisterType = Exclude<ValType, 'v128'>;

export function registersOf(dtype: DType): readonly RegisterType[] {
  if (isDecimal(dtype)) return ['i64'];
  switch (dtypeInfo(dtype).physical) {
    case 'i64':
    case 'u64':
      return ['i64'];
    case 'f16':
    case 'bf16':
    case 'f32':
      return ['f32'];
    case 'f64':
      return ['f64'];
    case 'bytes':
      return ['i32', 'i32'];
    case 'i128':
      return ['i32', 'i32', 'i64'];
    default:
      return ['i32'];
  }
}

/** Whether the order and division of a dtype's register are unsigned. */
export function isUnsigned(dtype: DType): boolean {
  return dtypeInfo(dtype).family === 'uint';
}

export function asI32(value: Value): I32 {
  if (value instanceof I32) return value;
  throw new Error(`expected an i32, found ${value.type}`);
}

export function asI64(value: Value): I64 {
  if (value instanceof I64) return value;
  throw new Error(`expected an i64, found ${value.type}`);
}

export function asF32(value: Value): F32 {
  if (value instanceof F32) return value;
  throw new Error(`expected an f32, found ${value.type}`);
}

export function asF64(value: Value): F64 {
  if (value instanceof F64) return value;
  throw new Error(`expected an f64, found ${value.type}`);
}

export function boolValue(value: I32, isNull?: I32): SqlValue {
  return { dtype: 'bool', parts: [value], isNull };
}

/** Zero of every part. */
export function zeroParts(dtype: DType): readonly Value[] {
  return registersOf(dtype).map((type) => constant(type, 0));
}

export function nullValue(dtype: DType): SqlValue {
  return { dtype, parts: zeroParts(dtype), isNull: i32(1), stable: true };
}

/** NULL where any is. */
export function anyNull(values: readonly SqlValue[]): I32 | undefined {
  return orNull(...values.map((value) => value.isNull));
}

export function orNull(...flags: readonly (I32 | undefined)[]): I32 | undefined {
  return flags.reduce((a, b) => (a === undefined ? b : b === undefined || a === b ? a : a.or(b)), undefined);
}

export function isConstantNull(value: SqlValue): boolean {
  const code = value.isNull?.code;
  return code?.kind === 'const' && code.value === 1;
}
