/** Calls: scalar functions by the table, aggregates and windows as markers, predict. */
import {
  AGGREGATE_OPS,
  WINDOW_ONLY_OPS,
  type AggregateCall,
  type AggregateOp,
  type Expr,
  type FrameBound,
  type SortKey,
  type WindowCall,
  type WindowOp,
} from '../../ir/node.js';
import { make } from '../../ir/build.js';
import { somewhereBelow } from '../../ir/node-facts.js';
import { rewriteBottomUp } from '../../ir/rewrite.js';
import { scalar } from '../../ir/type.js';
import { CompileError, nearestName, type Span } from '../diagnostics.js';
import type { AstFrameBound, FunctionCall, Name, OrderItem, WindowFrame, WindowSpec } from './ast.js';
import { bindExpr } from './bind-expression.js';
import { bindPredict } from './bind-predict.js';
import { asCondition } from './coerce.js';
import { placeNumber, type ExprContext, type SelectParts } from './context.js';
import { aggregateNames, aggregateOf, type BoundAggregate } from './functions/aggregates.js';
import { fitted } from './functions/function.js';
import { functionNames, functionOf } from './functions/table.js';
import { castTo, choose, coerceTo, dtypeOf, i64, nullOf, ref, typeName } from './make-expr.js';

const WINDOW_ONLY: ReadonlySet<string> = new Set<string>(WINDOW_ONLY_OPS);

export function bindCall(ast: FunctionCall, cx: ExprContext): Expr {
  const name = ast.name.text.toLowerCase();
  if (name === 'predict') return bindPredict(ast, cx);
  if (ast.ignoreNulls) throw new CompileError('IGNORE NULLS is not supported yet', { span: ast.span });
  if (ast.over !== undefined) return bindWindow(ast, name, cx);
  if (aggregateOf(name) !== undefined) return bindAggregateCall(ast, cx);
  if (WINDOW_ONLY.has(name))
    throw new CompileError(`${name} is a window function: expected OVER (...) after it`, { span: ast.span });
  return bindFunction(ast, cx);
}

function bindFunction(ast: FunctionCall, cx: ExprContext): Expr {
  const entry = functionOf(ast.name.text);
  if (entry === undefined) {
    const names = [...functionNames(), ...aggregateNames(), ...WINDOW_ONLY, 'predict'];
    throw new CompileError(`function "${ast.name.text}" does not exist`, {
      span: ast.name.span,
      suggestion: nearestName(ast.name.text, names),
    });
  }
  if (ast.distinct || ast.filter !== undefined || ast.order.length > 0) {
    throw new CompileError(`DISTINCT, FILTER and ORDER BY belong to aggregates; ${ast.name.text} is none`, {
      span: ast.span,
    });
  }
  const args = positional(ast).map((arg) => bindExpr(arg, cx));
  for (const overload of entry.overloads) {
    const bound = overload(args, placeNumber(ast, cx.env));
    if (bound !== undefined) return bound;
  }
  throw badArguments(ast, args, entry.signature);
}

function positional(ast: FunctionCall): readonly FunctionCall['args'][number]['value'][] {
  const named = ast.args.find((arg) => arg.name !== undefined);
  if (named !== undefined)
    throw new CompileError(`${ast.name.text} takes no argument by name`, { span: named.name!.span });
  return ast.args.map((arg) => arg.value);
}

function badArguments(ast: FunctionCall, args: readonly Expr[], signature: string): CompileError {
  return new CompileError(`${ast.name.text}(${args.map(typeName).join(', ')}) does not exist: expected ${signature}`, {
    span: ast.span,
  });
}

function selectOf(ast: FunctionCall, cx: ExprContext, what: 'aggregate' | 'window function'): SelectParts {
  const where = what === 'aggregate' ? cx.noAggregates : cx.noWindows;
  if (cx.select === undefined || where !== undefined) {
    throw new CompileError(`the ${what} ${ast.name.text} cannot stand ${where ?? 'here'}`, { span: ast.span });
  }
  return cx.select;
}

