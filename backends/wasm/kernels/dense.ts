/**
 * The dense kernel: out[m][rows] = activation(init + sum over k of W[k][m] * in[k][rows]), rows as SIMD lanes.
 * As a pair with the layer that follows, if that has few outputs, hidden sums go on from their registers:
 * out[j][rows] += sum over m of V[m][j] * activation(...); they are stored nowhere.
 *
 * In: tables of column addresses (a column is contiguous over rows), one block of weights as `panels.ts` lays it out.
 * A tile of `width` outputs x `vectors` SIMD registers of rows stays in registers while k runs; a panel's weights stay
 * in L1 while all rows of the tile pass. Rows are handled up to the next multiple of 4: columns must be that long.
 */
import type { Func, FunctionBuilder, Local, Locals, ModuleBuilder, Params } from '../dsl.js';
import { f32x4, f64x2 } from '../lanes.js';
import { load, type I32, type V128 } from '../values.js';
import { PANEL_WIDTH } from './panels.js';

/** `width` outputs by `vectors` registers of rows: 6 x 2 is the tile 6 x 8 of f32. */
export interface TileShape {
  readonly width: number;
  readonly vectors: number;
}

export interface DenseVariant {
  readonly dtype: 'f32' | 'f64';
  readonly shape: TileShape;
  /** Where sums begin: at the bias, at zero, or at what the output holds (the next block along k). */
  readonly init: 'bias' | 'zero' | 'output';
  /** Applied to the sums of the last block; named so that equal kernels are emitted once. */
  readonly activation: Activation | undefined;
}

export interface Activation {
  readonly name: string;
  /** All sums of a tile at once, so that they share the constants. */
  readonly apply: (f: FunctionBuilder, sums: readonly V128[]) => readonly V128[];
}

/** The layer behind a block: its outputs, at most `MOST_PAIR_OUTPUTS`. */
export interface PairVariant extends DenseVariant {
  readonly nextOutputs: number;
}

/** More would be read and written once a panel too often. */
export const MOST_PAIR_OUTPUTS = 8;

const PANEL_PARAMS = {
  input: 'i32',
  output: 'i32',
  weights: 'i32',
  bias: 'i32',
  rows: 'i32',
  k: 'i32',
  stride: 'i32',
} as const;
const BLOCK_PARAMS = {
  input: 'i32',
  output: 'i32',
  weights: 'i32',
  bias: 'i32',
  rows: 'i32',
  k: 'i32',
  m: 'i32',
} as const;
const NEXT = { next: 'i32' } as const;
const PAIR_PARAMS = { ...BLOCK_PARAMS, ...NEXT } as const;
const PANEL_PAIR_PARAMS = { ...PANEL_PARAMS, ...NEXT } as const;
/** Of either parameters. */
type PanelFunc = Func<Params, undefined>;
export type DenseFunc = Func<typeof BLOCK_PARAMS, undefined>;
export type PairFunc = Func<typeof PAIR_PARAMS, undefined>;

/** Rows one 4-row step of the tail needs. */
const TAIL_ROWS = 4;

/**
 * Emits (once) the function over one block: `input`, `output` are tables of `k` and `m` column addresses, `bias` the
 * address of `m` values (unused unless init is 'bias').
 */
export function emitDense(module: ModuleBuilder, variant: DenseVariant): DenseFunc {
  return emitBlock(module, nameOf('dense', variant), BLOCK_PARAMS, variant);
}

/** Likewise; `output` is the table of the next layer's columns, which are added to, `next` its weights [m, outputs]. */
export function emitDensePair(module: ModuleBuilder, variant: PairVariant): PairFunc {
  return emitBlock(module, nameOf('pair', variant), PAIR_PARAMS, variant);
}

