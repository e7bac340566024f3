/**
 * A tile program under construction: leaves, scratch buffers, address lists, weights and steps.
 *
 * All columns are places in one table of i32 addresses at the start of the scratch area, filled anew for each tile:
 * leaf columns (as they are given), columns of scratch buffers, columns of outputs, and lists (copies of places in the
 * order in which a kernel reads them). Buffers whose steps do not overlap share memory, so that a tile stays in cache.
 */
import type { Input, ToTensor } from '../../ir/node.js';
import type { FunctionBuilder, Local, ModuleBuilder } from './dsl.js';
import { WIDTH_BYTES, type QuadDType } from './kernels/quad.js';
import { BOUND } from './kernels/tree-sums.js';
import type { WeightLayout } from './kernels/weight-layout.js';
import type { Cell } from './tile-value.js';
import { load, type I32 } from './values.js';

export interface Leaf {
  readonly tensor: ToTensor | Input;
  readonly columns: number;
  readonly dtype: QuadDType;
  readonly first: number;
}

/** Weights a program reads in place; `tensors` are the hashes of the weight nodes `packWeight` takes, in order. */
export interface WeightUse {
  /** Names the packed bytes together with `layout`: the hash of the one tensor, or all of them joined with '+'. */
  readonly hash: string;
  readonly tensors: readonly string[];
  readonly layout: WeightLayout;
  readonly byteLength: number;
}

/** Scratch columns, of one dtype, one behind the other. */
export interface Buffer {
  readonly dtype: QuadDType;
  readonly columns: number;
  readonly first: number;
}

/** What a step emits into the program's function. */
export interface TileContext {
  readonly f: FunctionBuilder;
  readonly module: ModuleBuilder;
  readonly rows: Local<'i32'>;
  /** The address of place `index` of the table. */
  readonly place: (index: number) => I32;
  readonly weight: (index: number) => I32;
  /** Bytes of the step's own scratch, as asked for by `scratchBytes`. */
  readonly scratch: I32;
  /** Where the caller keeps the bound (`kernels/tree-sums.ts`) of a step that has one. */
  readonly bound: I32;
}

export interface Step {
  readonly reads: readonly number[];
  readonly writes: readonly Buffer[];
  readonly emit: (context: TileContext) => void;
  readonly explain: string;
  readonly scratchBytes?: (tileRows: number) => number;
  /** Rows it would like to have at once, where that is more than usual. */
  readonly tileRows?: number;
  /** It stops at the bound; the program does, where that leaves no row and `all` may go. */
  readonly stops?: { readonly all: boolean } | undefined;
}

interface List {
  readonly first: number;
  readonly places: readonly number[];
}

interface Placed {
  readonly buffer: Buffer;
  firstStep: number;
  lastStep: number;
  output: number | undefined;
  offset: number;
}

/** Bytes put between columns, so that the columns of a tile do not fall on the same cache sets. */
const COLUMN_PAD_BYTES = 64;
/** What a tile may keep live: more rows amortise better, more bytes leave the cache. */
const TILE_BYTES = 256 * 1024;
const TILE_ROWS = [512, 256, 192, 128, 96, 64, 48, 32] as const;
const USUAL_ROWS = 256;

export class TilePlan {
  readonly module: ModuleBuilder;
  readonly leaves: Leaf[] = [];
  readonly weights: WeightUse[] = [];
  readonly steps: Step[] = [];
  readonly #lists: List[] = [];
  readonly #listByKey = new Map<string, number>();
  readonly #buffers: Placed[] = [];
  #places = 0;

  constructor(module: ModuleBuilder) {
    this.module = module;
  }

