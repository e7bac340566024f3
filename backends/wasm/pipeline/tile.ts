/**
 * A tile: rows that wait for their models. Places in local: leaf columns as the tile programs read them, output
 * columns, the tables of their addresses, scratch, one word of NULL flags a row, and (`carried`) what the rest needs of
 * the rows.
 */
import { postorder } from '../../../ir/rewrite.js';
import type { Apply, ToTensor } from '../../../ir/node.js';
import type { ValueType } from '../../../ir/type.js';
import { slotsOf, tupleLayout, type TupleLayout } from '../../relational/layout.js';
import type { ScoreBounds } from '../../relational/score-bounds.js';
import { emitBound } from './bound.js';
import type { Emission, Scope } from './emission.js';
import { compileTileProgram, type TileProgram } from '../tile-program.js';
import { WIDTH_BYTES, type QuadDType } from '../kernels/quad.js';
import { BOUND } from '../kernels/tree-sums.js';
import { packWeight } from '../kernels/weight-layout.js';
import { i32, load, type I32 } from '../values.js';
import { scalarColumn, UNREAD, type FlightColumn, type Home, type Row } from './row.js';
import { loadParts, storeTuple, tupleColumns } from './tuple.js';
import { NoCode } from '../../no-code.js';

/**
 * Between columns, so that the columns of a tile do not fall on the same cache sets; programs touch up to 3 rows past
 * the last.
 */
const COLUMN_PAD_BYTES = 64;
/** Flags of NULL leaves are the bits of one word. */
const MOST_FLAGS = 32;

export interface TileLeaf {
  readonly tensor: ToTensor;
  readonly dtype: QuadDType;
  /** Its first column's number in the table of leaf addresses, and where its columns are when they are copied. */
  readonly first: number;
  readonly columns: number;
  readonly place: number;
  readonly strideBytes: number;
  /** The bit that says this leaf is NULL in a row; undefined where NULL becomes NaN or cannot be. */
  readonly flag: number | undefined;
}

interface TileOutput {
  readonly type: ValueType;
  readonly dtype: QuadDType;
  readonly columns: number;
  readonly first: number;
  readonly place: number;
  readonly strideBytes: number;
  /** Flags of the leaves it depends on. */
  readonly flags: number;
}

export interface TileModel {
  readonly node: Apply;
  readonly program: TileProgram;
  /** Which of its scores are wanted, where its kernel makes use of that. */
  readonly bounds: ScoreBounds | undefined;
  readonly leaves: readonly TileLeaf[];
  readonly outputs: readonly TileOutput[];
  readonly leafTable: number;
  readonly outputTable: number;
  readonly scratch: number;
  /** Weight addresses, in the context. */
  readonly weights: number;
  /** Weights that no stored model has: their place among the addresses, and where the module has them. */
  readonly ownWeights: readonly { readonly offset: number; readonly address: I32 }[];
}

export interface Tile {
  readonly rows: number;
  readonly models: readonly TileModel[];
  /** Rows in the tile so far. */
  readonly count: number;
  readonly flags: number | undefined;
}

/** `bounds`: of the scores of each model. */
export function planTile(
  emission: Emission,
  nodes: readonly Apply[],
  bounds: readonly (ScoreBounds | undefined)[],
): Tile {
  const programs = nodes.map((node, i) => {
    const program = compileTileProgram(
      emission.module,
      node.outputs.map((output) => output.tensor),
      { data: emission.tensors, tier: emission.tier, name: 'model', stop: bounds[i] },
    );
    if ('unsupported' in program)
      throw new NoCode(`model ${node.model} has operators without a kernel: ${program.unsupported.join('; ')}`);
    return program;
  });
  const rows = Math.min(...programs.map((program) => program.tileRows));
  const flagOf = new Map<ToTensor, number>();
  const models = nodes.map((node, i) =>
    placeModel(emission, { node, program: programs[i]!, bounds: bounds[i], rows, flagOf }),
  );
  if (flagOf.size > MOST_FLAGS)
    throw new NoCode(`models with more than ${MOST_FLAGS} nullable inputs in one pipeline are not supported`);
  const { local } = emission.layout;
  return { rows, models, count: local.allocate(4), flags: flagOf.size === 0 ? undefined : local.allocate(rows * 4) };
}

interface Placing {
  readonly node: Apply;
  readonly program: TileProgram;
  readonly bounds: ScoreBounds | undefined;
  readonly rows: number;
  readonly flagOf: Map<ToTensor, number>;
}