/** Arguments of `count(*)` are none. */
function aggregateArguments(ast: FunctionCall, cx: ExprContext): readonly Expr[] {
  const values = positional(ast);
  if (values.length === 1 && values[0]!.kind === 'star' && ast.name.text.toLowerCase() === 'count') return [];
  return values.map((value) => bindExpr(value, cx));
}

function bindArguments(ast: FunctionCall, cx: ExprContext): BoundAggregate {
  const entry = aggregateOf(ast.name.text)!;
  const args = aggregateArguments(ast, cx);
  const bound = entry.bind(args);
  if (bound === undefined) throw badArguments(ast, args, entry.signature);
  if (ast.distinct && bound.args.length === 0)
    throw new CompileError(`DISTINCT in ${ast.name.text} wants an argument`, { span: ast.span });
  return bound;
}

/** Aggregates that look at a value once however often it is there. */
const DISTINCT_ANYWAY: ReadonlySet<AggregateOp> = new Set<AggregateOp>(['min', 'max', 'arg_min', 'arg_max']);
/** Aggregates whose result depends on the order of their rows. */
const ORDERED: ReadonlySet<AggregateOp> = new Set<AggregateOp>(['string_agg', 'first']);

function bindAggregateCall(ast: FunctionCall, cx: ExprContext): Expr {
  const outside = cx.env.outerSelects[0];
  if (outside === undefined) selectOf(ast, cx, 'aggregate');
  const within: ExprContext = {
    ...cx,
    noAggregates: 'in the argument of an aggregate',
    noWindows: 'in the argument of an aggregate',
  };
  const bound = bindArguments(ast, within);
  if (outside !== undefined && bound.args.some(isOfOuterRow) && !bound.args.some(holdsRef))
    return outerAggregate(ast, bound, outside, cx);
  const { markers } = selectOf(ast, cx, 'aggregate');
  refuseOrder(ast, bound.op);
  const filter = ast.filter === undefined ? undefined : asCondition(bindExpr(ast.filter, within), ast.filter, 'FILTER');
  const type = scalar(bound.dtype, { nullable: bound.never === undefined });
  const distinct = ast.distinct && !DISTINCT_ANYWAY.has(bound.op);
  const call: AggregateCall = { op: bound.op, args: bound.args, distinct, filter, name: callName(ast, cx), type };
  return markers.add({ kind: 'aggregate', call }, type);
}

/** What does not depend on the order of its rows may be given one. */
function refuseOrder(ast: FunctionCall, op: AggregateOp | WindowOp): void {
  if (ast.order.length > 0 && (ORDERED.has(op as AggregateOp) || WINDOW_ONLY.has(op)))
    throw new CompileError(`ORDER BY inside ${ast.name.text} is not supported yet`, { span: ast.order[0]!.span });
}

const isOfOuterRow = somewhereBelow((node) => node.kind === 'outer' && node.depth === 1);
const holdsRef = somewhereBelow((node) =>
  node.kind === 'ref' || node.kind === 'subquery' || (node.kind === 'outer' && node.depth > 1));

/** `(SELECT ... WHERE x > min(t.a))` over columns of the enclosing query alone is an aggregate of that query. */
function outerAggregate(ast: FunctionCall, bound: BoundAggregate, { markers }: SelectParts, cx: ExprContext): Expr {
  if (ast.filter !== undefined)
    throw new CompileError('FILTER on an aggregate of an enclosing query is not supported yet', {
      span: ast.filter.span,
    });
  const type = scalar(bound.dtype, { nullable: bound.never === undefined });
  const call: AggregateCall = {
    op: bound.op,
    args: bound.args.map(inward),
    distinct: ast.distinct && !DISTINCT_ANYWAY.has(bound.op),
    filter: undefined,
    name: callName(ast, cx),
    type,
  };
  const { index } = markers.add({ kind: 'aggregate', call }, type);
  return make({ kind: 'outer', depth: 1, index, type });
}

/** Columns of the enclosing row, as that query itself refers to them. */
function inward(expr: Expr): Expr {
  return rewriteBottomUp(expr, (node) => (node.kind === 'outer' ? ref(node.index, node.type) : undefined));
}

