/**
 * A worker's own hash table over the tuples of one row buffer: chained buckets, four times as many when they are full.
 *
 * Table in local: +0 buckets address +4 bucket mask +8 tuple count +12 for the owner. A tuple begins with the next of
 * its bucket and its hash (relational/layout.ts).
 */
import { CHUNK_HEADER_BYTES, type RowBuffer } from '../../../runtime/plan.js';
import { TUPLE_HASH, TUPLE_NEXT } from '../../relational/layout.js';
import type { Func, Local } from '../dsl.js';
import { i32, load, select, type I32 } from '../values.js';
import { support, type Emission, type Scope } from './emission.js';
import { allocFunction, appendFunction } from './memory.js';

const FIRST_BUCKETS = 64;

export interface TablePlace {
  readonly buffer: RowBuffer;
  readonly tableOffset: number;
}

/**
 * The tuple of these keys, a new zeroed one when there was none. `same(tuple)`: whether a tuple of equal hash is it.
 * `found` is 1 where it was there already.
 */
export function findOrInsert(
  scope: Scope,
  place: TablePlace,
  options: { readonly hash: I32; readonly same: (tuple: I32) => I32 },
): { tuple: Local<'i32'>; found: Local<'i32'> } {
  const { f, local } = scope;
  const { hash, same } = options;
  const tuple = f.local('i32', 'tuple');
  const found = f.local('i32', 'found');
  f.set(found, 0);
  f.set(tuple, 0);
  const buckets = f.let(load.i32(local, place.tableOffset));
  f.if(buckets, () => f.set(tuple, load.i32(buckets.add(hash.and(load.i32(local, place.tableOffset + 4)).shl(2)))));
  f.loop((label) => {
    label.break(tuple.eqz());
    scope.within(() => {
      f.if(load.i32(tuple, TUPLE_HASH).eq(hash), () => scope.within(() => f.set(found, same(tuple))));
      label.break(found);
    });
    f.set(tuple, load.i32(tuple, TUPLE_NEXT));
  });
  f.if(found.eqz(), () =>
    f.set(
      tuple,
      f.call(insertFunction(scope.emission), {
        header: local.add(place.buffer.localOffset),
        table: local.add(place.tableOffset),
        tupleBytes: place.buffer.tupleBytes,
        hash,
      }),
    ),
  );
  return { tuple, found };
}

type Insert = Func<{ header: 'i32'; table: 'i32'; tupleBytes: 'i32'; hash: 'i32' }, 'i32'>;

function insertFunction(emission: Emission): Insert {
  const append = appendFunction(emission);
  const grow = growFunction(emission);
  return support(emission, 'table_insert', (module) =>
    module.define(
      'table_insert',
      { params: { header: 'i32', table: 'i32', tupleBytes: 'i32', hash: 'i32' }, result: 'i32' },
      (f, { header, table, tupleBytes, hash }) => {
        const count = f.let(load.i32(table, 8));
        f.if(count.gt_u(load.i32(table, 4)).or(load.i32(table).eqz()), () =>
          f.call(grow, { header, table, tupleBytes }),
        );
        const tuple = f.call(append, { header, tupleBytes });
        f.fill(tuple, 0, tupleBytes);
        const bucket = f.let(load.i32(table).add(hash.and(load.i32(table, 4)).shl(2)));
        f.store.i32(tuple, load.i32(bucket), TUPLE_NEXT);
        f.store.i32(tuple, hash, TUPLE_HASH);
        f.store.i32(bucket, tuple);
        f.store.i32(table, count.add(1), 8);
        f.return(tuple);
      },
    ),
  );
}

/** Four times the buckets, and every tuple of the buffer chained anew. */
function growFunction(emission: Emission): Func<{ header: 'i32'; table: 'i32'; tupleBytes: 'i32' }> {
  const alloc = allocFunction(emission);
  return support(emission, 'table_grow', (module) =>
    module.define(
      'table_grow',
      { params: { header: 'i32', table: 'i32', tupleBytes: 'i32' } },
      (f, { header, table, tupleBytes }) => {
        const size = f.let(select(load.i32(table).eqz(), i32(FIRST_BUCKETS), load.i32(table, 4).add(1).shl(2)));
        const buckets = f.call(alloc, { bytes: size.shl(2) });
        f.fill(buckets, 0, size.shl(2));
        f.store.i32(table, buckets);
        f.store.i32(table, size.sub(1), 4);
        const chunk = f.let(load.i32(header));
        f.while(
          () => chunk,
          () => {
            const tuple = f.let(chunk.add(CHUNK_HEADER_BYTES));
            f.forRange({ to: load.i32(chunk, 4) }, () => {
              const bucket = f.let(buckets.add(load.i32(tuple, TUPLE_HASH).and(size.sub(1)).shl(2)));
              f.store.i32(tuple, load.i32(bucket), TUPLE_NEXT);
              f.store.i32(bucket, tuple);
              f.advance(tuple, tupleBytes);
            });
            f.set(chunk, load.i32(chunk));
          },
        );
      },
    ),
  ) as Func<{ header: 'i32'; table: 'i32'; tupleBytes: 'i32' }>;
}
