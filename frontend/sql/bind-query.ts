/** Queries: WITH, the body, ORDER BY and LIMIT around it; VALUES and set operations. */
import { make } from '../../ir/build.js';
import type { Expr, Node, Relation, SortKey } from '../../ir/node.js';
import { isVolatile, oncePerNode } from '../../ir/node-facts.js';
import { children } from '../../ir/rewrite.js';
import { relation as relationOf, scalar, unreachable, type ValueType } from '../../ir/type.js';
import { CompileError } from '../diagnostics.js';
import type { AstExpr, Name, OrderItem, Query, SetBody, ValuesBody } from './ast.js';
import { sortKey } from './bind-call.js';
import { bindExpr } from './bind-expression.js';
import { commonColumn } from './bind-operator.js';
import { bindSelect } from './bind-select.js';
import { unify } from './coerce.js';
import { plainContext, type CommonRelation, type Env } from './context.js';
import { castTo, coerceTo, dtypeOf, ref, typeName } from './make-expr.js';
import { EMPTY_SCOPE, scopeOf } from './scope.js';

export interface BoundQuery {
  readonly relation: Relation;
  /** The names of its columns, as the user sees them. */
  readonly names: readonly string[];
}

export function bindQuery(query: Query, outside: Env): BoundQuery {
  const env = query.with.length === 0 ? outside : withTables(query, outside);
  const bound = bindOrdered(query, env);
  const relation = limited(query, bound.relation, env);
  for (const { name } of query.with) refuseDrawnTwice(name, { table: env.tables.get(key(name))!, reader: relation });
  return { ...bound, relation };
}

const key = (name: Name): string => name.text.toLowerCase();

/** A table of WITH is bound anew wherever it is read, which does not show unless its rows are drawn. */
function refuseDrawnTwice(name: Name, { table, reader }: { table: CommonRelation; reader: Relation }): void {
  if (!isVolatile(table.relation)) return;
  // Readers that are equal are one node, so ways to the table are counted, not nodes above it.
  const reads: (node: Node) => number = oncePerNode((node) =>
    node === table.relation ? 1 : children(node).reduce((sum, child) => sum + reads(child), 0));
  if (reads(reader) > 1)
    throw new CompileError(`"${name.text}" holds random numbers and is read twice, which would draw them twice`, {
      span: name.span,
      notes: ['keep them in a table first: CREATE TABLE ... AS'],
    });
}

function withTables(query: Query, outside: Env): Env {
  const tables = new Map<string, CommonRelation>(outside.tables);
  for (const [i, table] of query.with.entries()) {
    if (query.with.slice(0, i).some((other) => key(other.name) === key(table.name)))
      throw new CompileError(`"${table.name.text}" is there twice in one WITH`, { span: table.name.span });
    if (query.recursive && holdsName(table.query, table.name.text)) {
      throw new CompileError(`recursive WITH is not supported yet: "${table.name.text}" refers to itself`, {
        span: table.name.span,
      });
    }
    const bound = bindQuery(table.query, { ...outside, tables });
    if (table.columns.length > bound.names.length) {
      throw new CompileError(
        `"${table.name.text}" has ${bound.names.length} columns, ${table.columns.length} names are given`,
        { span: table.name.span },
      );
    }
    const names = bound.names.map((name, i) => table.columns[i]?.text ?? name);
    tables.set(key(table.name), { relation: bound.relation, names });
  }
  return { ...outside, tables };
}

/** Whether a table of that name is read somewhere in the tree. */
function holdsName(value: unknown, name: string): boolean {
  if (Array.isArray(value)) return value.some((item) => holdsName(item, name));
  if (typeof value !== 'object' || value === null) return false;
  if ('kind' in value && value.kind === 'table' && 'path' in value) {
    return (value.path as { text: string }[]).some((part) => part.text.toLowerCase() === name.toLowerCase());
  }
  return Object.values(value).some((item) => holdsName(item, name));
}

function bindOrdered(query: Query, env: Env): BoundQuery {
  const { body } = query;
  if (body.kind === 'select') return bindSelect(body, query, env);
  const bound = bindBody(body, env);
  const keys = orderOfOutput(query, bound, env);
  return keys.length === 0
    ? bound
    : { ...bound, relation: make({ kind: 'sort', input: bound.relation, keys, limit: undefined }) };
}

function bindBody(body: Exclude<Query['body'], { kind: 'select' }>, env: Env): BoundQuery {
  switch (body.kind) {
    case 'values': return bindValues(body, env);
    case 'nested': return bindQuery(body.query, env);
    case 'set': return bindSetOperation(body, env);
    default: return unreachable(body);
  }
}

/** ORDER BY of a set operation: ordinals and expressions of its output. */
function orderOfOutput(query: Query, bound: BoundQuery, env: Env): readonly SortKey[] {
  const columns = bound.relation.type.columns.map((column, i) => ({ name: bound.names[i]!, type: column.type }));
  if (query.orderAll !== undefined) return columns.map((column, i) => sortKey(ref(i, column.type), query.orderAll!));
  const cx = plainContext(env, scopeOf(columns, { table: undefined }), 'in ORDER BY of a set operation');
  return query.order.map((item) => {
    const ordinal = ordinalOf(item.expr, columns.length, 'ORDER BY');
    return sortKey(ordinal === undefined ? bindExpr(item.expr, cx) : ref(ordinal, columns[ordinal]!.type), item);
  });
}

