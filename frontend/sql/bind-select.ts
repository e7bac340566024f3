/**
 * SELECT. Everything is bound over the row of FROM first (aggregates, windows and models as markers, see stage.ts),
 * then put on its stage: FROM, WHERE | groups, HAVING | windows, QUALIFY | projection, DISTINCT, ORDER BY.
 */
import { make } from '../../ir/build.js';
import type { Expr, Relation, SortKey } from '../../ir/node.js';
import { oncePerNode } from '../../ir/node-facts.js';
import { children } from '../../ir/rewrite.js';
import { CompileError, type Span } from '../diagnostics.js';
import type { AstExpr, Query, Select, SelectItem } from './ast.js';
import { sortKey } from './bind-call.js';
import { bindExpr } from './bind-expression.js';
import { bindFrom } from './bind-from.js';
import { ordinalOf, type BoundQuery } from './bind-query.js';
import { starOf } from './bind-star.js';
import { asCondition } from './coerce.js';
import type { Env, ExprContext, SelectParts } from './context.js';
import { call, castTo, dtypeOf, i64, ref } from './make-expr.js';
import type { RowScope } from './scope.js';
import { Markers, Stage } from './stage.js';
import { scalar } from '../../ir/type.js';

interface Item { readonly name: string; readonly expr: Expr; readonly span: Span }

interface BoundKey { readonly key: SortKey; readonly span: Span }

export function bindSelect(select: Select, query: Query, env: Env): BoundQuery {
  const from = bindFrom(select.from, env);
  const markers = new Markers();
  const cx = selectContext(select, env, from.scope, markers);
  const rows = new Stage(from.relation, markers);
  if (select.where !== undefined) {
    const where = asCondition(
      bindExpr(select.where, {
        ...cx,
        noAggregates: 'in WHERE; write it in HAVING',
        noWindows: 'in WHERE; write it in QUALIFY',
      }),
      select.where,
      'WHERE',
    );
    rows.filter(where, select.where.span);
  }
  const items = select.items.flatMap((item) => bindItem(item, cx));
  if (items.length === 0)
    throw new CompileError('nothing is selected: EXCLUDE leaves no column', { span: select.items[0]!.span });
  const keys = groupKeys(select, items, cx);
  const having =
    select.having === undefined
      ? undefined
      : asCondition(
          bindExpr(select.having, { ...cx, noWindows: 'in HAVING; write it in QUALIFY' }),
          select.having,
          'HAVING',
        );
  const qualify =
    select.qualify === undefined ? undefined : asCondition(bindExpr(select.qualify, cx), select.qualify, 'QUALIFY');
  const order = orderKeys(query, items, cx);
  const on = select.distinctOn.map((ast) => ({ expr: bindOrdinal(ast, items, cx, 'DISTINCT ON'), span: ast.span }));
  const grouped = select.groups.length > 0 || select.groupAll || having !== undefined || markers.aggregates.length > 0;
  const stage = grouped ? groupStage(rows, markers, keys, from.scope, select.span) : rows;
  if (having !== undefined) stage.filter(having, select.having!.span);
  const exprs = items.map((item) => stage.lower(item.expr, item.span));
  const sorted = order.map(({ key, span }) => stage.lowerKey(key, span));
  const kept = qualify === undefined ? undefined : stage.lower(qualify, select.qualify!.span);
  if (kept !== undefined) stage.relation = make({ kind: 'filter', input: stage.relation, predicate: kept });
  if (on.length > 0) firstOfEach(stage, on.map(({ expr, span }) => stage.lower(expr, span)), sorted);
  const names = items.map((item) => item.name);
  const distinct = select.distinct && on.length === 0;
  return {
    relation: projected(stage.relation, { exprs, names, keys: sorted, distinct, place: query.order[0]?.span }),
    names,
  };
}

