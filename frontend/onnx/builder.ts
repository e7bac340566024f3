/**
 * Makes the tensor nodes of one model. Operators of ONNX are written as compositions of these methods.
 *
 * Invariant: what follows from constants is a constant (`weight` or `fill`), computed by the oracle; what follows from
 * shapes is followed symbolically (partial.ts). One-element constants are `fill`s, and become literals in bodies.
 */
import { make } from '../../ir/build.js';
import { dtypeInfo, type DType } from '../../ir/dtype.js';
import { sizeOf } from '../../ir/infer-tensor.js';
import type { Expr, LiteralValue, NodeOf, ReduceOp, Slice, Tensor } from '../../ir/node.js';
import { children } from '../../ir/rewrite.js';
import { viewTensor } from '../../ir/tensor-bytes.js';
import type { TensorElements, TensorValue } from '../../ir/tensor-data.js';
import { tensor, type Dim } from '../../ir/type.js';
import type { Verifier } from '../../ir/verify-scope.js';
import { verifyTensor } from '../../ir/verify-tensor.js';
import { foldedValue } from './fold.js';
import { divDims, positions, productOf } from './dims.js';
import { ModelError } from './errors.js';
import { cast, choose, dtypeOf, literal, literalValue, ref } from './expr.js';
import { MAX_ELEMENTS, MAX_FOLDED_BYTES, MAX_FOLDED_STREAMED_BYTES, MAX_RANK } from './limits.js';
import { partialVector, type PartialVector } from './partial.js';
import type { WeightStore } from './weights.js';

export type Range = NonNullable<Slice['ranges'][number]>;
type TensorKind = Tensor['kind'];

export class TensorBuilder {
  readonly weights: WeightStore;
  readonly #vectors = new WeakMap<Tensor, PartialVector>();
  #nextSymbol = 0;

  constructor(weights: WeightStore) {
    this.weights = weights;
  }

  /** A size that depends on data, or cannot be expressed by other symbols. */
  symbol(): string {
    return `d${this.#nextSymbol++}`;
  }

  // ------------------------------------------------------------ constants

  constant(value: TensorValue): Tensor {
    const { dtype, dims, data } = value;
    if (data.length === 1 || (data.length > 0 && data.length <= 4096 && dtype !== 'utf8' && allEqual(data))) {
      return this.fill(dtype, dims, data[0] as LiteralValue);
    }
    return this.stored(value);
  }

  /** A constant that stays a weight, whatever its values: kernels pack it in an order of their own. */
  stored(value: TensorValue): Tensor {
    return make({ kind: 'weight', hash: this.weights.add(value), type: tensor(value.dtype, value.dims) });
  }

  fill(dtype: DType, dims: readonly Dim[], value: LiteralValue): Tensor {
    checkDims(dims);
    return make({ kind: 'fill', value: literalValue(value, dtype), type: tensor(dtype, dims) });
  }

  scalar(dtype: DType, value: LiteralValue): Tensor {
    return this.fill(dtype, [], value);
  }

  ints(values: readonly number[], dims: readonly number[] = [values.length]): Tensor {
    return this.constant({ dtype: 'i64', dims, data: BigInt64Array.from(values, BigInt) });
  }

  /** 0, 1, 2 ...: the positions along an axis. */
  steps(count: number, dims?: readonly number[]): Tensor {
    return this.ints(positions(count), dims);
  }

  floats(dtype: 'f32' | 'f64', values: readonly number[], dims: readonly number[] = [values.length]): Tensor {
    return this.constant({
      dtype,
      dims,
      data: dtype === 'f32' ? Float32Array.from(values) : Float64Array.from(values),
    });
  }

  /** The value of a constant; `undefined` for what depends on inputs. */
  valueOf(node: Tensor): TensorValue | undefined {
    if (node.kind === 'weight')
      return viewTensor(this.weights.get(node.hash), {
        dtype: node.type.dtype,
        dims: node.type.dims as readonly number[],
      });
    if (node.kind !== 'fill' || !node.type.dims.every((dim) => typeof dim === 'number')) return undefined;
    return this.#evaluate(node);
  }

  /** Elements of an integer vector or scalar as far as they are known. */
  vectorOf(node: Tensor): PartialVector | undefined {
    const known = this.#vectors.get(node);
    if (known !== undefined) return known;
    if (node.type.dims.length > 1 || !isConstant(node) || node.type.dtype === 'utf8') return undefined;
    const value = this.valueOf(node);
    return value === undefined || value.data.length > 256
      ? undefined
      : Array.from(value.data as ArrayLike<number | bigint>, Number);
  }

  // ------------------------------------------------------------ nodes

