/**
 * The oracle of window functions: partitions, their order, peers and frames, one frame after the other.
 * The result has the input's rows in the input's order, each with one more value a call.
 */
import { AGGREGATE_OPS, type AggregateOp, type FrameBound, type Window, type WindowCall } from '../../ir/node.js';
import { ValueError } from '../../ir/scalar/errors.js';
import { keyOfRow } from '../../ir/scalar/order.js';
import type { Value } from '../../ir/scalar/value.js';
import { accumulate, toNumber } from './accumulate.js';
import { dtypeOf, evaluateExpr, type Row, type Scope } from './expression.js';
import { compareKeys } from './sort.js';

/** A partition in its order. */
interface Partition {
  /** Places of the rows in the input. */
  readonly places: readonly number[];
  readonly keys: readonly (readonly Value[])[];
  readonly args: readonly Row[];
  /** First and past-the-last row of each row's peers, and the number of its peer group from 0. */
  readonly peers: readonly { readonly start: number; readonly end: number; readonly group: number }[];
}

export function windowRows(node: Window, rows: readonly Row[], scope: Scope): readonly Row[] {
  const results = node.calls.map((call) => callResults(call, rows, scope));
  return rows.map((row, i) => [...row, ...results.map((values) => values[i]!)]);
}

function callResults(call: WindowCall, rows: readonly Row[], scope: Scope): readonly Value[] {
  const results = new Array<Value>(rows.length).fill(null);
  const partitions = new Map<string, number[]>();
  rows.forEach((row, i) => {
    const key = keyOfRow(call.partition.map((expr) => evaluateExpr(expr, row, scope)));
    const known = partitions.get(key);
    if (known === undefined) partitions.set(key, [i]);
    else known.push(i);
  });
  for (const places of partitions.values()) {
    const partition = orderPartition(call, places, rows, scope);
    partition.places.forEach((place, at) => { results[place] = valueAt(call, partition, at); });
  }
  return results;
}

function orderPartition(call: WindowCall, places: readonly number[], rows: readonly Row[], scope: Scope): Partition {
  const keyed = places.map((place) => ({
    place,
    keys: call.order.map((key) => evaluateExpr(key.expr, rows[place]!, scope)),
  }));
  keyed.sort((a, b) => compareKeys(a.keys, b.keys, call.order));
  const peers: { start: number; end: number; group: number }[] = [];
  for (let start = 0, group = 0; start < keyed.length; group++) {
    let end = start + 1;
    while (end < keyed.length && compareKeys(keyed[start]!.keys, keyed[end]!.keys, call.order) === 0) end++;
    for (let i = start; i < end; i++) peers.push({ start, end, group });
    start = end;
  }
  return {
    places: keyed.map(({ place }) => place),
    keys: keyed.map(({ keys }) => keys),
    args: keyed.map(({ place }) => call.args.map((arg) => evaluateExpr(arg, rows[place]!, scope))),
    peers,
  };
}

function valueAt(call: WindowCall, partition: Partition, at: number): Value {
  const size = partition.places.length;
  const peer = partition.peers[at]!;
  switch (call.op) {
    case 'row_number': return BigInt(at + 1);
    case 'rank': return BigInt(peer.start + 1);
    case 'dense_rank': return BigInt(peer.group + 1);
    case 'percent_rank': return size === 1 ? 0 : peer.start / (size - 1);
    case 'cume_dist': return peer.end / size;
    case 'ntile': return ntile(partition.args[at]![0]!, at, size);
    case 'lag': return shifted(partition, at, -1);
    case 'lead': return shifted(partition, at, 1);
    default: return framed(call, partition, at);
  }
}

/** The first size % count buckets are one larger. */
function ntile(count: Value, at: number, size: number): Value {
  if (count === null) return null;
  const buckets = Number(count);
  if (buckets < 1) throw new ValueError(`ntile(${buckets}): at least 1 bucket was expected`);
  const small = Math.floor(size / buckets);
  const large = size % buckets;
  const inLarge = large * (small + 1);
  return BigInt(at < inLarge ? Math.floor(at / (small + 1)) + 1 : large + Math.floor((at - inLarge) / small) + 1);
}

