/**
 * Pages by number, whole or in part: bytes enter with a kind and leave verified.
 *
 * Beside the device this keeps, for every page, what was last written there (checksum, bytes used, kind, sequence).
 * One flat list serves all snapshots, since a page is never rewritten while any of them refers to it.
 * Invariant: no byte leaves that does not match its page's checksum, or that of the extent it was asked for by; what
 * is adjacent costs one request.
 */
import { StorageError } from '../errors.js';
import type { BlockDevice } from './block-device.js';
import type { Extent, PageRun } from './page-run.js';
import { checksum, checksumText } from './checksum.js';
import {
  MAX_PAGES,
  PAGE_BYTES,
  PAGE_KINDS,
  pageOffset,
  type ChainReference,
  type DirectoryEntry,
  type PageKind,
  type PageReference,
} from './format.js';
import { PageAllocator } from './page-allocator.js';

/** Where the buffer pool gets its pages. */
export interface PageSource {
  /**
   * Fills `target` (PAGE_BYTES for each page) and verifies; bytes behind a page's used length are left as they are.
   * Resolves to the bytes read.
   */
  readPages(pages: readonly number[], target: Uint8Array): Promise<number>;
  /** The same for extents of adjacent pages: of `target`, the image of all of them, nothing else is written. */
  readExtents(run: PageRun, extents: readonly Extent[], target: Uint8Array): Promise<number>;
}

/** Extents of a page begin at multiples of it: a cache line. */
export const EXTENT_ALIGNMENT = 64;
/** The longest chain that is read into memory whole, in bytes: metadata only. */
const MAX_CHAIN_BYTES = 1024 * 1024 * 1024;

export class PageFile implements PageSource {
  readonly allocator = new PageAllocator();
  /** Called with pages that are about to be rewritten, so that no cache keeps what they held. */
  onRewrite: (pages: readonly number[]) => void = () => {};
  /** The sequence new pages are marked with. */
  writingSequence = 0;

  private checksums = new Uint32Array(64);
  private lengths = new Uint32Array(64);
  private kinds = new Uint8Array(64);
  private sequences = new Uint32Array(64);

  constructor(
    readonly device: BlockDevice,
    readonly name: string,
  ) {}

  entry(page: number): DirectoryEntry {
    return {
      checksum: this.checksums[page] ?? 0,
      byteLength: this.lengths[page] ?? 0,
      kind: this.kinds[page] ?? 0,
      sequence: this.sequences[page] ?? 0,
    };
  }

  setEntry(page: number, entry: DirectoryEntry): void {
    if (page >= this.checksums.length) this.grow(page + 1);
    this.checksums[page] = entry.checksum;
    this.lengths[page] = entry.byteLength;
    this.kinds[page] = entry.kind;
    this.sequences[page] = entry.sequence;
  }

  /** Pages the file has room for, whole or in part. */
  async pageCount(): Promise<number> {
    return Math.max(0, Math.ceil((await this.attempt(() => this.device.size())) / PAGE_BYTES) - 1);
  }

  async readPages(pages: readonly number[], target: Uint8Array): Promise<number> {
    let bytesRead = 0;
    for (let from = 0; from < pages.length;) {
      let to = from + 1;
      while (to < pages.length && pages[to] === pages[to - 1]! + 1) to++;
      bytesRead += await this.readAdjacent(pages.slice(from, to), target.subarray(from * PAGE_BYTES));
      from = to;
    }
    return bytesRead;
  }

