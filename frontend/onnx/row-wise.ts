/**
 * Whether a model's outputs for a row depend on that row alone: what makes it a function of rows, to be run in tiles of
 * any size. The batch is the dim named `n`; it must stay one axis of every tensor from inputs to outputs.
 */
import type { ModelGraph, Tensor } from '../../ir/node.js';
import { children, postorder } from '../../ir/rewrite.js';
import { productOf } from './dims.js';

/** Why the model is not row-wise; `undefined` when it is. */
export function rowDependence(graph: ModelGraph): string | undefined {
  for (const input of graph.inputs) {
    if (batchAxis(input) !== 0 || input.type.dims[0] !== 'n')
      return `the input ${input.name} of shape [${input.type.dims.join(', ')}] has no leading batch dim`;
  }
  for (const { name, tensor } of graph.outputs) {
    if (batchAxis(tensor) !== 0 || tensor.type.dims[0] !== 'n')
      return `the output ${name} of shape [${tensor.type.dims.join(', ')}] has no leading batch dim`;
    for (const node of postorder(tensor)) {
      const reason = mixesRows(node as Tensor);
      if (reason !== undefined) return `the output ${name}: ${reason}`;
    }
  }
  return undefined;
}

/** The batch, alone or flattened with what follows it (`n*15`): each row's elements still lie together. */
const BATCH = /^n(\*\d+)?$/;
const NAMES_BATCH = /(^|[^A-Za-z0-9_])n($|[^A-Za-z0-9_])/;

/**
 * The axis of the batch; `undefined` for a tensor without one, -1 where more than one axis or another computed size has
 * it.
 */
function batchAxis(tensor: Tensor): number | undefined {
  const symbols = tensor.type.dims.map(String);
  const axes = symbols.flatMap((dim, axis) => (BATCH.test(dim) ? [axis] : []));
  const mixed = symbols.some((dim) => !BATCH.test(dim) && NAMES_BATCH.test(dim));
  if (mixed || axes.length > 1) return -1;
  return axes[0];
}

function mixesRows(node: Tensor): string | undefined {
  if (node.type.kind !== 'tensor') return undefined;
  const parts = children(node).filter((child): child is Tensor => child.type.kind === 'tensor');
  const batched = parts.filter((part) => batchAxis(part) !== undefined);
  const own = batchAxis(node);
  if (batched.length === 0)
    return node.kind === 'fill' || own !== -1 ? undefined : `${node.kind} has the batch in its size`;
  const from = batchAxis(batched[0]!)!;
  if (own === undefined || own < 0 || from < 0) {
    return node.kind === 'shape_of'
      ? 'it depends on the number of rows'
      : `${node.kind} mixes rows: [${batched[0]!.type.dims.join(', ')}] to [${node.type.dims.join(', ')}]`;
  }
  const fails = (): string => `${node.kind} mixes rows`;
  switch (node.kind) {
    case 'map': {
      const rank = node.type.dims.length;
      return batched.every((part) => batchAxis(part)! + rank - part.type.dims.length === own) ? undefined : fails();
    }
    case 'reduce': return node.axes.includes(from) ? fails() : undefined;
    case 'matmul': {
      if (batchAxis(node.left) === node.left.type.dims.length - 1 && node.left.type.dims.length > 1) return fails();
      const right = batchAxis(node.right);
      return right === undefined || right < node.right.type.dims.length - 2 ? undefined : fails();
    }
    case 'reshape':
      return productOf(node.input.type.dims.slice(0, from)) === productOf(node.dims.slice(0, own))
        ? undefined
        : fails();
    case 'concat': return node.axis === own ? fails() : undefined;
    case 'slice': return node.ranges[from] === undefined ? undefined : fails();
    case 'pad': return node.before[from] === 0 && node.after[from] === 0 ? undefined : fails();
    case 'gather': return gatherMixes(node) ? fails() : undefined;
    case 'topk': case 'cumulative': return node.axis === from ? fails() : undefined;
    case 'conv': case 'pool': case 'tree_ensemble': case 'dense': return from === 0 ? undefined : fails();
    case 'transpose': case 'expand': case 'lookup': return undefined;
    case 'scatter': case 'opaque': case 'shape_of': return fails();
    default: return undefined;
  }
}

function gatherMixes(node: Extract<Tensor, { kind: 'gather' }>): boolean {
  const data = batchAxis(node.input);
  const indices = batchAxis(node.indices);
  if (node.mode === 'take') return data !== undefined && (indices !== undefined || data === node.axis);
  if (node.mode === 'elements') return data !== undefined && data === node.axis;
  return data !== undefined && !(indices === 0 && data === 0 && node.batchDims > 0);
}
