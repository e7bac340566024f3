/**
 * Memory that generated code takes while it runs: row-buffer tuples, heap copies of text which live as long as the
 * query, and the text arena which is empty again at the start of each run, and between two rows when it is full.
 *
 * Layouts in local: heap +0 next free address +4 end. arena +0 block address +4 bytes used +8 block bytes.
 */
import { CHUNK_HEADER_BYTES, type RowBuffer } from '../../../runtime/plan.js';
import type { Func } from '../dsl.js';
import { i32, load, select, type I32 } from '../values.js';
import { localPlace, support, type Emission, type Scope } from './emission.js';

const FIRST_CHUNK_TUPLES = 32;
const CHUNK_BYTES = 256 * 1024;
const HEAP_BLOCK_BYTES = 64 * 1024;
const ARENA_BLOCK_BYTES = 64 * 1024;
const ARENA_FULL_BYTES = 1024 * 1024;
/** Before a text that another may take the place of: how long that may be. */
const ROOM_BYTES = 8;
const LEAST_ROOM = 16;

export function allocFunction(emission: Emission): Func<{ bytes: 'i32' }, 'i32'> {
  return emission.module.importFunction('alloc', { params: { bytes: 'i32' }, result: 'i32' });
}

/** A new tuple at the end of the worker's chunks; its bytes are not zeroed. */
export function appendTuple(scope: Scope, buffer: RowBuffer): I32 {
  return scope.f.call(appendFunction(scope.emission), {
    header: scope.local.add(buffer.localOffset),
    tupleBytes: buffer.tupleBytes,
  });
}

/**
 * append(header, tupleBytes) -> tuple. Chunks double from a few tuples up to CHUNK_BYTES, so that small results stay
 * small.
 */
export function appendFunction(emission: Emission): Func<{ header: 'i32'; tupleBytes: 'i32' }, 'i32'> {
  const alloc = allocFunction(emission);
  return support(emission, 'append_tuple', (module) =>
    module.define(
      'append_tuple',
      { params: { header: 'i32', tupleBytes: 'i32' }, result: 'i32' },
      (f, { header, tupleBytes }) => {
        const chunk = f.let(load.i32(header, 4), 'chunk');
        const count = f.let(select(chunk.eqz(), i32(0), load.i32(chunk, 4)), 'count');
        const capacity = f.let(select(chunk.eqz(), i32(0), load.i32(chunk, 8)), 'capacity');
        f.if(count.eq(capacity), () => {
          const most = f.let(i32(CHUNK_BYTES - CHUNK_HEADER_BYTES).div_u(tupleBytes));
          f.set(capacity, select(capacity.eqz(), i32(FIRST_CHUNK_TUPLES), capacity.shl(1)));
          f.set(capacity, select(capacity.gt_u(most), select(most.eqz(), i32(1), most), capacity));
          const next = f.call(alloc, { bytes: capacity.mul(tupleBytes).add(CHUNK_HEADER_BYTES) });
          f.store.i32(next, 0);
          f.store.i32(next, capacity, 8);
          f.if(
            chunk.eqz(),
            () => f.store.i32(header, next),
            () => f.store.i32(chunk, next),
          );
          f.store.i32(header, next, 4);
          f.set(chunk, next);
          f.set(count, 0);
        });
        f.store.i32(chunk, count.add(1), 4);
        f.store.i32(header, load.i32(header, 8).add(1), 8);
        f.return(chunk.add(CHUNK_HEADER_BYTES).add(count.mul(tupleBytes)));
      },
    ),
  );
}

/** A copy of bytes that lives as long as the query. */
export function heapCopy(scope: Scope, address: I32, length: I32): I32 {
  return scope.f.call(heapCopyFunction(scope.emission), { local: scope.local, address, length });
}

function heapCopyFunction(emission: Emission): Func<{ local: 'i32'; address: 'i32'; length: 'i32' }, 'i32'> {
  const take = heapFunction(emission);
  return support(emission, 'heap_copy', (module) =>
    module.define(
      'heap_copy',
      { params: { local: 'i32', address: 'i32', length: 'i32' }, result: 'i32' },
      (f, { local, address, length }) => {
        const copy = f.call(take, { local, bytes: length });
        f.copy(copy, address, length);
        f.return(copy);
      },
    ),
  );
}

/**
 * Puts a copy of a text in a field of (address, length), in the place of the text that the field had from here before
 * (none: zero) where it fits: a place has the room of a power of two, which lies in the 8 bytes before it.
 */
export function replaceText(scope: Scope, field: I32, text: { readonly address: I32; readonly length: I32 }): void {
  scope.f.call(replaceFunction(scope.emission), { local: scope.local, field, ...text });
}

