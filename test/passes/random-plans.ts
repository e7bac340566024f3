/** Random plans over the test tables: every relational operator, NULLs everywhere, subqueries of all modes. */
import { make } from '../../ir/build.js';
import type { Expr, JoinKind, Relation } from '../../ir/node.js';
import { seeded } from '../../bench/support/random.js';
import { aggregate, aggregateCall, call, col, filter, join, lit, outer, project, scan, subquery } from './plans.js';

type Random = () => number;

/** The rows around a subquery, innermost first. */
type Around = readonly Relation[];

export interface PlanOptions {
  readonly depth: number;
  readonly subqueries: boolean;
}

export function randomPlan(seed: number, options: PlanOptions): Relation {
  return relationOf(seeded(seed), options, []);
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}

const JOINS: readonly JoinKind[] = ['inner', 'inner', 'left', 'right', 'full', 'semi', 'anti', 'cross'];

function relationOf(random: Random, options: PlanOptions, around: Around): Relation {
  if (options.depth <= 0) return scan(pick(random, ['t', 'u', 'v']));
  const smaller = { ...options, depth: options.depth - 1 };
  const input = relationOf(random, smaller, around);
  switch (Math.floor(random() * 9)) {
    case 0: case 1: return filter(input, predicateOf(random, input, 2, smaller, around));
    case 2: case 3: {
      const kind = pick(random, JOINS);
      const right = relationOf(random, { ...smaller, depth: Math.min(smaller.depth, 1) }, around);
      return join(
        kind,
        input,
        right,
        kind === 'cross'
          ? undefined
          : predicateOf(
              random,
              make({ kind: 'join', join: 'cross', left: input, right, on: undefined }),
              1,
              { ...smaller, subqueries: false },
              around,
            ),
      );
    }
    case 4: {
      const exprs = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
        numberOf(random, input, 2, smaller, around),
      );
      return project(input, ...exprs);
    }
    case 5: return aggregateOf(random, input, smaller, around);
    case 6: return make({ kind: 'distinct', input });
    case 7: {
      const sort = make({
        kind: 'sort',
        input,
        keys: input.type.columns.map((_, i) => ({
          expr: col(input, i),
          descending: random() < 0.5,
          nullsFirst: random() < 0.5,
        })),
        limit: undefined,
      });
      return make({
        kind: 'limit',
        input: sort,
        limit: lit(BigInt(Math.floor(random() * 6)), 'i64'),
        offset: random() < 0.3 ? lit(1n, 'i64') : undefined,
      });
    }
    default: {
      const columns = (side: Relation): Relation =>
        project(side, numberOf(random, side, 1, smaller, around), numberOf(random, side, 0, smaller, around));
      const other = relationOf(random, smaller, around);
      return make({
        kind: 'setop',
        op: pick(random, ['union', 'intersect', 'except'] as const),
        all: random() < 0.5,
        left: columns(input),
        right: columns(other),
      });
    }
  }
}

function aggregateOf(random: Random, input: Relation, options: PlanOptions, around: Around): Relation {
  const groups = Array.from({ length: Math.floor(random() * 3) }, () => numberOf(random, input, 1, options, around));
  const arg = numberOf(random, input, 1, { ...options, subqueries: false }, around);
  return aggregate(
    input,
    groups,
    aggregateCall('count_star', []),
    aggregateCall(pick(random, ['min', 'max']), [arg]),
    aggregateCall('count', [arg]),
  );
}

/** An i32 expression; any column may be NULL. */
function numberOf(random: Random, input: Relation, depth: number, options: PlanOptions, around: Around): Expr {
  const columns = input.type.columns.flatMap(({ type }, index) =>
    type.kind === 'scalar' && type.dtype === 'i32' ? [col(input, index)] : [],
  );
  const deeper = (): Expr => numberOf(random, input, depth - 1, options, around);
  const choice = random();
  if (depth > 0 && choice < 0.15) return call(pick(random, ['add', 'sub', 'max', 'min'] as const), deeper(), deeper());
  if (depth > 0 && choice < 0.22) return call('coalesce', deeper(), deeper());
  if (depth > 0 && choice < 0.3)
    return caseOf(predicateOf(random, input, depth - 1, options, around), deeper(), deeper());
  if (options.subqueries && depth > 0 && choice < 0.4)
    return subquery('scalar', singleOf(random, options, [input, ...around]));
  if (choice < 0.55 && around.length > 0) return outerOf(random, around) ?? lit(2);
  if (choice < 0.65 || columns.length === 0) return lit(random() < 0.1 ? null : Math.floor(random() * 6));
  return pick(random, columns);
}

function outerOf(random: Random, around: Around): Expr | undefined {
  const level = Math.floor(random() * around.length);
  const row = around[level]!;
  const columns = row.type.columns.flatMap(({ type }, index) =>
    type.kind === 'scalar' && type.dtype === 'i32' ? [outer(row, index, level + 1)] : [],
  );
  return columns.length === 0 ? undefined : pick(random, columns);
}

function caseOf(when: Expr, then: Expr, otherwise: Expr): Expr {
  return make({
    kind: 'case',
    branches: [{ when, then }],
    otherwise,
    type: then.type.nullable ? then.type : otherwise.type,
  });
}

/** A relation of one column and at most one row. */
function singleOf(random: Random, options: PlanOptions, around: Around): Relation {
  const inner = innerOf(random, options, around);
  const whole = aggregate(
    inner,
    [],
    aggregateCall(pick(random, ['min', 'max']), [
      numberOf(random, inner, 1, { ...options, subqueries: false }, around),
    ]),
  );
  return random() < 0.3 ? project(whole, call('coalesce', col(whole, 0), lit(7))) : whole;
}

function innerOf(random: Random, options: PlanOptions, around: Around): Relation {
  const inner = relationOf(random, { ...options, depth: Math.min(1, options.depth - 1) }, around);
  return filter(inner, predicateOf(random, inner, 1, { ...options, subqueries: false }, around));
}

function predicateOf(random: Random, input: Relation, depth: number, options: PlanOptions, around: Around): Expr {
  const deeper = (): Expr => predicateOf(random, input, depth - 1, options, around);
  const number = (): Expr => numberOf(random, input, depth, options, around);
  const choice = random();
  if (depth > 0 && choice < 0.25) return call('and', deeper(), deeper());
  if (depth > 0 && choice < 0.35) return call('or', deeper(), deeper());
  if (depth > 0 && choice < 0.42) return call('not', deeper());
  if (choice < 0.5) return call(pick(random, ['is_null', 'is_not_null'] as const), number());
  if (options.subqueries && depth > 0 && choice < 0.6)
    return subquery('exists', innerOf(random, options, [input, ...around]));
  if (options.subqueries && depth > 0 && choice < 0.7) {
    const inner = innerOf(random, options, [input, ...around]);
    return subquery('in', project(inner, numberOf(random, inner, 0, options, [])), number());
  }
  return call(pick(random, ['eq', 'eq', 'ne', 'lt', 'ge', 'is_distinct'] as const), number(), number());
}
