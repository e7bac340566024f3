/**
 * FROM: tables, views, WITH tables, files, table functions, derived tables, joins, PREDICT. Out: a relation and its
 * names.
 */
import { make } from '../../ir/build.js';
import { applyModel, type ModelApplication } from '../../ir/bridge.js';
import type { Expr, Relation } from '../../ir/node.js';
import { isInteger } from '../../ir/dtype.js';
import { relation, sqlTypeName, unreachable } from '../../ir/type.js';
import { CompileError, nearestName } from '../diagnostics.js';
import type { Alias, JoinedTable, Name, PredictTable, TableFunction, TableName, TableRef } from './ast.js';
import { bindCast, bindExpr } from './bind-expression.js';
import { compare } from './bind-operator.js';
import { feed, findModel, outputsOver } from './bind-predict.js';
import { bindQuery } from './bind-query.js';
import { bindType } from './bind-type.js';
import { bindView } from './bind-view.js';
import { asCondition, unify } from './coerce.js';
import { plainContext, type Env } from './context.js';
import { call, castTo, conjunction, dtypeOf, fromText, i64, typeName } from './make-expr.js';
import { storedName } from './schema.js';
import {
  EMPTY_SCOPE, resolve, scopeOf, shiftScope, tableNames, unknownColumn, type RowScope, type ScopeColumn,
} from './scope.js';

export interface BoundFrom {
  readonly relation: Relation;
  readonly scope: RowScope;
}

/** One row without columns: what `SELECT 1` is over. */
export const ONE_ROW: BoundFrom = {
  relation: make({ kind: 'values', rows: [[]], type: relation([]) }),
  scope: EMPTY_SCOPE,
};

export function bindFrom(refs: readonly TableRef[], env: Env): BoundFrom {
  if (refs.length === 0) return ONE_ROW;
  return refs.map((ref) => bindTableRef(ref, env)).reduce((left, right, i) => {
    refuseSameNames(left.scope, right.scope, refs[i]!);
    const joined = make({ kind: 'join', join: 'cross', left: left.relation, right: right.relation, on: undefined });
    return { relation: joined, scope: { columns: [...left.scope.columns, ...shifted(right, left, joined).columns] } };
  });
}

/** Columns of two tables of one name could not be told apart. */
function refuseSameNames(left: RowScope, right: RowScope, place: TableRef): void {
  const known = new Set(tableNames(left).map((name) => name.toLowerCase()));
  const twice = tableNames(right).find((name) => known.has(name.toLowerCase()));
  if (twice === undefined) return;
  throw new CompileError(`two tables of FROM are called "${twice}": name one of them otherwise, with AS`, {
    span: place.span,
  });
}

function shifted(right: BoundFrom, left: BoundFrom, joined: Relation): RowScope {
  return shiftScope(right.scope, left.relation.type.columns.length, joined.type.columns);
}

function bindTableRef(ref: TableRef, env: Env): BoundFrom {
  switch (ref.kind) {
    case 'table': return bindTableName(ref, env);
    case 'file': return named(bindFile({ text: ref.path, span: ref.span }, env), ref.alias, fileStem(ref.path));
    case 'derived': {
      if (ref.lateral) throw new CompileError('LATERAL is not supported yet', { span: ref.span });
      const { relation: derived, names } = bindQuery(ref.query, env);
      return named(renamed(derived, names), ref.alias, undefined);
    }
    case 'table-function': return bindTableFunction(ref, env);
    case 'predict': return bindPredictTable(ref, env);
    case 'join': return bindJoin(ref, env);
    default: return unreachable(ref);
  }
}

/** A relation with a scope over its columns, whose names may differ from the relation's own. */
function renamed(from: Relation, names: readonly string[]): BoundFrom {
  const columns = from.type.columns.map((column, i) => ({ ...column, name: names[i] ?? column.name }));
  return { relation: from, scope: scopeOf(columns, { table: undefined }) };
}

function named(from: BoundFrom, alias: Alias | undefined, table: string | undefined): BoundFrom {
  const names = alias?.columns ?? [];
  if (names.length > from.scope.columns.length) {
    throw new CompileError(
      `"${alias!.name.text}" has ${from.scope.columns.length} columns, ${names.length} names are given`,
      { span: names[names.length - 1]!.span },
    );
  }
  const columns = from.scope.columns.map((column, i) => ({
    ...column,
    table: alias?.name.text ?? table,
    name: names[i]?.text ?? column.name,
  }));
  return { relation: from.relation, scope: { columns } };
}

