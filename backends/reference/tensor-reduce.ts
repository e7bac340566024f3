/**
 * The oracle's nodes that sum over elements: reduce, matmul, dense, cumulative. Floats accumulate in double precision.
 */
import type { Cumulative, Dense, Reduce } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { evaluateBody } from './tensor-map.js';
import {
  arithmeticOf,
  blank,
  broadcastPositions,
  broadcastShapes,
  cellsOf,
  eachIndex,
  elementCount,
  flatten,
  isBig,
  store,
  stridesOf,
  type Cell,
} from './tensor-elements.js';

export function evaluateReduce(
  node: Pick<Reduce, 'op' | 'axes' | 'keepDims' | 'last' | 'type'>,
  input: TensorValue,
): TensorValue {
  const reducedDims = input.dims.map((dim, axis) => (node.axes.includes(axis) ? 1 : dim));
  const outStrides = stridesOf(reducedDims).map((stride, axis) => (node.axes.includes(axis) ? 0 : stride));
  const groups: Cell[][] = Array.from({ length: elementCount(reducedDims) }, () => []);
  const cells = cellsOf(input);
  eachIndex(input.dims, (index, flat) => { groups[flatten(index, outStrides)]!.push(cells[flat]!); });
  const dims = node.keepDims ? reducedDims : input.dims.filter((_, axis) => !node.axes.includes(axis));
  const out = blank(node.type.dtype, dims);
  groups.forEach((group, i) => store(node.type.dtype, out.cells, i, reduceGroup(node, input, group)));
  return { dtype: out.dtype, dims, data: out.data };
}

function reduceGroup(node: Pick<Reduce, 'op' | 'last'>, input: TensorValue, group: readonly Cell[]): Cell {
  const { zero, one, add, mul, less } = arithmeticOf(input.dtype);
  switch (node.op) {
    case 'sum': return group.reduce(add, zero);
    case 'prod': return group.reduce(mul, one);
    case 'mean': {
      const sum = group.reduce(add, zero);
      return isBig(input.dtype)
        ? group.length === 0
          ? 0n
          : (sum as bigint) / BigInt(group.length)
        : (sum as number) / group.length;
    }
    case 'any': return group.some((cell) => Boolean(cell)) ? 1 : 0;
    case 'all': return group.every((cell) => Boolean(cell)) ? 1 : 0;
    case 'max':
      return group.length === 0 ? lowest(input) : group.reduce((a, b) => (isNaNCell(a) || less(b, a) ? a : b));
    case 'min':
      return group.length === 0 ? highest(input) : group.reduce((a, b) => (isNaNCell(a) || less(a, b) ? a : b));
    case 'argmax':
    case 'argmin': {
      let best = 0;
      for (let i = 1; i < group.length; i++) {
        const [held, next] = [group[best]!, group[i]!];
        const better = node.op === 'argmax' ? less(held, next) : less(next, held);
        if (better || (node.last && held === next)) best = i;
      }
      return BigInt(best);
    }
  }
}

function isNaNCell(cell: Cell): boolean {
  return typeof cell === 'number' && Number.isNaN(cell);
}

function lowest(input: TensorValue): Cell {
  switch (input.dtype) {
    case 'i64': return -(2n ** 63n);
    case 'u64': return 0n;
    case 'bool': case 'u8': case 'u16': case 'u32': return 0;
    case 'i8': return -128;
    case 'i16': return -32768;
    case 'i32': return -(2 ** 31);
    default: return -Infinity;
  }
}

function highest(input: TensorValue): Cell {
  switch (input.dtype) {
    case 'i64': return 2n ** 63n - 1n;
    case 'u64': return 2n ** 64n - 1n;
    case 'bool': return 1;
    case 'u8': return 255;
    case 'u16': return 65535;
    case 'u32': return 2 ** 32 - 1;
    case 'i8': return 127;
    case 'i16': return 32767;
    case 'i32': return 2 ** 31 - 1;
    default: return Infinity;
  }
}

export function evaluateMatMul(left: TensorValue, right: TensorValue): TensorValue {
  const a = left.dims.length === 1 ? [1, ...left.dims] : left.dims;
  const b = right.dims.length === 1 ? [...right.dims, 1] : right.dims;
  const [rows, inner, columns] = [a[a.length - 2]!, a[a.length - 1]!, b[b.length - 1]!];
  if (b[b.length - 2] !== inner)
    throw new RangeError(`matmul of [${left.dims.join(', ')}] and [${right.dims.join(', ')}]`);
  const batch = broadcastShapes([a.slice(0, -2), b.slice(0, -2)]);
  const [fromA, fromB] = [broadcastPositions(a.slice(0, -2), batch), broadcastPositions(b.slice(0, -2), batch)];
  const dims = [...batch];
  if (left.dims.length > 1) dims.push(rows);
  if (right.dims.length > 1) dims.push(columns);
  const out = blank(left.dtype, dims);
  const { zero, add, mul } = arithmeticOf(left.dtype);
  const [cellsA, cellsB] = [cellsOf(left), cellsOf(right)];
  for (let block = 0; block < fromA.length; block++) {
    const [startA, startB, startOut] = [
      fromA[block]! * rows * inner,
      fromB[block]! * inner * columns,
      block * rows * columns,
    ];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = zero;
        for (let k = 0; k < inner; k++)
          sum = add(sum, mul(cellsA[startA + row * inner + k]!, cellsB[startB + k * columns + column]!));
        store(left.dtype, out.cells, startOut + row * columns + column, sum);
      }
    }
  }
  return { dtype: out.dtype, dims, data: out.data };
}

export function evaluateDense(
  node: Dense,
  input: TensorValue,
  weight: TensorValue,
  bias: TensorValue | undefined,
): TensorValue {
  const product = evaluateMatMul(input, weight);
  const width = product.dims[product.dims.length - 1]!;
  const cells = cellsOf(product);
  if (bias !== undefined) {
    const biases = cellsOf(bias);
    const { add } = arithmeticOf(product.dtype);
    for (let i = 0; i < cells.length; i++) store(product.dtype, cells, i, add(cells[i]!, biases[i % width]!));
  }
  return node.activation === undefined ? product : evaluateBody(node.activation, [product], product.dims);
}

export function evaluateCumulative(
  node: Pick<Cumulative, 'op' | 'axis' | 'exclusive' | 'reverse'>,
  input: TensorValue,
): TensorValue {
  const out = blank(input.dtype, input.dims);
  const cells = cellsOf(input);
  const { zero, one, add, mul } = arithmeticOf(input.dtype);
  const combine = node.op === 'sum' ? add : mul;
  const size = input.dims[node.axis]!;
  const stride = stridesOf(input.dims)[node.axis]!;
  eachIndex(input.dims.map((dim, axis) => (axis === node.axis ? Math.min(dim, 1) : dim)), (index) => {
    const start = flatten(index, stridesOf(input.dims));
    let running = node.op === 'sum' ? zero : one;
    for (let i = 0; i < size; i++) {
      const at = start + (node.reverse ? size - 1 - i : i) * stride;
      const next = combine(running, cells[at]!);
      store(input.dtype, out.cells, at, node.exclusive ? running : next);
      running = next;
    }
  });
  return { dtype: input.dtype, dims: input.dims, data: out.data };
}
