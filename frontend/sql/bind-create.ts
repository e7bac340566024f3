/** CREATE and DROP of tables, views and models. */
import { make } from '../../ir/build.js';
import type { Relation } from '../../ir/node.js';
import { relation, sqlTypeName, type Column, type RelationType } from '../../ir/type.js';
import { CompileError, nearestName } from '../diagnostics.js';
import type { CreateModel, CreateTable, CreateView, Drop, Name } from './ast.js';
import { optionValues, withNames, type BoundCreateModel, type BoundCreateView, type BoundDrop } from './bind.js';
import { bindQuery } from './bind-query.js';
import { bindType } from './bind-type.js';
import type { CatalogView } from './catalog-view.js';
import type { Env } from './context.js';
import { castTo, ref } from './make-expr.js';

interface NewTable {
  readonly kind: 'create-table';
  readonly name: string;
  readonly schema: RelationType;
  readonly replace: boolean;
  readonly ifNotExists: boolean;
  readonly plan: Relation | undefined;
}

export function bindCreateTable(ast: CreateTable, env: Env): NewTable {
  const common = {
    kind: 'create-table' as const,
    name: ast.name.text,
    replace: ast.replace,
    ifNotExists: ast.ifNotExists,
  };
  refuseKnown(ast, env.catalog);
  if (ast.query === undefined) return { ...common, schema: schemaOf(ast), plan: undefined };
  const plan = storable(ast.query.span, bindQuery(ast.query, env));
  return { ...common, schema: plan.type, plan };
}

function refuseBoth({ replace, ifNotExists, span }: CreateTable | CreateView | CreateModel): void {
  if (replace && ifNotExists) throw new CompileError('CREATE takes OR REPLACE or IF NOT EXISTS, not both', { span });
}

function refuseKnown(ast: CreateTable | CreateView, catalog: CatalogView): void {
  refuseBoth(ast);
  if (ast.replace || ast.ifNotExists) return;
  const { name } = ast;
  const known =
    catalog.table(name.text) !== undefined ? 'table' : catalog.view?.(name.text) !== undefined ? 'view' : undefined;
  if (known !== undefined) {
    throw new CompileError(`${known} "${name.text}" already exists; write CREATE OR REPLACE or IF NOT EXISTS`, {
      span: name.span,
    });
  }
}

/** Constraints that are not kept are refused rather than silently forgotten. */
function schemaOf(ast: CreateTable): RelationType {
  if (ast.constraint !== undefined) {
    throw new CompileError(
      'PRIMARY KEY, UNIQUE, FOREIGN KEY and CHECK are not enforced, and so not accepted; leave the constraint out',
      { span: ast.constraint },
    );
  }
  const columns = ast.columns.map((column): Column => {
    if (column.unique !== undefined)
      throw new CompileError('PRIMARY KEY and UNIQUE are not enforced, and so not accepted; NOT NULL is', {
        span: column.unique,
      });
    if (column.defaultValue !== undefined)
      throw new CompileError('DEFAULT is not supported yet', { span: column.defaultValue.span });
    return { name: column.name.text, type: bindType(column.type, { nullable: !column.notNull }) };
  });
  const seen = new Set<string>();
  for (const { name } of ast.columns) {
    if (seen.has(name.text.toLowerCase()))
      throw new CompileError(`column "${name.text}" is there twice`, { span: name.span });
    seen.add(name.text.toLowerCase());
  }
  return relation(columns);
}

/** Columns of a table: distinct names, no bare NULL type, no composite. */
function storable(
  span: CreateTable['span'],
  { relation: input, names }: { relation: Relation; names: readonly string[] },
): Relation {
  const unique = distinctNames(names);
  const { columns } = input.type;
  const composite = columns.find((column) => column.type.kind === 'struct' || column.type.kind === 'map');
  if (composite !== undefined) {
    throw new CompileError(`a table cannot hold ${sqlTypeName(composite.type)}: select its fields`, { span });
  }
  const exprs = columns.map((column, i) => {
    const expr = ref(i, column.type);
    return column.type.kind === 'scalar' && column.type.dtype === 'null' ? castTo(expr, 'i32') : expr;
  });
  const typed = exprs.every((expr) => expr.kind === 'ref')
    ? withNames(input, unique)
    : make({ kind: 'project', input, exprs, names: unique });
  return typed;
}

function distinctNames(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return names.map((name) => {
    let candidate = name;
    for (let i = 1; seen.has(candidate.toLowerCase()); i++) candidate = `${name}_${i}`;
    seen.add(candidate.toLowerCase());
    return candidate;
  });
}

/** The view's query is bound once, to find its mistakes now. */
export function bindCreateView(ast: CreateView, env: Env): BoundCreateView {
  refuseKnown(ast, env.catalog);
  const { names } = bindQuery(ast.query, { ...env, views: [...env.views, ast.name.text.toLowerCase()] });
  if (ast.columns.length > names.length)
    throw new CompileError(`the query gives ${names.length} columns, ${ast.columns.length} names are given`, {
      span: ast.name.span,
    });
  return {
    kind: 'create-view',
    name: ast.name.text,
    sql: viewText(ast, env.source.slice(ast.query.span.start, ast.query.span.end)),
    replace: ast.replace,
    ifNotExists: ast.ifNotExists,
  };
}

/** What the catalog keeps is one query; names given to its columns are an alias around it. */
function viewText({ name, columns }: CreateView, query: string): string {
  if (columns.length === 0) return query;
  const quoted = (part: Name): string => `"${part.text.replaceAll('"', '""')}"`;
  return `SELECT * FROM (${query}) AS ${quoted(name)} (${columns.map(quoted).join(', ')})`;
}

export function bindModelStatement(ast: CreateModel): BoundCreateModel {
  refuseBoth(ast);
  if (ast.file === '') throw new CompileError('CREATE MODEL wants the path of an ONNX file', { span: ast.span });
  return {
    kind: 'create-model',
    name: ast.name.text,
    file: ast.file,
    replace: ast.replace,
    ifNotExists: ast.ifNotExists,
    options: optionValues(ast.options),
  };
}

export function bindDrop(ast: Drop, env: Env): BoundDrop {
  const { name, what, version } = ast;
  const exists = isKnown(ast, env.catalog);
  if (!exists && !ast.ifExists) throw nothingToDrop(ast, env.catalog);
  return { kind: 'drop', what, name: name.text, version, exists };
}

/** Views are not listed, so that none is suggested. */
const NAMES = {
  table: (catalog: CatalogView) => catalog.tableNames(),
  view: () => [],
  model: (catalog: CatalogView) => catalog.modelNames(),
} satisfies Record<Drop['what'], (catalog: CatalogView) => readonly string[]>;

function nothingToDrop({ what, name, version }: Drop, catalog: CatalogView): CompileError {
  const { span } = name;
  const other = (['table', 'view', 'model'] as const).find((kind) =>
    isKnown({ what: kind, name, version: undefined }, catalog));
  if (other !== undefined && other !== what)
    return new CompileError(`"${name.text}" is a ${other}: expected DROP ${other.toUpperCase()}`, { span });
  return new CompileError(`${what} "${name.text}${version === undefined ? '' : `@${version}`}" does not exist`, {
    span,
    suggestion: nearestName(name.text, NAMES[what](catalog)),
  });
}

function isKnown({ what, name, version }: Pick<Drop, 'what' | 'name' | 'version'>, catalog: CatalogView): boolean {
  switch (what) {
    case 'table': return catalog.table(name.text) !== undefined;
    case 'view': return catalog.view?.(name.text) !== undefined;
    case 'model': return catalog.model(name.text, version) !== undefined;
  }
}
