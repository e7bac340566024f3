/**
 * fuse-maps: an elementwise map of elementwise maps is one map; a constant of one element is a literal in its body.
 *
 * Why correct: element i of the outer map reads element i of the inner one, which reads element i of its inputs, as
 * long as the inner map has the outer one's shape (else broadcasting would compute it again for each copy). An inner
 * map that others read too stays apart, unless it is cheap to compute twice.
 * Before: map (mul r0 r1) [map (sub r0 r1) [x, mean], scale]
 * After: map (mul (sub r0 r1) r2) [x, mean, scale]
 * Numerics: exact: the same scalar operations in the same order.
 */
import { make } from '../ir/build.js';
import type { Expr, Node, Tensor, TensorMap } from '../ir/node.js';
import { rewriteTopDown } from '../ir/rewrite.js';
import type { ValueType } from '../ir/type.js';
import { callsIn } from './merge-projects.js';
import type { Pass, PassContext } from './pass.js';
import { literal, refsOf, renumber, substitute } from './reference.js';
import { countUses, elementCount, sameDims, smallConstant } from './tensor-constants.js';

/** Calls in a body past which fusing on makes kernels long without sparing much. */
const MOST_CALLS = 64;
/** Calls in a shared inner map that may be computed once for each reader. */
const CHEAP_CALLS = 1;

export const fuseMaps: Pass = {
  name: 'fuse-maps',
  doc: 'chains of elementwise operators become one, constants of one element literals',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => {
    const uses = countUses(plan);
    return rewriteTopDown(plan, (node) => (node.kind === 'map' ? fuse(node, uses, context) : undefined));
  },
};

function fuse(node: TensorMap, uses: ReadonlyMap<Node, number>, context: PassContext): TensorMap {
  let current = node;
  for (;;) {
    const next = inlineOne(current, uses, context);
    if (next === undefined) return current;
    current = next;
  }
}

/** Puts the first input that may be inlined into the body; `undefined` when there is none. */
function inlineOne(node: TensorMap, uses: ReadonlyMap<Node, number>, context: PassContext): TensorMap | undefined {
  for (const [position, input] of node.inputs.entries()) {
    const constant = elementCount(input.type.dims) === 1 ? smallConstant(input, context.tensors)?.[0] : undefined;
    if (constant !== undefined && constant !== null && node.inputs.length > 1) {
      const after = replaceInput(node, position, [], () => literal(constant, input.type.dtype));
      if (sameDims(after.type.dims, node.type.dims)) return recorded(node, after, 'one-element-constant', context);
    }
    if (input.kind === 'map' && mayInline(node, input, uses)) {
      const after = replaceInput(node, position, input.inputs, (offset) =>
        renumber(input.body, (index) => index + offset),
      );
      if (sameDims(after.type.dims, node.type.dims)) return recorded(node, after, 'map-of-map', context);
    }
  }
  return undefined;
}

function mayInline(node: TensorMap, inner: TensorMap, uses: ReadonlyMap<Node, number>): boolean {
  const alone = (uses.get(inner) ?? 1) === 1;
  const cost = callsIn(inner.body);
  return (
    sameDims(inner.type.dims, node.type.dims) &&
    (alone || cost <= CHEAP_CALLS) &&
    callsIn(node.body) + cost <= MOST_CALLS
  );
}

function recorded(before: TensorMap, after: TensorMap, rule: string, context: PassContext): TensorMap {
  const reason = rule === 'map-of-map' ? 'no intermediate tensor is written' : 'a literal needs no broadcast';
  context.record({ pass: 'fuse-maps', rule, before, after, reason });
  return after;
}

/** Input `position` gone, `added` at the end, and `replacement(offset of the added)` for references to it. */
function replaceInput(
  node: TensorMap,
  position: number,
  added: readonly Tensor[],
  replacement: (offset: number) => Expr,
): TensorMap {
  const kept = node.inputs.filter((_, i) => i !== position);
  const inputs = [...kept, ...added];
  const inlined = replacement(kept.length);
  const body = substitute(node.body, (index, type) => {
    return index === position ? inlined : make({ kind: 'ref', index: index < position ? index : index - 1, type });
  });
  return compact(body, inputs, kept.length);
}

/** Each input once; of the first `kept` only those the body reads or the shape needs. */
function compact(body: Expr, inputs: readonly Tensor[], kept: number): TensorMap {
  const read = refsOf(body);
  const wanted = [...new Set(inputs.filter((_, index) => index < kept || read.has(index)))];
  const moved = substitute(body, (index, type: ValueType) =>
    make({ kind: 'ref', index: wanted.indexOf(inputs[index]!), type }),
  );
  return make({ kind: 'map', body: moved, inputs: wanted });
}
