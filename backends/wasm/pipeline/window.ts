/**
 * The pass over rows sorted by partition and order that fills in the results of window functions.
 *
 * A frame that begins with its partition only grows, so its aggregate goes on from row to row; one that ends with it
 * grows from the last row to the first, where the aggregate does not ask for their order. Any other frame is aggregated
 * anew for each row.
 */
import { ORDERED_AGGREGATES, type WindowCall } from '../../../ir/node.js';
import type { Finish } from '../../../runtime/plan.js';
import { isAggregate } from '../../relational/lower-window.js';
import type { PlacedWindowCall, WindowState } from '../../relational/physical.js';
import { emitExpr, nullColumnOf } from '../expression/emit.js';
import { failIf } from '../expression/site.js';
import { asI64, nullValue, type SqlValue } from '../expression/value.js';
import { i32, i64, load, select, type I32, type I64 } from '../values.js';
import { AGGREGATES, StateAccess } from './aggregate-states.js';
import { Scope, type Emission } from './emission.js';
import { appendTuple } from './memory.js';
import type { FlightColumn, Row } from './row.js';
import { defineSort } from './sort.js';
import { owned, storeParts, storeTuple } from './tuple.js';
import {
  defineSame, fieldValue, firstSame, frameOf, lastSame, type Current, type Frame, type Partition,
} from './window-frame.js';

/** The row, NULL for each result, then keys and arguments. */
export function consumeWindow(scope: Scope, state: WindowState, row: Row): void {
  const results = state.calls.map(({ call }) => nullColumnOf(call.type));
  const computed = state.computed.map((expr): FlightColumn => {
    const value = emitExpr(scope, row, expr);
    return { kind: 'scalar', dtype: value.dtype, load: () => value };
  });
  storeTuple(scope, state.sort.rows.layout, appendTuple(scope, state.sort.rows.buffer), [
    ...row.columns,
    ...results,
    ...computed,
  ]);
}

export function defineWindow(emission: Emission, name: string, state: WindowState): readonly Finish[] {
  const keys = state.sort.keys.map(({ field }) => field);
  const partition = defineSame(emission, `same_partition_${name}`, state, keys.slice(0, state.partitionCount));
  const peers = defineSame(emission, `same_peers_${name}`, state, keys.slice(state.partitionCount));
  const fn = `window_${name}`;
  const { slotOffset } = state.sort.rows.buffer;
  emission.module.define(fn, { params: { context: 'i32', local: 'i32' }, export: true }, (f, { context, local }) => {
    const scope = new Scope(emission, f, { context, local });
    const pointers = f.let(load.i32(context, slotOffset + 8), 'pointers');
    const count = f.let(load.i32(context, slotOffset + 12), 'count');
    const at = (i: I32): I32 => load.i32(pointers.add(i.shl(2)));
    const start = f.let(i32(0), 'start');
    f.while(
      () => start.lt_s(count),
      () =>
        scope.within(() => {
          const first = f.let(at(start));
          const end = lastSame(scope, partition, { from: start, to: count, of: first, at });
          emitPartition(scope, state, { at, start, end, peers });
          f.set(start, end);
        }),
    );
  });
  return [defineSort(emission, name, state.sort), { kind: 'once', fn }];
}

function emitPartition(scope: Scope, state: WindowState, partition: Partition): void {
  const { f } = scope;
  const { at, start, end, peers } = partition;
  f.fill(scope.local.add(state.statePlace), 0, state.aggregate.rows.layout.tupleBytes);
  for (const { done } of state.calls) f.store.i32(scope.local, start, done);
  state.calls.forEach((placed, index) => {
    if (growsBack(placed.call)) aggregateBack(scope, state, { placed, index }, partition);
  });
  const peerStart = f.let(start);
  const peerEnd = f.let(start);
  const group = f.let(i32(-1));
  scope.forRange({ from: start, to: end }, (row) => {
    const tuple = f.let(at(row));
    f.if(row.eq(peerEnd), () => {
      f.set(peerStart, row);
      f.set(peerEnd, lastSame(scope, peers, { from: row, to: end, of: tuple, at }));
      f.advance(group, 1);
    });
    state.calls.forEach((placed, index) => {
      if (growsBack(placed.call)) return;
      scope.within(() => {
        const value = valueOf(scope, state, { placed, index }, { ...partition, row, tuple, peerStart, peerEnd, group });
        storeResult(scope, state, { tuple, field: placed.result, value });
      });
    });
  });
}

