/**
 * unnest-subqueries: subqueries inside expressions become joins, evaluated for all rows at once.
 *
 * Why correct, by place:
 * - a conjunct EXISTS or IN of a filter is a semi join, NOT EXISTS an anti join: a filter drops false and NULL alike;
 * - NOT IN is an anti join on `(x = y) IS NOT FALSE`, for a NULL on either side leaves it not true; where neither can
 *   be NULL, on x = y; where the list is uncorrelated, an anti join on x = y with the two NULL cases asked once of the
 *   list;
 * - anywhere else, and for scalar subqueries, a left join that adds a column (join-subqueries.ts).
 * Uncorrelated scalar subqueries stay: they are evaluated once, into a parameter.
 * Not unnested: limits known only when the statement runs, conditions of outer joins.
 * Before: filter (exists (filter (eq outer 0 ref 1) u)) t
 * After: join semi (eq ref 0 ref 3) t u
 * Numerics: exact.
 */
import { make } from '../ir/build.js';
import type { Apply, Expr, Filter, Node, Relation, Subquery, Window } from '../ir/node.js';
import { children, postorder, rewriteBottomUp, withChildren } from '../ir/rewrite.js';
import { conjuncts } from '../ir/terms.js';
import { readsAround } from './bind-domain.js';
import {
  asCondition,
  countOf,
  inPlace,
  isJoinable,
  isZero,
  joinSubquery,
  withoutOrder,
  withoutSort,
} from './join-subqueries.js';
import { exprsOf, filtered, firstColumns, isRelation, projected, rebuild } from './operator.js';
import type { Pass, PassContext } from './pass.js';
import { pullCorrelation } from './pull-correlation.js';
import { hasSubquery, isVolatile, oncePerNode } from '../ir/node-facts.js';
import { columnRef, conjoin, shiftRefs, TRUE } from './reference.js';
import { call, isCall } from './scalar-rules/rule.js';

export const unnestSubqueries: Pass = {
  name: 'unnest-subqueries',
  doc: 'EXISTS, IN and correlated subqueries become joins',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => rewriteBottomUp(plan, (node) => (isRelation(node) ? unnest(node, context) : undefined)),
};

function unnest(node: Relation, context: PassContext): Relation | undefined {
  if (!exprsOf(node).some(hasSubquery)) return undefined;
  const after = unnestOperator(node);
  if (after === undefined || after === node) return undefined;
  context.record({
    pass: 'unnest-subqueries',
    rule: node.kind,
    before: node,
    after,
    reason: 'a join answers the subquery for all rows at once',
  });
  return after;
}

function unnestOperator(node: Relation): Relation | undefined {
  switch (node.kind) {
    case 'filter': return unnestFilter(node);
    case 'project': case 'aggregate': {
      const { row, changed, replace } = joinAll(node.input, exprsOf(node));
      return !changed ? undefined : rebuild(node, { inputs: [row], expr: replace });
    }
    case 'sort': {
      const { row, changed, replace } = joinAll(node.input, exprsOf(node));
      return !changed
        ? undefined
        : firstColumns(rebuild(node, { inputs: [row], expr: replace }), node.type.columns.length);
    }
    case 'apply': case 'window': {
      const { row, changed, replace } = joinAll(node.input, exprsOf(node));
      return !changed ? undefined : withoutJoined(rebuild(node, { inputs: [row], expr: replace }), node);
    }
    case 'join': {
      if (node.join !== 'inner') return undefined;
      const parts = conjuncts(node.on);
      const on = conjoin(parts.filter((part) => !hasSubquery(part)));
      const joined = make({
        kind: 'join',
        join: on === undefined ? 'cross' : 'inner',
        left: node.left,
        right: node.right,
        on,
      });
      const above = filtered(joined, parts.filter(hasSubquery));
      return above.kind === 'filter' ? unnestFilter(above) : above;
    }
    default: return undefined;
  }
}

/** The columns of `node` out of those of the same operator over a wider row, which come after it. */
function withoutJoined(wide: Apply | Window, node: Apply | Window): Relation {
  const [own, extra] = [node.input.type.columns.length, wide.type.columns.length - node.type.columns.length];
  const names = node.type.columns.map(({ name }) => name);
  const exprs = names.map((_, index) => columnRef(wide.type.columns, index < own ? index : index + extra));
  return projected(wide, exprs, names);
}

