/**
 * fuse-dense: matmul by a constant matrix, the bias added to it and the activation of the sum become one dense layer.
 *
 * Why correct: dense is defined as activation(input x weight + bias). Only a sum is taken whose other term is a
 * constant row of the layer's width; only what is read nowhere else is absorbed; whatever else the map reads stays a
 * map above.
 * Before: map (max (add r0 r1) 0) [matmul x w, b]
 * After: dense x w b activation=(max r0 0)
 * Numerics: exact by the definition of dense; kernels may add in another order, as for any matmul.
 */
import { make } from '../ir/build.js';
import type { Dense, Expr, MatMul, Node, Tensor, TensorMap } from '../ir/node.js';
import { children, rewriteBottomUp, rewriteTopDown } from '../ir/rewrite.js';
import { scalar } from '../ir/type.js';
import type { Pass } from './pass.js';
import { refsOf, substitute } from './reference.js';
import { isCall } from './scalar-rules/rule.js';
import { countUses, elementCount, isConstant, sameDims } from './tensor-constants.js';

export const fuseDense: Pass = {
  name: 'fuse-dense',
  doc: 'matmul + bias + activation become one dense layer',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => {
    const uses = countUses(plan);
    return rewriteTopDown(plan, (node) => {
      const fused = fuse(node, uses);
      if (fused !== undefined)
        context.record({ pass: 'fuse-dense', rule: node.kind, before: node, after: fused, reason: reasonOf(fused) });
      return fused;
    });
  },
};

function reasonOf(fused: Node): string {
  const parts =
    fused.kind !== 'dense'
      ? ['bias']
      : ['matmul', ...(fused.bias ? ['bias'] : []), ...(fused.activation ? ['activation'] : [])];
  return `${parts.join(' + ')} run as one kernel; the sums stay in registers`;
}

function fuse(node: Node, uses: ReadonlyMap<Node, number>): Tensor | undefined {
  if (node.kind === 'matmul') return denseOf(node);
  if (node.kind !== 'map') return undefined;
  for (const [position, input] of node.inputs.entries()) {
    if (!isLayer(input) || (uses.get(input) ?? 1) > 1 || !sameDims(input.type.dims, node.type.dims)) continue;
    const layer = input.kind === 'matmul' ? denseOf(input) : input.activation === undefined ? input : undefined;
    if (layer === undefined) continue;
    const fused = absorb(node, position, layer);
    if (fused !== undefined) return fused;
  }
  return undefined;
}

function isLayer(tensor: Tensor): tensor is MatMul | Dense {
  return tensor.kind === 'matmul' || tensor.kind === 'dense';
}

function denseOf({ left, right }: MatMul): Dense | undefined {
  if (left.type.dims.length !== 2 || right.type.dims.length !== 2 || elementCount(right.type.dims) === undefined)
    return undefined;
  if (!isConstant(right) || isConstant(left)) return undefined;
  return make({
    kind: 'dense',
    input: left,
    weight: right,
    bias: undefined,
    activation: undefined,
    representation: undefined,
  });
}

/** The map with bias and activation taken into the layer at `position`. */
function absorb(node: TensorMap, position: number, layer: Dense): Tensor | undefined {
  const sum = layer.bias === undefined ? biasSum(node, position, layer) : undefined;
  const withBias = sum === undefined ? layer : make({ ...layer, bias: sum.bias, type: layer.type });
  const whole = make({ kind: 'ref', index: position, type: scalar(layer.type.dtype) });
  const body = sum === undefined ? node.body : replaceNode(node.body, sum.expr, whole);
  const reads = refsOf(body);
  if (reads.size === 1 && reads.has(position)) {
    if (node.type.dtype !== layer.type.dtype)
      return sum === undefined ? undefined : over(node, body, position, withBias);
    const activation =
      body === whole ? undefined : substitute(body, (_, type) => make({ kind: 'ref', index: 0, type }));
    return make({ ...withBias, activation, type: layer.type });
  }
  return sum === undefined ? undefined : over(node, body, position, withBias);
}

/** What the dense layer does not absorb stays a map over it. */
function over(node: TensorMap, body: Expr, position: number, layer: Dense): Tensor {
  const reads = refsOf(body);
  const kept = node.inputs.map((_, index) => index).filter((index) => reads.has(index));
  const inputs = kept.map((index) => (index === position ? layer : node.inputs[index]!));
  const moved = substitute(body, (index, type) => make({ kind: 'ref', index: kept.indexOf(index), type }));
  return make({ kind: 'map', body: moved, inputs });
}

/** `layer + bias` in the body, if that is the only way in which the body reads the layer. */
function biasSum(node: TensorMap, position: number, layer: Dense): { expr: Expr; bias: Tensor } | undefined {
  const sums = new Set<Expr>();
  let elsewhere = false;
  const visit = (expr: Expr): void => {
    if (isCall(expr, 'add')) {
      const other = expr.args.findIndex((arg) => arg.kind === 'ref' && arg.index === position);
      if (other >= 0 && biasOf(node, expr.args[1 - other]!, layer) !== undefined) return void sums.add(expr);
    }
    if (expr.kind === 'ref' && expr.index === position) elsewhere = true;
    for (const child of children(expr)) visit(child as Expr);
  };
  visit(node.body);
  if (elsewhere || sums.size !== 1) return undefined;
  const expr = [...sums][0]! as Expr & { kind: 'call' };
  const term = expr.args.find((arg) => !(arg.kind === 'ref' && arg.index === position))!;
  return { expr, bias: biasOf(node, term, layer)! };
}

/** The term as a constant row [m]. */
function biasOf(node: TensorMap, term: Expr, layer: Dense): Tensor | undefined {
  if (term.kind !== 'ref') return undefined;
  const bias = node.inputs[term.index]!;
  const width = layer.type.dims[1]!;
  const { dims } = bias.type;
  const isRow = dims[dims.length - 1] === width && dims.slice(0, -1).every((dim) => dim === 1);
  if (!isRow || !isConstant(bias)) return undefined;
  return dims.length === 1 ? bias : make({ kind: 'reshape', input: bias, dims: [width] });
}

function replaceNode(root: Expr, from: Expr, to: Expr): Expr {
  return rewriteBottomUp(root, (_, original) => (original === from ? to : undefined));
}
