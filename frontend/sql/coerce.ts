/**
 * Implicit casts, as DuckDB's: the common type of two expressions, and expressions brought to it.
 * Literals bend: an integer literal takes the other side's type where it fits, a text literal any type it spells.
 */
import {
  decimal,
  decimalOf,
  dtypeInfo,
  isDecimal,
  isFloat,
  isInteger,
  isNumeric,
  MAX_DECIMAL_DIGITS_HELD,
  MAX_DECIMAL_PRECISION,
  type DType,
} from '../../ir/dtype.js';
import type { Expr } from '../../ir/node.js';
import { inRange } from '../../ir/scalar/value.js';
import { CompileError, type Span } from '../diagnostics.js';
import { coerceTo, dtypeOf, isTextLiteral, isUntyped, typeName } from './make-expr.js';

const INTEGER_DIGITS: Readonly<Record<string, number>> = {
  i8: 3,
  u8: 3,
  i16: 5,
  u16: 5,
  i32: 10,
  u32: 10,
  i64: 19,
  u64: 20,
  bool: 1,
};
const SIGNED_BY_BYTES: Readonly<Record<number, DType>> = { 1: 'i8', 2: 'i16', 4: 'i32', 8: 'i64' };

/** The decimal that holds every value of an integer dtype. */
export function decimalOfInteger(dtype: DType): DType {
  return decimal({ precision: INTEGER_DIGITS[dtype]!, scale: 0 });
}

function commonInteger(a: DType, b: DType): DType {
  const [x, y] = [dtypeInfo(a), dtypeInfo(b)];
  if (x.family === y.family) return x.widthBytes >= y.widthBytes ? a : b;
  const [signed, unsigned] = x.family === 'int' ? [x, y] : [y, x];
  return SIGNED_BY_BYTES[Math.max(signed.widthBytes, Math.min(8, unsigned.widthBytes * 2))]!;
}

function commonDecimal(a: DType, b: DType): DType {
  const [x, y] = [decimalOf(a)!, decimalOf(b)!];
  const scale = Math.max(x.scale, y.scale);
  const digits = Math.max(x.precision - x.scale, y.precision - y.scale);
  return decimal({ precision: Math.min(MAX_DECIMAL_PRECISION, digits + scale), scale });
}

/** The type that values of both can be cast to without loss of meaning; `undefined` when there is none. */
export function commonDType(a: DType, b: DType): DType | undefined {
  if (a === b || b === 'null') return a;
  if (a === 'null') return b;
  if (a === 'bool' && isNumeric(b)) return b;
  if (b === 'bool' && isNumeric(a)) return a;
  if (isInteger(a) && isInteger(b)) return commonInteger(a, b);
  if (isFloat(a) && isFloat(b)) return a === 'f64' || b === 'f64' ? 'f64' : 'f32';
  if (isNumeric(a) && isNumeric(b)) {
    if (isFloat(a) || isFloat(b)) return isFloat(a) ? a : b;
    return commonDecimal(isDecimal(a) ? a : decimalOfInteger(a), isDecimal(b) ? b : decimalOfInteger(b));
  }
  const pair = new Set([a, b]);
  if (pair.has('date') && pair.has('timestamp')) return 'timestamp';
  return undefined;
}

/** 2^63 and up: UBIGINT among its like, DOUBLE beside signed integers. */
function isPastBigint(expr: Expr): boolean {
  return expr.kind === 'literal' && typeof expr.value === 'bigint' && expr.type.dtype === 'u64' && !inRange(expr.value, 'i64');
}

function isIntegerLiteral(expr: Expr): boolean {
  return expr.kind === 'literal' && isInteger(expr.type.dtype) && expr.value !== null;
}

