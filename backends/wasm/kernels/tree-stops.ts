/**
 * Where trees stop: blocks of rows whose sums cannot come to what is wanted leave before all trees are walked.
 *
 * In: a bound for the finished scores, on one side of which they are not wanted, and the trees of a chunk of rows as
 * `tree-narrow.ts` has cut them down, each with the best weight that is left in it. Trees that can still add most are
 * walked first; after every few of them a block goes where none of its rows would come to the bound with the best
 * weights of all others. Out: the blocks that are left, and their sums as at the start: these rows then pass all trees
 * in the order of the model, so that their sums are the same bit by bit. The rows of the others get a sum beyond the
 * bound.
 *
 * Sums of floats depend on their order. Whatever that is, n of them stray from the exact sum by less than n u A, where
 * u is half an ulp of 1 and A the greatest sum of magnitudes; `slack` is what both orders and the last steps of a score
 * may stray. All is computed as if rows below the bound were not wanted: for those above it the sign is turned.
 */
import type { Side } from '../../relational/score-order.js';
import type { Func, FunctionBuilder, Local, ModuleBuilder } from '../dsl.js';
import { f32x4, f64x2, v128 } from '../lanes.js';
import { i32, load, select, type F64, type I32, type V128 } from '../values.js';
import { leafSum, type Forest } from './forest.js';
import { ScratchPlaces, VECTOR_BYTES } from './scratch.js';
import { BLOCK_ROWS, TREE, type TreeMaskLayout } from './tree-masks-layout.js';
import { BOUND, type TreeKernel } from './tree-sums.js';

/** What the judgement needs to know of a model; all with the sign turned where scores above a bound are not wanted. */
export interface TreeStop {
  readonly side: Side;
  /** The mean of all leaves, and the bits of the greatest distance from it, as `RANK_SHIFT` leaves them. */
  readonly centre: number;
  readonly furthest: number;
  /** No sum is greater. */
  readonly most: number;
  readonly slack: number;
}

/** Judged after so many trees each: a tree takes a block several times as long as judging it. */
const STAGE_TREES = 8;
/** Ranks are exponents and the first bit of the mantissa; what lies lower than the last comes last in any order. */
const RANK_SHIFT = 22;
const RANKS = 32;
/** Chunks passed over, at most, after one in which judging has not paid. */
const LONGEST_PAUSE = 63;
/** Sums past these would not be finite. */
const GREATEST = { f32: 1e37, f64: 1e300 };

/** A block that is not lost: where its codes and its sums lie. */
export const LIVE = { codes: 0, sums: 4, bytes: 8 };

/** undefined where no bound can be kept to: several targets, min and max, weights that are no numbers. */
export function planStop(
  forest: Forest,
  { layout, combine, base }: TreeKernel<TreeMaskLayout>,
  side: Side,
): TreeStop | undefined {
  if (layout.targets !== 1 || (combine !== 'sum' && combine !== 'mean')) return undefined;
  const sign = side === 'above' ? -1 : 1;
  const trees = forest.trees.map(({ nodes }) =>
    nodes.flatMap(({ leaf }) => (leaf === undefined ? [] : [sign * leafSum(forest, leaf)])),
  );
  const most = trees.reduce((sum, leaves) => sum + Math.max(...leaves.map(Math.abs)), 0);
  const count = combine === 'mean' ? trees.length : 1;
  // A NaN fails too.
  if (!(most + count * Math.abs(base[0]!) < GREATEST[layout.dtype])) return undefined;
  const leaves = trees.flat();
  const centre = leaves.reduce((sum, leaf) => sum + leaf, 0) / leaves.length;
  const furthest = leaves.reduce((least, leaf) => Math.max(least, leaf - centre), 0);
  const ulp = layout.dtype === 'f32' ? 2 ** -23 : 2 ** -52;
  const slack = 2 * ulp * ((trees.length + 8) * most + 4 * count * Math.abs(base[0]!));
  return { side, centre, furthest: rankBits(furthest), most, slack };
}

function rankBits(distance: number): number {
  return new Int32Array(Float32Array.of(distance).buffer)[0]! >> RANK_SHIFT;
}

const stagesOf = (layout: TreeMaskLayout): number => Math.ceil(layout.trees / STAGE_TREES);

/** Byte offsets in the scratch. */
export function stopParts(layout: TreeMaskLayout) {
  const places = new ScratchPlaces();
  return {
    // Addresses of trees, the best first.
    order: places.take(layout.trees * 4),
    // Of each rank, how many trees come before; one more, as they are counted one place further on.
    ranks: places.take((RANKS + 1) * 4),
    // Of each stage, what its sums so far have to come to; then what they have to at the end.
    needed: places.take((stagesOf(layout) + 1) * 8),
    end: places.end,
  };
}

/** Walks trees over blocks. */
export const WALK_PARAMS = {
  order: 'i32', end: 'i32', entries: 'i32', leaves: 'i32', live: 'i32', liveEnd: 'i32', masks: 'i32',
} as const;

