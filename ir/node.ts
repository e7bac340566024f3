/**
 * The nodes of the IR: one discriminated union for SQL and models.
 *
 * Nodes are immutable and hash-consed by `build.ts` (the only place that makes one): equal structure is the same
 * object, so "changed?" is `!==` and a graph is a DAG. Fields hold nodes (directly, in arrays or in plain objects)
 * or plain data; `children` and `withChildren` (rewrite.ts) find the nodes in field order and are the only traversal.
 *
 * Expressions name their inputs by position, not by edge: `ref 3` in a filter is column 3 of its input; in a join,
 * of left then right columns; in the body of a tensor `map`, of input tensor 3.
 */
import type { DType } from './dtype.js';
import type { ScalarOp } from './scalar.js';
import type {
  Input, Weight, Fill, TensorMap, Reduce, MatMul, Dense, Reshape, Transpose, Expand, Concat, Slice, Pad, Gather,
  Scatter, TopK, Cumulative, Conv, Pool, TreeEnsemble, Lookup, ShapeOf, Opaque,
} from './tensor-node.js';
import type { RelationType, ScalarType, TensorType, ValueType } from './type.js';

export type {
  Input, Weight, Fill, TensorMap, ReduceOp, Reduce, MatMul, Dense, Representation, Reshape, Transpose, Expand,
  Concat, Slice, Pad, Gather, Scatter, TopK, Cumulative, Conv, Pool, TreeEnsemble, Lookup, ShapeOf, Opaque,
} from './tensor-node.js';
export { TREE_MODES } from './tensor-node.js';

// ---------------------------------------------------------------- expressions

/**
 * The value of a literal: a 64-bit integer, decimal (unscaled), time or timestamp is a bigint; a date its day number.
 */
export type LiteralValue = number | bigint | string | boolean | null | Uint8Array | IntervalValue;

export interface IntervalValue {
  readonly months: number;
  readonly days: number;
  readonly microseconds: bigint;
}

export interface Ref { readonly kind: 'ref'; readonly index: number; readonly type: ValueType }
export interface Literal { readonly kind: 'literal'; readonly value: LiteralValue; readonly type: ScalarType }
/** A prepared statement's parameter; `index` counts from 0. */
export interface Param { readonly kind: 'param'; readonly index: number; readonly type: ScalarType }
export interface Call {
  readonly kind: 'call';
  readonly op: ScalarOp;
  readonly args: readonly Expr[];
  readonly type: ValueType;
}

/** `attempt`: TRY_CAST, NULL where the value cannot be cast. */
export interface Cast {
  readonly kind: 'cast';
  readonly arg: Expr;
  readonly to: DType;
  readonly attempt: boolean;
  readonly type: ScalarType;
}

export interface Case {
  readonly kind: 'case';
  readonly branches: readonly { readonly when: Expr; readonly then: Expr }[];
  readonly otherwise: Expr;
  readonly type: ValueType;
}

/**
 * STRUCT or MAP built from its parts, in the order of the fields or keys of `type`; or an array of its elements, which
 * are NULL together where `type` is nullable and never NULL elsewhere.
 */
export interface Pack { readonly kind: 'pack'; readonly parts: readonly Expr[]; readonly type: ValueType }
/** Part `index` of a struct or map, or element `index` (from 0) of a tensor column. */
export interface Part { readonly kind: 'part'; readonly arg: Expr; readonly index: number; readonly type: ValueType }
/**
 * A subquery inside an expression. `scalar`: its one value (NULL when empty, an error when more than one row).
 * `exists`: bool. `in`: whether `arg` equals a value of the only column, with SQL's NULL rules.
 * References of the subquery to the outer row are `outer` nodes; a pass turns correlated ones into joins.
 */
export interface Subquery {
  readonly kind: 'subquery';
  readonly mode: 'scalar' | 'exists' | 'in';
  readonly arg: Expr | undefined;
  readonly relation: Relation;
  readonly type: ScalarType;
}

/** Column `index` of the row `depth` queries out (1 is the enclosing query). */
export interface Outer {
  readonly kind: 'outer';
  readonly depth: number;
  readonly index: number;
  readonly type: ValueType;
}

