/**
 * The binder's door. In: a statement's tree and a view of the catalog. Out: what to do, with plans in IR of stage
 * `bound`: typed, with casts, names gone. Throws CompileError, which knows the source when `options.source` is given.
 */
import type { DType } from '../../ir/dtype.js';
import { make } from '../../ir/build.js';
import type { Expr, Node, Param, Relation } from '../../ir/node.js';
import { postorder, rewriteBottomUp } from '../../ir/rewrite.js';
import { scalar, unreachable, type RelationType } from '../../ir/type.js';
import { chainTooLong, CompileError, isStackOverflow } from '../diagnostics.js';
import type { Parameter, Statement, StatementOption } from './ast.js';
import { bindQuery } from './bind-query.js';
import { bindCreateTable, bindCreateView, bindDrop, bindModelStatement } from './bind-create.js';
import { bindCopy, bindDelete, bindInsert, bindUpdate } from './bind-change.js';
import type { CatalogView } from './catalog-view.js';
import type { Env } from './context.js';

export interface BindOptions {
  /** The text the statement was parsed from: for messages, and for names of columns that have none. */
  readonly source: string;
}

export interface BoundParameter { readonly name: string | undefined; readonly dtype: DType }

interface Planned {
  readonly plan: Relation;
  readonly parameters: readonly BoundParameter[];
}

export type OptionValues = Readonly<Record<string, string | number | boolean>>;

/** `plan`'s columns have the names the user sees. */
export interface BoundQueryStatement extends Planned { readonly kind: 'query' }
/** `plan`: the rows of CREATE TABLE AS, in the schema's order and types. */
export interface BoundCreateTable {
  readonly kind: 'create-table';
  readonly name: string;
  readonly schema: RelationType;
  readonly replace: boolean;
  readonly ifNotExists: boolean;
  readonly plan: Relation | undefined;
  readonly parameters: readonly BoundParameter[];
}

export interface BoundCreateView {
  readonly kind: 'create-view';
  readonly name: string;
  /** The text of its query, as `ViewView` wants it. */
  readonly sql: string;
  readonly replace: boolean;
  readonly ifNotExists: boolean;
}

export interface BoundCreateModel {
  readonly kind: 'create-model';
  readonly name: string;
  readonly file: string;
  readonly replace: boolean;
  readonly ifNotExists: boolean;
  readonly options: OptionValues;
}

/** `exists` is false only with IF EXISTS: there is nothing to do. */
export interface BoundDrop {
  readonly kind: 'drop';
  readonly what: 'table' | 'view' | 'model';
  readonly name: string;
  readonly version: number | undefined;
  readonly exists: boolean;
}

/** `plan`: rows in the table's column order and types. */
export interface BoundInsert extends Planned { readonly kind: 'insert'; readonly table: string }
/** `plan`: all rows of the table as they are afterwards, and of each whether it is changed. */
export interface BoundUpdate extends Planned { readonly kind: 'update'; readonly table: string }
/** `plan`: the rows that stay. */
export interface BoundDelete extends Planned { readonly kind: 'delete'; readonly table: string }

/** `columns`: positions in the table that the file's columns fill, in the file's order. */
export interface BoundCopyFrom {
  readonly kind: 'copy-from';
  readonly table: string;
  readonly schema: RelationType;
  readonly columns: readonly number[];
  readonly file: string;
  readonly format: 'csv' | 'parquet' | 'arrow';
  readonly options: OptionValues;
}

export interface BoundCopyTo extends Planned {
  readonly kind: 'copy-to';
  readonly file: string;
  readonly format: 'csv' | 'parquet' | 'arrow';
  readonly options: OptionValues;
}

export interface BoundExplain {
  readonly kind: 'explain';
  readonly inner: BoundStatement;
  readonly analyze: boolean;
  readonly options: OptionValues;
}

export interface BoundTransaction { readonly kind: 'transaction'; readonly action: 'begin' | 'commit' | 'rollback' }

export type BoundStatement =
  | BoundQueryStatement
  | BoundCreateTable
  | BoundCreateView
  | BoundCreateModel
  | BoundDrop
  | BoundInsert
  | BoundUpdate
  | BoundDelete
  | BoundCopyFrom | BoundCopyTo | BoundExplain | BoundTransaction;

export function bindStatement(statement: Statement, catalog: CatalogView, options: BindOptions): BoundStatement {
  try {
    const env: Env = {
      catalog,
      source: options.source,
      tables: new Map(),
      outer: [],
      outerSelects: [],
      views: [],
      boundViews: new Map(),
    };
    return bindAny(statement, env);
  } catch (error) {
    if (isStackOverflow(error)) throw chainTooLong(statement.span, options.source);
    throw error instanceof CompileError ? error.withSource(options.source) : error;
  }
}

