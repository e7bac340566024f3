/**
 * Features as codes, for the trees of `tree-masks.ts`: how many of its thresholds a value exceeds, by binary search in
 * the feature's thresholds, eight rows in lockstep.
 *
 * Codes lie block by block, `codeBytes` each: for each column those of 64 rows.
 */
import type { FunctionBuilder, ModuleBuilder } from '../dsl.js';
import { f32x4, f64x2, v128 } from '../lanes.js';
import { i32, load, select, type F32, type I32 } from '../values.js';
import { CAST_QUAD } from './cast-quad.js';
import { laneOf, loadQuad, ROWS_PER_QUAD, WIDTH_BYTES, type Quad, type QuadDType } from './quad.js';
import { BLOCK_ROWS, COLUMN, FEATURE, maskParts, TURNED_BYTES, type TreeMaskLayout } from './tree-masks-layout.js';

export const VECTOR_BYTES = 16;
export const VECTORS = BLOCK_ROWS / VECTOR_BYTES;
const SEARCH_ROWS = 8;

interface Codes {
  readonly layout: TreeMaskLayout;
  readonly codeBytes: number;
}

/** Codes of the features of a chunk of rows: ranks by binary search, which each column of codes has a table of. */
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
      const window = emitWindow(f, { values, rows, start, feature }, { module, dtype, layout });
      const columns = f.let(trees.add(load.i32(feature, FEATURE.columns)), 'columns');
      const columnsEnd = f.let(columns.add(load.i32(feature, FEATURE.columnCount).mul(COLUMN.bytes)));
      const ranks = Array.from({ length: SEARCH_ROWS }, () => f.local('i32', 'rank'));
      f.forRange({ to: rows, step: SEARCH_ROWS }, (row) => {
        // Where the second four are past the end, the first are searched again.
        const second = f.let(select(row.add(ROWS_PER_QUAD).lt_s(rows), row.add(ROWS_PER_QUAD), row));
        const sought = [row, second].flatMap((from) => {
          const quad = quadAt(f, { values, row: from }, { module, dtype, layout });
          return Array.from({ length: ROWS_PER_QUAD }, (_, lane) => f.let(laneOf(quad, lane) as F32));
        });
        for (const rank of ranks) f.set(rank, window.start);
        const half = f.let(window.half, 'half');
        f.while(
          () => half.ne(0),
          () => {
            ranks.forEach((rank, i) => {
              const middle = f.let(rank.add(half));
              f.set(rank, select(sought[i]!.gt(loadValue(layout, middle)), middle, rank));
            });
            f.set(half, half.shr_u(1).and(-valueBytes));
          },
        );
        for (const rank of ranks) f.set(rank, rank.sub(start).shr_u(Math.log2(valueBytes)));
        const block = f.let(
          codes.add(row.shr_u(Math.log2(BLOCK_ROWS)).mul(codeBytes)).add(row.and(BLOCK_ROWS - 1)),
          'block',
        );
        const column = f.let(columns, 'column');
        f.while(
          () => column.lt_u(columnsEnd),
          () => {
            const table = f.let(trees.add(load.i32(column, COLUMN.ranks)));
            const to = f.let(block.add(load.i32(column, COLUMN.codes)));
            const nan = f.let(load.i32(column, COLUMN.nan));
            ranks.forEach((rank, i) =>
              f.store.i8(to, load.i8_u(table.add(select(sought[i]!.ne(sought[i]!), nan, rank))), i),
            );
            f.advance(column, COLUMN.bytes);
          },
        );
      });
      f.advance(feature, FEATURE.bytes);
    });
  });
}

interface Sought {
  readonly module: ModuleBuilder;
  readonly dtype: QuadDType;
  readonly layout: TreeMaskLayout;
}

/** Four rows of a feature, in the dtype of the thresholds. */
function quadAt(f: FunctionBuilder, at: { values: I32; row: I32 }, { module, dtype, layout }: Sought): Quad {
  const quad = loadQuad(f, dtype, f.let(at.values.add(at.row.mul(WIDTH_BYTES[dtype]))));
  return dtype === layout.dtype ? quad : CAST_QUAD[dtype as 'i32'][layout.dtype]!({ f, module }, quad);
}

/**
 * Where the ranks of the chunk lie: rows that are near each other often have values that are, so that between the ranks
 * of the least and the greatest are few thresholds, or none. Gives the search's start and first half, for a window of
 * one less than a power of two thresholds.
 */
function emitWindow(
  f: FunctionBuilder,
  at: { readonly values: I32; readonly rows: I32; readonly start: I32; readonly feature: I32 },
  sought: Sought,
): { readonly start: I32; readonly half: I32 } {
  const { layout } = sought;
  const lanes = layout.dtype === 'f32' ? f32x4 : f64x2;
  const valueBytes = layout.dtype === 'f32' ? 4 : 8;
  // Kept where the other is NaN.
  const least = f.let(layout.dtype === 'f32' ? f32x4.splat(Infinity) : f64x2.splat(Infinity), 'least');
  const greatest = f.let(layout.dtype === 'f32' ? f32x4.splat(-Infinity) : f64x2.splat(-Infinity), 'greatest');
  f.forRange({ to: at.rows, step: ROWS_PER_QUAD }, (row) => {
    for (const part of quadAt(f, { values: at.values, row }, sought).parts) {
      f.set(least, lanes.pmin(least, part));
      f.set(greatest, lanes.pmax(greatest, part));
    }
  });
  const whole = f.let(load.i32(at.feature, FEATURE.half), 'whole');
  const [low, high] = [least, greatest].map((vector, i) => {
    const parts = Array.from({ length: 16 / valueBytes }, (_, lane) => lanes.lane(vector, lane) as F32);
    const value = parts.reduce((a, b) => (i === 0 ? a.min(b) : a.max(b)));
    const held = f.let(value);
    const place = f.let(at.start);
    const half = f.let(whole);
    f.while(
      () => half.ne(0),
      () => {
        const middle = f.let(place.add(half));
        f.set(place, select(held.gt(loadValue(layout, middle)), middle, place));
        f.set(half, half.shr_u(1).and(-valueBytes));
      },
    );
    return place;
  });
  // Without a number that is not NaN, low is above high and no step is made.
  const half = f.let(i32(0), 'half');
  const end = f.let(at.start.add(whole.shl(1).sub(valueBytes)));
  f.if(high!.gt_u(low!), () => {
    f.set(half, valueBytes);
    f.while(
      () => low!.add(half.shl(1).sub(valueBytes)).lt_u(high!),
      () => f.set(half, half.shl(1)),
    );
    // A window that would reach past the thresholds begins earlier.
    const latest = f.let(end.sub(half.shl(1).sub(valueBytes)));
    f.set(low!, select(low!.gt_u(latest), latest, low!));
  });
  return { start: low!, half };
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
