/**
 * How many rows a relation gives, roughly: from the row counts and distinct values storage knows, with textbook
 * selectivities where it does not (Selinger et al. 1979). Estimates order joins and choose representations; no result
 * depends on them.
 *
 * Of two columns of one table, as the keys of a join or a grouping, there are no more pairs than the table has rows.
 */
import type { Expr, Join, LiteralValue, Relation, Scan } from '../ir/node.js';
import { conjuncts } from '../ir/terms.js';
import type { ColumnStatistics, Statistics } from './pass.js';
import { isCall, isLiteral } from './scalar-rules/rule.js';

const UNKNOWN_TABLE_ROWS = 1000;
const EQUAL = 0.1;
const RANGE = 1 / 3;
const PATTERN = 0.1;
const NULL_SHARE = 0.05;
const HALF = 0.5;

export interface RowEstimator {
  readonly rows: (relation: Relation) => number;
  /**
   * Between `rows` and what there would be if no filter on a range or a pattern took anything away (their geometric
   * mean): the size to plan with where too low an estimate costs more than too high a one.
   */
  readonly cautiousRows: (relation: Relation) => number;
  /** The share of the relation's rows for which the predicate is true. */
  readonly selectivity: (predicate: Expr, relation: Relation) => number;
}

export function estimateRows(statistics: Statistics): RowEstimator {
  const likely = estimatorOf(statistics, selectivityOf);
  const most = estimatorOf(statistics, sureSelectivityOf);
  return {
    ...likely,
    cautiousRows: (relation) => Math.sqrt(likely.rows(relation) * Math.max(most.rows(relation), likely.rows(relation))),
  };
}

type SelectivityOf = (predicate: Expr | undefined, columnOf: ColumnOf) => number;

function estimatorOf(statistics: Statistics, filterSelectivity: SelectivityOf): Omit<RowEstimator, 'cautiousRows'> {
  const columnOf = columnFinder(statistics);
  const known = new Map<Relation, number>();
  const rows = (relation: Relation): number => {
    const found = known.get(relation) ?? Math.max(compute(relation), 0);
    known.set(relation, found);
    return found;
  };
  const selectivity = (predicate: Expr, relation: Relation): number =>
    selectivityOf(predicate, (expr) => columnOf(expr, relation));

  function compute(node: Relation): number {
    switch (node.kind) {
      case 'scan': return statistics.rows(node.table) ?? UNKNOWN_TABLE_ROWS;
      case 'values': return node.rows.length;
      case 'series': return UNKNOWN_TABLE_ROWS;
      case 'filter': return rows(node.input) * filterSelectivity(node.predicate, (expr) => columnOf(expr, node.input));
      case 'project': case 'window': case 'apply': case 'blocked': return rows(node.input);
      case 'sort': return Math.min(rows(node.input), node.limit ?? Infinity);
      case 'limit': {
        const most = isLiteral(node.limit) ? node.limit.value : null;
        return Math.min(rows(node.input), most === null ? Infinity : Number(most));
      }
      case 'distinct':
        return groupCount(
          node.input,
          node.input.type.columns.map((column, index) => ({ kind: 'ref', index, type: column.type })),
        );
      case 'aggregate':
        return node.groups.length === 0
          ? 1
          : groupCount(
              node.input,
              node.groups.map((group) => group.expr),
            );
      case 'setop': return node.op === 'union' ? rows(node.left) + rows(node.right) : rows(node.left) * HALF;
      case 'join': return joinRows(node);
    }
  }

  function groupCount(input: Relation, keys: readonly Expr[]): number {
    const columns = keys.map((key) => columnOf(key, input) ?? { tableRows: Math.sqrt(rows(input)) });
    return Math.max(1, Math.min(distinctOf(columns), rows(input)));
  }

  function joinRows(node: Join): number {
    const [left, right] = [rows(node.left), rows(node.right)];
    const matched = left * right * selectivityOf(node.on, (expr) => columnOf(expr, node));
    switch (node.join) {
      case 'inner': case 'cross': return matched;
      case 'left': return Math.max(left, matched);
      case 'right': return Math.max(right, matched);
      case 'full': return Math.max(left, right, matched);
      case 'semi': case 'anti': return left * HALF;
    }
  }

  return { rows, selectivity };
}

/** What is known of a column, traced to the table it comes from. */
function columnFinder(statistics: Statistics): (expr: Expr, relation: Relation) => KnownColumn | undefined {
  function columnOf(expr: Expr, relation: Relation): KnownColumn | undefined {
    if (expr.kind === 'cast') return columnOf(expr.arg, relation);
    return expr.kind === 'ref' ? columnAt(relation, expr.index) : undefined;
  }

  function columnAt(node: Relation, index: number): KnownColumn | undefined {
    switch (node.kind) {
      case 'scan': {
        const known = statistics.column(node.table, node.schema.columns[node.columns[index]!]!.name);
        const tableRows = statistics.rows(node.table) ?? UNKNOWN_TABLE_ROWS;
        return {
          min: known?.min,
          max: known?.max,
          nullCount: known?.nullCount,
          distinct: known?.distinct,
          tableRows,
          table: node,
        };
      }
      case 'filter': case 'sort': case 'limit': case 'distinct': return columnAt(node.input, index);
      case 'project': return columnOf(node.exprs[index]!, node.input);
      case 'aggregate': return index < node.groups.length ? columnOf(node.groups[index]!.expr, node.input) : undefined;
      case 'window':
      case 'apply':
        return index < node.input.type.columns.length ? columnAt(node.input, index) : undefined;
      case 'join': {
        const width = node.left.type.columns.length;
        return index < width ? columnAt(node.left, index) : columnAt(node.right, index - width);
      }
      default: return undefined;
    }
  }
  return columnOf;
}

