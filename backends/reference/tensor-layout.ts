/**
 * The oracle's layout nodes: fill, reshape, transpose, expand, concat, slice, pad. Each moves elements and computes
 * none.
 */
import type { Concat, Fill, Pad, Slice, Transpose } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import {
  blank, broadcastPositions, broadcastShapes, cellOf, cellsOf, eachIndex, elementCount, flatten, stridesOf, type Cell,
} from './tensor-elements.js';
import type { DType } from '../../ir/dtype.js';
import type { LiteralValue } from '../../ir/node.js';

/** A literal as a stored element. */
export function literalCell(dtype: DType, value: LiteralValue): Cell {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return cellOf(dtype, value);
  if (typeof value === 'bigint') return dtype === 'i64' || dtype === 'u64' ? value : Number(value);
  if (typeof value === 'string') return value;
  throw new Error(`a tensor of ${dtype} does not hold the literal ${String(value)}`);
}

export function evaluateFill(node: Fill, dims: readonly number[]): TensorValue {
  const out = blank(node.type.dtype, dims);
  const cell = literalCell(node.type.dtype, node.value);
  for (let i = 0; i < out.cells.length; i++) out.cells[i] = cell;
  return { dtype: out.dtype, dims, data: out.data };
}

export function reshaped(input: TensorValue, dims: readonly number[]): TensorValue {
  if (elementCount(dims) !== elementCount(input.dims)) {
    throw new RangeError(`cannot reshape [${input.dims.join(', ')}] to [${dims.join(', ')}]`);
  }
  return { dtype: input.dtype, dims, data: input.data };
}

export function evaluateTranspose(node: Pick<Transpose, 'permutation'>, input: TensorValue): TensorValue {
  const dims = node.permutation.map((axis) => input.dims[axis]!);
  const strides = stridesOf(input.dims);
  const permuted = node.permutation.map((axis) => strides[axis]!);
  return moved(input, dims, (index) => flatten(index, permuted));
}

export function expanded(input: TensorValue, dims: readonly number[]): TensorValue {
  const all = broadcastShapes([input.dims, dims]);
  const positions = broadcastPositions(input.dims, all);
  return moved(input, all, (_, flat) => positions[flat]!);
}

export function evaluateConcat(node: Pick<Concat, 'axis'>, inputs: readonly TensorValue[]): TensorValue {
  const first = inputs[0]!;
  const total = inputs.reduce((sum, input) => sum + input.dims[node.axis]!, 0);
  const dims = first.dims.map((dim, axis) => (axis === node.axis ? total : dim));
  const out = blank(first.dtype, dims);
  const strides = stridesOf(dims);
  let start = 0;
  for (const input of inputs) {
    const offset = start * strides[node.axis]!;
    const cells = cellsOf(input);
    eachIndex(input.dims, (index, flat) => { out.cells[offset + flatten(index, strides)] = cells[flat]!; });
    start += input.dims[node.axis]!;
  }
  return { dtype: first.dtype, dims, data: out.data };
}

export function evaluateSlice(node: Pick<Slice, 'ranges'>, input: TensorValue): TensorValue {
  const dims = input.dims.map((dim, axis) => node.ranges[axis]?.count ?? dim);
  const strides = stridesOf(input.dims);
  return moved(input, dims, (index) => {
    let flat = 0;
    for (let axis = 0; axis < dims.length; axis++) {
      const range = node.ranges[axis];
      flat += (range === undefined ? index[axis]! : range.start + index[axis]! * range.step) * strides[axis]!;
    }
    return flat;
  });
}

export function evaluatePad(node: Pick<Pad, 'before' | 'after' | 'mode' | 'value'>, input: TensorValue): TensorValue {
  const dims = input.dims.map((dim, axis) => dim + node.before[axis]! + node.after[axis]!);
  const strides = stridesOf(input.dims);
  const value = literalCell(input.dtype, node.value);
  return moved(input, dims, (index) => {
    let flat = 0;
    for (let axis = 0; axis < dims.length; axis++) {
      const at = paddedPosition(index[axis]! - node.before[axis]!, input.dims[axis]!, node.mode);
      if (at === undefined) return undefined;
      flat += at * strides[axis]!;
    }
    return flat;
  }, value);
}

function paddedPosition(at: number, size: number, mode: Pad['mode']): number | undefined {
  if (at >= 0 && at < size) return at;
  switch (mode) {
    case 'constant': return undefined;
    case 'edge': return at < 0 ? 0 : size - 1;
    case 'wrap': return ((at % size) + size) % size;
    case 'reflect': {
      if (size === 1) return 0;
      const period = 2 * (size - 1);
      const phase = ((at % period) + period) % period;
      return phase < size ? phase : period - phase;
    }
  }
}

/** A tensor of `dims` whose element at an index is input's at `from(index)`, or `otherwise` where that is undefined. */
export function moved(
  input: TensorValue,
  dims: readonly number[],
  from: (index: readonly number[], flat: number) => number | undefined,
  otherwise?: Cell,
): TensorValue {
  const out = blank(input.dtype, dims);
  const cells = cellsOf(input);
  eachIndex(dims, (index, flat) => {
    const at = from(index, flat);
    if (at !== undefined) out.cells[flat] = cells[at]!;
    else if (otherwise !== undefined) out.cells[flat] = otherwise;
  });
  return { dtype: input.dtype, dims, data: out.data };
}
