/**
 * Runs passes in order: settles types, verifies after each that changed the plan, and times it.
 *
 * Invariant: a pass that leaves an invalid plan, or throws, is named in the error; nothing is swallowed.
 */
import type { Relation } from '../ir/node.js';
import type { Numerics, Pass, PassContext, PassStage } from './pass.js';
import { settleTypes } from './settle-types.js';

/** Passes run over and over until none changes the plan, at most `bound` times. */
export interface PassGroup {
  readonly passes: readonly Pass[];
  readonly bound: number;
}

export type PipelineStep = Pass | PassGroup;

export interface PassTiming {
  readonly pass: string;
  readonly ms: number;
  readonly changed: boolean;
}

/** The errors of a plan at a stage, as `ir/verify.ts` gives them. */
export type Verify = (plan: Relation, stage: PassStage) => readonly { readonly message: string }[];

export interface DriverOptions {
  readonly steps: readonly PipelineStep[];
  readonly context: PassContext;
  readonly verify: Verify;
  readonly onTiming: (timing: PassTiming) => void;
  /**
   * Errors that are not a pass's mistake but a message from what the context asks (data not loaded yet): thrown on as
   * they are.
   */
  readonly isSignal: (error: unknown) => boolean;
}

export class PassError extends Error {
  override readonly name = 'PassError';
  constructor(readonly pass: string, message: string, options?: ErrorOptions) {
    super(`pass ${pass}: ${message}`, options);
  }
}

export function runPasses(plan: Relation, options: DriverOptions): Relation {
  let current = plan;
  for (const step of options.steps) {
    current = 'passes' in step ? runGroup(current, step, options) : runPass(current, step, options);
  }
  return current;
}

function runGroup(plan: Relation, group: PassGroup, options: DriverOptions): Relation {
  let current = plan;
  for (let round = 0; round < group.bound; round++) {
    const before = current;
    for (const pass of group.passes) current = runPass(current, pass, options);
    if (current === before) break;
  }
  return current;
}

export function runPass(plan: Relation, pass: Pass, options: Omit<DriverOptions, 'steps'>): Relation {
  if (!allows(options.context.numerics, pass.numerics)) return plan;
  const start = performance.now();
  const result = guarded(pass, options, () => {
    const next = pass.run(plan, options.context);
    return next === plan ? plan : settleTypes(next);
  });
  options.onTiming({ pass: pass.name, ms: performance.now() - start, changed: result !== plan });
  if (result === plan) return plan;
  const errors = options.verify(result, pass.stage);
  if (errors.length > 0)
    throw new PassError(pass.name, `leaves an invalid plan: ${errors.map((error) => error.message).join('; ')}`);
  return result;
}

function guarded(pass: Pass, { isSignal }: Pick<DriverOptions, 'isSignal'>, run: () => Relation): Relation {
  try {
    return run();
  } catch (error) {
    if (isSignal(error)) throw error;
    throw new PassError(pass.name, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Whether a pass's numerics are within what the caller allows. */
export function allows(allowed: Numerics, needed: Numerics): boolean {
  if (needed === 'exact' || allowed === 'approximate') return true;
  if (needed === 'approximate' || allowed === 'exact') return false;
  return needed.ulp <= allowed.ulp;
}
