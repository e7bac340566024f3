/**
 * Weights of a plan to addresses: pinned where they lie on pages. Equal blocks of different models are one page, pinned
 * once.
 *
 * A tensor of a stored model is named by the content hash of its values; its `layout` is the order a kernel reads, one
 * for all of its blocks (`blocks[i]` is layout `parts[i]`) or one for the whole.
 */
import { ResourceError, StorageError } from './errors.js';
import type { BlockSlot, WeightSlot } from './plan.js';
import type { PinnedBlocks } from './executor/blocked.js';
import type { BufferPool } from './storage/buffer-pool.js';
import type { PageGuard } from './storage/page-run.js';
import { PAGE_BYTES } from './storage/format.js';
import type { BlockReference, ModelVersion, TensorMeta } from './storage/model-store.js';

export interface ResidentWeight {
  readonly address: number;
  release(): void;
}

/** The layout key of block `index`, or of the whole tensor. */
export interface TensorLayout {
  readonly whole: string | undefined;
  readonly parts: readonly string[];
}

export function layoutOf(tensor: TensorMeta): TensorLayout {
  const json = tensor.layout as { whole?: unknown; parts?: unknown } | null;
  return {
    whole: typeof json?.whole === 'string' ? json.whole : undefined,
    parts: Array.isArray(json?.parts) ? json.parts.filter((part) => typeof part === 'string') : [],
  };
}

interface Place {
  readonly tensor: TensorMeta;
  readonly first: number;
  readonly count: number;
}

/** Places by hash and layout, found once for each model. */
const placesByModel = new WeakMap<ModelVersion, ReadonlyMap<string, Place>>();

function placesOf(model: ModelVersion): ReadonlyMap<string, Place> {
  const known = placesByModel.get(model);
  if (known !== undefined) return known;
  const places = new Map<string, Place>();
  for (const tensor of model.tensors) {
    const { whole, parts } = layoutOf(tensor);
    if (whole !== undefined) places.set(`${tensor.name} ${whole}`, { tensor, first: 0, count: tensor.blocks.length });
    parts.forEach((part, first) => places.set(`${tensor.name} ${part}`, { tensor, first, count: 1 }));
  }
  placesByModel.set(model, places);
  return places;
}

interface PlaceOptions {
  readonly models: readonly ModelVersion[];
  readonly file: string;
}

/**
 * @throws StorageError when no stored model has what the plan was compiled for: another database, or the model was
 * dropped.
 */
function blocksOf(slot: WeightSlot | BlockSlot, { models, file }: PlaceOptions): readonly BlockReference[] {
  for (const model of models) {
    const place = placesOf(model).get(`${slot.hash} ${slot.layout}`);
    if (place === undefined) continue;
    const blocks = place.tensor.blocks.slice(place.first, place.first + place.count);
    const held = blocks.reduce((sum, block) => sum + block.byteLength, 0);
    if (held === slot.byteLength && held > 0) return blocks;
    throw new StorageError(
      'artifact',
      `a weight of model ${slot.model} has ${held} bytes in ${file}, the plan reads ${slot.byteLength}: compile the query again`,
      {
      file, expected: slot.byteLength, actual: held,
    });
  }
  throw new StorageError(
    'artifact',
    `the plan needs a weight of model ${slot.model} which ${file} does not hold: compile the query again`,
    {
    file, expected: slot.hash,
  });
}

/**
 * Weights in the order of their slots, read at the same time. Where memory is too short for that, as weights in pieces
 * need their pages beside them, those that failed are read one after the other.
 * @throws StorageError as `blocksOf`; ResourceError
 */
export async function pinWeights(
  slots: readonly WeightSlot[],
  options: PlaceOptions & { readonly pool: BufferPool },
): Promise<readonly ResidentWeight[]> {
  const results = await Promise.allSettled(slots.map((slot) => pinWeight(slot, options)));
  const weights = results.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
  try {
    for (const [i, slot] of slots.entries()) weights[i] ??= await pinWeight(slot, options);
  } catch (error) {
    for (const weight of weights) weight?.release();
    throw error;
  }
  return weights as readonly ResidentWeight[];
}

