/**
 * Control flow and containers, resolved while importing: a constant condition picks its branch, a loop of known trip
 * count is unrolled (bounded), sequences and optionals are lists of tensors.
 */
import type { Tensor } from '../../../ir/node.js';
import { isTensor, type Lowered, type OperatorCall, type Value } from '../call.js';
import { positions } from '../dims.js';
import { choose } from '../expr.js';
import { MAX_NODES, MAX_UNROLL } from '../limits.js';
import { operator, type OperatorTable } from '../operator.js';

/** A condition known now picks a branch; otherwise both run, and elements are chosen where their shapes agree. */
function branch(c: OperatorCall): Lowered {
  const { builder: b } = c;
  const known = b.valueOf(c.input(0));
  if (known !== undefined) return c.runGraph(c.graph(known.data[0] ? 'then_branch' : 'else_branch'), []);
  const [yes, no] = [c.runGraph(c.graph('then_branch'), []), c.runGraph(c.graph('else_branch'), [])];
  return yes.map((then, i) => {
    const otherwise = no[i];
    if (
      !isTensor(then) ||
      !isTensor(otherwise) ||
      then.type.dims.join() !== otherwise.type.dims.join() ||
      then.type.dtype !== otherwise.type.dtype
    ) {
      throw c.unsupported('a condition that depends on data, with branches of different types');
    }
    const when = b.reshape(c.input(0), []);
    return b.map([when, then, otherwise], (w, x, y) => choose(w!, x!, y!));
  });
}

/** Stacks the values of each iteration along a new axis. */
function stack(c: OperatorCall, parts: readonly Value[], axis = 0): Tensor {
  const tensors = parts.map((part) => {
    if (!isTensor(part)) throw c.unsupported('a loop that collects what is not a tensor');
    return c.builder.unsqueeze(part, [axis]);
  });
  if (tensors.length === 0) throw c.unsupported('a loop without iterations that collects values');
  return c.builder.concat(tensors, axis);
}

function loop(c: OperatorCall): Lowered {
  const { builder: b } = c;
  const body = c.graph('body');
  const limit = c.optional(0) === undefined ? MAX_UNROLL : c.numberAt(0);
  let condition: Value = c.optional(1) ?? b.scalar('bool', true);
  let carried: readonly Value[] = c.values.slice(2).map((value) => value ?? { kind: 'absent' });
  const collected: Value[][] = body.outputs.slice(1 + carried.length).map(() => []);
  let iterations = 0;
  for (; iterations < limit; iterations++) {
    const held = isTensor(condition) ? b.valueOf(condition) : undefined;
    if (held === undefined)
      throw iterations === 0
        ? c.needsConstant(1, condition as Tensor)
        : c.unsupported('a loop whose condition depends on data');
    if (!held.data[0]) break;
    if (iterations >= MAX_UNROLL) throw c.unsupported(`a loop of over ${MAX_UNROLL} iterations`);
    const results = c.runGraph(body, [b.scalar('i64', iterations), condition, ...carried]);
    condition = results[0]!;
    carried = results.slice(1, 1 + carried.length);
    results.slice(1 + carried.length).forEach((value, i) => collected[i]!.push(value));
  }
  return [...carried, ...collected.map((values) => stack(c, values))];
}

/** Opset 8 has a batch axis and a lengths input before the states; since 9 axes are attributes. */
function scan(c: OperatorCall): Lowered {
  if (c.version < 9) return batchedScan(c);
  const count = c.int('num_scan_inputs');
  const states = c.values.slice(0, c.values.length - count);
  const inputs = c.values.slice(c.values.length - count).map((_, i) => c.input(states.length + i));
  const axes = c.has('scan_input_axes')
    ? c.ints('scan_input_axes').map((axis, i) => c.axis(axis, inputs[i]!.type.dims.length))
    : inputs.map(() => 0);
  return scanned(c, { states: states.map((state) => state!), inputs, axes });
}

function batchedScan(c: OperatorCall): Lowered {
  const { builder: b } = c;
  const count = c.int('num_scan_inputs');
  const values = c.values.slice(1).map((_, i) => c.input(i + 1));
  const batch = c.known(values[0]!.type.dims[0]!, 'the batch of a Scan of opset 8');
  const perBatch = Array.from({ length: batch }, (_, at) => {
    const own = values.map((value) => b.reshape(b.part(value, 0, { start: at, count: 1 }), value.type.dims.slice(1)));
    return scanned(c, {
      states: own.slice(0, own.length - count),
      inputs: own.slice(own.length - count),
      axes: own.slice(own.length - count).map(() => 0),
    });
  });
  return perBatch[0]!.map((_, i) => stack(c, perBatch.map((results) => results[i]!)));
}

interface ScanParts {
  readonly states: readonly Value[];
  readonly inputs: readonly Tensor[];
  readonly axes: readonly number[];
}

