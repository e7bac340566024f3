/**
 * Sources: each emits a loop that runs `body` for every row of the morsel. Of buffers a morsel is an address and a
 * count: of tuples that lie one after the other, or of pointers in sorted order.
 */
import { dtypeInfo } from '../../../ir/dtype.js';
import type { Expr, Series } from '../../../ir/node.js';
import type { RelationType } from '../../../ir/type.js';
import type { PhysicalSource, TupleBuffer } from '../../relational/physical.js';
import { slotsOf, TUPLE_MARK, tupleLayout } from '../../relational/layout.js';
import { emitExpr } from '../expression/emit.js';
import { asI32, asI64, orNull } from '../expression/value.js';
import { i32, i64, load, type I32 } from '../values.js';
import { groupColumns } from './aggregate-code.js';
import { literalTuples } from './literal-rows.js';
import type { Flow, Scope } from './emission.js';
import { housed, scalarColumn, type FlightColumn, type Home, type Row } from './row.js';
import { scanRow } from './scan.js';
import { tupleColumns } from './tuple.js';
import { failIf } from '../expression/site.js';

export type Body = (row: Row, flow: Flow) => void;

interface SourceOptions {
  readonly morsel: I32;
  readonly stop: () => void;
}

export function emitSource(scope: Scope, source: PhysicalSource, options: SourceOptions, body: Body): void {
  const { morsel } = options;
  switch (source.kind) {
    case 'scan': {
      const [begin, end] = [scope.f.let(load.i32(morsel)), scope.f.let(load.i32(morsel, 4))];
      return emitScanLoop(scope, source, { ...options, begin, end }, body);
    }
    case 'buffer':
      return overTuples(
        scope,
        inPlace(source.rows),
        options,
        (tuple) => tupleColumns(source.rows.layout, source.rows.types, tuple),
        body,
      );
    case 'groups':
      return overTuples(scope, inPlace(source.state.rows), options, (tuple) => groupColumns(source.state, tuple), body);
    case 'unmatched': {
      const { rows, columnCount } = source.build;
      return overTuples(
        scope,
        inPlace(rows),
        options,
        (tuple) => tupleColumns(rows.layout, rows.types, tuple).slice(0, columnCount),
        (row, flow, tuple) => {
          flow.next(load.i8_u(tuple, TUPLE_MARK));
          body(row, flow);
        },
      );
    }
    case 'sorted': {
      const { rows, columnCount } = source.state;
      return overTuples(
        scope,
        byPointer,
        options,
        (tuple) => tupleColumns(rows.layout, rows.types, tuple).slice(0, columnCount),
        body,
      );
    }
    case 'values':
      return overLiterals(scope, source, options, body);
    case 'series':
      return emitSeries(scope, source.node, options, body);
    case 'once':
      return scope.f.block((end) => {
        const next = (condition?: I32): void => end.break(condition);
        scope.within(() => body({ columns: [] }, { next, stop: options.stop }));
      });
  }
}

export function emitScanLoop(
  scope: Scope,
  source: Extract<PhysicalSource, { kind: 'scan' }>,
  options: SourceOptions & { readonly begin: I32; readonly end: I32 },
  body: Body,
): void {
  const row = scope.f.local('i32', 'row');
  const columns = scanRow(scope, source.node, row);
  scope.forRange({ from: options.begin, to: options.end }, (i, label) => {
    scope.f.set(row, i);
    body({ columns }, { next: (condition) => label.continue(condition), stop: options.stop });
  });
}

type TupleBody = (row: Row, flow: Flow, tuple: I32) => void;

/** Where tuples lie: one after the other, or behind pointers in order. */
type TuplesAt = (first: I32, i: I32) => I32;

const inPlace =
  ({ layout }: Pick<TupleBuffer, 'layout'>): TuplesAt =>
  (first, i) =>
    first.add(i.mul(layout.tupleBytes));
const byPointer: TuplesAt = (first, i) => load.i32(first.add(i.shl(2)));

function overTuples(
  scope: Scope,
  at: TuplesAt,
  options: SourceOptions,
  columnsOf: (tuple: I32) => readonly FlightColumn[],
  body: TupleBody,
): void {
  const { f } = scope;
  const first = f.let(load.i32(options.morsel));
  const count = f.let(load.i32(options.morsel, 4));
  const tuple = f.local('i32', 'tuple');
  const columnsAt: Home['columns'] = (_, word) => housed(columnsOf(word), { word, columns: columnsAt });
  scope.forRange({ to: count }, (i, label) => {
    f.set(tuple, at(first, i));
    const columns = housed(columnsOf(tuple), { word: tuple, columns: columnsAt });
    body({ columns }, { next: (condition) => label.continue(condition), stop: options.stop }, tuple);
  });
}

/** Literal rows lie in the module's data as tuples; their text is relative to the text's own data. */
function overLiterals(
  scope: Scope,
  source: { readonly rows: readonly (readonly Expr[])[]; readonly type: RelationType },
  options: SourceOptions,
  body: Body,
): void {
  const types = source.type.columns.map((column) => column.type);
  const layout = tupleLayout(types.flatMap((type) => slotsOf(type)));
  const { tuples, text } = literalTuples(source.rows, layout);
  const { module } = scope.emission;
  const first = scope.f.let(module.data(tuples));
  const textBase = text.length === 0 ? i32(0) : scope.f.let(module.data(text));
  const tuple = scope.f.local('i32', 'tuple');
  const columns = tupleColumns(layout, types, tuple).map((column): FlightColumn => {
    if (column.kind !== 'scalar' || dtypeInfo(column.dtype).physical !== 'bytes') return column;
    return scalarColumn(column.dtype, (at) => {
      const value = column.load(at);
      return { ...value, parts: [asI32(value.parts[0]!).add(textBase), value.parts[1]!] };
    });
  });
  scope.forRange({ to: source.rows.length }, (i, label) => {
    scope.f.set(tuple, first.add(i.mul(layout.tupleBytes)));
    body({ columns }, { next: (condition) => label.continue(condition), stop: options.stop });
  });
}

/** start, start + step, ... while not past stop; nothing where a bound is NULL. */
function emitSeries(scope: Scope, node: Series, options: SourceOptions, body: Body): void {
  const { f } = scope;
  const empty: Row = { columns: [] };
  const [start, stop, step] = [node.start, node.stop, node.step].map((expr) => emitExpr(scope, empty, expr));
  const at = f.let(asI64(start!.parts[0]!), 'at');
  const end = scope.hold(asI64(stop!.parts[0]!));
  const by = scope.hold(asI64(step!.parts[0]!));
  const isNull = orNull(start!.isNull, stop!.isNull, step!.isNull);
  failIf(scope, by.eqz(), 'The step of a series cannot be zero', isNull);
  f.block((done) => {
    if (isNull !== undefined) done.break(isNull);
    scope.loop((label) => {
      const past = node.inclusive ? ([at.gt_s(end), at.lt_s(end)] as const) : ([at.ge_s(end), at.le_s(end)] as const);
      label.break(by.gt_s(0).and(past[0]).or(by.lt_s(0).and(past[1])));
      f.block((next) => {
        const column = scalarColumn('i64', () => ({ dtype: 'i64', parts: [at], isNull: undefined }));
        body({ columns: [column] }, { next: (condition) => next.break(condition), stop: options.stop });
      });
      const following = f.let(at.add(by));
      // Past the end of 64 bits the series is over.
      label.break(by.gt_s(i64(0)).ne(following.gt_s(at)));
      f.set(at, following);
    });
  });
}
