/**
 * Lowers relations to pipelines. In: a placed relation without correlated subqueries. Out: pipelines in the order in
 * which they run; the last gives the result.
 *
 * A relation becomes a `Stream`, a pipeline that has no sink yet; a breaker closes it and begins another.
 */
import { make } from '../../ir/build.js';
import type { Aggregate, Expr, Limit, Relation, SetOperation, Sort, SortKey, Subquery, Values } from '../../ir/node.js';
import { isVolatile, reachesOut } from '../../ir/node-facts.js';
import { placeOf } from '../../ir/places.js';
import { rewriteBottomUp } from '../../ir/rewrite.js';
import { scalar, unreachable, type ValueType } from '../../ir/type.js';
import { PARAM_BYTES, type ParameterSlot } from '../../runtime/plan.js';
import { lowerAggregate } from './lower-aggregate.js';
import { lowerBlocked } from './lower-blocked.js';
import { lowerJoin } from './lower-join.js';
import { lowerSetOperation } from './lower-setop.js';
import { lowerWindow } from './lower-window.js';
import { PlanLayout, slotsOf, tensorWidth, tupleLayout } from './layout.js';
import type { BestRows, JoinBuild, Operator, PhysicalPipeline, PhysicalSource, Sink, TupleBuffer } from './physical.js';
import { NoCode } from '../no-code.js';

/** Their pipelines end in buffers, which stay until the query ends and are read by any number of others. */
const KEEPS_ROWS: ReadonlySet<Relation['kind']> = new Set<Relation['kind']>([
  'aggregate', 'distinct', 'sort', 'setop', 'window', 'blocked',
]);

/** A larger top-k is a sort of all rows. */
const MOST_BEST_ROWS = 10_000;

const NOT_UNNESTED = 'a subquery that reads columns of the queries around it is not supported in this place yet';

export interface Stream {
  readonly source: PhysicalSource;
  readonly operators: readonly Operator[];
  readonly parallel: boolean;
  /** Of the source's columns, where a relation of the plan is just that. */
  readonly names?: readonly string[] | undefined;
}

export class Lowering {
  readonly layout = new PlanLayout();
  readonly pipelines: PhysicalPipeline[] = [];
  /** The statement's parameters, then the values of subqueries. */
  readonly parameters: ParameterSlot[] = [];
  /** Hash tables of joins, by the relation they hold. */
  readonly builds = new Map<Relation, readonly JoinBuild[]>();
  readonly #kept = new Map<Relation, Stream>();

  /** A row buffer for columns of these types. */
  tuples(types: readonly ValueType[]): TupleBuffer {
    const layout = tupleLayout(types.flatMap((type) => slotsOf(type)));
    return { buffer: this.layout.buffer(layout.tupleBytes), layout, types };
  }

  close(stream: Stream, sink: Sink, options: { readonly serial?: boolean } = {}): void {
    const { source, operators } = stream;
    this.pipelines.push({
      name: `p${this.pipelines.length}_${sink.kind}`,
      source,
      names: stream.names ?? [],
      operators,
      sink,
      parallel: stream.parallel && options.serial !== true,
    });
  }

  /** All rows of a stream in a buffer: then they can be read again, or together with another's. */
  materialise(stream: Stream, rows: TupleBuffer): Stream {
    this.close(stream, { kind: 'buffer', rows });
    return fromSource({ kind: 'buffer', rows });
  }

  root(relation: Relation): void {
    this.close(this.stream(this.withoutSubqueries(relation)), { kind: 'result', type: relation.type });
  }

  /** Subqueries run first; each one's value is then read like a parameter. */
  withoutSubqueries(relation: Relation): Relation {
    return rewriteBottomUp(relation, (node) => (node.kind === 'subquery' ? this.#slotOf(node) : undefined));
  }

  #slotOf(node: Subquery): Expr {
    if (node.mode === 'in') throw new NoCode('IN (subquery) is not supported in this place yet', placeOf(node));
    if (reachesOut(node.relation)) throw new NoCode(NOT_UNNESTED, placeOf(node));
    const parameter = this.parameters.length;
    this.parameters.push({ dtype: node.type.dtype, offset: this.layout.context.allocate(PARAM_BYTES) });
    const column = node.relation.type.columns[0]!;
    const first = {
      op: 'first',
      args: [make({ kind: 'ref', index: 0, type: column.type })],
      distinct: false,
      filter: undefined,
      name: 'value',
      type: node.type,
    } as const;
    const count = {
      op: 'count_star',
      args: [],
      distinct: false,
      filter: undefined,
      name: 'rows',
      type: scalar('i64'),
    } as const;
    const type = {
      kind: 'relation',
      columns: [
        { name: 'rows', type: scalar('i64') },
        ...(node.mode === 'scalar' ? [{ name: 'value', type: node.type }] : []),
      ],
    } as const;
    const input =
      node.mode === 'scalar'
        ? node.relation
        : make({
            kind: 'limit',
            input: node.relation,
            limit: make({ kind: 'literal', value: 1n, type: scalar('i64') }),
            offset: undefined,
          });
    const one = make({
      kind: 'aggregate',
      input,
      groups: [],
      calls: node.mode === 'scalar' ? [count, first] : [count],
      type,
    });
    this.close(this.stream(one), { kind: 'slot', mode: node.mode, parameter });
    return make({ kind: 'param', index: parameter, type: node.type });
  }

  /** What keeps its rows is run once, however often it stands in the plan. */
  stream(node: Relation): Stream {
    const known = this.#kept.get(node);
    if (known !== undefined) return known;
    const lowered = this.#lowered(node);
    const stream =
      lowered.operators.length > 0 || lowered.names !== undefined
        ? lowered
        : { ...lowered, names: node.type.columns.map((column) => column.name) };
    if (KEEPS_ROWS.has(node.kind) && !isVolatile(node)) this.#kept.set(node, stream);
    return stream;
  }

  #lowered(node: Relation): Stream {
    switch (node.kind) {
      case 'scan':
        return fromSource({ kind: 'scan', node });
      case 'values':
        return this.#values(node);
      case 'filter':
        return after(this.stream(node.input), { kind: 'filter', predicate: node.predicate });
      case 'project':
        return after(this.stream(node.input), { kind: 'project', exprs: node.exprs, names: node.names });
      case 'apply':
        return after(this.stream(node.input), { kind: 'apply', node });
      case 'join':
        return lowerJoin(this, node);
      case 'aggregate':
        return lowerAggregate(this, node);
      case 'distinct':
        return lowerAggregate(this, groupingOfAll(node.input));
      case 'sort':
        return this.#sort(node);
      case 'limit':
        return this.#limit(node);
      case 'setop':
        return this.#setOperation(node);
      case 'series':
        return { source: { kind: 'series', node }, operators: [], parallel: false };
      case 'blocked':
        return lowerBlocked(this, node);
      case 'window':
        return lowerWindow(this, node);
      default:
        return unreachable(node);
    }
  }