function bindAny(statement: Statement, env: Env): BoundStatement {
  switch (statement.kind) {
    case 'query': {
      const { relation, names } = bindQuery(statement.query, env);
      return { kind: 'query', ...finish(statement, withNames(relation, names)) };
    }
    case 'create-table': {
      const bound = bindCreateTable(statement, env);
      if (bound.plan === undefined) return { ...bound, parameters: [] };
      return { ...bound, ...finish(statement, bound.plan) };
    }
    case 'create-view': {
      const [parameter] = parametersIn(statement);
      if (parameter !== undefined)
        throw new CompileError('a view cannot hold a parameter: nothing would give it a value', { span: parameter.span });
      return bindCreateView(statement, env);
    }
    case 'create-model': return bindModelStatement(statement);
    case 'drop': return bindDrop(statement, env);
    case 'insert': {
      const { table, plan } = bindInsert(statement, env);
      return { kind: 'insert', table, ...finish(statement, plan) };
    }
    case 'update':
    case 'delete': {
      const { table, plan } = statement.kind === 'update' ? bindUpdate(statement, env) : bindDelete(statement, env);
      return { kind: statement.kind, table, ...finish(statement, plan) };
    }
    case 'copy': {
      const bound = bindCopy(statement, env);
      return bound.kind === 'copy-from' ? bound : { ...bound, ...finish(statement, bound.plan) };
    }
    case 'explain':
      return {
        kind: 'explain',
        inner: bindAny(statement.statement, env),
        analyze: statement.analyze,
        options: optionValues(statement.options),
      };
    case 'transaction': return { kind: 'transaction', action: statement.action };
    default: return unreachable(statement);
  }
}

export function optionValues(options: readonly StatementOption[]): OptionValues {
  return Object.fromEntries(options.map((option) => [option.name.text.toLowerCase(), option.value]));
}

/** The relation under the names the user sees. */
export function withNames(relation: Relation, names: readonly string[]): Relation {
  const { columns } = relation.type;
  if (columns.every((column, i) => column.name === names[i])) return relation;
  if (relation.kind === 'project')
    return make({ kind: 'project', input: relation.input, exprs: relation.exprs, names });
  return make({
    kind: 'project',
    input: relation,
    exprs: columns.map((column, i) => make({ kind: 'ref', index: i, type: column.type })),
    names,
  });
}

// ---------------------------------------------------------------- parameters

/** Gives each parameter one type (the first that a place asked for; VARCHAR when none did) and lists them. */
function finish(statement: Statement, plan: Relation): Planned {
  const names = new Map(parametersIn(statement).map(({ index, name }) => [index, name]));
  const found = postorder(plan).filter((node): node is Param => node.kind === 'param');
  const dtypes = new Map<number, DType>();
  for (const param of found)
    if (param.type.dtype !== 'null' && !dtypes.has(param.index)) dtypes.set(param.index, param.type.dtype);
  const typed =
    found.length === 0
      ? plan
      : rewriteBottomUp(plan, (node) =>
          node.kind === 'param' ? retyped(node, dtypes.get(node.index) ?? 'utf8') : undefined,
        );
  const count = Math.max(0, ...names.keys()) + (names.size > 0 ? 1 : 0);
  return {
    plan: typed,
    parameters: Array.from({ length: count }, (_, i) => ({ name: names.get(i), dtype: dtypes.get(i) ?? 'utf8' })),
  };
}

function retyped(param: Param, dtype: DType): Expr {
  if (param.type.dtype === dtype) return param;
  const typed = make({ kind: 'param', index: param.index, type: scalar(dtype, { nullable: true }) });
  return param.type.dtype === 'null' ? typed : make({ kind: 'cast', arg: typed, to: param.type.dtype, attempt: false });
}

/** The parameters written in a statement, in the order of the text. */
function parametersIn(value: unknown, found: Parameter[] = []): readonly Parameter[] {
  if (typeof value !== 'object' || value === null) return found;
  if ('kind' in value && value.kind === 'parameter') found.push(value as Parameter);
  else for (const item of Object.values(value)) parametersIn(item, found);
  return found;
}

/** Whether a plan refers to tables, for callers that lock or prune. */
export function tablesOf(plan: Node): readonly string[] {
  return [...new Set(postorder(plan).flatMap((node) => (node.kind === 'scan' ? [node.table] : [])))];
}

