/** A bound statement to what the runtime executes; queries inside are compiled on the way. */
import type { DType } from '../ir/dtype.js';
import type { Relation } from '../ir/node.js';
import type { ColumnSchema } from '../runtime/batch.js';
import type { CompiledQuery, CompiledStatement, CopyOptions } from '../runtime/compiler.js';
import { statementName } from '../runtime/wording.js';
import { unreachable, type RelationType } from '../ir/type.js';
import { CompileError } from './diagnostics.js';
import type { BoundParameter, BoundStatement, OptionValues } from './sql/bind.js';

export type CompilePlan = (plan: Relation, parameters: readonly DType[]) => CompiledQuery;

const dtypesOf = (parameters: readonly BoundParameter[]): readonly DType[] =>
  parameters.map((parameter) => parameter.dtype);

/** @throws CompileError for an option that is not known, or an EXPLAIN of what has no plan. */
export function lowerStatement(bound: BoundStatement, compile: CompilePlan): CompiledStatement {
  switch (bound.kind) {
    case 'query': return compile(bound.plan, dtypesOf(bound.parameters));
    case 'create-table': return {
        kind: 'create-table',
        name: bound.name,
        columns: columnsOf(bound.schema),
        ifNotExists: bound.ifNotExists,
        orReplace: bound.replace,
      query: bound.plan === undefined ? undefined : compile(bound.plan, dtypesOf(bound.parameters)),
    };
    case 'create-view':
      return {
        kind: 'create-view',
        name: bound.name,
        sql: bound.sql,
        orReplace: bound.replace,
        ifNotExists: bound.ifNotExists,
      };
    case 'create-model':
      return {
        kind: 'create-model',
        name: bound.name,
        path: bound.file,
        orReplace: bound.replace,
        ifNotExists: bound.ifNotExists,
      };
    case 'drop': return dropOf(bound);
    case 'insert':
      return { kind: 'insert', table: bound.table, query: compile(bound.plan, dtypesOf(bound.parameters)) };
    case 'update':
    case 'delete':
      return { kind: bound.kind, table: bound.table, query: compile(bound.plan, dtypesOf(bound.parameters)) };
    case 'copy-from':
      return {
        kind: 'copy-from',
        table: bound.table,
        columns: bound.columns,
        path: bound.file,
        options: copyOptions(bound.options, bound.format),
      };
    case 'copy-to':
      return {
        kind: 'copy-to',
        query: compile(bound.plan, dtypesOf(bound.parameters)),
        path: bound.file,
        options: copyOptions(bound.options, bound.format),
      };
    case 'explain': return explainOf(bound, compile);
    case 'transaction': return { kind: 'transaction', action: bound.action };
    default: return unreachable(bound);
  }
}

function columnsOf(schema: RelationType): readonly ColumnSchema[] {
  return schema.columns.map(({ name, type }) => {
    if (type.kind === 'scalar') return { name, dtype: type.dtype, width: 1, nullable: type.nullable };
    if (type.kind === 'tensor')
      return {
        name,
        dtype: type.dtype,
        width: type.dims.reduce<number>((size, dim) => size * Number(dim), 1),
        nullable: type.nullable,
      };
    throw new CompileError(
      `column ${name} is a ${type.kind.toUpperCase()}, which a table cannot hold: select its parts`,
    );
  });
}

function dropOf(bound: Extract<BoundStatement, { kind: 'drop' }>): CompiledStatement {
  const { name, version } = bound;
  const ifExists = !bound.exists;
  switch (bound.what) {
    case 'table': return { kind: 'drop-table', name, ifExists };
    case 'view': return { kind: 'drop-view', name, ifExists };
    case 'model': return { kind: 'drop-model', name, version, ifExists };
  }
}

function explainOf(bound: Extract<BoundStatement, { kind: 'explain' }>, compile: CompilePlan): CompiledStatement {
  const inner = lowerStatement(bound.inner, compile);
  const query = inner.kind === 'query' ? inner : 'query' in inner ? inner.query : undefined;
  if (query === undefined) throw new CompileError(`EXPLAIN shows the plan of a query; ${statementName(inner.kind)} has none`);
  const format = bound.options['format'];
  return {
    kind: 'explain',
    query,
    analyze: bound.analyze,
    format: typeof format === 'string' ? format.toLowerCase() : undefined,
  };
}

const COPY_OPTIONS: readonly string[] = ['format', 'header', 'delimiter', 'delim', 'sep', 'null', 'nullstr'];

function copyOptions(options: OptionValues, format: CopyOptions['format']): CopyOptions {
  const unknown = Object.keys(options).find((name) => !COPY_OPTIONS.includes(name));
  if (unknown !== undefined)
    throw new CompileError(
      `COPY has no option ${unknown.toUpperCase()}: expected ${COPY_OPTIONS.map((name) => name.toUpperCase()).join(', ')}`,
    );
  const text = (...names: readonly string[]): string | undefined => {
    const found = names.map((name) => options[name]).find((value) => value !== undefined);
    return found === undefined ? undefined : String(found);
  };
  const header = options['header'];
  return {
    format, delimiter: text('delimiter', 'delim', 'sep'), nullText: text('null', 'nullstr'),
    header:
      header === undefined ? undefined : header === true || header === 1 || String(header).toLowerCase() === 'true',
  };
}
