/**
 * The result sink: rows become columns of a chunk in local, which is handed over when it is full and when the run ends.
 * Text is kept as (address, length) until then and packed to offsets and bytes as the chunk leaves.
 */
import { dtypeInfo } from '../../../ir/dtype.js';
import type { RelationType, ValueType } from '../../../ir/type.js';
import { RESULT_LEAF_BYTES, type OutputColumn, type ResultLeaf } from '../../../runtime/plan.js';
import { alignUp, tensorWidth, type PlanLayout } from '../../relational/layout.js';
import { asI32, boolValue, orNull, type SqlValue } from '../expression/value.js';
import type { Func, FunctionBuilder } from '../dsl.js';
import { i32, load, select, type I32 } from '../values.js';
import { support, type Emission, type Scope } from './emission.js';
import { allocFunction } from './memory.js';
import type { FlightColumn, Row } from './row.js';
import { storeParts } from './tuple.js';

const MOST_ROWS = 2048;
const CHUNK_BYTES = 1024 * 1024;
const HEADER_BYTES = 8;
/** How many bytes the texts of the chunk's rows have. */
const TEXT_BYTES_AT = 4;

interface PlacedLeaf {
  readonly leaf: ResultLeaf;
  readonly values: number;
  readonly validity: number;
  /** Text: offsets, and the (address, capacity) of the packed bytes. */
  readonly offsets: number;
  readonly packed: number;
  /** Where the bytes of all texts in the chunk are counted. */
  readonly textBytes: number;
}

export interface ResultLayout {
  readonly type: RelationType;
  readonly output: readonly OutputColumn[];
  readonly leaves: readonly ResultLeaf[];
  readonly placed: readonly PlacedLeaf[];
  readonly chunkOffset: number;
  readonly capacity: number;
}

export function resultLayout(type: RelationType, layout: PlanLayout): ResultLayout {
  const leaves: ResultLeaf[] = [];
  const output = type.columns.map((column) => outputColumn(column.name, column.type, leaves));
  const rowBytes = leaves.reduce((bytes, leaf) => bytes + dtypeInfo(leaf.dtype).widthBytes * leaf.width + 5, 0);
  const capacity = Math.max(64, Math.min(MOST_ROWS, Math.floor(CHUNK_BYTES / rowBytes / 64) * 64));
  const chunkOffset = layout.local.allocate(HEADER_BYTES + leaves.length * RESULT_LEAF_BYTES);
  const { local } = layout;
  // What is written anew lies together.
  const rows = leaves.map((leaf) => ({
    values: local.allocate(capacity * leaf.width * dtypeInfo(leaf.dtype).widthBytes, { isScratch: true }),
    offsets: isText(leaf) ? local.allocate((capacity * leaf.width + 1) * 4, { isScratch: true }) : 0,
  }));
  const placed = leaves.map((leaf, i) => ({
    leaf,
    ...rows[i]!,
    validity: leaf.nullable ? local.allocate(capacity / 8) : 0,
    packed: isText(leaf) ? local.allocate(8) : 0,
    textBytes: chunkOffset + TEXT_BYTES_AT,
  }));
  return { type, output, leaves, placed, chunkOffset, capacity };
}

function isText(leaf: ResultLeaf): boolean {
  return dtypeInfo(leaf.dtype).physical === 'bytes';
}

function outputColumn(name: string, type: ValueType, leaves: ResultLeaf[], inherited = false): OutputColumn {
  const leaf = (dtype: ResultLeaf['dtype'], width: number, nullable: boolean): number =>
    leaves.push({ dtype, width, nullable, chunkOffset: HEADER_BYTES + leaves.length * RESULT_LEAF_BYTES }) - 1;
  const nullable = type.nullable || inherited;
  switch (type.kind) {
    case 'scalar':
      return { kind: 'leaf', name, leaf: leaf(type.dtype, 1, nullable) };
    case 'tensor':
      return { kind: 'leaf', name, leaf: leaf(type.dtype, tensorWidth(type), nullable) };
    case 'struct': {
      const nullLeaf = nullable ? leaf('bool', 1, false) : undefined;
      return {
        kind: 'struct',
        name,
        nullLeaf,
        fields: type.fields.map((field) => outputColumn(field.name, field.type, leaves, nullable)),
      };
    }
    case 'map': {
      const values = type.keys.map((key) => outputColumn(key, type.value, leaves, nullable));
      return { kind: 'map', name, keyDType: type.keyDType, keys: type.keys, values };
    }
  }
}

