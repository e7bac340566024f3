/**
 * Computes constants with the oracle: the frontend's one use of a backend, so that a constant means what a run would
 * give.
 */
import { evaluateTensor } from '../../backends/reference/tensor.js';
import type { Tensor } from '../../ir/node.js';
import type { TensorData, TensorValue } from '../../ir/tensor-data.js';

/** The value of a node that depends on no input. */
export function foldedValue(node: Tensor, data: TensorData): TensorValue {
  return evaluateTensor(node, { data, inputs: new Map(), cache: new Map() });
}
