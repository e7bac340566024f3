/**
 * The rows of a scan's morsel: a loop over row numbers; column addresses are hoisted out of it, values load when asked
 * for.
 */
import { dtypeInfo } from '../../../ir/dtype.js';
import type { Scan } from '../../../ir/node.js';
import type { ValueType } from '../../../ir/type.js';
import { SCAN_COLUMN_WORDS, SCAN_GROUP_WORD, SCAN_HEADER_WORDS } from '../../../runtime/plan.js';
import { tensorWidth } from '../../relational/layout.js';
import type { FunctionBuilder } from '../dsl.js';
import type { SqlValue } from '../expression/value.js';
import { i32, load, select, type I32 } from '../values.js';
import type { Scope } from './emission.js';
import { scalarColumn, type FlightColumn, type ScannedColumn } from './row.js';
import { loadParts } from './tuple.js';

const WORD = 4;

/** Columns of row `row` of the morsel at `morsel`: `row` is a local that the loop advances. */
export function scanColumns(
  scope: Scope,
  node: Scan,
  options: { readonly morsel: I32; readonly row: I32 },
): readonly FlightColumn[] {
  const { f } = scope;
  const group = f.let(load.i32(options.morsel, SCAN_GROUP_WORD * WORD), 'group');
  return node.columns.map((position, i) => {
    const { type } = node.schema.columns[position]!;
    const base = (SCAN_HEADER_WORDS + i * SCAN_COLUMN_WORDS) * WORD;
    const word = (index: number): I32 => f.let(load.i32(options.morsel, base + index * WORD));
    if (type.kind === 'tensor')
      return tensorColumn(type, { values: word(0), validity: word(1), stride: word(5) }, options.row);
    if (type.kind !== 'scalar') throw new Error(`a table column cannot be a ${type.kind}`);
    if (dtypeInfo(type.dtype).physical === 'bytes') {
      return textColumn(
        type,
        { validity: type.nullable ? word(1) : i32(0), codes: word(2), offsets: word(3), bytes: word(4), group },
        options.row,
        f,
      );
    }
    return fixedColumn(
      type,
      { values: word(0), validity: type.nullable ? word(1) : i32(0), stride: i32(0) },
      options.row,
    );
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

function fixedColumn(type: Extract<ValueType, { kind: 'scalar' }>, addresses: ScannedColumn, row: I32): FlightColumn {
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

function scaled(row: I32, width: number): I32 {
  return width === 1 ? row : row.shl(Math.log2(width));
}

interface TextAddresses {
  readonly validity: I32;
  readonly codes: I32;
  readonly offsets: I32;
  readonly bytes: I32;
  readonly group: I32;
}

function textColumn(
  type: Extract<ValueType, { kind: 'scalar' }>,
  { validity, codes, offsets, bytes, group }: TextAddresses,
  row: I32,
  f: FunctionBuilder,
): FlightColumn {
  const isNull = (scope: Scope): I32 | undefined => (type.nullable ? absentAt(scope, validity, row) : undefined);
  const dictionary = { codes: f.let(select(group, codes, i32(0))), group, row, isNull };
  const value = (scope: Scope): SqlValue => {
    const entry = scope.f.let(row);
    scope.f.if(codes, () => scope.f.set(entry, load.i16_u(codes.add(row.shl(1)))));
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