/** Per worker, before its first morsel: addresses that never change, and all rows valid. */
export function defineResultInit(emission: Emission, name: string, result: ResultLayout): void {
  emission.module.define(name, { params: { context: 'i32', local: 'i32' }, export: true }, (f, { local }) => {
    for (const { leaf, values, validity, offsets } of result.placed) {
      const at = result.chunkOffset + leaf.chunkOffset;
      f.store.i32(local, local.add(dtypeInfo(leaf.dtype).physical === 'bytes' ? offsets : values), at);
      f.store.i32(local, leaf.nullable ? local.add(validity) : i32(0), at + 4);
    }
    clearNulls(f, local, result);
  });
}

function clearNulls(f: FunctionBuilder, local: I32, result: ResultLayout): void {
  for (const { leaf, validity } of result.placed)
    if (leaf.nullable) f.fill(local.add(validity), 0xff, result.capacity / 8);
}

/** Adds the row to the chunk, which is handed over when it is full or holds much text. */
export function consumeResult(scope: Scope, result: ResultLayout, row: Row): void {
  const { f, local } = scope;
  const index = f.let(load.i32(local, result.chunkOffset), 'index');
  let next = 0;
  const visit = (
    column: FlightColumn,
    type: ValueType,
    outer: { readonly nullable: boolean; readonly isNull: I32 | undefined },
  ): void => {
    switch (column.kind) {
      case 'scalar':
        return storeLeaf(scope, result.placed[next++]!, index, { value: column.load(scope), outer: outer.isNull });
      case 'tensor':
        return storeTensorLeaf(scope, result.placed[next++]!, index, { column, outer: outer.isNull });
      case 'composite': {
        const inner = { nullable: outer.nullable || type.nullable, isNull: orNull(column.isNull(scope), outer.isNull) };
        if (type.kind === 'struct' && inner.nullable) {
          storeLeaf(scope, result.placed[next++]!, index, {
            value: boolValue(inner.isNull ?? i32(0)),
            outer: undefined,
          });
        }
        column.parts.forEach((part, i) => visit(part, partType(type, i), inner));
      }
    }
  };
  row.columns.forEach((column, i) =>
    visit(column, result.type.columns[i]!.type, { nullable: false, isNull: undefined }),
  );
  f.store.i32(local, index.add(1), result.chunkOffset);
  const isFull = index.add(1).eq(result.capacity);
  const text = result.placed.find(({ offsets }) => offsets !== 0);
  const isToGo = text === undefined ? isFull : isFull.or(load.i32(local, text.textBytes).gt_u(CHUNK_BYTES));
  f.if(isToGo, () => flushResult(scope, result));
}

function partType(type: ValueType, index: number): ValueType {
  if (type.kind === 'struct') return type.fields[index]!.type;
  if (type.kind === 'map') return type.value;
  throw new Error(`a ${type.kind} has no parts`);
}

function storeLeaf(
  scope: Scope,
  placed: PlacedLeaf,
  index: I32,
  { value, outer }: { value: SqlValue; outer: I32 | undefined },
): void {
  const width = dtypeInfo(placed.leaf.dtype).widthBytes;
  const typed = value.dtype === placed.leaf.dtype ? value : { ...value, dtype: placed.leaf.dtype };
  markNull(scope, placed, index, orNull(value.isNull, outer));
  storeElement(scope, placed, typed, scope.local.add(index.mul(width)));
}

function storeElement(scope: Scope, placed: PlacedLeaf, value: SqlValue, base: I32): void {
  storeParts(scope, value, base, placed.values);
  if (placed.offsets === 0) return;
  const bytes = load.i32(scope.local, placed.textBytes).add(asI32(value.parts[1]!));
  scope.f.store.i32(scope.local, bytes, placed.textBytes);
}

