/**
 * cancel-layout: changes of layout that undo each other, or that pick columns just packed, go.
 *
 * Why correct: transpose, reshape, slice, concat and gather move elements and compute nothing, so a chain of them is
 * determined by where each element comes from. Picking columns of `to_tensor` packs only those; where a NULL feature
 * makes the result NULL, a column that can be NULL is kept, since dropping it would drop the NULL.
 * Before: transpose [1, 0] (transpose [1, 0] x)   After: x
 * Numerics: exact.
 */
import { make } from '../ir/build.js';
import type { Concat, Gather, Node, NodeOf, Slice, Tensor, ToTensor } from '../ir/node.js';
import { rewriteBottomUp } from '../ir/rewrite.js';
import type { Pass, PassContext } from './pass.js';
import { sameDims, smallConstant } from './tensor-constants.js';

export const cancelLayout: Pass = {
  name: 'cancel-layout',
  doc: 'transposes, reshapes, slices, concats and gathers that undo each other or pick packed columns',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => rewriteBottomUp(plan, (node) => {
    const after = settle(node, context);
    return after === node ? undefined : after;
  }),
};

const REASON = 'elements only moved; the moves cancel or join';

function settle(start: Node, context: PassContext): Node {
  let node = start;
  for (;;) {
    const after = cancel(node, context);
    if (after === undefined || after === node) return node;
    context.record({ pass: 'cancel-layout', rule: node.kind, before: node, after, reason: REASON });
    node = after;
  }
}

function cancel(node: Node, context: PassContext): Tensor | undefined {
  switch (node.kind) {
    case 'transpose': return cancelTranspose(node);
    case 'reshape': return cancelReshape(node);
    case 'expand': return sameDims(node.type.dims, node.input.type.dims) ? node.input : undefined;
    case 'pad': return [...node.before, ...node.after].every((count) => count === 0) ? node.input : undefined;
    case 'slice': return cancelSlice(node);
    case 'concat': return cancelConcat(node);
    case 'gather': return cancelGather(node, context);
    default: return undefined;
  }
}

function cancelTranspose(node: NodeOf<'transpose'>): Tensor | undefined {
  if (node.permutation.every((axis, i) => axis === i)) return node.input;
  const inner = node.input;
  if (inner.kind !== 'transpose') return undefined;
  return make({
    kind: 'transpose',
    input: inner.input,
    permutation: node.permutation.map((axis) => inner.permutation[axis]!),
  });
}

function cancelReshape(node: NodeOf<'reshape'>): Tensor | undefined {
  if (sameDims(node.type.dims, node.input.type.dims)) return node.input;
  return node.input.kind === 'reshape'
    ? make({ kind: 'reshape', input: node.input.input, dims: node.dims })
    : undefined;
}

function cancelSlice(node: Slice): Tensor | undefined {
  const { input } = node;
  if (isWhole(node)) return input;
  if (input.kind === 'slice') {
    const ranges = node.ranges.map((outer, axis) => {
      const inner = input.ranges[axis];
      if (outer === undefined || inner === undefined) return outer ?? inner;
      return { start: inner.start + outer.start * inner.step, step: inner.step * outer.step, count: outer.count };
    });
    return make({ kind: 'slice', input: input.input, ranges });
  }
  const axis = onlyAxis(node);
  if (axis === undefined) return undefined;
  const { start, step, count } = node.ranges[axis]!;
  const picked = Array.from({ length: count }, (_, i) => start + i * step);
  if (input.kind === 'to_tensor' && axis === 1) return pickColumns(input, picked);
  return input.kind === 'concat' && input.axis === axis ? sliceOfConcat(node, input, picked) : undefined;
}

function isWhole(node: Slice): boolean {
  const { dims } = node.input.type;
  return node.ranges.every((range, axis) =>
    range === undefined || (range.start === 0 && range.step === 1 && range.count === dims[axis]));
}

/** The one axis that is cut. */
function onlyAxis(node: Slice): number | undefined {
  const cut = node.ranges.flatMap((range, axis) => (range === undefined ? [] : [axis]));
  return cut.length === 1 ? cut[0] : undefined;
}

