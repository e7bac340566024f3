/** The orders in which kernels read weights, and the packing of tensors into them. */
import type { TensorValue } from '../../../ir/tensor-data.js';
import { packPanels, type PanelLayout } from './panels.js';
import { packTrees, type ForestLayout } from './tree-plan.js';

export type WeightLayout = PanelLayout | ForestLayout;

/** The bytes a kernel reads; `values` are the tensors of the use, in order. */
export function packWeight(values: readonly TensorValue[], layout: WeightLayout): Uint8Array {
  return layout.kind === 'panels' ? packPanels(values[0]!, layout) : packTrees(values, layout);
}
