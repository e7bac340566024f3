/** Rows of literals as the bytes of tuples, so that an INSERT of a thousand rows compiles to a loop over data. */
import { dtypeInfo, type DType } from '../../../ir/dtype.js';
import type { Expr, IntervalValue, LiteralValue } from '../../../ir/node.js';
import type { TupleLayout } from '../../relational/layout.js';
import { NoCode } from '../../no-code.js';

export interface LiteralTuples {
  readonly tuples: Uint8Array;
  /** Text of all rows; a tuple's text field is an offset into it and a length. */
  readonly text: Uint8Array;
}

const ENCODER = new TextEncoder();

export function literalTuples(rows: readonly (readonly Expr[])[], layout: TupleLayout): LiteralTuples {
  const tuples = new Uint8Array(rows.length * layout.tupleBytes);
  const view = new DataView(tuples.buffer);
  const text: Uint8Array[] = [];
  let textBytes = 0;
  const keep = (bytes: Uint8Array): number => {
    const offset = textBytes;
    text.push(bytes);
    textBytes += bytes.length;
    return offset;
  };
  rows.forEach((row, r) =>
    row.forEach((expr, c) => {
      const field = layout.fields[c]!;
      const base = r * layout.tupleBytes;
      if (expr.kind === 'pack') {
        const { widthBytes } = dtypeInfo(field.dtype);
        expr.parts.forEach((part, k) => {
          if (part.kind !== 'literal' || part.value === null) throw new Error('an array of literals has no NULL');
          writeLiteral(view, base + field.offset + k * widthBytes, { dtype: field.dtype, value: part.value }, keep);
        });
        return;
      }
      if (expr.kind !== 'literal') throw new Error('literal rows hold literals alone');
      if (expr.value === null) {
        if (field.nullBit !== undefined)
          tuples[base + layout.nullOffset + (field.nullBit >> 3)]! |= 1 << (field.nullBit & 7);
        return;
      }
      writeLiteral(view, base + field.offset, { dtype: field.dtype, value: expr.value }, keep);
    }),
  );
  const joined = new Uint8Array(textBytes);
  let at = 0;
  for (const bytes of text) {
    joined.set(bytes, at);
    at += bytes.length;
  }
  return { tuples, text: joined };
}

function writeLiteral(
  view: DataView,
  at: number,
  { dtype, value }: { dtype: DType; value: Exclude<LiteralValue, null> },
  keep: (bytes: Uint8Array) => number,
): void {
  const number = (): number => Number(value);
  switch (dtypeInfo(dtype).physical) {
    case 'i8':
    case 'u8':
      return view.setUint8(at, number() & 0xff);
    case 'i16':
    case 'u16':
      return view.setUint16(at, number() & 0xffff, true);
    case 'i32':
    case 'u32':
      return view.setUint32(at, number() >>> 0, true);
    case 'i64':
    case 'u64':
      return view.setBigUint64(at, BigInt.asUintN(64, BigInt(value as number | bigint)), true);
    case 'f32':
      return view.setFloat32(at, number(), true);
    case 'f64':
      return view.setFloat64(at, number(), true);
    case 'bytes': {
      const bytes = typeof value === 'string' ? ENCODER.encode(value) : (value as Uint8Array);
      view.setUint32(at, keep(bytes), true);
      return view.setUint32(at + 4, bytes.length, true);
    }
    case 'i128': {
      const { months, days, microseconds } = value as IntervalValue;
      view.setInt32(at, months, true);
      view.setInt32(at + 4, days, true);
      return view.setBigInt64(at + 8, microseconds, true);
    }
    case 'f16':
    case 'bf16':
      throw new NoCode(`rows of ${dtype} literals are not supported yet`);
  }
}
