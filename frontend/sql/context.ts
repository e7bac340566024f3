/**
 * What the binder carries along. `Env`: the world around a query. `ExprContext`: the row an expression is bound over,
 * and what may stand in it.
 */
import type { Expr, Relation } from '../../ir/node.js';
import type { Span } from '../diagnostics.js';
import type { WindowSpec } from './ast.js';
import type { CatalogView } from './catalog-view.js';
import type { RowScope } from './scope.js';
import type { Markers } from './stage.js';

/** A table of WITH, bound. */
export interface CommonRelation {
  readonly relation: Relation;
  readonly names: readonly string[];
}

export interface Env {
  readonly catalog: CatalogView;
  /** The source text, for names of columns that have none. */
  readonly source: string;
  /** WITH tables in reach, by lower-case name. */
  readonly tables: ReadonlyMap<string, CommonRelation>;
  /** Rows of the enclosing queries, the nearest first. */
  readonly outer: readonly RowScope[];
  /** Beside each of `outer`: where its aggregates go, when they may stand where the subquery does. */
  readonly outerSelects: readonly (SelectParts | undefined)[];
  /** Views being expanded, against a view that holds itself. */
  readonly views: readonly string[];
  /** Views bound so far in this statement, by lower-case name. */
  readonly boundViews: Map<string, CommonRelation>;
}

/** What only expressions of a SELECT can hold. */
export interface SelectParts {
  readonly markers: Markers;
  readonly windows: ReadonlyMap<string, WindowSpec>;
  /** The expression of a select item's alias. */
  readonly alias: (name: string) => Expr | undefined;
}

export interface ExprContext {
  readonly env: Env;
  readonly row: RowScope;
  readonly select: SelectParts | undefined;
  /** `undefined`: they may stand here; else where we are, for the error: "in WHERE". */
  readonly noAggregates: string | undefined;
  readonly noWindows: string | undefined;
}

/** For expressions over a row outside of a SELECT: join conditions, VALUES, assignments. */
export function plainContext(env: Env, row: RowScope, where: string): ExprContext {
  return { env, row, select: undefined, noAggregates: where, noWindows: where };
}

/** One query further in. */
export function inner(cx: ExprContext): Env {
  const select = cx.noAggregates === undefined ? cx.select : undefined;
  return { ...cx.env, outer: [cx.row, ...cx.env.outer], outerSelects: [select, ...cx.env.outerSelects] };
}

/**
 * A number for where a text stands: in that of the statement, or of a view in it, whose places come after those around
 * it.
 */
export function placeNumber({ span }: { readonly span: Span }, env: Env): bigint {
  return BigInt(env.views.length) * LONGEST_SOURCE + BigInt(span.start);
}

/** More characters than a text has. */
const LONGEST_SOURCE = 2n ** 32n;