  #values(node: Values): Stream {
    const once: Stream = { source: { kind: 'once' }, operators: [], parallel: false };
    const [first, ...rest] = node.rows;
    if (first === undefined) {
      const nothing = make({ kind: 'literal', value: false, type: scalar('bool') });
      const types = node.type.columns.map(({ type }) => type);
      return after(after(once, { kind: 'filter', predicate: nothing }), { kind: 'pad_left', types });
    }
    if (rest.length === 0) return after(once, { kind: 'project', exprs: first });
    if (node.rows.every((row) => row.every(isLiteral))) {
      return { source: { kind: 'values', rows: node.rows, type: node.type }, operators: [], parallel: false };
    }
    const rows = this.tuples(node.type.columns.map((column) => column.type));
    for (const row of node.rows) this.close(after(once, { kind: 'project', exprs: row }), { kind: 'buffer', rows });
    return fromSource({ kind: 'buffer', rows });
  }

  #sort(node: Sort): Stream {
    const input = node.input.type.columns.map((column) => column.type);
    const types = [...input];
    const columnFields = fieldNumbers(input);
    const keys = node.keys.flatMap(scalarKeys).map((key) => {
      if (key.expr.kind === 'ref' && key.expr.type.kind === 'scalar')
        return { key, field: columnFields[key.expr.index]! };
      types.push(key.expr.type);
      return { key, field: fieldNumbers(types)[types.length - 1]! };
    });
    const isBounded = node.limit !== undefined && node.limit <= MOST_BEST_ROWS;
    if (isBounded) types.push(scalar('i64'));
    const rows = this.tuples(types);
    const best = isBounded ? this.#bestRows(rows, node.limit) : undefined;
    const state = { rows, keys, columnCount: input.length, limit: node.limit, best };
    this.close(this.stream(node.input), { kind: 'sort', state });
    return fromSource({ kind: 'sorted', state });
  }

  #bestRows(rows: TupleBuffer, limit: number): BestRows {
    const { local } = this.layout;
    return {
      heap: local.allocate(16 + limit * 4),
      spare: local.allocate(rows.layout.tupleBytes),
      sequence: rows.layout.fields.length - 1,
    };
  }

  #limit(node: Limit): Stream {
    const stream = this.stream(node.input);
    const place = this.layout.local.allocate(16);
    return { ...after(stream, { kind: 'limit', limit: node.limit, offset: node.offset, place }), parallel: false };
  }

  #setOperation(node: SetOperation): Stream {
    return lowerSetOperation(this, node);
  }
}

/** An array is ordered by its elements, the first that differ. */
function scalarKeys(key: SortKey): readonly SortKey[] {
  const { expr } = key;
  const { type } = expr;
  if (type.kind === 'scalar') return [key];
  if (type.kind !== 'tensor')
    throw new NoCode(`sorting by a ${type.kind.toUpperCase()} is not supported yet: sort by its parts`);
  return Array.from({ length: tensorWidth(type) }, (_, index) => ({
    ...key,
    expr: make({ kind: 'part', arg: expr, index, type: scalar(type.dtype, { nullable: type.nullable }) }),
  }));
}

/** A literal, or an array of them. */
function isLiteral(expr: Expr): boolean {
  return (
    expr.kind === 'literal' ||
    (expr.kind === 'pack' &&
      expr.type.kind === 'tensor' &&
      expr.parts.every((part) => part.kind === 'literal' && part.value !== null))
  );
}

export function fromSource(source: PhysicalSource): Stream {
  return { source, operators: [], parallel: true };
}

export function after(stream: Stream, operator: Operator): Stream {
  return { ...stream, operators: [...stream.operators, operator] };
}

/** DISTINCT is grouping by all columns. */
export function groupingOfAll(input: Relation): Aggregate {
  const groups = input.type.columns.map((column, index) => ({
    expr: make({ kind: 'ref', index, type: column.type }),
    name: column.name,
  }));
  return make({ kind: 'aggregate', input, groups, calls: [], type: input.type });
}

/** The first field of each column. */
export function fieldNumbers(types: readonly ValueType[]): readonly number[] {
  let next = 0;
  return types.map((type) => {
    const first = next;
    next += slotsOf(type).length;
    return first;
  });
}
