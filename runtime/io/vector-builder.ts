/**
 * Collects JavaScript values into one Vector: the entrance of rows that come boxed (CSV, Parquet, JSON).
 *
 * In: values of the dtype's JavaScript form (null for NULL). Out: a Vector in Arrow's layout.
 */
import { decimalOf, dtypeInfo, type DType } from '../../ir/dtype.js';
import type { ColumnSchema, FixedValues, Vector } from '../batch.js';
import { fixedConstructor } from '../storage/fixed-values.js';

const FIRST_CAPACITY = 1024;

/** What `append` takes: numbers for types to 32 bits and floats, bigints for 64-bit ones, text and bytes as such. */
export type BuilderValue = null | number | bigint | boolean | string | Uint8Array;

export class VectorBuilder {
  private rowCount = 0;
  private nullCount = 0;
  private values: FixedValues | undefined;
  private offsets: Uint32Array | undefined;
  private bytes = new Uint8Array(0);
  private byteLength = 0;
  private validity = new Uint8Array(FIRST_CAPACITY / 8);
  private readonly isBig: boolean;

  constructor(readonly schema: ColumnSchema) {
    const { physical } = dtypeInfo(schema.dtype);
    this.isBig = physical === 'i64' || physical === 'u64';
    if (physical === 'bytes') {
      this.offsets = new Uint32Array(FIRST_CAPACITY + 1);
      this.bytes = new Uint8Array(FIRST_CAPACITY * 8);
    } else {
      this.values = new (fixedConstructor(schema.dtype))(FIRST_CAPACITY * schema.width);
    }
  }

  get length(): number {
    return this.rowCount;
  }

  append(value: BuilderValue): void {
    const row = this.rowCount;
    this.reserve(row + 1);
    this.rowCount++;
    if (value === null) {
      this.nullCount++;
      if (this.offsets !== undefined) this.offsets[row + 1] = this.byteLength;
      return;
    }
    this.validity[row >> 3]! |= 1 << (row & 7);
    if (this.offsets !== undefined) this.appendBytes(row, value as string | Uint8Array);
    else if (this.isBig) (this.values as BigInt64Array)[row] = BigInt(value as bigint);
    else (this.values as Float64Array)[row] = Number(value);
  }

  /** A tensor column's row. */
  appendTensor(value: ArrayLike<number> | null): void {
    const row = this.rowCount;
    this.reserve(row + 1);
    this.rowCount++;
    if (value === null) {
      this.nullCount++;
      return;
    }
    this.validity[row >> 3]! |= 1 << (row & 7);
    (this.values as Float64Array).set(value, row * this.schema.width);
  }

  /** The rows so far; the builder starts anew. */
  finish(): Vector {
    const { schema, rowCount } = this;
    const vector: Vector = {
      dtype: schema.dtype,
      width: schema.width,
      validity: this.nullCount === 0 ? undefined : this.validity.slice(0, Math.ceil(rowCount / 8)),
      values: this.values?.slice(0, rowCount * schema.width) as FixedValues | undefined,
      offsets: this.offsets?.slice(0, rowCount + 1),
      bytes: this.offsets === undefined ? undefined : this.bytes.slice(0, this.byteLength),
    };
    this.rowCount = 0;
    this.nullCount = 0;
    this.byteLength = 0;
    this.validity.fill(0);
    return vector;
  }

  private appendBytes(row: number, value: string | Uint8Array): void {
    const most = typeof value === 'string' ? value.length * 3 : value.byteLength;
    if (this.byteLength + most > this.bytes.byteLength) {
      const grown = new Uint8Array(Math.max(this.bytes.byteLength * 2, this.byteLength + most));
      grown.set(this.bytes.subarray(0, this.byteLength));
      this.bytes = grown;
    }
    if (typeof value === 'string') {
      this.byteLength += encoder.encodeInto(value, this.bytes.subarray(this.byteLength)).written;
    } else {
      this.bytes.set(value, this.byteLength);
      this.byteLength += value.byteLength;
    }
    this.offsets![row + 1] = this.byteLength;
  }

  private reserve(rows: number): void {
    const capacity = this.validity.byteLength * 8;
    if (rows <= capacity) return;
    const grownRows = capacity * 2;
    const validity = new Uint8Array(grownRows / 8);
    validity.set(this.validity);
    this.validity = validity;
    if (this.offsets !== undefined) {
      const offsets = new Uint32Array(grownRows + 1);
      offsets.set(this.offsets);
      this.offsets = offsets;
    } else {
      const values = new (fixedConstructor(this.schema.dtype))(grownRows * this.schema.width);
      (values as Float64Array).set(this.values as Float64Array);
      this.values = values;
    }
  }
}

const encoder = new TextEncoder();

/** The unscaled integer of decimal text; `undefined` when the text is no decimal of that scale. */
export function parseDecimal(text: string, dtype: DType): bigint | undefined {
  const { precision, scale } = decimalOf(dtype)!;
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?\s*$/.exec(text);
  if (match === null || (match[2] === '' && (match[3] ?? '') === '')) return undefined;
  const fraction = (match[3] ?? '').padEnd(scale + 1, '0');
  const kept = BigInt(`${match[2]}${fraction.slice(0, scale)}` || '0');
  const rounded = kept + (fraction.charCodeAt(scale) >= 53 ? 1n : 0n);
  if (rounded >= 10n ** BigInt(Math.min(precision, 18))) return undefined;
  return match[1] === '-' ? -rounded : rounded;
}