async function pinWeight(
  slot: WeightSlot,
  options: PlaceOptions & { readonly pool: BufferPool },
): Promise<ResidentWeight> {
  const { pool } = options;
  const blocks = blocksOf(slot, options);
  const isRun = blocks.slice(0, -1).every((block) => block.offset === 0 && block.byteLength === PAGE_BYTES)
    && (blocks.length === 1 || blocks.at(-1)!.offset === 0);
  if (isRun) {
    const guard = await pool.pin({ pages: blocks.map((block) => block.page) });
    return { address: guard.address + blocks[0]!.offset, release: () => guard.release() };
  }
  // Blocks that are shared with other tensors at odd places are put in a row once.
  const address = pool.allocate({ bytes: slot.byteLength, consumer: `a weight of model ${slot.model}` });
  const memory = new Uint8Array(pool.memory.buffer);
  let at = address;
  try {
    for (const block of blocks) {
      const guard = await pool.pin({ pages: [block.page] });
      memory.copyWithin(at, guard.address + block.offset, guard.address + block.offset + block.byteLength);
      guard.release();
      at += block.byteLength;
    }
  } catch (error) {
    pool.free(address);
    throw error;
  }
  return { address, release: () => pool.free(address) };
}

/**
 * Positions of slots in the order of their pages; neighbours in the file (whole pages) go together, at most `most` of
 * them.
 */
export function groupBlocks(
  slots: readonly BlockSlot[],
  most: number,
  options: PlaceOptions,
): readonly (readonly number[])[] {
  const blocks = slots.map((slot) => blocksOf(slot, options)[0]!);
  // A stable order: blocks of the same outputs keep theirs where pages do not decide.
  const order = blocks.map((_, i) => i).sort((a, b) => blocks[a]!.page - blocks[b]!.page || a - b);
  const isInOrder = keepsOrderOfSums(slots, order);
  const groups: number[][] = [];
  for (const index of isInOrder ? order : blocks.map((_, i) => i)) {
    const last = groups.at(-1);
    const previous = last === undefined ? undefined : blocks[last.at(-1)!]!;
    if (last !== undefined && last.length < most && previous!.page + 1 === blocks[index]!.page) last.push(index);
    else groups.push([index]);
  }
  return groups;
}

/**
 * Whether the order takes the first and the last of each column's blocks first and last: slots come row by row of the
 * grid.
 */
function keepsOrderOfSums(slots: readonly BlockSlot[], order: readonly number[]): boolean {
  const width = slots.findIndex((slot, i) => i > 0 && slot.layout !== slots[0]!.layout && sameColumn(slot, slots[0]!));
  if (width <= 0) return true;
  const lastRow = new Map<number, number>();
  for (const index of order) {
    const [row, column] = [Math.floor(index / width), index % width];
    const expected = lastRow.get(column) ?? -1;
    if (row <= expected) return false;
    lastRow.set(column, row);
  }
  return true;
}

function sameColumn(a: BlockSlot, b: BlockSlot): boolean {
  return (JSON.parse(a.layout) as { m0?: number }).m0 === (JSON.parse(b.layout) as { m0?: number }).m0;
}

/** `undefined` when no window of frames is wide enough: memory may be in pieces. */
async function pinRun(blocks: readonly BlockReference[], pool: BufferPool): Promise<PageGuard | undefined> {
  try {
    return await pool.pin({ pages: blocks.map((block) => block.page) });
  } catch (error) {
    if (error instanceof ResourceError && blocks.length > 1) return undefined;
    throw error;
  }
}

/** Pins a group as one run when its blocks are whole neighbouring pages, else one by one. */
export async function pinBlocks(
  slots: readonly BlockSlot[],
  options: PlaceOptions & { readonly pool: BufferPool },
): Promise<PinnedBlocks> {
  const blocks = slots.map((slot) => blocksOf(slot, options)[0]!);
  const isRun = blocks.every((block, i) => block.offset === 0 && block.page === blocks[0]!.page + i);
  if (isRun) {
    const guard = await pinRun(blocks, options.pool);
    if (guard !== undefined)
      return { addresses: blocks.map((_, i) => guard.address + i * PAGE_BYTES), release: () => guard.release() };
  }
  const guards = await Promise.allSettled(blocks.map((block) => options.pool.pin({ pages: [block.page] })));
  const release = (): void => { for (const guard of guards) if (guard.status === 'fulfilled') guard.value.release(); };
  const failed = guards.find((guard) => guard.status === 'rejected');
  if (failed !== undefined) {
    release();
    throw failed.reason;
  }
  return {
    addresses: guards.map((guard, i) => (guard as PromiseFulfilledResult<PageGuard>).value.address + blocks[i]!.offset),
    release,
  };
}
