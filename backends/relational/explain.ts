/** What explain shows of a pipeline: its source, operators and sink, one line each. */
import type { Operator, PhysicalPipeline, PhysicalSource, Sink } from './physical.js';

export function explainPipeline(pipeline: PhysicalPipeline, notes: readonly string[]): readonly string[] {
  return [sourceLine(pipeline.source), ...pipeline.operators.map(operatorLine), ...notes, sinkLine(pipeline.sink)];
}

function sourceLine(source: PhysicalSource): string {
  switch (source.kind) {
    case 'scan':
      return `scan ${source.node.table} (${source.node.type.columns.map((column) => column.name).join(', ')})`;
    case 'buffer':
      return `read buffer ${source.rows.buffer.id}`;
    case 'unmatched':
      return `read the rows of buffer ${source.build.rows.buffer.id} without match`;
    case 'groups':
      return `read groups of buffer ${source.state.rows.buffer.id}`;
    case 'sorted':
      return `read buffer ${source.state.rows.buffer.id} in order`;
    case 'values':
      return `${source.rows.length} literal rows`;
    case 'series':
      return 'series';
    case 'once':
      return 'one row';
  }
}

function operatorLine(operator: Operator): string {
  switch (operator.kind) {
    case 'filter':
      return 'filter';
    case 'project':
      return `project ${operator.exprs.length} columns`;
    case 'probe': {
      const { keys } = operator;
      const how =
        keys.length === 0
          ? 'nested loop: no equality between the sides'
          : `hash table, ${keys.length} key${keys.length === 1 ? '' : 's'}`;
      return `${operator.join} join with buffer ${operator.build.rows.buffer.id} (${how})${operator.residual === undefined ? '' : ', then a condition'}`;
    }
    case 'apply':
      return `model ${operator.node.model}: kernel`;
    case 'limit':
      return 'limit (one worker, in order)';
    case 'repeat':
      return 'repeat rows';
    case 'pad_left':
      return 'NULLs for the left side';
  }
}

function sinkLine(sink: Sink): string {
  switch (sink.kind) {
    case 'result':
      return 'result';
    case 'buffer':
      return `write buffer ${sink.rows.buffer.id}`;
    case 'build':
      return `build hash table ${sink.build.rows.buffer.id}, ${sink.build.rows.layout.tupleBytes} bytes a row`;
    case 'aggregate':
      return `aggregate by ${sink.state.groups.length} keys: ${sink.state.calls.map((call) => call.op).join(', ')} (buffer ${sink.state.rows.buffer.id})`;
    case 'sort':
      return `sort by ${sink.state.keys.length} keys (buffer ${sink.state.rows.buffer.id})${sink.state.limit === undefined ? '' : `, the first ${sink.state.limit}`}`;
    case 'window':
      return `window ${sink.state.calls.map(({ call }) => call.op).join(', ')} by ${sink.state.partitionCount} partition and ${sink.state.sort.keys.length - sink.state.partitionCount} order keys (buffer ${sink.state.sort.rows.buffer.id})`;
    case 'blocked':
      return `model ${sink.node.model}: relational, ${sink.node.layers.length} dense layers joined with their weight blocks (buffer ${sink.rows.buffer.id})`;
    case 'slot':
      return 'value of a subquery';
  }
}
