/**
 * push-limits: a limit goes below what works row by row, and into a sort, which then keeps only the first rows (top-k).
 *
 * Why correct: projections and models give one row a row in the same order. A sort keeps offset + limit rows under its
 * limit node, which still cuts the offset. Above a union of all, each side needs no more than offset + limit rows.
 * A top-k over columns that a model or projection passes on is taken before it.
 * Before: limit 10 (project (sort t))   After: project (limit 10 (sort t limit=10))
 * Numerics: exact.
 */
import { make } from '../ir/build.js';
import type { Apply, Expr, Limit, Project, Relation, Sort } from '../ir/node.js';
import { rebuild, rewriteRelations } from './operator.js';
import type { Pass } from './pass.js';
import { isVolatile } from '../ir/node-facts.js';
import { literal, refsOf, substitute } from './reference.js';

/** Rows past which keeping a sorted few is no better than sorting all. */
const MOST_TOP_K = 1_000_000;

export const pushLimits: Pass = {
  name: 'push-limits',
  doc: 'limits go below projections and models and make sorts top-k',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => rewriteRelations(plan, (node) => {
    const found = node.kind === 'limit' ? pushLimit(node) : node.kind === 'sort' ? pushTopK(node) : undefined;
    if (found === undefined || found.after === node) return undefined;
    context.record({ pass: 'push-limits', rule: found.rule, before: node, after: found.after, reason: found.reason });
    return found.after;
  }),
};

interface Found {
  readonly rule: string;
  readonly after: Relation;
  readonly reason: string;
}

function pushLimit(node: Limit): Found | undefined {
  const { input } = node;
  if (input.kind === 'project' || input.kind === 'apply') {
    const limited = limitOf(node, input.input);
    const deeper = pushLimit(limited)?.after ?? limited;
    return {
      rule: `below-${input.kind}`,
      after: rebuild(input, { inputs: [deeper] }),
      reason: 'it works row by row, so only the rows kept are computed',
    };
  }
  const rows = wantedRows(node);
  if (rows === undefined) return undefined;
  if (input.kind === 'sort' && rows <= MOST_TOP_K && (input.limit === undefined || input.limit > rows)) {
    const sort = make({ ...input, limit: rows });
    const pushed = pushTopK(sort)?.after ?? sort;
    const limited = limitOf(node, pushed);
    return {
      rule: 'top-k',
      after: pushed === sort ? limited : (pushLimit(limited)?.after ?? limited),
      reason: `only the first ${rows} rows are wanted`,
    };
  }
  if (input.kind === 'setop' && input.op === 'union' && input.all) {
    const sides = [cut(input.left, rows), cut(input.right, rows)];
    return {
      rule: 'below-union',
      after: limitOf(node, rebuild(input, { inputs: sides })),
      reason: `no side gives more than ${rows} of the rows`,
    };
  }
  return undefined;
}

function limitOf(node: Limit, input: Relation): Limit {
  return make({ kind: 'limit', input, limit: node.limit, offset: node.offset });
}

function cut(side: Relation, rows: number): Relation {
  if (side.kind === 'limit' && (wantedRows(side) ?? Infinity) <= rows) return side;
  const limited = make({ kind: 'limit', input: side, limit: literal(BigInt(rows), 'i64'), offset: undefined });
  return pushLimit(limited)?.after ?? limited;
}

/** offset + limit, where both are known; more than any table has is no bound. */
function wantedRows(node: Limit): number | undefined {
  const limit = constant(node.limit);
  const offset = node.offset === undefined ? 0 : constant(node.offset);
  if (limit === undefined || offset === undefined) return undefined;
  return Number.isSafeInteger(limit + offset) ? limit + offset : undefined;
}

function constant(expr: Expr | undefined): number | undefined {
  if (expr?.kind !== 'literal' || expr.value === null) return undefined;
  return Number(expr.value);
}

/** A top-k by columns that exist before the projection or model is taken before it. */
function pushTopK(node: Sort): Found | undefined {
  const { input } = node;
  if (node.limit === undefined || (input.kind !== 'project' && input.kind !== 'apply')) return undefined;
  const keys = node.keys.map((key) => ({ ...key, expr: keyBelow(key.expr, input) }));
  if (!keys.every((key): key is typeof key & { expr: Expr } => key.expr !== undefined)) return undefined;
  const sort = make({ kind: 'sort', input: input.input, keys: keys as Sort['keys'], limit: node.limit });
  const deeper = pushTopK(sort)?.after ?? sort;
  return {
    rule: `top-k-below-${input.kind}`,
    after: rebuild(input, { inputs: [deeper] }),
    reason: `only ${node.limit} rows reach the ${input.kind}`,
  };
}

function keyBelow(expr: Expr, input: Project | Apply): Expr | undefined {
  if (isVolatile(expr)) return undefined;
  if (input.kind === 'apply')
    return [...refsOf(expr)].every((index) => index < input.input.type.columns.length) ? expr : undefined;
  return [...refsOf(expr)].some((index) => isVolatile(input.exprs[index]!))
    ? undefined
    : substitute(expr, (index) => input.exprs[index]!);
}
