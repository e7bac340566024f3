/** Operators: arithmetic over numbers, dates and text; comparisons, also of rows; AND, OR, NOT; BETWEEN, IN, LIKE. */
import { make } from '../../ir/build.js';
import {
  decimalOf,
  isDecimal,
  isFloat,
  isInteger,
  isNumeric,
  MAX_DECIMAL_PRECISION,
  type DType,
} from '../../ir/dtype.js';
import type { Expr } from '../../ir/node.js';
import { floorDivide, power10 } from '../../ir/scalar/value.js';
import type { ScalarOp } from '../../ir/scalar.js';
import { CompileError, type Span } from '../diagnostics.js';
import type { AstExpr, Between, Binary, InList, Like, Unary } from './ast.js';
import { bindExpr } from './bind-expression.js';
import { bindNumber } from './bind-literal.js';
import { bindTemporal } from './bind-temporal.js';
import { asCondition, commonDType, commonTypeOf, comparedType, decimalOfInteger, unify } from './coerce.js';
import type { ExprContext } from './context.js';
import { fitted } from './functions/function.js';
import { bindModulo } from './functions/numeric.js';
import {
  bool,
  call,
  castTo,
  choose,
  coerceTo,
  conjunction,
  disjunction,
  dtypeOf,
  isTextLiteral,
  isUntyped,
  literal,
  nullOf,
  typeName,
} from './make-expr.js';

export function bindUnary(ast: Unary, cx: ExprContext): Expr {
  if (ast.op === '-' && ast.arg.kind === 'number') return bindNumber(`-${ast.arg.text}`);
  const arg = bindExpr(ast.arg, cx);
  if (ast.op === 'NOT') return call('not', asCondition(arg, ast.arg, 'NOT'));
  const dtype = dtypeOf(arg);
  if (ast.op === '-' && dtype === 'interval') return call('interval_neg', arg);
  const number =
    dtype !== undefined && isNumeric(dtype)
      ? arg
      : isUntyped(arg) || isTextLiteral(arg)
        ? coerceTo(arg, 'f64', ast.arg.span)
        : undefined;
  if (number === undefined || (ast.op === '~' && !isInteger(dtype!))) throw noOperator(ast.op, [arg], ast.span);
  if (ast.op === '+') return number;
  return call(ast.op === '~' ? 'bit_not' : 'neg', number);
}

function noOperator(op: string, args: readonly Expr[], span: Span): CompileError {
  const struct = args.find((arg) => arg.type.kind === 'struct');
  const notes =
    struct?.type.kind === 'struct'
      ? [`choose a field of the STRUCT: ${struct.type.fields.map((field) => `(...).${field.name}`).join(', ')}`]
      : args.some((arg) => arg.kind === 'param' && isUntyped(arg))
        ? ['a parameter has the type that is asked of it, here none: write a CAST, such as ?::INTEGER']
        : [];
  return new CompileError(`there is no operator ${op} for ${args.map(typeName).join(' and ')}`, { span, notes });
}

const COMPARISONS: Readonly<Record<string, ScalarOp>> = {
  '=': 'eq',
  '==': 'eq',
  '<>': 'ne',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
};

