/**
 * Result chunks as text, value by value, as SQL or JSON writes them. Nothing of Arrow is loaded for it: a cold `run`
 * prints its first row before that library would have been read.
 *
 * In: the output columns and leaves of a plan, and a chunk in Arrow's layout. Out: for each column its type's name and
 * a reader by row.
 */
import { decimalOf, dtypeInfo, isNumeric, type DType, type FixedDType } from '../ir/dtype.js';
import { dateText, timestampText, timeText } from '../ir/scalar/calendar.js';
import { intervalText } from '../ir/scalar/interval.js';
import { textOfBlob } from '../ir/scalar/text-of.js';
import type { ResultChunk, ResultLeafData } from './executor/protocol.js';
import { decimalText, floatText } from './io/value-text.js';
import type { OutputColumn, PhysicalPlan, ResultLeaf } from './plan.js';

export interface TextColumn {
  readonly name: string;
  /** As SQL writes it: `BIGINT`, `FLOAT[28]`, `STRUCT(label BIGINT, ...)`. */
  readonly type: string;
  readonly isNumeric: boolean;
}

/** `undefined` stands for NULL. */
export type TextReader = (row: number) => string | undefined;

export interface TextBatch {
  readonly rowCount: number;
  readonly columns: readonly TextReader[];
}

export const TEXT_STYLES = ['sql', 'json'] as const;

/** `json`: each value is a JSON text; whole numbers of 64 bits and decimals keep all their digits. */
export type TextStyle = (typeof TEXT_STYLES)[number];

type Shape = Pick<PhysicalPlan, 'output' | 'leaves'>;

export function textColumns({ output, leaves }: Shape): readonly TextColumn[] {
  return output.map((column) => ({
    name: column.name,
    type: typeName(column, leaves),
    isNumeric: column.kind === 'leaf' && leaves[column.leaf]!.width === 1 && isNumeric(leaves[column.leaf]!.dtype),
  }));
}

export function sqlTypeName({ dtype, width }: { readonly dtype: DType; readonly width: number }): string {
  const name = dtypeInfo(dtype).sql;
  return width === 1 ? name : `${name}[${width}]`;
}

function typeName(column: OutputColumn, leaves: readonly ResultLeaf[]): string {
  switch (column.kind) {
    case 'leaf': return sqlTypeName(leaves[column.leaf]!);
    case 'struct':
      return `STRUCT(${column.fields.map((field) => `${field.name} ${typeName(field, leaves)}`).join(', ')})`;
    case 'map':
      return `MAP(${column.keyDType === 'utf8' ? 'VARCHAR' : 'BIGINT'}, ${typeName(column.values[0]!, leaves)})`;
  }
}

export function textBatch(chunk: ResultChunk, shape: Shape, style: TextStyle): TextBatch {
  return {
    rowCount: chunk.rowCount,
    columns: shape.output.map((column) => columnReader(column, { chunk, leaves: shape.leaves, style })),
  };
}

interface ReadOptions { readonly chunk: ResultChunk; readonly leaves: readonly ResultLeaf[]; readonly style: TextStyle }

function columnReader(column: OutputColumn, options: ReadOptions): TextReader {
  const { chunk, leaves, style } = options;
  const none = style === 'json' ? 'null' : 'NULL';
  switch (column.kind) {
    case 'leaf': return leafReader(leaves[column.leaf]!, chunk.leaves[column.leaf]!, style);
    case 'struct': {
      const parts = column.fields.map((field) => ({
        label: nameText(field.name, style),
        read: columnReader(field, options),
      }));
      const isValid = validityOf(column.nullLeaf === undefined ? undefined : chunk.leaves[column.nullLeaf]!.validity);
      return (row) =>
        isValid(row) ? `{${parts.map(({ label, read }) => `${label}: ${read(row) ?? none}`).join(', ')}}` : undefined;
    }
    case 'map': {
      const [before, after] = style === 'json' ? ['"', '": '] : ['', '='];
      const label = (key: string): string =>
        before + (style === 'json' ? JSON.stringify(key).slice(1, -1) : key) + after;
      const parts = column.keys.map((key, i) => ({
        label: label(key),
        read: columnReader(column.values[i]!, options),
      }));
      return (row) => `{${parts.map(({ label: text, read }) => text + (read(row) ?? none)).join(', ')}}`;
    }
  }
}

function nameText(name: string, style: TextStyle): string {
  return style === 'json' ? JSON.stringify(name) : `'${name}'`;
}

