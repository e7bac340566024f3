/**
 * A row in flight: its columns, none of which is loaded before something asks for it.
 *
 * A column is a scalar, a tensor (`FLOAT[n]`, element by element) or a composite of columns (struct, map).
 */
import type { DType } from '../../../ir/dtype.js';
import type { I32 } from '../values.js';
import type { SqlValue } from '../expression/value.js';
import type { Scope } from './emission.js';

/**
 * Where columns lie together until the run of the morsel ends, so that one word finds them again: the row of a scan, a
 * tuple.
 */
export interface Home {
  /** The row's number, the tuple's address. */
  readonly word: I32;
  /** Its columns by such a word, in any function of the run; of those that are not wanted nothing is loaded. */
  readonly columns: (scope: Scope, word: I32, wanted: ReadonlySet<number>) => readonly FlightColumn[];
}

interface Housed {
  /** Where the column lies, if it does, and which of the home's columns it is. */
  readonly home?: { readonly of: Home; readonly index: number };
}

export interface ScalarColumn extends Housed {
  readonly kind: 'scalar';
  readonly dtype: DType;
  readonly load: (scope: Scope) => SqlValue;
  /** A scan's column, for operators that read it a tile at a time. */
  readonly scanned?: ScannedColumn;
  /** A scan's column of text. */
  readonly dictionary?: ScannedDictionary;
}

export interface TensorColumn extends Housed {
  readonly kind: 'tensor';
  readonly dtype: DType;
  readonly width: number;
  /** Element `index` of the row's tensor; its NULL flag is that of the whole. */
  readonly element: (scope: Scope, index: number | I32) => SqlValue;
  readonly isNull: (scope: Scope) => I32 | undefined;
  readonly scanned?: ScannedColumn;
}

export interface CompositeColumn extends Housed {
  readonly kind: 'composite';
  readonly parts: readonly FlightColumn[];
  readonly isNull: (scope: Scope) => I32 | undefined;
}

export type FlightColumn = ScalarColumn | TensorColumn | CompositeColumn;

/**
 * Addresses of a scan's fixed-width column, hoisted out of the loop over rows. `validity` is 0 where all rows are
 * valid.
 */
export interface ScannedColumn {
  readonly values: I32;
  readonly validity: I32;
  readonly stride: I32;
}

/** Codes of text in a dictionary: equal codes of a row group are equal texts. */
export interface ScannedDictionary {
  /** Not 0 where the row group has a dictionary, and a number; hoisted out of the loop over rows. */
  readonly hasCodes: I32;
  /** The row's code, where `hasCodes`. */
  readonly code: I32;
  /** The row group's number, 1 to 65535. */
  readonly group: I32;
  readonly isNull: (scope: Scope) => I32 | undefined;
}

export interface Row {
  readonly columns: readonly FlightColumn[];
}

/** The columns of a home. */
export function housed(columns: readonly FlightColumn[], of: Home): readonly FlightColumn[] {
  return columns.map((column, index) => ({ ...column, home: { of, index } }));
}

/** In the place of a column that nothing reads. */
export const UNREAD: FlightColumn = {
  kind: 'scalar',
  dtype: 'null',
  load: () => {
    throw new Error('a column that was not needed is read behind a model');
  },
};

/** A column whose load is done once where it dominates. */
export function scalarColumn(
  dtype: DType,
  load: (scope: Scope) => SqlValue,
  places: Pick<ScalarColumn, 'scanned' | 'dictionary'> = {},
): ScalarColumn {
  const column: ScalarColumn = {
    kind: 'scalar',
    dtype,
    load: (scope) => scope.remember(column, column, () => scope.holdValue(load(scope))),
    ...places,
  };
  return column;
}

/** A column's scalars in order: one, a tensor's elements, or those of a composite's parts. */
export function leafValues(scope: Scope, column: FlightColumn): readonly SqlValue[] {
  switch (column.kind) {
    case 'scalar':
      return [column.load(scope)];
    case 'tensor':
      return Array.from({ length: column.width }, (_, i) => column.element(scope, i));
    case 'composite':
      return column.parts.flatMap((part) => leafValues(scope, part));
  }
}