interface Stops {
  readonly kernel: TreeKernel<TreeMaskLayout>;
  readonly stop: TreeStop;
  readonly walk: Func<typeof WALK_PARAMS, undefined>;
}

/**
 * Emits the function. `live` lists the blocks, with sums of 0, the first of which lie at `sums`; it gives the end of
 * those that are left.
 */
export function emitStops(module: ModuleBuilder, name: string, stops: Stops) {
  const { layout } = stops.kernel;
  const parts = stopParts(layout);
  const params = {
    bound: 'i32', trees: 'i32', entries: 'i32', leaves: 'i32', live: 'i32', liveEnd: 'i32', sums: 'i32', masks: 'i32',
    scratch: 'i32',
  } as const;
  return module.define(name, { params, result: 'i32' }, (f, at) => {
    const { bound, live, liveEnd, scratch } = at;
    const wanted = f.let(wantedSum(load.f64(bound, BOUND.strictest), stops), 'wanted');
    // Nothing can be lost, or there is no bound.
    f.if(wanted.gt(-stops.stop.most).eqz(), () => f.return(liveEnd));
    const wait = f.let(load.i32(bound, BOUND.wait), 'wait');
    f.if(wait.ne(0), () => {
      f.store.i32(bound, wait.sub(1), BOUND.wait);
      f.return(liveEnd);
    });
    emitOrder(f, { trees: at.trees, scratch }, stops);
    emitNeeded(f, { wanted, scratch }, stops);
    const left = f.let(liveEnd, 'left');
    const walked = f.let(i32(0), 'walked');
    const tree = f.let(scratch.add(parts.order), 'tree');
    const end = f.let(tree.add(layout.trees * 4), 'end');
    const half = f.let(tree.add((layout.trees >> 1) * 4), 'half');
    const needed = f.let(scratch.add(parts.needed), 'needed');
    f.loop((label) => {
      emitJudge(f, { live, left, needed }, stops);
      label.break(tree.ge_u(end).or(left.eq(live)));
      // Most blocks come through half of the trees: they come through the rest.
      label.break(tree.ge_u(half).and(left.sub(live).shl(1).gt_u(liveEnd.sub(live))));
      const stage = f.let(end.sub(tree));
      f.if(stage.gt_u(STAGE_TREES * 4), () => f.set(stage, STAGE_TREES * 4));
      f.advance(walked, stage.mul(left.sub(live)));
      f.call(stops.walk, { ...at, order: tree, end: tree.add(stage), liveEnd: left });
      f.advance(tree, stage);
      f.advance(needed, 8);
    });
    emitSums(f, { ...at, left }, stops);
    emitPause(f, { bound, walked, saved: liveEnd.sub(left).mul(layout.trees * 4) });
    f.return(left);
  });
}

/** The least sum that may give a score up to the bound. */
function wantedSum(bound: F64, { kernel: { layout, combine, base }, stop }: Stops): F64 {
  const sum = bound.sub(base[0]!).mul(combine === 'mean' ? layout.trees : 1);
  return stop.side === 'above' ? sum.neg() : sum;
}

/** Orders trees by how far their best weight lies from the usual one: as good as by the true widths of what is left. */
function emitOrder(
  f: FunctionBuilder,
  at: { readonly trees: I32; readonly scratch: I32 },
  { kernel: { layout }, stop }: Stops,
): void {
  const parts = stopParts(layout);
  const [ranks, order] = [f.let(at.scratch.add(parts.ranks), 'ranks'), f.let(at.scratch.add(parts.order), 'order')];
  f.fill(ranks, 0, (RANKS + 1) * 4);
  const tree = f.let(at.trees, 'tree');
  f.forRange({ to: layout.trees }, () => {
    const bits = load.f64(tree, TREE.most).sub(stop.centre).demote().as_i32();
    const further = f.let(i32(stop.furthest).sub(bits.shr_s(RANK_SHIFT)), 'further');
    const rank = f.let(select(further.lt_u(RANKS), further, i32(RANKS - 1)), 'rank');
    f.store.i8(tree, rank, TREE.rank);
    const place = f.let(ranks.add(rank.shl(2)), 'place');
    f.store.i32(place, load.i32(place, 4).add(1), 4);
    f.advance(tree, TREE.bytes);
  });
  const before = f.let(i32(0), 'before');
  f.forRange({ to: RANKS * 4, step: 4 }, (rank) => {
    f.advance(before, load.i32(ranks.add(rank)));
    f.store.i32(ranks.add(rank), before);
  });
  f.set(tree, at.trees);
  f.forRange({ to: layout.trees }, () => {
    const rank = f.let(ranks.add(load.i8_u(tree, TREE.rank).shl(2)), 'place');
    const place = f.let(load.i32(rank), 'place');
    f.store.i32(rank, place.add(1));
    f.store.i32(order.add(place.shl(2)), tree);
    f.advance(tree, TREE.bytes);
  });
}

