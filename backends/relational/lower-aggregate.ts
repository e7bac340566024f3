/**
 * Aggregates: a table of groups a worker, merged into one, which the next pipeline reads.
 *
 * Distinct aggregates of one argument are a grouping by (groups, argument) below a plain aggregate; where distinct and
 * other calls are mixed each distinct call keeps a set a group, and one worker does it all.
 */
import { make } from '../../ir/build.js';
import { ORDERED_AGGREGATES, type Aggregate, type AggregateCall, type Expr } from '../../ir/node.js';
import { relation, sqlTypeName } from '../../ir/type.js';
import { STATES } from './aggregate-states.js';
import { tupleLayout, slotsOf } from './layout.js';
import { fromSource, type Lowering, type Stream } from './lower.js';
import type { AggregateState, DistinctSet, TupleBuffer } from './physical.js';
import { NoCode } from '../no-code.js';

const TABLE_BYTES = 16;

export function lowerAggregate(lowering: Lowering, node: Aggregate): Stream {
  const compound = node.groups.find((group) => group.expr.type.kind !== 'scalar');
  if (compound !== undefined) {
    throw new NoCode(`grouping by "${compound.name}", a ${sqlTypeName(compound.expr.type)}, is not supported yet`);
  }
  const calls = node.calls.map(withoutIdleDistinct);
  const argument = commonDistinctArgument(calls);
  if (argument !== undefined) return lowerAggregate(lowering, groupedFirst(node, calls, argument));
  const distinct = calls.map((call) => (call.distinct ? distinctSet(lowering, node, call) : undefined));
  const state = aggregateState(lowering, node, calls, distinct);
  const serial = distinct.some((set) => set !== undefined) || calls.some((call) => ORDERED_AGGREGATES.has(call.op));
  lowering.close(lowering.stream(node.input), { kind: 'aggregate', state }, { serial });
  return fromSource({ kind: 'groups', state });
}

/** A least value is the same of a set. */
function withoutIdleDistinct(call: AggregateCall): AggregateCall {
  return call.distinct && /^(min|max|bool_and|bool_or|bit_and|bit_or|any_value|first)$/.test(call.op)
    ? { ...call, distinct: false }
    : call;
}

function commonDistinctArgument(calls: readonly AggregateCall[]): Expr | undefined {
  const argument = calls[0]?.args[0];
  if (
    argument === undefined ||
    calls.some(
      (call) => !call.distinct || call.filter !== undefined || call.args.length !== 1 || call.args[0] !== argument,
    )
  )
    return undefined;
  return argument;
}

/** agg(distinct x) by g = agg(x) by g over (distinct g, x). */
function groupedFirst(node: Aggregate, calls: readonly AggregateCall[], argument: Expr): Aggregate {
  const groups = [...node.groups, { expr: argument, name: 'argument' }];
  const inner = make({
    kind: 'aggregate',
    input: node.input,
    groups,
    calls: [],
    type: relation(groups.map((group) => ({ name: group.name, type: group.expr.type }))),
  });
  const ref = (index: number): Expr => make({ kind: 'ref', index, type: inner.type.columns[index]!.type });
  return make({
    kind: 'aggregate',
    input: inner,
    type: node.type,
    groups: node.groups.map((group, index) => ({ expr: ref(index), name: group.name })),
    calls: calls.map((call) => ({ ...call, distinct: false, args: [ref(node.groups.length)] })),
  });
}

/** The set of a call's arguments: the group's address, then the argument. */
function distinctSet(lowering: Lowering, node: Aggregate, call: AggregateCall): DistinctSet {
  if (call.args.length !== 1 && call.op !== 'string_agg')
    throw new NoCode(`DISTINCT in ${call.op} over ${node.groups.length} groups is not supported yet`);
  const slots = [{ dtype: 'i32', width: 1, nullable: false } as const, ...slotsOf(call.args[0]!.type)];
  const layout = tupleLayout(slots);
  return {
    rows: { buffer: lowering.layout.buffer(layout.tupleBytes), layout, types: [] },
    tableOffset: lowering.layout.local.allocate(TABLE_BYTES),
  };
}

function aggregateState(
  lowering: Lowering,
  node: Aggregate,
  calls: readonly AggregateCall[],
  distinct: AggregateState['distinct'],
): AggregateState {
  const types = node.groups.map((group) => group.expr.type);
  const slots = types.flatMap((type) => slotsOf(type));
  const stateFields = calls.map((call) => {
    const first = slots.length;
    slots.push(...STATES[call.op](call));
    return first;
  });
  const layout = tupleLayout(slots);
  const rows: TupleBuffer = { buffer: lowering.layout.buffer(layout.tupleBytes), layout, types };
  return {
    groups: node.groups.map((group) => group.expr),
    calls,
    rows,
    stateFields,
    tableOffset: lowering.layout.local.allocate(TABLE_BYTES),
    distinct,
  };
}
