/**
 * The tensor nodes: what models are made of. They are part of the one union of `node.ts`, which gives their names on;
 * import them from there.
 */
import type { Expr, LiteralValue, Tensor } from './node.js';
import type { Dim, TensorType } from './type.js';

/** An input of a model that stands alone; `apply` has a `to_tensor` in its place (bridge.ts). */
export interface Input { readonly kind: 'input'; readonly name: string; readonly type: TensorType }
/**
 * Constant data by content. `hash` is the BLAKE3-256 hex of the little-endian bytes (utf8: JSON array of strings);
 * the data is found through the graph's `TensorData` (tensor-data.ts): in memory, or blocks on pages.
 */
export interface Weight { readonly kind: 'weight'; readonly hash: string; readonly type: TensorType }
/** One value in every element, so that small constants stay readable and fold. */
export interface Fill { readonly kind: 'fill'; readonly value: LiteralValue; readonly type: TensorType }
/**
 * out = body(inputs...), element by element with ONNX (NumPy) broadcasting. `ref i` in the body is an element of
 * inputs[i].
 */
export interface TensorMap {
  readonly kind: 'map';
  readonly body: Expr;
  readonly inputs: readonly Tensor[];
  readonly type: TensorType;
}

export type ReduceOp = 'sum' | 'mean' | 'max' | 'min' | 'prod' | 'argmax' | 'argmin' | 'any' | 'all';
export interface Reduce {
  readonly kind: 'reduce';
  readonly op: ReduceOp;
  readonly input: Tensor;
  /** Sorted, not negative. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
  /** argmax and argmin: which of equal values. */
  readonly last: boolean;
  readonly type: TensorType;
}

/** NumPy matmul: batched over leading dims, which broadcast. */
export interface MatMul {
  readonly kind: 'matmul';
  readonly left: Tensor;
  readonly right: Tensor;
  readonly type: TensorType;
}

/**
 * The fused form that passes make: activation(input x weight + bias), input [n, k], weight [k, m], bias [m].
 * `activation` is a body over `ref 0`; undefined is the identity.
 */
export interface Dense {
  readonly kind: 'dense';
  readonly input: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly activation: Expr | undefined;
  /** How it will run; undefined until placement. */
  readonly representation: Representation | undefined;
  readonly type: TensorType;
}

export type Representation = 'kernel' | 'relational' | 'native';
/** At most one dim of `dims` is not known from the input's size; a symbol stands for it. */
export interface Reshape {
  readonly kind: 'reshape';
  readonly input: Tensor;
  readonly dims: readonly Dim[];
  readonly type: TensorType;
}

export interface Transpose {
  readonly kind: 'transpose';
  readonly input: Tensor;
  readonly permutation: readonly number[];
  readonly type: TensorType;
}

/** Broadcast to `dims` (NumPy rules). */
export interface Expand {
  readonly kind: 'expand';
  readonly input: Tensor;
  readonly dims: readonly Dim[];
  readonly type: TensorType;
}

export interface Concat {
  readonly kind: 'concat';
  readonly inputs: readonly Tensor[];
  readonly axis: number;
  readonly type: TensorType;
}

/**
 * One range an axis: elements start, start+step, ... (count of them); a whole axis is `undefined`. Steps may be
 * negative.
 */
export interface Slice {
  readonly kind: 'slice';
  readonly input: Tensor;
  readonly ranges: readonly ({ readonly start: number; readonly step: number; readonly count: number } | undefined)[];
  readonly type: TensorType;
}

export interface Pad {
  readonly kind: 'pad';
  readonly input: Tensor;
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly mode: 'constant' | 'edge' | 'reflect' | 'wrap';
  readonly value: LiteralValue;
  readonly type: TensorType;
}

/**
 * `take`: numpy.take along axis. `elements`: numpy.take_along_axis. `nd`: GatherND with `batchDims`. Negative indices
 * count from the end.
 */