function emitBlock<const P extends typeof BLOCK_PARAMS>(
  module: ModuleBuilder,
  name: string,
  signature: P,
  variant: DenseVariant & Partial<PairVariant>,
): Func<P, undefined> {
  const block: Func<P, undefined> = { name, params: signature, result: undefined };
  if (module.hasFunction(name)) return block;
  const bytes = variant.dtype === 'f32' ? 4 : 8;
  const { nextOutputs } = variant;
  const { width } = variant.shape;
  const panels = Array.from({ length: width }, (_, i) => emitPanel(module, variant, i + 1));
  module.define(name, { params: signature as Params, wide: true }, (f, params) => {
    const { input, output, weights, bias, rows, k, m, next } = params as Locals<typeof PAIR_PARAMS>;
    const left = f.let(m, 'left');
    f.while(
      () => left.gt_s(0),
      () => {
        const panelWidth = f.let(min(f, left, PANEL_WIDTH));
        const stride = f.let(panelWidth.mul(bytes));
        const inPanel = f.let(panelWidth);
        f.while(
          () => inPanel.gt_s(0),
          () => {
            const outputs = f.let(min(f, inPanel, width));
            const call = (func: PanelFunc): void => {
              f.call(func, { input, output, weights, bias, rows, k, stride, ...(next && { next }) });
            };
            f.switch(
              outputs.sub(1),
              panels.slice(0, -1).map((panel) => () => call(panel)),
              () => call(panels[width - 1]!),
            );
            f.advance(weights, outputs.mul(bytes));
            f.advance(bias, outputs.mul(bytes));
            if (nextOutputs === undefined) f.advance(output, outputs.mul(4));
            else f.advance(next, outputs.mul(bytes * nextOutputs));
            f.set(inPanel, inPanel.sub(outputs));
          },
        );
        f.advance(weights, k.sub(1).mul(stride));
        f.set(left, left.sub(panelWidth));
      },
    );
  });
  return block;
}

function min(f: FunctionBuilder, a: I32, b: number): I32 {
  const least = f.let(a);
  f.if(least.gt_s(b), () => f.set(least, b));
  return least;
}

function nameOf(base: string, variant: DenseVariant & Partial<PairVariant>): string {
  const { dtype, shape, init, activation, nextOutputs } = variant;
  const tile = `${shape.width}x${shape.vectors}`;
  const next = nextOutputs === undefined ? [] : [`to${nextOutputs}`];
  return [base, dtype, tile, init, ...(activation === undefined ? [] : [activation.name]), ...next].join('_');
}

/** `width` outputs over all rows. Narrow panels take more rows at a time, so that as many sums are in flight. */
function emitPanel(module: ModuleBuilder, variant: DenseVariant & Partial<PairVariant>, width: number): PanelFunc {
  const { dtype, shape } = variant;
  const tailVectors = TAIL_ROWS / (dtype === 'f32' ? 4 : 2);
  const vectors = Math.min(8, Math.max(shape.vectors, Math.floor((shape.width * shape.vectors) / width)));
  const name = nameOf(`panel${width}`, variant);
  const signature = variant.nextOutputs === undefined ? PANEL_PARAMS : PANEL_PAIR_PARAMS;
  if (module.hasFunction(name)) return { name, params: signature, result: undefined };
  return module.define(name, { params: signature as Params, wide: true }, (f, locals) => {
    const params = locals as Locals<typeof PANEL_PAIR_PARAMS>;
    const { rows } = params;
    const endBytes = f.let(
      rows
        .add(TAIL_ROWS - 1)
        .and(-TAIL_ROWS)
        .mul(dtype === 'f32' ? 4 : 8),
      'end_bytes',
    );
    const at = f.let(rows.sub(rows), 'at');
    const tile = { ...params, variant, width, at };
    f.while(
      () => at.add(vectors * 16).le_s(endBytes),
      () => {
        emitTile(f, { ...tile, vectors });
        f.advance(at, vectors * 16);
      },
    );
    f.while(
      () => at.lt_s(endBytes),
      () => {
        emitTile(f, { ...tile, vectors: tailVectors });
        f.advance(at, tailVectors * 16);
      },
    );
  });
}

interface Tile {
  readonly variant: DenseVariant & Partial<PairVariant>;
  readonly width: number;
  readonly vectors: number;
  /** Byte offset of the tile's first row in every column. */
  readonly at: I32;
  readonly input: I32;
  readonly output: I32;
  readonly weights: I32;
  readonly bias: I32;
  readonly k: I32;
  readonly stride: I32;
  /** Of a pair: the next layer's weights of the tile's first hidden unit. */
  readonly next: I32;
}

