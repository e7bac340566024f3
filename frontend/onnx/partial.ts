/**
 * Shape arithmetic of models: integer vectors some of whose elements are known and others symbols (`[n, 4, -1]`).
 * Exporters compute shapes with Shape, Gather, Concat, Mul ...; here those are followed symbolically, so that the
 * batch dim stays `n` through them.
 */
import type { DType } from '../../ir/dtype.js';
import type { Expr, Tensor } from '../../ir/node.js';
import type { Dim } from '../../ir/type.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { addDims, divDims, mulDims } from './dims.js';

/** Elements of a tensor of rank 0 or 1 that are whole numbers; `undefined` is one that is not known, or is none. */
export type PartialVector = readonly (Dim | undefined)[];
type Element = Dim | undefined;

const MAX_LENGTH = 256;

/** What is known of `node`'s elements, from what is known of its inputs'. */
export function partialVector(
  node: Tensor,
  known: (input: Tensor) => PartialVector | undefined,
  constant: (input: Tensor) => TensorValue | undefined,
): PartialVector | undefined {
  const { dims } = node.type;
  if (dims.length > 1 || (dims.length === 1 && (typeof dims[0] !== 'number' || dims[0] > MAX_LENGTH))) return undefined;
  switch (node.kind) {
    case 'shape_of': return node.input.type.dims;
    case 'reshape': return known(node.input);
    case 'expand':
      return node.input.type.dims.length === dims.length
        ? repeat(known(node.input), (dims[0] as number | undefined) ?? 1)
        : undefined;
    case 'concat': {
      const parts = node.inputs.map(known);
      return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
    }
    case 'slice': {
      const input = known(node.input);
      const range = node.ranges[0];
      if (input === undefined || range === undefined) return input;
      return Array.from({ length: range.count }, (_, i) => input[range.start + i * range.step]);
    }
    case 'gather': {
      const [input, indices] = [known(node.input), constant(node.indices)];
      if (input === undefined || indices === undefined || node.mode !== 'take') return undefined;
      return Array.from(indices.data as ArrayLike<bigint | number>, (index) => input.at(Number(index)));
    }
    case 'reduce': {
      const input = known(node.input);
      if (input === undefined || (node.op !== 'prod' && node.op !== 'sum')) return undefined;
      const combine = node.op === 'prod' ? mulDims : addDims;
      return [
        input.reduce<Element>(
          (a, b) => (a === undefined || b === undefined ? undefined : combine(a, b)),
          node.op === 'prod' ? 1 : 0,
        ),
      ];
    }
    case 'map': {
      const inputs = node.inputs.map(known);
      if (!inputs.every((input) => input !== undefined)) return undefined;
      const length = (dims[0] as number | undefined) ?? 1;
      return Array.from({ length }, (_, i) =>
        element(node.body, (index) => inputs[index]![inputs[index]!.length === 1 ? 0 : i]),
      );
    }
    default: return undefined;
  }
}

function repeat(vector: PartialVector | undefined, length: number): PartialVector | undefined {
  if (vector === undefined || vector.length === length) return vector;
  return vector.length === 1 ? Array.from({ length }, () => vector[0]) : undefined;
}

function element(body: Expr, ref: (index: number) => Element): Element {
  switch (body.kind) {
    case 'ref': return whole(ref(body.index));
    case 'literal':
      return typeof body.value === 'boolean' || typeof body.value === 'number' || typeof body.value === 'bigint'
        ? whole(Number(body.value))
        : undefined;
    case 'cast': return castTo(body.to, element(body.arg, ref));
    case 'case': {
      for (const branch of body.branches) {
        const when = element(branch.when, ref);
        if (when === undefined) return undefined;
        if (when !== 0) return element(branch.then, ref);
      }
      return element(body.otherwise, ref);
    }
    case 'call': {
      const args = body.args.map((arg) => element(arg, ref));
      return args.every((arg) => arg !== undefined) ? whole(called(body.op, args[0]!, args[1] ?? 0)) : undefined;
    }
    default: return undefined;
  }
}

/** Sizes are whole: what follows from a half is not followed. */
function whole(value: Element): Element {
  return typeof value === 'number' && !Number.isInteger(value) ? undefined : value;
}

/** Of a symbol it is not known whether it is 0. */
function castTo(to: DType, value: Element): Element {
  if (to !== 'bool') return value;
  return typeof value === 'number' ? Number(value !== 0) : undefined;
}

function called(op: string, a: Dim, b: Dim): Element {
  switch (op) {
    case 'add': case 'wrap_add': return addDims(a, b);
    case 'sub': case 'wrap_sub': return addDims(a, mulDims(b, -1));
    case 'mul': case 'wrap_mul': return mulDims(a, b);
    case 'div': return typeof a === 'number' && typeof b === 'number' ? a / b : divDims(a, b);
    case 'trunc_div':
      return typeof a === 'number' && typeof b === 'number' ? (b === 0 ? undefined : Math.trunc(a / b)) : divDims(a, b);
    case 'neg': return mulDims(a, -1);
    case 'trunc': case 'floor': case 'ceil': return a;
    case 'eq': case 'ieee_eq': {
      if (a === b) return 1;
      const [x, y] = typeof a === 'number' ? [a, b] : [b, a];
      // a symbol is a size: never negative
      return typeof x === 'number' && (typeof y === 'number' || x < 0) ? 0 : undefined;
    }
    case 'not': return typeof a === 'number' ? 1 - a : undefined;
    case 'max': return typeof a === 'number' && typeof b === 'number' ? Math.max(a, b) : undefined;
    case 'min': return typeof a === 'number' && typeof b === 'number' ? Math.min(a, b) : undefined;
    default: return undefined;
  }
}
