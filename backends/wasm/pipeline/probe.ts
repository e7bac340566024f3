/**
 * The hash join. Building: tuples of the build side's columns and computed keys, chained into buckets once all are
 * there. Probing: the row's bucket is walked, and each match goes on to the next operator.
 *
 * A left join gives a row without match once more with NULLs: the walk has one last round for it, so that the code of
 * the operators behind it is emitted only once.
 */
import type { JoinBuild, Operator } from '../../relational/physical.js';
import { TUPLE_HASH, TUPLE_MARK, TUPLE_NEXT } from '../../relational/layout.js';
import { CHUNK_HEADER_BYTES } from '../../../runtime/plan.js';
import { emitExpr, isTrue } from '../expression/emit.js';
import { equals, sameOrNull } from '../expression/compare.js';
import { orNull, type SqlValue } from '../expression/value.js';
import { i32, load, select, type I32 } from '../values.js';
import type { Local } from '../dsl.js';
import { Scope, type Emission, type Flow } from './emission.js';
import { hashValues } from './hash.js';
import { probeMemo } from './probe-memo.js';
import { appendTuple } from './memory.js';
import type { Consume } from './operators.js';
import { housed, type FlightColumn, type Row } from './row.js';
import { fieldColumn, storeTuple, tupleColumns } from './tuple.js';
import { NoCode } from '../../no-code.js';

type Probe = Extract<Operator, { kind: 'probe' }>;

/** The sink of the build side. Rows with a NULL key match nothing: they are left out unless a full join gives them. */
export function consumeBuild(scope: Scope, build: JoinBuild, row: Row, flow: Flow): void {
  const { f } = scope;
  const keys = build.keys.map((key) => emitExpr(scope, row, key.expr));
  const noMatch = orNull(...keys.map((key, i) => (build.keys[i]!.nullSafe ? undefined : key.isNull)));
  if (noMatch !== undefined && !build.keepsUnmatched) flow.next(noMatch);
  const hash = hashValues(scope, keys);
  const computed = keys.filter((_, i) => build.keys[i]!.expr.kind !== 'ref');
  const tuple = appendTuple(scope, build.rows.buffer);
  f.store.i32(tuple, hash, TUPLE_HASH);
  f.store.i8(tuple, 0, TUPLE_MARK);
  const columns: FlightColumn[] = [
    ...row.columns,
    ...computed.map((value): FlightColumn => ({ kind: 'scalar', dtype: value.dtype, load: () => value })),
  ];
  storeTuple(scope, build.rows.layout, tuple, columns);
}

/** link(context, local, chunk): puts a chunk's tuples in front of their buckets' chains. */
export function defineLink(emission: Emission, name: string, build: JoinBuild): void {
  const { slotOffset, tupleBytes } = build.rows.buffer;
  emission.module.define(
    name,
    { params: { context: 'i32', local: 'i32', chunk: 'i32' }, export: true },
    (f, { context, chunk }) => {
      const buckets = f.let(load.i32(context, slotOffset), 'buckets');
      const mask = f.let(load.i32(context, slotOffset + 4), 'mask');
      const tuple = f.let(chunk.add(CHUNK_HEADER_BYTES), 'tuple');
      f.forRange({ to: f.let(load.i32(chunk, 4)) }, () => {
        const bucket = f.let(buckets.add(load.i32(tuple, TUPLE_HASH).and(mask).shl(2)));
        f.store.i32(tuple, load.i32(bucket), TUPLE_NEXT);
        f.store.i32(bucket, tuple);
        f.advance(tuple, tupleBytes);
      });
    },
  );
}

export function emitProbe(
  scope: Scope,
  probe: Probe,
  reached: { readonly row: Row; readonly flow: Flow },
  pass: Consume,
): void {
  const at = startWalk(scope, probe, reached);
  switch (probe.join) {
    case 'inner':
      return emitInner(scope, probe, at, pass);
    case 'left':
    case 'full':
      return emitOuter(scope, probe, at, pass);
    case 'semi':
    case 'anti':
      return emitExistence(scope, probe, at, pass);
  }
}

interface Walk {
  readonly row: Row;
  readonly flow: Flow;
  readonly tuple: Local<'i32'>;
  /** What a tuple must have to match: the row's keys, or those of the first match. */
  readonly sought: Sought;
  /** The tuple which is known to match. */
  readonly known: I32 | undefined;
}

