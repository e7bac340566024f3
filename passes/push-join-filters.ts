/**
 * The join's part of push-filters: which side a conjunct belongs to, by the kind of the join.
 *
 * - inner, cross: a conjunct of one side goes to it, the others become the join's condition (a cross join with one is
 *   an inner join).
 * - left (right mirrored): filters on the left go left; conditions on the right alone go right; a filter that is never
 *   true for the NULLs of unmatched rows makes the join inner. full: the same, a side at a time.
 * - semi, anti: filters go left; conditions on the right alone go right, on the left alone only for semi.
 * - For inner joins, x = y lets a predicate on x alone be asked of y too, and an OR gives each side what all its
 *   branches ask of it.
 */
import { make } from '../ir/build.js';
import type { Expr, Join, JoinKind, Ref, Relation } from '../ir/node.js';
import { conjuncts, disjuncts } from '../ir/terms.js';
import { mayFail } from '../ir/may-fail.js';
import { filtered } from './operator.js';
import type { PassContext } from './pass.js';
import type { Push } from './push-filters.js';
import { hasSubquery, isVolatile } from '../ir/node-facts.js';
import { conjoin, refsOf, shiftRefs, substitute, TRUE } from './reference.js';
import { rejectsNulls } from './reject-nulls.js';
import { respectsEquality } from './respects-equality.js';
import { call, isCall } from './scalar-rules/rule.js';

type Side = 'left' | 'right' | 'both';

export function pushIntoJoin(node: Join, above: readonly Expr[], push: Push, context: PassContext): Relation {
  const width = node.left.type.columns.length;
  const kind = strengthened(node, above, width);
  if (kind !== node.join) {
    const after = make({ kind: 'join', join: kind, left: node.left, right: node.right, on: node.on });
    context.record({
      pass: 'push-filters',
      rule: 'outer-to-inner',
      before: node,
      after,
      reason: 'a filter above is never true for unmatched rows',
    });
    return pushIntoJoin(after, above, push, context);
  }
  const on = conjuncts(node.on);
  switch (kind) {
    case 'inner': case 'cross': return pushInner(node, { all: [...on, ...above], width }, push, context);
    case 'left': return pushOuter(node, { on, above, width, kept: 'left' }, push);
    case 'right': return pushOuter(node, { on, above, width, kept: 'right' }, push);
    case 'full': return filtered(joined('full', push(node.left, []), push(node.right, []), on), above);
    case 'semi': case 'anti': return pushSemi(node, { on, above, width }, push);
  }
}

function sideOf(predicate: Expr, width: number): Side {
  if (isVolatile(predicate)) return 'both';
  const refs = [...refsOf(predicate)];
  if (refs.every((index) => index < width)) return 'left';
  return refs.every((index) => index >= width) ? 'right' : 'both';
}

/** The kind the filters above leave of an outer join. */
function strengthened(node: Join, above: readonly Expr[], width: number): JoinKind {
  if (node.join !== 'left' && node.join !== 'right' && node.join !== 'full') return node.join;
  const keepsLeft = above.some((predicate) => rejectsNulls(predicate, (index) => index < width));
  const keepsRight = above.some((predicate) => rejectsNulls(predicate, (index) => index >= width));
  if (node.join === 'left') return keepsRight ? 'inner' : 'left';
  if (node.join === 'right') return keepsLeft ? 'inner' : 'right';
  if (keepsLeft) return keepsRight ? 'inner' : 'left';
  return keepsRight ? 'right' : 'full';
}

function joined(kind: JoinKind, left: Relation, right: Relation, on: readonly Expr[]): Relation {
  return make({ kind: 'join', join: kind, left, right, on: conjoin(on) ?? (kind === 'cross' ? undefined : TRUE) });
}

function pushInner(
  node: Join,
  parts: { all: readonly Expr[]; width: number },
  push: Push,
  context: PassContext,
): Relation {
  const { width } = parts;
  const all = [...new Set(parts.all)];
  const volatile = all.filter(isVolatile);
  const stable = all.filter((predicate) => !isVolatile(predicate));
  const wide = [...new Set([...stable, ...transferred(stable, width), ...impliedBySide(stable, width)])];
  const left = wide.filter((predicate) => sideOf(predicate, width) === 'left');
  const right = wide.filter((predicate) => sideOf(predicate, width) === 'right');
  const both = wide.filter((predicate) => sideOf(predicate, width) === 'both');
  const kind = both.length === 0 ? 'cross' : 'inner';
  const result = joined(
    kind,
    push(node.left, left),
    push(
      node.right,
      right.map((predicate) => shiftRefs(predicate, -width)),
    ),
    both,
  );
  if (kind === 'inner' && node.join === 'cross') {
    context.record({
      pass: 'push-filters',
      rule: 'cross-to-inner',
      before: node,
      after: result,
      reason: 'a filter above compares the two sides',
    });
  }
  return filtered(result, volatile);
}

