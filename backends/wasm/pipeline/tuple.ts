/**
 * Tuples of row buffers: writing a row's columns to one and reading them back as a row in flight.
 *
 * In: the columns' types, which give the layout (relational/layout.ts). Text is copied to heap chunks unless it lies in
 * memory that outlives the morsel.
 */
import { dtypeInfo, type DType } from '../../../ir/dtype.js';
import type { ValueType } from '../../../ir/type.js';
import type { Field, TupleLayout } from '../../relational/layout.js';
import { asF32, asF64, asI32, asI64, type SqlValue } from '../expression/value.js';
import { halfFromF32, halfToF32 } from '../expression/half.js';
import { i32, load, select, type I32, type Value } from '../values.js';
import type { Scope } from './emission.js';
import { heapCopy, replaceText } from './memory.js';
import { scalarColumn, type FlightColumn } from './row.js';

/** The parts of one value of a dtype at an address. */
export function loadParts(scope: Scope, dtype: DType, address: I32, offset = 0): readonly Value[] {
  switch (dtypeInfo(dtype).physical) {
    case 'i8':
      return [load.i8_s(address, offset)];
    case 'u8':
      return [load.i8_u(address, offset)];
    case 'i16':
      return [load.i16_s(address, offset)];
    case 'u16':
      return [load.i16_u(address, offset)];
    case 'i32':
    case 'u32':
      return [load.i32(address, offset)];
    case 'i64':
    case 'u64':
      return [load.i64(address, offset)];
    case 'f16':
      return [halfToF32(scope, load.i16_u(address, offset))];
    case 'bf16':
      return [load.i16_u(address, offset).shl(16).as_f32()];
    case 'f32':
      return [load.f32(address, offset)];
    case 'f64':
      return [load.f64(address, offset)];
    case 'bytes':
      return [load.i32(address, offset), load.i32(address, offset + 4)];
    case 'i128':
      return [load.i32(address, offset), load.i32(address, offset + 4), load.i64(address, offset + 8)];
  }
}

/** Stores one value; text as (address, length), as it lies. */
export function storeParts(
  scope: Scope,
  value: { readonly dtype: DType; readonly parts: readonly Value[] },
  address: I32,
  offset = 0,
): void {
  const { store } = scope.f;
  const [first, second, third] = value.parts;
  switch (dtypeInfo(value.dtype).physical) {
    case 'i8':
    case 'u8':
      return store.i8(address, asI32(first!), offset);
    case 'i16':
    case 'u16':
      return store.i16(address, asI32(first!), offset);
    case 'i32':
    case 'u32':
      return store.i32(address, asI32(first!), offset);
    case 'i64':
    case 'u64':
      return store.i64(address, asI64(first!), offset);
    case 'f16':
      return store.i16(address, halfFromF32(scope, asF32(first!)), offset);
    case 'bf16':
      return store.i16(address, roundToBf16(asF32(first!)), offset);
    case 'f32':
      return store.f32(address, asF32(first!), offset);
    case 'f64':
      return store.f64(address, asF64(first!), offset);
    case 'bytes':
      store.i32(address, asI32(first!), offset);
      return store.i32(address, asI32(second!), offset + 4);
    case 'i128':
      store.i32(address, asI32(first!), offset);
      store.i32(address, asI32(second!), offset + 4);
      return store.i64(address, asI64(third!), offset + 8);
  }
}

/** To nearest, halves to even; NaN stays NaN. */
function roundToBf16(value: Value & { readonly type: 'f32' }): I32 {
  const bits = value.as_i32();
  return select(value.ne(value), i32(0x7fc0), bits.add(i32(0x7fff).add(bits.shr_u(16).and(1))).shr_u(16));
}

export function loadNull(layout: TupleLayout, field: Field, tuple: I32): I32 | undefined {
  if (field.nullBit === undefined) return undefined;
  return load
    .i8_u(tuple, layout.nullOffset + (field.nullBit >> 3))
    .shr_u(field.nullBit & 7)
    .and(1);
}

/**
 * What a tuple holds of a text: its own copy unless the text outlives the morsel, the text where it lies, or a copy in
 * the place of the field's text before it (of a new tuple: zeros), so that a field that is written often takes no more
 * memory than its longest text.
 */
export type TextKeeping = 'owned' | 'lent' | 'replaced';

/** Writes values to the tuple's first fields; all null flags of the tuple are written. */
export function storeTuple(
  scope: Scope,
  layout: TupleLayout,
  tuple: I32,
  columns: readonly FlightColumn[],
  text: TextKeeping = 'owned',
): void {
  storeFields(scope, layout, tuple, columns.flatMap((column) => storedValues(scope, column)), text);
}

/** A field's value, or the elements of a tensor's field. */
type Stored = SqlValue | TensorField;
interface TensorField {
  readonly tensor: Extract<FlightColumn, { kind: 'tensor' }>;
}

function storedValues(scope: Scope, column: FlightColumn): readonly Stored[] {
  switch (column.kind) {
    case 'scalar':
      return [column.load(scope)];
    case 'tensor':
      return [{ tensor: column }];
    case 'composite': {
      const flag = column.isNull(scope);
      const parts = column.parts.flatMap((part) => storedValues(scope, part));
      return flag === undefined ? parts : [{ dtype: 'bool', parts: [flag], isNull: undefined }, ...parts];
    }
  }
}