function emitTile(f: FunctionBuilder, tile: Tile): void {
  const { variant, width, vectors } = tile;
  const f32 = variant.dtype === 'f32';
  const lanes = f32 ? f32x4 : f64x2;
  const splat = f32 ? load.splat32 : load.splat64;
  const bytes = f32 ? 4 : 8;
  const sums: Local<'v128'>[][] = [];
  for (let i = 0; i < width; i++) {
    const column = variant.init === 'output' ? f.let(load.i32(tile.output, i * 4).add(tile.at)) : undefined;
    const start = f.let(variant.init === 'bias' ? splat(tile.bias, i * bytes) : f32 ? f32x4.splat(0) : f64x2.splat(0));
    sums.push(
      Array.from({ length: vectors }, (_, v) => f.let(column === undefined ? start : load.v128(column, v * 16))),
    );
  }
  const weight = f.let(tile.weights, 'weight');
  const from = f.let(tile.input, 'from');
  const end = f.let(tile.input.add(tile.k.mul(4)), 'end');
  f.loop((loop) => {
    const column = f.let(load.i32(from).add(tile.at), 'column');
    const x = Array.from({ length: vectors }, (_, v) => f.let(load.v128(column, v * 16)));
    for (let i = 0; i < width; i++) {
      const w = f.let(splat(weight, i * bytes));
      for (let v = 0; v < vectors; v++) f.set(sums[i]![v]!, lanes.madd(x[v]!, w, sums[i]![v]!));
    }
    f.advance(weight, tile.stride);
    f.advance(from, 4);
    loop.break(from.ge_u(end));
  });
  const flat = sums.flat();
  const activated = variant.activation?.apply(f, flat) ?? flat;
  if (variant.nextOutputs !== undefined) return feedNext(f, tile, activated);
  for (let i = 0; i < width; i++) {
    const column = f.let(load.i32(tile.output, i * 4).add(tile.at));
    for (let v = 0; v < vectors; v++) f.store.v128(column, activated[i * vectors + v]!, v * 16);
  }
}

/** out[j] += V[i][j] * hidden[i], i ascending: the order in which the next layer would take its sums alone. */
function feedNext(f: FunctionBuilder, tile: Tile, hidden: readonly V128[]): void {
  const { variant, width, vectors } = tile;
  const [lanes, splat, bytes] = variant.dtype === 'f32' ? [f32x4, load.splat32, 4] : [f64x2, load.splat64, 8];
  const held = hidden.map((value) => f.let(value));
  const outputs = variant.nextOutputs!;
  for (let j = 0; j < outputs; j++) {
    const column = f.let(load.i32(tile.output, j * 4).add(tile.at));
    const sums = Array.from({ length: vectors }, (_, v) => f.let(load.v128(column, v * 16)));
    for (let i = 0; i < width; i++) {
      const w = f.let(splat(tile.next, (i * outputs + j) * bytes));
      for (let v = 0; v < vectors; v++) f.set(sums[v]!, lanes.madd(held[i * vectors + v]!, w, sums[v]!));
    }
    sums.forEach((sum, v) => f.store.v128(column, sum, v * 16));
  }
}

const FILL_PARAMS = { output: 'i32', count: 'i32', rows: 'i32', values: 'i32' } as const;

/** Emits (once) the function that sets the rows of `count` columns to a value each: where the sums of a pair begin. */
export function emitFill(module: ModuleBuilder, dtype: 'f32' | 'f64'): Func<typeof FILL_PARAMS, undefined> {
  const name = `fill_${dtype}`;
  if (module.hasFunction(name)) return { name, params: FILL_PARAMS, result: undefined };
  const [splat, bytes] = dtype === 'f32' ? [load.splat32, 4] : [load.splat64, 8];
  return module.define(name, { params: FILL_PARAMS }, (f, { output, count, rows, values }) => {
    f.forRange({ to: count }, (j) => {
      const value = f.let(splat(values.add(j.mul(bytes))));
      const column = f.let(load.i32(output.add(j.shl(2))), 'column');
      const end = f.let(
        column.add(
          rows
            .add(TAIL_ROWS - 1)
            .and(-TAIL_ROWS)
            .mul(bytes),
        ),
        'end',
      );
      f.while(
        () => column.lt_u(end),
        () => {
          f.store.v128(column, value);
          f.advance(column, 16);
        },
      );
    });
  });
}
