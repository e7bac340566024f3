/**
 * The relational representation of dense layers: rows joined with the blocks of a weight on the shared dimension, products
 * summed, one page of weights pinned at a time a worker. The model may be far larger than memory.
 *
 * In: the row buffer's chunks, their tuples holding the features. Out: the same tuples with the last layer's result.
 * Rows go in batches as large as memory allows, for every batch reads every weight once. A task is a column of blocks
 * (one block of outputs, all blocks along k), so no two workers write the same outputs.
 * Invariant: at most READ_AHEAD blocks a worker are pinned.
 */
import { ResourceError } from '../errors.js';
import { CHUNK_HEADER_BYTES, type BlockedLayer, type BlockSlot, type Finish } from '../plan.js';
import type { BufferPool } from '../storage/buffer-pool.js';
import { PAGE_BYTES } from '../storage/format.js';
import type { Crew } from './crew.js';

type BlockedStep = Extract<Finish, { kind: 'blocked' }>;

export interface BlockedContext {
  readonly crew: Crew;
  readonly pool: BufferPool;
  readonly chunks: readonly number[];
  readonly weight: (slot: BlockSlot) => Promise<{ readonly address: number; release(): void }>;
  /** The address of a resident weight of the plan. */
  readonly resident: (index: number) => number;
}

/** Columns start at multiples of this many rows, so that whole registers can be read past the last row. */
const ROW_ALIGNMENT = 16;
const MAX_BATCH_ROWS = 4096;
/** Blocks asked for ahead of the one that is computed, for each worker. */
const READ_AHEAD = 4;
/** The share of free memory that activations may take; the rest is for blocks. */
const ACTIVATION_SHARE = 0.5;
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
  readonly columns: number;
}

