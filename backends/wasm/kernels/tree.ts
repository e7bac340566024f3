/**
 * The tree kernel: rows of a tile walk each tree in lockstep.
 *
 * In: a table of feature columns, trees as `tree-layout.ts` lays them out. The features of the rows are turned into
 * row-major order once (a step then needs one address: row + feature). A tree's nodes stay in L1 while all rows of the
 * chunk pass; `LOCKSTEP` independent rows hide the latency of each other's loads. No branch depends on the data.
 */
import type { Func, FunctionBuilder, Local, ModuleBuilder } from '../dsl.js';
import { f32x4, f64x2 } from '../lanes.js';
import { load, select, type F32, type F64, type I32, type Value } from '../values.js';
import { CAST_QUAD } from './cast-quad.js';
import { laneOf, loadQuad, ROWS_PER_QUAD, WIDTH_BYTES } from './quad.js';
import { nodeBytes, treeParts, type TreeLayout } from './tree-layout.js';
import { emitFinish, TREE_PARAMS, type TreeFunc, type TreeKernel } from './tree-sums.js';

type Kernel = TreeKernel<TreeLayout>;

/** Rows walked together: enough to hide the latency of a step, few enough for the registers. */
const LOCKSTEP = 8;
/** What the features of a chunk of rows may take, so that they stay in L1 with the nodes. */
const CHUNK_BYTES = 24 * 1024;
const MOST_CHUNK_ROWS = 256;

const WALK_PARAMS = { features: 'i32', sums: 'i32', trees: 'i32', rows: 'i32' } as const;

interface Shape {
  readonly kernel: Kernel;
  readonly valueBytes: number;
  /** Bytes of a row of features, and of a row of sums. */
  readonly rowBytes: number;
  readonly sumBytes: number;
  readonly chunkRows: number;
  readonly lockstep: number;
}

function shapeOf(kernel: Kernel): Shape {
  const valueBytes = kernel.layout.dtype === 'f32' ? 4 : 8;
  const lockstep = kernel.lockstep ?? LOCKSTEP;
  const rowBytes = kernel.features * valueBytes;
  const sums = kernel.layout.leaf === 'single' ? kernel.layout.targets : treeParts(kernel.layout).rowWeights;
  const chunkRows = Math.max(lockstep, Math.floor(CHUNK_BYTES / Math.max(1, rowBytes) / lockstep) * lockstep);
  return {
    kernel,
    valueBytes,
    rowBytes,
    sumBytes: sums * valueBytes,
    chunkRows: Math.min(Math.floor(MOST_CHUNK_ROWS / lockstep) * lockstep, chunkRows),
    lockstep,
  };
}

/** Scratch the function needs, whatever the number of rows. */
export function treeScratchBytes(kernel: Kernel): number {
  const { chunkRows, rowBytes, sumBytes } = shapeOf(kernel);
  return chunkRows * (rowBytes + sumBytes) + 64;
}

/** Emits the function over a tile: `output` is a table of `targets` columns. */
export function emitTrees(module: ModuleBuilder, name: string, kernel: Kernel): TreeFunc {
  const shape = shapeOf(kernel);
  const transpose = emitToRows(module, `${name}_rows`, shape);
  const walk = emitWalk(module, `${name}_walk`, shape);
  const finish = emitFinish(module, `${name}_finish`, {
    kernel,
    rowBytes: shape.sumBytes,
    targetBytes: shape.valueBytes,
  });
  return module.define(name, { params: TREE_PARAMS }, (f, { input, output, trees, rows, scratch }) => {
    const sums = f.let(
      scratch
        .add(shape.chunkRows * shape.rowBytes)
        .add(15)
        .and(-16),
      'sums',
    );
    f.forRange({ to: rows, step: shape.chunkRows }, (first) => {
      const left = f.let(rows.sub(first));
      f.if(left.gt_s(shape.chunkRows), () => f.set(left, shape.chunkRows));
      f.call(transpose, { input, first, rows: left, to: scratch });
      emitStart(f, shape, sums);
      f.call(walk, { features: scratch, sums, trees, rows: left });
      f.call(finish, { sums, output, first, rows: left });
    });
  });
}

function emitStart(f: FunctionBuilder, shape: Shape, sums: I32): void {
  const { combine, layout } = shape.kernel;
  const bytes = shape.chunkRows * shape.sumBytes;
  if (combine === 'sum' || combine === 'mean') return f.fill(sums, 0, bytes);
  const start = combine === 'min' ? Infinity : -Infinity;
  f.forRange({ to: bytes, step: shape.valueBytes }, (at) =>
    layout.dtype === 'f32' ? f.store.f32(sums.add(at), start) : f.store.f64(sums.add(at), start),
  );
}

/** Columns to rows: [k][rows] becomes [rows][k], in the dtype of the thresholds. */
function emitToRows(
  module: ModuleBuilder,
  name: string,
  shape: Shape,
): Func<{ input: 'i32'; first: 'i32'; rows: 'i32'; to: 'i32' }, undefined> {
  const {
    kernel: { input: dtype, features, layout },
    valueBytes,
    rowBytes,
  } = shape;
  return module.define(
    name,
    { params: { input: 'i32', first: 'i32', rows: 'i32', to: 'i32' } },
    (f, { input, first, rows, to }) => {
      f.forRange({ to: features }, (j) => {
        const column = f.let(load.i32(input.add(j.shl(2))).add(first.mul(WIDTH_BYTES[dtype])));
        const target = f.let(to.add(j.mul(valueBytes)));
        f.forRange({ to: rows, step: ROWS_PER_QUAD }, (row) => {
          const quad = loadQuad(f, dtype, f.let(column.add(row.mul(WIDTH_BYTES[dtype]))));
          const cast = dtype === layout.dtype ? quad : CAST_QUAD[dtype as 'i32'][layout.dtype]!({ f, module }, quad);
          const at = f.let(target.add(row.mul(rowBytes)));
          for (let lane = 0; lane < ROWS_PER_QUAD; lane++) storeValue(f, at, laneOf(cast, lane), lane * rowBytes);
        });
      });
    },
  );
}

