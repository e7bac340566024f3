/**
 * The tree kernel by masks: 64 rows at once, a byte a row and comparison.
 *
 * In: a table of feature columns, trees as `tree-masks-layout.ts` lays them out. The features of a chunk of rows are
 * turned into codes (`tree-codes.ts`). Then tree after tree, each over all blocks of the chunk, clears in four
 * registers of row masks what its entries rule out, and adds the weight of the lowest leaf left. What is done for a
 * tree does not depend on the rows: no branch, no load waits for another. Where rows are alike the trees are cut down
 * to what tells them apart first (`tree-narrow.ts`); where only the best scores are wanted, blocks that cannot have one
 * are left out (`tree-stops.ts`).
 */
import type { FunctionBuilder, Local, ModuleBuilder } from '../dsl.js';
import { f32x4, f64x2, i8x16, v128 } from '../lanes.js';
import { load, type F64, type I32, type V128 } from '../values.js';
import { ScratchPlaces, VECTOR_BYTES } from './scratch.js';
import { emitEncode, emitTurn, VECTORS } from './tree-codes.js';
import { BOUND, emitFinish, TREE_PARAMS, type TreeFunc, type TreeKernel } from './tree-sums.js';
import { BLOCK_ROWS, ENTRY_BYTES, maskParts, TREE, type TreeMaskLayout } from './tree-masks-layout.js';
import { emitNarrow, narrowParts } from './tree-narrow.js';
import { emitStops, LIVE, stopParts, WALK_PARAMS, type TreeStop } from './tree-stops.js';

type Kernel = TreeKernel<TreeMaskLayout>;

/** What the codes of a chunk may take, so that they stay in L1 with a tree. */
const CHUNK_BYTES = 32 * 1024;
const MOST_BLOCKS = 8;

interface Shape {
  readonly kernel: Kernel;
  readonly valueBytes: number;
  readonly blocks: number;
  /** Bytes of a block's codes and sums. */
  readonly codeBytes: number;
  readonly sumBytes: number;
}

function shapeOf(kernel: Kernel): Shape {
  const { columns, dtype, targets } = kernel.layout;
  const valueBytes = dtype === 'f32' ? 4 : 8;
  const codeBytes = columns * BLOCK_ROWS;
  return {
    kernel,
    valueBytes,
    blocks: Math.max(1, Math.min(MOST_BLOCKS, Math.floor(CHUNK_BYTES / Math.max(1, codeBytes)))),
    codeBytes,
    sumBytes: targets * BLOCK_ROWS * valueBytes,
  };
}

/** Byte offsets in the scratch: what the function needs, whatever the number of rows. */
function scratchParts(kernel: Kernel) {
  const { blocks, codeBytes, sumBytes } = shapeOf(kernel);
  const { layout } = kernel;
  const places = new ScratchPlaces();
  return {
    codes: places.take(blocks * codeBytes),
    sums: places.take(blocks * sumBytes),
    masks: places.take((layout.maskBytes + 1) * BLOCK_ROWS),
    live: places.take(blocks * LIVE.bytes),
    order: places.take(layout.trees * 4),
    narrow: places.take(isNarrowed(kernel) ? narrowParts(layout).end : 0),
    stops: places.take(isNarrowed(kernel) ? stopParts(layout).end : 0),
    end: places.end,
  };
}

export function maskScratchBytes(kernel: Kernel): number {
  return scratchParts(kernel).end + VECTOR_BYTES;
}

/** Rows at which what is done once for a chunk has been shared out. */
export function maskTileRows(kernel: Kernel): number | undefined {
  return isNarrowed(kernel) ? shapeOf(kernel).blocks * BLOCK_ROWS : undefined;
}

/** Whether trees are cut down: a split has to be left out of several blocks before that pays. */
export function isNarrowed(kernel: Kernel): boolean {
  return kernel.layout.splits > 0 && shapeOf(kernel).blocks > 1;
}

