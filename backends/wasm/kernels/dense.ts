/**
 * The dense kernel: out[m][rows] = activation(init + sum over k of W[k][m] * in[k][rows]), rows as SIMD lanes.
 *
 * In: tables of column addresses (a column is contiguous over rows), one block of weights as `panels.ts` lays it out.
 * A tile of `width` outputs x `vectors` SIMD registers of rows stays in registers while k runs; a panel's weights stay
 * in L1 while all rows of the tile pass. Rows are handled up to the next multiple of 4: columns must be that long.
 */
import type { Func, FunctionBuilder, Local, ModuleBuilder } from '../dsl.js';
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
  readonly activation: { readonly name: string; readonly apply: (f: FunctionBuilder, x: V128) => V128 } | undefined;
}

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
type PanelFunc = Func<typeof PANEL_PARAMS, undefined>;
export type DenseFunc = Func<typeof BLOCK_PARAMS, undefined>;

/** Rows one 4-row step of the tail needs. */
const TAIL_ROWS = 4;

/**
 * Emits (once) the function over one block: `input`, `output` are tables of `k` and `m` column addresses, `bias` the
 * address of `m` values (unused unless init is 'bias').
 */
export function emitDense(module: ModuleBuilder, variant: DenseVariant): DenseFunc {
  const name = nameOf('dense', variant);
  const func: DenseFunc = { name, params: BLOCK_PARAMS, result: undefined };
  if (module.hasFunction(name)) return func;
  const bytes = variant.dtype === 'f32' ? 4 : 8;
  const { width } = variant.shape;
  const panels = Array.from({ length: width }, (_, i) => emitPanel(module, variant, i + 1));
  return module.define(name, { params: BLOCK_PARAMS }, (f, { input, output, weights, bias, rows, k, m }) => {
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
            const call = (func: PanelFunc): void => f.call(func, { input, output, weights, bias, rows, k, stride });
            f.switch(
              outputs.sub(1),
              panels.slice(0, -1).map((panel) => () => call(panel)),
              () => call(panels[width - 1]!),
            );
            f.advance(weights, outputs.mul(bytes));
            f.advance(bias, outputs.mul(bytes));
            f.advance(output, outputs.mul(4));
            f.set(inPanel, inPanel.sub(outputs));
          },
        );
        f.advance(weights, k.sub(1).mul(stride));
        f.set(left, left.sub(panelWidth));
      },
    );
  });
}

function min(f: FunctionBuilder, a: I32, b: number): I32 {
  const least = f.let(a);
  f.if(least.gt_s(b), () => f.set(least, b));
  return least;
}

function nameOf(base: string, { dtype, shape, init, activation }: DenseVariant): string {
  const tile = `${shape.width}x${shape.vectors}`;
  return [base, dtype, tile, init, ...(activation === undefined ? [] : [activation.name])].join('_');
}

/** `width` outputs over all rows. Narrow panels take more rows at a time, so that as many sums are in flight. */
function emitPanel(module: ModuleBuilder, variant: DenseVariant, width: number): PanelFunc {
  const { dtype, shape } = variant;
  const tailVectors = TAIL_ROWS / (dtype === 'f32' ? 4 : 2);
  const vectors = Math.min(8, Math.max(shape.vectors, Math.floor((shape.width * shape.vectors) / width)));
  const name = nameOf(`panel${width}`, variant);
  if (module.hasFunction(name)) return { name, params: PANEL_PARAMS, result: undefined };
  return module.define(name, { params: PANEL_PARAMS }, (f, params) => {
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
  readonly variant: DenseVariant;
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
  for (let i = 0; i < width; i++) {
    const column = f.let(load.i32(tile.output, i * 4).add(tile.at));
    for (let v = 0; v < vectors; v++)
      f.store.v128(column, variant.activation?.apply(f, sums[i]![v]!) ?? sums[i]![v]!, v * 16);
  }
}
