/** A rewrite of one expression whose parts are already simplified. Each is exact: same value, same NULL, same dtype. */
import { make } from '../../ir/build.js';
import type { Call, Cast, Expr, Literal } from '../../ir/node.js';
import type { ScalarOp } from '../../ir/scalar.js';
import { dtypeInfo, type DType } from '../../ir/dtype.js';

export interface ScalarRule {
  readonly name: string;
  /** The equation, for explain. */
  readonly reason: string;
  /** It looks at all terms of an AND or OR, so it is asked of the outermost only: to ask each takes quadratic time. */
  readonly ofWholeChain?: true;
  readonly apply: (expr: Expr) => Expr | undefined;
}

export function call(op: ScalarOp, ...args: readonly Expr[]): Call {
  return make({ kind: 'call', op, args });
}

export function isCall<Op extends ScalarOp>(
  expr: Expr | undefined,
  ...ops: readonly Op[]
): expr is Call & { readonly op: Op } {
  return expr?.kind === 'call' && (ops as readonly string[]).includes(expr.op);
}

export function isLiteral(expr: Expr | undefined): expr is Literal {
  return expr?.kind === 'literal';
}

export function isNull(expr: Expr | undefined): boolean {
  return isLiteral(expr) && expr.value === null;
}

export function dtypeOf(expr: Expr): DType | undefined {
  return expr.type.kind === 'scalar' ? expr.type.dtype : undefined;
}

export function familyOf(expr: Expr): string | undefined {
  const dtype = dtypeOf(expr);
  return dtype === undefined ? undefined : dtypeInfo(dtype).family;
}

/** Whether a literal is this number, whatever its dtype; a decimal counts unscaled, so only 0 is asked of it. */
export function isNumber(expr: Expr | undefined, value: number): boolean {
  if (!isLiteral(expr) || familyOf(expr) === 'bool') return false;
  if (familyOf(expr) === 'decimal' && value !== 0) return false;
  if (typeof expr.value === 'bigint') return expr.value === BigInt(value);
  return typeof expr.value === 'number' && Object.is(expr.value, value);
}

/** `expr` where a rewrite may drop the operation around it: of the same dtype and not NULL more often. */
export function inPlaceOf(whole: Expr, expr: Expr): Expr | undefined {
  return dtypeOf(expr) === dtypeOf(whole) && (whole.type.nullable || !expr.type.nullable) ? expr : undefined;
}

export function isCast(expr: Expr | undefined): expr is Cast {
  return expr?.kind === 'cast';
}