function scanned(c: OperatorCall, { states, inputs, axes }: ScanParts): readonly Value[] {
  const { builder: b } = c;
  const body = c.graph('body');
  const backward = (name: string, i: number): boolean => (c.ints(name)[i] ?? 0) === 1;
  const inputDirections = c.version < 9 ? 'directions' : 'scan_input_directions';
  const length = c.known(inputs[0]!.type.dims[axes[0]!]!, 'the scanned axis');
  if (length > MAX_UNROLL) throw c.unsupported(`a scan of over ${MAX_UNROLL} steps`);
  let carried = states;
  const collected: Value[][] = body.outputs.slice(states.length).map(() => []);
  for (let step = 0; step < length; step++) {
    const slices = inputs.map((input, i) => {
      const start = backward(inputDirections, i) ? length - 1 - step : step;
      return b.reshape(
        b.part(input, axes[i]!, { start, count: 1 }),
        input.type.dims.filter((_, axis) => axis !== axes[i]),
      );
    });
    const results = c.runGraph(body, [...carried, ...slices]);
    carried = results.slice(0, states.length);
    results.slice(states.length).forEach((value, i) => collected[i]!.push(value));
  }
  return [...carried, ...collected.map((values, i) => {
    const ordered = backward('scan_output_directions', i) ? values.toReversed() : values;
    const rank = isTensor(values[0]) ? values[0].type.dims.length + 1 : 1;
    return stack(c, ordered, c.axis(c.ints('scan_output_axes')[i] ?? 0, rank));
  })];
}

// ---------------------------------------------------------------- sequences and optionals

function at(c: OperatorCall, index: number, length: number): number {
  const position = index < 0 ? index + length : index;
  if (!(position >= 0 && position < length)) throw c.invalid(`position ${index} of a sequence of ${length}`);
  return position;
}

function sequenceAt(c: OperatorCall): Tensor {
  const { items } = c.sequence(0);
  return items[at(c, c.numberAt(1), items.length)]!;
}

function sequenceErase(c: OperatorCall): Value {
  const sequence = c.sequence(0);
  const gone = c.optional(1) === undefined ? sequence.items.length - 1 : at(c, c.numberAt(1), sequence.items.length);
  return { ...sequence, items: sequence.items.filter((_, i) => i !== gone) };
}

function sequenceInsert(c: OperatorCall): Value {
  const sequence = c.sequence(0);
  const place = c.optional(2) === undefined ? sequence.items.length : c.numberAt(2);
  const position = place < 0 ? place + sequence.items.length : place;
  return { ...sequence, items: sequence.items.toSpliced(position, 0, c.input(1)) };
}

function splitToSequence(c: OperatorCall): Value {
  const { builder: b } = c;
  const x = c.input(0);
  const axis = c.axis(c.int('axis', 0), x.type.dims.length);
  const size = c.known(x.type.dims[axis]!, 'the axis to split');
  const given = c.optional(1) === undefined ? undefined : c.numbersAt(1);
  const each = given === undefined ? 1 : given[0]!;
  const even = given === undefined || c.input(1).type.dims.length === 0;
  if (even && each < 1) throw c.invalid(`splits into parts of ${each}`);
  const sizes = even
    ? positions(Math.ceil(size / each), MAX_NODES).map((i) => Math.min(each, size - i * each))
    : given;
  let start = 0;
  const items = sizes.map((count) => {
    const part = b.part(x, axis, { start, count });
    start += count;
    return given === undefined && !c.flag('keepdims', true)
      ? b.reshape(
          part,
          part.type.dims.filter((_, i) => i !== axis),
        )
      : part;
  });
  return { kind: 'sequence', items, dtype: x.type.dtype };
}

function concatFromSequence(c: OperatorCall): Tensor {
  const { builder: b } = c;
  const { items } = c.sequence(0);
  if (items.length === 0) throw c.invalid('joins an empty sequence');
  const rank = items[0]!.type.dims.length;
  if (c.flag('new_axis')) return stack(c, items, c.axis(c.int('axis'), rank + 1));
  return b.concat(items, c.axis(c.int('axis'), rank));
}

function hasElement(c: OperatorCall): Tensor {
  const value = c.values[0];
  return c.builder.scalar('bool', value !== undefined && value.kind !== 'absent');
}

function getElement(c: OperatorCall): Value {
  const value = c.values[0];
  if (value === undefined || value.kind === 'absent') throw c.invalid('takes the element of an empty optional');
  return value;
}

export const CONTROL = {
  If: operator([1, 11, 13, 16, 19, 21, 23, 24, 25], 'then_branch else_branch', branch),
  Loop: operator([1, 11, 13, 16, 19, 21, 23, 24, 25], 'body', loop),
  Scan: operator([8, 9, 11, 16, 19, 21, 23, 24, 25],
    'body directions num_scan_inputs scan_input_axes scan_input_directions scan_output_axes scan_output_directions',
    scan,
  ),
  SequenceConstruct: operator([11], '', (c) => ({ kind: 'sequence', items: c.inputs(), dtype: c.input(0).type.dtype })),
  SequenceEmpty: operator([11], 'dtype', () => ({ kind: 'sequence', items: [], dtype: 'f32' })),
  SequenceAt: operator([11], '', sequenceAt),
  SequenceErase: operator([11], '', sequenceErase),
  SequenceInsert: operator([11], '', sequenceInsert),
  SequenceLength: operator([11], '', (c) => c.builder.scalar('i64', c.sequence(0).items.length)),
  SplitToSequence: operator([11, 24], 'axis keepdims', splitToSequence),
  ConcatFromSequence: operator([11], 'axis new_axis', concatFromSequence),
  Optional: operator([15], 'type', (c) => c.values[0] ?? { kind: 'absent' }),
  OptionalHasElement: operator([15, 18], '', hasElement),
  OptionalGetElement: operator([15, 18], '', getElement),
} satisfies OperatorTable;
