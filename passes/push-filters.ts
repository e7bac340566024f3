/**
 * push-filters: each conjunct of a filter goes down to where its columns come from.
 *
 * Why correct: a conjunct that reads only columns an operator passes on unchanged keeps the same rows before and after
 * it: through projections (substituted), joins by side and kind (push-join-filters.ts), groups of an aggregate, window
 * partitions, sorts without a limit, distinct, set operations, and below a model (apply), where it spares the model its
 * rows. It stops at limits (they would keep other rows), at volatile expressions, and at an aggregate without groups.
 * Keys are asked only what is the same for equal values (respects-equality.ts).
 * Before: filter (gt ref 1 0) (apply fraud (scan tx))
 * After: apply fraud (filter (gt ref 1 0) (scan tx))
 * Numerics: exact.
 */
import type { Aggregate, Apply, Expr, Project, Relation, SetOperation, Window } from '../ir/node.js';
import { conjuncts } from '../ir/terms.js';
import { filtered, inputsOf, rebuild } from './operator.js';
import type { Pass, PassContext } from './pass.js';
import { pushIntoJoin } from './push-join-filters.js';
import { isVolatile } from '../ir/node-facts.js';
import { refsOf, substitute } from './reference.js';
import { respectsEquality } from './respects-equality.js';
import { withinSubqueries } from './rewrite-subqueries.js';

/** Pushes predicates over a relation's columns into it; what it gives has the same columns and fewer rows. */
export type Push = (relation: Relation, predicates: readonly Expr[]) => Relation;

export const pushFilters: Pass = {
  name: 'push-filters',
  doc: 'conjuncts of filters go down to where their columns come from, below joins, aggregates and models',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => {
    const push = pushing(context);
    return withinSubqueries(plan, (relation) => push(relation, []));
  },
};

function pushing(context: PassContext): Push {
  const done = new Map<Relation, Relation>();
  const push: Push = (relation, predicates) => {
    const asked = filtered(relation, predicates);
    const known = done.get(asked);
    if (known !== undefined) return known;
    const result = pushThrough(relation, predicates, push, context);
    done.set(asked, result);
    return result;
  };
  return push;
}

function pushThrough(node: Relation, predicates: readonly Expr[], push: Push, context: PassContext): Relation {
  switch (node.kind) {
    case 'filter': return push(node.input, [...conjuncts(node.predicate), ...predicates]);
    case 'join': return pushIntoJoin(node, predicates, push, context);
    case 'scan': case 'values': case 'series': return filtered(node, predicates);
    case 'limit': return filtered(rebuild(node, { inputs: [push(node.input, [])] }), predicates);
    case 'sort':
      if (node.limit !== undefined) return filtered(rebuild(node, { inputs: [push(node.input, [])] }), predicates);
  }
  const below: Expr[] = [];
  const above: Expr[] = [];
  const passes = through(node);
  for (const predicate of predicates) (isVolatile(predicate) || !passes(predicate) ? above : below).push(predicate);
  const inputs = inputsOf(node).map((input) => push(input, below.map((predicate) => asSeenBelow(node, predicate))));
  const result = rebuild(node, { inputs });
  if (below.length > 0) {
    context.record({
      pass: 'push-filters', rule: `below-${node.kind}`, before: filtered(node, below), after: result,
      reason:
        node.kind === 'apply'
          ? `model ${node.model} need not see the rows it drops`
          : `it reads only what ${node.kind} passes on`,
    });
  }
  return filtered(result, above);
}

type Through = Exclude<Relation, { kind: 'filter' | 'join' | 'scan' | 'values' | 'series' | 'limit' }>;

/** Whether a predicate over the operator's output may be asked of its input. */
function through(node: Through): (predicate: Expr) => boolean {
  switch (node.kind) {
    case 'sort': return () => true;
    case 'distinct': return respectsEquality;
    case 'setop': return node.op === 'union' && node.all ? () => true : respectsEquality;
    case 'project': return (predicate) => readsAll(predicate, (index) => !isVolatile(node.exprs[index]!));
    case 'aggregate': return throughAggregate(node);
    case 'window': return throughWindow(node);
    case 'apply':
    case 'blocked':
      return (predicate) => readsAll(predicate, (index) => index < node.input.type.columns.length);
  }
}

function asSeenBelow(node: Project | Aggregate | Apply | Window | SetOperation | Through, predicate: Expr): Expr {
  if (node.kind === 'project') return substitute(predicate, (index) => node.exprs[index]!);
  if (node.kind === 'aggregate') return substitute(predicate, (index) => node.groups[index]!.expr);
  return predicate;
}

function readsAll(predicate: Expr, allowed: (index: number) => boolean): boolean {
  return [...refsOf(predicate)].every(allowed);
}

/** Without groups there is one row whatever the input: nothing passes. */
function throughAggregate(node: Aggregate): (predicate: Expr) => boolean {
  if (node.groups.length === 0) return () => false;
  return (predicate) =>
    respectsEquality(predicate) &&
    readsAll(predicate, (index) => index < node.groups.length && !isVolatile(node.groups[index]!.expr));
}

/** A predicate over columns that every call partitions by keeps or drops whole partitions. */
function throughWindow(node: Window): (predicate: Expr) => boolean {
  return (predicate) => respectsEquality(predicate) && readsAll(predicate, (index) =>
    node.calls.every((call) => call.partition.some((key) => key.kind === 'ref' && key.index === index)));
}
