/** What a plan names, found in a commit of the database: tables, and the versions of models its weights are of. */
import type { PhysicalPlan } from './plan.js';
import type { Snapshot } from './storage/database-file.js';
import type { ModelVersion } from './storage/model-store.js';
import type { TableReader } from './storage/table.js';

/** Without those that are not there. */
export async function readTables(plan: PhysicalPlan, snapshot: Snapshot): Promise<ReadonlyMap<string, TableReader>> {
  const tables = await Promise.all(plan.tables.map(async ({ name }) => [name, await snapshot.table(name)] as const));
  return new Map(tables.filter((entry): entry is [string, TableReader] => entry[1] !== undefined));
}

/** Whether weights pass through memory that is too small for them: then nothing else should be there. */
export function isBlocked(plan: PhysicalPlan): boolean {
  return plan.pipelines.some((pipeline) => pipeline.finish.some((step) => step.kind === 'blocked'));
}

function modelsOf(plan: PhysicalPlan): ReadonlySet<string> {
  const blocked = plan.pipelines.flatMap((pipeline) => pipeline.finish).filter((step) => step.kind === 'blocked');
  const blocks = blocked.flatMap((step) => step.layers.flatMap((layer) => layer.blocks.flat()));
  return new Set([...plan.weights, ...blocks].map((slot) => slot.model));
}

/** The versions that the plan's weights name (`fraud@3`). */
export async function readModels(plan: PhysicalPlan, snapshot: Snapshot): Promise<readonly ModelVersion[]> {
  const models = await Promise.all(
    [...modelsOf(plan)].map((name) => {
      const at = name.lastIndexOf('@');
      return snapshot.model(name.slice(0, at), Number(name.slice(at + 1)));
    }),
  );
  return models.filter((model) => model !== undefined);
}
