/**
 * The one table of data types. A dtype is a string ('f32', 'decimal(15,2)'), so equal types are `===`,
 * print as they are and travel through JSON. Every other name of a type (SQL, ONNX, storage) is a column here.
 *
 * Invariant: each dtype has exactly one physical form (`Physical`), shared by pages, kernels and tuples.
 */

export type FixedDType =
  | 'bool'
  | 'i8' | 'i16' | 'i32' | 'i64'
  | 'u8' | 'u16' | 'u32' | 'u64'
  | 'f16' | 'bf16' | 'f32' | 'f64'
  | 'utf8' | 'blob'
  | 'date' | 'time' | 'timestamp' | 'interval'
  /** The type of a bare NULL, before the binder has found a better one. */
  | 'null';

export type DecimalDType = `decimal(${number},${number})`;
export type DType = FixedDType | DecimalDType;

/**
 * How a value lies in memory.
 * - `bool`: one byte, 0 or 1. `date`: i32 days since 1970-01-01. `time`: i64 microseconds of the day.
 * - `timestamp`: i64 microseconds since the epoch. `decimal(p,s)`: i64, value x 10^s.
 * - `interval`: 16 bytes: months i32, days i32, microseconds i64.
 * - `utf8`, `blob`: variable length (`bytes`): in a register an (address, byte length) pair of i32.
 */
export type Physical =
  'i8' | 'i16' | 'i32' | 'i64' | 'u8' | 'u16' | 'u32' | 'u64' | 'f16' | 'bf16' | 'f32' | 'f64' | 'i128' | 'bytes';

export type DTypeFamily = 'bool' | 'int' | 'uint' | 'float' | 'decimal' | 'text' | 'temporal' | 'null';

export interface DTypeInfo {
  readonly family: DTypeFamily;
  readonly physical: Physical;
  /** Bytes of one value; 8 (address and length) for variable-length types. */
  readonly widthBytes: number;
  /** The name SQL prints. */
  readonly sql: string;
  /** Other names SQL accepts, upper case. */
  readonly sqlAliases: readonly string[];
  /** TensorProto.DataType, where ONNX has the type. */
  readonly onnx: number | undefined;
}

export const DTYPES = {
  bool: { family: 'bool', physical: 'u8', widthBytes: 1, sql: 'BOOLEAN', sqlAliases: ['BOOL', 'LOGICAL'], onnx: 9 },
  i8: { family: 'int', physical: 'i8', widthBytes: 1, sql: 'TINYINT', sqlAliases: ['INT1'], onnx: 3 },
  i16: { family: 'int', physical: 'i16', widthBytes: 2, sql: 'SMALLINT', sqlAliases: ['INT2', 'SHORT'], onnx: 5 },
  i32: {
    family: 'int',
    physical: 'i32',
    widthBytes: 4,
    sql: 'INTEGER',
    sqlAliases: ['INT', 'INT4', 'SIGNED'],
    onnx: 6,
  },
  i64: {
    family: 'int',
    physical: 'i64',
    widthBytes: 8,
    sql: 'BIGINT',
    sqlAliases: ['INT8', 'LONG', 'HUGEINT'],
    onnx: 7,
  },
  u8: { family: 'uint', physical: 'u8', widthBytes: 1, sql: 'UTINYINT', sqlAliases: [], onnx: 2 },
  u16: { family: 'uint', physical: 'u16', widthBytes: 2, sql: 'USMALLINT', sqlAliases: [], onnx: 4 },
  u32: { family: 'uint', physical: 'u32', widthBytes: 4, sql: 'UINTEGER', sqlAliases: [], onnx: 12 },
  u64: { family: 'uint', physical: 'u64', widthBytes: 8, sql: 'UBIGINT', sqlAliases: [], onnx: 13 },
  f16: { family: 'float', physical: 'f16', widthBytes: 2, sql: 'HALF', sqlAliases: [], onnx: 10 },
  bf16: { family: 'float', physical: 'bf16', widthBytes: 2, sql: 'BFLOAT16', sqlAliases: [], onnx: 16 },
  f32: { family: 'float', physical: 'f32', widthBytes: 4, sql: 'FLOAT', sqlAliases: ['REAL', 'FLOAT4'], onnx: 1 },
  f64: {
    family: 'float',
    physical: 'f64',
    widthBytes: 8,
    sql: 'DOUBLE',
    sqlAliases: ['FLOAT8', 'DOUBLE PRECISION'],
    onnx: 11,
  },
  utf8: {
    family: 'text',
    physical: 'bytes',
    widthBytes: 8,
    sql: 'VARCHAR',
    sqlAliases: ['TEXT', 'STRING', 'CHAR', 'BPCHAR'],
    onnx: 8,
  },
  blob: {
    family: 'text',
    physical: 'bytes',
    widthBytes: 8,
    sql: 'BLOB',
    sqlAliases: ['BYTEA', 'BINARY', 'VARBINARY'],
    onnx: undefined,
  },
  date: { family: 'temporal', physical: 'i32', widthBytes: 4, sql: 'DATE', sqlAliases: [], onnx: undefined },
  time: { family: 'temporal', physical: 'i64', widthBytes: 8, sql: 'TIME', sqlAliases: [], onnx: undefined },
  timestamp: {
    family: 'temporal',
    physical: 'i64',
    widthBytes: 8,
    sql: 'TIMESTAMP',
    sqlAliases: ['DATETIME'],
    onnx: undefined,
  },
  interval: { family: 'temporal', physical: 'i128', widthBytes: 16, sql: 'INTERVAL', sqlAliases: [], onnx: undefined },
  null: { family: 'null', physical: 'u8', widthBytes: 1, sql: '"NULL"', sqlAliases: [], onnx: undefined },
} as const satisfies Record<FixedDType, DTypeInfo>;

