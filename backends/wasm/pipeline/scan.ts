/**
 * The rows of a scan's morsel: a loop over row numbers; column addresses are hoisted out of it, values load when asked
 * for.
 */
import { dtypeInfo, isWideInteger } from '../../../ir/dtype.js';
import type { Scan } from '../../../ir/node.js';
import type { ValueType } from '../../../ir/type.js';
import { SCAN_COLUMN_WORDS, SCAN_GROUP_WORD, SCAN_HEADER_WORDS } from '../../../runtime/plan.js';
import { tensorWidth } from '../../relational/layout.js';
import type { FunctionBuilder } from '../dsl.js';
import type { SqlValue } from '../expression/value.js';
import { i32, i64, load, type I32, type I64 } from '../values.js';
import type { Scope } from './emission.js';
import { housed, scalarColumn, UNREAD, type FlightColumn, type ScannedColumn } from './row.js';
import { loadParts } from './tuple.js';

const WORD = 4;

type ScalarType = Extract<ValueType, { kind: 'scalar' }>;

/** Places of a column's words in the morsel, as SCAN_COLUMN_WORDS lists them. */
const COLUMN = {
  values: 0,
  validity: 1,
  codes: 2,
  offsets: 3,
  bytes: 4,
  stride: 5,
  shift: 6,
  base: 7,
  step: 9,
} as const;

/** Columns of row `row` of the run's morsel: `row` is a local that the loop advances. */
export function scanRow(scope: Scope, node: Scan, row: I32, wanted?: ReadonlySet<number>): readonly FlightColumn[] {
  return housed(scanColumns(scope, node, { morsel: scope.morsel, row, wanted }), {
    word: row,
    columns: (there, word, those) => scanRow(there, node, word, those),
  });
}

function scanColumns(
  scope: Scope,
  node: Scan,
  options: { readonly morsel: I32; readonly row: I32; readonly wanted: ReadonlySet<number> | undefined },
): readonly FlightColumn[] {
  const { f } = scope;
  const group = f.let(load.i32(options.morsel, SCAN_GROUP_WORD * WORD), 'group');
  return node.columns.map((position, i) => {
    if (options.wanted?.has(i) === false) return UNREAD;
    const { type } = node.schema.columns[position]!;
    const first = (SCAN_HEADER_WORDS + i * SCAN_COLUMN_WORDS) * WORD;
    const word = (name: keyof typeof COLUMN): I32 => f.let(load.i32(options.morsel, first + COLUMN[name] * WORD));
    if (type.kind === 'tensor') {
      const addresses = { values: word('values'), validity: word('validity'), stride: word('stride') };
      return tensorColumn(type, addresses, options.row);
    }
    if (type.kind !== 'scalar') throw new Error(`a table column cannot be a ${type.kind}`);
    const validity = type.nullable ? word('validity') : i32(0);
    if (dtypeInfo(type.dtype).physical === 'bytes') {
      const [offsets, bytes] = [word('offsets'), word('bytes')];
      const addresses = { validity, codes: word('codes'), shift: word('shift'), offsets, bytes, group };
      return textColumn(type, addresses, options.row, f);
    }
    const values = word('values');
    if (!isWideInteger(type.dtype)) return fixedColumn(type, { values, validity, stride: i32(0) }, options.row);
    const wide = (name: 'base' | 'step'): I64 => f.let(load.i64(options.morsel, first + COLUMN[name] * WORD));
    const is64 = dtypeInfo(type.dtype).widthBytes === 8;
    const numbers = is64 ? { base: wide('base'), step: wide('step') } : { base: word('base') };
    return integerColumn(type, { values, validity, shift: word('shift'), ...numbers }, { row: options.row, f });
  });
}

/** 1 where the validity bitmap, if there is one, has no bit for the row. */
export function absentAt(scope: Scope, validity: I32, row: I32): I32 {
  const isNull = scope.f.local('i32');
  scope.f.set(isNull, 0);
  scope.f.if(validity, () =>
    scope.f.set(
      isNull,
      load
        .i8_u(validity.add(row.shr_u(3)))
        .shr_u(row.and(7))
        .and(1)
        .xor(1),
    ),
  );
  return isNull;
}

