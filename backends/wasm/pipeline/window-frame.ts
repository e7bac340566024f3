/** Rows of a partition, which of them are the same, and those that the frame of one of them holds. */
import type { WindowCall } from '../../../ir/node.js';
import type { WindowState } from '../../relational/physical.js';
import type { SqlValue } from '../expression/value.js';
import type { Func, Local } from '../dsl.js';
import { i32, select, type I32 } from '../values.js';
import { allSame } from './aggregate-code.js';
import { Scope, type Emission } from './emission.js';
import { fieldColumn } from './tuple.js';
import { NoCode } from '../../no-code.js';

/** Whether two tuples have the same keys. */
export type Same = Func<{ a: 'i32'; b: 'i32' }, 'i32'>;

export interface Partition {
  readonly at: (i: I32) => I32;
  readonly start: I32;
  readonly end: I32;
  readonly peers: Same;
}

/** The current row: its number, its tuple, its peers and the number of its peer group from 0. */
export interface Current extends Partition {
  readonly row: I32;
  readonly tuple: I32;
  readonly peerStart: I32;
  readonly peerEnd: I32;
  readonly group: I32;
}

export function fieldValue(scope: Scope, state: WindowState, tuple: I32, field: number): SqlValue {
  const { layout } = state.sort.rows;
  const column = fieldColumn(layout, layout.fields[field]!, { tuple, absent: undefined });
  if (column.kind !== 'scalar')
    throw new NoCode('keys and arguments of window functions that are no scalars are not supported yet');
  return column.load(scope);
}

export function defineSame(emission: Emission, name: string, state: WindowState, fields: readonly number[]): Same {
  return emission.module.define(name, { params: { a: 'i32', b: 'i32' }, result: 'i32' }, (f, { a, b }) => {
    const scope = new Scope(emission, f, { context: i32(0), local: i32(0) });
    f.return(
      allSame(
        scope,
        fields.map((field) => fieldValue(scope, state, a, field)),
        fields.map((field) => fieldValue(scope, state, b, field)),
      ),
    );
  });
}

/** Past the last of the rows from `from` on that are the same as `of`. */
export function lastSame(
  scope: Scope,
  same: Same,
  { from, to, of, at }: { from: I32; to: I32; of: I32; at: (i: I32) => I32 },
): Local<'i32'> {
  const { f } = scope;
  const end = f.let(from.add(1));
  f.while(
    () => end.lt_s(to),
    (label) => {
      label.break(f.call(same, { a: of, b: at(end) }).eqz());
      f.advance(end, 1);
    },
  );
  return end;
}

/** The first of the rows up to `to`, which is one of them, that are the same as it. */
export function firstSame(
  scope: Scope,
  same: Same,
  { from, to, at }: { from: I32; to: I32; at: (i: I32) => I32 },
): Local<'i32'> {
  const { f } = scope;
  const [first, of] = [f.let(to), f.let(at(to))];
  f.while(
    () => first.gt_s(from),
    (label) => {
      label.break(f.call(same, { a: of, b: at(first.sub(1)) }).eqz());
      f.advance(first, -1);
    },
  );
  return first;
}

export interface Frame {
  readonly from: I32;
  readonly to: I32;
}

/** Without a frame: to the last peer. Bounds of RANGE and GROUPS other than the current row are not built yet. */
export function frameOf(scope: Scope, call: WindowCall, { row, start, end, peerStart, peerEnd }: Current): Frame {
  if (call.frame === undefined) return { from: start, to: peerEnd };
  const { unit, start: first, end: last } = call.frame;
  const isFar = [first, last].some((bound) => bound.kind === 'offset' && bound.offset !== 0);
  if (unit !== 'rows' && isFar) throw new NoCode(`window frames of ${unit} with an offset are not supported yet`);
  const clamped = (place: I32): I32 =>
    scope.hold(select(place.lt_s(start), start, select(place.gt_s(end), end, place)));
  const offset = (bound: typeof first): number => (bound.kind === 'offset' ? bound.offset : 0);
  const from = first.kind === 'unbounded' ? start : unit === 'rows' ? clamped(row.add(offset(first))) : peerStart;
  const to = last.kind === 'unbounded' ? end : unit === 'rows' ? clamped(row.add(offset(last) + 1)) : peerEnd;
  return { from, to };
}