/** a op b is b mirrored a. */
const MIRRORED: Readonly<Record<string, string>> = {
  '=': '=',
  '==': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

export function bindBinary(ast: Binary, cx: ExprContext): Expr {
  if (ast.op === 'AND' || ast.op === 'OR') return bindChain(ast, ast.op, cx);
  if (ast.op in COMPARISONS) {
    return compareRows(ast.op, rowOf(ast.left, cx), rowOf(ast.right, cx), ast.span);
  }
  const left = bindExpr(ast.left, cx);
  const right = bindExpr(ast.right, cx);
  const bound = arithmetic(ast.op, left, right, ast.span);
  if (bound === undefined) throw noOperator(ast.op, [left, right], ast.span);
  return bound;
}

/** A chain of one operator is a loop here and a balanced tree in the plan once it is long: generated ones are. */
const LONG_CHAIN = 32;

function bindChain(ast: Binary, op: 'AND' | 'OR', cx: ExprContext): Expr {
  const sides: AstExpr[] = [];
  let head: AstExpr = ast;
  for (; head.kind === 'binary' && head.op === op; head = head.left) sides.push(head.right);
  sides.push(head);
  const terms = sides.reverse().map((side) => asCondition(bindExpr(side, cx), side, op));
  const scalarOp = op === 'AND' ? 'and' : 'or';
  return terms.length > LONG_CHAIN ? balanced(scalarOp, terms) : terms.reduce((a, b) => call(scalarOp, a, b));
}

/** The values of a row, also written `ROW(a, b)`, or the one value. */
export function rowOf(ast: AstExpr, cx: ExprContext): readonly Expr[] {
  if (ast.kind === 'function' && ast.name.text.toLowerCase() === 'row')
    return ast.args.map((arg) => bindExpr(arg.value, cx));
  return ast.kind === 'row' ? ast.items.map((item) => bindExpr(item, cx)) : [bindExpr(ast, cx)];
}

/** (a, b) < (c, d) is a < c OR (a = c AND b < d). */
export function compareRows(op: string, left: readonly Expr[], right: readonly Expr[], span: Span): Expr {
  if (left.length !== right.length) {
    throw new CompileError(`rows of ${left.length} and ${right.length} values cannot be compared`, { span });
  }
  if (left.length === 1) return compare(op, left[0]!, right[0]!, span);
  const equal = left.map((value, i) => compare('=', value, right[i]!, span));
  const scalarOp = COMPARISONS[op];
  if (scalarOp === 'eq') return conjunction(equal)!;
  if (scalarOp === 'ne') return call('not', conjunction(equal)!);
  const strict = op.startsWith('<') ? '<' : '>';
  return disjunction(left.map((value, i) => {
    const last = i === left.length - 1;
    return conjunction([...equal.slice(0, i), compare(last ? op : strict, value, right[i]!, span)])!;
  }));
}

/** `a op b`, brought to one type. */
export function compare(op: string, left: Expr, right: Expr, span: Span): Expr {
  const dtype = comparedType([left, right]);
  if (dtype === undefined) throw noOperator(op, [left, right], span);
  const whole =
    dtype === 'f64'
      ? (besideWhole(op, left, right, span) ?? besideWhole(MIRRORED[op]!, right, left, span))
      : undefined;
  return whole ?? call(COMPARISONS[op]!, coerceTo(left, dtype, span), coerceTo(right, dtype, span));
}

/**
 * An integer beside a decimal literal, exactly: a < 1.5 and a <= 1.5 are a <= 1, a > 1.5 and a >= 1.5 are a > 1;
 * a = 1.5 is false, or NULL where a is.
 */
function besideWhole(op: string, integer: Expr, decimal: Expr, span: Span): Expr | undefined {
  const held = decimalOf(dtypeOf(decimal)!);
  if (held === undefined || decimal.kind !== 'literal' || decimal.value === null) return undefined;
  if (!isInteger(dtypeOf(integer)!)) return undefined;
  const unit = power10(held.scale);
  const below = floorDivide(decimal.value as bigint, unit);
  const whole = literal(below, 'i64');
  if (below * unit === decimal.value) return compare(op, integer, whole, span);
  const scalarOp = COMPARISONS[op];
  if (scalarOp === 'eq' || scalarOp === 'ne')
    return choose(call('is_null', integer), nullOf('bool'), bool(scalarOp === 'ne'));
  return compare(op.startsWith('<') ? '<=' : '>', integer, whole, span);
}

function arithmetic(op: string, left: Expr, right: Expr, span: Span): Expr | undefined {
  const [a, b] = [dtypeOf(left), dtypeOf(right)];
  if (a === undefined || b === undefined) return undefined;
  if (op === '||') return concat(left, right);
  const temporal = bindTemporal(op, left, right, span);
  if (temporal !== undefined) return temporal;
  const common = commonTypeOf([left, right]);
  const numbers =
    common !== undefined &&
    (isNumeric(common) || common === 'bool' || common === 'null' || (isTextLiteral(left) && isTextLiteral(right)));
  if (!numbers) return undefined;
  const dtype: DType = common === 'null' ? 'i32' : common === 'bool' ? 'i32' : common === 'utf8' ? 'f64' : common;
  switch (op) {
    case '+': return inCommon('add', left, right, dtype, span);
    case '-': return inCommon('sub', left, right, dtype, span);
    case '*': return multiply(left, right, dtype, span);
    case '/': return divide(left, right, dtype, span);
    case '//': return integerDivide(left, right, dtype, span);
    case '%': return bindModulo(coerceTo(left, dtype, span), coerceTo(right, dtype, span));
    case '^':
    case '**': return call('pow', coerceTo(left, 'f64', span), coerceTo(right, 'f64', span));
    default: return bitwise(op, left, right, dtype, span);
  }
}

function concat(left: Expr, right: Expr): Expr {
  const dtype = dtypeOf(left) === 'blob' && dtypeOf(right) === 'blob' ? 'blob' : 'utf8';
  return call('concat', castTo(left, dtype), castTo(right, dtype));
}

function inCommon(op: 'add' | 'sub', left: Expr, right: Expr, dtype: DType, span: Span): Expr {
  return call(op, coerceTo(left, dtype, span), coerceTo(right, dtype, span));
}

/** Decimal scales add up, so the factors keep their own; past 38 digits after the point it is DOUBLE. */
function multiply(left: Expr, right: Expr, dtype: DType, span: Span): Expr {
  if (!isDecimal(dtype)) return call('mul', coerceTo(left, dtype, span), coerceTo(right, dtype, span));
  const [x, y] = [left, right].map((side) => asDecimal(side, dtype, span)) as [Expr, Expr];
  const scale = decimalOf(dtypeOf(x)!)!.scale + decimalOf(dtypeOf(y)!)!.scale;
  return scale > MAX_DECIMAL_PRECISION ? call('mul', castTo(left, 'f64'), castTo(right, 'f64')) : call('mul', x, y);
}

function asDecimal(expr: Expr, common: DType, span: Span): Expr {
  const own = dtypeOf(expr)!;
  if (isDecimal(own)) return expr;
  if (!isInteger(own) && own !== 'bool') return coerceTo(expr, common, span);
  if (expr.kind !== 'literal') return castTo(expr, decimalOfInteger(own));
  const digits = String(expr.value).replace('-', '').length;
  return castTo(expr, `decimal(${digits},0)`);
}

/** `/` is DOUBLE division (FLOAT of FLOATs); x / 0 is NULL. */
function divide(left: Expr, right: Expr, common: DType, span: Span): Expr {
  const dtype = common === 'f32' ? 'f32' : 'f64';
  const divisor = coerceTo(right, dtype, span);
  const quotient = call('div', coerceTo(left, dtype, span), divisor);
  if (divisor.kind === 'literal') return divisor.value === 0 ? nullOf(dtype) : quotient;
  return choose(call('eq', divisor, literal(0, dtype)), nullOf(dtype), quotient);
}

function integerDivide(left: Expr, right: Expr, dtype: DType, span: Span): Expr {
  if (isInteger(dtype)) return call('int_div', coerceTo(left, dtype, span), coerceTo(right, dtype, span));
  const quotient = divide(left, right, dtype, span);
  return isFloat(dtypeOf(quotient)!) ? call('floor', quotient) : quotient;
}

const BITWISE: Readonly<Record<string, ScalarOp>> = {
  '&': 'bit_and',
  '|': 'bit_or',
  '<<': 'shift_left',
  '>>': 'shift_right',
};

function bitwise(op: string, left: Expr, right: Expr, dtype: DType, span: Span): Expr | undefined {
  const scalarOp = BITWISE[op];
  return scalarOp === undefined || !isInteger(dtype)
    ? undefined
    : call(scalarOp, coerceTo(left, dtype, span), coerceTo(right, dtype, span));
}

export function bindBetween(ast: Between, cx: ExprContext): Expr {
  const places = [ast.arg, ast.low, ast.high];
  const sides = places.map((side) => bindExpr(side, cx));
  const [arg, low, high] = (anyOutgrows(sides) ? sides : unify(sides, places, 'BETWEEN')) as [Expr, Expr, Expr];
  const within = call('and', compare('>=', arg, low, ast.span), compare('<=', arg, high, ast.span));
  return ast.negated ? call('not', within) : within;
}

/** x IN (a, b) is x = a OR x = b, as a balanced tree, so that a long list makes no deep one. */
export function bindInList(ast: InList, cx: ExprContext): Expr {
  const found = ast.arg.kind === 'row' ? inRows(ast, cx) : inValues(ast, cx);
  return ast.negated ? call('not', found) : found;
}

function inValues(ast: InList, cx: ExprContext): Expr {
  const places = [ast.arg, ...ast.items];
  const sides = places.map((side) => bindExpr(side, cx));
  const [arg, ...items] = (anyOutgrows(sides) ? sides : unify(sides, places, 'IN')) as [Expr, ...Expr[]];
  return balanced('or', [...new Set(items)].map((item) => compare('=', arg, item, ast.span)));
}

/** Then each pair is compared by itself. */
const anyOutgrows = (sides: readonly Expr[]): boolean => comparedType(sides) !== commonTypeOf(sides);

function inRows(ast: InList, cx: ExprContext): Expr {
  const arg = rowOf(ast.arg, cx);
  return balanced('or', ast.items.map((item) => compareRows('=', arg, rowOf(item, cx), item.span)));
}

function balanced(op: 'and' | 'or', terms: readonly Expr[]): Expr {
  if (terms.length === 1) return terms[0]!;
  const middle = terms.length >> 1;
  return call(op, balanced(op, terms.slice(0, middle)), balanced(op, terms.slice(middle)));
}

export function bindLike(ast: Like, cx: ExprContext): Expr {
  const sides = [ast.arg, ast.pattern, ...(ast.escape === undefined ? [] : [ast.escape])];
  const args = sides.map((side) => {
    const bound = bindExpr(side, cx);
    const fits = fitted(bound, 'utf8');
    if (fits === undefined)
      throw new CompileError(`${ast.op.toUpperCase()} wants VARCHAR, found ${typeName(bound)}; write a CAST`, {
        span: side.span,
      });
    return fits;
  });
  const matched =
    ast.op === 'similar' ? call('regexp_full_match', args[0]!, args[1]!) : make({ kind: 'call', op: ast.op, args });
  return ast.negated ? call('not', matched) : matched;
}

/** Two relations' columns by position: the type both take in a set operation. */
export function commonColumn(a: DType, b: DType): DType | undefined {
  const common = commonDType(a, b);
  return common ?? (a === 'utf8' || b === 'utf8' ? 'utf8' : undefined);
}
