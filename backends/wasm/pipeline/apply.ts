/**
 * Models in a pipeline. Rows wait in a tile until it is full or the morsel ends; then the next segment runs the models
 * over the tile and goes on row by row.
 *
 * Two ways of filling a tile. Gathered: each row that survives leaves its features in the tile's columns and, in a
 * tuple, what the rest needs: computed values, and where its other columns lie. In place: a scan without filter gives
 * consecutive rows, so a plain f32 column without NULLs is read by the model where it lies in its page, other features
 * are computed a column at a time, and the rest of the pipeline reads its columns by row number.
 */
import type { Apply, Expr } from '../../../ir/node.js';
import { postorder } from '../../../ir/rewrite.js';
import type { RelationType } from '../../../ir/type.js';
import { neededColumns } from '../../relational/needed.js';
import type { Operator, PhysicalSource, Sink } from '../../relational/physical.js';
import { scoreBounds } from '../../relational/score-bounds.js';
import { emitColumn } from '../expression/emit.js';
import { WIDTH_BYTES } from '../kernels/quad.js';
import { i32, load, select, type I32, type Value } from '../values.js';
import type { Func, Label } from '../dsl.js';
import { describeBounds } from './bound.js';
import { Scope, type Emission } from './emission.js';
import { emitLeafColumns, storeLeaf } from './features.js';
import { emptyFullArena, resetArena } from './memory.js';
import { emitOperators } from './operators.js';
import type { FlightColumn, Row } from './row.js';
import { scanRow } from './scan.js';
import { defineFunction, letGo, SEGMENT_PARAMS, type SinkCode } from './segment.js';
import {
  carriedColumns,
  flagBit,
  outputColumns,
  planCarried,
  planTile,
  runModels,
  storeCarried,
  tableOfCopies,
  type Carried,
  type Tile,
} from './tile.js';

interface Rest {
  /** From the first apply on. */
  readonly operators: readonly Operator[];
  readonly pipelineSink: Sink;
  readonly sink: SinkCode;
  readonly notes: Notes;
}

/** Lines for explain below each model; what is said of a tile stands at its last model. */
export type Notes = Map<Apply, readonly string[]>;

function noteTile({ notes }: Rest, tile: Tile, text: string): void {
  const last = tile.models.at(-1)!.node;
  notes.set(last, [...(notes.get(last) ?? []), `tiles of ${tile.rows} rows, ${text}`]);
}

/** Models that follow each other and do not read each other's outputs share a tile. */
function leadingModels(operators: readonly Operator[]): readonly Apply[] {
  const nodes: Apply[] = [];
  for (const operator of operators) {
    if (operator.kind !== 'apply') break;
    const first = nodes[0]?.input.type.columns.length ?? Infinity;
    if (
      leafExprs(operator.node).some((expr) =>
        postorder(expr).some((node) => node.kind === 'ref' && node.index >= first),
      )
    )
      break;
    nodes.push(operator.node);
  }
  return nodes;
}

function leafExprs(node: Apply): readonly Expr[] {
  return node.outputs
    .flatMap((output) => postorder(output.tensor))
    .flatMap((tensor) => (tensor.kind === 'to_tensor' ? tensor.exprs : []));
}

type Segment = Func<typeof SEGMENT_PARAMS, 'i32'>;

interface Planned {
  readonly tile: Tile;
  readonly after: readonly Operator[];
  readonly inner: SinkCode;
  readonly inputType: RelationType;
  readonly needed: ReadonlySet<number>;
}

