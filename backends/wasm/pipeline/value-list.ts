/**
 * Lists of values a group keeps: for string_agg (pieces of text) and median. A list is first node, last node and count;
 * a node is next, length and bytes (text) or next, nothing and an f64.
 */
import { decimalOf } from '../../../ir/dtype.js';
import { asI32, asI64, isUnsigned, type SqlValue } from '../expression/value.js';
import { emitCast } from '../expression/cast.js';
import { F32, F64, I64, f64, i32, load, select, type I32 } from '../values.js';
import type { Func } from '../dsl.js';
import type { StateAccess } from './aggregate-states.js';
import { localPlace, support, type Emission, type Scope } from './emission.js';
import { allocFunction, arenaAlloc, heapAlloc } from './memory.js';

const NODE_LENGTH = 4;
const NODE_VALUE = 8;
const VALUE_NODE_BYTES = 16;

/** Puts a node at the end of the list. */
function addNode(state: StateAccess, node: I32): I32 {
  const { scope } = state;
  scope.f.store.i32(node, 0);
  const last = state.flag(1);
  scope.f.if(
    last,
    () => scope.f.store.i32(last, node),
    () => state.set(0, node),
  );
  state.set(1, node);
  state.set(2, asI64(state.get(2).parts[0]!).add(1));
  return node;
}

/** A piece, and before it the separator unless it is the first. */
export function appendText(state: StateAccess, [value, separator]: readonly SqlValue[]): void {
  const { scope } = state;
  const [address, length] = [asI32(value!.parts[0]!), asI32(value!.parts[1]!)];
  const before =
    separator === undefined ? i32(0) : scope.f.let(select(state.flag(0).eqz(), i32(0), asI32(separator.parts[1]!)));
  const node = addNode(state, heapAlloc(scope, length.add(before).add(NODE_VALUE)));
  scope.f.store.i32(node, length.add(before), NODE_LENGTH);
  if (separator !== undefined) scope.f.copy(node.add(NODE_VALUE), asI32(separator.parts[0]!), before);
  scope.f.copy(node.add(NODE_VALUE).add(before), address, length);
}

export function textOfList(state: StateAccess): SqlValue {
  const { scope } = state;
  const { f } = scope;
  const total = f.local('i32');
  f.set(total, 0);
  const node = f.let(state.flag(0));
  f.while(
    () => node,
    () => {
      f.set(total, total.add(load.i32(node, NODE_LENGTH)));
      f.set(node, load.i32(node));
    },
  );
  const text = arenaAlloc(scope, total);
  const at = f.let(text as I32);
  f.set(node, state.flag(0));
  f.while(
    () => node,
    () => {
      f.copy(at, node.add(NODE_VALUE), load.i32(node, NODE_LENGTH));
      f.set(at, at.add(load.i32(node, NODE_LENGTH)));
      f.set(node, load.i32(node));
    },
  );
  return { dtype: 'utf8', parts: [text, total], isNull: state.flag(0).eqz() };
}

export function concatLists(into: StateAccess, from: StateAccess): void {
  const { scope } = into;
  scope.if(from.flag(0), () => {
    const last = into.flag(1);
    scope.f.if(
      last,
      () => scope.f.store.i32(last, from.flag(0)),
      () => into.set(0, from.flag(0)),
    );
    into.set(1, from.flag(1));
    into.set(2, asI64(into.get(2).parts[0]!).add(asI64(from.get(2).parts[0]!)));
  });
}

export function appendValue(state: StateAccess, value: SqlValue): void {
  const node = addNode(state, takeNode(state.scope));
  state.scope.f.store.f64(node, doubleOf(value), NODE_VALUE);
}

/** A node of a value: one that was given back, or a new one. */
function takeNode(scope: Scope): I32 {
  const { f } = scope;
  const free = f.let(scope.local.add(localPlace(scope.emission, 'free_nodes', 4)));
  const node = f.let(load.i32(free), 'node');
  f.if(
    node,
    () => f.store.i32(free, load.i32(node)),
    () => f.set(node, heapAlloc(scope, i32(VALUE_NODE_BYTES))),
  );
  return node;
}