interface Sought {
  readonly hash: I32;
  readonly key: (at: Scope, i: number) => SqlValue;
}

/** Sets out at the first tuple of the row's bucket, or at the first that matches where that is remembered. */
function startWalk(scope: Scope, probe: Probe, { row, flow }: { readonly row: Row; readonly flow: Flow }): Walk {
  const { f } = scope;
  const inner = probe.join === 'inner' || probe.join === 'semi';
  const isPlain = probe.build.keys.every((key) => !key.nullSafe);
  const memo = isPlain ? probeMemo(scope, row, probe.keys) : undefined;
  const unlessNull = (noMatch: I32 | undefined, start: () => void): void => {
    if (noMatch === undefined) return start();
    if (!inner) return scope.if(noMatch.eqz(), start);
    flow.next(noMatch);
    start();
  };
  const tuple = f.let(i32(0), 'tuple');
  if (memo !== undefined) {
    unlessNull(memo.isNull, () => memo.recall(tuple, (at, keys, found) => findFirst(at, probe, keys, found)));
    const known = f.let(tuple, 'match');
    const key: Sought['key'] = (at, i) => storedKey(at, probe, known, i);
    return { row, flow, tuple, sought: { hash: load.i32(known, TUPLE_HASH), key }, known };
  }
  const keys = probe.keys.map((key) => emitExpr(scope, row, key));
  const hash = hashValues(scope, keys);
  const noMatch = orNull(...keys.map((key, i) => (probe.build.keys[i]!.nullSafe ? undefined : key.isNull)));
  unlessNull(noMatch, () => toBucket(scope, probe, hash, tuple));
  return { row, flow, tuple, sought: { hash, key: (_, i) => keys[i]! }, known: undefined };
}

/** Sets `tuple` to the first of the bucket; it stays 0 where the build side has no rows, and so no buckets. */
function toBucket(scope: Scope, probe: Probe, hash: I32, tuple: Local<'i32'>): void {
  const { slotOffset } = probe.build.rows.buffer;
  const [buckets, mask] = [load.i32(scope.context, slotOffset), load.i32(scope.context, slotOffset + 4)];
  scope.if(buckets, () => scope.f.set(tuple, load.i32(buckets.add(hash.and(mask).shl(2)))));
}

/** Sets `tuple`, 0 so far, to the first match of keys that are not NULL. */
function findFirst(scope: Scope, probe: Probe, keys: readonly SqlValue[], tuple: Local<'i32'>): void {
  const hash = hashValues(scope, keys);
  toBucket(scope, probe, hash, tuple);
  scope.f.while(
    () => tuple.ne(0),
    (label) =>
      scope.within(() => {
        label.break(isMatch(scope, probe, tuple, { hash, key: (_, i) => keys[i]! }));
        advance(scope, tuple);
      }),
  );
}

/** 1 where the tuple's keys are those sought. Neither is NULL but where keys are null-safe. */
function isMatch(scope: Scope, probe: Probe, tuple: I32, { hash, key }: Sought): I32 {
  const { f } = scope;
  const matches = f.let(load.i32(tuple, TUPLE_HASH).eq(hash));
  probe.build.keys.forEach(({ nullSafe }, i) => {
    f.if(matches, () =>
      scope.within(() => {
        const stored = storedKey(scope, probe, tuple, i);
        const same = nullSafe ? sameOrNull(scope, stored, key(scope, i)) : equals(scope, stored, key(scope, i));
        f.set(matches, same);
        if (!nullSafe && probe.build.keepsUnmatched && stored.isNull !== undefined)
          f.if(stored.isNull, () => f.set(matches, 0));
      }),
    );
  });
  return matches;
}

function storedKey(scope: Scope, { build }: Probe, tuple: I32, i: number): SqlValue {
  const { layout } = build.rows;
  const column = fieldColumn(layout, layout.fields[build.keys[i]!.field]!, { tuple, absent: undefined });
  if (column.kind !== 'scalar') throw new NoCode('joining by values that are no scalars is not supported yet');
  return column.load(scope);
}

/** Goes on to the next tuple unless this one matches. */
function passMatches(scope: Scope, probe: Probe, at: Walk, next: (condition: I32) => void): void {
  const check = (): void => next(isMatch(scope, probe, at.tuple, at.sought).eqz());
  if (at.known === undefined) check();
  else scope.if(at.tuple.ne(at.known), check);
}

