/**
 * A batch of rows in columns: what enters storage and what leaves the executor before it becomes Arrow.
 *
 * Layout is Arrow's, so a conversion is a change of wrapper: validity bitmaps are least-significant bit first,
 * `offsets` has rowCount + 1 entries into `bytes`. Tensor columns (`FLOAT[28]`) hold `width` values a row, row-major.
 */
import type { DType } from '../ir/dtype.js';

export type FixedValues =
  | Int8Array | Int16Array | Int32Array | BigInt64Array
  | Uint8Array | Uint16Array | Uint32Array | BigUint64Array
  | Float32Array | Float64Array;

export interface Vector {
  readonly dtype: DType;
  /** Values a row: 1 for a plain column, n for `FLOAT[n]`. */
  readonly width: number;
  /** Absent: every row is valid. Bit i is 1 when row i is not NULL. */
  readonly validity: Uint8Array | undefined;
  /**
   * Fixed-width dtypes: rowCount * width values (a bool is one byte, an interval is two BigInt64: months|days<<32,
   * microseconds).
   */
  readonly values: FixedValues | undefined;
  /** utf8 and blob. */
  readonly offsets: Uint32Array | undefined;
  readonly bytes: Uint8Array | undefined;
}

export interface Batch {
  readonly rowCount: number;
  readonly columns: readonly Vector[];
}

/** The type of one column of a table or a result. */
export interface ColumnSchema {
  readonly name: string;
  readonly dtype: DType;
  /** Values a row: 1, or n for `FLOAT[n]`. */
  readonly width: number;
  readonly nullable: boolean;
}
