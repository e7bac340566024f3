/** The oracle of UNION, INTERSECT, EXCEPT and DISTINCT; rows are equal when their values are, NULL equal to NULL. */
import type { SetOperation } from '../../ir/node.js';
import { keyOfRow } from '../../ir/scalar/order.js';
import type { Row } from './expression.js';

/** The first of each group of equal rows. */
export function distinctRows(rows: readonly Row[]): readonly Row[] {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const key = keyOfRow(row);
    return !seen.has(key) && seen.add(key);
  });
}

/** With ALL, a row that is m times left and n times right is there m + n, min(m, n) or max(m - n, 0) times. */
export function combineRows(node: SetOperation, left: readonly Row[], right: readonly Row[]): readonly Row[] {
  if (node.op === 'union') return node.all ? [...left, ...right] : distinctRows([...left, ...right]);
  const counts = new Map<string, number>();
  for (const row of right) {
    const key = keyOfRow(row);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const wanted = node.op === 'intersect';
  return (node.all ? left : distinctRows(left)).filter((row) => {
    const key = keyOfRow(row);
    const count = counts.get(key) ?? 0;
    if (node.all && count > 0) counts.set(key, count - 1);
    return count > 0 === wanted;
  });
}
