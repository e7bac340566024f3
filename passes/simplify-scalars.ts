/**
 * simplify-scalars: algebra on scalar expressions, of SQL and of tensor maps alike.
 *
 * Why correct: every rule keeps value, NULL and dtype for all arguments; the rules and their equations are tables in
 * scalar-rules/, by family. Rules see an expression whose parts are already simplified, and run until none applies.
 * Before: filter (and (eq x true) true)   After: filter x
 * Numerics: exact.
 */
import type { Expr, Node, Relation } from '../ir/node.js';
import { postorder, rewriteBottomUp } from '../ir/rewrite.js';
import { isExpr } from './operator.js';
import type { Pass, PassContext } from './pass.js';
import { ARITHMETIC_RULES } from './scalar-rules/arithmetic.js';
import { CONDITIONAL_RULES } from './scalar-rules/conditional.js';
import { LOGIC_RULES } from './scalar-rules/logic.js';
import { isCall, type ScalarRule } from './scalar-rules/rule.js';

const RULES: readonly ScalarRule[] = [...LOGIC_RULES, ...ARITHMETIC_RULES, ...CONDITIONAL_RULES];
/** More rewrites of one expression than any chain of rules can make: a cycle among the rules is our mistake. */
const MOST_REWRITES = 100;

export const simplifyScalars: Pass = {
  name: 'simplify-scalars',
  doc: 'boolean algebra, identities, casts, CASE and LIKE',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => rewriteExprs(plan, 'simplify-scalars', RULES, context),
};

/** Applies scalar rules to every expression of a plan, bottom up, each until none applies. */
function rewriteExprs(
  plan: Relation,
  pass: string,
  rules: readonly ScalarRule[],
  context: PassContext,
): Relation {
  const ofTerms = rules.filter((rule) => rule.ofWholeChain === undefined);
  /** One rewrite of each expression under `root`. */
  const once = <T extends Node>(root: T, rewrite: (expr: Expr, own: readonly ScalarRule[]) => Expr | undefined): T => {
    const inner = innerTerms(root);
    return rewriteBottomUp(root, (node, original) =>
      isExpr(node) ? rewrite(node, inner.has(original) ? ofTerms : rules) : undefined,
    );
  };
  const simplify = (start: Expr, own: readonly ScalarRule[]): Expr => {
    let expr = start;
    for (let count = 0; count < MOST_REWRITES; count++) {
      const next = applyFirst(expr, pass, own, context);
      if (next === undefined) return expr;
      // What a rule built may hold new parts to simplify, such as NOT a in NOT a AND NOT b.
      expr = once(next, (part, rulesOfPart) => applyFirst(part, pass, rulesOfPart, context));
    }
    throw new Error(`the rules do not come to rest on a ${start.kind}`);
  };
  return once(plan, simplify);
}

/** The ANDs that are terms of an AND, and the ORs of an OR. */
function innerTerms(root: Node): ReadonlySet<Node> {
  const inner = new Set<Node>();
  for (const node of postorder(root)) {
    if (node.kind !== 'call' || (node.op !== 'and' && node.op !== 'or')) continue;
    for (const arg of node.args) if (isCall(arg, node.op)) inner.add(arg);
  }
  return inner;
}

function applyFirst(expr: Expr, pass: string, rules: readonly ScalarRule[], context: PassContext): Expr | undefined {
  for (const rule of rules) {
    const after = rule.apply(expr);
    if (after === undefined || after === expr) continue;
    context.record({ pass, rule: rule.name, before: expr, after, reason: rule.reason });
    return after;
  }
  return undefined;
}
