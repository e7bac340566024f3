/**
 * order-joins: a tree of inner joins is joined in the order that makes the fewest intermediate rows, the larger side
 * probing (left) and the smaller one built into the hash table (right).
 *
 * Why correct: inner and cross joins commute and associate; every condition is asked at the first join that has its
 * columns; a projection puts the columns back in their order.
 * Up to 10 relations every tree is weighed (dynamic programming over subsets, Moerkotte and Neumann 2006, without the
 * connectedness test), beyond that the cheapest pair is joined first, again and again. Of a tree of more than 31
 * relations, the number of bits in a mask, the joins at the top stay as they are.
 * Before: join (join big1 big2) small      After: project (join (join big1 small) big2)
 * Numerics: exact; without ORDER BY rows come in another order.
 */
import { make } from '../ir/build.js';
import type { Expr, Join, Relation } from '../ir/node.js';
import { conjuncts } from '../ir/terms.js';
import { estimateRows, type RowEstimator } from './estimate-rows.js';
import { filtered, inputsOf, projected, rebuild } from './operator.js';
import type { Pass, PassContext } from './pass.js';
import { isVolatile, oncePerNode } from '../ir/node-facts.js';
import { columnRef, conjoin, namesOf, refsOf, renumber } from './reference.js';
import { withinSubqueries } from './rewrite-subqueries.js';

const MOST_ENUMERATED = 10;
const MOST_ORDERED = 31;
/**
 * Estimates of a row or two are often too low; a cross join must look much better than others to be worth that risk.
 */
const CROSS_PENALTY = 10;

export const orderJoins: Pass = {
  name: 'order-joins',
  doc: 'inner joins in the order with the fewest intermediate rows, the smaller side built',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => {
    const estimator = estimateRows(context.statistics);
    const order: Order = oncePerNode((node) => orderWithin(node, estimator, order, context));
    return withinSubqueries(plan, order);
  },
};

type Order = (node: Relation) => Relation;

function orderWithin(node: Relation, estimator: RowEstimator, order: Order, context: PassContext): Relation {
  if (!isInner(node) || leafCount(node) > MOST_ORDERED) return rebuild(node, { inputs: inputsOf(node).map(order) });
  const tree = flatten(node);
  const leaves = tree.leaves.map(order);
  if (tree.predicates.some(isVolatile)) return node;
  const search = searchOf({ ...tree, leaves }, estimator);
  const best = leaves.length <= MOST_ENUMERATED ? cheapestTree(search) : greedyTree(search);
  const joined = build(best, search);
  const at = (column: number): number => joined.columns.indexOf(column);
  const free = tree.predicates.filter((predicate) => refsOf(predicate).size === 0);
  const relation = filtered(joined.relation, free);
  const moved =
    tree.columns.some((column, i) => at(column) !== i) || relation.type.columns.length !== tree.columns.length;
  const exprs = tree.columns.map((column) => columnRef(relation.type.columns, at(column)));
  const after = moved ? projected(relation, exprs, namesOf(node)) : relation;
  if (after !== node) {
    const reason = `about ${Math.round(best.cost)} intermediate rows; the smaller side of each join is built`;
    context.record({ pass: 'order-joins', rule: 'inner-joins', before: node, after, reason });
  }
  return after;
}

function isInner(node: Relation): node is Join {
  return node.kind === 'join' && (node.join === 'inner' || node.join === 'cross');
}

/** Columns count over all leaves, one after the other. */
interface Tree {
  readonly leaves: readonly Relation[];
  readonly predicates: readonly Expr[];
  /** What each column of the whole is. */
  readonly columns: readonly number[];
}

/** A projection of an inner join that only picks columns does not part it from the joins above. */
function joinedUnder(node: Relation): Join | undefined {
  if (isInner(node)) return node;
  const isPick = node.kind === 'project' && isInner(node.input) && node.exprs.every((expr) => expr.kind === 'ref');
  return isPick ? (node.input as Join) : undefined;
}

/** Of the tree that `flatten` gives. */
const leafCount: (node: Relation) => number = oncePerNode((node) => {
  const join = joinedUnder(node);
  return join === undefined ? 1 : leafCount(join.left) + leafCount(join.right);
});

function flatten(node: Relation): Tree {
  if (isInner(node)) {
    const [left, right] = [flatten(node.left), flatten(node.right)];
    const offset = left.leaves.reduce((sum, leaf) => sum + leaf.type.columns.length, 0);
    const columns = [...left.columns, ...right.columns.map((column) => column + offset)];
    const own = conjuncts(node.on).map((predicate) => renumber(predicate, (index) => columns[index]!));
    const moved = right.predicates.map((predicate) => renumber(predicate, (index) => index + offset));
    return { leaves: [...left.leaves, ...right.leaves], predicates: [...left.predicates, ...moved, ...own], columns };
  }
  const join = joinedUnder(node);
  if (join !== undefined && node.kind === 'project') {
    const inner = flatten(join);
    return { ...inner, columns: node.exprs.map((expr) => inner.columns[(expr as Expr & { kind: 'ref' }).index]!) };
  }
  return { leaves: [node], predicates: [], columns: node.type.columns.map((_, index) => index) };
}

/** A set of leaves is a bit mask. */
interface Search {
  readonly leaves: readonly Relation[];
  readonly offsets: readonly number[];
  readonly predicates: readonly { readonly expr: Expr; readonly mask: number }[];
  readonly rows: (mask: number) => number;
}

