/**
 * Window functions: rows are kept with room for the results and sorted by partition and order; one pass over the sorted
 * rows fills the results in; then the rows are read again. Calls of one partition and order share a sort.
 */
import { make } from '../../ir/build.js';
import {
  AGGREGATE_OPS,
  type AggregateCall,
  type AggregateOp,
  type Expr,
  type SortKey,
  type Window,
  type WindowCall,
} from '../../ir/node.js';
import { scalar, withNullable, type ValueType } from '../../ir/type.js';
import { STATES } from './aggregate-states.js';
import { tupleLayout, type Slot } from './layout.js';
import { after, fieldNumbers, fromSource, type Lowering, type Stream } from './lower.js';
import type { AggregateState, PlacedWindowCall, WindowState } from './physical.js';

export function lowerWindow(lowering: Lowering, node: Window): Stream {
  const groups: WindowCall[][] = [];
  for (const call of node.calls) {
    const known = groups.find((group) => sameOrder(group[0]!, call));
    if (known === undefined) groups.push([call]);
    else known.push(call);
  }
  let stream = lowering.stream(node.input);
  let types: readonly ValueType[] = node.input.type.columns.map((column) => column.type);
  for (const calls of groups) {
    const state = windowState(lowering, types, calls);
    lowering.close(stream, { kind: 'window', state });
    stream = fromSource({ kind: 'sorted', state: state.sort });
    types = [...types, ...calls.map((call) => call.type)];
  }
  if (groups.length === 1) return stream;
  const placed = groups.flat();
  const width = node.input.type.columns.length;
  const exprs = node.type.columns.map((column, i): Expr =>
    make({ kind: 'ref', index: i < width ? i : width + placed.indexOf(node.calls[i - width]!), type: column.type }),
  );
  return after(stream, { kind: 'project', exprs });
}

function sameOrder(a: WindowCall, b: WindowCall): boolean {
  return (
    a.partition.length === b.partition.length &&
    a.partition.every((expr, i) => expr === b.partition[i]) &&
    a.order.length === b.order.length &&
    a.order.every(
      (key, i) =>
        key.expr === b.order[i]!.expr &&
        key.descending === b.order[i]!.descending &&
        key.nullsFirst === b.order[i]!.nullsFirst,
    )
  );
}

function windowState(lowering: Lowering, input: readonly ValueType[], calls: readonly WindowCall[]): WindowState {
  const [{ partition, order }] = calls as readonly [WindowCall];
  const results = calls.map((call) => withNullable(call.type, true));
  const sortKeys: readonly SortKey[] = [
    ...partition.map((expr) => ({ expr, descending: false, nullsFirst: true })),
    ...order,
  ];
  const computed = [...sortKeys.map((key) => key.expr), ...calls.flatMap((call) => call.args)];
  const types = [...input, ...results, ...computed.map((expr) => expr.type)];
  const fields = fieldNumbers(types);
  const rows = lowering.tuples(types);
  const columnCount = input.length + results.length;
  const keys = sortKeys.map((key, i) => ({ key, field: fields[columnCount + i]! }));
  let next = columnCount + sortKeys.length;
  const aggregate = windowAggregates(calls);
  const placed = calls.map((call, i): PlacedWindowCall => {
    const args = call.args.map(() => fields[next++]!);
    return { call, args, result: fields[input.length + i]!, done: lowering.layout.local.allocate(16) };
  });
  return {
    sort: { rows, keys, columnCount, limit: undefined, best: undefined },
    inputCount: input.length,
    computed,
    partitionCount: partition.length,
    calls: placed,
    aggregate,
    statePlace: lowering.layout.local.allocate(aggregate.rows.layout.tupleBytes),
  };
}

/** The states of the calls, as one tuple which no buffer holds. */
function windowAggregates(calls: readonly WindowCall[]): AggregateState {
  const slots: Slot[] = [];
  const aggregateCalls = calls.map((call): AggregateCall =>
    isAggregate(call.op)
      ? { op: call.op, args: call.args, distinct: false, filter: undefined, name: call.name, type: call.type }
      : { op: 'count_star', args: [], distinct: false, filter: undefined, name: call.name, type: scalar('i64') },
  );
  const stateFields = aggregateCalls.map((call) => {
    const first = slots.length;
    slots.push(...STATES[call.op](call));
    return first;
  });
  const layout = tupleLayout(slots);
  const buffer = { id: -1, tupleBytes: layout.tupleBytes, localOffset: 0, slotOffset: 0 };
  return {
    groups: [],
    calls: aggregateCalls,
    rows: { buffer, layout, types: [] },
    stateFields,
    tableOffset: 0,
    distinct: [],
  };
}

export function isAggregate(op: WindowCall['op']): op is AggregateOp {
  return (AGGREGATE_OPS as readonly string[]).includes(op);
}
