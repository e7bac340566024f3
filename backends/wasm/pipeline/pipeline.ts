/** One pipeline as a function over a morsel: a loop of its source, the operators inside it, the sink at the core. */
import type { Finish, Pipeline, Source } from '../../../runtime/plan.js';
import { PARAM_NULL_OFFSET } from '../../../runtime/plan.js';
import type { PhysicalPipeline, PhysicalSource, Sink } from '../../relational/physical.js';
import { explainPipeline } from '../../relational/explain.js';
import { failIf } from '../expression/site.js';
import { asI64 } from '../expression/value.js';
import { i32 } from '../values.js';
import { consumeAggregate, defineEnsure, defineMerge, singleGroup } from './aggregate-code.js';
import { defineTiledScan, tileSink, type Notes } from './apply.js';
import { consumeBlocked, defineBlocked } from './blocked.js';
import type { Emission, Flow, Scope } from './emission.js';
import { emptyFullArena, resetArena } from './memory.js';
import { emitOperators } from './operators.js';
import { consumeBuffer, consumeBuild, defineLink } from './probe.js';
import { consumeResult, defineResultInit, flushResult, type ResultLayout } from './result.js';
import type { Row } from './row.js';
import { defineFunction, letGo, type SinkCode } from './segment.js';
import { consumeSort, defineSort } from './sort.js';
import { emitSource, type Body } from './sources.js';
import { storeParts } from './tuple.js';
import { consumeWindow, defineWindow } from './window.js';

export function emitPipeline(
  emission: Emission,
  pipeline: PhysicalPipeline,
  result: ResultLayout | undefined,
): Pipeline {
  const { name, source, sink } = pipeline;
  const code = sinkCode(name, sink, result);
  const run = emission.module.freshName(`run_${name}`);
  const notes: Notes = new Map();
  defineSegments(emission, run, { pipeline, sink: code, notes });
  const init = sink.kind === 'result' ? emission.module.freshName(`init_${name}`) : undefined;
  if (init !== undefined && result !== undefined) defineResultInit(emission, init, result);
  return {
    name,
    source: sourceOf(source),
    run,
    init,
    parallel: pipeline.parallel,
    result: sink.kind === 'result',
    writes: writesOf(sink),
    finish: finishOf(emission, name, sink),
    explain: explainPipeline(pipeline, { notes, hostOps: new Set(emission.hostFunctions.map(({ op }) => op)) }),
  };
}

interface Segments {
  readonly pipeline: PhysicalPipeline;
  readonly sink: SinkCode;
  readonly notes: Notes;
}

/** Operators up to the first model are the run's own; what follows runs a tile at a time, as its sink. */
function defineSegments(emission: Emission, name: string, { pipeline, sink, notes }: Segments): void {
  const { source, operators } = pipeline;
  const arenaUses = emission.arena.uses;
  const split = operators.findIndex((operator) => operator.kind === 'apply');
  const before = split < 0 ? operators : operators.slice(0, split);
  if (source.kind === 'scan' && split >= 0 && before.every((operator) => operator.kind === 'project')) {
    return defineTiledScan(emission, name, {
      source,
      before,
      operators: operators.slice(split),
      pipelineSink: pipeline.sink,
      sink,
      notes,
    });
  }
  const outer =
    split < 0
      ? sink
      : tileSink(emission, name, { operators: operators.slice(split), pipelineSink: pipeline.sink, sink, notes });
  defineFunction(
    emission,
    name,
    (scope, morsel, stop) => {
      resetArena(scope);
      const consume = outer.begin(scope);
      const body: Body = (row, flow) => {
        scope.f.block((done) =>
          emitOperators(scope, before, row, { next: (condition) => done.break(condition), stop: flow.stop }, consume),
        );
        if (emission.arena.uses > arenaUses) emptyFullArena(scope, () => letGo(scope, outer, stop));
      };
      emitSource(scope, source, { morsel, stop }, body);
    },
    outer.end,
  );
}

function sinkCode(name: string, sink: Sink, result: ResultLayout | undefined): SinkCode {
  const plain = (consume: (scope: Scope, row: Row, flow: Flow) => void): SinkCode => ({
    begin: (scope) => (row, flow) => consume(scope, row, flow),
    end: () => undefined,
  });
  switch (sink.kind) {
    case 'result':
      if (result === undefined) throw new Error('a result needs its layout');
      return {
        begin: (scope) => (row) => consumeResult(scope, result, row),
        end: (scope) => flushResult(scope, result),
      };
    case 'buffer':
      return plain((scope, row) => consumeBuffer(scope, sink.rows, row));
    case 'build':
      return plain((scope, row, flow) => consumeBuild(scope, sink.build, row, flow));
    case 'sort':
      return plain((scope, row) => consumeSort(scope, sink.state, row, name));
    case 'window':
      return plain((scope, row) => consumeWindow(scope, sink.state, row));
    case 'blocked':
      return plain((scope, row) => consumeBlocked(scope, sink, row));
    case 'slot':
      return plain((scope, row) => consumeSlot(scope, sink, row));
    case 'aggregate':
      return {
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
    case 'scan':
      return { kind: 'scan', table: source.node.table, columns: source.node.columns };
    case 'buffer':
      return { kind: 'buffer', buffer: source.rows.buffer.id };
    case 'unmatched':
      return { kind: 'buffer', buffer: source.build.rows.buffer.id };
    case 'groups':
      return { kind: 'buffer', buffer: source.state.rows.buffer.id };
    case 'sorted':
      return { kind: 'sorted', buffer: source.state.rows.buffer.id };
    case 'values':
    case 'series':
    case 'once':
      return { kind: 'once' };
  }
}

function writesOf(sink: Sink): readonly number[] {
  switch (sink.kind) {
    case 'buffer':
    case 'blocked':
      return [sink.rows.buffer.id];
    case 'build':
      return [sink.build.rows.buffer.id];
    case 'aggregate':
      return [
        sink.state.rows.buffer.id,
        ...sink.state.distinct.flatMap((set) => (set === undefined ? [] : [set.rows.buffer.id])),
      ];
    case 'sort':
      return [sink.state.rows.buffer.id];
    case 'window':
      return [sink.state.sort.rows.buffer.id];
    case 'result':
    case 'slot':
      return [];
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
    case 'sort':
      return [defineSort(emission, name, sink.state)];
    case 'window':
      return defineWindow(emission, name, sink.state);
    case 'blocked':
      return [defineBlocked(emission, name, sink)];
    default:
      return [];
  }
}
