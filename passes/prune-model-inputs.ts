/**
 * prune-model-inputs: a feature that a model packs but never looks at becomes a constant, so that its column need not
 * be read, nor the join that fetched it made.
 *
 * Why correct: demand is followed from the outputs down: a tree ensemble asks for the features its splits name, a dense
 * layer for those whose weights are not all zero, elementwise maps, slices and concats for what is asked of them, all
 * other operators for everything. A feature that makes the result NULL when it is NULL stays. Zero weights are only
 * trusted for features that are finite whatever the data (integers), for 0 x NaN is NaN.
 * Before: tree_ensemble over [a, b, c] that splits on a alone
 * After: the same over [a, 0, 0]
 * Numerics: exact.
 */
import { zeroOf } from '../ir/bridge.js';
import { make } from '../ir/build.js';
import { dtypeInfo } from '../ir/dtype.js';
import type { Apply, Expr, Node, Tensor, ToTensor } from '../ir/node.js';
import { children, postorder, rewriteBottomUp } from '../ir/rewrite.js';
import { isTensor, rewriteRelations } from './operator.js';
import type { Pass, PassContext } from './pass.js';
import { elementCount, smallConstant } from './tensor-constants.js';

/** Which columns of the last axis are looked at; `weak` ones only through a weight of zero. */
interface Demand {
  readonly used: Set<number>;
  readonly weak: Set<number>;
}

export const pruneModelInputs: Pass = {
  name: 'prune-model-inputs',
  doc: 'features that no split and no weight looks at become constants',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => rewriteRelations(plan, (node) => (node.kind === 'apply' ? prune(node, context) : undefined)),
};

function prune(node: Apply, context: PassContext): Apply | undefined {
  const demands = demandsOf(node, context);
  const leaves = new Map<Node, ToTensor>();
  for (const [tensor, demand] of demands)
    if (tensor.kind === 'to_tensor') leaves.set(tensor, withoutUnused(tensor, demand));
  const outputs = node.outputs.map(({ name, tensor }) => ({
    name,
    tensor: rewriteBottomUp(tensor, (part) => leaves.get(part)),
  }));
  const after = make({ kind: 'apply', input: node.input, model: node.model, outputs });
  if (after === node) return undefined;
  context.record({
    pass: 'prune-model-inputs',
    rule: 'apply',
    before: node,
    after,
    reason: `model ${node.model} never looks at some of its features`,
  });
  return after;
}

function withoutUnused(leaf: ToTensor, { used, weak }: Demand): ToTensor {
  if (leaf.exprs.some((expr) => expr.type.kind !== 'scalar')) return leaf;
  const exprs = leaf.exprs.map((expr, index) => {
    if (used.has(index) || expr.kind === 'literal') return expr;
    if (leaf.nulls === 'null' && expr.type.nullable) return expr;
    if (weak.has(index) && (!isFinite(expr) || expr.type.nullable)) return expr;
    return zeroOf(leaf.dtype);
  });
  return make({ kind: 'to_tensor', exprs, dtype: leaf.dtype, nulls: leaf.nulls });
}

/** Whether no value of it is NaN or infinite. Of the floats f16 alone does not reach as far as every integer. */
function isFinite(expr: Expr): boolean {
  if (expr.kind === 'cast') return isFinite(expr.arg) && (expr.to !== 'f16' || isByte(expr.arg));
  return expr.type.kind === 'scalar' && ['int', 'uint', 'bool'].includes(dtypeInfo(expr.type.dtype).family);
}

function isByte(expr: Expr): boolean {
  return expr.type.kind === 'scalar' && dtypeInfo(expr.type.dtype).widthBytes === 1;
}

function demandsOf(node: Apply, context: PassContext): ReadonlyMap<Tensor, Demand> {
  const demands = new Map<Tensor, Demand>();
  const ask = (tensor: Tensor, columns: Iterable<number>, weak: Iterable<number> = []): void => {
    const demand = demands.get(tensor) ?? { used: new Set<number>(), weak: new Set<number>() };
    demands.set(tensor, demand);
    for (const column of columns) demand.used.add(column);
    for (const column of weak) demand.weak.add(column);
  };
  const tensors = [...new Set(node.outputs.flatMap(({ tensor }) => postorder(tensor)))].filter(isTensor);
  for (const { tensor } of node.outputs) ask(tensor, allColumns(tensor));
  // Readers before what they read.
  for (const tensor of [...tensors].reverse()) {
    const demand = demands.get(tensor);
    if (demand !== undefined) pass(tensor, demand, ask, context);
  }
  return demands;
}

type Ask = (tensor: Tensor, columns: Iterable<number>, weak?: Iterable<number>) => void;

function allColumns(tensor: Tensor): readonly number[] {
  const width = tensor.type.dims.at(-1);
  return Array.from({ length: typeof width === 'number' ? width : 0 }, (_, index) => index);
}

function pass(node: Tensor, { used, weak }: Demand, ask: Ask, context: PassContext): void {
  switch (node.kind) {
    case 'tree_ensemble': {
      const feature = smallConstant(node.feature, context.tensors);
      const mode = smallConstant(node.mode, context.tensors);
      if (feature === undefined || mode === undefined) return ask(node.input, allColumns(node.input));
      return ask(node.input, feature.filter((_, i) => Number(mode[i]) !== LEAF).map(Number));
    }
    case 'dense': return passDense(node.input, node.weight, ask, context);
    case 'map':
      for (const input of node.inputs) {
        const same =
          input.type.dims.at(-1) === node.type.dims.at(-1) && input.type.dims.length === node.type.dims.length;
        // A map may make an infinity of a finite value, which a weight of zero does not take away.
        if (same) ask(input, [...used, ...weak]);
        else ask(input, allColumns(input));
      }
      return;
    case 'concat': {
      if (node.axis !== node.type.dims.length - 1) break;
      let from = 0;
      for (const input of node.inputs) {
        const width = input.type.dims.at(-1);
        if (typeof width !== 'number') return node.inputs.forEach((each) => ask(each, allColumns(each)));
        const own = (columns: Set<number>): number[] =>
          [...columns].filter((c) => c >= from && c < from + width).map((c) => c - from);
        ask(input, own(used), own(weak));
        from += width;
      }
      return;
    }
    default: break;
  }
  for (const child of children(node)) if (isTensor(child)) ask(child, allColumns(child));
}

/** Position of 'leaf' in TREE_MODES. */
const LEAF = 6;

function passDense(input: Tensor, weight: Tensor, ask: Ask, context: PassContext): void {
  const values = smallConstant(weight, context.tensors);
  const [rows, columns] = [weight.type.dims[0] as number, weight.type.dims[1] as number];
  if (values === undefined || elementCount(weight.type.dims) === undefined) return ask(input, allColumns(input));
  const isZero = (row: number): boolean =>
    values.slice(row * columns, (row + 1) * columns).every((value) => value === 0);
  const zero = Array.from({ length: rows }, (_, row) => row).filter(isZero);
  ask(input, allColumns(input).filter((index) => !zero.includes(index)), zero);
}
