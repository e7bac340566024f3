/**
 * Page frames in one shared linear memory: pages and model blocks are read where kernels use them, and scratch lies
 * beside them.
 *
 *   memory | reservedBytes: static data of modules | frame 0 | frame 1 | ... | at least OVERREAD_BYTES |
 *
 * In: runs of page numbers, whole or the extents of them that are wanted, and wishes for scratch. Out: byte addresses.
 * Invariant: a pinned run and scratch never move, and what was read of a run is not written over; everything together
 * stays within `limitBytes`. Frames cost no resident memory before their first use.
 *
 * Unless it `keepsFirstReads`, what is read for the first time makes room for the next such run as soon as nobody uses
 * it: a scan passes through few frames, which are resident and often in a cache, where each 4 KiB of a fresh one are a
 * page fault. What is asked for again stays as long as there is room (as in 2Q; Johnson, Shasha, 1994).
 */
import { ResourceError } from '../errors.js';
import { OVERREAD_BYTES } from './chunk-format.js';
import { PAGE_BYTES, alignUp } from './format.js';
import { findFrame, findWindow, type Tenant } from './frame-window.js';
import { PageGuard, WHOLE, keyOf, partOf, partsOf, type Extent, type PageRun, type RunKey } from './page-run.js';
import type { PageSource } from './pages.js';
import type { WasmMemory } from '../wasm-types.js';

/** The extents of a run that are there, or still being read. */
type Parts = Map<number, Promise<void> | 'resident'>;

interface Resident extends Tenant {
  /** Absent for scratch, as is its key. */
  readonly run: PageRun | undefined;
  readonly key: RunKey | undefined;
  readonly parts: Parts;
  /** It was not read before, and need not stay. */
  readonly isPassing: boolean;
  /** No longer found by its key, because its pages changed or could not be read: freed with its last pin. */
  isDetached: boolean;
}

export interface BufferPoolStats {
  readonly frames: number;
  /** Frames of pinned pages. */
  readonly pinned: number;
  /** Frames of scratch. */
  readonly scratch: number;
  /** Frames of pages that may be evicted. */
  readonly cached: number;
  readonly hits: number;
  readonly misses: number;
  /** Runs that had to go. */
  readonly evictions: number;
  readonly bytesRead: number;
  /** Most bytes of frames in use at one time. */
  readonly peakBytes: number;
}

export class BufferPool {
  readonly memory: WasmMemory;
  private readonly base: number;
  private readonly limitBytes: number;
  private readonly source: PageSource;
  private readonly keepsFirstReads: boolean;
  private readonly tenants: (Resident | undefined)[];
  /** 1 for frames that a tenant has left; what lies in the others is zero, as in all new memory. */
  private readonly isStale: Uint8Array;
  private readonly runs = new Map<RunKey, Resident>();
  private readonly scratch = new Map<number, Resident>();
  /** Those of the passing runs that were used once and are unpinned, in the order of their release. */
  private readonly passing = new Set<Resident>();
  /** 1 for the first pages of runs that were read. */
  private wasRead = new Uint8Array(64);
  /** Keys of the runs that hold a page, to find them when the page is rewritten. */
  private readonly keysByPage = new Map<number, Set<RunKey>>();
  private hand = 0;
  private clock = 0;
  private used = 0;
  private counters = { hits: 0, misses: 0, evictions: 0, bytesRead: 0, peakFrames: 0 };

  constructor(options: {
    readonly memory: WasmMemory;
    readonly limitBytes: number;
    readonly reservedBytes: number;
    readonly source: PageSource;
    readonly keepsFirstReads: boolean;
  }) {
    this.memory = options.memory;
    this.keepsFirstReads = options.keepsFirstReads;
    this.limitBytes = options.limitBytes;
    this.source = options.source;
    this.base = alignUp(options.reservedBytes, 64);
    const room = Math.min(options.limitBytes, options.memory.buffer.byteLength) - this.base - OVERREAD_BYTES;
    const frameCount = Math.floor(room / PAGE_BYTES);
    if (frameCount < 1) {
      throw this.exhausted({
        bytes: PAGE_BYTES,
        consumer: 'the buffer pool',
        reason: 'there is no room for a single page',
      });
    }
    this.tenants = Array.from<Resident | undefined>({ length: frameCount }).fill(undefined);
    this.isStale = new Uint8Array(frameCount);
  }