function selectContext(select: Select, env: Env, row: RowScope, markers: Markers): ExprContext {
  const byAlias = new Map(
    select.items
      .filter((item) => item.alias !== undefined)
      .map((item) => [item.alias!.text.toLowerCase(), item] as const),
  );
  const open = new Set<string>();
  const bound = new Map<string, Expr>();
  const parts: SelectParts = {
    markers,
    windows: new Map(select.windows.map(({ name, spec }) => [name.text.toLowerCase(), spec] as const)),
    alias: (name) => {
      const key = name.toLowerCase();
      const item = byAlias.get(key);
      if (item === undefined || open.has(key)) return undefined;
      const known = bound.get(key);
      if (known !== undefined) return known;
      open.add(key);
      try {
        const expr = bindExpr(item.expr, cx);
        // Inside another alias its name means something else.
        if (open.size === 1) bound.set(key, expr);
        return expr;
      } finally {
        open.delete(key);
      }
    },
  };
  const cx: ExprContext = { env, row, select: parts, noAggregates: undefined, noWindows: undefined };
  return cx;
}

function bindItem(item: SelectItem, cx: ExprContext): readonly Item[] {
  if (item.expr.kind === 'star')
    return starOf(item.expr, cx).map(({ name, expr }) => ({ name, expr, span: item.span }));
  return [
    {
      name: item.alias?.text ?? nameOf(item.expr, cx.env.source),
      expr: decided(bindExpr(item.expr, cx)),
      span: item.expr.span,
    },
  ];
}

/** A column needs a type: a parameter that has none is text. */
function decided(expr: Expr): Expr {
  return expr.kind === 'param' ? castTo(expr, dtypeOf(expr) === 'null' ? 'utf8' : dtypeOf(expr)!) : expr;
}

/** A column's own name, a cast's argument's; else the expression as written, on one line. */
function nameOf(ast: AstExpr, source: string): string {
  switch (ast.kind) {
    case 'column': return ast.path[ast.path.length - 1]!.text;
    case 'field': return ast.name.text;
    default: return source.slice(ast.span.start, ast.span.end).replace(/\s+/g, ' ');
  }
}

function bindOrdinal(ast: AstExpr, items: readonly Item[], cx: ExprContext, clause: string): Expr {
  const ordinal = ordinalOf(ast, items.length, clause);
  return ordinal === undefined ? bindExpr(ast, cx) : items[ordinal]!.expr;
}

// ---------------------------------------------------------------- groups

function groupKeys(
  select: Select,
  items: readonly Item[],
  cx: ExprContext,
): readonly { readonly expr: Expr; readonly span: Span; readonly name: string }[] {
  const within: ExprContext = { ...cx, noAggregates: 'in GROUP BY', noWindows: 'in GROUP BY' };
  const holdsAggregate = aggregateTest(cx.select!.markers);
  const keys = select.groupAll
    ? items.filter((item) => !holdsAggregate(item.expr))
    : select.groups.map((ast) => ({
        expr: bindGroup(ast, items, within),
        span: ast.span,
        name: nameOf(ast, cx.env.source),
      }));
  const seen = new Set<Expr>();
  return keys.filter(({ expr, span }) => {
    if (holdsAggregate(expr)) throw new CompileError('GROUP BY cannot hold an aggregate', { span });
    return !seen.has(expr) && seen.add(expr);
  });
}

function bindGroup(ast: AstExpr, items: readonly Item[], cx: ExprContext): Expr {
  const name = ast.kind === 'function' ? ast.name.text.toUpperCase() : '';
  if (name === 'ROLLUP' || name === 'CUBE')
    throw new CompileError(`GROUP BY ${name} is not supported yet`, { span: ast.span });
  return bindOrdinal(ast, items, cx, 'GROUP BY');
}

function aggregateTest(markers: Markers): (expr: Expr) => boolean {
  const holdsAggregate: (expr: Expr) => boolean = oncePerNode((expr) => {
    if (expr.kind !== 'ref')
      return children(expr).some((child) => child.type.kind !== 'relation' && holdsAggregate(child as Expr));
    const marker = markers.get(expr);
    if (marker?.kind !== 'output') return marker?.kind === 'aggregate';
    return marker.application.inputs.some((input) => input.exprs.some(holdsAggregate));
  });
  return holdsAggregate;
}

