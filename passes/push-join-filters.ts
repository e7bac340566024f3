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
    case 'inner': case 'cross': return pushInner(node, { on, above, width }, push, context);
    case 'left': return pushOuter(node, { on, above, width, kept: 'left' }, push, context);
    case 'right': return pushOuter(node, { on, above, width, kept: 'right' }, push, context);
    case 'full': return filtered(joined('full', push(node.left, []), push(node.right, []), on), above);
    case 'semi': case 'anti': return pushSemi(node, { on, above, width }, push, context);
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

/** A join's conditions and the filters above it. */
interface JoinParts {
  readonly on: readonly Expr[];
  readonly above: readonly Expr[];
  readonly width: number;
}

/** Where each predicate goes: below the join, into its condition, above it. */
interface Division {
  readonly kind: JoinKind;
  readonly left: readonly Expr[];
  readonly right: readonly Expr[];
  readonly condition: readonly Expr[];
  readonly stays: readonly Expr[];
}

function divided(node: Join, { above, width }: JoinParts, to: Division, push: Push, context: PassContext): Relation {
  const right = to.right.map((predicate) => shiftRefs(predicate, -width));
  const join = joined(to.kind, push(node.left, to.left), push(node.right, right), to.condition);
  const [before, after] = [filtered(node, above), filtered(join, to.stays)];
  if (to.left.length + right.length > 0 && after !== before) {
    const reason = 'each side drops the rows that it alone can tell';
    context.record({ pass: 'push-filters', rule: 'below-join', before, after, reason });
  }
  return after;
}

function pushInner(node: Join, parts: JoinParts, push: Push, context: PassContext): Relation {
  const { on, above, width } = parts;
  const all = [...new Set([...on, ...above])];
  const stable = all.filter((predicate) => !isVolatile(predicate));
  const wide = [...new Set([...stable, ...transferred(stable, width), ...impliedBySide(stable, width)])];
  const of = (side: Side): readonly Expr[] => wide.filter((predicate) => sideOf(predicate, width) === side);
  const condition = of('both');
  const kind = condition.length === 0 ? 'cross' : 'inner';
  const to = { kind, left: of('left'), right: of('right'), condition, stays: all.filter(isVolatile) } as const;
  const result = divided(node, parts, to, push, context);
  if (kind === 'inner' && node.join === 'cross') {
    context.record({
      pass: 'push-filters',
      rule: 'cross-to-inner',
      before: node,
      after: result,
      reason: 'a filter above compares the two sides',
    });
  }
  return result;
}

interface OuterParts extends JoinParts {
  /** The side all of whose rows come out. */
  readonly kept: 'left' | 'right';
}

function pushOuter(node: Join, parts: OuterParts, push: Push, context: PassContext): Relation {
  const { on, above, width, kept } = parts;
  const other = kept === 'left' ? 'right' : 'left';
  const down = above.filter((predicate) => belongs(predicate, width, kept));
  const own = on.filter((predicate) => sideOf(predicate, width) === other && refsOf(predicate).size > 0);
  const [left, right] = kept === 'left' ? [down, own] : [own, down];
  const condition = on.filter((predicate) => !own.includes(predicate));
  const stays = above.filter((predicate) => !down.includes(predicate));
  return divided(node, parts, { kind: node.join, left, right, condition, stays }, push, context);
}

/** Whether a predicate reads that side alone; one without references belongs to either. */
function belongs(predicate: Expr, width: number, side: 'left' | 'right'): boolean {
  return sideOf(predicate, width) === side || (refsOf(predicate).size === 0 && !isVolatile(predicate));
}

function pushSemi(node: Join, parts: JoinParts, push: Push, context: PassContext): Relation {
  const { on, above, width } = parts;
  const down = above.filter((predicate) => !isVolatile(predicate));
  const right = on.filter((predicate) => sideOf(predicate, width) === 'right');
  const own = node.join === 'semi' ? on.filter((predicate) => sideOf(predicate, width) === 'left') : [];
  const condition = on.filter((predicate) => !right.includes(predicate) && !own.includes(predicate));
  const to = { kind: node.join, left: [...down, ...own], right, condition, stays: above.filter(isVolatile) };
  return divided(node, parts, to, push, context);
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
