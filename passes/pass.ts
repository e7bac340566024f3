/**
 * What a pass is, and what it may know.
 *
 * A pass is a plain value: plan in, equivalent plan out, the same object when nothing applied. Everything it may
 * consult is in the context; it holds no state of its own.
 */
import type { Node, Relation } from '../ir/node.js';
import type { LiteralValue } from '../ir/node.js';
import type { TensorData, TensorValue } from '../ir/tensor-data.js';
import type { Estimate } from './estimate-representation.js';
import type { Rates } from './rates.js';

/** How far results may differ: bit for bit equal, at most n units in the last place, or only approximately (opt-in). */
export type Numerics = 'exact' | { readonly ulp: number } | 'approximate';

export type PassStage = 'bound' | 'optimised' | 'placed';

export interface Pass {
  /** As in explain and in errors; the file's name. */
  readonly name: string;
  readonly doc: string;
  /** The stage of the plan it leaves. */
  readonly stage: PassStage;
  readonly numerics: Numerics;
  readonly run: (plan: Relation, context: PassContext) => Relation;
}

export interface ColumnStatistics {
  /** Distinct values, NULL apart. */
  readonly distinct: number | undefined;
  readonly min: LiteralValue | undefined;
  readonly max: LiteralValue | undefined;
  readonly nullCount: number | undefined;
}

/** What storage knows of its tables; `undefined` where it does not. */
export interface Statistics {
  readonly rows: (table: string) => number | undefined;
  readonly column: (table: string, column: string) => ColumnStatistics | undefined;
}

export interface Rewrite {
  readonly pass: string;
  readonly rule: string;
  readonly before: Node;
  readonly after: Node;
  readonly reason: string;
}

/** What placement found for one node, for explain. */
export interface Decision {
  readonly node: Node;
  readonly kernel: Estimate;
  readonly relational: Estimate;
  readonly native: Estimate;
  readonly chosen: 'kernel' | 'relational';
  readonly reason: string;
}

export interface PassContext {
  readonly statistics: Statistics;
  readonly tensors: TensorData;
  /** Keeps a new constant and gives its hash; without it no pass makes new weights. */
  readonly addTensor: ((value: TensorValue) => string) | undefined;
  readonly budgetBytes: number;
  readonly rates: Rates;
  /** Passes that differ from the plan by more than this do not run. */
  readonly numerics: Numerics;
  readonly record: (rewrite: Rewrite) => void;
  readonly decide: (decision: Decision) => void;
}
