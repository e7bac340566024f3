/**
 * The relational representation of dense layers: rows joined with the blocks of a weight on the shared dimension,
 * products summed, a few pages of weights pinned at a time. The model may be far larger than memory.
 *
 * In: the row buffer's chunks, their tuples holding the features. Out: the same tuples with the last layer's result.
 * Rows go in batches as large as memory allows, for every batch reads every weight once. Blocks go in the order in
 * which they lie in the file, neighbours in one read; all blocks of the same outputs go to the same worker, which takes
 * them in order, so no two workers write the same sums.
 */
import { ResourceError } from '../errors.js';
import { CHUNK_HEADER_BYTES, type BlockedLayer, type BlockSlot, type Finish } from '../plan.js';
import type { BufferPool } from '../storage/buffer-pool.js';
import { PAGE_BYTES } from '../storage/format.js';
import type { Crew } from './crew.js';
import type { FunctionCall } from './protocol.js';

type BlockedStep = Extract<Finish, { kind: 'blocked' }>;

/** Blocks made resident together: `addresses[i]` is that of slot i. */
export interface PinnedBlocks {
  readonly addresses: readonly number[];
  release(): void;
}

export interface BlockedContext {
  readonly crew: Crew;
  readonly pool: BufferPool;
  readonly chunks: readonly number[];
  /** Groups of slots in file order, neighbours together, at most `most` a group. */
  readonly group: (slots: readonly BlockSlot[], most: number) => readonly (readonly number[])[];
  readonly pin: (slots: readonly BlockSlot[]) => Promise<PinnedBlocks>;
  /** The address of a resident weight of the plan. */
  readonly resident: (index: number) => number;
}

/** Columns start at multiples of this many rows, so that whole registers can be read past the last row. */
const ROW_ALIGNMENT = 16;
const MAX_BATCH_ROWS = 4096;
/** Blocks of one read, and reads under way or being computed at a time. */
const GROUP_BLOCKS = 8;
const GROUPS_IN_FLIGHT = 6;
/**
 * The share of free memory that activations may take, and that groups of blocks may; the rest absorbs fragmentation.
 */
const ACTIVATION_SHARE = 0.5;
const BLOCK_SHARE = 0.3;
const F32_BYTES = 4;

/** Tuples of one chunk that belong to a batch. */
interface Piece {
  readonly tuples: number;
  readonly count: number;
  readonly row: number;
}

/** A matrix of activations: columns of `stride` rows, and the table of their addresses. */
interface Activations {
  readonly address: number;
  readonly table: number;
}

