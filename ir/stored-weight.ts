/**
 * The stored tensors behind what a dense layer reads: a constant that is more than a view of one has no bytes in the
 * file, and is computed when it is wanted.
 */
import type { Dense, Tensor } from './node.js';

/** The stored matrix behind a constant weight [k, m]: itself, or what a transpose of two axes is of. */
export function storedMatrix(weight: Tensor): { readonly hash: string; readonly transposed: boolean } | undefined {
  if (weight.kind === 'weight') return { hash: weight.hash, transposed: false };
  const isSwap = weight.kind === 'transpose' && weight.permutation.length === 2 && weight.permutation[0] === 1;
  return isSwap && weight.input.kind === 'weight' ? { hash: weight.input.hash, transposed: true } : undefined;
}

/** The stored tensor that has the elements of a bias [m] in its order: itself, or what a reshape is of. */
export function storedVector(bias: Tensor): { readonly hash: string } | undefined {
  if (bias.kind === 'reshape') return storedVector(bias.input);
  return bias.kind === 'weight' ? { hash: bias.hash } : undefined;
}

/** Whether the layer can run in the relational representation, which streams stored blocks of f32. */
export function isStreamable({ weight, bias }: Pick<Dense, 'weight' | 'bias'>): boolean {
  const isRead = bias === undefined || storedVector(bias) !== undefined;
  return weight.type.dtype === 'f32' && storedMatrix(weight) !== undefined && isRead;
}
