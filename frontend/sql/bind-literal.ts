/** Literals: numbers take the first of INTEGER, BIGINT, UBIGINT, DECIMAL, DOUBLE that holds them as written. */
import { make } from '../../ir/build.js';
import { decimal, MAX_DECIMAL_DIGITS_HELD, type DType } from '../../ir/dtype.js';
import type { Expr } from '../../ir/node.js';
import { inRange } from '../../ir/scalar/value.js';
import { scalar, tensor } from '../../ir/type.js';
import { CompileError } from '../diagnostics.js';
import type { ArrayLiteral, AstExpr, IntervalLiteral, Parameter, TypedLiteral } from './ast.js';
import { bindExpr } from './bind-expression.js';
import { bindDType } from './bind-type.js';
import { unify } from './coerce.js';
import { placeNumber, type ExprContext } from './context.js';
import { functionOf } from './functions/table.js';
import { coerceTo, dtypeOf, literal, pack, text, typeName } from './make-expr.js';

export function bindNumber(written: string): Expr {
  if (/[eE]/.test(written)) return literal(Number(written), 'f64');
  const [whole = '', fraction] = written.split('.');
  if (fraction === undefined || fraction === '') {
    const value = BigInt(whole);
    if (inRange(value, 'i32')) return literal(Number(value), 'i32');
    if (inRange(value, 'i64')) return literal(value, 'i64');
    return inRange(value, 'u64') ? literal(value, 'u64') : literal(Number(written), 'f64');
  }
  const digits = (whole + fraction).replace('-', '').length;
  if (digits > MAX_DECIMAL_DIGITS_HELD) return literal(Number(written), 'f64');
  return literal(
    BigInt(whole.replace('-', '') + fraction) * (whole.startsWith('-') ? -1n : 1n),
    decimal({ precision: digits, scale: fraction.length }),
  );
}

export function bindTyped(ast: TypedLiteral): Expr {
  return coerceTo(text(ast.value), bindDType(ast.type), ast.span);
}

/** A parameter has no type until something asks for one. */
export function bindParameter(ast: Parameter): Expr {
  return make({ kind: 'param', index: ast.index, type: scalar('null', { nullable: true }) });
}

export function bindInterval(ast: IntervalLiteral, cx: ExprContext): Expr {
  const written = constantText(ast.value);
  if (written !== undefined) {
    return coerceTo(text(ast.unit === undefined ? written : `${written} ${ast.unit}`), 'interval', ast.span);
  }
  const value = bindExpr(ast.value, cx);
  if (ast.unit === undefined) return coerceTo(value, 'interval', ast.span);
  const unit = ast.unit.replace(/y$/, 'ie').replace(/s?$/, 's').replace(/^da[iy]es$/, 'days');
  const bound = functionOf(`to_${unit}`)
    ?.overloads.map((overload) => overload([value], placeNumber(ast, cx.env)))
    .find((expr) => expr !== undefined);
  if (bound === undefined)
    throw new CompileError(`an INTERVAL in ${ast.unit} of ${typeName(value)} cannot be made`, { span: ast.span });
  return bound;
}

function constantText(ast: AstExpr): string | undefined {
  if (ast.kind === 'string') return ast.value;
  if (ast.kind === 'number') return ast.text;
  return ast.kind === 'unary' && ast.op === '-' && ast.arg.kind === 'number' ? `-${ast.arg.text}` : undefined;
}

/** `[0.1, 0.2]` is a value of type DOUBLE[2]. */
export function bindArray(ast: ArrayLiteral, cx: ExprContext): Expr {
  if (ast.items.length === 0) throw new CompileError('an array needs at least one element', { span: ast.span });
  const items = unify(ast.items.map((item) => bindExpr(item, cx)), ast.items, 'an array');
  return pack(items, tensor(elementType(items), [items.length]));
}

function elementType(items: readonly Expr[]): DType {
  const dtype = dtypeOf(items[0]!)!;
  return dtype === 'null' ? 'i32' : dtype;
}