function storeTensorLeaf(
  scope: Scope,
  placed: PlacedLeaf,
  index: I32,
  { column, outer }: { column: Extract<FlightColumn, { kind: 'tensor' }>; outer: I32 | undefined },
): void {
  const width = dtypeInfo(placed.leaf.dtype).widthBytes;
  markNull(scope, placed, index, orNull(column.isNull(scope), outer));
  const base = scope.f.let(scope.local.add(index.mul(width * column.width)));
  scope.forRange({ to: column.width }, (k) =>
    storeElement(scope, placed, column.element(scope, k), base.add(k.mul(width))),
  );
}

function markNull(scope: Scope, placed: PlacedLeaf, index: I32, isNull: I32 | undefined): void {
  if (isNull === undefined || !placed.leaf.nullable) return;
  scope.f.if(isNull, () => {
    const byte = scope.f.let(scope.local.add(index.shr_u(3)));
    scope.f.store.i8(byte, load.i8_u(byte, placed.validity).and(i32(1).shl(index.and(7)).xor(-1)), placed.validity);
  });
}

export function flushResult(scope: Scope, result: ResultLayout): void {
  scope.f.call(flushFunction(scope.emission, result), { local: scope.local });
}

function flushFunction(emission: Emission, result: ResultLayout): Func<{ local: 'i32' }> {
  const emit = emission.module.importFunction('emit', { params: { chunk: 'i32' } });
  return support(emission, `flush_result`, (module) =>
    module.define('flush_result', { params: { local: 'i32' } }, (f, { local }) => {
      const count = f.let(load.i32(local, result.chunkOffset), 'count');
      f.if(count.eqz(), () => f.return());
      for (const placed of result.placed)
        if (placed.offsets !== 0) packText(emission, f, { local, count, placed, chunkOffset: result.chunkOffset });
      f.call(emit, { chunk: local.add(result.chunkOffset) });
      f.store.i64(local, 0, result.chunkOffset);
      clearNulls(f, local, result);
    }),
  ) as Func<{ local: 'i32' }>;
}

interface PackText {
  readonly local: I32;
  readonly count: I32;
  readonly placed: PlacedLeaf;
  readonly chunkOffset: number;
}

/** Texts one after the other, those of an array too; a NULL has no bytes. The region only grows. */
function packText(emission: Emission, f: FunctionBuilder, { local, count, placed, chunkOffset }: PackText): void {
  const alloc = allocFunction(emission);
  const pairs = f.let(local.add(placed.values));
  const offsets = f.let(local.add(placed.offsets));
  const { width } = placed.leaf;
  const texts = width === 1 ? count : f.let(count.mul(width));
  const isValid = (i: I32): I32 => {
    const row = width === 1 ? i : f.let(i.div_u(width));
    return load
      .i8_u(local.add(row.shr_u(3)), placed.validity)
      .shr_u(row.and(7))
      .and(1);
  };
  const lengthOf = (i: I32): I32 => {
    const length = load.i32(pairs.add(i.shl(3)), 4);
    return placed.leaf.nullable ? select(isValid(i), length, i32(0)) : length;
  };
  const total = f.let(i32(0), 'total');
  f.forRange({ to: texts }, (i) => {
    f.store.i32(offsets.add(i.shl(2)), total);
    f.set(total, total.add(lengthOf(i)));
  });
  f.store.i32(offsets.add(texts.shl(2)), total);
  f.if(total.gt_u(load.i32(local, placed.packed + 4)), () => {
    const bytes = f.let(alignedDouble(total));
    f.store.i32(local, f.call(alloc, { bytes }), placed.packed);
    f.store.i32(local, bytes, placed.packed + 4);
  });
  const packed = f.let(load.i32(local, placed.packed));
  f.forRange({ to: texts }, (i) => {
    const begin = f.let(load.i32(offsets.add(i.shl(2))));
    f.copy(packed.add(begin), asI32(load.i32(pairs.add(i.shl(3)))), load.i32(offsets.add(i.shl(2)), 4).sub(begin));
  });
  f.store.i32(local, packed, chunkOffset + placed.leaf.chunkOffset + 8);
}

function alignedDouble(bytes: I32): I32 {
  return bytes.shl(1).add(alignUp(4096, 16));
}
