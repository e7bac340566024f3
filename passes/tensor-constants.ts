/** What passes ask of tensors: whether one is constant, the values of small ones, how often each is used. */
import type { LiteralValue, Node, Relation, Tensor } from '../ir/node.js';
import { children, postorder } from '../ir/rewrite.js';
import type { TensorData } from '../ir/tensor-data.js';
import type { Dim } from '../ir/type.js';
import { isTensor } from './operator.js';

/** The most elements of a constant that a pass reads. */
export const MOST_ELEMENTS_READ = 65_536;

/** Whether a tensor depends on no row and no input. */
export function isConstant(tensor: Tensor): boolean {
  return postorder(tensor).every((node) => node.kind !== 'to_tensor' && node.kind !== 'input');
}

export function elementCount(dims: readonly Dim[]): number | undefined {
  return dims.reduce<number | undefined>(
    (product, dim) => (product === undefined || typeof dim !== 'number' ? undefined : product * dim),
    1,
  );
}

/** The elements of a weight or fill, as literals have them; `undefined` for others and for long ones. */
export function smallConstant(tensor: Tensor, data: TensorData): readonly LiteralValue[] | undefined {
  const count = elementCount(tensor.type.dims);
  if (count === undefined || count > MOST_ELEMENTS_READ) return undefined;
  if (tensor.kind === 'fill') return new Array<LiteralValue>(count).fill(tensor.value);
  if (tensor.kind === 'reshape') return smallConstant(tensor.input, data);
  if (tensor.kind !== 'weight') return undefined;
  const values = Array.from(data.get(tensor.hash).data as ArrayLike<number | bigint | string>);
  return tensor.type.dtype === 'bool' ? values.map(Boolean) : values;
}

/** How many places of the plan each tensor stands in. */
export function countUses(plan: Relation): ReadonlyMap<Node, number> {
  const uses = new Map<Node, number>();
  for (const node of postorder(plan)) {
    for (const child of children(node)) if (isTensor(child)) uses.set(child, (uses.get(child) ?? 0) + 1);
  }
  return uses;
}

export function sameDims(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}
