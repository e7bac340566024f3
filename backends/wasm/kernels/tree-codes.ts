/**
 * Features as codes, for the trees of `tree-masks.ts`: how many of its thresholds a value exceeds.
 *
 * Rows that lie together have values that do. Where at most 15 thresholds lie between the least and the greatest value
 * of a chunk, 16 rows at a time count which of them they exceed; else each value is searched in the bucket of
 * thresholds it belongs to (`buckets.ts`), eight rows in lockstep.
 *
 * Codes lie block by block, `codeBytes` each: for each column those of 64 rows.
 */
import type { FunctionBuilder, ModuleBuilder } from '../dsl.js';
import { f32x4, f64x2, i16x8, i32x4, i8x16, v128 } from '../lanes.js';
import { i32, load, select, type F32, type I32, type V128 } from '../values.js';
import { CAST_QUAD } from './cast-quad.js';
import { VECTOR_BYTES } from './scratch.js';
import { laneOf, loadQuad, narrowMask, ROWS_PER_QUAD, WIDTH_BYTES, type Quad, type QuadDType } from './quad.js';
import {
  ABOVE_ALL,
  BLOCK_ROWS,
  BUCKET_BYTES,
  COLUMN,
  FEATURE,
  maskParts,
  NOWHERE,
  TURNED_BYTES,
  type TreeMaskLayout,
} from './tree-masks-layout.js';

export const VECTORS = BLOCK_ROWS / VECTOR_BYTES;
const SEARCH_ROWS = 8;
const LANES_OF_QUAD = [0, 1, 2, 3];

interface Codes {
  readonly layout: TreeMaskLayout;
  readonly codeBytes: number;
}

/** Codes of the features of a chunk of rows: ranks among all thresholds, which each column of codes has a table of. */
export function emitEncode(
  module: ModuleBuilder,
  name: string,
  { layout, input: dtype, codeBytes }: Codes & { readonly input: QuadDType },
) {
  const valueBytes = layout.dtype === 'f32' ? 4 : 8;
  const params = { input: 'i32', first: 'i32', rows: 'i32', trees: 'i32', codes: 'i32' } as const;
  return module.define(name, { params }, (f, { input, first, rows, trees, codes }) => {
    const feature = f.let(trees.add(maskParts(layout).features), 'feature');
    f.forRange({ to: layout.features }, () => {
      const values = f.let(
        load.i32(input.add(load.i32(feature, FEATURE.source).shl(2))).add(first.mul(WIDTH_BYTES[dtype])),
        'values',
      );
      // Threshold i lies at start + (i + 1) values.
      const start = f.let(trees.add(load.i32(feature, FEATURE.thresholds)).sub(valueBytes), 'start');
      const bucketOf = emitBuckets(f, { trees, feature }, layout);
      const firstHalf = f.let(load.i32(feature, FEATURE.half), 'half');
      const columns = f.let(trees.add(load.i32(feature, FEATURE.columns)), 'columns');
      const columnsEnd = f.let(columns.add(load.i32(feature, FEATURE.columnCount).mul(COLUMN.bytes)));
      const at: Feature = { trees, values, rows, codes, columns, columnsEnd, codeBytes };
      const sought = { module, dtype, layout };
      const search = (quads: readonly Quad[], lanes: readonly number[]): readonly I32[] => {
        const values = quads.flatMap((quad) => lanes.map((lane) => f.let(laneOf(quad, lane) as F32)));
        const begins = quads.flatMap((quad) => bucketOf(quad).filter((_, lane) => lanes.includes(lane)));
        const ranks = begins.map((begin) => f.let(start.add(begin), 'rank'));
        const half = f.let(firstHalf, 'half');
        f.while(
          () => half.ne(0),
          () => {
            ranks.forEach((rank, i) => {
              const middle = f.let(rank.add(half));
              f.set(rank, select(values[i]!.gt(loadValue(layout, middle)), middle, rank));
            });
            f.set(half, half.shr_u(1).and(-valueBytes));
          },
        );
        return ranks.map((rank) => f.let(rank.sub(start).shr_u(Math.log2(valueBytes))));
      };
      const { ends, isNumber } = emitEnds(f, at, sought);
      const [least, greatest] = search([ends], [0, 1]);
      f.if(
        isNumber.and(greatest!.sub(least!).lt_s(VECTOR_BYTES)),
        () => emitNear(f, at, { ...sought, start, least: least!, greatest: greatest! }),
        () => emitFar(f, at, { ...sought, search: (quads) => search(quads, LANES_OF_QUAD) }),
      );
      emitAbove(f, { ...at, isNumber }, sought);
      f.advance(feature, FEATURE.bytes);
    });
  });
}

