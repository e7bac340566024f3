/** Whether a tensor node is well formed: dtypes, ranks, axes and dims that fit. */
import { isFloat, type DType } from './dtype.js';
import { sizeOf } from './infer-tensor.js';
import type { Dense, Expr, Slice, Tensor, TensorMap, ToTensor, TreeEnsemble } from './node.js';
import { printType, scalar, type Dim } from './type.js';
import { below, dtypeOfExpr, fits, type Path, type Verifier } from './verify-scope.js';
import { verifyBody } from './verify-expression.js';

type Fail = (problem: string) => void;

/** The node itself; its inputs are visited by the caller. */
export function verifyTensor(node: Tensor, path: Path, verifier: Verifier): void {
  const fail: Fail = (problem) => verifier.fail(node, path, problem);
  switch (node.kind) {
    case 'to_tensor': return verifyToTensor(node, fail);
    case 'fill': {
      const numeric = typeof node.value === 'number' || typeof node.value === 'bigint';
      if (!fits(node.value, node.type.dtype) && !numeric) {
        fail(`found a ${typeof node.value}, expected a value of ${node.type.dtype}`);
      }
      return;
    }
    case 'map': return verifyMap(node, path, verifier);
    case 'dense': return verifyDense(node, path, verifier, fail);
    case 'matmul': return sameDType([node.left, node.right], fail);
    case 'concat':
      sameDType(node.inputs, fail);
      inRange([node.axis], rankOf(node.inputs[0]!), fail);
      return sameRank(node.inputs, fail);
    case 'reduce': case 'cumulative': case 'topk':
      return inRange(node.kind === 'reduce' ? node.axes : [node.axis], rankOf(node.input), fail);
    case 'transpose': {
      const sorted = [...node.permutation].sort((a, b) => a - b);
      if (sorted.length !== rankOf(node.input) || sorted.some((axis, i) => axis !== i)) {
        fail(`found permutation [${node.permutation.join(', ')}], expected one of ${rankOf(node.input)} axes`);
      }
      return;
    }
    case 'reshape': return verifyReshape(node.input.type.dims, node.dims, fail);
    case 'slice': return verifySlice(node, fail);
    case 'pad': return lengths({ before: node.before, after: node.after }, rankOf(node.input), fail);
    case 'gather':
      if (!/^i(32|64)$/.test(node.indices.type.dtype))
        fail(`found indices of ${node.indices.type.dtype}, expected i32 or i64`);
      return node.mode === 'nd' ? undefined : inRange([node.axis], rankOf(node.input), fail);
    case 'scatter': return sameDType([node.input, node.updates], fail);
    case 'conv': case 'pool': {
      const spatial = rankOf(node.input) - 2;
      const { strides, dilations, before, after } = node;
      if (node.kind === 'conv') sameDType([node.input, node.weight], fail);
      return lengths({ strides, dilations, before, after }, spatial, fail);
    }
    case 'tree_ensemble': return verifyTrees(node, fail);
    case 'lookup':
      sameDType([node.input, node.keys], fail);
      if (!fits(node.otherwise, node.values.type.dtype)) {
        fail(`found a default ${typeof node.otherwise}, expected a value of ${node.values.type.dtype}`);
      }
      return;
    default: return;
  }
}

function rankOf(tensor: Tensor): number {
  return tensor.type.dims.length;
}

function differ(a: Dim | undefined, b: Dim | undefined): boolean {
  return typeof a === 'number' && typeof b === 'number' && a !== b;
}

function sameDType(tensors: readonly Tensor[], fail: Fail): void {
  const other = tensors.find((tensor) => tensor.type.dtype !== tensors[0]!.type.dtype);
  if (other !== undefined)
    fail(`found inputs of ${tensors[0]!.type.dtype} and ${other.type.dtype}, expected one dtype`);
}

function sameRank(tensors: readonly Tensor[], fail: Fail): void {
  const other = tensors.find((tensor) => rankOf(tensor) !== rankOf(tensors[0]!));
  if (other !== undefined) fail(`found inputs of rank ${rankOf(tensors[0]!)} and ${rankOf(other)}, expected one rank`);
}

