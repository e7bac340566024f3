/**
 * The bytes of a database file: the only place that knows an offset, for the reader and the writer alike.
 *
 * Little-endian throughout. Decoders take untrusted bytes and answer `undefined` or a reason, never a wild number:
 * every count is bounded before anything is allocated by it.
 *
 *   file     | page 0: superblocks | page 1 | page 2 | ...          page p lies at p * PAGE_BYTES
 *   page 0   | slot 0: copy, copy  ...   | at SLOT_BYTES: slot 1: copy, copy  ... |
 *
 *   superblock copy (SUPERBLOCK_BYTES)
 *      0  magic "INTARSIA"          24  u32 page count (pages 1..count)     40  u32 catalog bytes
 *      8  u32 format version        28  u32 directory root page, or 0       44  u32 catalog page count (n <= 512)
 *     12  u32 page bytes            32  u32 directory root bytes            48  u32[n] catalog pages
 *     16  u64 sequence              36  u32 directory root checksum       4092  u32 checksum of bytes 0..4091
 *
 *   directory root   u32 leaf count, then a leaf reference each:  u32 page, u32 bytes, u32 checksum
 *   directory leaf   the entries of LEAF_ENTRIES pages:           u32 checksum, u32 bytes, u32 kind, u32 sequence
 *   (low bits)
 *
 * Each commit writes the slot the commit before it did not; both copies of a slot go in one write, and one sound copy
 * is enough.
 */
import { checksum } from './checksum.js';

/** Pure payload of a page: 65,536 f32 values, or a 256 x 256 block of f32. */
export const PAGE_BYTES = 256 * 1024;
export const FORMAT_VERSION = 5;
export const SUPERBLOCK_BYTES = 4096;
export const SLOT_COPIES = 2;
export const SLOT_BYTES = PAGE_BYTES / 2;
/** The page number errors give for the superblocks. */
export const SUPERBLOCK_PAGE = 0;
export const MAX_CATALOG_PAGES = 512;
/** Pages of one file: 1 PiB, and below what 32 bits hold. */
export const MAX_PAGES = 0xffff_fffe;

const MAGIC = new TextEncoder().encode('INTARSIA');
const SUPERBLOCK_CHECKSUM_AT = SUPERBLOCK_BYTES - 4;
const CATALOG_PAGES_AT = 48;
const ENTRY_BYTES = 16;
const LEAF_REFERENCE_BYTES = 12;
const ROOT_HEADER_BYTES = 4;

/** Entries of one directory leaf: 4 GiB of pages. */
export const LEAF_ENTRIES = PAGE_BYTES / ENTRY_BYTES;
const MAX_LEAVES = Math.floor((PAGE_BYTES - ROOT_HEADER_BYTES) / LEAF_REFERENCE_BYTES);

/**
 * What a page holds; `free` pages belong to nobody. Directory pages are found from the superblock and have no entry.
 */
export const PAGE_KINDS = { free: 0, table: 1, tableMetadata: 2, model: 3, modelMetadata: 4, catalog: 5 } as const;
export type PageKind = keyof typeof PAGE_KINDS;
export const PAGE_KIND_COUNT = Object.keys(PAGE_KINDS).length;

/** A page that is found without the directory. */
export interface PageReference {
  readonly page: number;
  readonly byteLength: number;
  readonly checksum: number;
}

/** Bytes that fill several pages in order. */
export interface ChainReference {
  readonly pages: readonly number[];
  readonly byteLength: number;
}

export interface Superblock {
  /** Commits so far; the greatest one is the newest. */
  readonly sequence: number;
  /** Pages 1..pageCount may be in use. */
  readonly pageCount: number;
  /** Absent in an empty database. */
  readonly directory: PageReference | undefined;
  readonly catalog: ChainReference;
}

export interface DirectoryEntry {
  readonly checksum: number;
  readonly byteLength: number;
  readonly kind: number;
  readonly sequence: number;
}

export function pageOffset(page: number): number {
  return page * PAGE_BYTES;
}

/** Bytes of a file whose last page is `pageCount`. */
export function fileBytes(pageCount: number): number {
  return (pageCount + 1) * PAGE_BYTES;
}

/** The slot a commit writes. */
export function slotOf(sequence: number): number {
  return sequence % 2;
}

export function slotOffset(slot: number): number {
  return slot * SLOT_BYTES;
}

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** All copies of one slot. */
export function encodeSuperblock(superblock: Superblock): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_BYTES * SLOT_COPIES);
  const view = viewOf(bytes);
  bytes.set(MAGIC, 0);
  view.setUint32(8, FORMAT_VERSION, true);
  view.setUint32(12, PAGE_BYTES, true);
  view.setBigUint64(16, BigInt(superblock.sequence), true);
  view.setUint32(24, superblock.pageCount, true);
  view.setUint32(28, superblock.directory?.page ?? 0, true);
  view.setUint32(32, superblock.directory?.byteLength ?? 0, true);
  view.setUint32(36, superblock.directory?.checksum ?? 0, true);
  view.setUint32(40, superblock.catalog.byteLength, true);
  view.setUint32(44, superblock.catalog.pages.length, true);
  superblock.catalog.pages.forEach((page, i) => view.setUint32(CATALOG_PAGES_AT + 4 * i, page, true));
  view.setUint32(SUPERBLOCK_CHECKSUM_AT, checksum(bytes.subarray(0, SUPERBLOCK_CHECKSUM_AT)), true);
  for (let copy = 1; copy < SLOT_COPIES; copy++) bytes.copyWithin(copy * SUPERBLOCK_BYTES, 0, SUPERBLOCK_BYTES);
  return bytes;
}

