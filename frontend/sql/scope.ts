/**
 * Names in reach of an expression. In: a path of names. Out: the expression it stands for, over the row at hand.
 * Lookups ignore case. A column hidden by USING is reached by its table's name only.
 */
import { make } from '../../ir/build.js';
import type { Expr, Node } from '../../ir/node.js';
import { oncePerNode, reachesOut } from '../../ir/node-facts.js';
import { children, rewriteBottomUp, withChildren } from '../../ir/rewrite.js';
import type { Column, ValueType } from '../../ir/type.js';
import { CompileError, nearestName, type Span } from '../diagnostics.js';
import type { Name } from './ast.js';
import { isSchema } from './schema.js';
import { part, ref } from './make-expr.js';

export interface ScopeColumn {
  /** The table's alias; undefined: it has none. */
  readonly table: string | undefined;
  readonly name: string;
  readonly expr: Expr;
  readonly hidden: boolean;
}

export interface RowScope {
  readonly columns: readonly ScopeColumn[];
}

export const EMPTY_SCOPE: RowScope = { columns: [] };

const same = (a: string | undefined, b: string): boolean => a !== undefined && a.toLowerCase() === b.toLowerCase();

/** The scope of a relation whose columns are all of one table. */
export function scopeOf(columns: readonly Column[], options: { table: string | undefined; offset?: number }): RowScope {
  const offset = options.offset ?? 0;
  return {
    columns: columns.map((column, i) => ({
      table: options.table,
      name: column.name,
      expr: ref(i + offset, column.type),
      hidden: false,
    })),
  };
}

/** The expression with every ref put through `change`. Expressions of a scope hold no subqueries. */
export function mapRefs(expr: Expr, change: (index: number, type: ValueType) => Expr): Expr {
  if (expr.kind === 'ref') return change(expr.index, expr.type);
  return rewriteBottomUp(expr, (node) => (node.kind === 'ref' ? change(node.index, node.type) : undefined));
}

/**
 * The same names over a row whose columns begin at `offset` and have the types of `columns` (which joins make
 * nullable).
 */
export function shiftScope(scope: RowScope, offset: number, columns: readonly Column[]): RowScope {
  const shift = (index: number): Expr => ref(index + offset, columns[index + offset]!.type);
  return { columns: scope.columns.map((column) => ({ ...column, expr: mapRefs(column.expr, shift) })) };
}

/** What is named by the path here; `undefined` when nothing is. Throws when more than one thing is. */
export function resolve(scope: RowScope, path: readonly Name[]): Expr | undefined {
  if (path.length >= 2) {
    const [table, column] = path as [Name, Name];
    const found = scope.columns.filter(
      (candidate) => same(candidate.table, table.text) && same(candidate.name, column.text),
    );
    if (found.length > 0) return fieldsOf(only(found, path.slice(0, 2)).expr, path.slice(2));
  }
  const first = path[0]!;
  const found = columnsNamed(scope, first);
  if (found.length === 0) return path.length > 2 && isSchema(first) ? resolve(scope, path.slice(1)) : undefined;
  const { expr } = only(found, [first]);
  // A path into what is no STRUCT may still mean a table further out.
  return path.length === 1 || expr.type.kind === 'struct' ? fieldsOf(expr, path.slice(1)) : undefined;
}

function columnsNamed(scope: RowScope, name: Name): readonly ScopeColumn[] {
  return scope.columns.filter((candidate) => !candidate.hidden && same(candidate.name, name.text));
}

function only(found: readonly ScopeColumn[], path: readonly Name[]): ScopeColumn {
  if (found.length === 1) return found[0]!;
  const name = path[path.length - 1]!;
  const choices = new Set(found.map(({ table, name }) => (table === undefined ? name : `${table}.${name}`)));
  const [first] = choices;
  const why = choices.size > 1
    ? `it may be ${[...choices].join(' or ')}`
    : `there are ${found.length} of the name ${first}; give tables or columns other names with AS`;
  throw new CompileError(`column "${pathText(path)}" is ambiguous: ${why}`, { span: name.span });
}

export function pathText(path: readonly Name[]): string {
  return path.map((name) => name.text).join('.');
}

function fieldsOf(expr: Expr, path: readonly Name[]): Expr {
  return path.reduce((value, name) => fieldOf(value, name), expr);
}

function notStruct(field: Name): CompileError {
  return new CompileError(`"${field.text}" is asked of a value that is no STRUCT`, { span: field.span });
}

/** `value.name` of a struct. */
export function fieldOf(value: Expr, name: Name): Expr {
  if (value.type.kind !== 'struct') {
    throw notStruct(name);
  }
  const names = value.type.fields.map((field) => field.name);
  const index = names.findIndex((candidate) => same(candidate, name.text));
  if (index >= 0) return part(value, index);
  throw new CompileError(`the STRUCT has no field "${name.text}": it has ${names.join(', ')}`, {
    span: name.span,
    suggestion: nearestName(name.text, names),
  });
}

/** Columns of `table`, or all that are not hidden; `undefined` when there is no such table. */
export function starColumns(scope: RowScope, table: string | undefined): readonly ScopeColumn[] | undefined {
  if (table === undefined) return scope.columns.filter((column) => !column.hidden);
  const found = scope.columns.filter((column) => same(column.table, table));
  return found.length === 0 ? undefined : found;
}

export function tableNames(scope: RowScope): readonly string[] {
  return [...new Set(scope.columns.map((column) => column.table).filter((table) => table !== undefined))];
}

/** The error of a name that nothing has, with the nearest that something has. */
export function unknownColumn(path: readonly Name[], scopes: readonly RowScope[]): CompileError {
  const [first, second] = path as [Name, Name | undefined];
  if (path.length > 2 && isSchema(first)) return unknownColumn(path.slice(1), scopes);
  const columns = scopes.flatMap((scope) => scope.columns);
  const span: Span = { start: first.span.start, end: (second ?? first).span.end };
  if (second === undefined) {
    const suggestion = nearestName(first.text, columns.map((column) => column.name));
    return new CompileError(`column "${first.text}" does not exist`, { span, suggestion });
  }
  const within = columns.filter((column) => same(column.table, first.text));
  if (within.length > 0) {
    const suggestion = nearestName(second.text, within.map((column) => column.name));
    return new CompileError(`column "${second.text}" does not exist in table "${first.text}"`, { span, suggestion });
  }
  if (scopes.some((scope) => columnsNamed(scope, first).length > 0)) return notStruct(second);
  const suggestion = nearestName(first.text, scopes.flatMap(tableNames));
  return new CompileError(`there is no table "${first.text}" in this query`, { span: first.span, suggestion });
}

/** The expression as a subquery sees it, `depth` queries further in. Rows of its own subqueries stay theirs. */
export function asOuter(expr: Expr, depth: number): Expr {
  return deepening(depth, 0)(expr) as Expr;
}

/** `level`: how many of the expression's own subqueries the node is inside of. */
function deepening(depth: number, level: number): (node: Node) => Node {
  const deepened: (node: Node) => Node = oncePerNode((node) => {
    if (node.kind === 'ref' && level === 0) return make({ kind: 'outer', depth, index: node.index, type: node.type });
    if (node.kind === 'outer' && node.depth >= level)
      return make({ kind: 'outer', depth: node.depth + depth, index: node.index, type: node.type });
    if (level > 0 && !reachesOut(node)) return node;
    return withChildren(node, children(node).map((child) =>
      (node.kind === 'subquery' && child === node.relation ? deepening(depth, level + 1) : deepened)(child)));
  });
  return deepened;
}