function searchOf(tree: Tree, estimator: RowEstimator): Search {
  const { leaves } = tree;
  const offsets: number[] = [];
  leaves.reduce((sum, leaf) => (offsets.push(sum), sum + leaf.type.columns.length), 0);
  const whole = leaves.reduce((left, right) => make({ kind: 'join', join: 'cross', left, right, on: undefined }));
  const leafOf = (column: number): number => offsets.findLastIndex((offset) => offset <= column);
  const predicates = tree.predicates.filter((expr) => refsOf(expr).size > 0).map((expr) => ({
    expr,
    mask: [...refsOf(expr)].reduce((mask, column) => mask | (1 << leafOf(column)), 0),
  }));
  // Conditions between the same leaves are estimated together: they may be one key.
  const factors = [...new Set(predicates.map(({ mask }) => mask))].map((mask) => {
    const all = conjoin(predicates.filter((predicate) => predicate.mask === mask).map(({ expr }) => expr))!;
    return { mask, selectivity: estimator.selectivity(all, whole) };
  });
  // To build a side that turns out large is worse than to probe with one that turns out small.
  const leafRows = leaves.map((leaf) => Math.max(estimator.cautiousRows(leaf), 1));
  const known = new Map<number, number>();
  const rows = (mask: number): number => {
    const found = known.get(mask);
    if (found !== undefined) return found;
    const product = leafRows.reduce((count, leaf, i) => ((mask >> i) & 1 ? count * leaf : count), 1);
    const result = factors.reduce(
      (count, factor) => ((factor.mask & ~mask) === 0 ? count * factor.selectivity : count),
      product,
    );
    known.set(mask, Math.max(result, 1));
    return Math.max(result, 1);
  };
  return { leaves, offsets, predicates, rows };
}

interface Plan {
  readonly mask: number;
  /** Intermediate rows, and rows built into hash tables. */
  readonly cost: number;
  readonly left: Plan | undefined;
  readonly right: Plan | undefined;
}

function leafPlans(search: Search): Plan[] {
  return search.leaves.map((_, i) => ({ mask: 1 << i, cost: 0, left: undefined, right: undefined }));
}

/** The larger side probes; of equal sides the one that came first, so that a settled order stays. */
function joinOf(a: Plan, b: Plan, search: Search): Plan {
  const { rows } = search;
  const [left, right] =
    rows(a.mask) > rows(b.mask) || (rows(a.mask) === rows(b.mask) && a.mask < b.mask) ? [a, b] : [b, a];
  const mask = a.mask | b.mask;
  const cost = a.cost + b.cost + rows(mask) + rows(right.mask);
  return { mask, cost: isConnected(a, b, search) ? cost : cost * CROSS_PENALTY, left, right };
}

/** Whether a condition compares the two, so that a hash table can find the matches. */
function isConnected(a: Plan, b: Plan, { predicates }: Search): boolean {
  return predicates.some(
    ({ mask }) => (mask & ~(a.mask | b.mask)) === 0 && (mask & a.mask) !== 0 && (mask & b.mask) !== 0,
  );
}

function cheapestTree(search: Search): Plan {
  const best = new Map<number, Plan>(leafPlans(search).map((plan) => [plan.mask, plan]));
  const all = 2 ** search.leaves.length - 1;
  for (let mask = 1; mask <= all; mask++) {
    for (let part = (mask - 1) & mask; part > 0; part = (part - 1) & mask) {
      if (part < (mask & ~part)) continue;
      const plan = joinOf(best.get(part)!, best.get(mask & ~part)!, search);
      if (plan.cost < (best.get(mask)?.cost ?? Infinity)) best.set(mask, plan);
    }
  }
  return best.get(all)!;
}

function greedyTree(search: Search): Plan {
  const plans = leafPlans(search);
  while (plans.length > 1) {
    let best: { plan: Plan; i: number; j: number } | undefined;
    for (let i = 0; i < plans.length; i++) {
      for (let j = i + 1; j < plans.length; j++) {
        const plan = joinOf(plans[i]!, plans[j]!, search);
        if (best === undefined || search.rows(plan.mask) < search.rows(best.plan.mask)) best = { plan, i, j };
      }
    }
    plans.splice(best!.j, 1);
    plans.splice(best!.i, 1, best!.plan);
  }
  return plans[0]!;
}

interface Built {
  readonly relation: Relation;
  /** Which column of all the leaves' each output column is. */
  readonly columns: readonly number[];
}

function build(plan: Plan, search: Search): Built {
  if (plan.left === undefined || plan.right === undefined) {
    const leaf = Math.log2(plan.mask);
    const relation = search.leaves[leaf]!;
    const columns = relation.type.columns.map((_, index) => search.offsets[leaf]! + index);
    const own = search.predicates.filter(({ mask }) => mask === plan.mask);
    return {
      relation: filtered(
        relation,
        own.map(({ expr }) => renumber(expr, (column) => columns.indexOf(column))),
      ),
      columns,
    };
  }
  const [left, right] = [build(plan.left, search), build(plan.right, search)];
  const columns = [...left.columns, ...right.columns];
  const within = (mask: number, side: Plan): boolean => (mask & ~side.mask) === 0;
  const here = search.predicates.filter(
    ({ mask }) => within(mask, plan) && !within(mask, plan.left!) && !within(mask, plan.right!),
  );
  const on = conjoin(here.map(({ expr }) => renumber(expr, (column) => columns.indexOf(column))));
  return {
    relation: make({
      kind: 'join',
      join: on === undefined ? 'cross' : 'inner',
      left: left.relation,
      right: right.relation,
      on,
    }),
    columns,
  };
}
