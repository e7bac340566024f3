/**
 * Expressions: from the syntax tree to IR over the row at hand, typed, with casts. One case a kind; the families are in
 * bind-literal, bind-operator, bind-subquery, bind-call and bind-predict.
 */
import { isNumeric, type DType } from '../../ir/dtype.js';
import type { Expr } from '../../ir/node.js';
import { sqlTypeName, tensor, unreachable } from '../../ir/type.js';
import { CompileError } from '../diagnostics.js';
import type { AstExpr, AstType, CaseExpr, ColumnName, Subscript } from './ast.js';
import { bindCall } from './bind-call.js';
import { bindArray, bindInterval, bindNumber, bindParameter, bindTyped } from './bind-literal.js';
import { bindBetween, bindBinary, bindInList, bindLike, bindUnary, compare } from './bind-operator.js';
import { bindInQuery, bindQuantified, existsSubquery, scalarSubquery } from './bind-subquery.js';
import { bindDType, bindType, isArray } from './bind-type.js';
import { asCondition, commonTypeOf, comparedType, unify } from './coerce.js';
import type { ExprContext } from './context.js';
import {
  bool,
  call,
  caseOf,
  castTo,
  choose,
  dtypeOf,
  i64,
  literal,
  nullOf,
  pack,
  part,
  text,
  typeName,
} from './make-expr.js';
import { fieldOf, mapRefs, resolve, unknownColumn } from './scope.js';
import { make } from '../../ir/build.js';

export function bindExpr(ast: AstExpr, cx: ExprContext): Expr {
  switch (ast.kind) {
    case 'number': return bindNumber(ast.text);
    case 'string': return text(ast.value);
    case 'boolean': return bool(ast.value);
    case 'null': return nullOf('null');
    case 'typed': return bindTyped(ast);
    case 'interval': return bindInterval(ast, cx);
    case 'parameter': return bindParameter(ast);
    case 'array': return bindArray(ast, cx);
    case 'column': return bindColumn(ast, cx);
    case 'unary': return bindUnary(ast, cx);
    case 'binary': return bindBinary(ast, cx);
    case 'between': return bindBetween(ast, cx);
    case 'in-list': return bindInList(ast, cx);
    case 'like': return bindLike(ast, cx);
    case 'is': return bindIs(ast, cx);
    case 'is-distinct': {
      const sides = [bindExpr(ast.left, cx), bindExpr(ast.right, cx)];
      const outgrown = comparedType(sides) !== commonTypeOf(sides);
      const fits = outgrown ? sides.map((side) => castTo(side, 'f64')) : sides;
      const [left, right] = unify(fits, [ast.left, ast.right], 'IS DISTINCT FROM') as [Expr, Expr];
      return call(ast.negated ? 'is_not_distinct' : 'is_distinct', left, right);
    }
    case 'case': return bindCase(ast, cx);
    case 'cast': return bindCast(bindExpr(ast.arg, cx), ast.type, { attempt: ast.attempt });
    case 'function': return bindCall(ast, cx);
    case 'exists': return existsSubquery(ast.query, cx);
    case 'subquery': return scalarSubquery(ast.query, cx);
    case 'in-query': return bindInQuery(ast, cx);
    case 'quantified': return bindQuantified(ast, cx);
    case 'field': return fieldOf(bindExpr(ast.arg, cx), ast.name);
    case 'subscript': return bindSubscript(ast, cx);
    case 'star':
      throw new CompileError('* cannot stand here: it belongs in a select list, count(*) or predict(model, t.*)', {
        span: ast.span,
      });
    case 'row': throw new CompileError('a row of values can only be compared', { span: ast.span });
    case 'model': throw new CompileError('a model can only be the first argument of predict', { span: ast.span });
    default: return unreachable(ast);
  }
}

/** A column here, then an alias of the select list, then a column of an enclosing query. */
function bindColumn(ast: ColumnName, cx: ExprContext): Expr {
  const found = resolve(cx.row, ast.path);
  if (found !== undefined) return found;
  const alias = ast.path.length === 1 ? cx.select?.alias(ast.path[0]!.text) : undefined;
  if (alias !== undefined) return alias;
  for (const [i, scope] of cx.env.outer.entries()) {
    const outside = resolve(scope, ast.path);
    if (outside !== undefined)
      return mapRefs(outside, (index, type) => make({ kind: 'outer', depth: i + 1, index, type }));
  }
  throw unknownColumn(ast.path, [cx.row, ...cx.env.outer]);
}

