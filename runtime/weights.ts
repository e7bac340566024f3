/**
 * Weights of a plan to addresses: pinned where they lie on pages. Equal blocks of different models are one page, pinned once.
 *
 * A tensor of a stored model is named by the content hash of its values; its `layout` is the order a kernel reads, one for all
 * of its blocks (`blocks[i]` is layout `parts[i]`) or one for the whole.
 */
import { StorageError } from './errors.js';
import type { BlockSlot, WeightSlot } from './plan.js';
import type { BufferPool } from './storage/buffer-pool.js';
import { PAGE_BYTES } from './storage/format.js';
import type { ModelVersion, TensorMeta } from './storage/model-store.js';

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

function findWeight(slot: WeightSlot | BlockSlot, models: readonly ModelVersion[]): Place | undefined {
  for (const model of models) {
    const place = placesOf(model).get(`${slot.hash} ${slot.layout}`);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** @throws StorageError when no stored model has the weight: the plan was compiled for another database, or the model was dropped. */
export async function pinWeight(slot: WeightSlot | BlockSlot, options: { pool: BufferPool; models: readonly ModelVersion[]; file: string }): Promise<ResidentWeight> {
  const { pool } = options;
  const place = findWeight(slot, options.models);
  if (place === undefined) {
    throw new StorageError('artifact', `the plan needs a weight of model ${slot.model} which ${options.file} does not hold: compile the query again`, {
      file: options.file, expected: slot.hash,
    });
  }
  const blocks = place.tensor.blocks.slice(place.first, place.first + place.count);
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
  for (const block of blocks) {
    const guard = await pool.pin({ pages: [block.page] });
    memory.copyWithin(at, guard.address + block.offset, guard.address + block.offset + block.byteLength);
    guard.release();
    at += block.byteLength;
  }
  return { address, release: () => pool.free(address) };
}