function inRange(axes: readonly number[], rank: number, fail: Fail): void {
  const outside = axes.find((axis) => !Number.isInteger(axis) || axis < 0 || axis >= rank);
  if (outside !== undefined) fail(`found axis ${outside}, expected one of ${rank}`);
}

function lengths(lists: { readonly [name: string]: readonly number[] }, wanted: number, fail: Fail): void {
  for (const [name, list] of Object.entries(lists)) {
    if (list.length !== wanted) fail(`found ${list.length} ${name}, expected ${wanted}`);
  }
}

function verifyToTensor(node: ToTensor, fail: Fail): void {
  for (const expr of node.exprs) {
    const dtype = elementDType(expr);
    if (dtype !== node.dtype) fail(`found a feature of ${printType(expr.type)}, expected ${node.dtype}`);
    if (expr.type.nullable && node.nulls === 'nan' && !isFloat(node.dtype)) {
      fail(`found a feature that may be NULL, expected none: ${node.dtype} has no NaN`);
    }
  }
}

function elementDType(expr: Expr): DType | undefined {
  return expr.type.kind === 'tensor' ? expr.type.dtype : dtypeOfExpr(expr);
}

function verifyMap(node: TensorMap, path: Path, verifier: Verifier): void {
  const elements = node.inputs.map((input, i) => ({ name: `input ${i}`, type: scalar(input.type.dtype) }));
  verifyBody(node.body, elements, below(path, '.body'), verifier);
}

function verifyDense(node: Dense, path: Path, verifier: Verifier, fail: Fail): void {
  sameDType([node.input, node.weight, ...(node.bias === undefined ? [] : [node.bias])], fail);
  const [k, m] = node.weight.type.dims;
  if (rankOf(node.weight) !== 2) fail(`found a weight of ${printType(node.weight.type)}, expected [k, m]`);
  const last = node.input.type.dims[rankOf(node.input) - 1];
  if (differ(last, k)) fail(`found an input of ${last} features, expected the weight's ${k}`);
  if (node.bias !== undefined && (rankOf(node.bias) !== 1 || differ(node.bias.type.dims[0], m))) {
    fail(`found a bias of ${printType(node.bias.type)}, expected [${m}]`);
  }
  if (node.activation === undefined) return;
  verifyBody(
    node.activation,
    [{ name: 'element', type: scalar(node.type.dtype) }],
    below(path, '.activation'),
    verifier,
  );
  if (dtypeOfExpr(node.activation) !== node.type.dtype) {
    fail(`found an activation of ${printType(node.activation.type)}, expected ${node.type.dtype}`);
  }
}

function verifyReshape(from: readonly Dim[], to: readonly Dim[], fail: Fail): void {
  if (![...from, ...to].every((dim) => typeof dim === 'number')) return;
  if (sizeOf(from) !== sizeOf(to)) fail(`found ${sizeOf(from)} elements, expected [${to.join(', ')}] to hold as many`);
}

function verifySlice(node: Slice, fail: Fail): void {
  if (node.ranges.length !== rankOf(node.input)) {
    return fail(`found ${node.ranges.length} ranges, expected ${rankOf(node.input)}`);
  }
  node.ranges.forEach((range, axis) => {
    const dim = node.input.type.dims[axis];
    if (range === undefined || typeof dim !== 'number' || range.count === 0) return;
    const last = range.start + range.step * (range.count - 1);
    if (Math.min(range.start, last) < 0 || Math.max(range.start, last) >= dim) {
      fail(`found elements ${range.start} to ${last} of axis ${axis}, expected them within ${dim}`);
    }
  });
}

function verifyTrees(node: TreeEnsemble, fail: Fail): void {
  const nodes = node.feature.type.dims[0];
  for (const name of ['threshold', 'mode', 'yes', 'no', 'missingYes'] as const) {
    if (differ(node[name].type.dims[0], nodes))
      fail(`found ${name} of ${node[name].type.dims[0]} nodes, expected ${nodes}`);
  }
  if (differ(node.leafTarget.type.dims[0], node.leafWeight.type.dims[0])) {
    fail('found leafTarget and leafWeight of different lengths');
  }
  if (rankOf(node.input) !== 2) fail(`found features of ${printType(node.input.type)}, expected [n, k]`);
}