  /**
   * Makes a run resident, or extents of it, and keeps it until the guard is released. Concurrent pins read what they
   * share once. Whole and by extents a run is resident apart.
   * @throws ResourceError when pins and scratch leave no window of that size; StorageError when a page is damaged.
   */
  async pin(run: PageRun, extents?: readonly Extent[]): Promise<PageGuard> {
    const resident = this.tryPin(run, extents);
    if (resident !== undefined) return resident;
    const key = keyOf(run, extents);
    let entry = this.runs.get(key);
    if (entry === undefined) {
      entry = this.place({ frameCount: run.pages.length, run, key, consumer: 'pages of a table or model' });
      this.enter(key, entry);
    } else {
      this.hold(entry);
    }
    try {
      await this.read(entry, extents);
    } catch (error) {
      this.unpin(entry);
      throw error;
    }
    this.touch(entry);
    return this.guard(entry);
  }

  /** Pins what is resident already; `undefined` when some of it is not, or still being read. */
  tryPin(run: PageRun, extents?: readonly Extent[]): PageGuard | undefined {
    const entry = this.runs.get(keyOf(run, extents));
    if (entry === undefined || !partsOf(extents).every((part) => entry.parts.get(part) === 'resident')) return undefined;
    this.counters.hits++;
    this.hold(entry);
    this.touch(entry);
    return this.guard(entry);
  }

  /**
   * Adjacent scratch frames, at least `bytes` long (whole frames are given), clean unpinned pages making room.
   * With `isZero` the bytes are zero; else they are whatever lay there before.
   * @throws ResourceError naming memoryLimit.
   */
  allocate(options: { bytes: number; consumer: string; isZero?: boolean }): number {
    const frameCount = Math.max(1, Math.ceil(options.bytes / PAGE_BYTES));
    const entry = this.place({ frameCount, run: undefined, key: undefined, consumer: options.consumer });
    const address = this.addressOf(entry);
    this.scratch.set(address, entry);
    if (options.isZero === true) this.zero(entry, options.bytes);
    return address;
  }

  /** Gives back scratch by the address `allocate` answered. */
  free(address: number): void {
    const entry = this.scratch.get(address);
    if (entry === undefined) throw new Error(`no scratch was allocated at address ${address}`);
    this.scratch.delete(address);
    this.vacate(entry);
  }

  /** Drops what is cached of pages that are about to be rewritten. */
  forget(pages: readonly number[]): void {
    for (const page of pages) {
      for (const key of [...(this.keysByPage.get(page) ?? [])]) this.detach(this.runs.get(key)!);
    }
  }

  stats(): BufferPoolStats {
    let pinned = 0;
    let scratch = 0;
    for (const tenant of this.tenants) {
      if (tenant === undefined) continue;
      if (tenant.run === undefined) scratch++;
      else if (tenant.pins > 0) pinned++;
    }
    const { hits, misses, evictions, bytesRead, peakFrames } = this.counters;
    return {
      frames: this.tenants.length,
      pinned,
      scratch,
      cached: this.used - pinned - scratch,
      hits,
      misses,
      evictions,
      bytesRead,
      peakBytes: peakFrames * PAGE_BYTES,
    };
  }

  /** Reads what is missing, and waits for what others read. */
  private async read(entry: Resident, extents: readonly Extent[] | undefined): Promise<void> {
    const { parts } = entry;
    const missing = extents?.filter((extent) => !parts.has(partOf(extent)));
    if (missing === undefined ? parts.has(WHOLE) : missing.length === 0) {
      this.counters.hits++;
    } else {
      this.counters.misses++;
      const loading = this.load(entry, missing);
      for (const part of partsOf(missing)) parts.set(part, loading);
    }
    await Promise.all(partsOf(extents).map((part) => parts.get(part)));
  }

  /** `extents` of a run, or all of it. */
  private async load(entry: Resident, extents: readonly Extent[] | undefined): Promise<void> {
    const run = entry.run!;
    const target = new Uint8Array(this.memory.buffer, this.addressOf(entry), run.pages.length * PAGE_BYTES);
    try {
      const bytes = await (extents === undefined
        ? this.source.readPages(run.pages, target)
        : this.source.readExtents(run, extents, target));
      this.counters.bytesRead += bytes;
      for (const part of partsOf(extents)) entry.parts.set(part, 'resident');
      this.rememberRead(run);
    } catch (error) {
      this.detach(entry);
      throw error;
    }
  }