function planRest(emission: Emission, name: string, rest: Rest): Planned {
  const nodes = leadingModels(rest.operators);
  const after = rest.operators.slice(nodes.length);
  const { columns } = nodes.at(-1)!.type;
  const behind = { operators: after, columns, sink: rest.pipelineSink, data: emission.tensors };
  const tile = planTile(emission, nodes, nodes.map((node) => scoreBounds(node, behind)));
  for (const { node, program, bounds } of tile.models) {
    const names = columns.map((column) => column.name);
    rest.notes.set(node, bounds === undefined ? program.explain : [...program.explain, describeBounds(bounds, names)]);
  }
  const inputType = nodes[0]!.input.type;
  const next = after.findIndex((operator) => operator.kind === 'apply');
  const inner = next < 0 ? rest.sink : tileSink(emission, name, { ...rest, operators: after.slice(next) });
  return {
    tile,
    after: next < 0 ? after : after.slice(0, next),
    inner,
    inputType,
    needed: neededColumns(after, rest.pipelineSink, inputType.columns.length),
  };
}

/** Columns of a tile's row, and what is to be done when the loop comes to one. */
interface RowsOfTile {
  readonly columns: readonly FlightColumn[];
  readonly arrive?: () => void;
}

/** The segment behind the models: runs them, then the operators for each row of the tile. */
function defineSegment(
  emission: Emission,
  name: string,
  { tile, after, inner }: Planned,
  inputColumns: (scope: Scope, place: { begin: I32; row: I32 }) => RowsOfTile,
): Segment {
  return emission.module.define(
    emission.module.freshName(`${name}_tile`),
    { params: SEGMENT_PARAMS, result: 'i32' },
    (f, { context, local, morsel, begin, count }) => {
      const scope = new Scope(emission, f, { context, local, morsel });
      runModels(scope, tile, count, () => f.return(0));
      const consume = inner.begin(scope);
      const row = f.local('i32', 'tile_row');
      const { columns, arrive } = inputColumns(scope, { begin, row });
      scope.forRange({ to: count }, (i, label: Label) => {
        f.set(row, i);
        arrive?.();
        const all: Row = { columns: [...columns, ...tile.models.flatMap((model) => outputColumns(tile, model, row))] };
        emitOperators(
          scope,
          after,
          all,
          { next: (condition) => label.continue(condition), stop: () => f.return(1) },
          consume,
        );
      });
      f.return(0);
    },
  );
}

/** The gathered way: a sink for the segment before the models. Its code is known when the first row comes. */
export function tileSink(emission: Emission, name: string, rest: Rest): SinkCode {
  const planned = planRest(emission, name, rest);
  const { tile, inputType, needed, inner } = planned;
  const width = inputType.columns.length;
  let segment: Segment | undefined;
  const plan = (row: Row): Carried => {
    if (segment !== undefined) throw new Error('a tile is filled in one place');
    const columns = [...needed].sort((a, b) => a - b).map((position) => ({
      position, type: inputType.columns[position]!.type, column: row.columns[position]!,
    }));
    const carried = planCarried(emission, tile, columns);
    noteTile(rest, tile, `gathered: ${waiting(carried)}`);
    segment = defineSegment(emission, name, planned, (scope, { row: index }) => {
      // The row number changes in the loop: an address computed of it is a description, read anew for each row.
      const tuple = scope.local.add(carried.place).add(index.mul(carried.layout.tupleBytes));
      return carriedColumns(scope, carried, { tuple, width });
    });
    return carried;
  };
  const run = (scope: Scope, count: Value): I32 => {
    if (segment === undefined) return i32(0);
    const { context, local, morsel } = scope;
    scope.f.store.i32(local, 0, tile.count);
    for (const model of tile.models) for (const leaf of model.leaves) tableOfCopies(scope, model, leaf);
    return scope.f.call(segment, { context, local, morsel, begin: 0, count: count as I32 });
  };
  return {
    begin: (scope) => (row, flow) =>
      gatherRow(scope, { tile, carried: plan(row), row }, (count) => scope.f.if(run(scope, count), flow.stop)),
    end: (scope, stopped) => {
      const count = scope.f.let(load.i32(scope.local, tile.count));
      // Also after a stop: a limit before the model has let these rows pass; one behind it has left none here.
      scope.f.if(count, () => scope.f.set(stopped, stopped.or(run(scope, count))));
      inner.end(scope, stopped);
    },
  };
}