/** A decimal is held in 64 bits: results past this many digits are an overflow error, never a wrong number. */
export const MAX_DECIMAL_DIGITS_HELD = 18;
/** The widest precision that may be declared, as in DuckDB. */
export const MAX_DECIMAL_PRECISION = 38;

export interface Decimal {
  readonly precision: number;
  readonly scale: number;
}

export function decimal(options: { precision: number; scale: number }): DecimalDType {
  return `decimal(${options.precision},${options.scale})`;
}

const DECIMAL_PATTERN = /^decimal\((\d+),(\d+)\)$/;

/** Precision and scale of a decimal dtype; `undefined` for every other dtype. */
export function decimalOf(dtype: DType): Decimal | undefined {
  const match = DECIMAL_PATTERN.exec(dtype);
  if (match === null) return undefined;
  return { precision: Number(match[1]), scale: Number(match[2]) };
}

export function isDecimal(dtype: DType): dtype is DecimalDType {
  return dtype.startsWith('decimal(');
}

export function dtypeInfo(dtype: DType): DTypeInfo {
  if (!isDecimal(dtype)) return DTYPES[dtype];
  const { precision, scale } = decimalOf(dtype)!;
  return {
    family: 'decimal',
    physical: 'i64',
    widthBytes: 8,
    sql: `DECIMAL(${precision},${scale})`,
    sqlAliases: [],
    onnx: undefined,
  };
}

/** The dtype a text names, as `print` writes it; `undefined` when there is none. */
export function parseDType(text: string): DType | undefined {
  if (Object.hasOwn(DTYPES, text)) return text as FixedDType;
  const match = DECIMAL_PATTERN.exec(text);
  if (match === null) return undefined;
  const precision = Number(match[1]);
  const scale = Number(match[2]);
  return precision >= 1 && precision <= MAX_DECIMAL_PRECISION && scale <= precision
    ? (text as DecimalDType)
    : undefined;
}

const BY_SQL_NAME: ReadonlyMap<string, FixedDType> = new Map(
  (Object.entries(DTYPES) as [FixedDType, DTypeInfo][]).flatMap(([dtype, info]) =>
    [info.sql, ...info.sqlAliases].map((name) => [name, dtype] as const)),
);

/** The dtype of a SQL type name without arguments, any case; `undefined` when SQL has no such type. */
export function dtypeOfSqlName(name: string): FixedDType | undefined {
  return BY_SQL_NAME.get(name.toUpperCase());
}

const BY_ONNX: ReadonlyMap<number, FixedDType> = new Map(
  (Object.entries(DTYPES) as [FixedDType, DTypeInfo][]).flatMap(([dtype, info]) =>
    info.onnx === undefined ? [] : [[info.onnx, dtype] as const]),
);

/** The dtype of an ONNX TensorProto.DataType; `undefined` for types Intarsia does not hold (complex, float8 ...). */
export function dtypeOfOnnx(dataType: number): FixedDType | undefined {
  return BY_ONNX.get(dataType);
}

export function isInteger(dtype: DType): boolean {
  const family = dtypeInfo(dtype).family;
  return family === 'int' || family === 'uint';
}

/** Whether values are held as integers of 32 or 64 bits: integers, dates, times, timestamps and decimals. */
export function isWideInteger(dtype: DType): boolean {
  const { physical } = dtypeInfo(dtype);
  return physical === 'i32' || physical === 'u32' || physical === 'i64' || physical === 'u64';
}

export function isFloat(dtype: DType): boolean {
  return dtypeInfo(dtype).family === 'float';
}

export function isNumeric(dtype: DType): boolean {
  return isInteger(dtype) || isFloat(dtype) || isDecimal(dtype);
}

export function isVariableLength(dtype: DType): boolean {
  return dtypeInfo(dtype).physical === 'bytes';
}

/** Whether every value of `from` is a value of `to`. */
export function widensExactly(from: DType, to: DType): boolean {
  const [a, b] = [dtypeInfo(from), dtypeInfo(to)];
  if (from === to) return true;
  if (a.family === b.family && (isInteger(from) || isFloat(from))) {
    return a.family === 'float' ? b.widthBytes > a.widthBytes : b.widthBytes >= a.widthBytes;
  }
  if (a.family === 'uint' && b.family === 'int') return b.widthBytes > a.widthBytes;
  if ((a.family === 'int' || a.family === 'uint') && (to === 'f32' || to === 'f64'))
    return a.widthBytes * 2 <= b.widthBytes;
  return false;
}