/** The type a literal would take beside `other`, when it bends. */
function bends(expr: Expr, other: DType): DType | undefined {
  if (isUntyped(expr)) return other === 'null' ? undefined : other;
  if (expr.kind !== 'literal' || expr.value === null) return undefined;
  if (expr.type.dtype === 'utf8') return other === 'null' ? undefined : other;
  if (!isInteger(expr.type.dtype)) return undefined;
  const value = BigInt(expr.value as number | bigint);
  if (isInteger(other) && inRange(value, other)) return other;
  // No signed integer and no decimal holds it.
  if (isNumeric(other) && !inRange(value, 'i64')) return 'f64';
  if (!isDecimal(other)) return undefined;
  const { scale } = decimalOf(other)!;
  const digits = String(value < 0n ? -value : value).length;
  return commonDecimal(other, decimal({ precision: Math.min(MAX_DECIMAL_PRECISION, digits + scale), scale }));
}

/** The common type of expressions, given that literals bend; `undefined` when they have none. */
export function commonTypeOf(exprs: readonly Expr[]): DType | undefined {
  const firm = exprs.filter((expr) => !isUntyped(expr) && !isTextLiteral(expr) && !isIntegerLiteral(expr));
  let common: DType | undefined;
  for (const expr of firm.length > 0 ? firm : exprs.filter((e) => !isUntyped(e))) {
    const dtype = dtypeOf(expr);
    if (dtype === undefined) return undefined;
    common =
      common === undefined ? dtype : firm.length > 0 ? commonDType(common, dtype) : commonOfLiterals(common, dtype);
    if (common === undefined) return undefined;
  }
  if (firm.length === 0 && common === 'i64' && exprs.some(isPastBigint)) return 'f64';
  // A parameter that nothing else decides is text.
  if (common === undefined) return exprs.some((expr) => expr.kind === 'param') ? 'utf8' : 'null';
  for (const expr of firm.length > 0 ? exprs : []) {
    if (firm.includes(expr)) continue;
    common = bends(expr, common) ?? commonDType(common, dtypeOf(expr)!);
    if (common === undefined) return undefined;
  }
  return common;
}

function commonOfLiterals(a: DType, b: DType): DType | undefined {
  if (a === 'utf8') return b;
  return b === 'utf8' ? a : commonDType(a, b);
}

/** The type in which the expressions are compared; `undefined` when there is none. */
export function comparedType(exprs: readonly Expr[]): DType | undefined {
  const common = commonTypeOf(exprs);
  return common !== undefined && exprs.some((expr) => outgrows(expr, common)) ? 'f64' : common;
}

/**
 * Whether a decimal or integer may need more digits than are held to take the common scale: they are compared as
 * DOUBLE. Columns of one scale never do, however many digits are declared.
 */
function outgrows(side: Expr, common: DType): boolean {
  const [own, to] = [dtypeOf(side)!, decimalOf(common)];
  const from = decimalOf(isInteger(own) ? decimalOfInteger(own) : own);
  if (from === undefined || to === undefined || (isDecimal(own) && to.scale <= from.scale)) return false;
  const isNumber = side.kind === 'literal' && side.value !== null;
  const digits = isNumber ? String(side.value).replace('-', '').length : from.precision;
  return digits + to.scale - from.scale > MAX_DECIMAL_DIGITS_HELD;
}

export interface Spanned { readonly span: Span }

/** All brought to their common type, which is said to be wanted for `what`. */
export function unify(exprs: readonly Expr[], places: readonly Spanned[], what: string): readonly Expr[] {
  const common = commonTypeOf(exprs);
  if (common === undefined) {
    const names = [...new Set(exprs.map(typeName))].join(' and ');
    throw new CompileError(`${what} wants one type, found ${names}; write a CAST`, {
      span: places[places.length - 1]?.span,
    });
  }
  return exprs.map((expr, i) => coerceTo(expr, common, places[i]?.span));
}

/** A condition: BOOLEAN, or what casts to it. */
export function asCondition(expr: Expr, place: Spanned, clause: string): Expr {
  const dtype = dtypeOf(expr);
  if (dtype === 'bool') return expr;
  if (dtype === undefined || !(dtype === 'null' || isNumeric(dtype) || isTextLiteral(expr))) {
    throw new CompileError(`${clause} wants a BOOLEAN, found ${typeName(expr)}`, { span: place.span });
  }
  return coerceTo(expr, 'bool', place.span);
}
