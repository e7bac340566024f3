/**
 * The oracle of expressions: one value from an expression, a row, the parameters and the rows of the enclosing queries.
 *
 * `and`, `or`, `coalesce` and `case` evaluate from left to right and only as far as needed, so that a guard keeps an
 * error from being reached.
 */
import type { DType } from '../../ir/dtype.js';
import type { Call, Case, Expr, Pack, Relation, Subquery } from '../../ir/node.js';
import { castValue } from '../../ir/scalar/cast.js';
import { NULL_ELEMENT, ValueError } from '../../ir/scalar/errors.js';
import { evaluate } from '../../ir/scalar/meaning.js';
import { keyOfValue } from '../../ir/scalar/order.js';
import type { Value } from '../../ir/scalar/value.js';
import { unreachable, type ValueType } from '../../ir/type.js';

export type Row = readonly Value[];

/** What an expression sees beside its row. */
export interface Scope {
  readonly params: readonly Value[];
  /** Rows of the enclosing queries: index 0 is `outer` depth 1. */
  readonly outer: readonly Row[];
  /** The rows of a subquery, whose own `outer` is given. */
  readonly relation: (node: Relation, outer: readonly Row[]) => readonly Row[];
  /** What rows have drawn in one operator: one call is one draw, in whatever expressions of it. */
  readonly draws: WeakMap<Row, Map<Call, Value>>;
}

/**
 * @throws ValueError where the expression has no value (overflow, a cast that cannot be, two rows of a scalar
 * subquery).
 */
export function evaluateExpr(expr: Expr, row: Row, scope: Scope): Value {
  switch (expr.kind) {
    case 'ref': return at(row, expr.index, 'column');
    case 'literal': return expr.value;
    case 'param': return at(scope.params, expr.index, 'parameter');
    case 'outer': return at(at(scope.outer, expr.depth - 1, 'enclosing query'), expr.index, 'column');
    case 'call': return evaluateCall(expr, row, scope);
    case 'cast':
      return castValue(evaluateExpr(expr.arg, row, scope), {
        from: dtypeOf(expr.arg.type),
        to: expr.to,
        attempt: expr.attempt,
      });
    case 'case': return evaluateCase(expr, row, scope);
    case 'pack': return evaluatePack(expr, row, scope);
    case 'part': {
      const parts = evaluateExpr(expr.arg, row, scope);
      return parts === null ? null : at(parts as readonly Value[], expr.index, 'part');
    }
    case 'subquery': return evaluateSubquery(expr, row, scope);
    default: return unreachable(expr);
  }
}

/** Of an array that may be NULL the elements are NULL together; any other holds no NULL. */
function evaluatePack({ parts, type }: Pack, row: Row, scope: Scope): Value {
  const values = parts.map((part) => evaluateExpr(part, row, scope));
  if (type.kind !== 'tensor') return values;
  if (type.nullable && values.every((value) => value === null)) return null;
  if (values.includes(null)) throw new ValueError(NULL_ELEMENT);
  return values;
}

function at<T>(items: readonly T[], index: number, what: string): T {
  const item = items[index];
  if (item === undefined) throw new Error(`${what} ${index} of ${items.length} does not exist`);
  return item;
}

export function dtypeOf(type: ValueType): DType {
  return type.kind === 'scalar' ? type.dtype : 'null';
}

const dtypesOfCall = new WeakMap<Call, readonly DType[]>();

function drawnBy(row: Row, call: Call, { draws }: Scope): Value {
  const known = draws.get(row) ?? new Map<Call, Value>();
  draws.set(row, known);
  const value = known.get(call) ?? evaluate(call.op, [], []);
  known.set(call, value);
  return value;
}

function evaluateCall(call: Call, row: Row, scope: Scope): Value {
  if (call.op === 'random') return drawnBy(row, call, scope);
  let dtypes = dtypesOfCall.get(call);
  if (dtypes === undefined) dtypesOfCall.set(call, (dtypes = call.args.map((arg) => dtypeOf(arg.type))));
  const args: Value[] = [];
  for (const arg of call.args) {
    const value = evaluateExpr(arg, row, scope);
    args.push(value);
    if (decides(call.op, value)) break;
  }
  return evaluate(call.op, args, dtypes);
}

function decides(op: Call['op'], value: Value): boolean {
  switch (op) {
    case 'and': return value === false;
    case 'or': return value === true;
    case 'coalesce': return value !== null;
    default: return false;
  }
}

function evaluateCase(node: Case, row: Row, scope: Scope): Value {
  for (const branch of node.branches) {
    if (evaluateExpr(branch.when, row, scope) === true) return evaluateExpr(branch.then, row, scope);
  }
  return evaluateExpr(node.otherwise, row, scope);
}

function evaluateSubquery(node: Subquery, row: Row, scope: Scope): Value {
  const rows = scope.relation(node.relation, [row, ...scope.outer]);
  switch (node.mode) {
    case 'exists': return rows.length > 0;
    case 'scalar':
      if (rows.length > 1) {
        throw new ValueError(
          `More than one row returned by a subquery used as an expression: found ${rows.length}, expected at most 1`,
        );
      }
      return rows[0]?.[0] ?? null;
    case 'in': return isIn(evaluateExpr(node.arg!, row, scope), rows);
  }
}

const sets = new WeakMap<readonly Row[], ReadonlySet<string>>();

/** SQL's IN: unknown when nothing is equal but a NULL stands on either side; false of no rows. */
function isIn(value: Value, rows: readonly Row[]): boolean | null {
  if (rows.length === 0) return false;
  if (value === null) return null;
  let keys = sets.get(rows);
  if (keys === undefined) sets.set(rows, (keys = new Set(rows.map((row) => keyOfValue(row[0]!)))));
  if (keys.has(keyOfValue(value))) return true;
  return keys.has(keyOfValue(null)) ? null : false;
}