  /** Any tensor node, folded when its inputs are constant. */
  emit<K extends TensorKind>(fields: Parameters<typeof make<K>>[0]): Tensor {
    const node = make<K>(fields) as NodeOf<TensorKind>;
    checkDims(node.type.dims);
    verifyTensor(node, { parent: undefined, step: node.kind }, CHECKED);
    if (this.#folds(node)) return this.constant(this.#evaluate(node));
    const vector = partialVector(node, (input) => this.vectorOf(input), (input) => this.valueOf(input));
    if (vector === undefined) return node;
    if (vector.every((element) => typeof element === 'number'))
      return this.#integers(node, vector as readonly number[]);
    this.#vectors.set(node, vector);
    return node;
  }

  #integers(node: Tensor, vector: readonly number[]): Tensor {
    const cast = this.#evaluate(
      this.map([this.ints(vector, node.type.dims as readonly number[])], (a) => castTo(a!, node.type.dtype)),
    );
    return this.constant(cast);
  }

  #folds(node: Tensor): boolean {
    if (node.kind === 'fill' || node.kind === 'weight' || (node.kind === 'opaque' && node.op.startsWith('random')))
      return false;
    const parts = children(node).filter((child): child is Tensor => child.type.kind === 'tensor');
    if (
      parts.length === 0 ||
      !parts.every(isConstant) ||
      !parts.every((part) => bytesOf(part) <= this.#foldedLimit(part))
    )
      return false;
    return (
      node.kind === 'opaque' ||
      (node.type.dims.every((dim) => typeof dim === 'number') && bytesOf(node) <= MAX_FOLDED_BYTES)
    );
  }

  /** What is computed from a weight in a file would stay in memory: only small ones are. */
  #foldedLimit(part: Tensor): number {
    return part.kind === 'weight' && !this.weights.isHeld(part.hash) ? MAX_FOLDED_STREAMED_BYTES : MAX_FOLDED_BYTES;
  }

  #evaluate(node: Tensor): TensorValue {
    return foldedValue(node, this.weights);
  }

  /** body(elements of inputs...) with broadcasting; one-element constants are written into the body. */
  map(inputs: readonly Tensor[], body: (...args: readonly Expr[]) => Expr): Tensor {
    const rank = Math.max(...inputs.map((input) => input.type.dims.length));
    const kept = inputs.filter((input) => !isInlined(input, rank));
    const sources = kept.length === 0 || !kept.some((input) => input.type.dims.length === rank) ? inputs : kept;
    const distinct = [...new Set(sources)];
    const args = inputs.map((input) => {
      const at = distinct.indexOf(input);
      return at >= 0 ? ref(at, input.type.dtype) : literal((input as NodeOf<'fill'>).value, input.type.dtype);
    });
    const result = body(...args);
    return result.kind === 'ref' && distinct.length === 1
      ? distinct[0]!
      : this.emit({ kind: 'map', body: result, inputs: distinct });
  }

  cast(input: Tensor, to: DType): Tensor {
    return input.type.dtype === to ? input : this.map([input], (a) => castTo(a!, to));
  }

  reduce(
    op: ReduceOp,
    input: Tensor,
    axes: readonly number[],
    options: { keepDims?: boolean; last?: boolean } = {},
  ): Tensor {
    return this.emit({
      kind: 'reduce',
      op,
      input,
      axes: [...axes].sort((a, b) => a - b),
      keepDims: options.keepDims ?? true,
      last: options.last ?? false,
    });
  }

  matmul(left: Tensor, right: Tensor): Tensor {
    return this.emit({ kind: 'matmul', left, right });
  }

  /** `dims` may hold one -1, which is computed. */
  reshape(input: Tensor, dims: readonly Dim[]): Tensor {
    const solved = this.#solve(input, dims);
    if (same(input.type.dims, solved)) return input;
    const source = input.kind === 'reshape' ? input.input : input;
    if (same(source.type.dims, solved)) return source;
    return this.emit({ kind: 'reshape', input: source, dims: solved });
  }

  #solve(input: Tensor, dims: readonly Dim[]): readonly Dim[] {
    const open = dims.indexOf(-1);
    const total = productOf(input.type.dims);
    if (open < 0) {
      const wanted = productOf(dims);
      if (typeof total === 'number' && typeof wanted === 'number' && total !== wanted) {
        throw new ModelError('invalid', `cannot reshape [${input.type.dims.join(', ')}] to [${dims.join(', ')}]`);
      }
      return dims;
    }
    const rest = productOf(dims.filter((_, axis) => axis !== open));
    const quotient = rest === 0 ? 0 : divDims(total, rest);
    if (quotient === undefined && typeof total === 'number' && typeof rest === 'number') {
      throw new ModelError('invalid', `cannot reshape [${input.type.dims.join(', ')}] to [${dims.join(', ')}]`);
    }
    return dims.map((dim, axis) => (axis === open ? (quotient ?? this.symbol()) : dim));
  }

  transpose(input: Tensor, permutation: readonly number[]): Tensor {
    return permutation.every((axis, i) => axis === i) ? input : this.emit({ kind: 'transpose', input, permutation });
  }

  expand(input: Tensor, dims: readonly Dim[]): Tensor {
    if (same(input.type.dims, dims)) return input;
    return this.emit({ kind: 'expand', input, dims });
  }

  concat(inputs: readonly Tensor[], axis: number): Tensor {
    return inputs.length === 1 ? inputs[0]! : this.emit({ kind: 'concat', inputs, axis });
  }

  slice(input: Tensor, ranges: readonly (Range | undefined)[]): Tensor {
    const whole = ranges.every(
      (range, axis) =>
        range === undefined || (range.start === 0 && range.step === 1 && range.count === input.type.dims[axis]),
    );
    return whole ? input : this.emit({ kind: 'slice', input, ranges });
  }

  /** Elements start .. start+count of one axis. */
  part(input: Tensor, axis: number, range: { start: number; count: number }): Tensor {
    return this.slice(input, input.type.dims.map((_, i) => (i === axis ? { ...range, step: 1 } : undefined)));
  }

  pad(input: Tensor, before: readonly number[], after: readonly number[], value: LiteralValue = 0): Tensor {
    if (before.every((size) => size === 0) && after.every((size) => size === 0)) return input;
    return this.emit({
      kind: 'pad',
      input,
      before,
      after,
      mode: 'constant',
      value: literalValue(value, input.type.dtype),
    });
  }

  take(input: Tensor, indices: Tensor, axis: number): Tensor {
    return this.emit({ kind: 'gather', mode: 'take', input, indices, axis, batchDims: 0 });
  }

  unsqueeze(input: Tensor, axes: readonly number[]): Tensor {
    const rest = [...input.type.dims];
    const rank = rest.length + axes.length;
    return this.reshape(input, Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!)));
  }

  opaque(
    op: string,
    inputs: readonly Tensor[],
    options: { attributes?: Record<string, unknown>; part?: number; dtype: DType; dims: readonly Dim[] },
  ): Tensor {
    const { attributes = {}, part = 0, dtype, dims } = options;
    return this.emit({ kind: 'opaque', op, inputs, attributes, part, type: tensor(dtype, dims) });
  }

  /** The run-time size of one axis as a scalar i64, constant where it is known. */
  sizeOf(input: Tensor, axis: number): Tensor {
    const dim = input.type.dims[axis]!;
    if (typeof dim === 'number') return this.scalar('i64', dim);
    const shape = this.emit({ kind: 'shape_of', input });
    return this.take(shape, this.scalar('i64', axis), 0);
  }
}