interface KnownColumn extends ColumnStatistics {
  readonly table: Scan;
  readonly tableRows: number;
}

/** Distinct combinations of columns: of those of one table at most its rows. */
function distinctOf(columns: readonly (KnownColumn | { readonly tableRows: number })[]): number {
  const byTable = new Map<Scan | undefined, number>();
  const rowsOf = new Map<Scan | undefined, number>();
  for (const column of columns) {
    const table = 'table' in column ? column.table : undefined;
    const distinct = 'table' in column ? column.distinct ?? Math.sqrt(column.tableRows) : column.tableRows;
    byTable.set(table, (byTable.get(table) ?? 1) * distinct);
    rowsOf.set(table, table === undefined ? Infinity : column.tableRows);
  }
  return [...byTable].reduce((count, [table, distinct]) => count * Math.min(distinct, rowsOf.get(table)!), 1);
}

type ColumnOf = (expr: Expr) => KnownColumn | undefined;

function selectivityOf(predicate: Expr | undefined, columnOf: ColumnOf): number {
  const parts = conjuncts(predicate);
  if (parts.length !== 1) return selectivityOfAll(parts, columnOf);
  const part = parts[0]!;
  if (isLiteral(part)) return part.value === true ? 1 : 0;
  if (part.kind !== 'call') return RANGE;
  const [a, b] = part.args;
  switch (part.op) {
    case 'or': return 1 - part.args.reduce((none, arg) => none * (1 - selectivityOf(arg, columnOf)), 1);
    case 'not': return 1 - selectivityOf(a, columnOf);
    case 'eq': case 'is_not_distinct': case 'ieee_eq': return equality(columnOf(a!), columnOf(b!));
    case 'ne': case 'is_distinct': return 1 - equality(columnOf(a!), columnOf(b!));
    case 'lt': case 'le': case 'ieee_lt': case 'ieee_le': return range(a!, b!, columnOf);
    case 'gt': case 'ge': return range(b!, a!, columnOf);
    case 'is_null': return NULL_SHARE;
    case 'is_not_null': return 1 - NULL_SHARE;
    case 'like':
    case 'ilike':
    case 'starts_with':
    case 'ends_with':
    case 'contains':
    case 'regexp_matches':
    case 'regexp_full_match':
      return PATTERN;
    default: return isCall(part, 'coalesce') ? selectivityOf(a, columnOf) : RANGE;
  }
}

/** Only what an equality takes away: it is estimated well, a share of a range or a pattern is a guess. */
function sureSelectivityOf(predicate: Expr | undefined, columnOf: ColumnOf): number {
  return selectivityOfAll(conjuncts(predicate).filter((part) => isCall(part, 'eq') || isLiteral(part)), columnOf);
}

interface KeyPair {
  readonly part: Expr;
  readonly left: KnownColumn;
  readonly right: KnownColumn;
}

function keyPairOf(part: Expr, columnOf: ColumnOf): KeyPair | undefined {
  if (!isCall(part, 'eq')) return undefined;
  const [left, right] = [columnOf(part.args[0]!), columnOf(part.args[1]!)];
  return left?.distinct === undefined || right?.distinct === undefined ? undefined : { part, left, right };
}

/** Conjuncts are independent, but for equalities between the same two tables, which are one key of several columns. */
function selectivityOfAll(parts: readonly Expr[], columnOf: ColumnOf): number {
  const keys: KeyPair[][] = [];
  let share = 1;
  for (const part of parts) {
    const pair = keyPairOf(part, columnOf);
    const same = keys.find(
      ([first]) => first!.left.table === pair?.left.table && first!.right.table === pair.right.table,
    );
    if (pair === undefined) share *= selectivityOf(part, columnOf);
    else if (same === undefined) keys.push([pair]);
    else same.push(pair);
  }
  for (const pairs of keys) {
    const [left, right] = [distinctOf(pairs.map((pair) => pair.left)), distinctOf(pairs.map((pair) => pair.right))];
    share *= pairs.length === 1 ? selectivityOf(pairs[0]!.part, columnOf) : 1 / Math.max(left, right, 1);
  }
  return share;
}

/**
 * 1 / the greater number of distinct values. Of two columns of which nothing is known, one is taken for the key of the
 * smaller table, which the other refers to.
 */
function equality(a: KnownColumn | undefined, b: KnownColumn | undefined): number {
  const most = Math.max(a?.distinct ?? 0, b?.distinct ?? 0);
  if (most > 0) return 1 / most;
  return a === undefined || b === undefined ? EQUAL : 1 / Math.max(1, Math.min(a.tableRows, b.tableRows));
}

/** The share of a below b, between the known ends when one of them is a literal. */
function range(a: Expr, b: Expr, columnOf: ColumnOf): number {
  const below = isLiteral(b);
  const ends = columnOf(below ? a : b);
  const bound = numberOf(below ? b.value : isLiteral(a) ? a.value : undefined);
  const [min, max] = [numberOf(ends?.min), numberOf(ends?.max)];
  if (bound === undefined || min === undefined || max === undefined || max <= min) return RANGE;
  const share = Math.min(1, Math.max(0, (bound - min) / (max - min)));
  return below ? share : 1 - share;
}

/** NaN and infinities are at no place between two ends. */
function numberOf(value: LiteralValue | undefined): number | undefined {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  return isNumber && Number.isFinite(Number(value)) ? Number(value) : undefined;
}
