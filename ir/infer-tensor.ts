/** The types of tensor nodes from their fields: shapes with symbolic dims. */
import type { Dense, Gather, MatMul, Node, Pool, Reduce, Tensor, TensorMap } from './node.js';
import { tensor, type Dim, type TensorType } from './type.js';

export function inferTensorType(node: Node): TensorType {
  switch (node.kind) {
    case 'to_tensor': {
      const width = node.exprs.reduce(
        (sum, expr) => sum + (expr.type.kind === 'tensor' ? sizeOf(expr.type.dims) : 1),
        0,
      );
      return tensor(node.dtype, ['n', width]);
    }
    case 'map': return inferMap(node);
    case 'reduce': return inferReduce(node);
    case 'matmul': return inferMatMul(node);
    case 'dense': return inferDense(node);
    case 'reshape':
    case 'expand':
      return tensor(
        node.input.type.dtype,
        node.kind === 'expand' ? broadcastDims(node.input.type.dims, node.dims) : node.dims,
      );
    case 'transpose': return tensor(node.input.type.dtype, node.permutation.map((axis) => node.input.type.dims[axis]!));
    case 'concat': {
      const first = node.inputs[0]!.type;
      const total = node.inputs.map((input) => input.type.dims[node.axis]!).reduce(addDims);
      return tensor(
        first.dtype,
        first.dims.map((_, axis) => (axis === node.axis ? total : mergeDim(node.inputs, axis))),
      );
    }
    case 'slice':
      return tensor(
        node.input.type.dtype,
        node.input.type.dims.map((dim, axis) => node.ranges[axis]?.count ?? dim),
      );
    case 'pad':
      return tensor(
        node.input.type.dtype,
        node.input.type.dims.map((dim, axis) => addDims(dim, node.before[axis]! + node.after[axis]!)),
      );
    case 'gather': return inferGather(node);
    case 'scatter':
    case 'cumulative': return tensor(node.input.type.dtype, node.input.type.dims);
    case 'topk':
      return tensor(
        node.part === 'indices' ? 'i64' : node.input.type.dtype,
        replaced(node.input.type.dims, node.axis, node.k),
      );
    case 'conv': return inferConv(node);
    case 'pool': return inferPool(node);
    case 'tree_ensemble': {
      const dtype = node.leafWeight.type.dtype;
      return tensor(dtype, [node.input.type.dims[0]!, node.targets]);
    }
    case 'lookup': return tensor(node.values.type.dtype, node.input.type.dims);
    case 'shape_of': return tensor('i64', [node.input.type.dims.length]);
    default: throw new Error(`${node.kind} needs an explicit type`);
  }
}

/** Elements of a shape all of whose dims are known. */
export function sizeOf(dims: readonly Dim[]): number {
  return dims.reduce<number>((product, dim) => {
    if (typeof dim !== 'number') throw new Error(`the size of [${dims.join(', ')}] is not known when compiling`);
    return product * dim;
  }, 1);
}

function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (b === 0) return a;
  if (a === 0) return b;
  return `${a}+${b}`;
}

function mergeDim(inputs: readonly Tensor[], axis: number): Dim {
  const dims = inputs.map((input) => input.type.dims[axis]!);
  return dims.find((dim) => typeof dim === 'number') ?? dims[0]!;
}

function replaced(dims: readonly Dim[], axis: number, dim: Dim): readonly Dim[] {
  return dims.map((old, i) => (i === axis ? dim : old));
}

/** NumPy broadcasting; a symbol against 1 gives the symbol, against another number the number. */
export function broadcastDims(a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - (rank - a.length)] ?? 1;
    const right = b[i - (rank - b.length)] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    if (typeof left === 'number' && typeof right === 'number') {
      throw new Error(`shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`);
    }
    return typeof left === 'number' ? left : right;
  });
}

function inferMap(node: TensorMap): TensorType {
  if (node.body.type.kind !== 'scalar') throw new Error('the body of a map is a scalar expression');
  return tensor(node.body.type.dtype, node.inputs.map((input) => input.type.dims).reduce(broadcastDims, []));
}

function inferReduce(node: Reduce): TensorType {
  const { dims, dtype } = node.input.type;
  const kept = node.keepDims
    ? dims.map((dim, axis) => (node.axes.includes(axis) ? 1 : dim))
    : dims.filter((_, axis) => !node.axes.includes(axis));
  return tensor(node.op === 'argmax' || node.op === 'argmin' ? 'i64' : dtype, kept);
}

function inferMatMul(node: MatMul): TensorType {
  const [a, b] = [node.left.type.dims, node.right.type.dims];
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const [k, l] = [left[left.length - 1]!, right[right.length - 2]!];
  if (typeof k === 'number' && typeof l === 'number' && k !== l)
    throw new Error(`matmul of [${a.join(', ')}] and [${b.join(', ')}]`);
  const dims = [...broadcastDims(left.slice(0, -2), right.slice(0, -2))];
  if (a.length > 1) dims.push(left[left.length - 2]!);
  if (b.length > 1) dims.push(right[right.length - 1]!);
  return tensor(node.left.type.dtype, dims);
}

function inferDense(node: Dense): TensorType {
  const dims = node.input.type.dims;
  return tensor(node.input.type.dtype, [...dims.slice(0, -1), node.weight.type.dims[1]!]);
}

function inferGather(node: Gather): TensorType {
  const data = node.input.type;
  const indices = node.indices.type.dims;
  switch (node.mode) {
    case 'take':
      return tensor(data.dtype, [...data.dims.slice(0, node.axis), ...indices, ...data.dims.slice(node.axis + 1)]);
    case 'elements': return tensor(data.dtype, indices);
    case 'nd': {
      const depth = indices[indices.length - 1];
      if (typeof depth !== 'number') throw new Error('GatherND needs a known last dim of its indices');
      return tensor(data.dtype, [...indices.slice(0, -1), ...data.dims.slice(node.batchDims + depth)]);
    }
  }
}

function windowed(node: Pool | Extract<Tensor, { kind: 'conv' }>, axis: number, window: number): Dim {
  const dim = node.input.type.dims[axis + 2]!;
  if (typeof dim !== 'number') return `out(${dim})`;
  const span = node.dilations[axis]! * (window - 1) + 1;
  return Math.floor((dim + node.before[axis]! + node.after[axis]! - span) / node.strides[axis]!) + 1;
}

function inferConv(node: Extract<Tensor, { kind: 'conv' }>): TensorType {
  const [batch, , ...spatial] = node.input.type.dims;
  const weight = node.weight.type.dims as readonly number[];
  if (!node.transposed) {
    return tensor(node.input.type.dtype, [
      batch!,
      weight[0]!,
      ...spatial.map((_, axis) => windowed(node, axis, weight[axis + 2]!)),
    ]);
  }
  const out = spatial.map((dim, axis) => {
    if (typeof dim !== 'number') return `out(${dim})`;
    const span = node.dilations[axis]! * (weight[axis + 2]! - 1) + 1;
    return node.strides[axis]! * (dim - 1) + span - node.before[axis]! - node.after[axis]!;
  });
  return tensor(node.input.type.dtype, [batch!, weight[1]! * node.groups, ...out]);
}

function inferPool(node: Pool): TensorType {
  const [batch, channels] = node.input.type.dims;
  const out = node.window.map((window, axis) => windowed(node, axis, window));
  return tensor(node.op === 'argmax' ? 'i64' : node.input.type.dtype, [batch!, channels!, ...out]);
}