function replaceFunction(
  emission: Emission,
): Func<{ local: 'i32'; field: 'i32'; address: 'i32'; length: 'i32' }, undefined> {
  const take = heapFunction(emission);
  return support(emission, 'replace_text', (module) =>
    module.define(
      'replace_text',
      { params: { local: 'i32', field: 'i32', address: 'i32', length: 'i32' } },
      (f, { local, field, address, length }) => {
        const at = f.let(load.i32(field), 'at');
        const room = f.let(i32(0), 'room');
        f.if(at, () => f.set(room, load.i32(at.sub(ROOM_BYTES))));
        f.if(at.eqz().or(room.lt_u(length)), () => {
          f.set(room, i32(1).shl(i32(32).sub(length.sub(length.ne(0)).or(LEAST_ROOM - 1).clz())));
          f.set(at, f.call(take, { local, bytes: room.add(ROOM_BYTES) }).add(ROOM_BYTES));
          f.store.i32(at.sub(ROOM_BYTES), room);
        });
        f.copy(at, address, length);
        f.store.i32(field, at);
        f.store.i32(field, length, 4);
      },
    ),
  );
}

/** Bytes that live as long as the query, 8-byte aligned. */
export function heapAlloc(scope: Scope, bytes: I32): I32 {
  return scope.f.call(heapFunction(scope.emission), { local: scope.local, bytes: bytes.add(7).and(-8) });
}

function heapFunction(emission: Emission): Func<{ local: 'i32'; bytes: 'i32' }, 'i32'> {
  const place = localPlace(emission, 'heap', 16);
  const alloc = allocFunction(emission);
  return support(emission, 'heap_alloc', (module) =>
    module.define('heap_alloc', { params: { local: 'i32', bytes: 'i32' }, result: 'i32' }, (f, { local, bytes }) => {
      const heap = f.let(local.add(place));
      const at = f.let(load.i32(heap).add(7).and(-8), 'at');
      f.if(load.i32(heap, 4).lt_u(at.add(bytes)), () => {
        const block = f.let(select(bytes.gt_u(HEAP_BLOCK_BYTES / 4), bytes, i32(HEAP_BLOCK_BYTES)));
        f.set(at, f.call(alloc, { bytes: block }));
        f.store.i32(heap, at.add(block), 4);
      });
      f.store.i32(heap, at.add(bytes));
      f.return(at);
    }),
  );
}

/** Bytes for text made while a row is in flight: gone at the start of the next run, or where the arena is emptied. */
export function arenaAlloc(scope: Scope, bytes: I32): I32 {
  scope.emission.arena.uses++;
  return scope.f.call(arenaFunction(scope.emission), { local: scope.local, bytes });
}

function arenaFunction(emission: Emission): Func<{ local: 'i32'; bytes: 'i32' }, 'i32'> {
  const place = localPlace(emission, 'arena', 16);
  const alloc = allocFunction(emission);
  return support(emission, 'arena_alloc', (module) =>
    module.define('arena_alloc', { params: { local: 'i32', bytes: 'i32' }, result: 'i32' }, (f, { local, bytes }) => {
      const arena = f.let(local.add(place));
      const used = f.let(load.i32(arena, 4), 'used');
      f.if(used.add(bytes).gt_u(load.i32(arena, 8)), () => {
        // The old block still holds text in flight; blocks double, so what is left behind is at most as large as the
        // last.
        const size = f.let(load.i32(arena, 8).shl(1));
        f.set(size, select(size.lt_u(ARENA_BLOCK_BYTES), i32(ARENA_BLOCK_BYTES), size));
        f.set(size, select(size.lt_u(bytes), bytes, size));
        f.store.i32(arena, f.call(alloc, { bytes: size }));
        f.store.i32(arena, size, 8);
        f.set(used, 0);
      });
      f.store.i32(arena, used.add(bytes), 4);
      f.return(load.i32(arena).add(used));
    }),
  );
}

/** For the start of a run, once all code that may use the arena is known to exist: cheap enough to be always there. */
export function resetArena(scope: Scope): void {
  scope.f.store.i32(scope.local, 0, localPlace(scope.emission, 'arena', 16) + 4);
}

/** Between rows: empties an arena that is full, when `letGo` has passed on what still points to it. */
export function emptyFullArena(scope: Scope, letGo: () => void): void {
  const used = load.i32(scope.local, localPlace(scope.emission, 'arena', 16) + 4);
  scope.if(used.gt_u(ARENA_FULL_BYTES), () => {
    letGo();
    resetArena(scope);
  });
}
