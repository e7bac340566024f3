/**
 * Features that may fail are not asked of rows that do not want the prediction.
 *
 * A model is applied below the expression that holds it (stage.ts), so to all rows, while CASE, COALESCE, AND and OR
 * ask for a part only where what stands before leads there. In: an expression with `output` markers. Out: the same,
 * where a prediction that stands under such a part is of features `CASE WHEN <reached> THEN feature ELSE 0 END`. What
 * the model makes of the 0 is not looked at. A prediction of features that cannot fail stays as it is, and so does one
 * that is asked of the same rows, or more, anyway: a model is not run once a branch.
 */
import { zeroOf } from '../../ir/bridge.js';
import { mayFail } from '../../ir/may-fail.js';
import type { Expr, Ref } from '../../ir/node.js';
import { isVolatile, oncePerNode } from '../../ir/node-facts.js';
import { children, withChildren } from '../../ir/rewrite.js';
import { bool, call, choose, dtypeOf } from './make-expr.js';
import type { Markers } from './stage.js';

/** The rows for which a part is wanted: those of the parts around it for which `reached` is true. */
interface Guard {
  readonly reached: Expr;
  readonly around: Guard | undefined;
}

export interface FeatureGuard {
  /** Whether the expression holds a prediction of which a feature may fail. */
  readonly isFailing: (expr: Expr) => boolean;
  readonly guarded: (expr: Expr) => Expr;
}

/** For the expressions of one stage: a prediction asked for by one of them is there for the others. */
export function featureGuard(markers: Markers): FeatureGuard {
  const isFailing = oncePerNode((node: Expr): boolean => {
    if (node.kind !== 'ref') return expressionsOf(node).some(isFailing);
    const marker = markers.get(node);
    return marker?.kind === 'output' && marker.application.inputs.some(({ exprs }) => exprs.some(fails));
  });
  const fails = (feature: Expr): boolean => mayFail(feature) || isFailing(feature);
  /** By the rows they are asked of; `undefined` are all. What is asked of more rows is there for fewer. */
  const asked = new Map<Expr | undefined, Map<Expr, Expr>>();
  const visit = (node: Expr, guard: Guard | undefined): Expr => {
    if (!isFailing(node)) return node;
    for (let wider = guard; wider !== undefined; wider = wider.around) {
      const found = asked.get(wider.reached)?.get(node);
      if (found !== undefined) return found;
    }
    const made = asked.get(undefined)?.get(node) ?? visitNew(node, guard);
    entry(asked, guard?.reached).set(node, made);
    return made;
  };
  const visitNew = (node: Expr, guard: Guard | undefined): Expr => {
    if (node.kind === 'ref') return guard === undefined ? node : guarded(node, guard, markers, fails);
    const guards = guardsOf(node, guard);
    return withChildren(node, children(node).map((part, i) =>
      part.type.kind === 'relation' ? part : visit(part as Expr, guards[i])));
  };
  return { isFailing, guarded: (expr) => visit(expr, undefined) };
}

function expressionsOf(node: Expr): readonly Expr[] {
  return children(node).filter((part): part is Expr => part.type.kind !== 'relation');
}

function entry<K, N, T>(map: Map<K, Map<N, T>>, key: K): Map<N, T> {
  const found = map.get(key) ?? new Map<N, T>();
  map.set(key, found);
  return found;
}

/** The guard of each part, in the order of `children`. */
function guardsOf(node: Expr, around: Guard | undefined): readonly (Guard | undefined)[] {
  let guard = around;
  if (node.kind === 'case') {
    const guards = node.branches.flatMap(({ when }) => {
      const before = guard;
      guard = unless(when, before);
      return [before, narrowed(before, when)];
    });
    return [...guards, guard];
  }
  if (node.kind === 'call' && (node.op === 'and' || node.op === 'or' || node.op === 'coalesce')) {
    const { op } = node;
    return node.args.map((arg) => {
      const before = guard;
      guard = unless(op === 'and' ? call('not', arg) : op === 'or' ? arg : call('is_not_null', arg), before);
      return before;
    });
  }
  return children(node).map(() => around);
}

function unless(condition: Expr, around: Guard | undefined): Guard | undefined {
  return narrowed(around, choose(condition, bool(false), bool(true)), condition);
}

/** A volatile condition would be another one when it is asked again: it narrows nothing. */
function narrowed(around: Guard | undefined, condition: Expr, asks = condition): Guard | undefined {
  if (isVolatile(asks)) return around;
  return { reached: around === undefined ? condition : choose(around.reached, condition, bool(false)), around };
}

function guarded(node: Ref, { reached }: Guard, markers: Markers, fails: (feature: Expr) => boolean): Expr {
  const marker = markers.get(node);
  if (marker?.kind !== 'output') return node;
  const inputs = marker.application.inputs.map((input) => ({
    ...input,
    exprs: input.exprs.map((feature) => {
      const dtype = dtypeOf(feature);
      return dtype === undefined || !fails(feature) ? feature : choose(reached, feature, zeroOf(dtype));
    }),
  }));
  return markers.add({ ...marker, application: { ...marker.application, inputs } }, node.type);
}