/** A block of a layer with its place in the grid. */
interface Cell {
  readonly slot: BlockSlot;
  readonly firstInput: number;
  readonly firstOutput: number;
  readonly column: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

export async function runBlocked(step: BlockedStep, context: BlockedContext): Promise<void> {
  const words = new Uint32Array(context.pool.memory.buffer);
  const total = context.chunks.reduce((sum, chunk) => sum + words[(chunk >>> 2) + 1]!, 0);
  const batchRows = chooseBatchRows(step, context, total);
  let pieces: Piece[] = [];
  let rows = 0;
  for (const chunk of context.chunks) {
    const count = words[(chunk >>> 2) + 1]!;
    for (let from = 0; from < count;) {
      const taken = Math.min(count - from, batchRows - rows);
      pieces.push({ tuples: chunk + CHUNK_HEADER_BYTES + from * step.tupleBytes, count: taken, row: rows });
      rows += taken;
      from += taken;
      if (rows === batchRows) {
        await runBatch(step, context, { pieces, rows });
        pieces = [];
        rows = 0;
      }
    }
  }
  if (rows > 0) await runBatch(step, context, { pieces, rows });
}

function freeBytes(pool: BufferPool): number {
  const { frames, pinned, scratch } = pool.stats();
  return (frames - pinned - scratch) * PAGE_BYTES;
}

/** The widest two neighbours are held at once. @throws ResourceError when not even ROW_ALIGNMENT rows fit. */
function chooseBatchRows({ layers }: BlockedStep, { pool }: BlockedContext, rows: number): number {
  const rowBytes = Math.max(...layers.map((layer) => layer.inputs + layer.outputs)) * F32_BYTES;
  const room = freeBytes(pool) * ACTIVATION_SHARE;
  const fitting = Math.floor(room / rowBytes / ROW_ALIGNMENT) * ROW_ALIGNMENT;
  if (fitting < ROW_ALIGNMENT) {
    throw new ResourceError(
      `the activations of one batch of ${ROW_ALIGNMENT} rows need ${rowBytes * ROW_ALIGNMENT} bytes, ${Math.floor(room)} are free: raise memoryLimit`,
      {
        limit: 'memoryLimit',
        limitBytes: Math.floor(room),
        wantedBytes: rowBytes * ROW_ALIGNMENT,
        consumer: 'activations of a relational model',
      },
    );
  }
  return Math.min(MAX_BATCH_ROWS, fitting, Math.max(rows, 1));
}

async function runBatch(
  step: BlockedStep,
  context: BlockedContext,
  batch: { pieces: readonly Piece[]; rows: number },
): Promise<void> {
  const stride = Math.ceil(batch.rows / ROW_ALIGNMENT) * ROW_ALIGNMENT;
  const { crew, pool } = context;
  await crew.complete();
  let input = allocate(pool, { columns: step.layers[0]!.inputs, stride });
  try {
    const argsFor = (piece: Piece): readonly number[] => [piece.tuples, piece.count, input.table, piece.row];
    await crew.call({ worker: 0, fn: step.gather, calls: batch.pieces.map(argsFor) });
    for (const layer of step.layers) {
      const output = allocate(pool, { columns: layer.outputs, stride });
      const done = input;
      try {
        await runLayer(layer, context, { input, output, rows: batch.rows });
      } finally {
        input = output;
        pool.free(done.address);
      }
    }
    await crew.call({ worker: 0, fn: step.scatter, calls: batch.pieces.map(argsFor) });
  } finally {
    pool.free(input.address);
  }
}

function allocate(pool: BufferPool, { columns, stride }: { columns: number; stride: number }): Activations {
  const tableBytes = Math.ceil((columns * 4) / 64) * 64;
  const address = pool.allocate({
    bytes: tableBytes + columns * stride * F32_BYTES,
    consumer: 'activations of a relational model',
  });
  const table = new Uint32Array(pool.memory.buffer, address, columns);
  for (let column = 0; column < columns; column++) table[column] = address + tableBytes + column * stride * F32_BYTES;
  return { address, table: address };
}

interface LayerRun {
  readonly input: Activations;
  readonly output: Activations;
  readonly rows: number;
}

function cellsOf(layer: BlockedLayer): readonly Cell[] {
  let firstInput = 0;
  return layer.blocks.flatMap((row, i) => {
    let firstOutput = 0;
    const cells = row.map((slot, column): Cell => {
      const cell = { slot, firstInput, firstOutput, column, isFirst: i === 0, isLast: i === layer.blocks.length - 1 };
      firstOutput += slot.m;
      return cell;
    });
    firstInput += row[0]!.k;
    return cells;
  });
}

/** Reads groups ahead; a group's blocks are computed when it is there and all groups before it have been handed out. */
async function runLayer(layer: BlockedLayer, context: BlockedContext, run: LayerRun): Promise<void> {
  const cells = cellsOf(layer);
  const slots = cells.map((cell) => cell.slot);
  const most = Math.max(1, Math.floor((freeBytes(context.pool) * BLOCK_SHARE) / PAGE_BYTES));
  const inFlight = Math.max(2, Math.min(GROUPS_IN_FLIGHT, most));
  const groups = context.group(slots, Math.max(1, Math.min(GROUP_BLOCKS, Math.floor(most / inFlight))));
  // The same ones for the whole layer: outputs stay with their worker.
  const workers = context.crew.readyWorkers();
  const pins: Promise<PinnedBlocks>[] = [];
  const computing: Promise<unknown>[] = [];
  const pinNext = (): void => {
    const group = groups[pins.length]!;
    const pin = context.pin(group.map((index) => slots[index]!));
    pin.catch(() => undefined);
    pins.push(pin);
  };
  try {
    for (const [i, group] of groups.entries()) {
      // At most `inFlight` groups are pinned: the ones being computed and the ones being read.
      if (computing.length >= inFlight - 1) await computing.shift();
      while (pins.length < Math.min(groups.length, i + inFlight - computing.length)) pinNext();
      const pinned = await pins[i]!;
      const work = computeGroup(layer, context, { run, workers, pinned, cells: group.map((index) => cells[index]!) });
      work.catch(() => undefined);
      computing.push(work);
    }
    await Promise.all(computing);
  } catch (error) {
    await Promise.allSettled(computing);
    for (const pin of await Promise.allSettled(pins)) if (pin.status === 'fulfilled') pin.value.release();
    throw error;
  }
}

/** Hands a group's blocks to the workers that own their outputs; unpins when all are done. */
async function computeGroup(
  layer: BlockedLayer,
  { crew, resident }: BlockedContext,
  group: { run: LayerRun; workers: readonly number[]; pinned: PinnedBlocks; cells: readonly Cell[] },
): Promise<void> {
  const calls = new Map<number, FunctionCall[]>(group.workers.map((worker) => [worker, []]));
  group.cells.forEach((cell, i) => {
    const { slot } = cell;
    const fn = cell.isFirst ? (cell.isLast ? layer.firstLast : layer.first) : cell.isLast ? layer.nextLast : layer.next;
    const bias = layer.bias === undefined ? 0 : resident(layer.bias) + cell.firstOutput * F32_BYTES;
    const { input, output, rows } = group.run;
    calls.get(group.workers[cell.column % group.workers.length]!)!.push({
      fn,
      args: [
        input.table + cell.firstInput * 4,
        output.table + cell.firstOutput * 4,
        group.pinned.addresses[i]!,
        bias,
        rows,
        slot.k,
        slot.m,
      ],
    });
  });
  try {
    await Promise.all(
      [...calls].map(([worker, list]) => (list.length === 0 ? undefined : crew.callAll({ worker, calls: list }))),
    );
  } finally {
    group.pinned.release();
  }
}
