/**
 * Which predicates answer the same for values that are equal. Equal values can be told apart: 0 = -0, yet 1/x differs;
 * 30 days = 1 month, yet the text differs. Where an operator takes one of equal values for all (DISTINCT, groups,
 * partitions, EXCEPT, a join's x = y) no other predicate may be asked of another one.
 */
import { isFloat } from '../ir/dtype.js';
import type { Expr, Node } from '../ir/node.js';
import { oncePerNode } from '../ir/node-facts.js';
import { children } from '../ir/rewrite.js';
import type { ScalarOp } from '../ir/scalar.js';
import type { ValueType } from '../ir/type.js';
import { walkByDepth } from './reference.js';
import { isCast } from './scalar-rules/rule.js';

const COMPARING: ReadonlySet<ScalarOp> = new Set<ScalarOp>([
  'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'is_distinct', 'is_not_distinct', 'is_null', 'is_not_null',
]);

/** It looks at columns whose equal values differ only through comparisons, or whether they are NULL. */
export const respectsEquality: (predicate: Expr) => boolean = oncePerNode((expr: Expr) => {
  if (expr.kind === 'ref') return !isVarious(expr.type);
  if (expr.kind === 'subquery') return !readsVarious(expr);
  const compares = expr.kind === 'call' && COMPARING.has(expr.op);
  return children(expr).every((child) => (compares && isPlain(child as Expr)) || respectsEquality(child as Expr));
});

/** Equal values stay equal as other floats. */
function isPlain(expr: Expr): boolean {
  if (isCast(expr)) return isFloat(expr.to) && isPlain(expr.arg);
  return expr.kind === 'ref' && expr.type.kind === 'scalar';
}

/** Whether equal values of the type may differ. */
function isVarious(type: ValueType): boolean {
  switch (type.kind) {
    case 'scalar': return isFloat(type.dtype) || type.dtype === 'interval';
    case 'tensor': return isFloat(type.dtype);
    case 'struct': return type.fields.some((field) => isVarious(field.type));
    case 'map': return isVarious(type.value);
  }
}

function readsVarious(expr: Expr): boolean {
  let found = false;
  walkByDepth(expr, (node: Node, depth) => {
    const isOwn = depth === 0 ? node.kind === 'ref' : node.kind === 'outer' && node.depth === depth;
    if (isOwn && isVarious(node.type as ValueType)) found = true;
    return !found;
  });
  return found;
}
