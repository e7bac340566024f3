/**
 * Result chunks as Arrow record batches: a change of wrapper, the buffers are the chunk's own.
 *
 * DECIMAL is Arrow's Decimal128 (widened from 64 bits), DATE Date32, TIME and TIMESTAMP microseconds, `FLOAT[n]`
 * FixedSizeList, a struct Struct, a MAP of known keys Arrow's Map with the same keys in every row.
 */
import {
  Binary,
  Bool,
  DataType,
  DateDay,
  Decimal,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  Int8,
  Interval,
  IntervalUnit,
  Map_,
  RecordBatch,
  Schema,
  Struct,
  TimeMicrosecond, TimestampMicrosecond, Uint16, Uint32, Uint64, Uint8, Utf8, Vector, makeData, type Data,
} from 'apache-arrow';
import { decimalOf, type DType, type FixedDType } from '../../ir/dtype.js';
import { decodeTensor } from '../../ir/tensor-bytes.js';
import type { OutputColumn, ResultLeaf } from '../plan.js';
import type { ResultChunk, ResultLeafData } from './protocol.js';

const ARROW_TYPES: Record<FixedDType, () => DataType> = {
  bool: () => new Bool(),
  i8: () => new Int8(), i16: () => new Int16(), i32: () => new Int32(), i64: () => new Int64(),
  u8: () => new Uint8(), u16: () => new Uint16(), u32: () => new Uint32(), u64: () => new Uint64(),
  f16: () => new Float32(), bf16: () => new Float32(), f32: () => new Float32(), f64: () => new Float64(),
  utf8: () => new Utf8(), blob: () => new Binary(),
  date: () => new DateDay(), time: () => new TimeMicrosecond(), timestamp: () => new TimestampMicrosecond(),
  interval: () => new Interval(IntervalUnit.MONTH_DAY_NANO),
  null: () => new Bool(),
};

function arrowType(dtype: DType): DataType {
  const decimal = decimalOf(dtype);
  if (decimal !== undefined) return new Decimal(decimal.scale, decimal.precision, 128);
  return ARROW_TYPES[dtype as FixedDType]();
}

function leafType(leaf: ResultLeaf): DataType {
  const item = arrowType(leaf.dtype);
  return leaf.width === 1 ? item : new FixedSizeList(leaf.width, new Field('item', item, false));
}

function columnType(column: OutputColumn, leaves: readonly ResultLeaf[]): DataType {
  switch (column.kind) {
    case 'leaf': return leafType(leaves[column.leaf]!);
    case 'struct': return new Struct(column.fields.map((field) => columnField(field, leaves)));
    case 'map': {
      const key = new Field('key', column.keyDType === 'utf8' ? new Utf8() : new Int64(), false);
      const value = new Field('value', columnType(column.values[0]!, leaves), true);
      return new Map_(new Field('entries', new Struct([key, value]), false) as never);
    }
  }
}

function columnField(column: OutputColumn, leaves: readonly ResultLeaf[]): Field {
  return new Field(column.name, columnType(column, leaves), true);
}

export function resultSchema(output: readonly OutputColumn[], leaves: readonly ResultLeaf[]): Schema {
  return new Schema(output.map((column) => columnField(column, leaves)));
}

export function toRecordBatch(options: {
  chunk: ResultChunk; schema: Schema; output: readonly OutputColumn[]; leaves: readonly ResultLeaf[];
}): RecordBatch {
  const { chunk, schema, output, leaves } = options;
  const children = output.map((column) => columnData({ column, chunk, leaves }));
  const data = makeData({ type: new Struct(schema.fields), length: chunk.rowCount, nullCount: 0, children });
  // The constructor gives all fields of one name the type of the last.
  return Object.assign(new RecordBatch(schema, data), { schema });
}

