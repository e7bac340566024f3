/**
 * Trees cut down to what the rows of a chunk can tell apart.
 *
 * Rows that lie together are often alike: of one day, of one hour's weather, below the bound of a filter. The codes of
 * a chunk have a least and a greatest value in each column; a split whose number lies outside of these sends all rows
 * to one side. The leaves of the other side go, and with them the splits that only lead there; the leaves that remain
 * are numbered anew, so most trees need one byte of mask. What is written has the form of the trees it came from, in
 * the same order and with the same weights: the sums are the same bit by bit. For `tree-stops.ts` the best weight of
 * the leaves that remain is noted of each tree.
 *
 * The splits of a column lie by number: those before the least code and those from the greatest on need no comparison.
 */
import type { Side } from '../../relational/score-order.js';
import type { FunctionBuilder, Local, ModuleBuilder } from '../dsl.js';
import { f32x4, f64x2, i8x16 } from '../lanes.js';
import { i32, i64, load, type F64, type I32, type V128 } from '../values.js';
import { ScratchPlaces, VECTOR_BYTES } from './scratch.js';
import {
  below,
  BEGINS_BYTES,
  BLOCK_ROWS,
  ENTRY_BYTES,
  leavesBytes,
  maskParts,
  SPAN_BYTES,
  SPLIT,
  TREE,
  type TreeMaskLayout,
} from './tree-masks-layout.js';

/** Of a tree: which of its leaves are left, and where its next split goes; as far apart as trees. */
const STATE = { alive: 0, next: 8, bytes: TREE.bytes };
/** Of a column: where the splits begin that tell rows apart, and where they end. */
const CUT = { begin: 0, end: 4, bytes: 8 };
/** A split that is left: what its entries begin with, and what it clears as bits. */
const KEPT = { entry: 0, cleared: 8, bytes: 16 };
/** Of each number of leaves, 8 bytes: that many bits. */
const BELOW = new Uint8Array(BigUint64Array.from({ length: 65 }, (_, leaf) => below(leaf)).buffer);

/** Byte offsets in the scratch: first the trees that are left, then what is needed to find them. */
export function narrowParts(layout: TreeMaskLayout) {
  const places = new ScratchPlaces();
  return {
    trees: places.take(layout.trees * TREE.bytes),
    // One more: what is no entry is written too, and written over.
    entries: places.take((layout.narrowEntries + 1) * ENTRY_BYTES),
    leaves: places.take(leavesBytes(layout)),
    states: places.take(layout.trees * STATE.bytes),
    cuts: places.take(layout.columns * CUT.bytes),
    kept: places.take(layout.splits * KEPT.bytes),
    end: places.end,
  };
}

interface Narrow {
  readonly layout: TreeMaskLayout;
  readonly codeBytes: number;
  /** Sums on this side of a bound are not wanted: the best weight is the one furthest on the other. */
  readonly side?: Side | undefined;
}

/** Emits the function; what it returns is 0 where walking the trees as they are is quicker. */
export function emitNarrow(module: ModuleBuilder, name: string, { layout, codeBytes, side }: Narrow) {
  const [parts, narrow] = [maskParts(layout), narrowParts(layout)];
  const params = { trees: 'i32', codes: 'i32', rows: 'i32', to: 'i32' } as const;
  return module.define(name, { params, result: 'i32' }, (f, { trees, codes, rows, to }) => {
    const states = f.let(to.add(narrow.states), 'states');
    const cuts = f.let(to.add(narrow.cuts), 'cuts');
    const told = emitCuts(f, { trees, codes, rows, cuts }, { layout, codeBytes });
    const all = layout.splits * SPLIT.bytes;
    // A split that is kept costs each block of rows what it takes once to go through one.
    const blocks = rows.add(BLOCK_ROWS - 1).shr_u(Math.log2(BLOCK_ROWS));
    f.if(i32(all).sub(told).mul(blocks).le_s(all), () => f.return(0));
    const table = f.let(module.data(BELOW), 'below');
    emitStates(f, { trees: f.let(trees.add(parts.trees)), states, kept: to.add(narrow.kept), below: table }, layout);
    emitClear(f, { trees, cuts, states }, layout);
    emitKeep(f, { cuts, states, below: table }, layout);
    emitTrees(f, { trees, states, to }, { layout, side });
    f.return(1);
  });
}

