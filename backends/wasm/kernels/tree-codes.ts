/**
 * Features as codes, for the trees of `tree-masks.ts`: how many of its thresholds a value exceeds, by a search in the
 * bucket of thresholds it belongs to (`buckets.ts`), eight rows in lockstep.
 *
 * Codes lie block by block, `codeBytes` each: for each column those of 64 rows.
 */
import type { FunctionBuilder, ModuleBuilder } from '../dsl.js';
import { f32x4, f64x2, i16x8, i32x4, i8x16, v128 } from '../lanes.js';
import { load, select, type F32, type I32, type V128 } from '../values.js';
import { CAST_QUAD } from './cast-quad.js';
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

export const VECTOR_BYTES = 16;
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
      const ranks = Array.from({ length: SEARCH_ROWS }, () => f.local('i32', 'rank'));
      // Where all rows have one value, those of the first search have all there is to know.
      const searched = f.let(rows, 'searched');
      f.if(rows.ge_s(VECTOR_BYTES), () => {
        f.if(isOneValue(f, { values, rows }, dtype), () => f.set(searched, SEARCH_ROWS));
      });
      f.forRange({ to: searched, step: SEARCH_ROWS }, (row) => {
        // Where the second four are past the end, the first are searched again.
        const second = f.let(select(row.add(ROWS_PER_QUAD).lt_s(rows), row.add(ROWS_PER_QUAD), row));
        const quads = [row, second].map((from) => quadAt(f, { values, row: from }, { module, dtype, layout }));
        const sought = quads.flatMap((quad) => LANES_OF_QUAD.map((lane) => f.let(laneOf(quad, lane) as F32)));
        quads.flatMap(bucketOf).forEach((begin, i) => f.set(ranks[i]!, start.add(begin)));
        const half = f.let(firstHalf);
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
        const block = f.let(blockAt({ codes, codeBytes }, row), 'block');
        const column = f.let(columns, 'column');
        f.while(
          () => column.lt_u(columnsEnd),
          () => {
            const table = f.let(trees.add(load.i32(column, COLUMN.ranks)));
            const to = f.let(block.add(load.i32(column, COLUMN.codes)));
            ranks.forEach((rank, i) => f.store.i8(to, load.i8_u(table.add(rank)), i));
            f.advance(column, COLUMN.bytes);
          },
        );
      });
      f.if(searched.ne(rows), () => emitSpread(f, { rows, codes, columns, columnsEnd, codeBytes }));
      emitAbove(f, { values, rows, codes, columns, columnsEnd, codeBytes }, { module, dtype, layout });
      f.advance(feature, FEATURE.bytes);
    });
  });
}

const SPLAT = { 1: load.splat8, 4: load.splat32, 8: load.splat64 } as const;

/** Whether all rows, 16 at least, have the same bits. */
function isOneValue(f: FunctionBuilder, { values, rows }: { values: I32; rows: I32 }, dtype: QuadDType): I32 {
  const width = WIDTH_BYTES[dtype] as keyof typeof SPLAT;
  const differs = f.let(v128.zero, 'differs');
  const first = f.let(SPLAT[width](values), 'first');
  // What is left of the rows is looked at together with some before.
  const last = f.let(values.add(rows.mul(width)).sub(VECTOR_BYTES), 'last');
  const at = f.let(values, 'at');
  f.while(
    () => at.lt_u(last),
    () => {
      f.set(differs, v128.or(differs, v128.xor(load.v128(at), first)));
      f.advance(at, VECTOR_BYTES);
    },
  );
  return v128.any_true(v128.or(differs, v128.xor(load.v128(last), first))).eqz();
}

/** Codes of the first rows for all of them. */
function emitSpread(
  f: FunctionBuilder,
  at: {
    readonly rows: I32;
    readonly codes: I32;
    readonly columns: I32;
    readonly columnsEnd: I32;
    readonly codeBytes: number;
  },
): void {
  const column = f.let(at.columns, 'column');
  f.while(
    () => column.lt_u(at.columnsEnd),
    () => {
      const codes = f.let(load.i32(column, COLUMN.codes));
      const code = f.let(load.splat8(at.codes.add(codes)));
      f.forRange({ to: at.rows, step: VECTOR_BYTES }, (row) =>
        f.store.v128(blockAt(at, row).add(codes), code));
      f.advance(column, COLUMN.bytes);
    },
  );
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
function emitAbove(
  f: FunctionBuilder,
  at: {
    readonly values: I32;
    readonly rows: I32;
    readonly codes: I32;
    readonly columns: I32;
    readonly columnsEnd: I32;
    readonly codeBytes: number;
  },
  sought: Sought,
): void {
  const { values, rows } = at;
  const lanes = sought.layout.dtype === 'f32' ? f32x4 : f64x2;
  const column = f.let(at.columns, 'column');
  const isNan = (row: I32): V128 =>
    narrowMask(f, quadAt(f, { values, row }, sought).parts.map((part) => lanes.ne(part, part))).parts[0]!;
  f.while(
    () => column.lt_u(at.columnsEnd),
    () => {
      const above = f.let(load.i32(column, COLUMN.above), 'above');
      f.if(above.ne(NOWHERE), () => {
        const below = f.let(load.i32(column, COLUMN.codes), 'below');
        f.forRange({ to: rows, step: VECTOR_BYTES }, (row) => {
          const masks = LANES_OF_QUAD.map((quad) => {
            const from = row.add(quad * ROWS_PER_QUAD);
            // Nothing is read past the last four rows.
            return isNan(f.let(select(from.lt_s(rows), from, row)));
          });
          const [low, high] = [0, 2].map((i) => i16x8.narrow_i32x4_s(masks[i]!, masks[i + 1]!));
          const block = f.let(blockAt(at, row), 'block');
          const codes = load.v128(block.add(below));
          const mask = f.let(i8x16.narrow_i16x8_s(low!, high!));
          f.store.v128(block.add(above), v128.bitselect(i8x16.splat(ABOVE_ALL), codes, mask));
        });
      });
      f.advance(column, COLUMN.bytes);
    },
  );
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