function storeValue(f: FunctionBuilder, address: I32, value: Value, offset = 0): void {
  if (value.type === 'f32') f.store.f32(address, value, offset);
  else f.store.f64(address, value as F64, offset);
}

/** All trees over the rows of a chunk (rounded up to the lockstep: rows past the end walk too, unseen). */
function emitWalk(module: ModuleBuilder, name: string, shape: Shape): Func<typeof WALK_PARAMS, undefined> {
  const {
    kernel: { layout, combine },
    lockstep,
    rowBytes,
    sumBytes,
    valueBytes,
  } = shape;
  const parts = treeParts(layout);
  const size = nodeBytes(layout);
  return module.define(name, { params: WALK_PARAMS }, (f, { features, sums, trees, rows }) => {
    const nodes = f.let(trees.add(parts.nodes), 'nodes');
    const header = f.let(trees, 'header');
    const at = Array.from({ length: lockstep }, () => f.local('i32', 'at'));
    f.forRange({ to: layout.trees }, () => {
      const root = f.let(nodes.add(load.i32(header)), 'root');
      const depth = f.let(load.i32(header, 4), 'depth');
      const row = f.let(features, 'row');
      const sum = f.let(layout.leaf === 'single' ? sums.add(load.i32(header, 8).mul(valueBytes)) : sums, 'sum');
      f.forRange({ to: rows, step: lockstep }, () => {
        for (const p of at) f.set(p, root);
        const left = f.let(depth, 'left');
        f.while(
          () => left.ne(0),
          () => {
            at.forEach((p, i) => f.set(p, next(f, layout, p, row, i * rowBytes)));
            f.set(left, left.sub(1));
          },
        );
        at.forEach((p, i) => {
          const index = p.sub(nodes);
          if (layout.leaf === 'rows')
            return addRow(f, layout, {
              leaf: f.let(load.i32(trees.add(index.shr_u(Math.log2(size / 4))), parts.leaves)),
              trees,
              sum,
              offset: i * sumBytes,
            });
          const weight = trees.add(index.shr_u(Math.log2(size / valueBytes)));
          if (layout.dtype === 'f32')
            f.store.f32(sum, merge(combine, load.f32(sum, i * sumBytes), load.f32(weight, parts.leaves)), i * sumBytes);
          else
            f.store.f64(sum, merge(combine, load.f64(sum, i * sumBytes), load.f64(weight, parts.leaves)), i * sumBytes);
        });
        f.advance(row, lockstep * rowBytes);
        f.advance(sum, lockstep * sumBytes);
      });
      f.advance(header, 16);
    });
  });
}

function merge<V extends F32 | F64>(combine: Kernel['combine'], sum: V, weight: V): V {
  const method = combine === 'min' ? 'min' : combine === 'max' ? 'max' : 'add';
  return (sum as F32)[method](weight as F32) as V;
}

/** One step of one row from node `p`; `row` plus `offset` is where its features lie. */
function next(f: FunctionBuilder, layout: TreeLayout, p: Local<'i32'>, row: I32, offset: number): I32 {
  const size = Math.log2(nodeBytes(layout));
  const compact = layout.node === 'compact';
  const valueBytes = layout.dtype === 'f32' ? 4 : 8;
  const feature = compact ? load.i16_u(p, 4) : load.i32(p, valueBytes);
  const step = compact ? load.i16_s(p, 6) : load.i32(p, valueBytes + 4);
  const place = layout.missing === 'mixed' ? f.let(feature) : feature;
  const address = row.add(layout.missing === 'mixed' ? place.and(-2) : place);
  const toNo =
    layout.dtype === 'f32'
      ? sideOf(layout, f.let(load.f32(address, offset)), load.f32(p), place)
      : sideOf(layout, f.let(load.f64(address, offset)), load.f64(p), place);
  return p.add(step.add(toNo).shl(size));
}

function sideOf<V extends F32 | F64>(layout: TreeLayout, x: V, threshold: V, flags: I32): I32 {
  const compare = (op: 'gt' | 'le' | 'ne', other: V): I32 => (x as F32)[op](other as F32);
  if (layout.missing === 'yes') return compare('gt', threshold);
  const toNo = compare('le', threshold).eqz();
  return layout.missing === 'no' ? toNo : select(compare('ne', x), flags.and(1), toNo);
}

/** Adds the weights of all targets of a leaf to a row of sums. */
function addRow(f: FunctionBuilder, layout: TreeLayout, at: { leaf: I32; trees: I32; sum: I32; offset: number }): void {
  const parts = treeParts(layout);
  const valueBytes = layout.dtype === 'f32' ? 4 : 8;
  const bytes = parts.rowWeights * valueBytes;
  const weights = f.let(at.trees.add(at.leaf.mul(bytes)));
  const add = layout.dtype === 'f32' ? f32x4.add : f64x2.add;
  const addAt = (address: I32, from: I32, offset: number): void =>
    f.store.v128(
      address,
      add(load.v128(address, at.offset + offset), load.v128(from, parts.rows + offset)),
      at.offset + offset,
    );
  if (bytes <= 64) {
    for (let offset = 0; offset < bytes; offset += 16) addAt(at.sum, weights, offset);
  } else {
    f.forRange({ to: bytes, step: 16 }, (offset) => addAt(f.let(at.sum.add(offset)), f.let(weights.add(offset)), 0));
  }
}
