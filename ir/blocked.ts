/**
 * Between `apply` and `blocked`: the same layers as a tensor graph over the row's feature column.
 * The oracle evaluates `blocked` by this meaning; the pass that makes `blocked` is its inverse.
 */
import { make } from './build.js';
import type { Apply, Blocked, Tensor } from './node.js';

export function asApply(node: Blocked): Apply {
  const feature = node.input.type.columns[node.feature]!.type;
  const dtype = node.layers[0]!.weight.type.dtype;
  const ref = make({ kind: 'ref', index: node.feature, type: feature });
  const leaf: Tensor = make({ kind: 'to_tensor', exprs: [ref], dtype, nulls: 'null' });
  const tensor = node.layers.reduce<Tensor>((input, layer) => make({
        kind: 'dense',
        input,
        weight: layer.weight,
        bias: layer.bias,
        activation: layer.activation,
        representation: 'relational',
  }), leaf);
  return make({ kind: 'apply', input: node.input, model: node.model, outputs: [{ name: node.name, tensor }] });
}