/** A feature of a chunk of rows, and where its codes go. */
interface Feature {
  readonly trees: I32;
  readonly values: I32;
  readonly rows: I32;
  readonly codes: I32;
  readonly columns: I32;
  readonly columnsEnd: I32;
  readonly codeBytes: number;
}

interface Sought {
  readonly module: ModuleBuilder;
  readonly dtype: QuadDType;
  readonly layout: TreeMaskLayout;
}

/** Of rows anywhere among the thresholds, eight at a time. */
function emitFar(
  f: FunctionBuilder,
  at: Feature,
  sought: Sought & { readonly search: (quads: readonly Quad[]) => readonly I32[] },
): void {
  f.forRange({ to: at.rows, step: SEARCH_ROWS }, (row) => {
    // Where the second four are past the end, the first are searched again.
    const second = f.let(select(row.add(ROWS_PER_QUAD).lt_s(at.rows), row.add(ROWS_PER_QUAD), row));
    const ranks = sought.search([row, second].map((from) => quadAt(f, { values: at.values, row: from }, sought)));
    const block = f.let(blockAt(at, row), 'block');
    forEachColumn(f, at, (column) => {
      const table = f.let(at.trees.add(load.i32(column, COLUMN.ranks)));
      const to = f.let(block.add(load.i32(column, COLUMN.codes)));
      ranks.forEach((rank, i) => f.store.i8(to, load.i8_u(table.add(rank)), i));
    });
  });
}

/** The least and the greatest value of the rows as first two lanes, and whether they are all numbers. */
function emitEnds(
  f: FunctionBuilder,
  { values, rows }: Feature,
  sought: Sought,
): { readonly ends: Quad; readonly isNumber: I32 } {
  const isWide = sought.layout.dtype === 'f64';
  const lanes = isWide ? f64x2 : f32x4;
  const first = quadAt(f, { values, row: i32(0) }, sought).parts.map((part) => f.let(part));
  // Of as many chains as there are quads at a time: each waits for itself alone.
  const least = LANES_OF_QUAD.map(() => f.let(first[0]!, 'least'));
  const greatest = LANES_OF_QUAD.map(() => f.let(first[0]!, 'greatest'));
  const isNan = f.let(v128.zero, 'isNan');
  f.forRange({ to: rows, step: VECTOR_BYTES }, (row) => {
    LANES_OF_QUAD.forEach((quad) => {
      for (const part of quadAt(f, { values, row: quadOf(f, { row, rows }, quad) }, sought).parts) {
        f.set(least[quad]!, lanes.pmin(least[quad]!, part));
        f.set(greatest[quad]!, lanes.pmax(greatest[quad]!, part));
        f.set(isNan, v128.or(isNan, lanes.ne(part, part)));
      }
    });
  });
  const across = (vectors: readonly V128[], op: 'pmin' | 'pmax'): V128 => {
    let all = f.let(vectors.reduce((a, b) => lanes[op](a, b)));
    for (let width = VECTOR_BYTES / 2; width >= (isWide ? 8 : 4); width /= 2) {
      const moved = Array.from({ length: VECTOR_BYTES }, (_, i) => (i + width) % VECTOR_BYTES);
      all = f.let(lanes[op](all, i8x16.shuffle(all, all, moved)));
    }
    return all;
  };
  const [low, high] = [across(least, 'pmin'), across(greatest, 'pmax')];
  const pick = Array.from({ length: VECTOR_BYTES }, (_, i) => (i < (isWide ? 8 : 4) ? i : i + VECTOR_BYTES));
  const pair = f.let(i8x16.shuffle(low, high, pick), 'ends');
  const ends = { dtype: sought.layout.dtype, parts: isWide ? [pair, pair] : [pair] } as Quad;
  return { ends, isNumber: v128.any_true(isNan).eqz() };
}

