/** Logic with SQL's third value, and the functions of NULL. Later arguments run only where the first do not decide. */
import type { Expr } from '../../../ir/node.js';
import { children, postorder } from '../../../ir/rewrite.js';
import type { ScalarOp } from '../../../ir/scalar.js';
import { i32, type I32 } from '../values.js';
import { membership } from './member.js';
import { argument, strict, type CallSite, type Emit } from './site.js';
import { asI32, boolValue, type SqlValue } from './value.js';

/** Cheap and unable to fail: evaluated without a branch. */
function isPlain(expr: Expr): boolean {
  if (children(expr).length > 4) return false;
  return postorder(expr).every(
    (node) =>
      node.kind === 'ref' ||
      node.kind === 'literal' ||
      node.kind === 'param' ||
      (node.kind === 'call' &&
        PLAIN.has(node.op) &&
        node.args.every((arg) => arg.type.kind === 'scalar' && arg.type.dtype !== 'utf8' && arg.type.dtype !== 'blob')),
  );
}

const PLAIN: ReadonlySet<ScalarOp> = new Set<ScalarOp>([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'is_null',
  'is_not_null',
  'not',
  'ieee_lt',
  'ieee_le',
  'ieee_eq',
]);

/**
 * and: decisive 0, or: decisive 1. With flags: the result is decisive if either surely is, else NULL if either is NULL.
 */
function combine(a: SqlValue, b: SqlValue, decisive: 0 | 1): { value: I32; isNull: I32 | undefined } {
  const [x, y] = [asI32(a.parts[0]!), asI32(b.parts[0]!)];
  const surely = (value: I32, isNull: I32 | undefined): I32 => {
    const hit = decisive === 1 ? value : value.eqz();
    return isNull === undefined ? hit : hit.and(isNull.eqz());
  };
  if (a.isNull === undefined && b.isNull === undefined)
    return { value: decisive === 1 ? x.or(y) : x.and(y), isNull: undefined };
  const decided = surely(x, a.isNull).or(surely(y, b.isNull));
  const anyNull = a.isNull === undefined ? b.isNull! : b.isNull === undefined ? a.isNull : a.isNull.or(b.isNull);
  return { value: decisive === 1 ? decided : decided.eqz(), isNull: anyNull.and(decided.eqz()) };
}

const connective =
  (decisive: 0 | 1): Emit =>
  (site) => {
    const { scope, call } = site;
    const found = membership(site);
    if (found !== undefined) return found;
    const left = scope.holdValue(argument(site, 0));
    if (isPlain(call.args[1]!)) {
      const { value, isNull } = combine(left, argument(site, 1), decisive);
      return boolValue(value, isNull);
    }
    const result = scope.variable('bool', call.type.nullable);
    scope.assign(result, left);
    const value = asI32(result.parts[0]!);
    const open = decisive === 1 ? value.eqz() : value;
    scope.if(left.isNull === undefined ? open : open.or(left.isNull), () => {
      const both = combine(left, scope.holdValue(argument(site, 1)), decisive);
      scope.assign(result, boolValue(scope.f.let(both.value), both.isNull));
    });
    return result;
  };

const coalesce: Emit = (site) => {
  const { scope, call } = site;
  const first = argument(site, 0);
  const result = scope.variable(first.dtype, true);
  const tryFrom = (index: number, value: SqlValue): void => {
    scope.assign(result, value);
    if (value.isNull === undefined || index + 1 === call.args.length) return;
    scope.if(result.isNull!, () => tryFrom(index + 1, argument(site, index + 1)));
  };
  tryFrom(0, first);
  return call.type.nullable ? result : { ...result, isNull: undefined };
};

const nullTest =
  (wanted: 0 | 1) =>
  (site: CallSite): SqlValue => {
    const flag = argument(site, 0).isNull ?? i32(0);
    return boolValue(wanted === 1 ? flag : flag.eqz());
  };

export const LOGIC = {
  and: connective(0),
  or: connective(1),
  not: strict(({ args }) => asI32(args[0]!.parts[0]!).eqz()),
  xor: strict(({ args }) => asI32(args[0]!.parts[0]!).xor(asI32(args[1]!.parts[0]!))),
  is_null: nullTest(1),
  is_not_null: nullTest(0),
  coalesce,
} satisfies Partial<Record<ScalarOp, Emit>>;