export type Expr = Ref | Literal | Param | Call | Cast | Case | Pack | Part | Subquery | Outer;

// ---------------------------------------------------------------- relations

export const AGGREGATE_OPS = [
  'count_star', 'count', 'sum', 'avg', 'min', 'max', 'first', 'any_value',
  'bool_and',
  'bool_or',
  'stddev_samp',
  'stddev_pop',
  'var_samp',
  'var_pop',
  'covar_samp', 'covar_pop', 'corr',
  'string_agg',
  'median',
  'arg_min',
  'arg_max',
  'bit_and', 'bit_or', 'bit_xor', 'product',
] as const;
export type AggregateOp = (typeof AGGREGATE_OPS)[number];

/**
 * Those whose answer depends on the order of rows: sorts below them stay, one worker takes the rows in order, and a
 * window's frame is taken in from its first row on.
 */
export const ORDERED_AGGREGATES: ReadonlySet<AggregateOp> = new Set<AggregateOp>([
  'first', 'any_value', 'string_agg', 'arg_min', 'arg_max',
]);

export interface AggregateCall {
  readonly op: AggregateOp;
  readonly args: readonly Expr[];
  readonly distinct: boolean;
  readonly filter: Expr | undefined;
  readonly name: string;
  readonly type: ScalarType;
}

export const WINDOW_ONLY_OPS = [
  'row_number',
  'rank',
  'dense_rank',
  'percent_rank',
  'cume_dist',
  'ntile',
  'lag',
  'lead',
  'first_value',
  'last_value',
  'nth_value',
] as const;
export type WindowOp = AggregateOp | (typeof WINDOW_ONLY_OPS)[number];

export interface FrameBound {
  readonly kind: 'unbounded' | 'current' | 'offset';
  /** Rows (or peers) relative to the current one: negative is preceding. */
  readonly offset: number;
}

export interface WindowCall {
  readonly op: WindowOp;
  readonly args: readonly Expr[];
  readonly partition: readonly Expr[];
  readonly order: readonly SortKey[];
  readonly frame:
    { readonly unit: 'rows' | 'range' | 'groups'; readonly start: FrameBound; readonly end: FrameBound } | undefined;
  readonly name: string;
  readonly type: ScalarType;
}

export interface SortKey {
  readonly expr: Expr;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** `columns` are the positions read, of the table's own columns `schema`; the output has them in that order. */
export interface Scan {
  readonly kind: 'scan';
  readonly table: string;
  readonly schema: RelationType;
  readonly columns: readonly number[];
  readonly type: RelationType;
}

/** Rows of literals, params and expressions of them. */
export interface Values {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expr[])[];
  readonly type: RelationType;
}

export interface Filter {
  readonly kind: 'filter';
  readonly input: Relation;
  readonly predicate: Expr;
  readonly type: RelationType;
}

export interface Project {
  readonly kind: 'project';
  readonly input: Relation;
  readonly exprs: readonly Expr[];
  readonly names: readonly string[];
  readonly type: RelationType;
}

export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'cross';
/** Output: left then right columns (only left's for semi and anti). Outer kinds make the other side nullable. */
export interface Join {
  readonly kind: 'join';
  readonly join: JoinKind;
  readonly left: Relation;
  readonly right: Relation;
  readonly on: Expr | undefined;
  readonly type: RelationType;
}

/** Output: the groups, then the aggregates. No groups: exactly one row. */
export interface Aggregate {
  readonly kind: 'aggregate';
  readonly input: Relation;
  readonly groups: readonly { readonly expr: Expr; readonly name: string }[];
  readonly calls: readonly AggregateCall[];
  readonly type: RelationType;
}

/** Output: the input's columns, then one column a call. */
export interface Window {
  readonly kind: 'window';
  readonly input: Relation;
  readonly calls: readonly WindowCall[];
  readonly type: RelationType;
}

/** A stable sort. `limit`: only that many rows are wanted (top-k). */
export interface Sort {
  readonly kind: 'sort';
  readonly input: Relation;
  readonly keys: readonly SortKey[];
  readonly limit: number | undefined;
  readonly type: RelationType;
}