/** Fields without a value are left as they are. */
export function storeFields(
  scope: Scope,
  layout: TupleLayout,
  tuple: I32,
  values: readonly (Stored | undefined)[],
  text: TextKeeping = 'owned',
): void {
  const flags = new Map<number, I32>();
  values.forEach((value, i) => {
    const field = layout.fields[i]!;
    if (value === undefined) return;
    const isNull = 'tensor' in value ? value.tensor.isNull(scope) : value.isNull;
    if (field.nullBit !== undefined && isNull !== undefined) {
      const byte = field.nullBit >> 3;
      const bit = isNull.shl(field.nullBit & 7);
      flags.set(byte, flags.get(byte)?.or(bit) ?? bit);
    }
    if ('tensor' in value) storeTensor(scope, value.tensor, tuple.add(field.offset), text);
    else storeValue(scope, value, { address: tuple, offset: field.offset, text });
  });
  const bits = layout.fields.filter((field) => field.nullBit !== undefined).length;
  for (let byte = 0; byte < Math.ceil(bits / 8); byte++)
    scope.f.store.i8(tuple, flags.get(byte) ?? 0, layout.nullOffset + byte);
}

/** A text value whose bytes outlive the morsel. */
export function owned(scope: Scope, value: SqlValue): SqlValue {
  if (value.stable === true || dtypeInfo(value.dtype).physical !== 'bytes') return value;
  const address = heapCopy(scope, asI32(value.parts[0]!), asI32(value.parts[1]!));
  return { ...value, parts: [address, value.parts[1]!], stable: true };
}

interface ValuePlace {
  readonly address: I32;
  readonly offset: number;
  readonly text: TextKeeping;
}

/** Stores one value, its text as `text` says. */
export function storeValue(scope: Scope, value: SqlValue, { address, offset, text }: ValuePlace): void {
  if (text === 'lent' || dtypeInfo(value.dtype).physical !== 'bytes') return storeParts(scope, value, address, offset);
  if (text === 'owned') return storeParts(scope, owned(scope, value), address, offset);
  const [from, length] = [asI32(value.parts[0]!), asI32(value.parts[1]!)];
  const replace = (): void => replaceText(scope, address.add(offset), { address: from, length });
  // NULL leaves what is there, and with it the place of the next text.
  if (value.isNull === undefined) replace();
  else scope.if(value.isNull.eqz(), replace);
}

function storeTensor(
  scope: Scope,
  column: Extract<FlightColumn, { kind: 'tensor' }>,
  address: I32,
  text: TextKeeping,
): void {
  const bytes = dtypeInfo(column.dtype).widthBytes;
  const at = scope.hold(address);
  scope.forRange({ to: column.width }, (i) => {
    storeValue(scope, column.element(scope, i), { address: at.add(i.mul(bytes)), offset: 0, text });
  });
}

/**
 * The columns of a tuple at `tuple`, which must stay the same while the row is in flight; `absent` is 1 where all are
 * NULL.
 */
export function tupleColumns(
  layout: TupleLayout,
  types: readonly ValueType[],
  tuple: I32,
  { absent, lent }: { readonly absent?: I32 | undefined; readonly lent?: boolean } = {},
): readonly FlightColumn[] {
  let next = 0;
  const column = (type: ValueType): FlightColumn => {
    switch (type.kind) {
      case 'scalar':
        return fieldColumn(layout, layout.fields[next++]!, { tuple, absent, lent });
      case 'tensor':
        return tensorColumn(layout, layout.fields[next++]!, { tuple, absent });
      default: {
        const flag = type.nullable ? layout.fields[next++]! : undefined;
        const parts =
          type.kind === 'struct'
            ? type.fields.map((field) => column(field.type))
            : type.keys.map(() => column(type.value));
        return {
          kind: 'composite',
          parts,
          isNull: () =>
            flag === undefined
              ? absent
              : absent === undefined
                ? load.i8_u(tuple, flag.offset)
                : absent.or(load.i8_u(tuple, flag.offset)),
        };
      }
    }
  };
  return types.map(column);
}

interface TuplePlace {
  readonly tuple: I32;
  readonly absent: I32 | undefined;
  readonly lent?: boolean | undefined;
}

function nullOf(layout: TupleLayout, field: Field, { tuple, absent }: TuplePlace): I32 | undefined {
  const flag = loadNull(layout, field, tuple);
  if (flag === undefined) return absent;
  return absent === undefined ? flag : flag.or(absent);
}

export function fieldColumn(layout: TupleLayout, field: Field, place: TuplePlace): FlightColumn {
  return scalarColumn(field.dtype, (scope) => ({
    dtype: field.dtype,
    parts: loadParts(scope, field.dtype, place.tuple, field.offset),
    isNull: nullOf(layout, field, place),
    stable: place.lent !== true,
  }));
}

function tensorColumn(layout: TupleLayout, field: Field, place: TuplePlace): FlightColumn {
  const bytes = dtypeInfo(field.dtype).widthBytes;
  return {
    kind: 'tensor',
    dtype: field.dtype,
    width: field.width,
    isNull: () => nullOf(layout, field, place),
    element: (scope, index) => {
      const parts =
        typeof index === 'number'
          ? loadParts(scope, field.dtype, place.tuple, field.offset + index * bytes)
          : loadParts(scope, field.dtype, place.tuple.add(index.mul(bytes)), field.offset);
      return { dtype: field.dtype, parts, isNull: nullOf(layout, field, place) };
    },
  };
}