/** Conjuncts without subqueries first: they leave fewer rows to join. */
function unnestFilter(node: Filter): Relation | undefined {
  const parts = conjuncts(node.predicate);
  const plain = parts.filter((part) => !hasSubquery(part));
  const start = filtered(node.input, plain);
  let row = start;
  const rest: Expr[] = [];
  for (const part of parts.filter(hasSubquery)) {
    const joined = asSemiJoin(row, part);
    if (joined === undefined) rest.push(part);
    else row = joined;
  }
  const { row: wide, changed, replace } = joinAll(row, rest);
  if (wide === start && !changed) return undefined;
  return firstColumns(filtered(wide, rest.map(replace)), node.type.columns.length);
}

/** [NOT] EXISTS and [NOT] IN as a whole conjunct. */
function asSemiJoin(row: Relation, part: Expr): Relation | undefined {
  const negated = isCall(part, 'not');
  const subquery = negated ? part.args[0]! : part;
  if (subquery.kind !== 'subquery' || subquery.mode === 'scalar' || isVolatile(subquery)) return undefined;
  if (subquery.arg !== undefined && hasSubquery(subquery.arg)) return undefined;
  // Asked once for all rows, it needs no join.
  if (subquery.mode === 'exists' && !readsAround(subquery.relation)) return undefined;
  const list = subquery.mode === 'exists' ? withoutOrder(subquery.relation) : withoutSort(subquery.relation);
  const pulled = pullCorrelation(list, row);
  if (pulled === undefined) return undefined;
  if (pulled.whenEmpty !== undefined)
    return subquery.mode === 'exists' ? filtered(row, [negated ? call('not', TRUE) : TRUE]) : undefined;
  const right = inPlace(pulled.relation);
  const on = pulled.predicates.map((predicate) => asCondition(predicate, row));
  const join = (kind: 'semi' | 'anti', extra: readonly Expr[]): Relation =>
    make({ kind: 'join', join: kind, left: row, right, on: conjoin([...on, ...extra]) ?? TRUE });
  if (subquery.mode === 'exists') return join(negated ? 'anti' : 'semi', []);
  const arg = subquery.arg!;
  const value = shiftRefs(columnRef(right.type.columns, 0), row.type.columns.length);
  const equal = call('eq', arg, value);
  if (!negated) return join('semi', [equal]);
  if (!equal.type.nullable) return join('anti', [equal]);
  if (readsAround(subquery.relation)) return join('anti', [call('coalesce', equal, TRUE)]);
  return notIn(join('anti', [equal]), arg, subquery.relation);
}

/** x NOT IN list, where no value of the list equals x: the list is empty, or neither x nor a value is NULL. */
function notIn(unmatched: Relation, arg: Expr, list: Relation): Relation {
  const empty = isZero(countOf(list, TRUE));
  const noNull = isZero(countOf(list, call('is_null', columnRef(list.type.columns, 0))));
  return filtered(unmatched, [call('or', empty, call('and', call('is_not_null', arg), noNull))]);
}

interface JoinedRow {
  /** The relation with a join for each subquery; its own columns come first. */
  readonly row: Relation;
  /** A subquery may be replaced without a join. */
  readonly changed: boolean;
  readonly replace: (expr: Expr) => Expr;
}

/** Joins every subquery of the expressions that becomes a join. */
function joinAll(start: Relation, exprs: readonly Expr[]): JoinedRow {
  let row = start;
  const values = new Map<Node, Expr>();
  for (const subquery of exprs.flatMap(subqueriesOf)) {
    if (values.has(subquery) || !isJoinable(subquery)) continue;
    const joined = joinSubquery(row, subquery);
    if (joined === undefined) continue;
    row = joined.relation;
    values.set(subquery, joined.value);
  }
  return { row, changed: values.size > 0, replace: replacing(values) };
}

/** Parts of an expression over the same row: inside a subquery's relation an equal subquery means another row. */
const partsOf = (node: Node): readonly Node[] => children(node).filter((child) => !isRelation(child));

function replacing(values: ReadonlyMap<Node, Expr>): (expr: Expr) => Expr {
  const replace: (expr: Expr) => Expr = oncePerNode((expr) => {
    const part = (child: Node): Node => (isRelation(child) ? child : replace(child as Expr));
    return values.get(expr) ?? withChildren(expr, children(expr).map(part));
  });
  return replace;
}

/** The subqueries of an expression that stand in no other subquery. */
function subqueriesOf(expr: Expr): readonly Subquery[] {
  return postorder(expr, partsOf).filter((node) => node.kind === 'subquery');
}