/** A column needs a name that does not depend on how it was spaced: the call as written, on one line. */
function callName(ast: FunctionCall, cx: ExprContext): string {
  return cx.env.source.slice(ast.span.start, ast.span.end).replace(/\s+/g, ' ');
}

// ---------------------------------------------------------------- windows

function bindWindow(ast: FunctionCall, name: string, cx: ExprContext): Expr {
  const { markers, windows } = selectOf(ast, cx, 'window function');
  const within: ExprContext = { ...cx, noWindows: 'in another window function' };
  if (ast.distinct) throw new CompileError('DISTINCT in a window function is not supported yet', { span: ast.span });
  const spec = resolveSpec(ast.over!, windows);
  const { op, args, dtype, nullable } = WINDOW_ONLY.has(name)
    ? windowOnly(ast, name as WindowOp, within)
    : windowedAggregate(ast, within);
  refuseOrder(ast, op);
  const type = scalar(dtype, { nullable });
  const call: WindowCall = {
    op, args, type, name: callName(ast, cx),
    partition: spec.partition.map((expr) => bindExpr(expr, within)),
    order: spec.order.map((item) => sortKey(bindExpr(item.expr, within), item)),
    frame: spec.frame === undefined ? undefined : bindFrame(spec.frame, ast.span, within),
  };
  return markers.add({ kind: 'window', call }, type);
}

/** DuckDB's default: NULLs last, whichever the direction. */
export function sortKey(expr: Expr, item: Pick<OrderItem, 'descending' | 'nulls'>): SortKey {
  return { expr, descending: item.descending, nullsFirst: item.nulls === 'first' };
}

function resolveSpec(over: WindowSpec | Name, windows: ReadonlyMap<string, WindowSpec>): WindowSpec {
  const find = (name: Name): WindowSpec => {
    const found = windows.get(name.text.toLowerCase());
    if (found === undefined)
      throw new CompileError(`window "${name.text}" does not exist`, {
        span: name.span,
        suggestion: nearestName(name.text, windows.keys()),
      });
    return found;
  };
  if ('text' in over) return resolveSpec(find(over), windows);
  if (over.base === undefined) return over;
  const base = resolveSpec(find(over.base), windows);
  return {
    ...over, base: undefined,
    partition: over.partition.length > 0 ? over.partition : base.partition,
    order: over.order.length > 0 ? over.order : base.order,
    frame: over.frame ?? base.frame,
  };
}

interface BoundWindow {
  readonly op: WindowOp;
  readonly args: readonly Expr[];
  readonly dtype: AggregateCall['type']['dtype'];
  readonly nullable: boolean;
}

/** FILTER of a windowed aggregate: its argument is NULL where the condition does not hold. */
function windowedAggregate(ast: FunctionCall, cx: ExprContext): BoundWindow {
  if (aggregateOf(ast.name.text) === undefined) {
    const names = [...aggregateNames(), ...WINDOW_ONLY, ...AGGREGATE_OPS];
    throw new CompileError(`window function "${ast.name.text}" does not exist`, {
      span: ast.name.span,
      suggestion: nearestName(ast.name.text, names),
    });
  }
  const { op, args, dtype, never } = bindArguments(ast, cx);
  const nullable = never === undefined;
  if (ast.filter === undefined) return { op, args, dtype, nullable };
  // A row that is filtered out is not one whose value is NULL.
  if (op === 'first')
    throw new CompileError(`FILTER of ${ast.name.text} in a window function is not supported yet`, {
      span: ast.filter.span,
    });
  const condition = asCondition(bindExpr(ast.filter, cx), ast.filter, 'FILTER');
  if (op === 'count_star') return { op: 'count', args: [choose(condition, i64(1), nullOf('i64'))], dtype, nullable };
  const [first, ...rest] = args as [Expr, ...Expr[]];
  return { op, args: [choose(condition, first, nullOf(dtypeOf(first)!)), ...rest], dtype, nullable };
}