function placeModel(emission: Emission, { node, program, bounds, rows, flagOf }: Placing): TileModel {
  const { local, context } = emission.layout;
  const strideOf = (dtype: QuadDType): number => rows * WIDTH_BYTES[dtype] + COLUMN_PAD_BYTES;
  const leaves = program.leaves.map((leaf): TileLeaf => {
    const { tensor } = leaf;
    if (tensor.kind !== 'to_tensor') throw new Error(`model ${node.model} has the unbound input ${tensor.name}`);
    const flagged = tensor.nulls === 'null' && tensor.exprs.some((expr) => expr.type.nullable);
    if (flagged && !flagOf.has(tensor)) flagOf.set(tensor, flagOf.size);
    const strideBytes = strideOf(leaf.dtype);
    return {
      tensor,
      dtype: leaf.dtype,
      first: leaf.first,
      columns: leaf.columns,
      place: local.allocate(strideBytes * leaf.columns, { isScratch: true }),
      strideBytes,
      flag: flagged ? flagOf.get(tensor) : undefined,
    };
  });
  let first = 0;
  const outputs = program.outputs.map(({ columns, dtype }, i): TileOutput => {
    const { tensor } = node.outputs[i]!;
    const below = new Set(postorder(tensor));
    const flags = leaves.reduce(
      (bits, leaf) => (leaf.flag !== undefined && below.has(leaf.tensor) ? bits | (1 << leaf.flag) : bits),
      0,
    );
    const type = node.type.columns[node.input.type.columns.length + i]!.type;
    const placed = {
      type,
      dtype,
      columns,
      first,
      place: local.allocate(strideOf(dtype) * columns, { isScratch: true }),
      strideBytes: strideOf(dtype),
      flags,
    };
    first += columns;
    return placed;
  });
  const leafColumns = leaves.reduce((sum, leaf) => sum + leaf.columns, 0);
  const weights = context.allocate(Math.max(4, program.weights.length * 4));
  const ownWeights: TileModel['ownWeights'][number][] = [];
  program.weights.forEach(({ hash, tensors, layout, byteLength }, i) => {
    const stored = { model: node.model, hash, layout: JSON.stringify(layout) };
    const offset = weights + i * 4;
    if (emission.isStored(stored)) emission.weights.push({ ...stored, byteLength, offset });
    else {
      const bytes = packWeight(
        tensors.map((tensor) => emission.tensors.get(tensor)),
        layout,
      );
      ownWeights.push({ offset, address: emission.module.data(bytes) });
    }
  });
  return {
    node,
    program,
    bounds: program.bound === undefined ? undefined : bounds,
    leaves,
    outputs,
    weights,
    ownWeights,
    leafTable: local.allocate(leafColumns * 4),
    outputTable: local.allocate(Math.max(4, first * 4)),
    scratch: local.allocate(program.scratchBytes, { isScratch: true }),
  };
}

/** Runs the models over the tile's rows, while one of them is wanted. Leaf addresses are in their tables already. */
export function runModels(scope: Scope, tile: Tile, count: I32, none: () => void): void {
  const { f, local, context } = scope;
  for (const model of tile.models) {
    for (const output of model.outputs) {
      const table = f.let(local.add(model.outputTable + output.first * 4));
      const column = f.let(local.add(output.place));
      f.forRange({ to: output.columns }, (c) =>
        f.store.i32(table.add(c.shl(2)), column.add(c.mul(output.strideBytes))),
      );
    }
    // Every worker writes the same.
    for (const { offset, address } of model.ownWeights) f.store.i32(context, address, offset);
    const bound = model.bounds === undefined ? undefined : local.add(model.scratch + model.program.bound!);
    if (bound !== undefined) emitBound(scope, model.bounds!, bound);
    f.call(model.program.run, {
      rows: count,
      leaves: local.add(model.leafTable),
      outputs: local.add(model.outputTable),
      scratch: local.add(model.scratch),
      weights: context.add(model.weights),
    });
    if (model.bounds?.all === true) f.if(load.i32(bound!, BOUND.left).eqz(), none);
  }
}

/** Puts the addresses of a leaf's copied columns in its table. */
export function tableOfCopies(scope: Scope, model: TileModel, leaf: TileLeaf): void {
  const { f, local } = scope;
  const table = f.let(local.add(model.leafTable + leaf.first * 4));
  const column = f.let(local.add(leaf.place));
  f.forRange({ to: leaf.columns }, (c) => f.store.i32(table.add(c.shl(2)), column.add(c.mul(leaf.strideBytes))));
}

