/** How much a plan has for several workers to do: decides how many threads it gets, and when they start. */
import { MORSEL_ROWS, type PhysicalPlan, type Pipeline } from '../plan.js';
import type { MorselContext } from './morsels.js';

/** Take longer than the start of a thread, whatever is done with them. */
const LONG_ROWS = 8 * MORSEL_ROWS;

interface Work {
  readonly plan: PhysicalPlan;
  readonly scan: MorselContext['scan'];
}

/** Whether a second worker could have anything to do: a scan of more than a morsel, or blocks of weights. */
export function hasParallelWork(work: Work): boolean {
  return work.plan.pipelines.some(
    (pipeline) => rowsToShare(pipeline, work) > MORSEL_ROWS || pipeline.finish.some((step) => step.kind === 'blocked'),
  );
}

/**
 * Whether all threads should start at once. Not for a result: its first rows should not share the machine with their
 * start.
 */
export function isLong(work: Work): boolean {
  return work.plan.pipelines.some((pipeline) => !pipeline.result && rowsToShare(pipeline, work) > LONG_ROWS);
}

/** Rows of a pipeline's scan that several workers may share. */
function rowsToShare({ parallel, source }: Pipeline, { scan }: Work): number {
  if (!parallel || source.kind !== 'scan') return 0;
  return scan(source.table, source.columns).reduce((rows, group) => rows + group.rowCount, 0);
}
