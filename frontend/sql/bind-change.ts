/** INSERT, UPDATE, DELETE and COPY: each as a query that gives the rows to store, in the table's order and types. */
import { make } from '../../ir/build.js';
import { canCast } from '../../ir/scalar/cast.js';
import type { Expr, Relation } from '../../ir/node.js';
import { relation as relationOf, sqlTypeName, tensor, withNullable, type Column } from '../../ir/type.js';
import { CompileError, nearestName, type Span } from '../diagnostics.js';
import type { Copy, Delete, Insert, Name, Update, ValuesBody } from './ast.js';
import { optionValues, withNames, type BoundCopyFrom, type BoundCopyTo } from './bind.js';
import { bindExpr } from './bind-expression.js';
import { scanOf } from './bind-from.js';
import { bindQuery } from './bind-query.js';
import type { TableView } from './catalog-view.js';
import { asCondition } from './coerce.js';
import { plainContext, type Env } from './context.js';
import {
  bool,
  call,
  castTo,
  choose,
  coerceTo,
  dtypeOf,
  isTextLiteral,
  nullOf,
  pack,
  part,
  ref,
  text,
  typeName,
} from './make-expr.js';
import { EMPTY_SCOPE, scopeOf } from './scope.js';

function tableNamed(name: Name, env: Env): TableView {
  const table = env.catalog.table(name.text);
  if (table !== undefined) return table;
  if (env.catalog.view?.(name.text) !== undefined)
    throw new CompileError(`"${name.text}" is a view: only tables can be changed`, { span: name.span });
  throw new CompileError(`table "${name.text}" does not exist`, {
    span: name.span,
    suggestion: nearestName(name.text, env.catalog.tableNames()),
  });
}

/** Positions in the table of the columns named; all when none are. */
function columnsNamed(table: TableView, names: readonly Name[]): readonly number[] {
  const { columns } = table.schema;
  if (names.length === 0) return columns.map((_, i) => i);
  const places = names.map((name) => {
    const place = columns.findIndex((column) => column.name.toLowerCase() === name.text.toLowerCase());
    if (place < 0) {
      throw new CompileError(`table "${table.name}" has no column "${name.text}"`, {
        span: name.span,
        suggestion: nearestName(
          name.text,
          columns.map((column) => column.name),
        ),
      });
    }
    return place;
  });
  const twice = places.findIndex((place, i) => places.indexOf(place) !== i);
  if (twice >= 0) throw new CompileError(`column "${names[twice]!.text}" is named twice`, { span: names[twice]!.span });
  return places;
}

export function bindInsert(ast: Insert, env: Env): { readonly table: string; readonly plan: Relation } {
  const table = tableNamed(ast.table, env);
  const places = columnsNamed(table, ast.columns);
  const { body } = ast.query;
  const plain =
    body.kind === 'values' &&
    ast.query.with.length === 0 &&
    ast.query.limit === undefined &&
    ast.query.order.length === 0;
  const plan = plain ? insertedValues(body, table, places, env) : insertedRows(ast, table, places, env);
  return { table: table.name, plan };
}

function wantCount(table: TableView, places: readonly number[], found: number, span: Span): void {
  if (found === places.length) return;
  throw new CompileError(`INSERT into "${table.name}" wants ${places.length} values a row, found ${found}`, { span });
}

/** Each value takes its column's type by itself, so that literals of several types can fill one column. */
function insertedValues(body: ValuesBody, table: TableView, places: readonly number[], env: Env): Relation {
  const cx = plainContext(env, EMPTY_SCOPE, 'in VALUES');
  const { columns } = table.schema;
  const rows = body.rows.map((row) => {
    wantCount(table, places, row.length, row[0]!.span);
    return columns.map((column, i) => {
      const place = places.indexOf(i);
      const span = row[place]?.span ?? row[0]!.span;
      return stored(place < 0 ? nullOf('null') : bindExpr(row[place]!, cx), column, span);
    });
  });
  const type = relationOf(
    columns.map((column, i) => ({
      name: column.name,
      type: withNullable(
        column.type,
        rows.some((row) => row[i]!.type.nullable),
      ),
    })),
  );
  return make({ kind: 'values', rows, type });
}

function insertedRows(ast: Insert, table: TableView, places: readonly number[], env: Env): Relation {
  const { relation: input } = bindQuery(ast.query, env);
  wantCount(table, places, input.type.columns.length, ast.query.span);
  const exprs = table.schema.columns.map((column, i) => {
    const place = places.indexOf(i);
    const value = place < 0 ? nullOf('null') : ref(place, input.type.columns[place]!.type);
    return stored(value, column, ast.query.span);
  });
  return projected(input, exprs, table.schema.columns);
}

function projected(input: Relation, exprs: readonly Expr[], columns: readonly Column[]): Relation {
  const same =
    exprs.length === input.type.columns.length && exprs.every((expr, i) => expr.kind === 'ref' && expr.index === i);
  const names = columns.map((column) => column.name);
  return same ? withNames(input, names) : make({ kind: 'project', input, exprs, names });
}

/** The value as the column stores it; a NULL where none may be fails the statement. */
function stored(value: Expr, column: Column, span: Span): Expr {
  const cast = storedAs(value, column, span);
  if (column.type.nullable || !cast.type.nullable) return cast;
  const message = `NOT NULL constraint failed: column "${column.name}"`;
  if (cast.kind === 'literal') throw new CompileError(message, { span });
  const dtype = dtypeOf(cast);
  if (dtype === undefined) return cast;
  const failure = castTo(call('error', text(message)), dtype);
  return make({
    kind: 'case',
    branches: [{ when: call('is_null', cast), then: failure }],
    otherwise: cast,
    type: withNullable(cast.type, false),
  });
}

