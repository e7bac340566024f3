/**
 * Dense layers in the relational representation: the rows are kept in tuples with a field for the result; when all are
 * there the layers run over them block by block (a finish step) and fill that field; then the rows are read again.
 */
import type { Blocked } from '../../ir/node.js';
import { slotsOf } from './layout.js';
import { fromSource, type Lowering, type Stream } from './lower.js';

export function lowerBlocked(lowering: Lowering, node: Blocked): Stream {
  const types = node.type.columns.map((column) => column.type);
  const rows = lowering.tuples(types);
  const fieldsBefore = (column: number): number =>
    types.slice(0, column).reduce((sum, type) => sum + slotsOf(type).length, 0);
  lowering.close(lowering.stream(node.input), {
    kind: 'blocked', rows, node, featureField: fieldsBefore(node.feature), resultField: fieldsBefore(types.length - 1),
  });
  return fromSource({ kind: 'buffer', rows });
}
