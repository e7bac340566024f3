/**
 * What an entry of the function tables is, and the small language its overloads are written in.
 *
 * An overload takes the bound arguments and gives the expression, or `undefined` when they do not fit it; the first
 * that fits is taken. `place` is the call's own among those of the statement, for what differs from call to call.
 * `example` is SQL and the answer it prints: it runs as a test.
 */
import { isFloat, isInteger, isNumeric, type DType } from '../../../ir/dtype.js';
import type { Expr } from '../../../ir/node.js';
import { canCast } from '../../../ir/scalar/cast.js';
import type { ScalarOp } from '../../../ir/scalar.js';
import { commonTypeOf } from '../coerce.js';
import { call, castTo, dtypeOf, isTextLiteral, isUntyped } from '../make-expr.js';

export type Overload = (args: readonly Expr[], place: bigint) => Expr | undefined;

export interface SqlFunction {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** As documentation and error messages show it: `round(x [, digits])`. */
  readonly signature: string;
  readonly doc: string;
  readonly example: readonly [sql: string, answer: string];
  readonly overloads: readonly Overload[];
}

/** What an argument may be: a dtype it is cast to when SQL does that by itself, or a way to find the dtype. */
export type Wanted = DType | ((expr: Expr) => DType | undefined);

/** The argument as wanted, if SQL casts it there by itself. */
export function fitted(expr: Expr, wanted: Wanted): Expr | undefined {
  const to = typeof wanted === 'string' ? wanted : wanted(expr);
  if (to === undefined) return undefined;
  const from = dtypeOf(expr);
  if (from === undefined) return undefined;
  return from === to || isImplicit(expr, from, to) ? castTo(expr, to) : undefined;
}

function isImplicit(expr: Expr, from: DType, to: DType): boolean {
  if (isUntyped(expr) || isTextLiteral(expr)) return canCast(from, to);
  if (isNumeric(from) && isFloat(to)) return true;
  if (isInteger(from) && isInteger(to)) return true;
  if (from === 'bool' && isNumeric(to)) return true;
  return from === 'date' && to === 'timestamp';
}

/** Arguments by position; the last `optional` of them may be missing. */
export function takes(wanted: readonly Wanted[], build: (...args: Expr[]) => Expr | undefined, optional = 0): Overload {
  return (args) => {
    if (args.length > wanted.length || args.length < wanted.length - optional) return undefined;
    const bound = args.map((arg, i) => fitted(arg, wanted[i]!));
    return bound.every((arg) => arg !== undefined) ? build(...bound) : undefined;
  };
}

/** `op` of arguments by position. */
export function op(name: ScalarOp, wanted: readonly Wanted[], optional = 0): Overload {
  return takes(wanted, (...args) => call(name, ...args), optional);
}

/** `op` of any number of arguments, brought to their common type. */
export function opOfCommon(name: ScalarOp, accepts: (dtype: DType) => boolean = () => true): Overload {
  return (args) => {
    const common = args.length === 0 ? undefined : commonTypeOf(args);
    return common === undefined || !accepts(common) ? undefined : call(name, ...args.map((arg) => castTo(arg, common)));
  };
}

/** f32 stays; every other number is computed in f64, as DuckDB does. */
export const float: Wanted = (expr) => {
  const dtype = dtypeOf(expr);
  if (dtype === 'f32') return 'f32';
  return dtype !== undefined && (isNumeric(dtype) || dtype === 'null' || isTextLiteral(expr)) ? 'f64' : undefined;
};

const when = (accepts: (dtype: DType) => boolean, bare: DType): Wanted => (expr) => {
  const dtype = dtypeOf(expr);
  if (dtype === undefined) return undefined;
  return isUntyped(expr) || (isTextLiteral(expr) && !accepts('utf8')) ? bare : accepts(dtype) ? dtype : undefined;
};

export const numeric = when(isNumeric, 'f64');
export const integer = when(isInteger, 'i64');
export const anything = when(() => true, 'utf8');
export const dateOrTimestamp = when((dtype) => dtype === 'date' || dtype === 'timestamp', 'timestamp');
export const temporal = when(
  (dtype) => dtype === 'date' || dtype === 'timestamp' || dtype === 'time' || dtype === 'interval',
  'timestamp',
);