function shifted(partition: Partition, at: number, direction: 1 | -1): Value {
  const [, offset = 1n, otherwise = null] = partition.args[at]!;
  if (offset === null) return null;
  const target = partition.args[at + direction * Number(offset)];
  return target === undefined ? otherwise : target[0]!;
}

function framed(call: WindowCall, partition: Partition, at: number): Value {
  const { start, end } = frameOf(call, partition, at);
  const rows = partition.args.slice(start, Math.max(start, end));
  switch (call.op) {
    case 'first_value': return rows[0]?.[0] ?? null;
    case 'last_value': return rows[rows.length - 1]?.[0] ?? null;
    case 'nth_value': {
      const nth = partition.args[at]![1] ?? null;
      return nth === null ? null : (rows[Number(nth) - 1]?.[0] ?? null);
    }
    default: break;
  }
  if (!isAggregate(call.op)) throw new Error(`${call.op} is not a function of a frame`);
  return accumulate(call.op, rows, { args: call.args.map((arg) => dtypeOf(arg.type)), result: call.type.dtype });
}

function isAggregate(op: WindowCall['op']): op is AggregateOp {
  return (AGGREGATE_OPS as readonly string[]).includes(op);
}

interface Frame { readonly start: number; readonly end: number }

/** Without a frame: to the last peer of the current row; everything when there is no order. */
function frameOf(call: WindowCall, partition: Partition, at: number): Frame {
  const size = partition.places.length;
  if (call.frame === undefined) return { start: 0, end: partition.peers[at]!.end };
  const { unit, start, end } = call.frame;
  const found = {
    start: start.kind === 'unbounded' ? 0 : edgeOf(call, unit, start, partition, at).start,
    end: end.kind === 'unbounded' ? size : edgeOf(call, unit, end, partition, at).end,
  };
  return { start: Math.max(0, Math.min(size, found.start)), end: Math.max(0, Math.min(size, found.end)) };
}

/**
 * The rows that a bound names: the frame starts with the first of a start bound, ends with the last of an end bound.
 */
function edgeOf(
  call: WindowCall,
  unit: 'rows' | 'range' | 'groups',
  bound: FrameBound,
  partition: Partition,
  at: number,
): Frame {
  const offset = bound.kind === 'current' ? 0 : bound.offset;
  const peer = partition.peers[at]!;
  if (unit === 'rows') return { start: at + offset, end: at + offset + 1 };
  if (offset === 0) return peer;
  if (unit === 'range') return rangeEdge(call, offset, partition, at);
  const size = partition.places.length;
  const wanted = peer.group + offset;
  const first = partition.peers.findIndex((other) => other.group === wanted);
  if (first >= 0) return partition.peers[first]!;
  return wanted < 0 ? { start: 0, end: 0 } : { start: size, end: size };
}

/** Rows whose key is at or past `key + offset` (start) and at or before it (end), in the direction of the order. */
function rangeEdge(call: WindowCall, offset: number, partition: Partition, at: number): Frame {
  const order = call.order[0];
  if (order === undefined || call.order.length !== 1) throw new Error('RANGE with an offset needs one order key');
  const own = partition.keys[at]![0]!;
  if (own === null) return partition.peers[at]!;
  const dtype = dtypeOf(order.expr.type);
  const direction = order.descending ? -1 : 1;
  const limit = toNumber(own, dtype) * direction + offset;
  const position = (i: number): number => {
    const key = partition.keys[i]![0]!;
    if (key === null) return order.nullsFirst ? -Infinity : Infinity;
    return toNumber(key, dtype) * direction;
  };
  let start = 0;
  while (start < partition.places.length && position(start) < limit) start++;
  let end = start;
  while (end < partition.places.length && position(end) <= limit) end++;
  return { start, end };
}