/** Where the splits lie that tell rows of the chunk apart; how many bytes these are. */
function emitCuts(
  f: FunctionBuilder,
  { trees, codes, rows, cuts }: { readonly trees: I32; readonly codes: I32; readonly rows: I32; readonly cuts: I32 },
  { layout, codeBytes }: Narrow,
): I32 {
  const parts = maskParts(layout);
  const told = f.local('i32', 'told');
  const span = f.let(trees.add(parts.spans), 'span');
  const begins = f.let(trees.add(parts.begins), 'begins');
  const cut = f.let(cuts, 'cut');
  f.forRange({ to: layout.columns * BLOCK_ROWS, step: BLOCK_ROWS }, (column) => {
    const least = f.let(i8x16.splat(127), 'least');
    const greatest = f.let(i8x16.splat(-128), 'greatest');
    f.forRange({ to: rows, step: VECTOR_BYTES }, (row) => {
      const block = codes.add(row.shr_u(Math.log2(BLOCK_ROWS)).mul(codeBytes)).add(column);
      const vector = f.let(load.v128(block.add(row.and(BLOCK_ROWS - 1))));
      f.set(least, i8x16.min_s(least, vector));
      f.set(greatest, i8x16.max_s(greatest, vector));
    });
    const first = f.let(trees.add(load.i32(span)), 'first');
    const [begin, end] = [across(f, least, i8x16.min_s), across(f, greatest, i8x16.max_s)].map((code) =>
      f.let(first.add(load.i16_u(begins.add(code.xor(128).shl(1))).mul(SPLIT.bytes))),
    );
    f.store.i32(cut, begin!, CUT.begin);
    f.store.i32(cut, end!, CUT.end);
    f.advance(told, end!.sub(begin!));
    f.advance(span, SPAN_BYTES);
    f.advance(begins, BEGINS_BYTES);
    f.advance(cut, CUT.bytes);
  });
  return told;
}

/** One byte for all 16, unsigned. */
function across(f: FunctionBuilder, vector: V128, op: (a: V128, b: V128) => V128): I32 {
  let all = vector;
  for (let width = VECTOR_BYTES / 2; width >= 1; width /= 2) {
    const moved = Array.from({ length: VECTOR_BYTES }, (_, i) => (i + width) % VECTOR_BYTES);
    all = f.let(op(all, i8x16.shuffle(all, all, moved)));
  }
  return i8x16.lane(all, 0);
}

/** All leaves of all trees, no split yet. */
function emitStates(
  f: FunctionBuilder,
  at: { readonly trees: I32; readonly states: I32; readonly kept: I32; readonly below: I32 },
  layout: TreeMaskLayout,
): void {
  const next = f.let(at.kept, 'next');
  f.forRange({ to: layout.trees * TREE.bytes, step: TREE.bytes }, (i) => {
    const [tree, state] = [f.let(at.trees.add(i)), f.let(at.states.add(i))];
    f.store.i64(state, load.i64(at.below.add(load.i8_u(tree, TREE.leaves).shl(3))), STATE.alive);
    f.store.i32(state, next, STATE.next);
    f.advance(next, load.i8_u(tree, TREE.splits).shl(Math.log2(KEPT.bytes)));
  });
}

/** Splits all rows pass on one side clear the leaves of the other. */
function emitClear(
  f: FunctionBuilder,
  { trees, cuts, states }: { readonly trees: I32; readonly cuts: I32; readonly states: I32 },
  layout: TreeMaskLayout,
): void {
  const span = f.let(trees.add(maskParts(layout).spans), 'span');
  const cut = f.let(cuts, 'cut');
  const clear = (from: I32, end: I32, side: number): void => {
    const split = f.let(from, 'split');
    const to = f.let(end);
    f.while(
      () => split.lt_u(to),
      () => {
        const state = f.let(states.add(load.i32(split, SPLIT.tree)));
        f.store.i64(state, load.i64(state, STATE.alive).and(load.i64(split, side).xor(-1)), STATE.alive);
        f.advance(split, SPLIT.bytes);
      },
    );
  };
  f.forRange({ to: layout.columns }, () => {
    clear(trees.add(load.i32(span)), load.i32(cut, CUT.begin), SPLIT.smaller);
    clear(load.i32(cut, CUT.end), trees.add(load.i32(span, 4)), SPLIT.larger);
    f.advance(span, SPAN_BYTES);
    f.advance(cut, CUT.bytes);
  });
}

/** Splits with leaves on both sides are kept, with the numbers which their leaves have among those that are left. */
function emitKeep(
  f: FunctionBuilder,
  { cuts, states, below: table }: { readonly cuts: I32; readonly states: I32; readonly below: I32 },
  layout: TreeMaskLayout,
): void {
  const cut = f.let(cuts, 'cut');
  f.forRange({ to: layout.columns * BLOCK_ROWS, step: BLOCK_ROWS }, (column) => {
    const split = f.let(load.i32(cut, CUT.begin), 'split');
    const end = f.let(load.i32(cut, CUT.end), 'end');
    f.while(
      () => split.lt_u(end),
      () => {
        const state = f.let(states.add(load.i32(split, SPLIT.tree)), 'state');
        const alive = f.let(load.i64(state, STATE.alive), 'alive');
        const all = f.let(load.i64(split, SPLIT.smaller), 'all');
        const smaller = f.let(alive.and(all), 'smaller');
        const before = alive.and(all.and(i64(0).sub(all)).sub(1));
        const first = f.let(before.popcnt().wrap().shl(3), 'first');
        const end = first.add(smaller.popcnt().wrap().shl(3));
        const next = f.let(load.i32(state, STATE.next), 'next');
        // Written in any case: a tree has room for all of its splits.
        f.store.i32(next, load.i8_u(split, SPLIT.number).shl(16).or(column), KEPT.entry);
        f.store.i64(next, load.i64(table.add(end)).sub(load.i64(table.add(first))), KEPT.cleared);
        const isKept = smaller.ne(0).and(alive.and(load.i64(split, SPLIT.larger)).ne(0));
        f.store.i32(state, next.add(isKept.shl(Math.log2(KEPT.bytes))), STATE.next);
        f.advance(split, SPLIT.bytes);
      },
    );
    f.advance(cut, CUT.bytes);
  });
}