function fixedColumn(type: ScalarType, addresses: ScannedColumn, row: I32): FlightColumn {
  const width = dtypeInfo(type.dtype).widthBytes;
  return scalarColumn(
    type.dtype,
    (scope) => ({
      dtype: type.dtype,
      parts: loadParts(scope, type.dtype, addresses.values.add(scaled(row, width))),
      isNull: type.nullable ? absentAt(scope, addresses.validity, row) : undefined,
    }),
    { scanned: addresses },
  );
}

interface IntegerPlaces {
  readonly values: I32;
  readonly validity: I32;
  readonly shift: I32;
  readonly base: I32 | I64;
  /** Of dtypes of 64 bits. */
  readonly step?: I64;
}

/**
 * Integers packed or not, without a branch: a stored value is loaded with what lies behind it, which is masked off.
 * (Reading past the last one's end is allowed: OVERREAD_BYTES.)
 */
function integerColumn(
  type: ScalarType,
  { values, validity, shift, base, step }: IntegerPlaces,
  { row, f }: { readonly row: I32; readonly f: FunctionBuilder },
): FlightColumn {
  const unused = (bits: number): I32 => i32(bits).sub(i32(8).shl(shift));
  const address = values.add(row.shl(shift));
  let value: I32 | I64;
  if (base.type === 'i64') {
    const mask = f.let(i64(-1).shr_u(unused(64).extend_u()));
    value = load.i64(address).and(mask).mul(step!).add(base);
  } else {
    const mask = f.let(i32(-1).shr_u(unused(32)));
    value = load.i32(address).and(mask).add(base);
  }
  return scalarColumn(type.dtype, (scope) => ({
    dtype: type.dtype,
    parts: [value],
    isNull: type.nullable ? absentAt(scope, validity, row) : undefined,
  }));
}

function scaled(row: I32, width: number): I32 {
  return width === 1 ? row : row.shl(Math.log2(width));
}

interface TextAddresses {
  readonly validity: I32;
  readonly codes: I32;
  readonly shift: I32;
  readonly offsets: I32;
  readonly bytes: I32;
  readonly group: I32;
}

function textColumn(
  type: ScalarType,
  { validity, codes, shift, offsets, bytes, group }: TextAddresses,
  row: I32,
  f: FunctionBuilder,
): FlightColumn {
  const isNull = (scope: Scope): I32 | undefined => (type.nullable ? absentAt(scope, validity, row) : undefined);
  const mask = f.let(i32(0xffff).shr_u(i32(16).sub(i32(8).shl(shift))));
  const code = load.i16_u(codes.add(row.shl(shift))).and(mask);
  const dictionary = { hasCodes: f.let(group.ne(0).and(codes.ne(0))), code, group, isNull };
  const value = (scope: Scope): SqlValue => {
    const entry = scope.f.let(row);
    scope.f.if(codes, () => scope.f.set(entry, code));
    const at = scope.f.let(offsets.add(entry.shl(2)));
    const begin = scope.f.let(load.i32(at));
    return {
      dtype: type.dtype,
      parts: [bytes.add(begin), load.i32(at, 4).sub(begin)],
      isNull: isNull(scope),
    };
  };
  return scalarColumn(type.dtype, value, { dictionary });
}

/** Component-major: element k of row r is at values + k * stride + r * width. */
function tensorColumn(type: Extract<ValueType, { kind: 'tensor' }>, addresses: ScannedColumn, row: I32): FlightColumn {
  const width = dtypeInfo(type.dtype).widthBytes;
  const isNull = (scope: Scope): I32 | undefined =>
    type.nullable ? absentAt(scope, addresses.validity, row) : undefined;
  return {
    kind: 'tensor',
    dtype: type.dtype,
    width: tensorWidth(type),
    isNull,
    scanned: addresses,
    element: (scope, index) => {
      const offset = typeof index === 'number' ? addresses.stride.mul(index) : index.mul(addresses.stride);
      return {
        dtype: type.dtype,
        parts: loadParts(scope, type.dtype, addresses.values.add(offset).add(scaled(row, width))),
        isNull: isNull(scope),
      };
    },
  };
}