function windowOnly(ast: FunctionCall, op: WindowOp, cx: ExprContext): BoundWindow {
  if (ast.filter !== undefined)
    throw new CompileError(`FILTER belongs to aggregates; ${op} is none`, { span: ast.filter.span });
  const args = positional(ast).map((value) => bindExpr(value, cx));
  const bad = (signature: string): CompileError => badArguments(ast, args, signature);
  switch (op) {
    case 'row_number': case 'rank': case 'dense_rank':
      if (args.length > 0) throw bad(`${op}()`);
      return { op, args, dtype: 'i64', nullable: false };
    case 'percent_rank': case 'cume_dist':
      if (args.length > 0) throw bad(`${op}()`);
      return { op, args, dtype: 'f64', nullable: false };
    case 'ntile': {
      const count = args.length === 1 ? fitted(args[0]!, 'i64') : undefined;
      if (count === undefined) throw bad('ntile(n)');
      return { op, args: [count], dtype: 'i64', nullable: true };
    }
    default: return valueWindow(ast, op, args);
  }
}

/** lag, lead, first_value, last_value, nth_value: the type is that of their first argument. */
function valueWindow(ast: FunctionCall, op: WindowOp, args: readonly Expr[]): BoundWindow {
  const signature =
    { lag: 'lag(x [, offset [, default]])', lead: 'lead(x [, offset [, default]])', nth_value: 'nth_value(x, n)' }[
      op as string
    ] ?? `${op}(x)`;
  const most = op === 'lag' || op === 'lead' ? 3 : op === 'nth_value' ? 2 : 1;
  const [value, count, otherwise] = args;
  const dtype = value === undefined ? undefined : dtypeOf(value);
  if (value === undefined || dtype === undefined || args.length > most || (op === 'nth_value' && args.length < 2))
    throw badArguments(ast, args, signature);
  const bound = [value];
  if (count !== undefined) bound.push(fitted(count, 'i64') ?? castTo(count, 'i64', { span: ast.span }));
  if (otherwise !== undefined) bound.push(coerceTo(otherwise, dtype, ast.span));
  return { op, args: bound, dtype, nullable: true };
}

/** From the first row of the partition to its last. */
const BOUNDS = ['unbounded-preceding', 'preceding', 'current', 'following', 'unbounded-following'] as const;

function bindFrame(frame: WindowFrame, span: Span, cx: ExprContext): WindowCall['frame'] {
  if (frame.exclude !== undefined)
    throw new CompileError('EXCLUDE in a window frame is not supported yet', { span: frame.exclude });
  const { unit } = frame;
  const [start, end] = [BOUNDS.indexOf(frame.start.kind), BOUNDS.indexOf(frame.end.kind)];
  if (start > end || start === BOUNDS.length - 1 || end === 0)
    throw new CompileError('a window frame must not end before it starts', { span });
  return { unit, start: bindBound(frame.start, unit, cx), end: bindBound(frame.end, unit, cx) };
}

/** More rows than a partition has; engines add it to a row's number in 32 bits. */
const FAR_ROWS = 2 ** 30;

function bindBound(bound: AstFrameBound, unit: WindowFrame['unit'], cx: ExprContext): FrameBound {
  switch (bound.kind) {
    case 'unbounded-preceding': return { kind: 'unbounded', offset: -1 };
    case 'unbounded-following': return { kind: 'unbounded', offset: 1 };
    case 'current': return { kind: 'current', offset: 0 };
    case 'preceding':
    case 'following': {
      const offset = fitted(bindExpr(bound.offset!, cx), 'f64');
      const number = offset?.kind === 'literal' ? Number(offset.value ?? NaN) : NaN;
      if (!(number >= 0))
        throw new CompileError('the offset of a window frame must be a constant number that is not negative', {
          span: bound.offset!.span,
        });
      // Rows and groups are counted; RANGE is a distance between keys.
      const distance = unit === 'range' ? number : Math.min(Math.round(number), FAR_ROWS);
      return { kind: 'offset', offset: bound.kind === 'preceding' ? -distance : distance };
    }
  }
}