/** Rows as objects by column name, in which decimals are numbers. */
export function* rowsOf(batch: RecordBatch): Generator<Record<string, unknown>, void, undefined> {
  const decimals = batch.schema.fields.flatMap(({ name, type }) => {
    const item = DataType.isFixedSizeList(type) ? type.valueType : type;
    return DataType.isDecimal(item) ? [{ name, scale: item.scale }] : [];
  });
  for (const row of batch) {
    const values: Record<string, unknown> = row.toJSON();
    for (const { name, scale } of decimals) values[name] = withPoint(values[name], scale);
    yield values;
  }
}

/** A decimal as Arrow gives it: NULL, a big number without its point, or a list of them. */
function withPoint(value: unknown, scale: number): unknown {
  if (value === null) return null;
  if (value instanceof Vector) return Array.from(value as Iterable<unknown>, (item) => withPoint(item, scale));
  return Number(`${String(value)}e-${scale}`);
}

interface ColumnOptions {
  readonly column: OutputColumn;
  readonly chunk: ResultChunk;
  readonly leaves: readonly ResultLeaf[];
}

function columnData({ column, chunk, leaves }: ColumnOptions): Data {
  switch (column.kind) {
    case 'leaf': return leafData(leaves[column.leaf]!, chunk.leaves[column.leaf]!, chunk.rowCount);
    case 'struct': {
      const children = column.fields.map((field) => columnData({ column: field, chunk, leaves }));
      const type = new Struct(column.fields.map((field) => columnField(field, leaves)));
      const validity = column.nullLeaf === undefined ? undefined : chunk.leaves[column.nullLeaf]!.validity;
      return makeData({
        type,
        length: chunk.rowCount,
        nullCount: validity === undefined ? 0 : -1,
        nullBitmap: bitmap(validity),
        children,
      });
    }
    case 'map': return mapData(column, { chunk, leaves });
  }
}

function bitmap(validity: ArrayBuffer | undefined): Uint8Array | undefined {
  return validity === undefined ? undefined : new Uint8Array(validity);
}

/** Keys repeat in every row and values alternate: the entries are row 0's keys, row 1's ... */
function mapData(
  column: Extract<OutputColumn, { kind: 'map' }>,
  { chunk, leaves }: Omit<ColumnOptions, 'column'>,
): Data {
  const { rowCount } = chunk;
  const keyCount = column.keys.length;
  const entries = rowCount * keyCount;
  const type = columnType(column, leaves) as Map_;
  const entryType = type.children[0]!.type as Struct;
  const offsets = Int32Array.from({ length: rowCount + 1 }, (_, i) => i * keyCount);
  const columns = column.values.map((value) => columnData({ column: value, chunk, leaves }));
  const first = columns[0]!;
  const source = columns.map((data) => data.values as Float32Array);
  const values = new (first.values.constructor as Float32ArrayConstructor)(entries);
  source.forEach((part, key) => {
    for (let row = 0; row < rowCount; row++) values[row * keyCount + key] = part[row]!;
  });
  const isNullable = columns.some((data) => data.nullBitmap !== null && data.nullBitmap.length > 0);
  const validity = isNullable ? interleaveValidity(columns, rowCount) : undefined;
  const valueData = makeData({
    type: first.type,
    length: entries,
    nullCount: isNullable ? -1 : 0,
    nullBitmap: validity,
    data: values,
  } as never) as Data;
  const entryData = makeData({
    type: entryType,
    length: entries,
    nullCount: 0,
    children: [keyData(column, rowCount), valueData],
  });
  return makeData({ type, length: rowCount, nullCount: 0, valueOffsets: offsets, child: entryData } as never) as Data;
}

function interleaveValidity(columns: readonly Data[], rowCount: number): Uint8Array {
  const out = new Uint8Array(Math.ceil((rowCount * columns.length) / 8));
  columns.forEach((data, key) => {
    const bits = data.nullBitmap;
    for (let row = 0; row < rowCount; row++) {
      if (bits !== null && bits.length > 0 && ((bits[row >> 3]! >> (row & 7)) & 1) === 0) continue;
      const at = row * columns.length + key;
      out[at >> 3]! |= 1 << (at & 7);
    }
  });
  return out;
}