function storedAs(value: Expr, column: Column, span: Span): Expr {
  const target = column.type;
  const refused = (): CompileError =>
    new CompileError(`column "${column.name}" is ${sqlTypeName(target)} and cannot take ${typeName(value)}`, { span });
  if (target.kind === 'scalar') {
    const from = dtypeOf(value);
    if (from === undefined || !canCast(from, target.dtype)) throw refused();
    return isTextLiteral(value) ? coerceTo(value, target.dtype, span) : castTo(value, target.dtype, { span });
  }
  if (target.kind !== 'tensor') throw refused();
  if (dtypeOf(value) === 'null')
    throw new CompileError(`column "${column.name}" is ${sqlTypeName(target)}: a NULL array cannot be written yet`, {
      span,
    });
  if (value.type.kind !== 'tensor' || value.type.dims.join() !== target.dims.join()) throw refused();
  if (value.type.dtype === target.dtype) return value;
  const parts = Array.from({ length: Number(target.dims[0]) }, (_, i) =>
    castTo(part(value, i), target.dtype, { span }),
  );
  return pack(parts, tensor(target.dtype, target.dims, { nullable: value.type.nullable }));
}

// ---------------------------------------------------------------- UPDATE, DELETE

interface Change { readonly table: string; readonly plan: Relation }

function target(
  ast: Update | Delete,
  env: Env,
): { table: TableView; scan: Relation; condition: Expr; cx: ReturnType<typeof plainContext> } {
  const table = tableNamed(ast.table, env);
  const { relation: scan } = scanOf(table.name, table.schema.columns);
  const cx = plainContext(
    env,
    scopeOf(table.schema.columns, { table: ast.alias?.text ?? ast.table.text }),
    `in ${ast.kind.toUpperCase()}`,
  );
  const condition = ast.where === undefined ? bool(true) : asCondition(bindExpr(ast.where, cx), ast.where, 'WHERE');
  return { table, scan, condition, cx };
}

/** The rows as they are afterwards, and a last column that is true for those that the statement changes. */
export function bindUpdate(ast: Update, env: Env): Change {
  const { table, scan, condition, cx } = target(ast, env);
  const places = columnsNamed(table, ast.assignments.map((assignment) => assignment.column));
  const exprs = table.schema.columns.map((column, i) => {
    const old = ref(i, column.type);
    const place = places.indexOf(i);
    if (place < 0) return old;
    const value = ast.assignments[place]!.value;
    const fresh = stored(bindExpr(value, cx), column, value.span);
    return ast.where === undefined ? fresh : choose(condition, fresh, old);
  });
  const isChanged = call('is_not_distinct', condition, bool(true));
  const names = [...table.schema.columns.map((column) => column.name), 'changed'];
  return {
    table: table.name,
    plan: make({ kind: 'project', input: scan, exprs: [...exprs, isChanged], names }),
  };
}

/** The rows that stay: those where the condition is not true. */
export function bindDelete(ast: Delete, env: Env): Change {
  const { table, scan, condition } = target(ast, env);
  const plan = make({ kind: 'filter', input: scan, predicate: call('is_distinct', condition, bool(true)) });
  return { table: table.name, plan };
}

// ---------------------------------------------------------------- COPY

const FORMATS = ['csv', 'parquet', 'arrow'] as const;
type Format = (typeof FORMATS)[number];

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'csv',
  tbl: 'csv',
  txt: 'csv',
  parquet: 'parquet',
  arrow: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
};

function formatOf(ast: Copy): Format {
  const option = ast.options.find((candidate) => candidate.name.text.toLowerCase() === 'format');
  const name = String(
    option?.value ?? BY_EXTENSION[ast.file.replace(/^.*\./, '').toLowerCase()] ?? 'csv',
  ).toLowerCase();
  const format = FORMATS.find((candidate) => candidate === name);
  if (format === undefined)
    throw new CompileError(`the format of a file is ${FORMATS.join(', ')}; found ${name}`, {
      span: option?.name.span ?? ast.span,
    });
  return format;
}

const COPY_OPTIONS: ReadonlySet<string> = new Set([
  'format', 'header', 'delimiter', 'delim', 'sep', 'quote', 'escape', 'null', 'nullstr',
  'compression', 'row_group_size', 'dateformat', 'skip',
]);

export function bindCopy(ast: Copy, env: Env): BoundCopyFrom | BoundCopyTo {
  const unknown = ast.options.find((option) => !COPY_OPTIONS.has(option.name.text.toLowerCase()));
  if (unknown !== undefined) {
    throw new CompileError(`COPY has no option "${unknown.name.text}"`, {
      span: unknown.name.span,
      suggestion: nearestName(unknown.name.text, COPY_OPTIONS),
    });
  }
  const options = optionValues(ast.options);
  const format = formatOf(ast);
  if (ast.direction === 'from') {
    if (ast.table === undefined) throw new CompileError('COPY FROM wants a table', { span: ast.span });
    const table = tableNamed(ast.table, env);
    return {
      kind: 'copy-from',
      table: table.name,
      schema: table.schema,
      columns: columnsNamed(table, ast.columns),
      file: ast.file,
      format,
      options,
    };
  }
  return { kind: 'copy-to', plan: copied(ast, env), parameters: [], file: ast.file, format, options };
}

function copied(ast: Copy, env: Env): Relation {
  if (ast.query !== undefined) {
    const { relation, names } = bindQuery(ast.query, env);
    return withNames(relation, names);
  }
  const table = tableNamed(ast.table!, env);
  const places = columnsNamed(table, ast.columns);
  return make({ kind: 'scan', table: table.name, schema: table.schema, columns: places });
}