/** What sums have to come to before each stage, so that the best weights of the trees ahead may make them wanted. */
function emitNeeded(
  f: FunctionBuilder,
  at: { readonly wanted: F64; readonly scratch: I32 },
  { kernel: { layout }, stop }: Stops,
): void {
  const parts = stopParts(layout);
  const needed = f.let(at.wanted.sub(stop.slack), 'needed');
  const order = f.let(at.scratch.add(parts.order), 'order');
  const place = f.let(at.scratch.add(parts.needed + stagesOf(layout) * 8), 'place');
  const store = (): void => {
    const value = stop.side === 'above' ? needed.neg() : needed;
    if (layout.dtype === 'f32') f.store.f32(place, value.demote());
    else f.store.f64(place, value);
    f.advance(place, -8);
  };
  const tree = f.let(order.add(layout.trees * 4), 'tree');
  store();
  f.forRange({ to: stagesOf(layout) }, () => {
    const first = f.let(order.add(place.sub(at.scratch.add(parts.needed)).shr_u(3).mul(STAGE_TREES * 4)), 'first');
    f.while(
      () => tree.gt_u(first),
      () => {
        f.advance(tree, -4);
        f.set(needed, needed.sub(load.f64(load.i32(tree), TREE.most)));
      },
    );
    store();
  });
}

/** Keeps the blocks of which a row has come to what is needed, in their order. */
function emitJudge(
  f: FunctionBuilder,
  at: { readonly live: I32; readonly left: Local<'i32'>; readonly needed: I32 },
  { kernel: { layout }, stop }: Stops,
): void {
  const isWide = layout.dtype === 'f64';
  const needed = f.let(isWide ? load.splat64(at.needed) : load.splat32(at.needed), 'needed');
  const reaches = (sums: V128): V128 => (isWide ? f64x2 : f32x4)[stop.side === 'above' ? 'le' : 'ge'](sums, needed);
  const [from, to] = [f.let(at.live, 'from'), f.let(at.live, 'to')];
  f.while(
    () => from.lt_u(at.left),
    () => {
      const sums = f.let(load.i32(from, LIVE.sums), 'sums');
      const isLeft = f.let(i32(0), 'isLeft');
      f.forRange({ to: BLOCK_ROWS * (isWide ? 8 : 4), step: 4 * VECTOR_BYTES }, (row, label) => {
        const place = f.let(sums.add(row));
        const four = [0, 1, 2, 3].map((i) => reaches(load.v128(place, i * VECTOR_BYTES)));
        f.set(isLeft, v128.any_true(four.reduce((a, b) => v128.or(a, b))));
        label.break(isLeft);
      });
      f.store.i64(to, load.i64(from));
      f.advance(to, isLeft.shl(Math.log2(LIVE.bytes)));
      f.advance(from, LIVE.bytes);
    },
  );
  f.set(at.left, to);
}

/** Sums beyond the bound for the blocks that are lost, sums before the first tree for the others. */
function emitSums(
  f: FunctionBuilder,
  at: { readonly bound: I32; readonly live: I32; readonly liveEnd: I32; readonly left: I32; readonly sums: I32 },
  stops: Stops,
): void {
  const { kernel: { layout }, stop } = stops;
  const isWide = layout.dtype === 'f64';
  const blockBytes = BLOCK_ROWS * (isWide ? 8 : 4);
  // Not further than sums get, as rounding would.
  const beyond = wantedSum(load.f64(at.bound, BOUND.loosest), stops).sub(stop.slack);
  const within = beyond.max(-stop.most - stop.slack).min(stop.most);
  const lost = f.let(stop.side === 'above' ? within.neg() : within, 'lost');
  const vector = f.let(isWide ? f64x2.splat(lost) : f32x4.splat(lost.demote()), 'vector');
  const bytes = f.let(at.liveEnd.sub(at.live).mul(blockBytes / LIVE.bytes), 'bytes');
  f.forRange({ to: bytes, step: VECTOR_BYTES }, (offset) => f.store.v128(at.sums.add(offset), vector));
  const block = f.let(at.live, 'block');
  f.while(
    () => block.lt_u(at.left),
    () => {
      f.fill(load.i32(block, LIVE.sums), 0, blockBytes);
      f.advance(block, LIVE.bytes);
    },
  );
}

/** Where judging has cost more than it has saved it is left for a while, twice as long each time. */
function emitPause(f: FunctionBuilder, at: { readonly bound: I32; readonly walked: I32; readonly saved: I32 }): void {
  const longer = f.let(load.i32(at.bound, BOUND.pause).shl(1).or(1).and(LONGEST_PAUSE), 'longer');
  const pause = f.let(select(at.saved.gt_u(at.walked), i32(0), longer), 'pause');
  f.store.i32(at.bound, pause, BOUND.pause);
  f.store.i32(at.bound, pause, BOUND.wait);
}