function keyData(column: Extract<OutputColumn, { kind: 'map' }>, rowCount: number): Data {
  const length = rowCount * column.keys.length;
  if (column.keyDType === 'i64') {
    const keys = column.keys.map((key) => BigInt(key));
    const data = BigInt64Array.from({ length }, (_, i) => keys[i % keys.length]!);
    return makeData({ type: new Int64(), length, nullCount: 0, data });
  }
  const parts = column.keys.map((key) => Buffer.from(key));
  const valueOffsets = new Int32Array(length + 1);
  for (let i = 0; i < length; i++) valueOffsets[i + 1] = valueOffsets[i]! + parts[i % parts.length]!.byteLength;
  const row = Buffer.concat(parts);
  const data = new Uint8Array(row.byteLength * rowCount);
  for (let i = 0; i < rowCount; i++) data.set(row, i * row.byteLength);
  return makeData({ type: new Utf8(), length, nullCount: 0, valueOffsets, data });
}

function leafData(leaf: ResultLeaf, data: ResultLeafData, rowCount: number): Data {
  const nullBitmap = bitmap(data.validity);
  const whole = { type: leafType(leaf), length: rowCount, nullCount: nullBitmap === undefined ? 0 : -1, nullBitmap };
  const length = rowCount * leaf.width;
  const values =
    data.bytes === undefined
      ? { data: arrowValues(leaf.dtype, data.values, length) }
      : { valueOffsets: new Int32Array(data.values), data: new Uint8Array(data.bytes) };
  if (leaf.width === 1) return makeData({ ...whole, ...values } as never) as Data;
  const child = makeData({ type: arrowType(leaf.dtype), length, nullCount: 0, ...values } as never) as Data;
  return makeData({ ...whole, child } as never) as Data;
}

type Values = ArrayLike<number> | ArrayLike<bigint>;

function arrowValues(dtype: DType, buffer: ArrayBuffer, count: number): Values {
  if (decimalOf(dtype) !== undefined) return widenDecimals(new BigInt64Array(buffer), count);
  switch (dtype as FixedDType) {
    case 'bool': case 'null': return packBits(new Uint8Array(buffer), count);
    case 'i8': return new Int8Array(buffer);
    case 'i16': return new Int16Array(buffer);
    case 'i32': case 'date': return new Int32Array(buffer);
    case 'u8': return new Uint8Array(buffer);
    case 'u16': return new Uint16Array(buffer);
    case 'u32': return new Uint32Array(buffer);
    case 'u64': return new BigUint64Array(buffer);
    case 'f16':
    case 'bf16':
      return decodeTensor(dtype, [count], new Uint8Array(buffer, 0, count * 2)).data as Float32Array;
    case 'f32': return new Float32Array(buffer);
    case 'f64': return new Float64Array(buffer);
    case 'interval': return monthDayNano(buffer, count);
    default: return new BigInt64Array(buffer);
  }
}

function packBits(values: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(count / 8));
  for (let i = 0; i < count; i++) out[i >> 3]! |= (values[i]! & 1) << (i & 7);
  return out;
}

/** Sign-extends to 128 bits: four little-endian 32-bit words each. */
function widenDecimals(values: BigInt64Array, count: number): Uint32Array {
  const out = new Uint32Array(count * 4);
  const words = new BigInt64Array(out.buffer);
  for (let i = 0; i < count; i++) {
    words[2 * i] = values[i]!;
    words[2 * i + 1] = values[i]! < 0n ? -1n : 0n;
  }
  return out;
}

/** Microseconds become nanoseconds. */
function monthDayNano(buffer: ArrayBuffer, count: number): Int32Array {
  const out = new Int32Array(buffer.slice(0, count * 16));
  const longs = new BigInt64Array(out.buffer);
  for (let i = 0; i < count; i++) longs[2 * i + 1] = longs[2 * i + 1]! * 1000n;
  return out;
}
