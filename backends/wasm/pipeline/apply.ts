/**
 * Models in a pipeline. Rows wait in a tile until it is full or the morsel ends; then the next segment runs the models over
 * the tile and goes on row by row.
 *
 * Two ways of filling a tile. Gathered: each row that survives is copied, its features to the tile's columns and what the
 * rest needs to a tuple. In place: a scan without filter gives consecutive rows, so a plain f32 column without NULLs is
 * read by the model where it lies in its page, other features are computed a column at a time, and the rest of the
 * pipeline reads its columns by row number.
 */
import type { Apply, Expr } from '../../../ir/node.js';
import { postorder } from '../../../ir/rewrite.js';
import type { RelationType } from '../../../ir/type.js';
import { neededColumns } from '../../relational/needed.js';
import type { Operator, PhysicalSource, Sink } from '../../relational/physical.js';
import { emitColumn } from '../expression/emit.js';
import type { SqlValue } from '../expression/value.js';
import { WIDTH_BYTES } from '../kernels/quad.js';
import { constant, f32, f64, i32, load, select, F32, F64, I32, type Value } from '../values.js';
import type { Func, Label, Local } from '../dsl.js';
import { Scope, support, type Emission } from './emission.js';
import { resetArena } from './memory.js';
import { emitOperators } from './operators.js';
import type { FlightColumn, Row } from './row.js';
import { scanColumns } from './scan.js';
import { defineFunction, SEGMENT_PARAMS, type SinkCode } from './segment.js';
import { flagBit, outputColumns, planCarried, planTile, runModels, tableOfCopies, type Carried, type Tile, type TileLeaf, type TileModel } from './tile.js';
import { storeParts, storeTuple, tupleColumns } from './tuple.js';

interface Rest {
  /** From the first apply on. */
  readonly operators: readonly Operator[];
  readonly pipelineSink: Sink;
  readonly sink: SinkCode;
  /** Lines for explain. */
  readonly notes: string[];
}

/** Models that follow each other and do not read each other's outputs share a tile. */
function leadingModels(operators: readonly Operator[]): readonly Apply[] {
  const nodes: Apply[] = [];
  for (const operator of operators) {
    if (operator.kind !== 'apply') break;
    const first = nodes[0]?.input.type.columns.length ?? Infinity;
    if (leafExprs(operator.node).some((expr) => postorder(expr).some((node) => node.kind === 'ref' && node.index >= first))) break;
    nodes.push(operator.node);
  }
  return nodes;
}

function leafExprs(node: Apply): readonly Expr[] {
  return node.outputs.flatMap((output) => postorder(output.tensor)).flatMap((tensor) => (tensor.kind === 'to_tensor' ? tensor.exprs : []));
}

type Segment = Func<typeof SEGMENT_PARAMS, 'i32'>;

interface Planned { readonly tile: Tile; readonly after: readonly Operator[]; readonly inner: SinkCode; readonly inputType: RelationType; readonly needed: ReadonlySet<number> }

function planRest(emission: Emission, name: string, rest: Rest): Planned {
  const nodes = leadingModels(rest.operators);
  const after = rest.operators.slice(nodes.length);
  const tile = planTile(emission, nodes);
  for (const model of tile.models) rest.notes.push(...model.program.explain.map((line) => `  ${model.node.model}: ${line}`));
  const inputType = nodes[0]!.input.type;
  const next = after.findIndex((operator) => operator.kind === 'apply');
  const inner = next < 0 ? rest.sink : tileSink(emission, name, { ...rest, operators: after.slice(next) });
  return { tile, after: next < 0 ? after : after.slice(0, next), inner, inputType, needed: neededColumns(after, rest.pipelineSink, inputType.columns.length) };
}

/** The segment behind the models: runs them, then the operators for each row of the tile. */
function defineSegment(
  emission: Emission, name: string, { tile, after, inner }: Planned, inputColumns: (scope: Scope, place: { morsel: I32; begin: I32; row: I32 }) => readonly FlightColumn[],
): Segment {
  return emission.module.define(emission.module.freshName(`${name}_tile`), { params: SEGMENT_PARAMS, result: 'i32' }, (f, { context, local, morsel, begin, count }) => {
    const scope = new Scope(emission, f, { context, local });
    runModels(scope, tile, count);
    const consume = inner.begin(scope);
    const row = f.local('i32', 'tile_row');
    const columns = inputColumns(scope, { morsel, begin, row });
    scope.forRange({ to: count }, (i, label: Label) => {
      f.set(row, i);
      const all: Row = { columns: [...columns, ...tile.models.flatMap((model) => outputColumns(tile, model, row))] };
      emitOperators(scope, after, all, { next: (condition) => label.continue(condition), stop: () => f.return(1) }, consume);
    });
    f.return(0);
  });
}

