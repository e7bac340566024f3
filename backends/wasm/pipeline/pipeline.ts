/** One pipeline as a function over a morsel: a loop of its source, the operators inside it, the sink at the core. */
import type { Finish, Pipeline, Source } from '../../../runtime/plan.js';
import { PARAM_NULL_OFFSET } from '../../../runtime/plan.js';
import type { Operator, PhysicalPipeline, PhysicalSource, Sink } from '../../relational/physical.js';
import { explainPipeline } from '../../relational/explain.js';
import { failIf } from '../expression/site.js';
import { asI64 } from '../expression/value.js';
import { i32, type I32 } from '../values.js';
import { consumeAggregate, defineEnsure, defineMerge, singleGroup } from './aggregate-code.js';
import { emitApply } from './apply.js';
import { Scope, type Emission, type Flow } from './emission.js';
import { resetArena } from './memory.js';
import { emitOperators } from './operators.js';
import { consumeBuffer, consumeBuild, defineLink } from './probe.js';
import { consumeResult, defineResultInit, flushResult, type ResultLayout } from './result.js';
import type { Row } from './row.js';
import { consumeSort, defineSort } from './sort.js';
import { emitSource, type Body } from './sources.js';
import { storeParts } from './tuple.js';

/** What a function of the pipeline does at its start, for each row, and (the outermost) at its end. */
export interface SinkCode {
  readonly begin: (scope: Scope) => (row: Row, flow: Flow) => void;
  readonly end: (scope: Scope) => void;
}

export function emitPipeline(emission: Emission, pipeline: PhysicalPipeline, result: ResultLayout | undefined): Pipeline {
  const { name, source, sink } = pipeline;
  const code = sinkCode(sink, result);
  const run = emission.module.freshName(`run_${name}`);
  const split = pipeline.operators.findIndex((operator) => operator.kind === 'apply');
  const notes: string[] = [];
  if (split < 0) defineRun(emission, run, { source, operators: pipeline.operators, sink: code });
  else notes.push(...emitApply(emission, run, { source, operators: pipeline.operators, split, sink: code }));
  const init = sink.kind === 'result' ? emission.module.freshName(`init_${name}`) : undefined;
  if (init !== undefined && result !== undefined) defineResultInit(emission, init, result);
  return {
    name, source: sourceOf(source), run, init, parallel: pipeline.parallel, result: sink.kind === 'result',
    writes: writesOf(sink), finish: finishOf(emission, name, sink), explain: explainPipeline(pipeline, notes),
  };
}

interface Run { readonly source: PhysicalSource; readonly operators: readonly Operator[]; readonly sink: SinkCode }

function defineRun(emission: Emission, name: string, { source, operators, sink }: Run): void {
  defineFunction(emission, name, (scope, morsel, stop) => {
    resetArena(scope);
    const consume = sink.begin(scope);
    const body: Body = (row, flow) => emitOperators(scope, operators, row, flow, consume);
    emitSource(scope, source, { morsel, stop }, body);
  }, sink.end);
}

/** An exported function of a morsel: `body`, which `stop` leaves, then `end`; gives whether it was stopped. */
export function defineFunction(
  emission: Emission, name: string, body: (scope: Scope, morsel: I32, stop: () => void) => void, end: (scope: Scope) => void,
): void {
  emission.module.define(name, { params: { context: 'i32', local: 'i32', morsel: 'i32' }, result: 'i32', export: true }, (f, { context, local, morsel }) => {
    const scope = new Scope(emission, f, { context, local });
    const stopped = f.local('i32', 'stopped');
    f.block((exit) => body(scope, morsel, () => {
      f.set(stopped, 1);
      exit.break();
    }));
    end(scope);
    f.return(stopped);
  });
}

