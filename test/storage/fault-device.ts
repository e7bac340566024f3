/**
 * A BlockDevice in memory that fails on request, with what a disk does to writes that were not synced.
 *
 * In: the number of requests (writes, truncations, syncs) after which it crashes, a capacity, or nothing. Out:
 * `afterCrash`, the bytes a restarted machine would find: everything synced, and of the rest a random part, sectors of
 * a write torn apart.
 */
import type { BlockDevice } from '../../runtime/storage/block-device.js';

const SECTOR_BYTES = 4096;

type Change =
  | { readonly kind: 'write'; readonly bytes: Uint8Array; readonly offset: number }
  | { readonly kind: 'truncate'; readonly size: number };

interface Image {
  readonly bytes: Uint8Array;
  readonly size: number;
}

export class SimulatedCrash extends Error {}

export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class FaultDevice implements BlockDevice {
  /** Requests that change something, so far. */
  requests = 0;
  capacityBytes = Infinity;
  crashAt = Infinity;
  private isCrashed = false;
  private current: Uint8Array<ArrayBufferLike>;
  private size_: number;
  private readonly pending: Change[] = [];
  private durable: Image;

  constructor(content: Uint8Array = new Uint8Array(0)) {
    this.current = content.slice();
    this.size_ = content.length;
    this.durable = { bytes: content.slice(), size: content.length };
  }

  content(): Uint8Array {
    return this.current.slice(0, this.size_);
  }

  flip(offset: number): void {
    this.current[offset]! ^= 0x10;
  }

  async read(target: Uint8Array, offset: number): Promise<number> {
    this.requireUp();
    const bytes = this.current.subarray(offset, Math.min(this.size_, offset + target.length));
    target.set(bytes);
    return Math.max(0, bytes.length);
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    this.change({ kind: 'write', bytes: bytes.slice(), offset });
  }

  async truncate(size: number): Promise<void> {
    this.change({ kind: 'truncate', size });
  }

  async sync(): Promise<void> {
    this.count();
    for (const change of this.pending.splice(0)) this.durable = apply(this.durable, change);
  }

  async size(): Promise<number> {
    this.requireUp();
    return this.size_;
  }

  async close(): Promise<void> {}

  /** What is on the disk after the crash; the order of what survives is kept. */
  afterCrash(random: () => number): Uint8Array {
    let state: Image = { bytes: this.durable.bytes.slice(), size: this.durable.size };
    for (const change of this.pending) {
      const luck = random();
      if (luck < 0.3) continue;
      if (change.kind === 'truncate' || luck > 0.7) {
        state = apply(state, change);
        continue;
      }
      for (let at = 0; at < change.bytes.length; at += SECTOR_BYTES) {
        if (random() < 0.5)
          state = apply(state, {
            kind: 'write',
            bytes: change.bytes.subarray(at, at + SECTOR_BYTES),
            offset: change.offset + at,
          });
      }
    }
    return state.bytes.slice(0, state.size);
  }

  private change(change: Change): void {
    const end = change.kind === 'write' ? change.offset + change.bytes.length : change.size;
    if (end > this.capacityBytes && end > this.size_)
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    // The request under way when the machine stops may have got through in part.
    this.pending.push(change);
    this.count();
    const next = apply({ bytes: this.current, size: this.size_ }, change);
    this.current = next.bytes;
    this.size_ = next.size;
  }

  private count(): void {
    this.requireUp();
    this.requests++;
    if (this.requests < this.crashAt) return;
    this.isCrashed = true;
    throw new SimulatedCrash('the machine stopped');
  }

  private requireUp(): void {
    if (this.isCrashed) throw new SimulatedCrash('the machine has stopped');
  }
}

function apply(state: Image, change: Change): Image {
  const end = change.kind === 'write' ? change.offset + change.bytes.length : change.size;
  let { bytes } = state;
  if (end > bytes.length) {
    bytes = new Uint8Array(Math.max(end, bytes.length * 2));
    bytes.set(state.bytes.subarray(0, state.size));
  }
  if (change.kind === 'write') {
    bytes.set(change.bytes, change.offset);
    return { bytes, size: Math.max(state.size, end) };
  }
  if (change.size < state.size) bytes.fill(0, change.size, state.size);
  return { bytes, size: change.size };
}
