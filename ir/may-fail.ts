/**
 * Which expressions may end the statement with an error for some row: a checked overflow, a cast to what does not hold
 * the value, a pattern that is none. Such an expression must not be asked of rows that the query kept from it.
 */
import { dtypeInfo, isFloat, widensExactly, type DType } from './dtype.js';
import type { Call, Cast, Expr } from './node.js';
import { isVolatile, oncePerNode } from './node-facts.js';
import { children } from './rewrite.js';
import type { ScalarOp } from './scalar.js';

/** Checked against the dtype where that is not a float. */
const CHECKED: ReadonlySet<ScalarOp> = new Set<ScalarOp>([
  'add', 'sub', 'mul', 'neg', 'abs', 'int_div', 'round_to', 'shift_left', 'wrap_shift_left', 'shift_right',
]);

const FAILING: ReadonlySet<ScalarOp> = new Set<ScalarOp>([
  'chr', 'repeat', 'lpad', 'rpad', 'add_days', 'add_interval', 'interval_add', 'interval_neg', 'interval_mul',
  'make_date', 'make_interval',
]);

/** Where the argument that says what to do stands. A constant one has been looked at when the statement was bound. */
const INSTRUCTED: Partial<Record<ScalarOp, number>> = {
  like: 2, ilike: 2, regexp_matches: 1, regexp_full_match: 1, regexp_replace: 1, regexp_extract: 1,
  strftime: 1, date_part: 0, date_trunc: 0, date_diff: 0,
};

/** Of the fields that exist of every value, the one that BIGINT does not always hold. */
const OVERFLOWING_FIELD = 'epoch_us';

/** Subqueries are not asked of a row, but once or by joins. */
export const mayFail: (expr: Expr) => boolean = oncePerNode((expr: Expr) => {
  if (isVolatile(expr)) return true;
  if (expr.kind === 'subquery') return false;
  if (expr.kind === 'cast' && castMayFail(expr)) return true;
  if (expr.kind === 'call' && callMayFail(expr)) return true;
  return children(expr).some((child) => mayFail(child as Expr));
});

function callMayFail({ op, args }: Call): boolean {
  if (FAILING.has(op)) return true;
  const first = args[0] === undefined ? undefined : dtypeOf(args[0]);
  if (CHECKED.has(op)) return first === undefined || !isFloat(first);
  const instruction = INSTRUCTED[op];
  const given = instruction === undefined ? undefined : args[instruction];
  if (given === undefined) return false;
  return given.kind !== 'literal' || (op === 'date_part' && given.value === OVERFLOWING_FIELD);
}

function castMayFail({ arg, to, attempt }: Cast): boolean {
  const from = dtypeOf(arg);
  if (attempt || from === undefined || from === 'null' || to === 'utf8') return false;
  if (from === 'utf8') return true;
  // Dates and times of a timestamp, floats of any number, and whether a number is 0 always exist.
  return from !== 'timestamp' && !isFloat(to) && dtypeInfo(to).family !== 'bool' && !widensExactly(from, to);
}

function dtypeOf(expr: Expr): DType | undefined {
  return expr.type.kind === 'scalar' ? expr.type.dtype : undefined;
}