/** The sum of floats is rounded in another order then, which SQL leaves open. */
const growsBack = ({ op, frame }: WindowCall): boolean =>
  isAggregate(op) && !ORDERED_AGGREGATES.has(op) && frame?.end.kind === 'unbounded' && frame.start.kind !== 'unbounded';

/** Frames that end with their partition, from its last row back: each row is taken in once. */
function aggregateBack(scope: Scope, state: WindowState, call: At, partition: Partition): void {
  const { f } = scope;
  const { at, start, end, peers } = partition;
  const access = accessTo(scope, state, call);
  const [row, peerStart, next] = [f.let(end), f.let(end), f.let(end)];
  f.while(
    () => row.gt_s(start),
    () =>
      scope.within(() => {
        f.advance(row, -1);
        const tuple = f.let(at(row));
        f.if(row.lt_s(peerStart), () => f.set(peerStart, firstSame(scope, peers, { from: start, to: row, at })));
        const current = { ...partition, row, tuple, peerStart, peerEnd: end, group: row };
        const { from } = frameOf(scope, call.placed.call, current);
        f.while(
          () => next.gt_s(from),
          () => {
            f.advance(next, -1);
            takeIn(scope, state, call, { access, tuple: at(next) });
          },
        );
        storeResult(scope, state, { tuple, field: call.placed.result, value: resultOf(scope, state, call, access) });
      }),
  );
}

function storeResult(
  scope: Scope,
  state: WindowState,
  { tuple, field, value }: { tuple: I32; field: number; value: SqlValue },
): void {
  const { layout } = state.sort.rows;
  const { dtype, offset, nullBit } = layout.fields[field]!;
  storeParts(scope, { dtype, parts: owned(scope, scope.holdValue(value)).parts }, tuple, offset);
  if (nullBit === undefined) return;
  const place = layout.nullOffset + (nullBit >> 3);
  const cleared = load.i8_u(tuple, place).and(0xff & ~(1 << (nullBit & 7)));
  scope.f.store.i8(tuple, value.isNull === undefined ? cleared : cleared.or(value.isNull.shl(nullBit & 7)), place);
}

interface At {
  readonly placed: PlacedWindowCall;
  readonly index: number;
}

function valueOf(scope: Scope, state: WindowState, { placed, index }: At, current: Current): SqlValue {
  const { call } = placed;
  const { row, start, end, peerStart, peerEnd, group } = current;
  const integer = (value: I32): SqlValue => ({ dtype: 'i64', parts: [value.extend_s()], isNull: undefined });
  const share = (part: I32, whole: I32): SqlValue => ({
    dtype: 'f64',
    parts: [
      select(whole.eqz(), i32(0), part)
        .to_f64_s()
        .div(select(whole.eqz(), i32(1), whole).to_f64_s()),
    ],
    isNull: undefined,
  });
  switch (call.op) {
    case 'row_number':
      return integer(row.sub(start).add(1));
    case 'rank':
      return integer(peerStart.sub(start).add(1));
    case 'dense_rank':
      return integer(group.add(1));
    case 'percent_rank':
      return share(peerStart.sub(start), end.sub(start).sub(1));
    case 'cume_dist':
      return share(peerEnd.sub(start), end.sub(start));
    case 'ntile':
      return ntile(scope, fieldValue(scope, state, current.tuple, placed.args[0]!), current);
    case 'lag':
      return shifted(scope, state, placed, current, -1);
    case 'lead':
      return shifted(scope, state, placed, current, 1);
    default:
      break;
  }
  const frame = frameOf(scope, call, current);
  if (isAggregate(call.op)) return aggregated(scope, state, { placed, index }, { ...current, ...frame });
  if (call.op === 'first_value')
    return valueAt(scope, state, placed, { row: frame.from, isThere: frame.from.lt_s(frame.to), at: current.at });
  if (call.op === 'last_value')
    return valueAt(scope, state, placed, { row: frame.to.sub(1), isThere: frame.from.lt_s(frame.to), at: current.at });
  const nth = fieldValue(scope, state, current.tuple, placed.args[1]!);
  const wanted = scope.hold(asI64(nth.parts[0]!).add(frame.from.extend_s()).sub(1));
  const within = asI64(nth.parts[0]!).gt_s(0).and(wanted.lt_s(frame.to.extend_s()));
  return valueAt(scope, state, placed, {
    row: wanted.wrap(),
    isThere: nth.isNull === undefined ? within : within.and(nth.isNull.eqz()),
    at: current.at,
  });
}

