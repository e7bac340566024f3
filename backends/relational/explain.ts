/**
 * What explain shows of a pipeline: its source, operators and sink, one line each, with columns by name; what runs in
 * JavaScript is named at the operator that calls it.
 */
import type { AggregateCall, Apply, Expr, SortKey } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import { exprText, shortened, type ColumnNames } from './expression-text.js';
import type {
  JoinBuild,
  Operator,
  PhysicalPipeline,
  PhysicalSource,
  SortState,
  Sink,
  WindowState,
} from './physical.js';

export interface ExplainDetails {
  /** Lines below a model: its kernels and its tiles. */
  readonly notes: ReadonlyMap<Apply, readonly string[]>;
  /** Scalar operations for which the module calls JavaScript. */
  readonly hostOps: ReadonlySet<string>;
}

export function explainPipeline(pipeline: PhysicalPipeline, details: ExplainDetails): readonly string[] {
  const lines = [sourceLine(pipeline.source)];
  let names = sourceNames(pipeline);
  for (const operator of pipeline.operators) {
    lines.push(operatorLine(operator, names), ...hostLines(exprsOf(operator), details));
    if (operator.kind === 'apply') lines.push(...(details.notes.get(operator.node) ?? []).map((note) => `  ${note}`));
    names = namesAfter(operator, names);
  }
  return [...lines, sinkLine(pipeline.sink, names), ...hostLines(exprsOfSink(pipeline.sink), details)];
}

function sourceNames({ source, names }: PhysicalPipeline): ColumnNames {
  if (source.kind === 'scan') return source.node.type.columns.map((column) => column.name);
  if (source.kind === 'unmatched') return source.build.names;
  return names;
}

/** Names of the row behind an operator. */
function namesAfter(operator: Operator, names: ColumnNames): ColumnNames {
  switch (operator.kind) {
    case 'filter': case 'limit': case 'repeat': return names;
    case 'project': return operator.names ?? operator.exprs.map((expr) => exprText(expr, names));
    case 'probe':
      if (operator.join === 'semi' || operator.join === 'anti') return names;
      return [...padded(names, operator.leftWidth), ...operator.build.names];
    case 'apply': {
      const { input, outputs } = operator.node;
      return [...padded(names, input.type.columns.length), ...outputs.map((output) => output.name)];
    }
    case 'pad_left': return [...operator.types.map((_, i) => `left #${i + 1}`), ...names];
  }
}

/** Every column has a name, so that those appended have the right numbers. */
function padded(names: ColumnNames, width: number): ColumnNames {
  return Array.from({ length: width }, (_, i) => names[i] ?? `#${i + 1}`);
}

function hostLines(exprs: readonly Expr[], { hostOps }: ExplainDetails): readonly string[] {
  const called = exprs
    .flatMap((expr) => postorder(expr))
    .flatMap((node) => (node.kind === 'call' && hostOps.has(node.op) ? [node.op] : []));
  return called.length === 0 ? [] : [`  host: ${[...new Set(called)].sort().join(', ')}`];
}

function exprsOf(operator: Operator): readonly Expr[] {
  switch (operator.kind) {
    case 'filter': return [operator.predicate];
    case 'project': return operator.exprs;
    case 'probe': return [...operator.keys, ...(operator.residual === undefined ? [] : [operator.residual])];
    case 'apply': return inputsOf(operator.node);
    case 'limit': case 'repeat': case 'pad_left': return [];
  }
}

function exprsOfSink(sink: Sink): readonly Expr[] {
  switch (sink.kind) {
    case 'build': return sink.build.keys.map((key) => key.expr);
    case 'aggregate': {
      const { groups, calls } = sink.state;
      return [...groups, ...calls.flatMap(({ args, filter }) => (filter === undefined ? args : [...args, filter]))];
    }
    case 'sort': return sink.state.keys.map(({ key }) => key.expr);
    case 'window': return sink.state.computed;
    case 'result': case 'buffer': case 'blocked': case 'slot': return [];
  }
}

function inputsOf(node: Apply): readonly Expr[] {
  const leaves = node.outputs
    .flatMap((output) => postorder(output.tensor))
    .flatMap((tensor) => (tensor.kind === 'to_tensor' ? tensor.exprs : []));
  return [...new Set(leaves)];
}

/** A feature is cast to what the model takes: that goes without saying. */
function withoutCast(expr: Expr): Expr {
  return expr.kind === 'cast' ? withoutCast(expr.arg) : expr;
}

function sourceLine(source: PhysicalSource): string {
  switch (source.kind) {
    case 'scan':
      return `scan ${source.node.table} (${source.node.type.columns.map((column) => column.name).join(', ')})`;
    case 'buffer': return `read buffer ${source.rows.buffer.id}`;
    case 'unmatched': return `read the rows of buffer ${source.build.rows.buffer.id} without match`;
    case 'groups': return `read groups of buffer ${source.state.rows.buffer.id}`;
    case 'sorted': return `read buffer ${source.state.rows.buffer.id} in order`;
    case 'values': return `${source.rows.length} literal rows`;
    case 'series': return 'series';
    case 'once': return 'one row';
  }
}