  addLeaf(tensor: ToTensor | Input, shape: { readonly columns: number; readonly dtype: QuadDType }): Leaf {
    const leaf: Leaf = { tensor, ...shape, first: this.#reserve(shape.columns) };
    if (this.#buffers.length + this.#lists.length > 0) throw new Error('leaves come before buffers');
    this.leaves.push(leaf);
    return leaf;
  }

  addBuffer(dtype: QuadDType, columns: number): Buffer {
    const buffer: Buffer = { dtype, columns, first: this.#reserve(columns) };
    this.#buffers.push({ buffer, firstStep: Infinity, lastStep: -1, output: undefined, offset: 0 });
    return buffer;
  }

  addStep(step: Step): void {
    const number = this.steps.length;
    this.steps.push(step);
    for (const buffer of step.writes) this.#touch(this.#placedAt(buffer.first)!, number);
    for (const place of step.reads) {
      const placed = this.#placedAt(place);
      if (placed !== undefined) this.#touch(placed, number);
    }
  }

  addWeight(use: WeightUse): number {
    const known = this.weights.findIndex(
      (other) => other.hash === use.hash && JSON.stringify(other.layout) === JSON.stringify(use.layout),
    );
    return known >= 0 ? known : this.weights.push(use) - 1;
  }

  /** The first of consecutive places holding these columns in order. */
  tableOf(places: readonly number[]): number {
    if (places.every((place, i) => place === places[0]! + i)) return places[0] ?? 0;
    const key = places.join();
    const known = this.#listByKey.get(key);
    if (known !== undefined) return known;
    const list: List = { first: this.#reserve(places.length), places };
    this.#lists.push(list);
    this.#listByKey.set(key, list.first);
    return list.first;
  }

  isLeaf(place: number): boolean {
    return this.leaves.some((leaf) => place >= leaf.first && place < leaf.first + leaf.columns);
  }

  /** Makes `buffer` lie where the caller wants output columns `output ..`; false when it is an output already. */
  bindOutput(cells: readonly Cell[], output: number): boolean {
    const first = cells[0];
    if (first === undefined || !('column' in first)) return false;
    const placed = this.#buffers.find(({ buffer }) => buffer.first === first.column && buffer.columns === cells.length);
    if (
      placed === undefined ||
      placed.output !== undefined ||
      !cells.every((cell, i) => 'column' in cell && cell.column === first.column + i)
    )
      return false;
    placed.output = output;
    return true;
  }

  /** Emits `run` and gives what the caller must know of it. */
  finish(name: string): {
    readonly scratchBytes: number;
    readonly tileRows: number;
    readonly bound: number | undefined;
  } {
    const most = Math.max(USUAL_ROWS, ...this.steps.map((step) => step.tileRows ?? 0));
    const tileRows =
      TILE_ROWS.find((rows) => rows <= most && this.#assignOffsets(rows) <= TILE_BYTES) ?? TILE_ROWS.at(-1)!;
    const tableBytes = align(this.#places * 4);
    const bufferBytes = this.#assignOffsets(tileRows);
    const ownBytes = Math.max(0, ...this.steps.map((step) => step.scratchBytes?.(tileRows) ?? 0));
    const bound = align(tableBytes + bufferBytes + ownBytes);
    const stops = this.steps.some((step) => step.stops !== undefined);
    const params = { rows: 'i32', leaves: 'i32', outputs: 'i32', scratch: 'i32', weights: 'i32' } as const;
    this.module.define(name, { params }, (f, { rows, leaves, outputs, scratch, weights }) => {
      this.#emitTable(f, {
        leaves,
        outputs,
        table: scratch,
        buffers: f.let(scratch.add(tableBytes), 'buffers'),
        tileRows,
      });
      const context: TileContext = {
        f,
        module: this.module,
        rows,
        place: (index) => scratch.add(index * 4),
        weight: (index) => load.i32(weights, index * 4),
        scratch: scratch.add(tableBytes + bufferBytes),
        bound: scratch.add(bound),
      };
      for (const step of this.steps) {
        step.emit(context);
        if (step.stops?.all === true) f.if(load.i32(context.bound, BOUND.left).eqz(), () => f.return());
      }
    });
    if (stops) return { scratchBytes: bound + BOUND.bytes, tileRows, bound };
    return { scratchBytes: tableBytes + bufferBytes + ownBytes, tileRows, bound: undefined };
  }

  #emitTable(f: FunctionBuilder, at: { leaves: I32; outputs: I32; table: I32; buffers: I32; tileRows: number }): void {
    const leafColumns = this.leaves.reduce((sum, leaf) => sum + leaf.columns, 0);
    if (leafColumns > 0) f.copy(at.table, at.leaves, leafColumns * 4);
    for (const { buffer, output, offset } of this.#buffers) {
      const place = at.table.add(buffer.first * 4);
      if (output !== undefined) f.copy(place, at.outputs.add(output * 4), buffer.columns * 4);
      else
        f.forRange({ to: buffer.columns }, (i) =>
          f.store.i32(place.add(i.shl(2)), at.buffers.add(offset).add(i.mul(strideOf(buffer.dtype, at.tileRows)))),
        );
    }
    for (const { first, places } of this.#lists) {
      const data = this.module.data(new Uint8Array(Int32Array.from(places, (place) => place * 4).buffer));
      f.forRange({ to: places.length }, (i) =>
        f.store.i32(at.table.add(first * 4).add(i.shl(2)), load.i32(at.table.add(load.i32(data.add(i.shl(2)))))),
      );
    }
  }

  /** First fit over steps; gives the bytes of all buffers. */
  #assignOffsets(tileRows: number): number {
    const placed: {
      readonly from: number;
      readonly to: number;
      readonly firstStep: number;
      readonly lastStep: number;
    }[] = [];
    let total = 0;
    for (const entry of this.#buffers) {
      if (entry.output !== undefined || entry.lastStep < 0) continue;
      const bytes = align(entry.buffer.columns * strideOf(entry.buffer.dtype, tileRows));
      const busy = placed
        .filter((other) => other.firstStep <= entry.lastStep && entry.firstStep <= other.lastStep)
        .sort((a, b) => a.from - b.from);
      let offset = 0;
      for (const other of busy) if (other.from < offset + bytes && offset < other.to) offset = other.to;
      entry.offset = offset;
      placed.push({ from: offset, to: offset + bytes, firstStep: entry.firstStep, lastStep: entry.lastStep });
      total = Math.max(total, offset + bytes);
    }
    return total;
  }

  #reserve(count: number): number {
    const first = this.#places;
    this.#places += count;
    return first;
  }

  #placedAt(place: number): Placed | undefined {
    return this.#buffers.find(({ buffer }) => place >= buffer.first && place < buffer.first + buffer.columns);
  }

  #touch(placed: Placed, step: number): void {
    placed.firstStep = Math.min(placed.firstStep, step);
    placed.lastStep = Math.max(placed.lastStep, step);
  }
}

function strideOf(dtype: QuadDType, tileRows: number): number {
  return tileRows * WIDTH_BYTES[dtype] + COLUMN_PAD_BYTES;
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
