/**
 * A database in memory for tests: tables are JavaScript rows, statements are bound by the frontend and their plans run
 * by the reference evaluator. Slow, obvious, and the same answers as every other engine must give.
 */
import { evaluateRelation } from '../../backends/reference/relation.js';
import { bindStatement, type BoundStatement } from '../../frontend/sql/bind.js';
import type { CatalogView, ViewView } from '../../frontend/sql/catalog-view.js';
import { parseStatements } from '../../frontend/sql/parse.js';
import type { ModelGraph, Relation } from '../../ir/node.js';
import { textOf } from '../../ir/scalar/text-of.js';
import type { Value } from '../../ir/scalar/value.js';
import type { TensorData } from '../../ir/tensor-data.js';
import type { RelationType } from '../../ir/type.js';
import { verify } from '../../ir/verify.js';

type Row = readonly Value[];

interface StoredTable {
  readonly name: string;
  readonly schema: RelationType;
  rows: readonly Row[];
}

/** Rows with the type of each column; statements without rows give none. */
export interface OracleResult {
  readonly type: RelationType;
  readonly rows: readonly Row[];
}

const NOTHING: OracleResult = { type: { kind: 'relation', columns: [] }, rows: [] };

export class OracleDatabase implements CatalogView {
  private readonly tables = new Map<string, StoredTable>();
  private readonly views = new Map<string, ViewView>();
  private readonly models = new Map<string, { name: string; graph: ModelGraph }[]>();
  /** Rewrites a plan before it is run: tests of passes give their own. */
  transform: (plan: Relation) => Relation = (plan) => plan;

  constructor(private readonly tensors: TensorData = { get: (hash) => { throw new Error(`no tensor ${hash}`); } }) {}

  table(name: string): { name: string; schema: RelationType; rowCount: number } | undefined {
    const found = this.tables.get(name.toLowerCase());
    return found === undefined ? undefined : { name: found.name, schema: found.schema, rowCount: found.rows.length };
  }

  tableNames(): readonly string[] { return [...this.tables.values()].map((table) => table.name); }
  modelNames(): readonly string[] { return [...this.models.values()].map((versions) => versions[0]!.name); }
  view(name: string): ViewView | undefined { return this.views.get(name.toLowerCase()); }

  model(name: string, version?: number): { graph: ModelGraph; version: number } | undefined {
    const versions = this.models.get(name.toLowerCase());
    const chosen = version ?? versions?.length ?? 0;
    const found = versions?.[chosen - 1];
    return found === undefined ? undefined : { graph: found.graph, version: chosen };
  }

  addModel(name: string, graph: ModelGraph): void {
    const key = name.toLowerCase();
    this.models.set(key, [...(this.models.get(key) ?? []), { name, graph }]);
  }

  addTable(name: string, schema: RelationType, rows: readonly Row[]): void {
    this.tables.set(name.toLowerCase(), { name, schema, rows });
  }

  /** Runs a script; the result is that of its last statement. */
  run(sql: string, params: readonly Value[] = []): OracleResult {
    let result = NOTHING;
    for (const statement of parseStatements(sql))
      result = this.perform(bindStatement(statement, this, { source: sql }), params);
    return result;
  }

  /** As text, as the command line and the conformance files show it: NULL, true, 1.0. */
  text(sql: string): readonly (readonly string[])[] {
    const { type, rows } = this.run(sql);
    return rows.map((row) => row.map((value, i) => (value === null ? 'NULL' : textOf(value, type.columns[i]!.type))));
  }

  private evaluate(plan: Relation, params: readonly Value[]): readonly Row[] {
    const [wrong] = verify(plan, 'bound');
    if (wrong !== undefined) throw new Error(`the bound plan is wrong: ${wrong.message}`);
    const tables = (name: string): readonly Row[] => this.tables.get(name.toLowerCase())!.rows;
    return evaluateRelation(this.transform(plan), { tables, params, tensors: this.tensors });
  }

  private perform(bound: BoundStatement, params: readonly Value[]): OracleResult {
    switch (bound.kind) {
      case 'query': return { type: bound.plan.type, rows: this.evaluate(bound.plan, params) };
      case 'create-table':
        if (bound.ifNotExists && this.table(bound.name) !== undefined) return NOTHING;
        this.addTable(bound.name, bound.schema, bound.plan === undefined ? [] : this.evaluate(bound.plan, params));
        return NOTHING;
      case 'create-view': this.views.set(bound.name.toLowerCase(), bound); return NOTHING;
      case 'drop':
        (bound.what === 'table' ? this.tables : bound.what === 'view' ? this.views : this.models).delete(
          bound.name.toLowerCase(),
        );
        return NOTHING;
      case 'insert': {
        const table = this.tables.get(bound.table.toLowerCase())!;
        table.rows = [...table.rows, ...this.evaluate(bound.plan, params)];
        return NOTHING;
      }
      case 'update':
      case 'delete': {
        const rows = this.evaluate(bound.plan, params);
        this.tables.get(bound.table.toLowerCase())!.rows = rows;
        return NOTHING;
      }
      case 'explain': return this.perform(bound.inner, params);
      case 'transaction': return NOTHING;
      default: throw new Error(`the oracle database does not run ${bound.kind}`);
    }
  }
}