/** Writes the trees that are left. */
function emitTrees(
  f: FunctionBuilder,
  at: { readonly trees: I32; readonly states: I32; readonly to: I32 },
  { layout, side }: Pick<Narrow, 'layout' | 'side'>,
): void {
  const [parts, narrow] = [maskParts(layout), narrowParts(layout)];
  const valueBytes = layout.dtype === 'f32' ? 4 : 8;
  const tree = f.let(at.trees.add(parts.trees), 'tree');
  const weights = f.let(at.trees.add(layout.dtype === 'f32' ? parts.weights : parts.leaves), 'weights');
  const state = f.let(at.states, 'state');
  const kept = f.let(at.to.add(narrow.kept), 'kept');
  const header = f.let(at.to.add(narrow.trees), 'header');
  const entry = f.let(at.to.add(narrow.entries), 'entry');
  const leaves = f.let(at.to.add(narrow.leaves), 'leaves');
  f.forRange({ to: layout.trees }, () => {
    const alive = f.let(load.i64(state, STATE.alive), 'alive');
    // 1, 2, 4 or 8 bytes.
    const width = f.let(i32(1).shl(i32(32).sub(alive.popcnt().wrap().sub(1).shr_u(3).clz())), 'width');
    f.store.i32(header, load.i32(tree, TREE.target), TREE.target);
    f.store.i8(header, width, TREE.maskBytes);
    f.store.i32(header, entry.sub(at.to.add(narrow.entries)), TREE.entriesAt);
    f.store.i32(header, leaves.sub(at.to.add(narrow.leaves)), TREE.leavesAt);
    const end = f.let(load.i32(state, STATE.next), 'end');
    f.forRange({ to: width }, (byte) => {
      const from = f.let(entry);
      const split = f.let(kept, 'split');
      f.while(
        () => split.lt_u(end),
        () => {
          const bits = f.let(load.i8_u(split.add(byte), KEPT.cleared), 'bits');
          f.store.i32(entry, load.i32(split, KEPT.entry).or(bits.shl(24)));
          f.advance(entry, bits.ne(0).shl(Math.log2(ENTRY_BYTES)));
          f.advance(split, KEPT.bytes);
        },
      );
      f.store.i8(header.add(byte), entry.sub(from).shr_u(Math.log2(ENTRY_BYTES)), TREE.counts);
    });
    const stride = f.let(width.shl(3), 'stride');
    const best = emitWeights(f, { alive, weights, leaves, stride }, { layout, side });
    if (side !== undefined) f.store.f64(header, best, TREE.most);
    f.advance(kept, load.i8_u(tree, TREE.splits).shl(Math.log2(KEPT.bytes)));
    f.advance(weights, load.i8_u(tree, TREE.maskBytes).mul(8 * valueBytes));
    f.advance(tree, TREE.bytes);
    f.advance(header, TREE.bytes);
    f.advance(state, STATE.bytes);
    f.advance(leaves, stride.mul(valueBytes));
  });
}

/** The weights of the leaves that are left of a tree; gives the best, with the sign turned for a bound from above. */
function emitWeights(
  f: FunctionBuilder,
  at: { readonly alive: Local<'i64'>; readonly weights: I32; readonly leaves: I32; readonly stride: I32 },
  { layout, side }: Pick<Narrow, 'layout' | 'side'>,
): F64 {
  const { alive, weights, stride } = at;
  const isWide = layout.dtype === 'f64';
  const lanes = isWide ? f64x2 : f32x4;
  const best = f.let(lanes.splat(side === 'above' ? Infinity : -Infinity), 'best');
  const target = f.let(at.leaves, 'target');
  f.while(
    () => alive.ne(0),
    () => {
      const from = f.let(weights.add(alive.ctz().wrap().shl(isWide ? 3 : 2)), 'from');
      f.set(alive, alive.and(alive.sub(1)));
      if (side !== undefined) {
        const weight = isWide ? load.splat64(from) : load.splat32(from);
        f.set(best, side === 'above' ? lanes.pmin(best, weight) : lanes.pmax(best, weight));
      }
      if (isWide) {
        f.store.f64(target, load.f64(from));
        f.advance(target, 8);
        return;
      }
      const [bits, plane] = [f.let(load.i32(from), 'bits'), f.let(target, 'plane')];
      for (let byte = 0; byte < 4; byte++) {
        f.store.i8(plane, bits.shr_u(byte * 8));
        if (byte < 3) f.advance(plane, stride);
      }
      f.advance(target, 1);
    },
  );
  const found = isWide ? f64x2.lane(best, 0) : f32x4.lane(best, 0).promote();
  return side === 'above' ? found.neg() : found;
}