  async readExtents({ pages }: PageRun, extents: readonly Extent[], target: Uint8Array): Promise<number> {
    this.requireKnown(pages);
    const stretches = adjacentExtents(extents);
    const read = stretches.map(({ begin, end }) =>
      this.attempt(() => this.device.read(target.subarray(begin, end), pageOffset(pages[0]!) + begin)),
    );
    // All of them, so that none is still under way in a frame that was given up.
    const results = await Promise.allSettled(read);
    let bytesRead = 0;
    for (const [i, result] of results.entries()) {
      if (result.status === 'rejected') throw result.reason;
      const { begin, end } = stretches[i]!;
      if (result.value < end - begin) {
        const page = pages[Math.floor((begin + result.value) / PAGE_BYTES)]!;
        throw this.corrupt(page, `the file ends inside page ${page}`, end - begin, result.value);
      }
      bytesRead += result.value;
    }
    for (const { byteOffset, byteLength, checksum: expected } of extents) {
      const actual = checksum(target.subarray(byteOffset, byteOffset + byteLength));
      if (actual !== expected) throw await this.damaged(pages, { byteOffset, byteLength, expected, actual });
    }
    return bytesRead;
  }

  /** Which of the pages it is that an extent with a wrong checksum lies on. */
  private async damaged(
    pages: readonly number[],
    extent: { byteOffset: number; byteLength: number; expected: number; actual: number },
  ): Promise<StorageError> {
    const image = new Uint8Array(PAGE_BYTES);
    for (const page of pages) {
      try {
        await this.readPages([page], image);
      } catch (error) {
        return storageError(this.name, error);
      }
    }
    const { byteOffset, byteLength, expected, actual } = extent;
    const message = `bytes ${byteOffset} to ${byteOffset + byteLength} of page ${pages[0]!} are not what was stored`;
    return this.corrupt(pages[0]!, message, checksumText(expected), checksumText(actual));
  }

  private requireKnown(pages: readonly number[]): void {
    for (const page of pages) {
      const isKnown = page >= 1 && page < this.kinds.length && this.kinds[page] !== PAGE_KINDS.free;
      if (!isKnown) throw this.corrupt(page, `page ${page} is referred to, but the page directory has no such page`);
    }
  }

  private async readAdjacent(pages: readonly number[], target: Uint8Array): Promise<number> {
    this.requireKnown(pages);
    const byteLength = (pages.length - 1) * PAGE_BYTES + this.lengths[pages.at(-1)!]!;
    const done = await this.attempt(() => this.device.read(target.subarray(0, byteLength), pageOffset(pages[0]!)));
    pages.forEach((page, i) => {
      const used = this.lengths[page]!;
      if (done < i * PAGE_BYTES + used)
        throw this.corrupt(page, `the file ends inside page ${page}`, used, Math.max(0, done - i * PAGE_BYTES));
      this.check(
        { page, byteLength: used, checksum: this.checksums[page]! },
        target.subarray(i * PAGE_BYTES, i * PAGE_BYTES + used),
      );
    });
    return done;
  }

  /** The used bytes of a page that has its own checksum beside its number: the pages of the directory. */
  async readReferenced(reference: PageReference): Promise<Uint8Array> {
    if (reference.byteLength > PAGE_BYTES)
      throw this.corrupt(reference.page, 'more bytes than a page holds', PAGE_BYTES, reference.byteLength);
    const bytes = new Uint8Array(reference.byteLength);
    const done = await this.attempt(() => this.device.read(bytes, pageOffset(reference.page)));
    if (done < bytes.length)
      throw this.corrupt(reference.page, `the file ends inside page ${reference.page}`, bytes.length, done);
    this.check(reference, bytes);
    return bytes;
  }

  async readChain(chain: ChainReference): Promise<Uint8Array> {
    const { pages, byteLength } = chain;
    const used = Math.max(0, pages.length - 1) * PAGE_BYTES + this.entry(pages.at(-1) ?? 0).byteLength;
    const impossible = (): StorageError =>
      this.corrupt(pages[0] ?? 0, 'a chain of pages has an impossible length', used, byteLength);
    if (used > MAX_CHAIN_BYTES) throw impossible();
    const bytes = new Uint8Array(used);
    await this.readPages(pages, bytes);
    if (byteLength > used) throw impossible();
    return bytes.subarray(0, byteLength);
  }