function bindTableName(ref: TableName, env: Env): BoundFrom {
  const name = storedName(ref.path);
  const common = ref.path.length === 1 ? env.tables.get(name.text.toLowerCase()) : undefined;
  if (common !== undefined) return named(renamed(common.relation, common.names), ref.alias, name.text);
  const table = env.catalog.table(name.text);
  if (table !== undefined) return named(scanOf(table.name, table.schema.columns), ref.alias, name.text);
  const view = env.catalog.view?.(name.text);
  if (view !== undefined) {
    const bound = bindView(view, env, name.span);
    return named(renamed(bound.relation, bound.names), ref.alias, name.text);
  }
  if (/[./]/.test(name.text)) return named(bindFile(name, env), ref.alias, fileStem(name.text));
  const candidates = [...env.catalog.tableNames(), ...env.tables.keys()];
  throw new CompileError(`table "${name.text}" does not exist`, {
    span: name.span,
    suggestion: nearestName(name.text, candidates),
  });
}

export function scanOf(table: string, columns: BoundFrom['relation']['type']['columns']): BoundFrom {
  const scan = make({ kind: 'scan', table, schema: relation(columns), columns: columns.map((_, i) => i) });
  return { relation: scan, scope: scopeOf(columns, { table: undefined }) };
}

function fileStem(path: string): string {
  return path.replace(/^.*\//, '').replace(/\..*$/, '');
}

function bindFile(path: Name, env: Env): BoundFrom {
  if (env.catalog.file === undefined) {
    throw new CompileError(
      `FROM '${path.text}' is not supported yet: make a table of the file first, with COPY table FROM or intarsia import`,
      { span: path.span },
    );
  }
  const file = env.catalog.file(path.text);
  if (file === undefined)
    throw new CompileError(`file '${path.text}' cannot be read: expected a .parquet, .csv or .arrow file that exists`, {
      span: path.span,
    });
  return scanOf(path.text, file.schema.columns);
}

const FILE_FUNCTIONS: ReadonlySet<string> = new Set([
  'read_csv',
  'read_csv_auto',
  'read_parquet',
  'parquet_scan',
  'read_arrow',
]);

function bindTableFunction(ref: TableFunction, env: Env): BoundFrom {
  const name = ref.call.name.text.toLowerCase();
  const args = ref.call.args.map((arg) =>
    bindExpr(arg.value, plainContext(env, EMPTY_SCOPE, 'in the arguments of a table function')),
  );
  if (FILE_FUNCTIONS.has(name)) {
    const path = args.length === 1 ? fromText(args[0]!) : undefined;
    if (path === undefined) throw new CompileError(`${name} wants the path of a file`, { span: ref.call.span });
    return named(bindFile({ text: path, span: ref.call.span }, env), ref.alias, fileStem(path));
  }
  if (name !== 'range' && name !== 'generate_series') {
    const suggestion = nearestName(name, ['range', 'generate_series', ...FILE_FUNCTIONS]);
    throw new CompileError(`table function "${ref.call.name.text}" does not exist`, {
      span: ref.call.name.span,
      suggestion,
    });
  }
  if (args.length < 1 || args.length > 3) {
    throw new CompileError(
      `${name} wants (stop), (start, stop) or (start, stop, step), found ${args.length} arguments`,
      { span: ref.call.span },
    );
  }
  const [start, stop, step] = args.length === 1 ? [i64(0), args[0]!, i64(1)] : [args[0]!, args[1]!, args[2] ?? i64(1)];
  const bounds = [start, stop, step].map((bound) => {
    const dtype = dtypeOf(bound);
    if (dtype !== undefined && isInteger(dtype)) return castTo(bound, 'i64');
    const [fits] = unify([bound, i64(0)], [ref.call, ref.call], name) as [Expr, Expr];
    if (fits.type.kind !== 'scalar' || fits.type.dtype !== 'i64')
      throw new CompileError(`${name} is over BIGINT, found ${typeName(bound)}`, { span: ref.call.span });
    return fits;
  });
  const series = make({
    kind: 'series',
    start: bounds[0]!,
    stop: bounds[1]!,
    step: bounds[2]!,
    inclusive: name === 'generate_series',
  });
  return named(renamed(series, [name]), ref.alias, name);
}

// ---------------------------------------------------------------- joins

function bindJoin(ref: JoinedTable, env: Env): BoundFrom {
  const left = bindTableRef(ref.left, env);
  const right = bindTableRef(ref.right, env);
  refuseSameNames(left.scope, right.scope, ref.right);
  const using = ref.natural ? commonNames(left.scope, right.scope) : ref.using;
  if (ref.join === 'cross' && (ref.on !== undefined || using.length > 0))
    throw new CompileError('CROSS JOIN takes no ON or USING', { span: ref.span });
  if (ref.natural && (ref.on !== undefined || ref.using.length > 0))
    throw new CompileError('NATURAL JOIN takes no ON or USING', { span: ref.span });
  if (ref.join !== 'cross' && ref.on === undefined && using.length === 0 && !ref.natural) {
    throw new CompileError('a JOIN needs ON or USING; CROSS JOIN has neither', { span: ref.span });
  }
  const width = left.relation.type.columns.length;
  const side = [...left.relation.type.columns, ...right.relation.type.columns];
  const both: RowScope = { columns: [...left.scope.columns, ...shiftScope(right.scope, width, side).columns] };
  const on = ref.on === undefined
    ? conjunction(using.map((name) => usingCondition(name, left.scope, shiftScope(right.scope, width, side))))
    : asCondition(bindExpr(ref.on, plainContext(env, both, 'in a join condition')), ref.on, 'ON');
  const kind = ref.join === 'inner' && on === undefined ? 'cross' : ref.join;
  const joined = make({ kind: 'join', join: kind, left: left.relation, right: right.relation, on });
  if (ref.join === 'semi' || ref.join === 'anti') return { relation: joined, scope: left.scope };
  const isLeftKept = ref.join !== 'right' && ref.join !== 'full';
  const scopes = [
    isLeftKept ? left.scope : shiftScope(left.scope, 0, joined.type.columns),
    shiftScope(right.scope, width, joined.type.columns),
  ] as const;
  return { relation: joined, scope: merged(ref, scopes, using) };
}

function commonNames(left: RowScope, right: RowScope): readonly Name[] {
  const shown = (scope: RowScope): readonly string[] =>
    scope.columns.filter((column) => !column.hidden).map((column) => column.name);
  const others = new Set(shown(right).map((name) => name.toLowerCase()));
  return shown(left)
    .filter((name) => others.has(name.toLowerCase()))
    .map((name) => ({ text: name, span: { start: 0, end: 0 } }));
}

function usingCondition(name: Name, left: RowScope, right: RowScope): Expr {
  const side = (scope: RowScope, which: string): Expr => {
    const found = resolve(scope, [name]);
    if (found !== undefined) return found;
    const { summary, details } = unknownColumn([name], [scope]);
    throw new CompileError(`${summary} on the ${which} of the JOIN`, details);
  };
  return compare('=', side(left, 'left'), side(right, 'right'), name.span);
}

/** The columns of USING stand once: the left's, the right's of a RIGHT JOIN, whichever is there of a FULL JOIN. */
function merged(ref: JoinedTable, [left, right]: readonly [RowScope, RowScope], using: readonly Name[]): RowScope {
  const isUsed = (column: ScopeColumn): boolean =>
    !column.hidden && using.some((name) => name.text.toLowerCase() === column.name.toLowerCase());
  if (using.length === 0) return { columns: [...left.columns, ...right.columns] };
  const shown: ScopeColumn[] = [];
  for (const column of left.columns) {
    if (!isUsed(column)) {
      shown.push(column);
      continue;
    }
    const other = right.columns.find(
      (candidate) => !candidate.hidden && candidate.name.toLowerCase() === column.name.toLowerCase(),
    )!;
    const expr =
      ref.join === 'right'
        ? other.expr
        : ref.join === 'full'
          ? call('coalesce', ...unify([column.expr, other.expr], [ref, ref], 'USING'))
          : column.expr;
    if (expr === column.expr) shown.push(column);
    else shown.push({ ...column, table: undefined, expr, hidden: false }, { ...column, hidden: true });
  }
  return {
    columns: [...shown, ...right.columns.map((column) => (isUsed(column) ? { ...column, hidden: true } : column))],
  };
}

// ---------------------------------------------------------------- PREDICT(MODEL = m, DATA = t) WITH (...)

function bindPredictTable(ref: PredictTable, env: Env): BoundFrom {
  const data = bindTableRef(ref.data, env);
  const model = findModel(ref.model, ref.version, env.catalog);
  const shown = data.scope.columns.filter((column) => !column.hidden);
  const features = shown.map((column) => ({
    input: undefined,
    column: column.name,
    ofStar: true,
    expr: column.expr,
    span: ref.data.span,
  }));
  const application: ModelApplication = {
    model: model.label,
    graph: model.graph,
    inputs: feed(model, features, ref.span),
  };
  const applied = applyModel(data.relation, application);
  const outputs = outputsOver(application, data.relation.type.columns.length);
  const wanted = ref.outputs.length === 0 ? outputs : ref.outputs.map((output, i) => {
          const found =
            outputs.find((candidate) => candidate.name.toLowerCase() === output.name.text.toLowerCase()) ?? outputs[i];
    if (found === undefined) {
      const there = outputs.map(({ name, expr }) => `${name} ${sqlTypeName(expr.type)}`).join(', ');
            throw new CompileError(`model ${model.label} has ${outputs.length} outputs: ${there}`, {
              span: output.name.span,
            });
          }
    if (found.expr.type.kind !== 'scalar' && output.type.dims.length === 0) {
            throw new CompileError(
              `output ${found.name} is ${sqlTypeName(found.expr.type)}, not ${sqlTypeName(bindType(output.type))}`,
              { span: output.type.span },
            );
          }
    return { name: output.name.text, expr: bindCast(found.expr, output.type, { attempt: false }) };
  });
  const predicted = wanted.map(({ name, expr }): ScopeColumn => ({
    table: ref.alias?.name.text,
    name,
    expr,
    hidden: false,
  }));
  return { relation: applied, scope: { columns: [...data.scope.columns, ...predicted] } };
}

