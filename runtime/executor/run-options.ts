/** What running a plan takes, and how a query under way is seen from outside. */
import type { PhysicalPlan, WeightSlot } from '../plan.js';
import type { BufferPool } from '../storage/buffer-pool.js';
import type { BlockedContext } from './blocked.js';
import type { ScanGroup } from './morsels.js';
import type { ParameterValue } from './parameters.js';
import type { RunProfile } from './run-profile.js';
import type { WorkerPool } from './worker-pool.js';

export interface RunOptions {
  readonly plan: PhysicalPlan;
  readonly module: WebAssembly.Module;
  readonly pool: BufferPool;
  readonly workers: WorkerPool;
  readonly threads: number;
  readonly scan: (table: string, columns: readonly number[]) => readonly ScanGroup[];
  /** Makes weights resident in kernel order, each until released. */
  readonly weights: (
    slots: readonly WeightSlot[],
  ) => Promise<readonly { readonly address: number; release(): void }[]>;
  /** Blocks of weights that stream past the rows. */
  readonly blocks: Pick<BlockedContext, 'group' | 'pin'>;
  readonly parameters: readonly ParameterValue[];
  readonly signal: AbortSignal | undefined;
  /** Results in flight past which workers wait for the caller. */
  readonly resultLimitBytes: number;
  /** Queries under way: this one is there from its start to its end. */
  readonly running: Set<Running>;
  readonly profile?: RunProfile;
}

/** A query under way, for whoever must end it without its caller. */
export interface Running {
  /** Resolves when everything has gone back; the caller is given the reason when it asks for more. */
  end(reason: Error): Promise<void>;
}