  /** A new tenant with one pin in the cheapest window. */
  private place(options: Pick<Resident, 'frameCount' | 'run' | 'key'> & { readonly consumer: string }): Resident {
    const { frameCount, run, key } = options;
    const bytes = frameCount * PAGE_BYTES;
    if (frameCount > this.tenants.length) {
      throw this.exhausted({
        bytes,
        consumer: options.consumer,
        reason: `the pool has only ${this.tenants.length * PAGE_BYTES} bytes of frames`,
      });
    }
    const now = this.clock;
    const isPassing = !this.keepsFirstReads && run !== undefined && this.wasRead[run.pages[0]!] !== 1;
    const frame =
      (isPassing ? this.findPassing(frameCount) : undefined) ??
      (frameCount === 1 && run !== undefined
        ? findFrame(this.tenants, { hand: this.hand, now })
        : findWindow(this.tenants, { count: frameCount, now, fromTop: run === undefined }));
    if (frame === undefined) {
      const { pinned, scratch } = this.stats();
      const reason = `${pinned} of ${this.tenants.length} frames are pinned and ${scratch} hold intermediate results`;
      throw this.exhausted({ bytes, consumer: options.consumer, reason });
    }
    for (let i = frame; i < frame + frameCount; i++) {
      const tenant = this.tenants[i];
      if (tenant === undefined) continue;
      this.counters.evictions++;
      this.detach(tenant);
    }
    const entry: Resident = {
      frame,
      frameCount,
      run,
      key,
      pins: 1,
      uses: 0,
      lastUse: now,
      parts: new Map(),
      isPassing,
      isDetached: run === undefined,
    };
    this.tenants.fill(entry, frame, frame + frameCount);
    this.used += frameCount;
    this.counters.peakFrames = Math.max(this.counters.peakFrames, this.used);
    this.hand = (frame + frameCount) % this.tenants.length;
    return entry;
  }

  private findPassing(frameCount: number): number | undefined {
    for (const entry of this.passing) if (entry.frameCount === frameCount) return entry.frame;
    return undefined;
  }

  private rememberRead({ pages: [page] }: PageRun): void {
    if (page! >= this.wasRead.length) {
      const grown = new Uint8Array(Math.max(page! + 1, this.wasRead.length * 2));
      grown.set(this.wasRead);
      this.wasRead = grown;
    }
    this.wasRead[page!] = 1;
  }

  private enter(key: RunKey, entry: Resident): void {
    this.runs.set(key, entry);
    for (const page of entry.run!.pages) {
      const keys = this.keysByPage.get(page);
      if (keys === undefined) this.keysByPage.set(page, new Set([key]));
      else keys.add(key);
    }
  }

  /** Makes the entry unfindable; its frames go now, or with its last pin. */
  private detach(entry: Resident): void {
    if (entry.isDetached) return;
    entry.isDetached = true;
    this.passing.delete(entry);
    const key = entry.key!;
    this.runs.delete(key);
    for (const page of entry.run!.pages) {
      const keys = this.keysByPage.get(page)!;
      keys.delete(key);
      if (keys.size === 0) this.keysByPage.delete(page);
    }
    if (entry.pins === 0) this.vacate(entry);
  }

  /** The tenant's first `bytes`. Frames that are zero are left alone: memory costs most when it is first touched. */
  private zero(entry: Resident, bytes: number): void {
    const address = this.addressOf(entry);
    for (let from = 0; from < bytes; from += PAGE_BYTES) {
      if (this.isStale[entry.frame + from / PAGE_BYTES] === 0) continue;
      new Uint8Array(this.memory.buffer, address + from, Math.min(PAGE_BYTES, bytes - from)).fill(0);
    }
  }

  private vacate(entry: Resident): void {
    this.tenants.fill(undefined, entry.frame, entry.frame + entry.frameCount);
    this.isStale.fill(1, entry.frame, entry.frame + entry.frameCount);
    this.used -= entry.frameCount;
  }

  private touch(entry: Resident): void {
    this.clock++;
    entry.lastUse = this.clock;
    entry.uses++;
  }

  private guard(entry: Resident): PageGuard {
    return new PageGuard(this.addressOf(entry), () => this.unpin(entry));
  }

  private hold(entry: Resident): void {
    entry.pins++;
    this.passing.delete(entry);
  }

  private unpin(entry: Resident): void {
    entry.pins--;
    if (entry.pins > 0) return;
    if (entry.isDetached) this.vacate(entry);
    else if (entry.isPassing && entry.uses === 1) this.passing.add(entry);
  }

  private addressOf(entry: Resident): number {
    return this.base + entry.frame * PAGE_BYTES;
  }

  private exhausted(wish: { bytes: number; consumer: string; reason: string }): ResourceError {
    const message =
      `${wish.consumer} needs ${wish.bytes} bytes, but memoryLimit leaves ${this.limitBytes} bytes and ${wish.reason}; ` +
      'raise it with open(path, { memoryLimit }) or --memory';
    return new ResourceError(message, {
      limit: 'memoryLimit',
      limitBytes: this.limitBytes,
      wantedBytes: wish.bytes,
      consumer: wish.consumer,
    });
  }
}
