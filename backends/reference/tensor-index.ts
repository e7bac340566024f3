/**
 * The oracle's nodes that address by value: gather, scatter, topk. Indices below 0 count from the end; others out of
 * range throw.
 */
import type { Gather, Scatter, TopK } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import {
  arithmeticOf, blank, cellsOf, eachIndex, elementCount, flatten, numberAt, store, stridesOf, type Cell,
} from './tensor-elements.js';
import { moved } from './tensor-layout.js';

function position(index: number, size: number): number {
  const at = index < 0 ? index + size : index;
  if (!(at >= 0 && at < size)) throw new RangeError(`index ${index} is outside an axis of ${size}`);
  return at;
}

export function evaluateGather(
  node: Pick<Gather, 'mode' | 'axis' | 'batchDims'>,
  input: TensorValue,
  indices: TensorValue,
): TensorValue {
  const strides = stridesOf(input.dims);
  const { axis } = node;
  if (node.mode === 'take') {
    const depth = indices.dims.length;
    const dims = [...input.dims.slice(0, axis), ...indices.dims, ...input.dims.slice(axis + 1)];
    const indexStrides = stridesOf(indices.dims);
    return moved(input, dims, (index) => {
      const at = position(numberAt(indices, flatten(index.slice(axis, axis + depth), indexStrides)), input.dims[axis]!);
      return flatten([...index.slice(0, axis), at, ...index.slice(axis + depth)], strides);
    });
  }
  if (node.mode === 'elements') {
    return moved(input, indices.dims, (index, flat) => {
      const at = position(numberAt(indices, flat), input.dims[axis]!);
      return flatten(index.map((own, i) => (i === axis ? at : own)), strides);
    });
  }
  const depth = indices.dims[indices.dims.length - 1]!;
  const outer = indices.dims.slice(0, -1);
  const dims = [...outer, ...input.dims.slice(node.batchDims + depth)];
  const outerStrides = stridesOf(outer);
  return moved(input, dims, (index) => {
    const row = flatten(index.slice(0, outer.length), outerStrides) * depth;
    const picked = Array.from({ length: depth }, (_, i) =>
      position(numberAt(indices, row + i), input.dims[node.batchDims + i]!),
    );
    return flatten([...index.slice(0, node.batchDims), ...picked, ...index.slice(outer.length)], strides);
  });
}

export function evaluateScatter(
  node: Pick<Scatter, 'mode' | 'axis' | 'combine'>,
  input: TensorValue,
  indices: TensorValue,
  updates: TensorValue,
): TensorValue {
  const out = moved(input, input.dims, (_, flat) => flat);
  const cells = cellsOf(out);
  const strides = stridesOf(input.dims);
  const news = cellsOf(updates);
  const put = (at: number, value: Cell): void =>
    store(input.dtype, cells, at, combined(node, input, cells[at]!, value));
  if (node.mode === 'elements') {
    eachIndex(indices.dims, (index, flat) => {
      const at = position(numberAt(indices, flat), input.dims[node.axis]!);
      put(flatten(index.map((own, i) => (i === node.axis ? at : own)), strides), news[flat]!);
    });
    return out;
  }
  const depth = indices.dims[indices.dims.length - 1]!;
  const inner = elementCount(input.dims.slice(depth));
  const rows = elementCount(indices.dims.slice(0, -1));
  for (let row = 0; row < rows; row++) {
    let start = 0;
    for (let i = 0; i < depth; i++) start += position(numberAt(indices, row * depth + i), input.dims[i]!) * strides[i]!;
    for (let i = 0; i < inner; i++) put(start + i, news[row * inner + i]!);
  }
  return out;
}

function combined(node: Pick<Scatter, 'combine'>, input: TensorValue, old: Cell, value: Cell): Cell {
  const { add, mul, less } = arithmeticOf(input.dtype);
  switch (node.combine) {
    case 'replace': return value;
    case 'add': return add(old, value);
    case 'mul': return mul(old, value);
    case 'max': return less(old, value) ? value : old;
    case 'min': return less(value, old) ? value : old;
  }
}

export function evaluateTopK(node: Pick<TopK, 'k' | 'axis' | 'largest' | 'part'>, input: TensorValue): TensorValue {
  const { axis, k } = node;
  const size = input.dims[axis]!;
  if (k > size) throw new RangeError(`top ${k} of an axis of ${size}`);
  const dims = input.dims.map((dim, i) => (i === axis ? k : dim));
  const out = blank(node.part === 'indices' ? 'i64' : input.dtype, dims);
  const cells = cellsOf(input);
  const [strides, outStrides] = [stridesOf(input.dims), stridesOf(dims)];
  const before = (a: Cell, b: Cell): number => {
    if (a === b) return 0;
    if (Number.isNaN(a) || Number.isNaN(b))
      return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : node.largest ? -1 : 1) : node.largest ? 1 : -1;
    return (a < b) === node.largest ? 1 : -1;
  };
  eachIndex(input.dims.map((dim, i) => (i === axis ? Math.min(dim, 1) : dim)), (index) => {
    const [start, outStart] = [flatten(index, strides), flatten(index, outStrides)];
    const order = Array.from({ length: size }, (_, i) => i)
      .sort((a, b) => before(cells[start + a * strides[axis]!]!, cells[start + b * strides[axis]!]!) || a - b);
    for (let i = 0; i < k; i++) {
      const at = order[i]!;
        out.cells[outStart + i * outStrides[axis]!] =
          node.part === 'indices' ? BigInt(at) : cells[start + at * strides[axis]!]!;
    }
  });
  return { dtype: out.dtype, dims, data: out.data };
}
