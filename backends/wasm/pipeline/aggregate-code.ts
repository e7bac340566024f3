/**
 * Aggregates over a worker's table of groups: finding a row's group, updating its states, merging another worker's
 * groups and reading the results. What a state holds is in relational/aggregate-states.ts; zero bytes mean "no row
 * yet".
 */
import type { AggregateCall } from '../../../ir/node.js';
import { CHUNK_HEADER_BYTES } from '../../../runtime/plan.js';
import type { AggregateState } from '../../relational/physical.js';
import { emitExpr, isTrue } from '../expression/emit.js';
import { sameOrNull } from '../expression/compare.js';
import type { SqlValue } from '../expression/value.js';
import { i32, load, type I32 } from '../values.js';
import { AGGREGATES, StateAccess } from './aggregate-states.js';
import { Scope, type Emission } from './emission.js';
import { hashValues } from './hash.js';
import { findOrInsert } from './hash-table.js';
import { scalarColumn, type FlightColumn, type Row } from './row.js';
import { fieldColumn, storeFields, tupleColumns } from './tuple.js';

const TUPLE_HEADER = 8;

function keyValues(scope: Scope, state: AggregateState, tuple: I32): readonly SqlValue[] {
  return state.groups.map((_, i) => {
    const column = fieldColumn(state.rows.layout, state.rows.layout.fields[i]!, { tuple, absent: undefined });
    if (column.kind !== 'scalar') throw new Error('groups are scalars');
    return column.load(scope);
  });
}

function findGroup(
  scope: Scope,
  state: AggregateState,
  keys: readonly SqlValue[],
  hash: I32,
): { tuple: I32; found: I32 } {
  return findOrInsert(
    scope,
    { buffer: state.rows.buffer, tableOffset: state.tableOffset },
    {
      hash,
      same: (tuple) => allSame(scope, keyValues(scope, state, tuple), keys),
    },
  );
}

/** Keys one after the other, the next only where those before agree. */
export function allSame(scope: Scope, stored: readonly SqlValue[], wanted: readonly SqlValue[]): I32 {
  if (stored.length === 0) return i32(1);
  const same = scope.f.let(sameOrNull(scope, stored[0]!, wanted[0]!));
  stored.slice(1).forEach((value, i) => {
    scope.f.if(same, () => scope.within(() => scope.f.set(same, sameOrNull(scope, value, wanted[i + 1]!))));
  });
  return same;
}

/** Without groups there is one tuple, whose address is kept behind the table. */
export function singleGroup(scope: Scope, state: AggregateState): I32 {
  const { f, local } = scope;
  const group = f.let(load.i32(local, state.tableOffset + 12), 'group');
  f.if(group.eqz(), () => {
    f.set(group, findGroup(scope, state, [], i32(0)).tuple);
    f.store.i32(local, group, state.tableOffset + 12);
  });
  return group;
}

/** Takes a row in. `group` is given where there is only one. */
export function consumeAggregate(scope: Scope, state: AggregateState, row: Row, group: I32 | undefined): void {
  const tuple = group ?? groupOf(scope, state, row);
  state.calls.forEach((call, i) => {
    const update = (): void => updateCall(scope, state, { call, index: i, row, tuple });
    if (call.filter === undefined) update();
    else scope.if(isTrue(emitExpr(scope, row, call.filter)), update);
  });
}

function groupOf(scope: Scope, state: AggregateState, row: Row): I32 {
  const keys = state.groups.map((expr) => emitExpr(scope, row, expr));
  const { tuple, found } = findGroup(scope, state, keys, hashValues(scope, keys));
  scope.if(found.eqz(), () =>
    storeFields(scope, { ...state.rows.layout, fields: state.rows.layout.fields.slice(0, keys.length) }, tuple, keys),
  );
  return tuple;
}

interface CallUpdate {
  readonly call: AggregateCall;
  readonly index: number;
  readonly row: Row;
  readonly tuple: I32;
}

function updateCall(scope: Scope, state: AggregateState, { call, index, row, tuple }: CallUpdate): void {
  const args = call.args.map((arg) => emitExpr(scope, row, arg));
  const access = new StateAccess(scope, state, { index, tuple, isReadOnce: true });
  const update = (): void => AGGREGATES[call.op].update(access, args);
  const set = state.distinct[index];
  const first = args[0];
  const once =
    set === undefined || first === undefined
      ? update
      : (): void => {
          const group: SqlValue = { dtype: 'i32', parts: [tuple], isNull: undefined };
          const keys = [group, first];
          const place = { buffer: set.rows.buffer, tableOffset: set.tableOffset };
          const { tuple: entry, found } = findOrInsert(scope, place, {
            hash: hashValues(scope, keys),
            same: (known) =>
              allSame(
                scope,
                set.rows.layout.fields.map((field) => {
                  const column = fieldColumn(set.rows.layout, field, { tuple: known, absent: undefined });
                  return column.kind === 'scalar' ? column.load(scope) : group;
                }),
                keys,
              ),
          });
          scope.if(found.eqz(), () => {
            storeFields(scope, set.rows.layout, entry, keys);
            update();
          });
        };
  if (first?.isNull === undefined || AGGREGATES[call.op].seesNull === true) once();
  else scope.if(first.isNull.eqz(), once);
}

/** The groups, then the aggregates' results. */
export function groupColumns(state: AggregateState, tuple: I32): readonly FlightColumn[] {
  const groups = tupleColumns(state.rows.layout, state.rows.types, tuple);
  const results = state.calls.map((call, index): FlightColumn =>
    scalarColumn(call.type.dtype, (scope) =>
      AGGREGATES[call.op].result(new StateAccess(scope, state, { index, tuple, isReadOnce: true })),
    ),
  );
  return [...groups, ...results];
}

/** merge(context, local, chunk): folds the groups of a chunk into local's. */
export function defineMerge(emission: Emission, name: string, state: AggregateState): void {
  emission.module.define(
    name,
    { params: { context: 'i32', local: 'i32', chunk: 'i32' }, export: true },
    (f, { context, local, chunk }) => {
      const scope = new Scope(emission, f, { context, local });
      const { tupleBytes } = state.rows.layout;
      const from = f.let(chunk.add(CHUNK_HEADER_BYTES), 'from');
      scope.forRange({ to: f.let(load.i32(chunk, 4)) }, () => {
        const keys = keyValues(scope, state, from);
        const { tuple, found } = findGroup(scope, state, keys, f.let(load.i32(from, 4)));
        scope.if(
          found,
          () =>
            state.calls.forEach((call, index) => {
              AGGREGATES[call.op].combine(
                new StateAccess(scope, state, { index, tuple, isReadOnce: true }),
                new StateAccess(scope, state, { index, tuple: from, isReadOnce: true }),
              );
            }),
          () => f.copy(tuple.add(TUPLE_HEADER), from.add(TUPLE_HEADER), tupleBytes - TUPLE_HEADER),
        );
        f.advance(from, tupleBytes);
      });
    },
  );
}

/** ensure(context, local): an aggregate without groups has its one row even when there was none to count. */
export function defineEnsure(emission: Emission, name: string, state: AggregateState): void {
  emission.module.define(name, { params: { context: 'i32', local: 'i32' }, export: true }, (f, { context, local }) => {
    singleGroup(new Scope(emission, f, { context, local }), state);
  });
}