function waiting({ values, homes }: Carried): string {
  const found = homes.reduce((sum, { columns }) => sum + columns.length, 0);
  if (values.length === 0 && found > 0) return `${found} columns are read where they lie`;
  const kept = `${values.length} columns wait with them`;
  return found === 0 ? kept : `${kept}, ${found} are read where they lie`;
}

interface Gather {
  readonly tile: Tile;
  readonly carried: Carried;
  readonly row: Row;
}

function gatherRow(scope: Scope, { tile, carried, row }: Gather, full: (count: Value) => void): void {
  const { f, local } = scope;
  const index = f.let(load.i32(local, tile.count), 'waiting');
  let flags: I32 | undefined;
  for (const model of tile.models) {
    for (const leaf of model.leaves) {
      const at = f.let(local.add(index.mul(WIDTH_BYTES[leaf.dtype])));
      const isNull = storeLeaf(scope, { leaf, row, at });
      if (isNull !== undefined && leaf.flag !== undefined)
        flags = (flags ?? i32(0)).or(select(isNull, flagBit(leaf.flag), i32(0)));
    }
  }
  if (tile.flags !== undefined) f.store.i32(local.add(index.shl(2)), flags ?? 0, tile.flags);
  const tuple = f.let(local.add(carried.place).add(index.mul(carried.layout.tupleBytes)));
  storeCarried(scope, carried, tuple, row);
  const count = f.let(index.add(1));
  f.store.i32(local, count, tile.count);
  f.if(count.eq(tile.rows), () => full(i32(tile.rows)));
}

interface TiledScan extends Rest {
  readonly source: Extract<PhysicalSource, { kind: 'scan' }>;
  readonly before: readonly Operator[];
}

/** The way in place: the run goes over its rows tile by tile. */
export function defineTiledScan(emission: Emission, name: string, scan: TiledScan): void {
  const arenaUses = emission.arena.uses;
  const planned = planRest(emission, name, scan);
  const { tile, inner } = planned;
  noteTile(scan, tile, 'in place: features are read where the columns lie');
  const columnsAt = (scope: Scope, row: I32): readonly FlightColumn[] =>
    projected(scope, scan.before, scanRow(scope, scan.source.node, row));
  const segment = defineSegment(emission, name, planned, (scope, { begin, row }) => ({
    columns: columnsAt(scope, begin.add(row)),
  }));
  defineFunction(
    emission,
    name,
    (scope, morsel, stop) => {
      const { f } = scope;
      resetArena(scope);
      const row = f.local('i32', 'row');
      const columns = columnsAt(scope, row);
      const begin = f.let(load.i32(morsel), 'begin');
      const end = f.let(load.i32(morsel, 4), 'end');
      f.while(
        () => begin.lt_s(end),
        () =>
          scope.within(() => {
            const count = f.let(select(end.sub(begin).gt_s(tile.rows), i32(tile.rows), end.sub(begin)), 'count');
            if (tile.flags !== undefined) f.fill(scope.local.add(tile.flags), 0, count.shl(2));
            for (const model of tile.models)
              for (const leaf of model.leaves)
                emitLeafColumns(scope, { tile, model, leaf, columns, row, begin, count });
            f.if(f.call(segment, { context: scope.context, local: scope.local, morsel, begin, count }), stop);
            if (emission.arena.uses > arenaUses) emptyFullArena(scope, () => letGo(scope, inner, stop));
            f.advance(begin, count);
          }),
      );
    },
    inner.end,
  );
}

function projected(
  scope: Scope,
  before: readonly Operator[],
  columns: readonly FlightColumn[],
): readonly FlightColumn[] {
  return before.reduce<readonly FlightColumn[]>((held, operator) => {
    if (operator.kind !== 'project') throw new Error('only projections stand between a scan and a tile in place');
    const row: Row = { columns: held };
    return operator.exprs.map((expr) => emitColumn(scope, row, expr));
  }, columns);
}
