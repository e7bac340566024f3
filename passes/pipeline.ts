/**
 * THE list of passes, in order, with the reason for each place. A pass that is not here does not run.
 */
import type { PipelineStep } from './driver.js';
import { cancelLayout } from './cancel-layout.js';
import { eliminateNoOps } from './eliminate-no-ops.js';
import { foldConstants } from './fold-constants.js';
import { fuseDense } from './fuse-dense.js';
import { fuseMaps } from './fuse-maps.js';
import { mergeProjects } from './merge-projects.js';
import { orderJoins } from './order-joins.js';
import { orderPredicates } from './order-predicates.js';
import { placeOperators } from './place-operators.js';
import { pruneColumns } from './prune-columns.js';
import { pruneModelInputs } from './prune-model-inputs.js';
import { pushFilters } from './push-filters.js';
import { pushLimits } from './push-limits.js';
import { shareModels } from './share-models.js';
import { simplifyScalars } from './simplify-scalars.js';
import { splitRelational } from './split-relational.js';
import { unnestSubqueries } from './unnest-subqueries.js';

/** Rounds after which expressions have settled in all but contrived plans; more would be slow, not wrong. */
const ROUNDS = 4;

// Models: layout first, because what it cancels stands between maps; maps next, because a bias and an activation in
// one body are what fuse-dense looks for.
const MODEL_STEPS: readonly PipelineStep[] = [
  { passes: [cancelLayout, fuseMaps, simplifyScalars, foldConstants], bound: ROUNDS },
  fuseDense,
];

/** For a model that stands alone, applied to plain columns: all of it stays one apply, and all of it is kernels. */
export const MODEL_PIPELINE: readonly PipelineStep[] = MODEL_STEPS;

export const PIPELINE: readonly PipelineStep[] = [
  // First: every later pass matches on expressions, and matches more of them in their simplest form.
  { passes: [simplifyScalars, foldConstants], bound: ROUNDS },
  { passes: [mergeProjects, eliminateNoOps], bound: ROUNDS },
  // Innermost first; a round brings a subquery that read two queries out one query nearer.
  { passes: [unnestSubqueries, mergeProjects], bound: ROUNDS },
  // While a filter still lies above the model it asks about: pushing it down would part the two applies.
  shareModels,
  // Filters go down before joins are ordered: the order depends on how many rows each side has left.
  pushFilters,
  // What filters became on their way down (substituted, weighed against NULL) is simplified again.
  { passes: [simplifyScalars, foldConstants, mergeProjects, eliminateNoOps], bound: ROUNDS },
  orderJoins,
  // Conditions stand at other joins now and may go further down.
  pushFilters,
  pushLimits,
  ...MODEL_STEPS,
  // Before columns are pruned: it is what makes them unread.
  pruneModelInputs,
  // Last of the relational ones: all others may still read a column; after it nothing asks for more.
  pruneColumns,
  { passes: [mergeProjects, eliminateNoOps], bound: ROUNDS },
  // Filters stand where they will run.
  orderPredicates,
  // At the end: it looks at the layers as they will run.
  placeOperators,
  // It takes apart what placement decided.
  splitRelational,
];