function groupStage(
  rows: Stage,
  markers: Markers,
  keys: ReturnType<typeof groupKeys>,
  scope: RowScope,
  span: Span,
): Stage {
  const groups = keys.map((key) => ({ expr: rows.lower(key.expr, key.span), name: key.name }));
  const calls = markers.aggregates.map((aggregate) => ({
    ...aggregate,
    args: aggregate.args.map((arg) => rows.lower(arg, span)),
    filter: aggregate.filter === undefined ? undefined : rows.lower(aggregate.filter, span),
  }));
  const aggregate = make({ kind: 'aggregate', input: rows.relation, groups, calls });
  const columnName = (index: number): string =>
    scope.columns.find(({ expr }) => expr.kind === 'ref' && expr.index === index)?.name ?? '?';
  return new Stage(aggregate, markers, { keys: keys.map((key) => key.expr), columnName });
}

// ---------------------------------------------------------------- order

function orderKeys(query: Query, items: readonly Item[], cx: ExprContext): readonly BoundKey[] {
  const { orderAll } = query;
  if (orderAll !== undefined) return items.map((item) => ({ key: sortKey(item.expr, orderAll), span: item.span }));
  return query.order.map((item) => ({ key: sortKey(orderExpr(item.expr, items, cx), item), span: item.span }));
}

/** An ordinal, then a name of the output, then any expression. */
function orderExpr(ast: AstExpr, items: readonly Item[], cx: ExprContext): Expr {
  if (ast.kind === 'column' && ast.path.length === 1) {
    const name = ast.path[0]!.text.toLowerCase();
    const found = items.filter((item) => item.name.toLowerCase() === name);
    if (found.length > 0 && found.every((item) => item.expr === found[0]!.expr)) return found[0]!.expr;
  }
  return bindOrdinal(ast, items, cx, 'ORDER BY');
}

/** DISTINCT ON: the first row, in the order asked for, of each value. */
function firstOfEach(stage: Stage, partition: readonly Expr[], order: readonly SortKey[]): void {
  const input = stage.relation;
  const type = scalar('i64');
  const numbered = make({
    kind: 'window',
    input,
    calls: [{ op: 'row_number', args: [], partition, order, frame: undefined, name: 'row_number', type }],
  });
  stage.relation = make({
    kind: 'filter',
    input: numbered,
    predicate: call('eq', ref(input.type.columns.length, type), i64(1)),
  });
}

interface Projection {
  readonly exprs: readonly Expr[];
  readonly names: readonly string[];
  readonly keys: readonly SortKey[];
  readonly distinct: boolean;
  readonly place: Span | undefined;
}

/** Sort keys that are not in the output ride along until the rows are sorted. */
function projected(input: Relation, { exprs, names, keys, distinct, place }: Projection): Relation {
  const extra = [...new Set(keys.map((key) => key.expr).filter((expr) => !exprs.includes(expr) && !isConstant(expr)))];
  if (distinct && extra.length > 0)
    throw new CompileError('with DISTINCT, ORDER BY can only name what is selected', { span: place });
  const all = [...exprs, ...extra];
  const project = isIdentity(input, all, names)
    ? input
    : make({ kind: 'project', input, exprs: all, names: [...names, ...extra.map((_, i) => `key${i}`)] });
  const unique = distinct ? make({ kind: 'distinct', input: project }) : project;
  if (keys.length === 0) return unique;
  const columns = unique.type.columns;
  const sortKeys = keys.filter((key) => !isConstant(key.expr)).map((key) => {
    const index = all.indexOf(key.expr);
    return { ...key, expr: ref(index, columns[index]!.type) };
  });
  if (sortKeys.length === 0) return unique;
  const sorted = make({ kind: 'sort', input: unique, keys: sortKeys, limit: undefined });
  if (extra.length === 0) return sorted;
  return make({ kind: 'project', input: sorted, exprs: names.map((_, i) => ref(i, columns[i]!.type)), names });
}

function isConstant(expr: Expr): boolean {
  return expr.kind === 'literal';
}

function isIdentity(input: Relation, exprs: readonly Expr[], names: readonly string[]): boolean {
  const columns = input.type.columns;
  return exprs.length === columns.length && names.length === exprs.length
    && exprs.every((expr, i) => expr.kind === 'ref' && expr.index === i && columns[i]!.name === names[i]);
}