function bindIs(ast: Extract<AstExpr, { kind: 'is' }>, cx: ExprContext): Expr {
  const arg = bindExpr(ast.arg, cx);
  if (ast.test === 'null') return call(ast.negated ? 'is_not_null' : 'is_null', arg);
  const condition = asCondition(arg, ast.arg, 'IS TRUE');
  return call(ast.negated ? 'is_distinct' : 'is_not_distinct', condition, bool(ast.test === 'true'));
}

function bindCase(ast: CaseExpr, cx: ExprContext): Expr {
  const operand = ast.operand === undefined ? undefined : bindExpr(ast.operand, cx);
  const whens = ast.branches.map((branch) => {
    const when = bindExpr(branch.when, cx);
    return operand === undefined
      ? asCondition(when, branch.when, 'WHEN')
      : compare('=', operand, when, branch.when.span);
  });
  const otherwise = ast.otherwise === undefined ? nullOf('null') : bindExpr(ast.otherwise, cx);
  const places = [...ast.branches.map((branch) => branch.then), ast.otherwise ?? ast];
  const results = unify([...ast.branches.map((branch) => bindExpr(branch.then, cx)), otherwise], places, 'CASE');
  return caseOf(whens.map((when, i) => ({ when, then: results[i]! })), results[results.length - 1]!);
}

/** CAST, also of arrays element by element. */
export function bindCast(arg: Expr, type: AstType, options: { attempt: boolean }): Expr {
  if (!isArray(type)) return castTo(arg, bindDType(type), { ...options, span: type.span });
  return castArray(arg, type, options);
}

function castArray(arg: Expr, type: AstType, options: { attempt: boolean }): Expr {
  const target = bindType(type);
  const fits = target.kind === 'tensor' && arg.type.kind === 'tensor' && target.dims.join() === arg.type.dims.join();
  if (!fits) throw new CompileError(`cannot cast ${typeName(arg)} to ${sqlTypeName(target)}`, { span: type.span });
  if (arg.type.kind === 'tensor' && arg.type.dtype === target.dtype) return arg;
  const width = Number(target.dims[0]);
  const parts = Array.from({ length: width }, (_, i) =>
    castTo(part(arg, i), target.dtype, { ...options, span: type.span }),
  );
  return pack(parts, tensor(target.dtype, target.dims, { nullable: arg.type.nullable }));
}

/** `map['key']`, `array[1]` (from 1), `struct['field']`, `text[1]`. */
function bindSubscript(ast: Subscript, cx: ExprContext): Expr {
  const arg = bindExpr(ast.arg, cx);
  const index = bindExpr(ast.index, cx);
  switch (arg.type.kind) {
    case 'struct': {
      if (index.kind === 'literal' && typeof index.value === 'string')
        return fieldOf(arg, { text: index.value, span: ast.index.span });
      break;
    }
    case 'map': return elementByKey(arg, index, arg.type.keys, ast);
    case 'tensor':
      return elementByKey(
        arg,
        index,
        Array.from({ length: Number(arg.type.dims[0]) }, (_, i) => String(i + 1)),
        ast,
      );
    case 'scalar': {
      if (arg.type.dtype === 'utf8' && isNumeric(dtypeOf(index) ?? 'utf8'))
        return call('substring', arg, castTo(index, 'i64'), i64(1));
    }
  }
  throw new CompileError(`${typeName(arg)} cannot be subscripted by ${typeName(index)}`, { span: ast.span });
}

function elementByKey(arg: Expr, index: Expr, keys: readonly string[], ast: Subscript): Expr {
  if (index.kind === 'literal') {
    const place = keys.indexOf(String(index.value));
    if (place >= 0) return part(arg, place);
    const shown = arg.type.kind === 'tensor' ? `1 to ${keys.length}` : keys.map((key) => `'${key}'`).join(', ');
    throw new CompileError(`${typeName(arg)} has no element ${String(index.value)}: there are ${shown}`, {
      span: ast.index.span,
    });
  }
  const keyDType: DType = arg.type.kind === 'map' && arg.type.keyDType === 'utf8' ? 'utf8' : 'i64';
  const key = castTo(index, keyDType, { span: ast.index.span });
  const first = part(arg, 0);
  return keys.reduceRight<Expr>(
    (otherwise, name, i) =>
      choose(call('eq', key, keyDType === 'utf8' ? text(name) : literal(BigInt(name), 'i64')), part(arg, i), otherwise),
    castTo(nullOf('null'), dtypeOf(first) ?? 'null'),
  );
}
