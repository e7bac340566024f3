/** CASE, COALESCE, packed values and text patterns. */
import { make } from '../../ir/build.js';
import type { Case, Expr } from '../../ir/node.js';
import { withNullable } from '../../ir/type.js';
import { isVolatile } from '../../ir/node-facts.js';
import { FALSE, literal, TRUE } from '../reference.js';
import { call, inPlaceOf, isCall, isLiteral, isNull, type ScalarRule } from './rule.js';

export const CONDITIONAL_RULES: readonly ScalarRule[] = [
  {
    name: 'constant-case',
    reason: 'a branch whose condition is false or NULL is never taken; one that is true ends the CASE',
    apply: (expr) => (expr.kind === 'case' ? simplifyCase(expr) : undefined),
  },
  {
    name: 'boolean-case', reason: 'CASE WHEN c THEN true ELSE false END is c where c is not NULL',
    apply: (expr) => {
      if (expr.kind !== 'case' || expr.branches.length !== 1) return undefined;
      const [{ when, then }, otherwise] = [expr.branches[0]!, expr.otherwise];
      if (then === TRUE && otherwise === FALSE) return when.type.nullable ? call('coalesce', when, FALSE) : when;
      return then === FALSE && otherwise === TRUE && !when.type.nullable ? call('not', when) : undefined;
    },
  },
  {
    name: 'coalesce', reason: 'NULLs drop out; nothing past the first that cannot be NULL is reached',
    apply: (expr) => (isCall(expr, 'coalesce') ? simplifyCoalesce(expr.args) : undefined),
  },
  {
    name: 'part-of-pack', reason: 'a part of a value just packed is that part',
    apply: (expr) =>
      expr.kind === 'part' && expr.arg.kind === 'pack' ? inPlaceOf(expr, expr.arg.parts[expr.index]!) : undefined,
  },
  {
    name: 'like', reason: "LIKE without wildcards is =; 'a%' starts_with; '%a' ends_with; '%a%' contains",
    apply: (expr) =>
      isCall(expr, 'like') && expr.args.length === 2 ? simplifyLike(expr.args[0]!, expr.args[1]!) : undefined,
  },
  {
    name: 'fold-case-again', reason: 'lower(lower(x)) = lower(x)',
    apply: (expr) => (isCall(expr, 'lower', 'upper') && isCall(expr.args[0], expr.op) ? expr.args[0] : undefined),
  },
  {
    name: 'concat-empty', reason: "x || '' = x",
    apply: (expr) => {
      if (!isCall(expr, 'concat')) return undefined;
      const empty = expr.args.findIndex((arg) => isLiteral(arg) && arg.value === '');
      return empty < 0 ? undefined : inPlaceOf(expr, expr.args[1 - empty]!);
    },
  },
];

function simplifyCase(expr: Case): Expr | undefined {
  const branches = expr.branches.filter(({ when }) => when !== FALSE && !isNull(when));
  const certain = branches.findIndex(({ when }) => when === TRUE);
  const kept = certain < 0 ? branches : branches.slice(0, certain);
  const otherwise = certain < 0 ? expr.otherwise : branches[certain]!.then;
  if (kept.length === 0) return otherwise;
  if (kept.every(({ then, when }) => then === otherwise && !isVolatile(when))) return otherwise;
  if (kept.length === expr.branches.length) return undefined;
  const nullable = otherwise.type.nullable || kept.some(({ then }) => then.type.nullable);
  return make({ kind: 'case', branches: kept, otherwise, type: withNullable(expr.type, nullable) });
}

function simplifyCoalesce(args: readonly Expr[]): Expr | undefined {
  const flat = args.flatMap((arg) => (isCall(arg, 'coalesce') ? arg.args : [arg]));
  const present = flat.filter((arg) => !isNull(arg));
  const certain = present.findIndex((arg) => !arg.type.nullable);
  const kept = certain < 0 ? present : present.slice(0, certain + 1);
  if (kept.length === 0) return args[0];
  if (kept.length === 1) return kept[0];
  return kept.length === args.length ? undefined : call('coalesce', ...kept);
}

function simplifyLike(text: Expr, pattern: Expr): Expr | undefined {
  if (!isLiteral(pattern) || typeof pattern.value !== 'string') return undefined;
  const match = /^(%*)([^%_\\]*)(%*)$/.exec(pattern.value);
  if (match === null) return undefined;
  const [, before, middle, after] = match;
  const needle = literal(middle!, 'utf8');
  if (before === '' && after === '') return call('eq', text, needle);
  if (middle === '') return text.type.nullable ? undefined : TRUE;
  if (before === '') return call('starts_with', text, needle);
  return after === '' ? call('ends_with', text, needle) : call('contains', text, needle);
}
