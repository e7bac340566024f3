/** How much a plan has for several workers to do: decides how many threads it gets, and when they start. */
import { MORSEL_ROWS, type PhysicalPlan, type Pipeline } from '../plan.js';
import type { MorselContext, Pace } from './morsels.js';
import { START_MS } from './thread-worker.js';

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

/** A start slows down what is done meanwhile, and what is left is shared only when it is over. */
const WORTH_MS = 3 * START_MS;

/**
 * Whether threads that would have to start are worth it for what is left of a pipeline. Its first rows do not tell,
 * unless they take long: V8 has not optimised their code yet.
 */
export function isWorthThreads(rowsLeft: number, pace: Pace): boolean {
  const isKnown = pace.rows >= MORSEL_ROWS || pace.milliseconds > WORTH_MS;
  return isKnown && rowsLeft * pace.millisecondsPerRow > WORTH_MS;
}

/** Rows of a pipeline's scan that several workers may share. */
function rowsToShare({ parallel, source }: Pipeline, { scan }: Work): number {
  if (!parallel || source.kind !== 'scan') return 0;
  return scan(source.table, source.columns).reduce((rows, group) => rows + group.rowCount, 0);
}