/** The gathered way: a sink for the segment before the models. */
export function tileSink(emission: Emission, name: string, rest: Rest): SinkCode {
  const planned = planRest(emission, name, rest);
  const { tile, inputType, needed, inner } = planned;
  const carried = planCarried(emission, tile, [...needed].sort((a, b) => a - b).map((position) => ({ position, type: inputType.columns[position]!.type })));
  rest.notes.push(`  tiles of ${tile.rows} rows, gathered: ${carried.positions.length} columns wait with them`);
  const segment = defineSegment(emission, name, planned, (scope, { row }) => carriedColumns(scope, carried, { row, width: inputType.columns.length }));
  const run = (scope: Scope, count: Value): Local<'i32'> => {
    scope.f.store.i32(scope.local, 0, tile.count);
    for (const model of tile.models) for (const leaf of model.leaves) tableOfCopies(scope, model, leaf);
    return scope.f.call(segment, { context: scope.context, local: scope.local, morsel: 0, begin: 0, count: count as I32 });
  };
  return {
    begin: (scope) => (row, flow) => gatherRow(scope, { tile, carried, row }, (count) => scope.f.if(run(scope, count), flow.stop)),
    end: (scope, stopped) => {
      const count = scope.f.let(load.i32(scope.local, tile.count));
      // Also after a stop: a limit before the model has let these rows pass; one behind it has left none here.
      scope.f.if(count, () => scope.f.set(stopped, stopped.or(run(scope, count))));
      inner.end(scope, stopped);
    },
  };
}

function carriedColumns(scope: Scope, carried: Carried, { row, width }: { row: I32; width: number }): readonly FlightColumn[] {
  // The row number changes in the loop: an address computed of it is a description, read anew for each row.
  const tuple = scope.local.add(carried.place).add(row.mul(carried.layout.tupleBytes));
  const held = tupleColumns(carried.layout, carried.types, tuple, { lent: true });
  const missing: FlightColumn = { kind: 'scalar', dtype: 'null', load: () => { throw new Error('a column that was not needed is read behind a model'); } };
  return Array.from({ length: width }, (_, position) => held[carried.positions.indexOf(position)] ?? missing);
}

interface Gather { readonly tile: Tile; readonly carried: Carried; readonly row: Row }

function gatherRow(scope: Scope, { tile, carried, row }: Gather, full: (count: Value) => void): void {
  const { f, local } = scope;
  const index = f.let(load.i32(local, tile.count), 'waiting');
  let flags: I32 | undefined;
  for (const model of tile.models) {
    for (const leaf of model.leaves) {
      const at = f.let(local.add(index.mul(WIDTH_BYTES[leaf.dtype])));
      const isNull = storeLeaf(scope, { leaf, row, at });
      if (isNull !== undefined && leaf.flag !== undefined) flags = (flags ?? i32(0)).or(select(isNull, flagBit(leaf.flag), i32(0)));
    }
  }
  if (tile.flags !== undefined) f.store.i32(local.add(index.shl(2)), flags ?? 0, tile.flags);
  const tuple = f.let(local.add(carried.place).add(index.mul(carried.layout.tupleBytes)));
  storeTuple(scope, carried.layout, tuple, carried.positions.map((position) => row.columns[position]!), { lent: true });
  const count = f.let(index.add(1));
  f.store.i32(local, count, tile.count);
  f.if(count.eq(tile.rows), () => full(i32(tile.rows)));
}

/** Stores a leaf's values of one row; gives whether any of them is NULL. */
function storeLeaf(scope: Scope, { leaf, row, at }: { leaf: TileLeaf; row: Row; at: I32 }): I32 | undefined {
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
      scope.forRange({ to: flight.width }, (k) => storeFeature(scope, leaf, flight.element(scope, k), first.add(k.mul(leaf.strideBytes)), 0));
      column += flight.width;
    } else throw new Error('a struct cannot be a feature');
  }
  return anyNull;
}

function storeFeature(scope: Scope, leaf: TileLeaf, value: SqlValue, at: I32, offset: number): void {
  const { isNull } = value;
  const parts = isNull === undefined ? value.parts : value.parts.map((part) => select(scope.hold(isNull), missingOf(part), scope.hold(part)));
  storeParts(scope, { dtype: leaf.dtype, parts }, at, offset);
}

/** What a model reads for NULL: NaN, where the dtype has it. */
function missingOf<V extends Value>(part: V): V {
  if (part instanceof F32) return f32(NaN) as unknown as V;
  if (part instanceof F64) return f64(NaN) as unknown as V;
  return constant(part.type as 'i32' | 'i64', 0) as unknown as V;
}

interface TiledScan extends Rest { readonly source: Extract<PhysicalSource, { kind: 'scan' }>; readonly before: readonly Operator[] }