/** What is emitted is well formed by itself. */
const CHECKED: Verifier = {
  fail: (node, _, problem) => { throw new ModelError('invalid', `${node.kind}: ${problem}`); },
  expr: () => undefined,
};

export function isConstant(node: Tensor): boolean {
  return node.kind === 'weight' || (node.kind === 'fill' && node.type.dims.every((dim) => typeof dim === 'number'));
}

function isInlined(input: Tensor, rank: number): boolean {
  return input.kind === 'fill' && input.type.dims.length <= rank && input.type.dims.every((dim) => dim === 1);
}

/** ONNX Cast of an element: to bool it asks whether it is zero. */
function castTo(arg: Expr, to: DType): Expr {
  if (dtypeOf(arg) === 'bool' && to === 'utf8') return choose(arg, literal('1', 'utf8'), literal('0', 'utf8'));
  return cast(arg, to);
}

function same(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

function bytesOf(node: Tensor): number {
  return sizeOf(node.type.dims) * dtypeInfo(node.type.dtype).widthBytes;
}

function allEqual(data: TensorElements): boolean {
  const first = data[0];
  return (data as readonly unknown[]).every((element) => Object.is(element, first));
}

function checkDims(dims: readonly Dim[]): void {
  if (dims.length > MAX_RANK)
    throw new ModelError('limit', `a tensor of rank ${dims.length}; at most ${MAX_RANK} is read`);
  const total = dims.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  if (!dims.every((dim) => typeof dim === 'string' || (Number.isInteger(dim) && dim >= 0)))
    throw new ModelError('invalid', `a tensor of shape [${dims.join(', ')}]`);
  if (total > MAX_ELEMENTS)
    throw new ModelError(
      'limit',
      `a tensor of shape [${dims.join(', ')}] has ${total} elements; at most ${MAX_ELEMENTS} are held`,
    );
}

