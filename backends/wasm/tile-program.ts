/**
 * Compiles the tensor graph of a model to a function over one tile of rows.
 *
 * In: the outputs of an `apply` node, whose leaves are `to_tensor` (or `input`) nodes of shape [n, k...]. Out: a
 * function `run(rows, leaves, outputs, scratch, weights)`. A tensor [n, k] is k columns, each contiguous over rows:
 * - `leaves`: table of i32 addresses, one for each leaf column, in the order of `leaves`; read where they lie;
 * - `outputs`: table of i32 addresses, one for each output column; written by the program;
 * - `scratch`: `scratchBytes` of the worker's own; `weights`: table of i32 addresses in the order of `weights`.
 * Every column is read and written up to the next multiple of 4 rows. Elements: f32, f64, i64, i32 as they are, bool
 * one byte (0, 1), utf8 an (address, byte length) pair of i32; output text lies in the module's data or the input's.
 */
import type { Tensor, TreeEnsemble } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import type { TensorData } from '../../ir/tensor-data.js';
import type { Func, ModuleBuilder } from './dsl.js';
import type { KernelTier } from './kernel-tier.js';
import type { QuadDType } from './kernels/quad.js';
import type { Side } from '../relational/score-order.js';
import { TileLowering } from './tile-lowering.js';
import { mapStep } from './tile-lower.js';
import { TilePlan, type Leaf, type WeightUse } from './tile-plan.js';
import { checkWidth, quadDType, rowDims, sizeOf, Unsupported } from './tile-value.js';
import { make } from '../../ir/build.js';
import { scalar } from '../../ir/type.js';

export const TILE_PARAMS = { rows: 'i32', leaves: 'i32', outputs: 'i32', scratch: 'i32', weights: 'i32' } as const;

export interface TileProgram {
  readonly functionName: string;
  readonly run: Func<typeof TILE_PARAMS, undefined>;
  /** Of each worker; 16-byte aligned. */
  readonly scratchBytes: number;
  /** Where in the scratch the caller puts the bound (`kernels/tree-sums.ts`); undefined where no kernel stops at it. */
  readonly bound: number | undefined;
  /** Most rows of a call. */
  readonly tileRows: number;
  readonly leaves: readonly Leaf[];
  readonly outputs: readonly { readonly columns: number; readonly dtype: QuadDType }[];
  readonly weights: readonly WeightUse[];
  /** A line for each kernel. */
  readonly explain: readonly string[];
}

export interface TileOptions {
  readonly data: TensorData;
  readonly tier: KernelTier;
  readonly name?: string;
  readonly stop?: StopAt | undefined;
}

/** Scores of these trees on one side of a bound are not wanted: other scores on that side may stand in their place. */
export interface StopAt {
  readonly trees: TreeEnsemble;
  readonly side: Side;
  /** Whether outputs need not be written where none of the scores is wanted: `left` of the bound says so. */
  readonly all: boolean;
}

/** The program, or every node that has no kernel. */
export function compileTileProgram(
  module: ModuleBuilder,
  outputs: readonly Tensor[],
  options: TileOptions,
): TileProgram | { readonly unsupported: readonly string[] } {
  const plan = new TilePlan(module);
  const lowering = new TileLowering(plan, outputs, options);
  const unsupported = placeLeaves(plan, outputs);
  if (unsupported.length > 0) return { unsupported };
  const values = outputs.map((output) => lowering.attempt(output));
  if (lowering.unsupported.length > 0) return { unsupported: [...new Set(lowering.unsupported)] };
  let first = 0;
  for (const value of values) {
    const cells = value!.cells();
    if (!plan.bindOutput(cells, first)) {
      // Columns of leaves, shared columns and constants are copied out.
      const body = make({ kind: 'ref', index: 0, type: scalar(value!.dtype) });
      const copies = mapStep(lowering, { body, inputs: [{ dtype: value!.dtype, cells }], apart: true });
      plan.bindOutput(copies, first);
    }
    first += cells.length;
  }
  const functionName = module.freshName(options.name ?? 'tile');
  const { scratchBytes, tileRows, bound } = plan.finish(functionName);
  return {
    functionName,
    run: { name: functionName, params: TILE_PARAMS, result: undefined },
    scratchBytes,
    tileRows,
    bound,
    leaves: plan.leaves,
    outputs: values.map((value) => ({ columns: sizeOf(value!.dims), dtype: value!.dtype })),
    weights: plan.weights,
    explain: plan.steps.map((step) => step.explain),
  };
}

function placeLeaves(plan: TilePlan, outputs: readonly Tensor[]): readonly string[] {
  const unsupported: string[] = [];
  const seen = new Set<Tensor>();
  for (const node of outputs.flatMap((output) => postorder(output))) {
    if ((node.kind !== 'to_tensor' && node.kind !== 'input') || seen.has(node)) continue;
    seen.add(node);
    try {
      const { dims, rowAxis } = rowDims(node.type);
      checkWidth(node.type);
      if (rowAxis === undefined) throw new Unsupported('a leaf without rows');
      plan.addLeaf(node, { columns: sizeOf(dims), dtype: quadDType(node.type.dtype) });
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      unsupported.push(`${node.kind} [${node.type.dims.join(', ')}] of ${node.type.dtype}: ${error.message}`);
    }
  }
  return unsupported;
}
