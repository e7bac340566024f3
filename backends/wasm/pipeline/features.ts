/**
 * Features of a model in the columns of a tile: one row's values stored, or a leaf's columns for consecutive rows of a
 * scan.
 */
import type { Expr } from '../../../ir/node.js';
import { emitColumn } from '../expression/emit.js';
import type { SqlValue } from '../expression/value.js';
import { WIDTH_BYTES } from '../kernels/quad.js';
import type { Func, Local } from '../dsl.js';
import { constant, f32, f64, i32, load, select, F32, F64, type I32, type Value } from '../values.js';
import { support, type Emission, type Scope } from './emission.js';
import type { FlightColumn, Row } from './row.js';
import { flagBit, tableOfCopies, type Tile, type TileLeaf, type TileModel } from './tile.js';
import { storeParts } from './tuple.js';
import { NoCode } from '../../no-code.js';

/** Stores a leaf's values of one row; gives whether any of them is NULL. */
export function storeLeaf(scope: Scope, { leaf, row, at }: { leaf: TileLeaf; row: Row; at: I32 }): I32 | undefined {
  let column = 0;
  let anyNull: I32 | undefined;
  const note = (value: SqlValue): void => {
    if (value.isNull !== undefined) anyNull = anyNull === undefined ? value.isNull : anyNull.or(value.isNull);
  };
  for (const expr of leaf.tensor.exprs) {
    const flight = emitColumn(scope, row, expr);
    if (flight.kind === 'scalar') {
      const value = flight.load(scope);
      note(value);
      storeFeature(scope, leaf, value, at, leaf.place + column++ * leaf.strideBytes);
    } else if (flight.kind === 'tensor') {
      const first = scope.f.let(at.add(leaf.place + column * leaf.strideBytes));
      const isNull = flight.isNull(scope);
      if (isNull !== undefined) note({ dtype: leaf.dtype, parts: [], isNull: scope.hold(isNull) });
      scope.forRange({ to: flight.width }, (k) =>
        storeFeature(scope, leaf, flight.element(scope, k), first.add(k.mul(leaf.strideBytes)), 0),
      );
      column += flight.width;
    } else throw new NoCode('a struct cannot be a feature of a model: select its parts');
  }
  return anyNull;
}

function storeFeature(scope: Scope, leaf: TileLeaf, value: SqlValue, at: I32, offset: number): void {
  const { isNull } = value;
  const parts =
    isNull === undefined
      ? value.parts
      : value.parts.map((part) => select(scope.hold(isNull), missingOf(part), scope.hold(part)));
  storeParts(scope, { dtype: leaf.dtype, parts }, at, offset);
}

/** What a model reads for NULL: NaN, where the dtype has it. */
function missingOf<V extends Value>(part: V): V {
  if (part instanceof F32) return f32(NaN) as unknown as V;
  if (part instanceof F64) return f64(NaN) as unknown as V;
  return constant(part.type as 'i32' | 'i64', 0) as unknown as V;
}

interface LeafColumns {
  readonly tile: Tile;
  readonly model: TileModel;
  readonly leaf: TileLeaf;
  readonly columns: readonly FlightColumn[];
  readonly row: Local<'i32'>;
  readonly begin: I32;
  readonly count: I32;
}

