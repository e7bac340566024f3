/**
 * The door to the passes: a bound plan in, an optimised and placed one out, with what was done and why.
 */
import type { Relation } from '../ir/node.js';
import type { TensorData, TensorValue } from '../ir/tensor-data.js';
import { verify } from '../ir/verify.js';
import { runPasses, type PassTiming, type PipelineStep, type Verify } from './driver.js';
import type { Decision, Numerics, PassContext, Rewrite, Statistics } from './pass.js';
import { PIPELINE } from './pipeline.js';
import { DEFAULT_RATES, type Rates } from './rates.js';

export interface OptimiseOptions {
  readonly statistics?: Statistics;
  readonly tensors: TensorData;
  /** Keeps a constant a pass made and gives its hash; passes that make weights do not run without it. */
  readonly addTensor?: (value: TensorValue) => string;
  /** The memory a statement may use; what kernels hold resident must fit a share of it. */
  readonly budgetBytes: number;
  readonly rates?: Rates;
  /** How far results may differ from the plan's; by default not at all. */
  readonly numerics?: Numerics;
  /** Runs after every pass that changed the plan; by default the IR's own. */
  readonly verify?: Verify;
  /** Errors thrown by `tensors` or `statistics` that the caller waits for; all others are blamed on the pass. */
  readonly isSignal?: (error: unknown) => boolean;
  readonly pipeline?: readonly PipelineStep[];
}

export interface Optimised {
  readonly plan: Relation;
  readonly trace: readonly Rewrite[];
  readonly decisions: readonly Decision[];
  readonly timings: readonly PassTiming[];
}

export const NO_STATISTICS: Statistics = { rows: () => undefined, column: () => undefined };

/** @throws PassError that names the pass which failed or left an invalid plan. */
export function optimise(plan: Relation, options: OptimiseOptions): Optimised {
  const trace: Rewrite[] = [];
  const decisions: Decision[] = [];
  const timings: PassTiming[] = [];
  const context: PassContext = {
    statistics: options.statistics ?? NO_STATISTICS,
    tensors: options.tensors,
    addTensor: options.addTensor,
    budgetBytes: options.budgetBytes,
    rates: options.rates ?? DEFAULT_RATES,
    numerics: options.numerics ?? 'exact',
    record: (rewrite) => trace.push(rewrite),
    decide: (decision) => decisions.push(decision),
  };
  const result = runPasses(plan, {
    steps: options.pipeline ?? PIPELINE,
    context,
    verify: options.verify ?? verify,
    isSignal: options.isSignal ?? (() => false),
    onTiming: (timing) => timings.push(timing),
  });
  return { plan: result, trace, decisions, timings };
}
