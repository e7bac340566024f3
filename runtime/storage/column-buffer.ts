/**
 * Rows of one column on their way into a row group: vectors are appended, the first n rows leave as a vector of their
 * own.
 *
 * Invariant: what was appended is copied, so the caller may use its arrays again. Growth is by doubling; rows that
 * leave are shifted out.
 */
import { isVariableLength } from '../../ir/dtype.js';
import type { ColumnSchema, FixedValues, Vector } from '../batch.js';
import { ExecutionError } from '../errors.js';
import { elementsPerValue, fixedConstructor } from './fixed-values.js';

export class ColumnBuffer {
  private rows = 0;
  private nulls = 0;
  /** One byte a row: 1 is valid. */
  private valid = new Uint8Array(0);
  private values: FixedValues | undefined;
  private offsets = new Uint32Array(1);
  private bytes = new Uint8Array(0);
  private readonly perRow: number;
  private readonly isText: boolean;

  constructor(readonly column: ColumnSchema) {
    this.isText = isVariableLength(column.dtype);
    this.perRow = this.isText ? 0 : column.width * elementsPerValue(column.dtype);
    this.values = this.isText ? undefined : new (fixedConstructor(column.dtype))(0);
  }

  get hasNulls(): boolean {
    return this.nulls > 0;
  }

  get textBytes(): number {
    return this.isText ? this.offsets[this.rows]! : 0;
  }

  append(vector: Vector, range: { from: number; to: number }): void {
    const { from, to } = range;
    const { name, dtype, width, nullable } = this.column;
    if (vector.dtype !== dtype || vector.width !== width) {
      throw new Error(`column ${name} is ${dtype}[${width}], but the batch has ${vector.dtype}[${vector.width}]`);
    }
    this.reserveRows(this.rows + to - from);
    const { validity } = vector;
    for (let row = from; row < to; row++) {
      const isValid = validity === undefined || (validity[row >> 3]! & (1 << (row & 7))) !== 0;
      this.valid[this.rows + row - from] = isValid ? 1 : 0;
      if (!isValid) this.nulls++;
    }
    if (this.nulls > 0 && !nullable) throw new ExecutionError(`column ${name} is NOT NULL, but a row has NULL`);
    if (this.isText) this.appendText(vector, range);
    else this.appendFixed(vector, range);
    this.rows += to - from;
  }

  private appendFixed(vector: Vector, { from, to }: { from: number; to: number }): void {
    const values = this.values!;
    if (vector.values?.constructor !== values.constructor) {
      throw new Error(
        `column ${this.column.name} wants ${values.constructor.name}, found ${vector.values?.constructor.name ?? 'none'}`,
      );
    }
    const source = vector.values.subarray(from * this.perRow, to * this.perRow);
    // Both are of one class, which the check above has seen; the union of `set` signatures cannot express it.
    (values as Float64Array).set(source as Float64Array, this.rows * this.perRow);
  }

  private appendText(vector: Vector, { from, to }: { from: number; to: number }): void {
    const source = vector.offsets!;
    const start = source[from]!;
    const at = this.offsets[this.rows]!;
    const end = at + source[to]! - start;
    if (end > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(end, this.bytes.length * 2));
      bytes.set(this.bytes.subarray(0, at));
      this.bytes = bytes;
    }
    this.bytes.set(vector.bytes!.subarray(start, source[to]!), at);
    for (let row = from; row < to; row++) this.offsets[this.rows + row - from + 1] = at + source[row + 1]! - start;
  }

  /** How many of the first `limit` rows fit into `limitBytes` of text; at least one. */
  rowsWithin(limits: { rows: number; bytes: number }): number {
    if (!this.isText) return limits.rows;
    let count = limits.rows;
    if (this.offsets[count]! <= limits.bytes) return count;
    let low = 1;
    while (low < count) {
      const middle = (low + count + 1) >> 1;
      if (this.offsets[middle]! <= limits.bytes) low = middle;
      else count = middle - 1;
    }
    return low;
  }

  /** The first `count` rows, on the buffer's own arrays: to be used before the next call. */
  head(count: number): Vector {
    const { dtype, width } = this.column;
    const validity = this.nulls > 0 ? packBits(this.valid, count) : undefined;
    if (this.isText) {
      const offsets = this.offsets.subarray(0, count + 1);
      return { dtype, width, validity, values: undefined, offsets, bytes: this.bytes.subarray(0, offsets[count]!) };
    }
    const values = this.values!.subarray(0, count * this.perRow);
    return { dtype, width, validity, values, offsets: undefined, bytes: undefined };
  }

  drop(count: number): void {
    for (let row = 0; row < count; row++) if (this.valid[row] === 0) this.nulls--;
    this.valid.copyWithin(0, count, this.rows);
    if (this.isText) {
      const cut = this.offsets[count]!;
      this.bytes.copyWithin(0, cut, this.offsets[this.rows]!);
      for (let row = count; row <= this.rows; row++) this.offsets[row - count] = this.offsets[row]! - cut;
    } else {
      this.values!.copyWithin(0, count * this.perRow, this.rows * this.perRow);
    }
    this.rows -= count;
  }

  private reserveRows(count: number): void {
    if (count <= this.valid.length) return;
    const capacity = Math.max(count, this.valid.length * 2, 16);
    const valid = new Uint8Array(capacity);
    valid.set(this.valid.subarray(0, this.rows));
    this.valid = valid;
    if (this.isText) {
      const offsets = new Uint32Array(capacity + 1);
      offsets.set(this.offsets.subarray(0, this.rows + 1));
      this.offsets = offsets;
    } else {
      const values = new (fixedConstructor(this.column.dtype))(capacity * this.perRow);
      (values as Float64Array).set(this.values!.subarray(0, this.rows * this.perRow) as Float64Array);
      this.values = values;
    }
  }
}

function packBits(valid: Uint8Array, count: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(count / 8));
  for (let row = 0; row < count; row++) if (valid[row] === 1) bits[row >> 3]! |= 1 << (row & 7);
  return bits;
}
