/**
 * A subquery's relation joined with the distinct values of the enclosing rows that it reads (the domain: Neumann and
 * Kemper, "Unnesting Arbitrary Queries", 2015). What it asks of the enclosing row is then equality with the domain.
 */
import { make } from '../ir/build.js';
import type { Expr, Node, Relation } from '../ir/node.js';
import { isVolatile, oncePerNode } from '../ir/node-facts.js';
import { projected } from './operator.js';
import {
  allRefs,
  columnRef,
  comeNearer,
  conjoin,
  isCorrelated,
  namesOf,
  renumber,
  TRUE,
  walkByDepth,
} from './reference.js';
import { call } from './scalar-rules/rule.js';

export interface Pulled {
  /** The subquery's columns, then further ones that the conditions read. It reads the enclosing row no more. */
  readonly relation: Relation;
  /** Over the relation's columns; the enclosing row is `outer` of depth 1. */
  readonly predicates: readonly Expr[];
  /** The subquery's columns where no row matches, for one that gives exactly one row (an aggregate without groups). */
  readonly whenEmpty: readonly Expr[] | undefined;
}

/** Whether an expression or relation inside a subquery reads the row of the query around it. */
export const readsAround: (root: Node) => boolean = oncePerNode((root: Node) => outerColumns([root]).length > 0);

/**
 * Joins the distinct outer values in, so that `exprs` and conditions read them as columns. What is there when no row
 * matches is then a row like others: each outer value has one.
 */
export function bindDomain(
  pulled: Pulled,
  exprs: readonly Expr[],
  around: Relation,
): { pulled: Pulled; exprs: readonly Expr[] } | undefined {
  if (
    isCorrelated(around) ||
    isVolatile(around) ||
    [...pulled.predicates, ...exprs].some((expr) => isCorrelated(expr, 1))
  )
    return undefined;
  const used = outerColumns([...pulled.predicates, ...exprs]);
  const columns = around.type.columns;
  const groups = used.map((index) => ({ expr: columnRef(columns, index), name: columns[index]!.name }));
  const domain = make({ kind: 'aggregate', input: around, groups, calls: [] });
  const width = pulled.relation.type.columns.length;
  // Nothing here reads further out than one query, so coming nearer changes no other depth.
  const asColumn = (expr: Expr): Expr =>
    comeNearer(expr, (index) => {
      const column = columnRef(domain.type.columns, used.indexOf(index));
      return make({ ...column, index: column.index + width });
    });
  const on = pulled.predicates.map(asColumn);
  const relation =
    pulled.whenEmpty === undefined
      ? make({
          kind: 'join',
          join: on.length === 0 ? 'cross' : 'inner',
          left: pulled.relation,
          right: domain,
          on: conjoin(on),
        })
      : withEmpty(pulled.relation, { domain, on, whenEmpty: pulled.whenEmpty });
  const predicates = used.map((index, i) =>
    make({
      kind: 'call',
      op: 'is_not_distinct',
      args: [
        make({ kind: 'outer', depth: 1, index, type: columns[index]!.type }),
        columnRef(relation.type.columns, width + i),
      ],
    }),
  );
  return { pulled: { relation, predicates, whenEmpty: undefined }, exprs: exprs.map(asColumn) };
}

/** As the inner join of `rows` and the domain, with `whenEmpty` beside the outer values that find no row. */
function withEmpty(
  rows: Relation,
  { domain, on, whenEmpty }: { domain: Relation; on: readonly Expr[]; whenEmpty: readonly Expr[] },
): Relation {
  const [width, keys] = [rows.type.columns.length, domain.type.columns.length];
  const moved = on.map((predicate) => renumber(predicate, (index) => (index < width ? index + keys : index - width)));
  const join = make({ kind: 'join', join: 'left', left: domain, right: marked(rows), on: conjoin(moved) ?? TRUE });
  const refs = allRefs(join);
  const values = whenEmpty.map((then, i): Expr => {
    const otherwise = refs[keys + i]!;
    const branches = [{ when: call('is_null', refs[keys + width]!), then }];
    return make({ kind: 'case', branches, otherwise, type: otherwise.type });
  });
  const kept = refs.slice(keys + whenEmpty.length, keys + width);
  return projected(join, [...values, ...kept, ...refs.slice(0, keys)], [...namesOf(rows), ...namesOf(domain)]);
}

/** A column of true after the others: NULL where a left join found nothing. */
export function marked(relation: Relation): Relation {
  return projected(relation, [...allRefs(relation), TRUE], [...namesOf(relation), 'found']);
}

export function outerColumns(roots: readonly Node[]): readonly number[] {
  const found = new Set<number>();
  for (const root of roots) {
    walkByDepth(root, (node, depth) => {
      if (node.kind === 'outer' && node.depth === depth + 1) found.add(node.index);
      return true;
    });
  }
  return [...found].sort((a, b) => a - b);
}