function operatorLine(operator: Operator, names: ColumnNames): string {
  switch (operator.kind) {
    case 'filter': return `filter ${exprText(operator.predicate, names)}`;
    case 'project': return `project ${projectText(operator, names)}`;
    case 'probe': return probeLine(operator, names);
    case 'apply': {
      const features = inputsOf(operator.node).map((expr) => exprText(withoutCast(expr), names));
      return `model ${operator.node.model}: kernel, of ${shortened(features.join(', '))}`;
    }
    case 'limit': {
      const count = operator.limit === undefined ? '' : ` ${exprText(operator.limit, names)}`;
      const offset = operator.offset === undefined ? '' : ` offset ${exprText(operator.offset, names)}`;
      return `limit${count}${offset} (one worker, in order)`;
    }
    case 'repeat': return `repeat rows ${exprText(operator.count, names)} times`;
    case 'pad_left': return 'NULLs for the left side';
  }
}

/** Columns that only pass through are named once. */
function projectText({ exprs, names: after }: Extract<Operator, { kind: 'project' }>, names: ColumnNames): string {
  const parts = exprs.map((expr, i) => {
    const text = exprText(expr, names);
    const name = after?.[i];
    return name === undefined || name === text ? text : `${text} AS ${name}`;
  });
  return shortened(parts.join(', '));
}

function probeLine(operator: Extract<Operator, { kind: 'probe' }>, names: ColumnNames): string {
  const { keys, build, residual } = operator;
  const both = [...padded(names, operator.leftWidth), ...build.names];
  const on = keys.map((key, i) => {
    const { expr, nullSafe } = build.keys[i]!;
    return `${exprText(key, names)} ${nullSafe ? 'IS NOT DISTINCT FROM' : '='} ${exprText(expr, build.names)}`;
  });
  const how = on.length === 0 ? ' (nested loop: no equality between the sides)' : ` on ${on.join(' AND ')}`;
  const then = residual === undefined ? '' : `, then ${exprText(residual, both)}`;
  return `${operator.join} join with hash table ${build.rows.buffer.id}${how}${then}`;
}

function sinkLine(sink: Sink, names: ColumnNames): string {
  switch (sink.kind) {
    case 'result': return 'result';
    case 'buffer': return `write buffer ${sink.rows.buffer.id}`;
    case 'build': return buildLine(sink.build);
    case 'aggregate': {
      const { groups, calls, rows } = sink.state;
      const by = groups.length === 0 ? '' : ` by ${groups.map((group) => exprText(group, names)).join(', ')}`;
      const what = calls.length === 0 ? '' : `: ${shortened(calls.map((call) => callText(call, names)).join(', '))}`;
      return `aggregate${by}${what} (buffer ${rows.buffer.id})`;
    }
    case 'sort': return sortLine(sink.state, names);
    case 'window': return windowLine(sink.state, names);
    case 'blocked': {
      const { model, layers, feature } = sink.node;
      const of = names[feature] ?? `#${feature + 1}`;
      const what = `${layers.length} dense layers (${layersText(sink)}) joined with their weight blocks`;
      return `model ${model}: relational, of ${of}: ${what} (buffer ${sink.rows.buffer.id})`;
    }
    case 'slot': return 'value of a subquery';
  }
}

function layersText({ node }: Extract<Sink, { kind: 'blocked' }>): string {
  const [first] = node.layers;
  return [first!.weight.type.dims[0], ...node.layers.map((layer) => layer.weight.type.dims[1])].join(' -> ');
}

function buildLine({ keys, rows, names }: JoinBuild): string {
  const on = keys.length === 0 ? '' : ` on ${keys.map((key) => exprText(key.expr, names)).join(', ')}`;
  return `build hash table ${rows.buffer.id}${on}, ${rows.layout.tupleBytes} bytes a row`;
}

function callText(call: AggregateCall, names: ColumnNames): string {
  const args = call.args.map((arg) => exprText(arg, names)).join(', ');
  const filter = call.filter === undefined ? '' : ` FILTER (WHERE ${exprText(call.filter, names)})`;
  return call.op === 'count_star'
    ? `count(*)${filter}`
    : `${call.op}(${call.distinct ? 'DISTINCT ' : ''}${args})${filter}`;
}

function keyText({ expr, descending, nullsFirst }: SortKey, names: ColumnNames): string {
  const nulls = expr.type.nullable ? ` NULLS ${nullsFirst ? 'FIRST' : 'LAST'}` : '';
  return `${exprText(expr, names)}${descending ? ' DESC' : ''}${nulls}`;
}

function sortLine({ keys, limit, best, rows }: SortState, names: ColumnNames): string {
  const by = keys.map(({ key }) => keyText(key, names)).join(', ');
  const top = limit === undefined ? '' : `, the first ${limit}${best === undefined ? '' : ' (a heap in each worker)'}`;
  return `sort by ${by}${top} (buffer ${rows.buffer.id})`;
}

function windowLine({ calls, sort, partitionCount }: WindowState, names: ColumnNames): string {
  const what = calls
    .map(({ call }) => `${call.op}(${call.args.map((arg) => exprText(arg, names)).join(', ')})`)
    .join(', ');
  const partition = sort.keys.slice(0, partitionCount).map(({ key }) => exprText(key.expr, names));
  const order = sort.keys.slice(partitionCount).map(({ key }) => keyText(key, names));
  const over = [
    ...(partition.length === 0 ? [] : [`partition by ${partition.join(', ')}`]),
    ...(order.length === 0 ? [] : [`order by ${order.join(', ')}`]),
  ];
  return `window ${shortened(what)} over (${over.join(' ')}) (buffer ${sort.rows.buffer.id})`;
}