/** The way in place: the run goes over its rows tile by tile. */
export function defineTiledScan(emission: Emission, name: string, scan: TiledScan): void {
  const planned = planRest(emission, name, scan);
  const { tile, inner } = planned;
  scan.notes.push(`  tiles of ${tile.rows} rows, in place: features are read where the columns lie`);
  const columnsAt = (scope: Scope, morsel: I32, row: I32): readonly FlightColumn[] => projected(scope, scan.before, scanColumns(scope, scan.source.node, { morsel, row }));
  const segment = defineSegment(emission, name, planned, (scope, { morsel, begin, row }) => {
    return columnsAt(scope, morsel, begin.add(row));
  });
  defineFunction(emission, name, (scope, morsel, stop) => {
    const { f } = scope;
    resetArena(scope);
    const row = f.local('i32', 'row');
    const columns = columnsAt(scope, morsel, row);
    const begin = f.let(load.i32(morsel), 'begin');
    const end = f.let(load.i32(morsel, 4), 'end');
    f.while(() => begin.lt_s(end), () => scope.within(() => {
      const count = f.let(select(end.sub(begin).gt_s(tile.rows), i32(tile.rows), end.sub(begin)), 'count');
      if (tile.flags !== undefined) f.fill(scope.local.add(tile.flags), 0, count.shl(2));
      for (const model of tile.models) for (const leaf of model.leaves) emitLeafColumns(scope, { tile, model, leaf, columns, row, begin, count });
      f.if(f.call(segment, { context: scope.context, local: scope.local, morsel, begin, count }), stop);
      f.advance(begin, count);
    }));
  }, inner.end);
}

function projected(scope: Scope, before: readonly Operator[], columns: readonly FlightColumn[]): readonly FlightColumn[] {
  return before.reduce<readonly FlightColumn[]>((held, operator) => {
    if (operator.kind !== 'project') throw new Error('only projections stand between a scan and a tile in place');
    const row: Row = { columns: held };
    return operator.exprs.map((expr) => emitColumn(scope, row, expr));
  }, columns);
}

interface LeafColumns {
  readonly tile: Tile; readonly model: TileModel; readonly leaf: TileLeaf; readonly columns: readonly FlightColumn[];
  readonly row: Local<'i32'>; readonly begin: I32; readonly count: I32;
}

/** Fills the leaf's addresses for rows begin .. begin + count: in the page where that can be, else of a copy. */
function emitLeafColumns(scope: Scope, at: LeafColumns): void {
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
        values: scanned.values.add(k.mul(scanned.stride)), validity: scanned.validity, begin: at.begin, count: at.count,
        copy: copy.add(k.mul(leaf.strideBytes)), flags, bit: leaf.flag === undefined ? 0 : 1 << leaf.flag,
      });
      f.store.i32(table.add(k.shl(2)), address);
    };
    if (width === 1) put(i32(0));
    else f.forRange({ to: width }, (k) => put(k));
  }
  if (computed.length > 0) computeLeafColumns(scope, at, computed);
}

/** Features that are not plain columns, for all rows of the tile in one loop. */
function computeLeafColumns(scope: Scope, { tile, model, leaf, columns, row, begin, count }: LeafColumns, computed: readonly { readonly expr: Expr; readonly column: number }[]): void {
  const { f, local } = scope;
  scope.forRange({ to: count }, (i) => {
    f.set(row, begin.add(i));
    const at = f.let(local.add(i.mul(WIDTH_BYTES[leaf.dtype])));
    for (const { expr, column } of computed) {
      const part: TileLeaf = { ...leaf, tensor: { ...leaf.tensor, exprs: [expr] }, place: leaf.place + column * leaf.strideBytes };
      const isNull = storeLeaf(scope, { leaf: part, row: { columns }, at });
      if (isNull === undefined || leaf.flag === undefined || tile.flags === undefined) continue;
      const word = f.let(local.add(i.shl(2)));
      f.store.i32(word, load.i32(word, tile.flags).or(select(isNull, flagBit(leaf.flag), i32(0))), tile.flags);
    }
  });
  for (const { expr, column } of computed) {
    const width = expr.type.kind === 'tensor' ? expr.type.dims.reduce<number>((product, dim) => product * Number(dim), 1) : 1;
    tableOfCopies(scope, model, { ...leaf, first: leaf.first + column, columns: width, place: leaf.place + column * leaf.strideBytes });
  }
}

type Fill = Func<{ values: 'i32'; validity: 'i32'; begin: 'i32'; count: 'i32'; copy: 'i32'; flags: 'i32'; bit: 'i32' }, 'i32'>;

/** The address of rows begin .. begin + count of an f32 column: its own, or of a copy with NaN for NULL. */
function fillFunction(emission: Emission): Fill {
  return support(emission, 'feature_column', (module) =>
    module.define('feature_column', {
      params: { values: 'i32', validity: 'i32', begin: 'i32', count: 'i32', copy: 'i32', flags: 'i32', bit: 'i32' }, result: 'i32',
    }, (f, { values, validity, begin, count, copy, flags, bit }) => {
      const from = f.let(values.add(begin.shl(2)));
      f.if(validity.eqz(), () => f.return(from));
      f.forRange({ to: count }, (i) => {
        const row = f.let(begin.add(i));
        const isValid = load.i8_u(validity.add(row.shr_u(3))).shr_u(row.and(7)).and(1);
        f.if(isValid, () => f.store.f32(copy.add(i.shl(2)), load.f32(from.add(i.shl(2)))), () => {
          f.store.f32(copy.add(i.shl(2)), f32(NaN));
          f.if(flags, () => f.store.i32(flags.add(i.shl(2)), load.i32(flags.add(i.shl(2))).or(bit)));
        });
      });
      f.return(copy);
    }));
}