/** A slice that lies in one part of a concat is a slice of that part. */
function sliceOfConcat(node: Slice, concat: Concat, picked: readonly number[]): Tensor | undefined {
  let from = 0;
  for (const part of concat.inputs) {
    const width = part.type.dims[concat.axis];
    if (typeof width !== 'number') return undefined;
    const begin = from;
    if (picked.length > 0 && picked.every((index) => index >= begin && index < begin + width)) {
      const ranges = node.ranges.map((range, axis) =>
        axis === concat.axis ? { ...range!, start: range!.start - begin } : range,
      );
      return make({ kind: 'slice', input: part, ranges });
    }
    from += width;
  }
  return undefined;
}

function cancelConcat(node: Concat): Tensor | undefined {
  if (node.inputs.length === 1) return node.inputs[0];
  const flat = node.inputs.flatMap((input) =>
    input.kind === 'concat' && input.axis === node.axis ? input.inputs : [input],
  );
  const merged: Tensor[] = [];
  for (const input of flat) {
    const last = merged[merged.length - 1];
    const both =
      last === undefined
        ? undefined
        : (adjacentSlices(last, input, node.axis) ?? packedTogether(last, input, node.axis));
    if (both === undefined) merged.push(input);
    else merged[merged.length - 1] = both;
  }
  if (merged.length === node.inputs.length && merged.every((input, i) => input === node.inputs[i])) return undefined;
  return merged.length === 1 ? merged[0] : make({ kind: 'concat', inputs: merged, axis: node.axis });
}

/** x[a:b] beside x[b:c] is x[a:c]. */
function adjacentSlices(left: Tensor, right: Tensor, axis: number): Tensor | undefined {
  if (left.kind !== 'slice' || right.kind !== 'slice' || left.input !== right.input) return undefined;
  if (onlyAxis(left) !== axis || onlyAxis(right) !== axis) return undefined;
  const [a, b] = [left.ranges[axis]!, right.ranges[axis]!];
  if (a.step !== 1 || b.step !== 1 || a.start + a.count !== b.start) return undefined;
  const ranges = left.ranges.map((range, i) => (i === axis ? { ...a, count: a.count + b.count } : range));
  const whole = make({ kind: 'slice', input: left.input, ranges });
  return isWhole(whole) ? whole.input : whole;
}

function packedTogether(left: Tensor, right: Tensor, axis: number): Tensor | undefined {
  if (axis !== 1 || left.kind !== 'to_tensor' || right.kind !== 'to_tensor') return undefined;
  if (left.dtype !== right.dtype || left.nulls !== right.nulls) return undefined;
  return make({ kind: 'to_tensor', exprs: [...left.exprs, ...right.exprs], dtype: left.dtype, nulls: left.nulls });
}

function pickColumns(leaf: ToTensor, picked: readonly number[]): Tensor | undefined {
  if (picked.length === 0 || leaf.exprs.some((expr) => expr.type.kind === 'tensor')) return undefined;
  const dropsNull =
    leaf.nulls === 'null' && leaf.exprs.some((expr, index) => expr.type.nullable && !picked.includes(index));
  if (dropsNull) return undefined;
  return make({
    kind: 'to_tensor',
    exprs: picked.map((index) => leaf.exprs[index]!),
    dtype: leaf.dtype,
    nulls: leaf.nulls,
  });
}

/** A gather by constant indices in even steps is a slice; of packed columns, it packs those. */
function cancelGather(node: Gather, context: PassContext): Tensor | undefined {
  const size = node.input.type.dims[node.axis];
  if (node.mode !== 'take' || node.indices.type.dims.length !== 1 || typeof size !== 'number') return undefined;
  const constants = smallConstant(node.indices, context.tensors);
  if (constants === undefined || constants.length === 0) return undefined;
  const picked = constants.map((value) => (Number(value) < 0 ? Number(value) + size : Number(value)));
  if (picked.some((index) => index < 0 || index >= size)) return undefined;
  if (node.input.kind === 'to_tensor' && node.axis === 1) return pickColumns(node.input, picked);
  const step = picked.length === 1 ? 1 : picked[1]! - picked[0]!;
  if (step === 0 || picked.some((index, i) => index !== picked[0]! + i * step)) return undefined;
  const ranges = node.input.type.dims.map((_, axis) =>
    axis === node.axis ? { start: picked[0]!, step, count: picked.length } : undefined,
  );
  return make({ kind: 'slice', input: node.input, ranges });
}