/** `2` in ORDER BY or GROUP BY is the second column: its index from 0. */
export function ordinalOf(ast: AstExpr, count: number, clause: string): number | undefined {
  if (ast.kind !== 'number' || !/^\d+$/.test(ast.text)) {
    if (clause !== 'GROUP BY' && (ast.kind === 'number' || ast.kind === 'string'))
      throw new CompileError(`${clause} of a constant has no effect: expected a column, its number or an expression`, {
        span: ast.span,
      });
    return undefined;
  }
  const place = Number(ast.text);
  if (place < 1 || place > count)
    throw new CompileError(`${clause} ${place}: there are columns 1 to ${count}`, { span: ast.span });
  return place - 1;
}

export type { OrderItem };

function limited(query: Query, input: Relation, env: Env): Relation {
  if (query.limit === undefined && query.offset === undefined) return input;
  const count = (ast: AstExpr | undefined, clause: string): Expr | undefined => {
    if (ast === undefined) return undefined;
    const bound = coerceTo(bindExpr(ast, plainContext(env, EMPTY_SCOPE, `in ${clause}`)), 'i64', ast.span);
    if (bound.kind === 'literal' && typeof bound.value === 'bigint' && bound.value < 0n)
      throw new CompileError(`${clause} must not be negative`, { span: ast.span });
    return bound;
  };
  return make({ kind: 'limit', input, limit: count(query.limit, 'LIMIT'), offset: count(query.offset, 'OFFSET') });
}

function bindValues(body: ValuesBody, env: Env): BoundQuery {
  const cx = plainContext(env, EMPTY_SCOPE, 'in VALUES');
  const width = body.rows[0]!.length;
  const uneven = body.rows.find((row) => row.length !== width);
  if (uneven !== undefined)
    throw new CompileError(`the rows of VALUES have ${width} and ${uneven.length} values`, { span: uneven[0]!.span });
  const rows = body.rows.map((row) => row.map((item) => bindExpr(item, cx)));
  const columns = Array.from({ length: width }, (_, i) => {
    const column = rows.map((row) => row[i]!);
    return column.every((expr) => expr.type.kind === 'scalar')
      ? unify(
          column,
          body.rows.map((row) => row[i]!),
          'a column of VALUES',
        )
      : column;
  });
  const names = columns.map((_, i) => `col${i}`);
  const type = relationOf(columns.map((column, i) => ({ name: names[i]!, type: columnType(column) })));
  return {
    relation: make({ kind: 'values', rows: rows.map((_, r) => columns.map((column) => column[r]!)), type }),
    names,
  };
}

function columnType(column: readonly Expr[]): ValueType {
  const nullable = column.some((expr) => expr.type.nullable);
  const first = column[0]!;
  const dtype = dtypeOf(first);
  return dtype === undefined ? { ...first.type, nullable } : scalar(dtype, { nullable });
}

function bindSetOperation(body: SetBody, env: Env): BoundQuery {
  const left = bindQuery(body.left, env);
  const right = bindQuery(body.right, env);
  const [a, b] = [left.relation.type.columns, right.relation.type.columns];
  if (a.length !== b.length) {
    throw new CompileError(
      `${body.op.toUpperCase()} of ${a.length} and ${b.length} columns: both sides need the same number`,
      { span: body.span },
    );
  }
  const dtypes = a.map((column, i) => {
    const [x, y] = [ref(i, column.type), ref(i, b[i]!.type)];
    const [from, to] = [dtypeOf(x), dtypeOf(y)];
    const common = from === undefined || to === undefined ? undefined : commonColumn(from, to);
    if (common === undefined && typeName(x) !== typeName(y)) {
      throw new CompileError(
        `${body.op.toUpperCase()}: column ${i + 1} is ${typeName(x)} on the left and ${typeName(y)} on the right`,
        { span: body.span },
      );
    }
    return common;
  });
  const sides = [left, right].map((side) => aligned(side.relation, left.names, dtypes)) as [Relation, Relation];
  return {
    relation: make({ kind: 'setop', op: body.op, all: body.all, left: sides[0], right: sides[1] }),
    names: left.names,
  };
}

/** The relation with its columns cast to the types of the set operation, and the left's names. */
function aligned(
  input: Relation,
  names: readonly string[],
  dtypes: readonly ReturnType<typeof commonColumn>[],
): Relation {
  const refs = input.type.columns.map((column, i) => ref(i, column.type));
  const exprs = refs.map((column, i) => (dtypes[i] === undefined ? column : castTo(column, dtypes[i])));
  const unchanged = exprs.every((expr, i) => expr === refs[i] && input.type.columns[i]!.name === names[i]);
  return unchanged ? input : make({ kind: 'project', input, exprs, names });
}