/** Of rows, all numbers, between whose ranks are at most 15 thresholds: how many of these each exceeds. */
function emitNear(
  f: FunctionBuilder,
  at: Feature,
  sought: Sought & { readonly start: I32; readonly least: I32; readonly greatest: I32 },
): void {
  const { least, greatest, layout } = sought;
  const isWide = layout.dtype === 'f64';
  const [lanes, shift] = isWide ? [f64x2, 3] : [f32x4, 2];
  // Tables of ranks take whole vectors: from here 16 ranks are within, the greatest among them.
  const window = f.let(select(least.lt_s(greatest.and(-VECTOR_BYTES)), least, greatest.and(-VECTOR_BYTES)), 'window');
  const before = f.let(i32x4.splat(least.sub(window)), 'before');
  const [begin, end] = [least, greatest].map((rank) => f.let(sought.start.add(rank.shl(shift))));
  f.forRange({ to: at.rows, step: VECTOR_BYTES }, (row) => {
    const quads = LANES_OF_QUAD.map((quad) => {
      const place = { values: at.values, row: quadOf(f, { row, rows: at.rows }, quad) };
      return quadAt(f, place, sought).parts.map((part) => f.let(part));
    });
    const counts = quads.map(() => f.let(before, 'count'));
    const threshold = f.let(begin!, 'threshold');
    f.while(
      () => threshold.lt_u(end!),
      () => {
        f.advance(threshold, 1 << shift);
        const value = f.let(isWide ? load.splat64(threshold) : load.splat32(threshold));
        quads.forEach((parts, i) => {
          const exceeds = narrowMask(f, parts.map((part) => lanes.gt(part, value))).parts[0]!;
          f.set(counts[i]!, i32x4.sub(counts[i]!, exceeds));
        });
      },
    );
    const [low, high] = [0, 2].map((i) => f.let(i16x8.narrow_i32x4_s(counts[i]!, counts[i + 1]!)));
    const ranks = f.let(i8x16.narrow_i16x8_s(low!, high!), 'ranks');
    const block = f.let(blockAt(at, row), 'block');
    forEachColumn(f, at, (column) => {
      const table = load.v128(at.trees.add(load.i32(column, COLUMN.ranks)).add(window));
      f.store.v128(block.add(load.i32(column, COLUMN.codes)), i8x16.swizzle(table, ranks));
    });
  });
}

/** Nothing is read past the last four rows: the first four of 16 stand for what would lie there. */
function quadOf(f: FunctionBuilder, { row, rows }: { row: I32; rows: I32 }, quad: number): I32 {
  if (quad === 0) return row;
  const from = row.add(quad * ROWS_PER_QUAD);
  return f.let(select(from.lt_s(rows), from, row));
}

function forEachColumn(f: FunctionBuilder, { columns, columnsEnd }: Feature, each: (column: I32) => void): void {
  const column = f.let(columns, 'column');
  f.while(
    () => column.lt_u(columnsEnd),
    () => {
      each(column);
      f.advance(column, COLUMN.bytes);
    },
  );
}

/** Four rows of a feature, in the dtype of the thresholds. */
function quadAt(f: FunctionBuilder, at: { values: I32; row: I32 }, { module, dtype, layout }: Sought): Quad {
  const quad = loadQuad(f, dtype, f.let(at.values.add(at.row.mul(WIDTH_BYTES[dtype]))));
  return dtype === layout.dtype ? quad : CAST_QUAD[dtype as 'i32'][layout.dtype]!({ f, module }, quad);
}