function validityOf(bitmap: ArrayBuffer | undefined): (row: number) => boolean {
  if (bitmap === undefined) return () => true;
  const bits = new Uint8Array(bitmap);
  return (row) => ((bits[row >> 3]! >> (row & 7)) & 1) === 1;
}

function leafReader({ dtype, width }: ResultLeaf, data: ResultLeafData, style: TextStyle): TextReader {
  const isValid = validityOf(data.validity);
  const text = elementReader(dtype, data);
  const element = style === 'sql' ? text : (index: number): string => jsonOf(text(index), dtype);
  if (width === 1) return (row) => (isValid(row) ? element(row) : undefined);
  return (row) =>
    isValid(row) ? `[${Array.from({ length: width }, (_, i) => element(row * width + i)).join(', ')}]` : undefined;
}

/** JSON has no NaN and no infinity: those are texts. */
function jsonOf(text: string, dtype: DType): string {
  const isBare = dtype === 'bool' || (isNumeric(dtype) && !/[a-df-z]/.test(text));
  return isBare ? text : JSON.stringify(text);
}

type ElementReader = (index: number) => string;

function elementReader(dtype: DType, { values, bytes }: ResultLeafData): ElementReader {
  const decimal = decimalOf(dtype);
  if (decimal !== undefined) {
    const scaled = new BigInt64Array(values);
    return (i) => decimalText(scaled[i]!, decimal.scale);
  }
  return ELEMENTS[dtype as FixedDType](values, bytes ?? new ArrayBuffer(0));
}

type IntegerArray = new (buffer: ArrayBuffer) => { readonly [index: number]: number | bigint };

function integers(Values: IntegerArray): (buffer: ArrayBuffer) => ElementReader {
  return (buffer) => {
    const values = new Values(buffer);
    return (i) => String(values[i]);
  };
}

const ELEMENTS = {
  bool: (buffer) => {
    const values = new Uint8Array(buffer);
    return (i) => (values[i] === 0 ? 'false' : 'true');
  },
  i8: integers(Int8Array), i16: integers(Int16Array), i32: integers(Int32Array), i64: integers(BigInt64Array),
  u8: integers(Uint8Array), u16: integers(Uint16Array), u32: integers(Uint32Array), u64: integers(BigUint64Array),
  f16: narrowFloats(float16), bf16: narrowFloats((bits) => wordFloat(bits << 16)),
  f32: (buffer) => {
    const values = new Float32Array(buffer);
    return (i) => floatText(values[i]!, false);
  },
  f64: (buffer) => {
    const values = new Float64Array(buffer);
    return (i) => floatText(values[i]!, true);
  },
  utf8: (buffer, bytes) => {
    const [offsets, text] = [new Uint32Array(buffer), Buffer.from(bytes)];
    return (i) => text.toString('utf8', offsets[i], offsets[i + 1]);
  },
  blob: (buffer, bytes) => {
    const [offsets, all] = [new Uint32Array(buffer), new Uint8Array(bytes)];
    return (i) => textOfBlob(all.subarray(offsets[i], offsets[i + 1]));
  },
  date: (buffer) => {
    const days = new Int32Array(buffer);
    return (i) => dateText(days[i]!);
  },
  time: (buffer) => {
    const microseconds = new BigInt64Array(buffer);
    return (i) => timeText(microseconds[i]!);
  },
  timestamp: (buffer) => {
    const microseconds = new BigInt64Array(buffer);
    return (i) => timestampText(microseconds[i]!);
  },
  interval: (buffer) => {
    const view = new DataView(buffer);
    return (i) =>
      intervalText({
        months: view.getInt32(16 * i, true),
        days: view.getInt32(16 * i + 4, true),
        microseconds: view.getBigInt64(16 * i + 8, true),
      });
  },
  null: () => () => 'NULL',
} satisfies Record<FixedDType, (values: ArrayBuffer, bytes: ArrayBuffer) => ElementReader>;

/** Two bytes each. */
function narrowFloats(widen: (bits: number) => number): (buffer: ArrayBuffer) => ElementReader {
  return (buffer) => {
    const bits = new Uint16Array(buffer);
    return (i) => floatText(widen(bits[i]!), false);
  };
}

function wordFloat(bits: number): number {
  return new Float32Array(Int32Array.of(bits).buffer)[0]!;
}

/** IEEE 754 binary16: sign, 5 bits of exponent biased by 15, 10 of fraction. */
function float16(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