/** `empty`: never written. `foreign`: not ours. `torn`: ours, damaged (then with both checksums). */
export type SuperblockResult =
  | { readonly state: 'valid'; readonly superblock: Superblock }
  | { readonly state: 'empty' | 'foreign' }
  | { readonly state: 'version'; readonly found: number }
  | { readonly state: 'torn'; readonly expected: number; readonly actual: number };

/** One copy, of SUPERBLOCK_BYTES or fewer (a truncated file). */
export function decodeSuperblock(bytes: Uint8Array): SuperblockResult {
  if (bytes.every((byte) => byte === 0)) return { state: 'empty' };
  const magicFits = MAGIC.every((byte, i) => bytes[i] === byte);
  if (bytes.length < SUPERBLOCK_BYTES)
    return magicFits ? { state: 'torn', expected: 0, actual: 0 } : { state: 'foreign' };
  const view = viewOf(bytes);
  const expected = view.getUint32(SUPERBLOCK_CHECKSUM_AT, true);
  const actual = checksum(bytes.subarray(0, SUPERBLOCK_CHECKSUM_AT));
  if (!magicFits) return { state: 'foreign' };
  if (actual !== expected) return { state: 'torn', expected, actual };
  const version = view.getUint32(8, true);
  if (version !== FORMAT_VERSION || view.getUint32(12, true) !== PAGE_BYTES)
    return { state: 'version', found: version };
  const catalogPageCount = view.getUint32(44, true);
  const sequence = view.getBigUint64(16, true);
  if (catalogPageCount > MAX_CATALOG_PAGES || sequence > BigInt(Number.MAX_SAFE_INTEGER)) {
    return { state: 'torn', expected, actual };
  }
  const rootPage = view.getUint32(28, true);
  const directory =
    rootPage === 0
      ? undefined
      : { page: rootPage, byteLength: view.getUint32(32, true), checksum: view.getUint32(36, true) };
  const pages = Array.from({ length: catalogPageCount }, (_, i) => view.getUint32(CATALOG_PAGES_AT + 4 * i, true));
  const catalog = { pages, byteLength: view.getUint32(40, true) };
  return {
    state: 'valid',
    superblock: { sequence: Number(sequence), pageCount: view.getUint32(24, true), directory, catalog },
  };
}

/** Whether page 0 is that of a database, of this version or another: some copy has the right checksum. */
export function holdsSuperblock(page: Uint8Array): boolean {
  return [0, 1].some((slot) =>
    Array.from({ length: SLOT_COPIES }, (_, copy) => slotOffset(slot) + copy * SUPERBLOCK_BYTES).some((at) => {
      const { state } = decodeSuperblock(page.subarray(at, at + SUPERBLOCK_BYTES));
      return state === 'valid' || state === 'version';
    }),
  );
}

export function encodeDirectoryRoot(leaves: readonly PageReference[]): Uint8Array {
  const bytes = new Uint8Array(ROOT_HEADER_BYTES + leaves.length * LEAF_REFERENCE_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, leaves.length, true);
  leaves.forEach((leaf, i) => {
    const at = ROOT_HEADER_BYTES + i * LEAF_REFERENCE_BYTES;
    view.setUint32(at, leaf.page, true);
    view.setUint32(at + 4, leaf.byteLength, true);
    view.setUint32(at + 8, leaf.checksum, true);
  });
  return bytes;
}

/** `undefined` when the bytes are no directory root. */
export function decodeDirectoryRoot(bytes: Uint8Array): readonly PageReference[] | undefined {
  if (bytes.length < ROOT_HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  const count = view.getUint32(0, true);
  if (count > MAX_LEAVES || bytes.length !== ROOT_HEADER_BYTES + count * LEAF_REFERENCE_BYTES) return undefined;
  return Array.from({ length: count }, (_, i) => {
    const at = ROOT_HEADER_BYTES + i * LEAF_REFERENCE_BYTES;
    return {
      page: view.getUint32(at, true),
      byteLength: view.getUint32(at + 4, true),
      checksum: view.getUint32(at + 8, true),
    };
  });
}

export function encodeDirectoryLeaf(entries: readonly DirectoryEntry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES);
  const view = viewOf(bytes);
  entries.forEach((entry, i) => {
    view.setUint32(i * ENTRY_BYTES, entry.checksum, true);
    view.setUint32(i * ENTRY_BYTES + 4, entry.byteLength, true);
    view.setUint32(i * ENTRY_BYTES + 8, entry.kind, true);
    view.setUint32(i * ENTRY_BYTES + 12, entry.sequence, true);
  });
  return bytes;
}

/** `undefined` when an entry is impossible: an unknown kind, or more bytes than a page holds. */
export function decodeDirectoryLeaf(bytes: Uint8Array): readonly DirectoryEntry[] | undefined {
  if (bytes.length % ENTRY_BYTES !== 0) return undefined;
  const view = viewOf(bytes);
  const entries: DirectoryEntry[] = [];
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const byteLength = view.getUint32(at + 4, true);
    const kind = view.getUint32(at + 8, true);
    if (byteLength > PAGE_BYTES || kind >= PAGE_KIND_COUNT) return undefined;
    entries.push({ checksum: view.getUint32(at, true), byteLength, kind, sequence: view.getUint32(at + 12, true) });
  }
  return entries;
}