/** The buckets of four rows, as `bucketsOf` has computed them: how many bytes of thresholds lie before each. */
function emitBuckets(
  f: FunctionBuilder,
  { trees, feature }: { readonly trees: I32; readonly feature: I32 },
  layout: TreeMaskLayout,
): (quad: Quad) => readonly I32[] {
  const isWide = layout.dtype === 'f64';
  const lanes = isWide ? f64x2 : f32x4;
  const splat = (at: number): V128 => f.let(isWide ? load.splat64(feature, at) : load.splat32(feature, at));
  const [low, scale, last] = [splat(FEATURE.low), splat(FEATURE.scale), splat(FEATURE.last)];
  const table = f.let(trees.add(load.i32(feature, FEATURE.buckets)), 'buckets');
  return ({ parts }) =>
    parts.flatMap((part) => {
      const place = lanes.mul(lanes.sub(part, low), scale);
      // NaN stays, and becomes 0.
      const within = lanes.pmax(lanes.pmin(place, last), v128.zero);
      const bucket = f.let(isWide ? i32x4.trunc_sat_f64x2_s_zero(within) : i32x4.trunc_sat_f32x4_s(within));
      return Array.from({ length: isWide ? 2 : 4 }, (_, lane) =>
        load.i32(table.add(i32x4.lane(bucket, lane).shl(Math.log2(BUCKET_BYTES)))));
    });
}

/**
 * The columns in which NaN is above all thresholds, from those in which it is below them: no comparison holds for it,
 * so that is where the search has left it.
 */
function emitAbove(f: FunctionBuilder, at: Feature & { readonly isNumber: I32 }, sought: Sought): void {
  const { values, rows, isNumber } = at;
  const lanes = sought.layout.dtype === 'f32' ? f32x4 : f64x2;
  const isNan = (row: I32): V128 =>
    narrowMask(f, quadAt(f, { values, row }, sought).parts.map((part) => lanes.ne(part, part))).parts[0]!;
  forEachColumn(f, at, (column) => {
    const above = f.let(load.i32(column, COLUMN.above), 'above');
    f.if(above.ne(NOWHERE), () => {
      const below = f.let(load.i32(column, COLUMN.codes), 'below');
      const eachVector = (codesOf: (codes: V128, row: I32) => V128): void =>
        f.forRange({ to: rows, step: VECTOR_BYTES }, (row) => {
          const block = f.let(blockAt(at, row), 'block');
          f.store.v128(block.add(above), codesOf(load.v128(block.add(below)), row));
        });
      f.if(
        isNumber,
        () => eachVector((codes) => codes),
        () =>
          eachVector((codes, row) => {
            const masks = LANES_OF_QUAD.map((quad) => isNan(quadOf(f, { row, rows }, quad)));
            const [low, high] = [0, 2].map((i) => f.let(i16x8.narrow_i32x4_s(masks[i]!, masks[i + 1]!)));
            return v128.bitselect(i8x16.splat(ABOVE_ALL), codes, f.let(i8x16.narrow_i16x8_s(low!, high!)));
          }),
      );
    });
  });
}

/** Where the codes of a row lie in the first column. */
function blockAt({ codes, codeBytes }: { readonly codes: I32; readonly codeBytes: number }, row: I32): I32 {
  return codes.add(row.shr_u(Math.log2(BLOCK_ROWS)).mul(codeBytes)).add(row.and(BLOCK_ROWS - 1));
}

function loadValue(layout: TreeMaskLayout, address: I32): F32 {
  return layout.dtype === 'f32' ? load.f32(address) : (load.f64(address) as unknown as F32);
}

/** Columns of codes whose bits are turned. */
export function emitTurn(module: ModuleBuilder, name: string, { layout, codeBytes }: Codes) {
  const params = { trees: 'i32', codes: 'i32', blocks: 'i32' } as const;
  return module.define(name, { params }, (f, { trees, codes, blocks }) => {
    const pair = f.let(trees.add(maskParts(layout).turned), 'pair');
    f.forRange({ to: layout.turned }, () => {
      const from = f.let(codes.add(load.i32(pair)), 'from');
      const to = f.let(codes.add(load.i32(pair, 4)), 'to');
      f.forRange({ to: blocks }, () => {
        for (let i = 0; i < VECTORS; i++)
          f.store.v128(to, v128.not(load.v128(from, i * VECTOR_BYTES)), i * VECTOR_BYTES);
        f.advance(from, codeBytes);
        f.advance(to, codeBytes);
      });
      f.advance(pair, TURNED_BYTES);
    });
  });
}
