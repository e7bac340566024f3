/** The oracle of grouping: rows into groups in order of first appearance, then each call over the rows of its group. */
import type { Aggregate, AggregateCall } from '../../ir/node.js';
import { keyOfRow } from '../../ir/scalar/order.js';
import type { Value } from '../../ir/scalar/value.js';
import { accumulate } from './accumulate.js';
import { dtypeOf, evaluateExpr, type Row, type Scope } from './expression.js';

/** Without groups there is one row, even of no input. */
export function aggregateRows(node: Aggregate, rows: readonly Row[], scope: Scope): readonly Row[] {
  const groups = new Map<string, { readonly values: readonly Value[]; readonly rows: Row[] }>();
  if (node.groups.length === 0) groups.set('', { values: [], rows: [] });
  for (const row of rows) {
    const values = node.groups.map((group) => evaluateExpr(group.expr, row, scope));
    const key = keyOfRow(values);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { values, rows: [row] });
    else group.rows.push(row);
  }
  return [...groups.values()].map((group) => [
    ...group.values,
    ...node.calls.map((call) => callOver(call, group.rows, scope)),
  ]);
}

function callOver(call: AggregateCall, rows: readonly Row[], scope: Scope): Value {
  const { filter } = call;
  const wanted = filter === undefined ? rows : rows.filter((row) => evaluateExpr(filter, row, scope) === true);
  let args: readonly Row[] = wanted.map((row) => call.args.map((arg) => evaluateExpr(arg, row, scope)));
  if (call.distinct) args = [...new Map(args.map((values) => [keyOfRow(values), values])).values()];
  return accumulate(call.op, args, { args: call.args.map((arg) => dtypeOf(arg.type)), result: call.type.dtype });
}
