/** The database's environment as the binder's catalog and the optimizer's statistics. */
import type { ModelGraph } from '../ir/node.js';
import { parseModel } from '../ir/parse.js';
import { relation, scalar, tensor, type RelationType } from '../ir/type.js';
import { verifyModel } from '../ir/verify.js';
import type { Statistics } from '../passes/pass.js';
import type { ColumnSchema } from '../runtime/batch.js';
import type { CompilerEnvironment } from '../runtime/compiler.js';
import { StorageError } from '../runtime/errors.js';
import { layoutOf } from '../runtime/weights.js';
import type { ModelVersion } from '../runtime/storage/model-store.js';
import type { CatalogView } from './sql/catalog-view.js';
import { problemOfStored } from './stored-model.js';

/** Graphs of stored models, parsed once. */
export type ModelCache = WeakMap<ModelVersion, ModelGraph>;

export function relationOf(columns: readonly ColumnSchema[]): RelationType {
  return relation(columns.map(({ name, dtype, width, nullable }) => (
    { name, type: width === 1 ? scalar(dtype, { nullable }) : tensor(dtype, [width], { nullable }) })));
}

export function catalogView(environment: CompilerEnvironment, models: ModelCache): CatalogView {
  return {
    tableNames: () => environment.tableNames,
    modelNames: () => environment.modelNames,
    table: (name) => {
      const table = environment.table(name);
      return table === undefined
        ? undefined
        : { name: table.name, schema: relationOf(table.columns), rowCount: table.rowCount };
    },
    model: (name, version) => {
      const found = environment.model(name, version);
      return found === undefined ? undefined : { graph: graphOf(found, models), version: found.model.version };
    },
    view: (name) => {
      const sql = environment.view(name);
      return sql === undefined ? undefined : { name, sql };
    },
    // No `file`: the executor scans tables only, so FROM 'file' is refused with a word on what to do.
  };
}

/** It comes from a file: what it says is verified before it is used. @throws StorageError */
function graphOf(
  { name, model }: { readonly name: string; readonly model: ModelVersion },
  models: ModelCache,
): ModelGraph {
  const known = models.get(model);
  if (known !== undefined) return known;
  const damaged = (what: string): StorageError =>
    new StorageError(
      'corrupt',
      `the stored model ${name}@${model.version} is damaged, or of another version of Intarsia: ${what}; register it again`,
    );
  for (const tensor of model.tensors) {
    const problem = problemOfStored(tensor);
    if (problem !== undefined) throw damaged(`weight ${tensor.name}: ${problem}`);
  }
  let graph: ModelGraph;
  try {
    graph = parseModel(model.irText);
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error));
  }
  const [error] = verifyModel(graph);
  if (error !== undefined) throw damaged(error.message);
  models.set(model, graph);
  return graph;
}

/** Whether the file has a model's weight in the layout in which a kernel reads it. */
export function storedWeights(
  environment: CompilerEnvironment,
): (weight: { model: string; hash: string; layout: string }) => boolean {
  return ({ model, hash, layout }) => {
    const [name, version] = model.split('@');
    const found = environment.model(name!, version === undefined ? undefined : Number(version));
    // Without the model the statement fails where it is run, and says so.
    return found === undefined || found.model.tensors.some((tensor) => {
      const { whole, parts } = layoutOf(tensor);
      return tensor.name === hash && (whole === layout || parts.includes(layout));
    });
  };
}

export function statisticsOf(environment: CompilerEnvironment): Statistics {
  return {
    rows: (table) => environment.table(table)?.rowCount,
    column: (table, column) => {
      const info = environment.table(table);
      const index = info?.columns.findIndex((candidate) => candidate.name === column) ?? -1;
      const known = index < 0 ? undefined : info!.statistics[index];
      return known === undefined ? undefined : { ...known, nullCount: undefined };
    },
  };
}
