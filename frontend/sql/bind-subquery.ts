/** Subqueries in expressions: scalar, EXISTS, IN, and the quantified comparisons, also of rows. */
import { make } from '../../ir/build.js';
import type { AggregateCall, Expr, Relation, Subquery } from '../../ir/node.js';
import { setPlace } from '../../ir/places.js';
import { scalar } from '../../ir/type.js';
import { CompileError, type Span } from '../diagnostics.js';
import type { InQuery, Quantified, Query } from './ast.js';
import { compareRows, rowOf } from './bind-operator.js';
import { bindQuery } from './bind-query.js';
import { comparedType } from './coerce.js';
import { inner, type ExprContext } from './context.js';
import { bool, call, caseOf, castTo, coerceTo, dtypeOf, nullOf, ref, typeName } from './make-expr.js';
import { asOuter } from './scope.js';

export function scalarSubquery(query: Query, cx: ExprContext): Expr {
  const { relation } = bindQuery(query, inner(cx));
  wantColumns(relation, 1, query.span);
  if (relation.type.columns[0]!.type.kind !== 'scalar')
    throw new CompileError('a subquery in an expression gives one scalar', { span: query.span });
  return written({ mode: 'scalar', arg: undefined, relation }, query.span, cx);
}

export function existsSubquery(query: Query, cx: ExprContext): Expr {
  const { relation } = bindQuery(query, inner(cx));
  return written({ mode: 'exists', arg: undefined, relation }, query.span, cx);
}

/** Which of them becomes no join is known only when the plan is lowered: the error then speaks of this place. */
function written(fields: Pick<Subquery, 'mode' | 'arg' | 'relation'>, { start, end }: Span, cx: ExprContext): Expr {
  const { source, views } = cx.env;
  return setPlace(make({ kind: 'subquery', ...fields }), { source, view: views.at(-1), start, end });
}

function wantColumns(relation: Relation, count: number, span: Span): void {
  const found = relation.type.columns.length;
  if (found !== count) throw new CompileError(`the subquery gives ${found} columns, expected ${count}`, { span });
}

export function bindInQuery(ast: InQuery, cx: ExprContext): Expr {
  const row = rowOf(ast.arg, cx);
  const { relation } = bindQuery(ast.query, inner(cx));
  wantColumns(relation, row.length, ast.query.span);
  const found =
    row.length === 1
      ? inSubquery(row[0]!, relation, ast.span, cx)
      : quantified({ op: '=', all: false, row, relation, span: ast.span, cx });
  return ast.negated ? call('not', found) : found;
}

/** Both sides are brought to one type: the column by a projection. */
function inSubquery(arg: Expr, relation: Relation, span: Span, cx: ExprContext): Expr {
  const column = ref(0, relation.type.columns[0]!.type);
  const common = comparedType([arg, column]);
  if (common === undefined)
    throw new CompileError(`IN compares ${typeName(arg)} with ${typeName(column)}; write a CAST`, { span });
  const name = relation.type.columns[0]!.name;
  const cast =
    dtypeOf(column) === common
      ? relation
      : make({ kind: 'project', input: relation, exprs: [castTo(column, common)], names: [name] });
  return written({ mode: 'in', arg: coerceTo(arg, common, span), relation: cast }, span, cx);
}

export function bindQuantified(ast: Quantified, cx: ExprContext): Expr {
  const row = rowOf(ast.left, cx);
  const { relation } = bindQuery(ast.query, inner(cx));
  wantColumns(relation, row.length, ast.query.span);
  const one = row.length === 1;
  if (one && !ast.all && (ast.op === '=' || ast.op === '==')) return inSubquery(row[0]!, relation, ast.span, cx);
  if (one && ast.all && (ast.op === '<>' || ast.op === '!='))
    return call('not', inSubquery(row[0]!, relation, ast.span, cx));
  return quantified({ op: ast.op, all: ast.all, row, relation, span: ast.span, cx });
}

interface Quantification {
  readonly op: string;
  readonly all: boolean;
  readonly row: readonly Expr[];
  readonly relation: Relation;
  readonly span: Span;
  readonly cx: ExprContext;
}

/**
 * `x op ANY q` is true when a comparison is true, else NULL when one is NULL, else false; ALL is the mirror image.
 * Both are one aggregate over q: whether any (all) is true, how many rows there are, how many of them are not NULL.
 */
function quantified({ op, all, row, relation, span, cx }: Quantification): Expr {
  const columns = relation.type.columns.map((column, i) => ref(i, column.type));
  const compared = compareRows(op, row.map((value) => asOuter(value, 1)), columns, span);
  const aggregated = make({ kind: 'aggregate', input: relation, groups: [], calls: callsOf(all, compared) });
  const [decided, rows, known] = aggregated.type.columns.map((column, i) => ref(i, column.type)) as [Expr, Expr, Expr];
  const answer = caseOf([
    { when: call('is_not_distinct', decided, bool(!all)), then: bool(!all) },
    { when: call('lt', known, rows), then: nullOf('bool') },
  ], bool(all));
  const projected = make({ kind: 'project', input: aggregated, exprs: [answer], names: [all ? 'all' : 'any'] });
  return written({ mode: 'scalar', arg: undefined, relation: projected }, span, cx);
}

function callsOf(all: boolean, compared: Expr): readonly AggregateCall[] {
  const common = { distinct: false, filter: undefined };
  return [
    {
      ...common,
      op: all ? 'bool_and' : 'bool_or',
      args: [compared],
      name: 'decided',
      type: scalar('bool', { nullable: true }),
    },
    { ...common, op: 'count_star', args: [], name: 'rows', type: scalar('i64') },
    { ...common, op: 'count', args: [compared], name: 'known', type: scalar('i64') },
  ];
}