interface OuterParts {
  readonly on: readonly Expr[];
  readonly above: readonly Expr[];
  readonly width: number;
  /** The side all of whose rows come out. */
  readonly kept: 'left' | 'right';
}

function pushOuter(node: Join, { on, above, width, kept }: OuterParts, push: Push): Relation {
  const other = kept === 'left' ? 'right' : 'left';
  const down = above.filter((predicate) => belongs(predicate, width, kept));
  const stays = above.filter((predicate) => !down.includes(predicate));
  const own = on.filter((predicate) => sideOf(predicate, width) === other && refsOf(predicate).size > 0);
  const rest = on.filter((predicate) => !own.includes(predicate));
  const [left, right] = kept === 'left' ? [down, own] : [own, down];
  const result = joined(
    node.join,
    push(node.left, left),
    push(
      node.right,
      right.map((predicate) => shiftRefs(predicate, -width)),
    ),
    rest,
  );
  return filtered(result, stays);
}

/** Whether a predicate reads that side alone; one without references belongs to either. */
function belongs(predicate: Expr, width: number, side: 'left' | 'right'): boolean {
  return sideOf(predicate, width) === side || (refsOf(predicate).size === 0 && !isVolatile(predicate));
}

function pushSemi(node: Join, { on, above, width }: Omit<OuterParts, 'kept'>, push: Push): Relation {
  const down = above.filter((predicate) => !isVolatile(predicate));
  const right = on.filter((predicate) => sideOf(predicate, width) === 'right');
  const left = node.join === 'semi' ? on.filter((predicate) => sideOf(predicate, width) === 'left') : [];
  const rest = on.filter((predicate) => !right.includes(predicate) && !left.includes(predicate));
  const result = joined(
    node.join,
    push(node.left, [...down, ...left]),
    push(
      node.right,
      right.map((predicate) => shiftRefs(predicate, -width)),
    ),
    rest,
  );
  return filtered(result, above.filter(isVolatile));
}

/**
 * Predicates on x alone, asked of y, for each condition x = y across the join. What tells equal values apart is
 * left, and so are predicates that may fail: y has values that no x is equal to.
 */
function transferred(predicates: readonly Expr[], width: number): readonly Expr[] {
  const found: Expr[] = [];
  for (const equality of predicates) {
    if (!isCall(equality, 'eq')) continue;
    const [a, b] = equality.args as readonly [Expr, Expr];
    if (a.kind !== 'ref' || b.kind !== 'ref' || (a.index < width) === (b.index < width)) continue;
    for (const predicate of predicates) {
      if (predicate === equality || hasSubquery(predicate)) continue;
      if (mayFail(predicate) || !respectsEquality(predicate)) continue;
      const refs = refsOf(predicate);
      if (refs.size !== 1) continue;
      if (refs.has(a.index)) found.push(inPlace(predicate, b));
      if (refs.has(b.index)) found.push(inPlace(predicate, a));
    }
  }
  return found;
}

function inPlace(predicate: Expr, column: Ref): Expr {
  return substitute(predicate, () => column);
}

/**
 * (l1 AND r1) OR (l2 AND r2) implies l1 OR l2 on the left and r1 OR r2 on the right. What may fail is left out: r1 is
 * asked only where l1 is true.
 */
function impliedBySide(predicates: readonly Expr[], width: number): readonly Expr[] {
  const found: Expr[] = [];
  for (const predicate of predicates) {
    const branches = disjuncts(predicate);
    if (branches.length < 2 || sideOf(predicate, width) !== 'both') continue;
    for (const side of ['left', 'right'] as const) {
      const parts = branches.map((branch) =>
        conjoin(
          conjuncts(branch).filter((part) => sideOf(part, width) === side && refsOf(part).size > 0 && !mayFail(part)),
        ),
      );
      if (parts.every((part) => part !== undefined))
        found.push([...new Set(parts)].reduce((left, right) => call('or', left, right)));
    }
  }
  return found;
}
