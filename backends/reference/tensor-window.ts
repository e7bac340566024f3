/** The oracle's sliding windows: conv, its transpose, and pools, over any number of spatial dims. */
import type { Conv, Pool } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import {
  arithmeticOf,
  blank,
  cellsOf,
  eachIndex,
  flatten,
  isBig,
  numberAt,
  rounded,
  store,
  stridesOf,
  type Cell,
} from './tensor-elements.js';

interface WindowShape {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
}

/** The input position under window position `tap` for output position `at`, or undefined in the padding. */
function tapped(
  shape: WindowShape,
  at: readonly number[],
  tap: readonly number[],
  spatial: readonly number[],
): readonly number[] | undefined {
  const position = at.map(
    (own, axis) => own * shape.strides[axis]! - shape.before[axis]! + tap[axis]! * shape.dilations[axis]!,
  );
  return position.every((own, axis) => own >= 0 && own < spatial[axis]!) ? position : undefined;
}

function outputSize(node: Conv | Pool, spatial: readonly number[], window: readonly number[]): readonly number[] {
  return spatial.map((dim, axis) => {
    const span = node.dilations[axis]! * (window[axis]! - 1) + 1;
    return Math.floor((dim + node.before[axis]! + node.after[axis]! - span) / node.strides[axis]!) + 1;
  });
}

export function evaluateConv(
  node: Conv,
  input: TensorValue,
  weight: TensorValue,
  bias: TensorValue | undefined,
): TensorValue {
  if (node.transposed) return evaluateConvTranspose(node, input, weight, bias);
  const [batch, , ...spatial] = input.dims as [number, number, ...number[]];
  const [maps, perGroup, ...window] = weight.dims as [number, number, ...number[]];
  const dims = [batch, maps, ...outputSize(node, spatial, window)];
  const out = blank(input.dtype, dims);
  const [inStrides, weightStrides] = [stridesOf(input.dims), stridesOf(weight.dims)];
  const [cells, weights] = [cellsOf(input), cellsOf(weight)];
  const { zero, add, mul } = arithmeticOf(input.dtype);
  eachIndex(dims, ([n, map, ...at], flat) => {
    const group = Math.floor(map! / (maps / node.groups));
    let sum: Cell = bias === undefined ? zero : cellsOf(bias)[map!]!;
    eachIndex(window, (tap) => {
      const position = tapped(node, at, tap, spatial);
      if (position === undefined) return;
      for (let c = 0; c < perGroup; c++) {
        const value = cells[flatten([n!, group * perGroup + c, ...position], inStrides)]!;
        sum = add(sum, mul(value, weights[flatten([map!, c, ...tap], weightStrides)]!));
      }
    });
    store(input.dtype, out.cells, flat, sum);
  });
  return { dtype: out.dtype, dims, data: out.data };
}

function evaluateConvTranspose(
  node: Conv,
  input: TensorValue,
  weight: TensorValue,
  bias: TensorValue | undefined,
): TensorValue {
  const [batch, channels, ...spatial] = input.dims as [number, number, ...number[]];
  const [, perGroup, ...window] = weight.dims as [number, number, ...number[]];
  const maps = perGroup * node.groups;
  const size = spatial.map((dim, axis) =>
      node.strides[axis]! * (dim - 1) +
      node.dilations[axis]! * (window[axis]! - 1) +
      1 -
      node.before[axis]! -
      node.after[axis]!,
  );
  const dims = [batch, maps, ...size];
  const sums = new Float64Array(dims.reduce((a, b) => a * b, 1));
  const outStrides = stridesOf(dims);
  const weightStrides = stridesOf(weight.dims);
  eachIndex(input.dims, ([n, c, ...at], flat) => {
    const group = Math.floor(c! / (channels / node.groups));
    eachIndex(window, (tap) => {
      const position = at.map(
        (own, axis) => own * node.strides[axis]! - node.before[axis]! + tap[axis]! * node.dilations[axis]!,
      );
      if (!position.every((own, axis) => own >= 0 && own < size[axis]!)) return;
      for (let map = 0; map < perGroup; map++) {
        sums[flatten([n!, group * perGroup + map, ...position], outStrides)]! +=
          numberAt(input, flat) * numberAt(weight, flatten([c!, map, ...tap], weightStrides));
      }
    });
  });
  const out = blank(input.dtype, dims);
  eachIndex(dims, ([, map], flat) => {
    out.cells[flat] = rounded(input.dtype, sums[flat]! + (bias === undefined ? 0 : numberAt(bias, map!)));
  });
  return { dtype: out.dtype, dims, data: out.data };
}

export function evaluatePool(node: Pool, input: TensorValue): TensorValue {
  const [batch, channels, ...spatial] = input.dims as [number, number, ...number[]];
  const dims = [batch, channels, ...outputSize(node, spatial, node.window)];
  const out = blank(node.type.dtype, dims);
  const strides = stridesOf(input.dims);
  eachIndex(dims, ([n, c, ...at], flat) => {
    const taps: number[] = [];
    let padding = 0;
    eachIndex(node.window, (tap) => {
      const position = tapped(node, at, tap, spatial);
      if (position !== undefined) taps.push(flatten([n!, c!, ...position], strides));
      else if (withinPadding(node, at, tap, spatial)) padding++;
    });
    const value = pooled(node, input, taps, padding);
    out.cells[flat] =
      typeof value === 'number' ? (isBig(node.type.dtype) ? BigInt(value) : rounded(node.type.dtype, value)) : value;
  });
  return { dtype: out.dtype, dims, data: out.data };
}

/**
 * Whether a tap outside the input lies in the declared padding, and not past it (where ceil mode lets a window reach).
 */
function withinPadding(node: Pool, at: readonly number[], tap: readonly number[], spatial: readonly number[]): boolean {
  return at.every((own, axis) =>
      own * node.strides[axis]! - node.before[axis]! + tap[axis]! * node.dilations[axis]! <
      spatial[axis]! + node.after[axis]!,
  );
}

function pooled(node: Pool, input: TensorValue, taps: readonly number[], padding: number): Cell {
  switch (node.op) {
    case 'max':
    case 'argmax': {
      const cells = cellsOf(input);
      const best = taps.reduce((a, b) => (cells[a]! < cells[b]! ? b : a), taps[0] ?? 0);
      return node.op === 'argmax' ? BigInt(best) : taps.length === 0 ? -Infinity : cells[best]!;
    }
    case 'mean': {
      const sum = taps.reduce((total, at) => total + numberAt(input, at), 0);
      return sum / (taps.length + (node.countPadding ? padding : 0));
    }
    case 'lp':
      return taps.reduce((total, at) => total + Math.abs(numberAt(input, at)) ** node.order, 0) ** (1 / node.order);
  }
}
