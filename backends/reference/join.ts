/**
 * The oracle of joins: every pair of rows for which the whole condition is true. Pairs are only looked at when the
 * equalities between the two sides hold, found through a table of keys; without equalities, all pairs are.
 */
import type { Expr, Join } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import { keyOfRow } from '../../ir/scalar/order.js';
import type { Value } from '../../ir/scalar/value.js';
import { evaluateExpr, type Row, type Scope } from './expression.js';

export function joinRows(node: Join, left: readonly Row[], right: readonly Row[], scope: Scope): readonly Row[] {
  const widths = { left: node.left.type.columns.length, right: node.right.type.columns.length };
  const nulls = { left: nullRow(widths.left), right: nullRow(widths.right) };
  const candidates = candidatesOf(node, right, scope, widths.left);
  const keepsLeft = node.join === 'left' || node.join === 'full';
  const keepsRight = node.join === 'right' || node.join === 'full';
  const matchedRight = new Set<number>();
  const rows: Row[] = [];
  for (const leftRow of left) {
    let matched = false;
    for (const i of candidates(leftRow)) {
      const pair = [...leftRow, ...right[i]!];
      if (node.on !== undefined && evaluateExpr(node.on, pair, scope) !== true) continue;
      matched = true;
      if (node.join === 'semi' || node.join === 'anti') break;
      matchedRight.add(i);
      rows.push(pair);
    }
    if (matched ? node.join === 'semi' : node.join === 'anti') rows.push(leftRow);
    if (!matched && keepsLeft) rows.push([...leftRow, ...nulls.right]);
  }
  if (keepsRight) right.forEach((row, i) => void (matchedRight.has(i) || rows.push([...nulls.left, ...row])));
  return rows;
}

function nullRow(width: number): Row {
  return new Array<Value>(width).fill(null);
}

interface Equality { readonly left: Expr; readonly right: Expr }

/** The places of right rows that may match a left row: those whose equality keys agree (NULL agrees with none). */
function candidatesOf(
  node: Join,
  right: readonly Row[],
  scope: Scope,
  leftWidth: number,
): (row: Row) => readonly number[] {
  const equalities = node.on === undefined ? [] : equalitiesOf(node.on, leftWidth);
  const all = right.map((_, i) => i);
  if (equalities.length === 0) return () => all;
  const padding = nullRow(leftWidth);
  const table = new Map<string, number[]>();
  for (const [i, row] of right.entries()) {
    const values = equalities.map((equality) => evaluateExpr(equality.right, [...padding, ...row], scope));
    if (values.includes(null)) continue;
    const key = keyOfRow(values);
    const bucket = table.get(key);
    if (bucket === undefined) table.set(key, [i]);
    else bucket.push(i);
  }
  return (row) => {
    const values = equalities.map((equality) => evaluateExpr(equality.left, row, scope));
    return values.includes(null) ? [] : (table.get(keyOfRow(values)) ?? []);
  };
}

/** Conjuncts `l = r` with l of left columns only and r of right columns only. */
function equalitiesOf(on: Expr, leftWidth: number): readonly Equality[] {
  if (on.kind !== 'call') return [];
  if (on.op === 'and') return on.args.flatMap((arg) => equalitiesOf(arg, leftWidth));
  if (on.op !== 'eq') return [];
  const [a, b] = on.args as [Expr, Expr];
  const [sideA, sideB] = [sideOf(a, leftWidth), sideOf(b, leftWidth)];
  if (sideA === 'left' && sideB === 'right') return [{ left: a, right: b }];
  return sideA === 'right' && sideB === 'left' ? [{ left: b, right: a }] : [];
}

function sideOf(expr: Expr, leftWidth: number): 'left' | 'right' | 'neither' {
  const nodes = postorder(expr);
  if (nodes.some((node) => node.kind === 'subquery')) return 'neither';
  const sides = new Set(nodes.flatMap((node) => (node.kind === 'ref' ? [node.index < leftWidth] : [])));
  return sides.size === 1 ? (sides.has(true) ? 'left' : 'right') : 'neither';
}