/** Emits the function over a tile: `output` is a table of `targets` columns. `stop` only where trees are narrowed. */
export function emitTreeMasks(module: ModuleBuilder, name: string, kernel: Kernel, stop?: TreeStop): TreeFunc {
  const shape = shapeOf(kernel);
  const places = scratchParts(kernel);
  const { layout } = kernel;
  const { codeBytes } = shape;
  const encode = emitEncode(module, `${name}_encode`, { layout, input: kernel.input, codeBytes });
  const turn = emitTurn(module, `${name}_turn`, { layout, codeBytes });
  const walk = emitMasks(module, `${name}_masks`, shape);
  const narrow = isNarrowed(kernel)
    ? emitNarrow(module, `${name}_narrow`, { layout, codeBytes, side: stop?.side })
    : undefined;
  const stops = stop === undefined ? undefined : emitStops(module, `${name}_stops`, { kernel, stop, walk });
  const finish = emitFinish(module, `${name}_finish`, {
    kernel,
    rowBytes: shape.valueBytes,
    targetBytes: BLOCK_ROWS * shape.valueBytes,
  });
  const chunkRows = shape.blocks * BLOCK_ROWS;
  const parts = maskParts(layout);
  return module.define(name, { params: TREE_PARAMS }, (f, { input, output, trees, rows, scratch, bound }) => {
    const codes = f.let(scratch.add(VECTOR_BYTES - 1).and(-VECTOR_BYTES), 'codes');
    const sums = f.let(codes.add(places.sums), 'sums');
    const masks = f.let(codes.add(places.masks), 'masks');
    const live = f.let(codes.add(places.live), 'live');
    const order = f.let(codes.add(places.order), 'order');
    if (stop !== undefined) f.store.i32(bound, 0, BOUND.left);
    f.forRange({ to: rows, step: chunkRows }, (first) => {
      const left = f.let(rows.sub(first));
      f.if(left.gt_s(chunkRows), () => f.set(left, chunkRows));
      const blocks = f.let(left.add(BLOCK_ROWS - 1).shr_u(Math.log2(BLOCK_ROWS)), 'blocks');
      emitStart(f, shape, { sums, bytes: blocks.mul(shape.sumBytes) });
      emitLive(f, shape, { live, blocks, codes, sums });
      const liveEnd = f.let(live.add(blocks.shl(Math.log2(LIVE.bytes))), 'liveEnd');
      f.call(encode, { input, first, rows: left, trees, codes });
      if (layout.turned > 0) f.call(turn, { trees, codes, blocks });
      const at = {
        trees: f.let(trees.add(parts.trees), 'headers'),
        entries: f.let(trees.add(parts.entries), 'entries'),
        leaves: f.let(trees.add(parts.leaves), 'leaves'),
      };
      if (narrow !== undefined) {
        const narrowed = f.let(codes.add(places.narrow), 'narrowed');
        f.if(f.call(narrow, { trees, codes, rows: left, to: narrowed }), () => {
          for (const part of ['trees', 'entries', 'leaves'] as const)
            f.set(at[part], narrowed.add(narrowParts(layout)[part]));
          if (stops === undefined) return;
          f.set(liveEnd, f.call(stops, { ...at, bound, live, liveEnd, sums, masks, scratch: codes.add(places.stops) }));
        });
      }
      f.if(live.ne(liveEnd), () => {
        if (stop !== undefined) f.store.i32(bound, 1, BOUND.left);
        f.forRange({ to: layout.trees }, (tree) =>
          f.store.i32(order.add(tree.shl(2)), at.trees.add(tree.mul(TREE.bytes))));
        f.call(walk, { ...at, order, end: order.add(layout.trees * 4), live, liveEnd, masks });
      });
      f.forRange({ to: blocks }, (block) => {
        const rowsLeft = f.let(left.sub(block.mul(BLOCK_ROWS)));
        f.if(rowsLeft.gt_s(BLOCK_ROWS), () => f.set(rowsLeft, BLOCK_ROWS));
        f.call(finish, {
          sums: sums.add(block.mul(shape.sumBytes)),
          output,
          first: first.add(block.mul(BLOCK_ROWS)),
          rows: rowsLeft,
        });
      });
    });
  });
}

/** All blocks of a chunk. */
function emitLive(
  f: FunctionBuilder,
  { codeBytes, sumBytes }: Shape,
  at: { readonly live: I32; readonly blocks: I32; readonly codes: I32; readonly sums: I32 },
): void {
  f.forRange({ to: at.blocks }, (block) => {
    const place = f.let(at.live.add(block.shl(Math.log2(LIVE.bytes))));
    f.store.i32(place, at.codes.add(block.mul(codeBytes)), LIVE.codes);
    f.store.i32(place, at.sums.add(block.mul(sumBytes)), LIVE.sums);
  });
}

/** Sums before the first tree. */
function emitStart(f: FunctionBuilder, { kernel, valueBytes }: Shape, at: { sums: I32; bytes: I32 }): void {
  const { combine } = kernel;
  if (combine === 'sum' || combine === 'mean') return f.fill(at.sums, 0, at.bytes);
  const start = combine === 'min' ? Infinity : -Infinity;
  const vector = valueBytes === 4 ? f32x4.splat(start) : f64x2.splat(start);
  f.forRange({ to: f.let(at.bytes), step: VECTOR_BYTES }, (offset) => f.store.v128(at.sums.add(offset), vector));
}