/** Fills the leaf's addresses for rows begin .. begin + count: in the page where that can be, else of a copy. */
export function emitLeafColumns(scope: Scope, at: LeafColumns): void {
  const { f, local } = scope;
  const { leaf, model } = at;
  const row: Row = { columns: at.columns };
  const computed: { readonly expr: Expr; readonly column: number }[] = [];
  let next = 0;
  for (const expr of leaf.tensor.exprs) {
    const flight = emitColumn(scope, row, expr);
    const column = next;
    next += flight.kind === 'tensor' ? flight.width : 1;
    const scanned = flight.kind === 'composite' ? undefined : flight.scanned;
    if (scanned === undefined || flight.kind === 'composite' || flight.dtype !== 'f32' || leaf.dtype !== 'f32') {
      computed.push({ expr, column });
      continue;
    }
    const fill = fillFunction(scope.emission);
    const flags = leaf.flag === undefined || at.tile.flags === undefined ? i32(0) : local.add(at.tile.flags);
    const table = f.let(local.add(model.leafTable + (leaf.first + column) * 4));
    const copy = f.let(local.add(leaf.place + column * leaf.strideBytes));
    const width = flight.kind === 'tensor' ? flight.width : 1;
    const put = (k: I32): void => {
      const address = f.call(fill, {
        values: scanned.values.add(k.mul(scanned.stride)),
        validity: scanned.validity,
        begin: at.begin,
        count: at.count,
        copy: copy.add(k.mul(leaf.strideBytes)),
        flags,
        bit: leaf.flag === undefined ? 0 : 1 << leaf.flag,
      });
      f.store.i32(table.add(k.shl(2)), address);
    };
    if (width === 1) put(i32(0));
    else f.forRange({ to: width }, (k) => put(k));
  }
  if (computed.length > 0) computeLeafColumns(scope, at, computed);
}

/** Features that are not plain columns, for all rows of the tile in one loop. */
function computeLeafColumns(
  scope: Scope,
  { tile, model, leaf, columns, row, begin, count }: LeafColumns,
  computed: readonly { readonly expr: Expr; readonly column: number }[],
): void {
  const { f, local } = scope;
  scope.forRange({ to: count }, (i) => {
    f.set(row, begin.add(i));
    const at = f.let(local.add(i.mul(WIDTH_BYTES[leaf.dtype])));
    for (const { expr, column } of computed) {
      const part: TileLeaf = {
        ...leaf,
        tensor: { ...leaf.tensor, exprs: [expr] },
        place: leaf.place + column * leaf.strideBytes,
      };
      const isNull = storeLeaf(scope, { leaf: part, row: { columns }, at });
      if (isNull === undefined || leaf.flag === undefined || tile.flags === undefined) continue;
      const word = f.let(local.add(i.shl(2)));
      f.store.i32(word, load.i32(word, tile.flags).or(select(isNull, flagBit(leaf.flag), i32(0))), tile.flags);
    }
  });
  for (const { expr, column } of computed) {
    const width =
      expr.type.kind === 'tensor' ? expr.type.dims.reduce<number>((product, dim) => product * Number(dim), 1) : 1;
    tableOfCopies(scope, model, {
      ...leaf,
      first: leaf.first + column,
      columns: width,
      place: leaf.place + column * leaf.strideBytes,
    });
  }
}

type Fill = Func<
  { values: 'i32'; validity: 'i32'; begin: 'i32'; count: 'i32'; copy: 'i32'; flags: 'i32'; bit: 'i32' },
  'i32'
>;

/** The address of rows begin .. begin + count of an f32 column: its own, or of a copy with NaN for NULL. */
function fillFunction(emission: Emission): Fill {
  return support(emission, 'feature_column', (module) =>
    module.define(
      'feature_column',
      {
        params: { values: 'i32', validity: 'i32', begin: 'i32', count: 'i32', copy: 'i32', flags: 'i32', bit: 'i32' },
        result: 'i32',
      },
      (f, { values, validity, begin, count, copy, flags, bit }) => {
        const from = f.let(values.add(begin.shl(2)));
        f.if(validity.eqz(), () => f.return(from));
        f.forRange({ to: count }, (i) => {
          const row = f.let(begin.add(i));
          const isValid = load
            .i8_u(validity.add(row.shr_u(3)))
            .shr_u(row.and(7))
            .and(1);
          f.if(
            isValid,
            () => f.store.f32(copy.add(i.shl(2)), load.f32(from.add(i.shl(2)))),
            () => {
              f.store.f32(copy.add(i.shl(2)), f32(NaN));
              f.if(flags, () => f.store.i32(flags.add(i.shl(2)), load.i32(flags.add(i.shl(2))).or(bit)));
            },
          );
        });
        f.return(copy);
      },
    ),
  );
}
