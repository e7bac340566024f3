/**
 * The oracle of tensor nodes: slow, obvious, right. A node and the values of its leaves enter, a dense value leaves.
 *
 * Invariant: each node is evaluated once per context (`cache`); inputs are never written to.
 */
import { opaqueRow } from '../../ir/opaque.js';
import type { Reshape, Tensor, TreeEnsemble } from '../../ir/node.js';
import { viewTensor } from '../../ir/tensor-bytes.js';
import type { TensorData, TensorValue } from '../../ir/tensor-data.js';
import { unreachable } from '../../ir/type.js';
import { bindSymbols, resolveDims, type Symbols } from './tensor-dims.js';
import { broadcastShapes, elementCount } from './tensor-elements.js';
import { evaluateGather, evaluateScatter, evaluateTopK } from './tensor-index.js';
import {
  evaluateConcat,
  evaluateFill,
  evaluatePad,
  evaluateSlice,
  evaluateTranspose,
  expanded,
  reshaped,
} from './tensor-layout.js';
import { evaluateBody, evaluateLookup } from './tensor-map.js';
import { evaluateCumulative, evaluateDense, evaluateMatMul, evaluateReduce } from './tensor-reduce.js';
import { evaluateTreeEnsemble } from './tensor-trees.js';
import { evaluateConv, evaluatePool } from './tensor-window.js';

export interface TensorContext {
  readonly data: TensorData;
  /** Values of the leaves: `input` and `to_tensor` nodes. Their dims bind the symbols. */
  readonly inputs: ReadonlyMap<Tensor, TensorValue>;
  readonly cache: Map<Tensor, TensorValue>;
}

/** The value of `node`. Throws RangeError where the data does not fit the graph (sizes, indices). */
export function evaluateTensor(node: Tensor, context: TensorContext): TensorValue {
  const symbols = new Map<string, number>();
  for (const [leaf, value] of context.inputs) bindSymbols(leaf.type.dims, value.dims, symbols);
  return evaluate(node, context, symbols);
}

function evaluate(node: Tensor, context: TensorContext, symbols: Symbols): TensorValue {
  const known = context.cache.get(node);
  if (known !== undefined) return known;
  const value = compute(node, context, symbols);
  context.cache.set(node, value);
  return value;
}

function compute(node: Tensor, context: TensorContext, symbols: Symbols): TensorValue {
  const of = (input: Tensor): TensorValue => evaluate(input, context, symbols);
  switch (node.kind) {
    case 'input':
    case 'to_tensor': return leaf(node, context);
    case 'weight':
      return viewTensor(context.data.get(node.hash), {
        dtype: node.type.dtype,
        dims: node.type.dims as readonly number[],
      });
    case 'fill': return evaluateFill(node, resolveDims(node.type.dims, symbols));
    case 'map': {
      const inputs = node.inputs.map(of);
      return evaluateBody(node.body, inputs, broadcastShapes(inputs.map((input) => input.dims)));
    }
    case 'reduce': return evaluateReduce(node, of(node.input));
    case 'matmul': return evaluateMatMul(of(node.left), of(node.right));
    case 'dense':
      return evaluateDense(node, of(node.input), of(node.weight), node.bias === undefined ? undefined : of(node.bias));
    case 'reshape': return reshapeTo(node, of(node.input), symbols);
    case 'transpose': return evaluateTranspose(node, of(node.input));
    case 'expand': return expanded(of(node.input), resolveDims(node.dims, symbols));
    case 'concat': return evaluateConcat(node, node.inputs.map(of));
    case 'slice': return evaluateSlice(node, of(node.input));
    case 'pad': return evaluatePad(node, of(node.input));
    case 'gather': return evaluateGather(node, of(node.input), of(node.indices));
    case 'scatter': return evaluateScatter(node, of(node.input), of(node.indices), of(node.updates));
    case 'topk': return evaluateTopK(node, of(node.input));
    case 'cumulative': return evaluateCumulative(node, of(node.input));
    case 'conv':
      return evaluateConv(node, of(node.input), of(node.weight), node.bias === undefined ? undefined : of(node.bias));
    case 'pool': return evaluatePool(node, of(node.input));
    case 'tree_ensemble': return trees(node, of);
    case 'lookup': return evaluateLookup(node, of(node.input), of(node.keys), of(node.values));
    case 'shape_of': {
      const { dims } = of(node.input);
      return { dtype: 'i64', dims: [dims.length], data: BigInt64Array.from(dims, BigInt) };
    }
    case 'opaque': {
      const results = opaqueRow(node.op).evaluate(node.inputs.map(of), node.attributes);
      const result = results[node.part];
      if (result === undefined) throw new Error(`opaque ${node.op} has no output ${node.part}`);
      return result;
    }
    default: return unreachable(node);
  }
}

function leaf(node: Tensor, context: TensorContext): TensorValue {
  const value = context.inputs.get(node);
  if (value !== undefined) return value;
  throw new Error(
    node.kind === 'input' ? `no value was given for input ${node.name}` : 'no value was given for a to_tensor leaf',
  );
}

function reshapeTo(node: Reshape, input: TensorValue, symbols: Symbols): TensorValue {
  return reshaped(input, resolveDims(node.dims, symbols, elementCount(input.dims)));
}

function trees(node: TreeEnsemble, of: (input: Tensor) => TensorValue): TensorValue {
  return evaluateTreeEnsemble(node, of(node.input), {
    roots: of(node.roots), feature: of(node.feature), threshold: of(node.threshold), mode: of(node.mode),
    yes: of(node.yes), no: of(node.no), missingYes: of(node.missingYes),
    leafTarget: of(node.leafTarget), leafWeight: of(node.leafWeight),
    base: node.base === undefined ? undefined : of(node.base),
  });
}