/** The trees of a list over those of blocks. */
function emitMasks(module: ModuleBuilder, name: string, shape: Shape) {
  const { kernel, valueBytes } = shape;
  const { layout } = kernel;
  return module.define(name, { params: WALK_PARAMS }, (f, { order, end, entries, leaves, live, liveEnd, masks }) => {
    const header = f.local('i32', 'header');
    const entry = f.local('i32', 'entry');
    const first = f.local('i32', 'first');
    const weights = f.local('i32', 'weights');
    const walkBlocks = (maskBytes: number): void => {
      const target = f.let(load.i32(header, TREE.target).mul(BLOCK_ROWS * valueBytes), 'target');
      const block = f.let(live, 'block');
      f.while(
        () => block.lt_u(liveEnd),
        () => {
          const code = f.let(load.i32(block, LIVE.codes), 'code');
          const sum = f.let(load.i32(block, LIVE.sums).add(target), 'sum');
          f.set(entry, first);
          for (let byte = 0; byte < maskBytes; byte++) emitByte(f, { header, entry, code, masks }, byte);
          emitLeaves(f, { masks, leaves: weights, sum }, { kernel, maskBytes });
          f.advance(block, LIVE.bytes);
        },
      );
    };
    const tree = f.let(order, 'tree');
    f.while(
      () => tree.lt_u(end),
      () => {
        f.set(header, load.i32(tree));
        f.set(first, entries.add(load.i32(header, TREE.entriesAt)));
        f.set(weights, leaves.add(load.i32(header, TREE.leavesAt)));
        const maskBytes = f.let(load.i8_u(header, TREE.maskBytes), 'maskBytes');
        const walk = (bytes: number): void => {
          if (bytes === 1) return walkBlocks(1);
          f.if(maskBytes.eq(bytes), () => walkBlocks(bytes), () => walk(bytes / 2));
        };
        walk(layout.maskBytes);
        f.advance(tree, 4);
      },
    );
  });
}

const ALL_ONES = new Uint8Array(VECTOR_BYTES).fill(0xff);

/** One byte of the masks of all rows of a block. */
function emitByte(
  f: FunctionBuilder,
  at: { readonly header: I32; readonly entry: Local<'i32'>; readonly code: I32; readonly masks: I32 },
  byte: number,
): void {
  const masks = Array.from({ length: VECTORS }, () => f.let(v128.const(ALL_ONES), 'mask'));
  const left = f.let(load.i8_u(at.header, TREE.counts + byte), 'left');
  f.while(
    () => left.ne(0),
    () => {
      const column = f.let(at.code.add(load.i16_u(at.entry)));
      const number = f.let(load.splat8(at.entry, 2));
      const bits = f.let(load.splat8(at.entry, 3));
      masks.forEach((mask, i) => {
        const exceeds = i8x16.gt_s(load.v128(column, i * VECTOR_BYTES), number);
        f.set(mask, v128.andnot(mask, v128.and(exceeds, bits)));
      });
      f.advance(at.entry, ENTRY_BYTES);
      f.set(left, left.sub(1));
    },
  );
  masks.forEach((mask, i) => f.store.v128(at.masks, mask, byte * BLOCK_ROWS + i * VECTOR_BYTES));
}

/** A tree with a mask of so many bytes. */
interface Width {
  readonly kernel: Kernel;
  readonly maskBytes: number;
}

/** Adds the weight of each row's lowest leaf to its sum. */
function emitLeaves(
  f: FunctionBuilder,
  at: { readonly masks: I32; readonly leaves: I32; readonly sum: I32 },
  width: Width,
): void {
  for (let i = 0; i < VECTORS; i++) {
    const leaf = lowestLeaf(f, at.masks, { maskBytes: width.maskBytes, offset: i * VECTOR_BYTES });
    if (width.kernel.layout.dtype === 'f32') addPlanes(f, { ...at, leaf, offset: i * VECTOR_BYTES * 4 }, width);
    else addWide(f, { ...at, leaf, row: i * VECTOR_BYTES }, width);
  }
}

/** The number of the lowest bit of a byte of one bit: by its low half, or by its high one. */
const LOW_HALF = [255, 0, 1, 255, 2, 255, 255, 255, 3, 255, 255, 255, 255, 255, 255, 255];
const HIGH_HALF = LOW_HALF.map((bit) => (bit === 255 ? 255 : bit + 4));

