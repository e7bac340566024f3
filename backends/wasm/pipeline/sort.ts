/**
 * Sorting: tuples of all rows, then an array of their addresses in order of a generated comparison. A merge sort, so
 * that equal rows keep the order in which they came.
 */
import { CHUNK_HEADER_BYTES, type Finish } from '../../../runtime/plan.js';
import type { BestRows, SortState } from '../../relational/physical.js';
import { emitExpr, isTextual } from '../expression/emit.js';
import { compareText, less } from '../expression/compare.js';
import type { SqlValue } from '../expression/value.js';
import type { Func, FunctionBuilder } from '../dsl.js';
import { i32, load, select, type I32 } from '../values.js';
import { Scope, type Emission } from './emission.js';
import { appendTuple } from './memory.js';
import type { FlightColumn, Row, ScalarColumn } from './row.js';
import { fieldColumn, storeFields, storeTuple } from './tuple.js';
import { NoCode } from '../../no-code.js';

/** `name` is the pipeline's: that of its comparison. */
export function consumeSort(scope: Scope, state: SortState, row: Row, name: string): void {
  const keys = state.keys.map(({ key }): FlightColumn => {
    if (key.expr.kind === 'ref') return row.columns[key.expr.index]!;
    const value = emitExpr(scope, row, key.expr);
    return { kind: 'scalar', dtype: value.dtype, load: () => value };
  });
  const { layout, buffer } = state.rows;
  const columns = [...row.columns, ...keys.filter((_, i) => state.keys[i]!.key.expr.kind !== 'ref')];
  if (state.best !== undefined) return keepBest(scope, state, state.best, { columns, keys, name });
  storeTuple(scope, layout, appendTuple(scope, buffer), columns);
}

/** The row enters while there is room, or in place of the last of those kept where it comes before it. */
function keepBest(
  scope: Scope,
  { rows, limit, keys: places }: SortState,
  { heap, spare, sequence: sequenceField }: BestRows,
  { columns, keys, name }: {
    readonly columns: readonly FlightColumn[];
    readonly keys: readonly FlightColumn[];
    readonly name: string;
  },
): void {
  const { f } = scope;
  const place = f.let(scope.local.add(heap));
  const seen = f.let(load.i64(place, 8));
  f.store.i64(place, seen.add(1), 8);
  const sequence: ScalarColumn = {
    kind: 'scalar',
    dtype: 'i64',
    load: () => ({ dtype: 'i64', parts: [seen], isNull: undefined }),
  };
  const all = [...columns, sequence];
  const count = f.let(load.i32(place));
  scope.if(
    count.lt_u(limit ?? 0),
    () => {
      const tuple = appendTuple(scope, rows.buffer);
      f.fill(tuple, 0, rows.layout.tupleBytes);
      storeTuple(scope, rows.layout, tuple, all, 'replaced');
      f.store.i32(place.add(count.shl(2)), tuple, 16);
      f.store.i32(place, count.add(1));
      f.call(heapStep(`rise_${name}`), { heap: place });
    },
    () => {
      if (limit === 0) return;
      // What decides is enough, and text stays where it lies, until the row is known to be kept.
      const candidate = f.let(scope.local.add(spare));
      const deciding: (SqlValue | undefined)[] = rows.layout.fields.map(() => undefined);
      keys.forEach((key, i) => { deciding[places[i]!.field] = scalarOf(key).load(scope); });
      deciding[sequenceField] = sequence.load(scope);
      storeFields(scope, rows.layout, candidate, deciding, 'lent');
      const last = f.let(load.i32(place, 16));
      scope.if(f.call(beforeOf(name), { a: candidate, b: last }), () => {
        storeTuple(scope, rows.layout, last, all, 'replaced');
        f.call(heapStep(`sink_${name}`), { heap: place });
      });
    },
  );
}

function scalarOf(column: FlightColumn): ScalarColumn {
  if (column.kind !== 'scalar') throw new NoCode('sorting by values that are no scalars is not supported yet');
  return column;
}

const beforeOf = (name: string): Before => ({ name: `before_${name}`, params: { a: 'i32', b: 'i32' }, result: 'i32' });
const heapStep = (name: string): Func<{ heap: 'i32' }, undefined> => ({
  name,
  params: { heap: 'i32' },
  result: undefined,
});

/** A heap of tuples with the last in order at the root: rise puts the newest, sink the root, in its place. */
function defineHeap(emission: Emission, name: string, before: Before): void {
  const at = (heap: I32, i: I32): I32 => heap.add(16).add(i.shl(2));
  const swap = (f: FunctionBuilder, a: I32, b: I32): void => {
    const held = f.let(load.i32(a));
    f.store.i32(a, load.i32(b));
    f.store.i32(b, held);
  };
  emission.module.define(`rise_${name}`, { params: { heap: 'i32' } }, (f, { heap }) => {
    const i = f.let(load.i32(heap).sub(1));
    f.while(
      () => i.gt_s(0),
      (label) => {
        const parent = f.let(i.sub(1).shr_u(1));
        label.break(f.call(before, { a: load.i32(at(heap, parent)), b: load.i32(at(heap, i)) }).eqz());
        swap(f, at(heap, parent), at(heap, i));
        f.set(i, parent);
      },
    );
  });
  emission.module.define(`sink_${name}`, { params: { heap: 'i32' } }, (f, { heap }) => {
    const count = f.let(load.i32(heap));
    const i = f.let(i32(0));
    f.loop((label) => {
      const child = f.let(i.shl(1).add(1));
      label.break(child.ge_s(count));
      f.if(child.add(1).lt_s(count), () => {
        const second = f.call(before, { a: load.i32(at(heap, child)), b: load.i32(at(heap, child.add(1))) });
        f.set(child, child.add(second));
      });
      label.break(f.call(before, { a: load.i32(at(heap, i)), b: load.i32(at(heap, child)) }).eqz());
      swap(f, at(heap, i), at(heap, child));
      f.set(i, child);
    });
  });
}