/** Gives back the nodes of a list of values which will be forgotten: those of a frame that moves on. */
export function freeValues(state: StateAccess): void {
  const { scope } = state;
  const free = scope.f.let(scope.local.add(localPlace(scope.emission, 'free_nodes', 4)));
  scope.if(state.flag(0), () => {
    scope.f.store.i32(state.flag(1), load.i32(free));
    scope.f.store.i32(free, state.flag(0));
  });
}

/** A number of any dtype as a double. */
export function doubleOf(value: SqlValue): F64 {
  const part = value.parts[0]!;
  if (part instanceof F64) return part;
  if (part instanceof F32) return part.promote();
  const sign = isUnsigned(value.dtype) ? 'to_f64_u' : 'to_f64_s';
  const wide = part instanceof I64 ? part[sign]() : asI32(part)[sign]();
  const { scale } = decimalOf(value.dtype) ?? { scale: 0 };
  return scale === 0 ? wide : wide.div(f64(10 ** scale));
}

/** The middle of the values in order, or the mean of the two. */
export function medianOfList(state: StateAccess): SqlValue {
  const { scope } = state;
  const middle = scope.f.call(medianFunction(scope.emission), {
    local: scope.local,
    first: state.flag(0),
    count: asI64(state.get(2).parts[0]!).wrap(),
  });
  const isNull = state.flag(0).eqz();
  const value: SqlValue = { dtype: 'f64', parts: [middle], isNull };
  return { ...emitCast(scope, value, { to: state.call.type.dtype, attempt: false }), isNull };
}

type Median = Func<{ local: 'i32'; first: 'i32'; count: 'i32' }, 'f64'>;

/** Copies the values to an array, which is kept for the next median, and heap-sorts it. */
function medianFunction(emission: Emission): Median {
  const alloc = allocFunction(emission);
  const place = localPlace(emission, 'median', 8);
  const params = { local: 'i32', first: 'i32', count: 'i32' } as const;
  return support(emission, 'median', (module) =>
    module.define('median', { params, result: 'f64' }, (f, { local, first, count }) => {
      f.if(count.eqz(), () => f.return(f64(0)));
      f.if(count.gt_u(load.i32(local, place + 4)), () => {
        const room = f.let(count.shl(1));
        f.store.i32(local, f.call(alloc, { bytes: room.shl(3) }), place);
        f.store.i32(local, room, place + 4);
      });
      const array = f.let(load.i32(local, place));
      const at = (i: I32): I32 => array.add(i.shl(3));
      const above = (a: F64, b: F64): I32 => a.gt(b).or(a.ne(a).and(b.eq(b)));
      f.forRange({ to: count }, (i) => {
        f.store.f64(at(i), load.f64(first, NODE_VALUE));
        f.set(first, load.i32(first));
      });
      // Heap sort: first a heap of all, then the greatest goes to the end, again and again.
      const start = f.let(count.shr_u(1));
      const end = f.let(count as I32);
      f.loop((sorted) => {
        f.if(
          start,
          () => f.set(start, start.sub(1)),
          () => {
            f.set(end, end.sub(1));
            sorted.break(end.le_s(0));
            const top = f.let(load.f64(array));
            f.store.f64(array, load.f64(at(end)));
            f.store.f64(at(end), top);
          },
        );
        const root = f.let(start as I32);
        f.loop((sift) => {
          const child = f.let(root.shl(1).add(1));
          sift.break(child.ge_s(end));
          f.if(
            child
              .add(1)
              .lt_s(end)
              .and(above(load.f64(at(child.add(1))), load.f64(at(child)))),
            () => f.set(child, child.add(1)),
          );
          const [parent, best] = [f.let(load.f64(at(root))), f.let(load.f64(at(child)))];
          sift.break(above(best, parent).eqz());
          f.store.f64(at(root), best);
          f.store.f64(at(child), parent);
          f.set(root, child);
        });
      });
      const middle = f.let(count.shr_u(1));
      f.if(count.and(1), () => f.return(load.f64(at(middle))));
      f.return(
        load
          .f64(at(middle.sub(1)))
          .add(load.f64(at(middle)))
          .mul(0.5),
      );
    }),
  );
}