/** Columns of a model's outputs for row `row` of the tile. */
export function outputColumns(tile: Tile, model: TileModel, row: I32): readonly FlightColumn[] {
  return model.outputs.map((output): FlightColumn => {
    const width = WIDTH_BYTES[output.dtype];
    const isNull = (scope: Scope): I32 | undefined => {
      if (output.flags === 0 || tile.flags === undefined) return undefined;
      return load
        .i32(scope.local.add(row.shl(2)), tile.flags)
        .and(output.flags)
        .ne(0);
    };
    const element = (scope: Scope, index: number | I32): ReturnType<typeof loadParts> => {
      const at = scope.local.add(row.mul(width));
      return typeof index === 'number'
        ? loadParts(scope, output.dtype, at, output.place + index * output.strideBytes)
        : loadParts(scope, output.dtype, at.add(index.mul(output.strideBytes)), output.place);
    };
    if (output.type.kind === 'scalar')
      return scalarColumn(output.dtype, (scope) => ({
        dtype: output.dtype,
        parts: element(scope, 0),
        isNull: isNull(scope),
      }));
    return {
      kind: 'tensor',
      dtype: output.dtype,
      width: output.columns,
      isNull,
      element: (scope, index) => ({ dtype: output.dtype, parts: element(scope, index), isNull: isNull(scope) }),
    };
  });
}

/**
 * What waits with the rows, in tuples one after the other: values, and for columns that lie somewhere until the run
 * ends a word that finds them there.
 */
export interface Carried {
  readonly layout: TupleLayout;
  readonly place: number;
  /** Those whose values wait, the tuple's first fields. */
  readonly values: readonly CarriedColumn[];
  /** Behind them a field for each. */
  readonly homes: readonly { readonly home: Home; readonly columns: readonly CarriedColumn[] }[];
}

/** `position` in the row; `index` among its home's columns, or among the values. */
interface CarriedColumn {
  readonly position: number;
  readonly index: number;
  readonly type: ValueType;
}

/** `columns`: those of the row that are needed behind the models. */
export function planCarried(
  emission: Emission,
  tile: Tile,
  columns: readonly { readonly position: number; readonly type: ValueType; readonly column: FlightColumn }[],
): Carried {
  const values: CarriedColumn[] = [];
  const homes = new Map<Home, CarriedColumn[]>();
  for (const { position, type, column: { home } } of columns) {
    if (home === undefined) {
      values.push({ position, index: values.length, type });
      continue;
    }
    const those = homes.get(home.of) ?? [];
    homes.set(home.of, [...those, { position, index: home.index, type }]);
  }
  const word = { dtype: 'u32', width: 1, nullable: false } as const;
  const layout = tupleLayout([...values.flatMap(({ type }) => slotsOf(type)), ...[...homes].map(() => word)]);
  return {
    layout,
    place: emission.layout.local.allocate(layout.tupleBytes * tile.rows, { isScratch: true }),
    values,
    homes: [...homes].map(([home, those]) => ({ home, columns: those })),
  };
}

/** Field of a home's word. */
function wordOffset({ layout, homes }: Carried, index: number): number {
  return layout.fields[layout.fields.length - homes.length + index]!.offset;
}

/** Puts what waits with the row in the tuple at `tuple`. */
export function storeCarried(scope: Scope, carried: Carried, tuple: I32, row: Row): void {
  const values = carried.values.map(({ position }) => row.columns[position]!);
  storeTuple(scope, carried.layout, tuple, values, 'lent');
  carried.homes.forEach(({ home }, i) => scope.f.store.i32(tuple, home.word, wordOffset(carried, i)));
}

/** Columns of the row whose tuple is at `tuple`, an address that is read anew for each row; `arrive` begins a row. */
export function carriedColumns(
  scope: Scope,
  carried: Carried,
  { tuple, width }: { readonly tuple: I32; readonly width: number },
): { readonly columns: readonly FlightColumn[]; readonly arrive: () => void } {
  const columns = Array.from({ length: width }, () => UNREAD);
  const types = carried.values.map(({ type }) => type);
  const values = tupleColumns(carried.layout, types, tuple, { lent: true });
  for (const { position, index } of carried.values) columns[position] = values[index]!;
  const words = carried.homes.map(({ home, columns: those }) => {
    const word = scope.f.local('i32', 'home');
    const found = home.columns(scope, word, new Set(those.map(({ index }) => index)));
    for (const { position, index } of those) columns[position] = found[index]!;
    return word;
  });
  const arrive = (): void =>
    words.forEach((word, i) => scope.f.set(word, load.i32(tuple, wordOffset(carried, i))));
  return { columns, arrive };
}

/** A word of flags with one bit. */
export function flagBit(flag: number): I32 {
  return i32(1 << flag);
}