export interface Gather {
  readonly kind: 'gather';
  readonly mode: 'take' | 'elements' | 'nd';
  readonly input: Tensor;
  readonly indices: Tensor;
  readonly axis: number;
  readonly batchDims: number;
  readonly type: TensorType;
}

/** A copy of input with updates written (or combined) at indices: ScatterElements (`elements`) or ScatterND (`nd`). */
export interface Scatter {
  readonly kind: 'scatter';
  readonly mode: 'elements' | 'nd';
  readonly input: Tensor;
  readonly indices: Tensor;
  readonly updates: Tensor;
  readonly axis: number;
  readonly combine: 'replace' | 'add' | 'mul' | 'max' | 'min';
  readonly type: TensorType;
}

/**
 * The k first of axis in order; `part` says which of the two results this node is. Equal values: the lower index first.
 */
export interface TopK {
  readonly kind: 'topk';
  readonly input: Tensor;
  readonly k: number;
  readonly axis: number;
  readonly largest: boolean;
  readonly part: 'values' | 'indices';
  readonly type: TensorType;
}

/** Running sum or product along an axis. */
export interface Cumulative {
  readonly kind: 'cumulative';
  readonly op: 'sum' | 'prod';
  readonly input: Tensor;
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
  readonly type: TensorType;
}

/**
 * Convolution over n spatial dims: input [n, c, ...], weight [m, c/groups, ...]; `transposed` is ONNX ConvTranspose.
 */
export interface Conv {
  readonly kind: 'conv';
  readonly input: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly groups: number;
  readonly transposed: boolean;
  readonly type: TensorType;
}

export interface Pool {
  readonly kind: 'pool';
  readonly op: 'max' | 'mean' | 'lp' | 'argmax';
  readonly input: Tensor;
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** mean: whether padding counts. */
  readonly countPadding: boolean;
  /** lp: the order of the norm. */
  readonly order: number;
  readonly type: TensorType;
}

/**
 * Trees over features [n, k] giving [n, targets] of the features' float dtype (or f32 for integer features). Structure
 * is constant tensors, one entry a node, all trees one after the other: `feature` i32, `threshold` f32|f64, `mode` u8
 * (index into TREE_MODES; LEAF = 6), `yes` / `no` i32 node numbers, `missingYes` u8 (NaN goes to yes), `roots` i32
 * [trees]. A leaf's `yes` is its first row of `leafTarget` i32 / `leafWeight` f32|f64 and `no` the row past its last.
 * result[t] = base[t] + combine over trees of the weights of the leaves reached.
 */
export interface TreeEnsemble {
  readonly kind: 'tree_ensemble';
  readonly input: Tensor;
  readonly roots: Tensor; readonly feature: Tensor; readonly threshold: Tensor; readonly mode: Tensor;
  readonly yes: Tensor; readonly no: Tensor; readonly missingYes: Tensor;
  readonly leafTarget: Tensor; readonly leafWeight: Tensor;
  readonly base: Tensor | undefined;
  readonly targets: number;
  readonly combine: 'sum' | 'mean' | 'min' | 'max';
  readonly type: TensorType;
}

export const TREE_MODES = ['<=', '<', '>=', '>', '==', '!=', 'leaf', 'in'] as const;
/**
 * Element by element: the value at the key that equals the element, else `otherwise`. keys [m], values [m]. NaN equals
 * NaN.
 */
export interface Lookup {
  readonly kind: 'lookup';
  readonly input: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly otherwise: LiteralValue;
  readonly type: TensorType;
}

/** The run-time shape as i64 [rank]: only where dims are symbolic; the importer folds the rest. */
export interface ShapeOf { readonly kind: 'shape_of'; readonly input: Tensor; readonly type: TensorType }
/**
 * An operator that cannot be composed of the others and that only the oracle runs so far: `op` is a row of
 * `ir/opaque.ts`, `part` its output, `attributes` plain JSON.
 */
export interface Opaque {
  readonly kind: 'opaque';
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: { readonly [name: string]: unknown };
  readonly part: number;
  readonly type: TensorType;
}