export async function runBlocked(step: BlockedStep, context: BlockedContext): Promise<void> {
  const words = new Uint32Array(context.pool.memory.buffer);
  const tupleBytes = step.tupleBytes;
  let pieces: Piece[] = [];
  let rows = 0;
  const batchRows = chooseBatchRows(step, context, totalRows(context, words));
  for (const chunk of context.chunks) {
    const count = words[(chunk >>> 2) + 1]!;
    for (let from = 0; from < count;) {
      const taken = Math.min(count - from, batchRows - rows);
      pieces.push({ tuples: chunk + CHUNK_HEADER_BYTES + from * tupleBytes, count: taken, row: rows });
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

function totalRows(context: BlockedContext, words: Uint32Array): number {
  return context.chunks.reduce((sum, chunk) => sum + words[(chunk >>> 2) + 1]!, 0);
}

/** The widest two neighbours are held at once. @throws ResourceError when not even ROW_ALIGNMENT rows fit. */
function chooseBatchRows({ layers }: BlockedStep, { pool }: BlockedContext, rows: number): number {
  const { frames, pinned, scratch } = pool.stats();
  const widest = Math.max(...layers.map((layer) => layer.inputs + layer.outputs));
  const rowBytes = widest * F32_BYTES;
  const room = (frames - pinned - scratch) * PAGE_BYTES * ACTIVATION_SHARE;
  const fitting = Math.floor(room / rowBytes / ROW_ALIGNMENT) * ROW_ALIGNMENT;
  if (fitting < ROW_ALIGNMENT) {
    throw new ResourceError(
      `the activations of one batch of ${ROW_ALIGNMENT} rows need ${rowBytes * ROW_ALIGNMENT} bytes, ${Math.floor(room)} are free: raise memoryLimit`,
      { limit: 'memoryLimit', limitBytes: Math.floor(room), wantedBytes: rowBytes * ROW_ALIGNMENT, consumer: 'activations of a relational model' },
    );
  }
  return Math.min(MAX_BATCH_ROWS, fitting, Math.max(rows, 1));
}

async function runBatch(step: BlockedStep, context: BlockedContext, batch: { pieces: readonly Piece[]; rows: number }): Promise<void> {
  const stride = Math.ceil(batch.rows / ROW_ALIGNMENT) * ROW_ALIGNMENT;
  const { crew, pool } = context;
  let input = allocate(pool, { columns: step.layers[0]!.inputs, stride });
  try {
    const gathered = batch.pieces.map((piece) => [piece.tuples, piece.count, input.table, piece.row]);
    await crew.call({ worker: 0, fn: step.gather, calls: gathered });
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
    const scattered = batch.pieces.map((piece) => [piece.tuples, piece.count, input.table, piece.row]);
    await crew.call({ worker: 0, fn: step.scatter, calls: scattered });
  } finally {
    pool.free(input.address);
  }
}

function allocate(pool: BufferPool, { columns, stride }: { columns: number; stride: number }): Activations {
  const tableBytes = Math.ceil((columns * 4) / 64) * 64;
  const address = pool.allocate({ bytes: tableBytes + columns * stride * F32_BYTES, consumer: 'activations of a relational model' });
  const table = new Uint32Array(pool.memory.buffer, address, columns);
  for (let column = 0; column < columns; column++) table[column] = address + tableBytes + column * stride * F32_BYTES;
  return { address, table: address, columns };
}

interface LayerRun {
  readonly input: Activations;
  readonly output: Activations;
  readonly rows: number;
}

/** Workers take columns of blocks one after the other; each reads ahead of itself. */
async function runLayer(layer: BlockedLayer, context: BlockedContext, run: LayerRun): Promise<void> {
  const columns = layer.blocks[0]!.length;
  const starts = layer.blocks[0]!.reduce<number[]>((sums, block) => [...sums, sums.at(-1)! + block.m], [0]);
  let next = 0;
  const work = async (worker: number): Promise<void> => {
    while (next < columns) {
      const column = next++;
      await runColumn(layer, context, { ...run, worker, column, firstOutput: starts[column]! });
    }
  };
  const results = await Promise.allSettled(Array.from({ length: context.crew.size }, (_, worker) => work(worker)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

interface ColumnRun extends LayerRun {
  readonly worker: number;
  readonly column: number;
  readonly firstOutput: number;
}

async function runColumn(layer: BlockedLayer, context: BlockedContext, run: ColumnRun): Promise<void> {
  const slots = layer.blocks.map((row) => row[run.column]!);
  const pinned: Promise<{ readonly address: number; release(): void }>[] = [];
  const computing: Promise<unknown>[] = [];
  let firstInput = 0;
  try {
    for (const [i, slot] of slots.entries()) {
      while (pinned.length < Math.min(slots.length, i + READ_AHEAD)) {
        const pin = context.weight(slots[pinned.length]!);
        pin.catch(() => undefined);
        pinned.push(pin);
      }
      const block = await pinned[i]!;
      const call = callBlock(layer, context, { run, slot, address: block.address, firstInput, isFirst: i === 0, isLast: i === slots.length - 1 });
      firstInput += slot.k;
      computing.push(call.finally(() => block.release()));
      computing.at(-1)!.catch(() => undefined);
      // One block computes while the next waits at the worker.
      if (computing.length > 1) await computing.shift();
    }
    await Promise.all(computing);
  } catch (error) {
    await Promise.allSettled(computing);
    const started = await Promise.allSettled(pinned);
    for (const pin of started) if (pin.status === 'fulfilled') pin.value.release();
    throw error;
  }
}

interface BlockCall {
  readonly run: ColumnRun;
  readonly slot: BlockSlot;
  readonly address: number;
  readonly firstInput: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

function callBlock(layer: BlockedLayer, context: BlockedContext, call: BlockCall): Promise<number> {
  const { run, slot } = call;
  const fn = call.isFirst ? (call.isLast ? layer.firstLast : layer.first) : (call.isLast ? layer.nextLast : layer.next);
  const bias = layer.bias === undefined ? 0 : context.resident(layer.bias) + run.firstOutput * F32_BYTES;
  const args = [
    run.input.table + call.firstInput * 4, run.output.table + run.firstOutput * 4, call.address, bias, run.rows, slot.k, slot.m,
  ];
  return context.crew.call({ worker: run.worker, fn, calls: [args] });
}
