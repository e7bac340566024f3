/**
 * Physical pipelines: what lowering makes of relational nodes and what `backends/wasm/pipeline` turns into functions.
 *
 * A pipeline is a source, operators that pass rows on, and a sink. Expressions of an operator refer by position to the
 * columns of the row that reaches it.
 */
import type {
  AggregateCall,
  Apply,
  Blocked,
  Expr,
  JoinKind,
  Scan,
  Series,
  SortKey,
  WindowCall,
} from '../../ir/node.js';
import type { RelationType, ValueType } from '../../ir/type.js';
import type { RowBuffer } from '../../runtime/plan.js';
import type { TupleLayout } from './layout.js';

/** Rows kept in tuples; `types` are the columns', in order, from the tuple's first field on. */
export interface TupleBuffer {
  readonly buffer: RowBuffer;
  readonly layout: TupleLayout;
  readonly types: readonly ValueType[];
}

export interface JoinBuild {
  readonly rows: TupleBuffer;
  /** Over the build side's columns; where each is found among the tuple's fields. */
  readonly keys: readonly { readonly expr: Expr; readonly field: number; readonly nullSafe: boolean }[];
  /** Columns the build side had before computed keys were put behind them. */
  readonly columnCount: number;
  /** Theirs, for explain. */
  readonly names: readonly string[];
  /** Whether rows with NULL keys are kept: they match nothing but a full join gives them. */
  readonly keepsUnmatched: boolean;
}

export interface AggregateState {
  readonly groups: readonly Expr[];
  readonly calls: readonly AggregateCall[];
  readonly rows: TupleBuffer;
  /** First field of each call's state. */
  readonly stateFields: readonly number[];
  /** Local: +0 buckets address +4 bucket mask +8 group count. */
  readonly tableOffset: number;
  /** Sets of distinct arguments, one a distinct call, each with a table of its own in local. */
  readonly distinct: readonly (DistinctSet | undefined)[];
}

export interface DistinctSet {
  readonly rows: TupleBuffer;
  readonly tableOffset: number;
}

export interface SortState {
  readonly rows: TupleBuffer;
  readonly keys: readonly { readonly key: SortKey; readonly field: number }[];
  /** Columns of the row before computed keys were put behind them. */
  readonly columnCount: number;
  readonly limit: number | undefined;
  /** Top-k: each worker keeps only its best `limit` rows. */
  readonly best: BestRows | undefined;
}

export interface BestRows {
  /** Local: +0 rows kept +8 rows seen (i64) +16 their tuples as a heap, the last in order at the root. */
  readonly heap: number;
  /** Local: a tuple for the row at hand. */
  readonly spare: number;
  /** Field of the row's number, which decides between equal rows. */
  readonly sequence: number;
}

export interface PlacedWindowCall {
  readonly call: WindowCall;
  /** Fields of the arguments and of the result. */
  readonly args: readonly number[];
  readonly result: number;
  /** Local: the first row of the partition that a growing frame does not hold yet. */
  readonly done: number;
}

/** Tuples are the input's columns, the results, then `computed`: keys and arguments. */
export interface WindowState {
  readonly sort: SortState;
  readonly inputCount: number;
  readonly computed: readonly Expr[];
  /** How many of the sort's keys say the partition. */
  readonly partitionCount: number;
  readonly calls: readonly PlacedWindowCall[];
  /** States of the calls that are aggregates, one tuple at `statePlace` in local. */
  readonly aggregate: AggregateState;
  readonly statePlace: number;
}

export type PhysicalSource =
  | { readonly kind: 'scan'; readonly node: Scan }
  | { readonly kind: 'buffer'; readonly rows: TupleBuffer }
  | { readonly kind: 'unmatched'; readonly build: JoinBuild }
  | { readonly kind: 'groups'; readonly state: AggregateState }
  | { readonly kind: 'sorted'; readonly state: SortState }
  /** Literal rows in the module's data. */
  | { readonly kind: 'values'; readonly rows: readonly (readonly Expr[])[]; readonly type: RelationType }
  | { readonly kind: 'series'; readonly node: Series }
  /** One row without columns. */
  | { readonly kind: 'once' };

export type Operator =
  | { readonly kind: 'filter'; readonly predicate: Expr }
  /** `names`: for explain, where the projection is the query's. */
  | { readonly kind: 'project'; readonly exprs: readonly Expr[]; readonly names?: readonly string[] }
  | {
      readonly kind: 'probe';
      readonly join: Exclude<JoinKind, 'right' | 'cross'>;
      readonly build: JoinBuild;
      /** Columns of the probe side. */
      readonly leftWidth: number;
      /** Over the probe side's columns, in the order of the build's keys. */
      readonly keys: readonly Expr[];
      /** Over both sides' columns. */
      readonly residual: Expr | undefined;
    }
  | { readonly kind: 'apply'; readonly node: Apply }
  /** `place`: local, i64 rows seen; this operator makes its pipeline serial. */
  | {
      readonly kind: 'limit';
      readonly limit: Expr | undefined;
      readonly offset: Expr | undefined;
      readonly place: number;
    }
  /** The row as often as `count` says. */
  | { readonly kind: 'repeat'; readonly count: Expr }
  /** The row, then a column of NULLs for each type: the other side of a full join. */
  | { readonly kind: 'pad_left'; readonly types: readonly ValueType[] };

export type Sink =
  | { readonly kind: 'result'; readonly type: RelationType }
  | { readonly kind: 'buffer'; readonly rows: TupleBuffer }
  | { readonly kind: 'build'; readonly build: JoinBuild }
  | { readonly kind: 'aggregate'; readonly state: AggregateState }
  | { readonly kind: 'sort'; readonly state: SortState }
  | { readonly kind: 'window'; readonly state: WindowState }
  /** Rows with room for the result of layers that run over all of them when they are there. */
  | {
      readonly kind: 'blocked';
      readonly rows: TupleBuffer;
      readonly node: Blocked;
      readonly featureField: number;
      readonly resultField: number;
    }
  /** The row's column `value` becomes an inner parameter; column `count` says how many rows there were. */
  | { readonly kind: 'slot'; readonly mode: 'scalar' | 'exists'; readonly parameter: number };

export interface PhysicalPipeline {
  readonly name: string;
  readonly source: PhysicalSource;
  /** Of the source's columns, for explain; empty where they are the plan's own. */
  readonly names: readonly string[];
  readonly operators: readonly Operator[];
  readonly sink: Sink;
  readonly parallel: boolean;
}