  /** Writes `bytes` on adjacent pages taken from the allocator; answers them. */
  async writeRun(kind: PageKind, bytes: Uint8Array): Promise<number[]> {
    const count = Math.max(1, Math.ceil(bytes.length / PAGE_BYTES));
    const first = this.allocator.take(count);
    const pages = Array.from({ length: count }, (_, i) => first + i);
    try {
      await this.writeAt({ pages, kind, bytes });
    } catch (error) {
      this.allocator.release(pages);
      throw error;
    }
    return pages;
  }

  /** Writes on adjacent pages that were taken before. */
  async writeAt(options: { pages: readonly number[]; kind: PageKind; bytes: Uint8Array }): Promise<void> {
    const { pages, kind, bytes } = options;
    if (pages.at(-1)! > MAX_PAGES)
      throw new StorageError('full', `${this.name} has reached its ${MAX_PAGES} pages`, { file: this.name });
    this.onRewrite(pages);
    pages.forEach((page, i) => {
      const used = bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
      this.setEntry(page, {
        checksum: checksum(used),
        byteLength: used.length,
        kind: PAGE_KINDS[kind],
        sequence: this.writingSequence >>> 0,
      });
    });
    await this.attempt(() => this.device.write(bytes, pageOffset(pages[0]!)));
  }

  /** Runs one request of the device, turning its errors into ours. */
  async attempt<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (cause) {
      throw storageError(this.name, cause);
    }
  }

  corrupt(page: number, message: string, expected?: string | number, actual?: string | number): StorageError {
    return corruptPage({ file: this.name, page, message, expected, actual });
  }

  private check(reference: PageReference, bytes: Uint8Array): void {
    const actual = checksum(bytes);
    if (actual === reference.checksum) return;
    const expectedText = checksumText(reference.checksum);
    throw this.corrupt(reference.page, `page ${reference.page} is damaged`, expectedText, checksumText(actual));
  }

  private grow(count: number): void {
    const capacity = Math.max(count, this.checksums.length * 2);
    const copyTo = <T extends Uint32Array | Uint8Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.checksums = copyTo(new Uint32Array(capacity), this.checksums);
    this.lengths = copyTo(new Uint32Array(capacity), this.lengths);
    this.kinds = copyTo(new Uint8Array(capacity), this.kinds);
    this.sequences = copyTo(new Uint32Array(capacity), this.sequences);
  }
}

/**
 * Stretches of bytes that hold them, in order. Less than EXTENT_ALIGNMENT lies between neighbours of one stretch: that
 * is padding, so nothing is read that another extent has.
 */
function adjacentExtents(extents: readonly Extent[]): readonly { readonly begin: number; readonly end: number }[] {
  const stretches: { begin: number; end: number }[] = [];
  for (const { byteOffset, byteLength } of [...extents].sort((a, b) => a.byteOffset - b.byteOffset)) {
    const last = stretches.at(-1);
    const end = byteOffset + byteLength;
    if (last !== undefined && byteOffset - last.end < EXTENT_ALIGNMENT) last.end = Math.max(last.end, end);
    else stretches.push({ begin: byteOffset, end });
  }
  return stretches;
}

export function corruptPage(options: {
  file: string;
  page: number;
  message: string;
  expected?: string | number | undefined;
  actual?: string | number | undefined;
}): StorageError {
  const { file, page, message, expected, actual } = options;
  const found = expected === undefined ? '' : `: expected ${expected}, found ${actual}`;
  return new StorageError('corrupt', `${file}: ${message}${found}`, {
    file,
    page,
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
  });
}

const FULL_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** The device's error as a StorageError; ours pass through. */
export function storageError(file: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  const message = cause instanceof Error ? cause.message : String(cause);
  if (FULL_CODES.has(code))
    return new StorageError('full', `${file}: the disk is full; nothing of this transaction was kept`, { file, cause });
  return new StorageError('io', `${file}: ${message}`, { file, cause });
}