/** The first argument in another row; NULL where that is none of the frame's. */
function valueAt(
  scope: Scope,
  state: WindowState,
  placed: PlacedWindowCall,
  { row, isThere, at }: { row: I32; isThere: I32; at: Partition['at'] },
): SqlValue {
  const { dtype } = state.sort.rows.layout.fields[placed.args[0]!]!;
  return scope.unlessNull(dtype, scope.hold(isThere.eqz()), () =>
    fieldValue(scope, state, scope.f.let(at(row)), placed.args[0]!),
  );
}

function shifted(
  scope: Scope,
  state: WindowState,
  placed: PlacedWindowCall,
  current: Current,
  direction: 1 | -1,
): SqlValue {
  const [value, offset, otherwise] = placed.args;
  const { dtype } = state.sort.rows.layout.fields[value!]!;
  const by: SqlValue =
    offset === undefined
      ? { dtype: 'i64', parts: [i64(1)], isNull: undefined }
      : fieldValue(scope, state, current.tuple, offset);
  return scope.unlessNull(dtype, by.isNull, () => {
    const most = i64(2n ** 40n);
    const steps = asI64(by.parts[0]!);
    const near = select(steps.gt_s(most), most, select(steps.lt_s(i64(0).sub(most)), i64(0).sub(most), steps));
    const target = scope.hold(current.row.extend_s().add(near.mul(direction)));
    const result = scope.variable(dtype, true);
    scope.if(
      target.ge_s(current.start.extend_s()).and(target.lt_s(current.end.extend_s())),
      () => {
        scope.assign(result, fieldValue(scope, state, scope.f.let(current.at(target.wrap())), value!));
      },
      () =>
        scope.assign(
          result,
          otherwise === undefined ? nullValue(dtype) : fieldValue(scope, state, current.tuple, otherwise),
        ),
    );
    return result;
  });
}

/** The first size % count buckets are one larger. */
function ntile(scope: Scope, buckets: SqlValue, { row, start, end }: Current): SqlValue {
  const count = scope.hold(asI64(buckets.parts[0]!));
  failIf(scope, count.lt_s(1), 'ntile: at least 1 bucket was expected', buckets.isNull);
  return scope.unlessNull('i64', buckets.isNull, () => {
    const size = scope.hold(end.sub(start).extend_s());
    const place = scope.hold(row.sub(start).extend_s());
    const small = scope.hold(size.div_s(count));
    const large = scope.hold(size.rem_s(count));
    const inLarge = scope.hold(large.mul(small.add(1)));
    const divisor = select(small.eqz(), i64(1), small as I64);
    const value = select(
      place.lt_s(inLarge),
      place.div_s(small.add(1)).add(1),
      large.add(place.sub(inLarge).div_s(divisor)).add(1),
    );
    return { dtype: 'i64', parts: [value], isNull: undefined };
  });
}

function accessTo(scope: Scope, state: WindowState, { index }: At): StateAccess {
  const tuple = scope.f.let(scope.local.add(state.statePlace));
  return new StateAccess(scope, state.aggregate, { index, tuple, isReadOnce: false });
}

const resultOf = (scope: Scope, state: WindowState, { index }: At, access: StateAccess): SqlValue =>
  scope.holdValue(AGGREGATES[state.aggregate.calls[index]!.op].result(access));

function takeIn(
  scope: Scope,
  state: WindowState,
  { placed, index }: At,
  { access, tuple: address }: { readonly access: StateAccess; readonly tuple: I32 },
): void {
  scope.within(() => {
    const tuple = scope.f.let(address);
    const values = placed.args.map((field) => fieldValue(scope, state, tuple, field));
    const code = AGGREGATES[state.aggregate.calls[index]!.op];
    const update = (): void => code.update(access, values);
    if (values[0]?.isNull === undefined || code.seesNull === true) update();
    else scope.if(values[0].isNull.eqz(), update);
  });
}

function aggregated(scope: Scope, state: WindowState, at: At, frame: Current & Frame): SqlValue {
  const { f, local } = scope;
  const { call, done } = at.placed;
  const access = accessTo(scope, state, at);
  const grows = call.frame === undefined || call.frame.start.kind === 'unbounded';
  const next = f.let(grows ? load.i32(local, done) : frame.from, 'next');
  if (!grows) {
    AGGREGATES[access.call.op].giveBack?.(access);
    access.clear();
  }
  f.while(
    () => next.lt_s(frame.to),
    () => {
      takeIn(scope, state, at, { access, tuple: frame.at(next) });
      f.advance(next, 1);
    },
  );
  if (grows) f.store.i32(local, next, done);
  return resultOf(scope, state, at, access);
}
