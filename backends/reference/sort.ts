/** The oracle of ordering: a stable sort by keys, NULLs where each key says, whatever its direction. */
import type { SortKey } from '../../ir/node.js';
import { compareValues } from '../../ir/scalar/order.js';
import type { Value } from '../../ir/scalar/value.js';
import { evaluateExpr, type Row, type Scope } from './expression.js';

export function sortRows(rows: readonly Row[], keys: readonly SortKey[], scope: Scope): readonly Row[] {
  const keyed = rows.map((row) => ({ row, values: keys.map((key) => evaluateExpr(key.expr, row, scope)) }));
  keyed.sort((a, b) => compareKeys(a.values, b.values, keys));
  return keyed.map(({ row }) => row);
}

/** Negative, zero or positive as key values a come before, with or after b. */
export function compareKeys(a: readonly Value[], b: readonly Value[], keys: readonly SortKey[]): number {
  for (let i = 0; i < keys.length; i++) {
    const order = compareKey(a[i]!, b[i]!, keys[i]!);
    if (order !== 0) return order;
  }
  return 0;
}

function compareKey(a: Value, b: Value, key: SortKey): number {
  if (a === null || b === null) {
    const order = Number(a === null) - Number(b === null);
    return key.nullsFirst ? -order : order;
  }
  const order = compareValues(a, b);
  return key.descending ? -order : order;
}