/** `nothing`: the tuple of an outer join's rows without match, whose columns are NULL; `absent` where it is at hand. */
function buildColumns(
  build: JoinBuild,
  tuple: I32,
  outer?: { readonly nothing: I32; readonly absent?: I32 },
): readonly FlightColumn[] {
  const absent = outer === undefined ? undefined : (outer.absent ?? tuple.eq(outer.nothing));
  const columns = tupleColumns(build.rows.layout, build.rows.types, tuple, { absent }).slice(0, build.columnCount);
  return housed(columns, {
    word: tuple,
    columns: (_, word) => buildColumns(build, word, outer === undefined ? undefined : { nothing: outer.nothing }),
  });
}

function advance(scope: Scope, tuple: Local<'i32'>): void {
  scope.f.set(tuple, load.i32(tuple, TUPLE_NEXT));
}

/** Walks the chain; `body` runs for each match, and `label.next` goes on to the next tuple. */
function walk(
  scope: Scope,
  probe: Probe,
  at: Walk,
  body: (both: Row, label: { next: Flow['next']; done: (condition?: I32) => void }) => void,
): void {
  const { f } = scope;
  f.block((done) =>
    f.loop(() => {
      done.break(at.tuple.eqz());
      f.block((next) =>
        scope.within(() => {
          passMatches(scope, probe, at, (condition) => next.break(condition));
          const both: Row = { columns: [...at.row.columns, ...buildColumns(probe.build, at.tuple)] };
          if (probe.residual !== undefined) next.break(isTrue(emitExpr(scope, both, probe.residual)).eqz());
          body(both, { next: (condition) => next.break(condition), done: (condition) => done.break(condition) });
        }),
      );
      advance(scope, at.tuple);
    }),
  );
}

function emitInner(scope: Scope, probe: Probe, at: Walk, pass: Consume): void {
  walk(scope, probe, at, (both, { next }) => pass(both, { next, stop: at.flow.stop }));
}

/** Every match; where there was none, one last round in which the build side's columns are NULL. */
function emitOuter(scope: Scope, probe: Probe, at: Walk, pass: Consume): void {
  const { f } = scope;
  const matched = f.let(i32(0), 'matched');
  const absent = f.let(i32(0), 'absent');
  // Text of an absent tuple must be readable: zeros.
  const nothing = scope.emission.module.data(new Uint8Array(probe.build.rows.layout.tupleBytes));
  const shown = f.let(i32(0), 'shown');
  f.block((done) =>
    f.loop(() => {
      f.block((next) =>
        scope.within(() => {
          f.if(
            at.tuple,
            () => {
              scope.within(() => {
                passMatches(scope, probe, at, (condition) => next.break(condition));
                if (probe.residual === undefined) return;
                const both: Row = { columns: [...at.row.columns, ...buildColumns(probe.build, at.tuple)] };
                next.break(isTrue(emitExpr(scope, both, probe.residual)).eqz());
              });
              f.set(matched, 1);
              if (probe.join === 'full') f.store.i8(at.tuple, 1, TUPLE_MARK);
            },
            () => {
              done.break(matched);
              f.set(matched, 1);
              f.set(absent, 1);
            },
          );
          f.set(shown, select(absent, nothing, at.tuple as I32));
          const both: Row = { columns: [...at.row.columns, ...buildColumns(probe.build, shown, { nothing, absent })] };
          pass(both, { next: (condition) => next.break(condition), stop: at.flow.stop });
        }),
      );
      done.break(absent);
      advance(scope, at.tuple);
    }),
  );
}

/** Semi: rows with a match; anti: rows without. */
function emitExistence(scope: Scope, probe: Probe, at: Walk, pass: Consume): void {
  const found = scope.f.let(i32(0), 'found');
  walk(scope, probe, at, (_, { done }) => {
    scope.f.set(found, 1);
    done();
  });
  at.flow.next(probe.join === 'semi' ? found.eqz() : found);
  pass(at.row, at.flow);
}

/** Appends the row's columns to a buffer. */
export function consumeBuffer(scope: Scope, rows: JoinBuild['rows'], row: Row): void {
  storeTuple(scope, rows.layout, appendTuple(scope, rows.buffer), row.columns);
}
