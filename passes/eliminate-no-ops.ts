/**
 * eliminate-no-ops: operators that change nothing go: a filter of true, a distinct of distinct rows, a sort whose order
 * nobody sees; a filter that is never true leaves no rows, and joins and filters of no rows are none.
 *
 * Why correct: relations are bags; order is seen only by the result, by limits, by windows without an order and by
 * aggregates that take the first or list values. A sort with a limit chooses rows and stays.
 * Before: aggregate [count_star] (sort (scan t))   After: aggregate [count_star] (scan t)
 * Numerics: exact but for the order in which floats are summed, which SQL leaves open.
 */
import { make } from '../ir/build.js';
import { ORDERED_AGGREGATES, type Relation } from '../ir/node.js';
import { oncePerNode } from '../ir/node-facts.js';
import { inputsOf, rebuild, rewriteRelations } from './operator.js';
import type { Pass, PassContext } from './pass.js';
import { FALSE, TRUE } from './reference.js';
import { withinSubqueries } from './rewrite-subqueries.js';
import { isNull } from './scalar-rules/rule.js';

export const eliminateNoOps: Pass = {
  name: 'eliminate-no-ops',
  doc: 'filters of true, repeated distinct, sorts that nobody sees, branches without rows',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => {
    const simpler = rewriteRelations(plan, (node) => {
      const after = eliminate(node);
      if (after !== undefined)
        context.record({ pass: 'eliminate-no-ops', rule: node.kind, before: node, after, reason: reasonOf(node) });
      return after;
    });
    const drop = sortDropping(context);
    return withinSubqueries(simpler, (relation, subquery) => drop(relation, subquery === undefined));
  },
};

function reasonOf(node: Relation): string {
  if (node.kind === 'distinct') return 'its rows are distinct already';
  return node.kind === 'filter' && node.predicate === TRUE ? 'it keeps every row' : 'it gives no rows';
}

function eliminate(node: Relation): Relation | undefined {
  switch (node.kind) {
    case 'filter':
      if (node.predicate === TRUE) return node.input;
      return node.predicate === FALSE || isNull(node.predicate) || isEmpty(node.input) ? empty(node) : undefined;
    case 'distinct': return isDistinct(node.input) ? node.input : undefined;
    case 'project': case 'sort': case 'apply': return isEmpty(node.input) ? empty(node) : undefined;
    case 'limit': {
      // LIMIT NULL is no limit.
      const most = node.limit?.kind === 'literal' ? node.limit.value : null;
      return (most !== null && Number(most) === 0) || isEmpty(node.input) ? empty(node) : undefined;
    }
    case 'join': {
      const [left, right] = [isEmpty(node.left), isEmpty(node.right)];
      if (node.join === 'inner' || node.join === 'cross' || node.join === 'semi')
        return left || right ? empty(node) : undefined;
      if (node.join === 'anti') return left ? empty(node) : right ? node.left : undefined;
      return (node.join === 'left' && left) || (node.join === 'right' && right) ? empty(node) : undefined;
    }
    default: return undefined;
  }
}

function empty(node: Relation): Relation {
  return make({ kind: 'values', rows: [], type: node.type });
}

function isEmpty(node: Relation): boolean {
  return node.kind === 'values' && node.rows.length === 0;
}

/** Whether no two rows are equal. */
function isDistinct(node: Relation): boolean {
  switch (node.kind) {
    case 'distinct': case 'aggregate': return true;
    case 'setop': return !node.all;
    case 'filter': case 'sort': case 'limit': return isDistinct(node.input);
    case 'project': {
      const { input, exprs } = node;
      if (!isDistinct(input)) return false;
      const keys = input.kind === 'aggregate' ? input.groups.length : input.type.columns.length;
      const passed = new Set(exprs.flatMap((expr) => (expr.kind === 'ref' ? [expr.index] : [])));
      return Array.from({ length: keys }, (_, index) => index).every((index) => passed.has(index));
    }
    default: return false;
  }
}

/** `seen`: whether the order of the rows matters to what reads them. */
type Drop = (node: Relation, seen: boolean) => Relation;

function sortDropping(context: PassContext): Drop {
  const seen = oncePerNode((node: Relation) => dropSorts(node, true, { drop, context }));
  const unseen = oncePerNode((node: Relation) => dropSorts(node, false, { drop, context }));
  const drop: Drop = (node, isSeen) => (isSeen ? seen : unseen)(node);
  return drop;
}

function dropSorts(node: Relation, seen: boolean, { drop, context }: { drop: Drop; context: PassContext }): Relation {
  if (node.kind === 'sort' && node.limit === undefined && !seen) {
    context.record({
      pass: 'eliminate-no-ops',
      rule: 'sort',
      before: node,
      after: node.input,
      reason: 'nothing above sees the order of its rows',
    });
    return drop(node.input, seen);
  }
  const below = orderMatters(node, seen);
  return rebuild(node, { inputs: inputsOf(node).map((input) => drop(input, below)) });
}

function orderMatters(node: Relation, seen: boolean): boolean {
  switch (node.kind) {
    case 'filter': case 'project': case 'apply': return seen;
    case 'limit': return true;
    case 'aggregate': return node.calls.some((call) => ORDERED_AGGREGATES.has(call.op));
    case 'window': return seen || node.calls.some((call) => call.order.length === 0);
    case 'setop': return seen && node.op === 'union' && node.all;
    default: return false;
  }
}