/** `limit` and `offset` are constants or params of i64; undefined: no limit, no offset. */
export interface Limit {
  readonly kind: 'limit';
  readonly input: Relation;
  readonly limit: Expr | undefined;
  readonly offset: Expr | undefined;
  readonly type: RelationType;
}

export interface Distinct { readonly kind: 'distinct'; readonly input: Relation; readonly type: RelationType }
/** Both sides have the same dtypes by position; names are the left's. */
export interface SetOperation {
  readonly kind: 'setop';
  readonly op: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: Relation;
  readonly right: Relation;
  readonly type: RelationType;
}

/** Rows `start .. stop` by `step`, as `generate_series`/`range` make them; bounds are constants or params of i64. */
export interface Series {
  readonly kind: 'series';
  readonly start: Expr; readonly stop: Expr; readonly step: Expr;
  readonly inclusive: boolean;
  readonly type: RelationType;
}

// ---------------------------------------------------------------- bridge

/**
 * A model applied to every row: the input's columns, then one column an output.
 * The tensors' leaves that depend on the row are `to_tensor` nodes, whose expressions refer to the input's columns;
 * their leading dim is the symbol `n`. Output column j is `outputs[j].tensor`, of shape [n] or [n, 1] (a scalar
 * column), or [n, k...] (a tensor column of k... values). Values of row i depend on row i alone.
 * A row one of whose `to_tensor` expressions with `nulls: 'null'` is NULL gives NULL in every output that depends on
 * it.
 */
export interface Apply {
  readonly kind: 'apply';
  readonly input: Relation;
  /** The model and version, for explain and for artifacts: `fraud@3`. */
  readonly model: string;
  readonly outputs: readonly { readonly name: string; readonly tensor: Tensor }[];
  readonly type: RelationType;
}

/**
 * Dense layers in the relational representation: `feature`, a tensor column [k] of the input, goes through the layers
 * one after the other, each a join of the rows with the blocks of its weight and a sum over the shared dimension, block
 * by block. Output: the input's columns, then the last layer's result as tensor column [m] (a scalar column when m is
 * 1). A NULL feature gives NULL.
 */
export interface Blocked {
  readonly kind: 'blocked';
  readonly input: Relation;
  readonly model: string;
  readonly feature: number;
  readonly name: string;
  readonly layers: readonly {
    readonly weight: Tensor;
    readonly bias: Tensor | undefined;
    readonly activation: Expr | undefined;
  }[];
  readonly type: RelationType;
}

export type Relation =
  | Scan
  | Values
  | Filter
  | Project
  | Join
  | Aggregate
  | Window
  | Sort
  | Limit
  | Distinct
  | SetOperation
  | Series
  | Apply
  | Blocked;

/**
 * Columns of the row become a tensor [n, k]: k = sum of the widths of `exprs` (a scalar is 1, a tensor column its
 * size). All are of `dtype`. `nulls`: what a NULL becomes: `nan`, or NULL for the whole result (see Apply).
 */
export interface ToTensor {
  readonly kind: 'to_tensor';
  readonly exprs: readonly Expr[];
  readonly dtype: DType;
  readonly nulls: 'nan' | 'null';
  readonly type: TensorType;
}

// ---------------------------------------------------------------- the unions

export type Tensor =
  | ToTensor
  | Input
  | Weight
  | Fill
  | TensorMap
  | Reduce
  | MatMul
  | Dense
  | Reshape
  | Transpose
  | Expand
  | Concat
  | Slice
  | Pad
  | Gather | Scatter | TopK | Cumulative | Conv | Pool | TreeEnsemble | Lookup | ShapeOf | Opaque;

export type Node = Expr | Relation | Tensor;
export type NodeKind = Node['kind'];
export type NodeOf<K extends NodeKind> = Extract<Node, { kind: K }>;

/** A model by itself: named inputs and outputs over one tensor graph. */
export interface ModelGraph {
  readonly name: string;
  readonly inputs: readonly Input[];
  readonly outputs: readonly {
    readonly name: string;
    readonly tensor: Tensor;
    readonly map: { readonly keyDType: 'utf8' | 'i64'; readonly keys: readonly string[] } | undefined;
  }[];
}