function sinkCode(sink: Sink, result: ResultLayout | undefined): SinkCode {
  const plain = (consume: (scope: Scope, row: Row, flow: Flow) => void): SinkCode => ({
    begin: (scope) => (row, flow) => consume(scope, row, flow),
    end: () => undefined,
  });
  switch (sink.kind) {
    case 'result':
      if (result === undefined) throw new Error('a result needs its layout');
      return { begin: (scope) => (row) => consumeResult(scope, result, row), end: (scope) => flushResult(scope, result) };
    case 'buffer': return plain((scope, row) => consumeBuffer(scope, sink.rows, row));
    case 'build': return plain((scope, row, flow) => consumeBuild(scope, sink.build, row, flow));
    case 'sort': return plain((scope, row) => consumeSort(scope, sink.state, row));
    case 'slot': return plain((scope, row) => consumeSlot(scope, sink, row));
    case 'aggregate': return {
      begin: (scope) => {
        const group = sink.state.groups.length === 0 ? singleGroup(scope, sink.state) : undefined;
        return (row) => consumeAggregate(scope, sink.state, row, group);
      },
      end: () => undefined,
    };
  }
}

/** The row is (how many rows, the value of the first). */
function consumeSlot(scope: Scope, sink: Extract<Sink, { kind: 'slot' }>, row: Row): void {
  const { f, context, emission } = scope;
  const { dtype, offset } = emission.parameters[sink.parameter]!;
  const [rows, value] = row.columns.map((column) => {
    if (column.kind !== 'scalar') throw new Error('a subquery in an expression gives a scalar');
    return column.load(scope);
  });
  const count = asI64(rows!.parts[0]!);
  if (sink.mode === 'exists') return storeParts(scope, { dtype: 'bool', parts: [count.gt_s(0)] }, context, offset);
  failIf(scope, count.gt_s(1), 'More than one row returned by a subquery used as an expression');
  storeParts(scope, { dtype, parts: value!.parts }, context, offset);
  f.store.i8(context, value!.isNull ?? i32(0), offset + PARAM_NULL_OFFSET);
}

function sourceOf(source: PhysicalSource): Source {
  switch (source.kind) {
    case 'scan': return { kind: 'scan', table: source.node.table, columns: source.node.columns };
    case 'buffer': return { kind: 'buffer', buffer: source.rows.buffer.id };
    case 'unmatched': return { kind: 'buffer', buffer: source.build.rows.buffer.id };
    case 'groups': return { kind: 'buffer', buffer: source.state.rows.buffer.id };
    case 'sorted': return { kind: 'sorted', buffer: source.state.rows.buffer.id };
    case 'values': case 'series': case 'once': return { kind: 'once' };
  }
}

function writesOf(sink: Sink): readonly number[] {
  switch (sink.kind) {
    case 'buffer': return [sink.rows.buffer.id];
    case 'build': return [sink.build.rows.buffer.id];
    case 'aggregate': return [sink.state.rows.buffer.id, ...sink.state.distinct.flatMap((set) => (set === undefined ? [] : [set.rows.buffer.id]))];
    case 'sort': return [sink.state.rows.buffer.id];
    case 'result': case 'slot': return [];
  }
}

function finishOf(emission: Emission, name: string, sink: Sink): readonly Finish[] {
  switch (sink.kind) {
    case 'build': {
      const fn = `link_${name}`;
      defineLink(emission, fn, sink.build);
      return [{ kind: 'link', buffer: sink.build.rows.buffer.id, fn }];
    }
    case 'aggregate': {
      const fn = `merge_${name}`;
      defineMerge(emission, fn, sink.state);
      const merge: Finish = { kind: 'merge', buffer: sink.state.rows.buffer.id, fn };
      if (sink.state.groups.length > 0) return [merge];
      defineEnsure(emission, `ensure_${name}`, sink.state);
      return [{ kind: 'once', fn: `ensure_${name}` }, merge];
    }
    case 'sort': return [defineSort(emission, name, sink.state)];
    default: return [];
  }
}