export function defineSort(emission: Emission, name: string, state: SortState): Finish {
  const [gather, sort] = [`gather_${name}`, `sort_${name}`];
  defineGather(emission, gather, state.rows.layout.tupleBytes);
  const before = defineCompare(emission, `before_${name}`, state);
  if (state.best !== undefined) defineHeap(emission, name, before);
  defineMergeSort(emission, sort, before);
  return { kind: 'sort', buffer: state.rows.buffer.id, gather, sort, limit: state.limit };
}

function defineGather(emission: Emission, name: string, tupleBytes: number): void {
  emission.module.define(
    name,
    { params: { chunk: 'i32', destination: 'i32' }, result: 'i32', export: true },
    (f, { chunk, destination }) => {
      const tuple = f.let(chunk.add(CHUNK_HEADER_BYTES));
      f.forRange({ to: f.let(load.i32(chunk, 4)) }, () => {
        f.store.i32(destination, tuple);
        f.advance(tuple, tupleBytes);
        f.advance(destination, 4);
      });
      f.return(destination);
    },
  );
}

type Before = Func<{ a: 'i32'; b: 'i32' }, 'i32'>;

/** before(a, b): whether tuple a comes strictly before tuple b. */
function defineCompare(emission: Emission, name: string, state: SortState): Before {
  return emission.module.define(name, { params: { a: 'i32', b: 'i32' }, result: 'i32' }, (f, { a, b }) => {
    const scope = new Scope(emission, f, { context: i32(0), local: i32(0) });
    for (const { key, field } of state.keys) {
      const { layout } = state.rows;
      const [x, y] = [a, b].map((tuple) => {
        return scalarOf(fieldColumn(layout, layout.fields[field]!, { tuple, absent: undefined })).load(scope);
      });
      const decide = (): void => {
        if (isTextual(x!.dtype)) {
          const order = compareText(scope, x!, y!);
          f.if(order, () => f.return(key.descending ? order.gt_s(0) : order.lt_s(0)));
          return;
        }
        f.if(less(scope, x!, y!), () => f.return(key.descending ? 0 : 1));
        f.if(less(scope, y!, x!), () => f.return(key.descending ? 1 : 0));
      };
      if (x!.isNull === undefined || y!.isNull === undefined) {
        decide();
        continue;
      }
      f.if(x!.isNull.ne(y!.isNull), () => f.return(key.nullsFirst ? x!.isNull! : y!.isNull!));
      f.if(x!.isNull.eqz(), decide);
    }
    if (state.best !== undefined) {
      const { offset } = state.rows.layout.fields[state.best.sequence]!;
      f.return(load.i64(a, offset).lt_s(load.i64(b, offset)));
    }
    f.return(0);
  });
}

const RUN_LENGTH = 8;

/**
 * sort(context, pointers, temporary, count): insertion sort of short runs, then merging from one array to the other.
 */
function defineMergeSort(emission: Emission, name: string, before: Before): void {
  const { module } = emission;
  const at = (array: I32, i: I32): I32 => array.add(i.shl(2));
  module.define(
    name,
    { params: { context: 'i32', pointers: 'i32', temporary: 'i32', count: 'i32' }, export: true },
    (f, { pointers, temporary, count }) => {
      f.forRange({ to: count, step: RUN_LENGTH }, (begin) => {
        const end = f.let(begin.add(RUN_LENGTH));
        f.set(end, select(end.gt_s(count), count, end as I32));
        f.forRange({ from: begin.add(1), to: end }, (i) => {
          const moved = f.let(load.i32(at(pointers, i)));
          const place = f.let(i as I32);
          f.loop((label) => {
            label.break(place.le_s(begin));
            const previous = f.let(load.i32(at(pointers, place.sub(1))));
            label.break(f.call(before, { a: moved, b: previous }).eqz());
            f.store.i32(at(pointers, place), previous);
            f.set(place, place.sub(1));
          });
          f.store.i32(at(pointers, place), moved);
        });
      });
      const from = f.let(pointers as I32);
      const to = f.let(temporary as I32);
      const width = f.let(i32(RUN_LENGTH));
      f.while(
        () => width.lt_s(count),
        () => {
          const begin = f.let(i32(0), 'begin');
          f.while(
            () => begin.lt_s(count),
            () => {
              const middle = f.let(select(begin.add(width).gt_s(count), count, begin.add(width)));
              const end = f.let(select(begin.add(width.shl(1)).gt_s(count), count, begin.add(width.shl(1))));
              const [a, b] = [f.let(begin as I32), f.let(middle as I32)];
              f.forRange({ from: begin, to: end }, (out) => {
                // The right one only where it is strictly before: equal rows keep their order.
                const right = f.let(i32(0));
                f.if(
                  a.ge_s(middle),
                  () => f.set(right, 1),
                  () =>
                    f.if(b.lt_s(end), () => {
                      f.set(right, f.call(before, { a: load.i32(at(from, b)), b: load.i32(at(from, a)) }));
                    }),
                );
                f.store.i32(at(to, out), load.i32(at(from, select(right, b as I32, a as I32))));
                f.set(b, b.add(right));
                f.set(a, a.add(right.eqz()));
              });
              f.set(begin, end);
            },
          );
          const swap = f.let(from as I32);
          f.set(from, to);
          f.set(to, swap);
          f.set(width, width.shl(1));
        },
      );
      f.if(from.ne(pointers), () => f.copy(pointers, from, count.shl(2)));
    },
  );
}