function lowestLeaf(
  f: FunctionBuilder,
  masks: I32,
  { maskBytes, offset }: { readonly maskBytes: number; readonly offset: number },
): V128 {
  const bytes = Array.from({ length: maskBytes }, (_, byte) => f.let(load.v128(masks, byte * BLOCK_ROWS + offset)));
  // All ones while all bytes so far are 0; counted, the byte's number with the sign turned.
  const found = f.let(bytes[0]!);
  const skipped = f.let(v128.zero);
  if (maskBytes > 1) {
    const none = f.let(i8x16.eq(bytes[0]!, v128.zero));
    bytes.slice(1).forEach((byte, i) => {
      f.set(found, v128.or(found, v128.and(byte, none)));
      f.set(skipped, i8x16.add(skipped, none));
      if (i < maskBytes - 2) f.set(none, v128.and(none, i8x16.eq(byte, v128.zero)));
    });
    for (let i = 0; i < 3; i++) f.set(skipped, i8x16.add(skipped, skipped));
  }
  const lowest = f.let(v128.and(found, i8x16.sub(v128.zero, found)));
  const low = i8x16.swizzle(v128.const(Uint8Array.from(LOW_HALF)), v128.and(lowest, i8x16.splat(15)));
  const high = i8x16.swizzle(v128.const(Uint8Array.from(HIGH_HALF)), i8x16.shr_u(lowest, 4));
  return f.let(i8x16.sub(i8x16.min_u(low, high), skipped));
}

/** f32: the bytes of the weights are looked up plane by plane and put together. */
function addPlanes(
  f: FunctionBuilder,
  at: { readonly leaves: I32; readonly sum: I32; readonly leaf: V128; readonly offset: number },
  { kernel: { combine }, maskBytes }: Width,
): void {
  const leaves = maskBytes * 8;
  const steps = Array.from({ length: Math.max(1, leaves / 16) }, (_, step) =>
    step === 0 ? at.leaf : f.let(i8x16.sub(at.leaf, i8x16.splat(step * 16))),
  );
  const planes = [0, 1, 2, 3].map((plane) => {
    const parts = steps.map((leaf, step) => i8x16.swizzle(load.v128(at.leaves, plane * leaves + step * 16), leaf));
    return f.let(parts.reduce((a, b) => v128.or(a, b)));
  });
  const [low, high] = [BYTES_OF_LOW, BYTES_OF_HIGH].map((pick) => [
    f.let(i8x16.shuffle(planes[0]!, planes[1]!, pick)),
    f.let(i8x16.shuffle(planes[2]!, planes[3]!, pick)),
  ]);
  [low!, high!].forEach(([first, second], half) => {
    [PAIRS_OF_LOW, PAIRS_OF_HIGH].forEach((pick, quarter) => {
      const weights = i8x16.shuffle(first!, second!, pick);
      const offset = at.offset + (half * 2 + quarter) * VECTOR_BYTES;
      f.store.v128(at.sum, f32x4[methodOf(combine)](load.v128(at.sum, offset), weights), offset);
    });
  });
}

/** Bytes of two vectors by turns: of the first eight, of the last; and so pairs of bytes. */
const interleaved = (from: number, width: number): readonly number[] =>
  Array.from({ length: VECTOR_BYTES }, (_, i) => {
    const [pair, within] = [Math.floor(i / width), i % width];
    return from + (pair >> 1) * width + within + (pair & 1) * VECTOR_BYTES;
  });
const BYTES_OF_LOW = interleaved(0, 1);
const BYTES_OF_HIGH = interleaved(8, 1);
const PAIRS_OF_LOW = interleaved(0, 2);
const PAIRS_OF_HIGH = interleaved(8, 2);

/** f64: row by row. What stands for rows past the end may have no leaf left, and must not be read for them. */
function addWide(
  f: FunctionBuilder,
  at: { readonly leaves: I32; readonly sum: I32; readonly leaf: V128; readonly row: number },
  { kernel: { combine }, maskBytes }: Width,
): void {
  const leaf = f.let(v128.and(at.leaf, i8x16.splat(maskBytes * 8 - 1)));
  for (let lane = 0; lane < VECTOR_BYTES; lane++) {
    const weight: F64 = load.f64(at.leaves.add(i8x16.lane(leaf, lane).shl(3)));
    const offset = (at.row + lane) * 8;
    f.store.f64(at.sum, load.f64(at.sum, offset)[methodOf(combine)](weight), offset);
  }
}

function methodOf(combine: Kernel['combine']): 'add' | 'min' | 'max' {
  return combine === 'min' || combine === 'max' ? combine : 'add';
}
