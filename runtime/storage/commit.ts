/**
 * From one commit to the next, and from a file to its newest commit.
 *
 *   new pages -> sync -> catalog and directory pages -> sync -> the slot the last commit did not write -> sync
 *
 * Invariant: until the last step is durable the file is at the commit before, byte for byte, as no page of it was
 * touched.
 */
import { StorageError } from '../errors.js';
import { EMPTY_CATALOG, decodeCatalog, encodeCatalog, type Catalog } from '../catalog.js';
import { checksum, checksumText } from './checksum.js';
import {
  LEAF_ENTRIES,
  MAX_CATALOG_PAGES,
  PAGE_BYTES,
  PAGE_KINDS,
  SLOT_COPIES,
  SUPERBLOCK_BYTES,
  SUPERBLOCK_PAGE,
  FORMAT_VERSION,
  decodeDirectoryLeaf,
  decodeDirectoryRoot,
  decodeSuperblock,
  encodeDirectoryLeaf,
  encodeDirectoryRoot,
  encodeSuperblock,
  fileBytes,
  pageOffset,
  slotOf,
  slotOffset,
  type DirectoryEntry,
  type PageReference,
  type Superblock,
  type SuperblockResult,
} from './format.js';
import type { PageAllocator } from './page-allocator.js';
import type { PageFile } from './pages.js';
import { ShapeError } from './shape.js';

export interface Commit {
  readonly superblock: Superblock;
  readonly leaves: readonly PageReference[];
  readonly catalog: Catalog;
}

const FREE_ENTRY: DirectoryEntry = { checksum: 0, byteLength: 0, kind: PAGE_KINDS.free, sequence: 0 };

/** The pages of the directory itself. */
export function directoryPages(commit: Commit): number[] {
  const root = commit.superblock.directory;
  return root === undefined ? [] : [root.page, ...commit.leaves.map((leaf) => leaf.page)];
}

/** All copies in both slots, as [slot][copy]. */
export function readSlots(pages: PageFile): Promise<readonly (readonly SuperblockResult[])[]> {
  return Promise.all([0, 1].map((slot) => readSlot(pages, slot)));
}

async function readSlot(pages: PageFile, slot: number): Promise<readonly SuperblockResult[]> {
  const bytes = new Uint8Array(SUPERBLOCK_BYTES * SLOT_COPIES);
  const done = await pages.attempt(() => pages.device.read(bytes, slotOffset(slot)));
  return Array.from({ length: SLOT_COPIES }, (_, copy) =>
    decodeSuperblock(
      bytes.subarray(
        copy * SUPERBLOCK_BYTES,
        Math.min((copy + 1) * SUPERBLOCK_BYTES, Math.max(done, copy * SUPERBLOCK_BYTES)),
      ),
    ),
  );
}

/** Errors for every copy that is neither sound nor empty, and for slots whose copies differ. */
export function slotProblems(file: string, slots: readonly (readonly SuperblockResult[])[]): StorageError[] {
  return slots.flatMap((copies, slot) => {
    const isWritten = copies.some((c) => c.state !== 'empty');
    return copies.flatMap((result, copy) => {
      if (result.state === 'valid' || (result.state === 'empty' && !isWritten)) return [];
      const sums =
        result.state === 'torn' ? { expected: checksumText(result.expected), actual: checksumText(result.actual) } : {};
      const message = `${file}: copy ${copy} of superblock ${slot} is damaged (${result.state})`;
      return [new StorageError('corrupt', message, { file, page: SUPERBLOCK_PAGE, ...sums })];
    });
  });
}

/** @throws StorageError when no copy is sound: 'not-a-database', 'version' or 'corrupt'. */
function newestSuperblock(file: string, slots: readonly (readonly SuperblockResult[])[]): Superblock {
  const results = slots.flat();
  const valid = results.flatMap((r) => (r.state === 'valid' ? [r.superblock] : []));
  if (valid.length > 0) return valid.reduce((a, b) => (b.sequence > a.sequence ? b : a));
  const page = SUPERBLOCK_PAGE;
  const version = results.find((r) => r.state === 'version');
  if (version?.state === 'version') {
    throw new StorageError(
      'version',
      `${file} has format version ${version.found}; this program reads version ${FORMAT_VERSION}`,
      { file, page, expected: FORMAT_VERSION, actual: version.found },
    );
  }
  const torn = results.find((r) => r.state === 'torn');
  if (torn?.state === 'torn') {
    const sums = { expected: checksumText(torn.expected), actual: checksumText(torn.actual) };
    throw new StorageError('corrupt', `${file}: every copy of the superblock is damaged`, { file, page, ...sums });
  }
  throw new StorageError('not-a-database', `${file} is not an Intarsia database`, {
    file,
    page,
    expected: 'INTARSIA',
    actual: 'other bytes',
  });
}

/** Whether a file holds nothing but, at most, a creation that was cut short: zeros, and superblocks of ours. */
export async function isUncreated(pages: PageFile): Promise<boolean> {
  const size = await pages.attempt(() => pages.device.size());
  if (size > PAGE_BYTES) return false;
  const results = (await readSlots(pages)).flat();
  if (!results.every((r) => r.state === 'empty' || r.state === 'torn')) return false;
  const bytes = new Uint8Array(size);
  await pages.attempt(() => pages.device.read(bytes, 0));
  for (const slot of [0, 1]) bytes.fill(0, slotOffset(slot), slotOffset(slot) + SUPERBLOCK_BYTES * SLOT_COPIES);
  return bytes.every((byte) => byte === 0);
}

/** Makes an empty database of an empty file. */
export async function createFile(pages: PageFile): Promise<void> {
  const superblock: Superblock = {
    sequence: 1,
    pageCount: 0,
    directory: undefined,
    catalog: { pages: [], byteLength: 0 },
  };
  await pages.attempt(async () => {
    await pages.device.truncate(0);
    await pages.device.truncate(fileBytes(0));
    await pages.device.sync();
    await pages.device.write(encodeSuperblock(superblock), slotOffset(slotOf(1)));
    await pages.device.sync();
  });
}

/** Reads and checks the newest commit; `pages` knows its directory afterwards. @throws StorageError */
export async function loadCommit(pages: PageFile): Promise<{ commit: Commit; problems: StorageError[] }> {
  const slots = await readSlots(pages);
  const superblock = newestSuperblock(pages.name, slots);
  const size = await pages.attempt(() => pages.device.size());
  if (size < fileBytes(superblock.pageCount)) {
    throw pages.corrupt(Math.floor(size / PAGE_BYTES), 'the file is truncated', fileBytes(superblock.pageCount), size);
  }
  const leaves = await loadDirectory(pages, superblock);
  const catalog = await loadCatalog(pages, superblock);
  return { commit: { superblock, leaves, catalog }, problems: slotProblems(pages.name, slots) };
}

async function loadDirectory(pages: PageFile, superblock: Superblock): Promise<readonly PageReference[]> {
  const { directory, pageCount } = superblock;
  if (directory === undefined) return [];
  const requirePage = (page: number): void => {
    if (page < 1 || page > pageCount)
      throw pages.corrupt(page, `the directory lies on page ${page}, outside of 1..${pageCount}`);
  };
  requirePage(directory.page);
  const leaves = decodeDirectoryRoot(await pages.readReferenced(directory));
  if (leaves === undefined || leaves.length !== Math.ceil(pageCount / LEAF_ENTRIES)) {
    throw pages.corrupt(directory.page, `page ${directory.page} is no directory of ${pageCount} pages`);
  }
  for (const [i, leaf] of leaves.entries()) {
    requirePage(leaf.page);
    const entries = decodeDirectoryLeaf(await pages.readReferenced(leaf));
    const expected = Math.min(LEAF_ENTRIES, pageCount - i * LEAF_ENTRIES);
    if (entries?.length !== expected)
      throw pages.corrupt(leaf.page, `page ${leaf.page} is no directory of ${expected} pages`);
    entries.forEach((entry, at) => {
      // What an older snapshot still reads stays known.
      if (entry.kind !== PAGE_KINDS.free) pages.setEntry(i * LEAF_ENTRIES + at + 1, entry);
    });
  }
  return leaves;
}

async function loadCatalog(pages: PageFile, superblock: Superblock): Promise<Catalog> {
  const chain = superblock.catalog;
  if (chain.pages.length === 0) return EMPTY_CATALOG;
  for (const page of chain.pages) {
    if (pages.entry(page).kind !== PAGE_KINDS.catalog) throw pages.corrupt(page, `page ${page} holds no catalog`);
  }
  const bytes = await pages.readChain(chain);
  try {
    return decodeCatalog(bytes);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw pages.corrupt(chain.pages[0]!, `the catalog cannot be: ${error.message}`);
  }
}

/** Rewrites damaged superblock copies: from a sound copy of the slot, else as never written. */
export async function repairSlots(pages: PageFile): Promise<void> {
  for (const [slot, copies] of (await readSlots(pages)).entries()) {
    const sound = copies.find((c) => c.state === 'valid');
    if (copies.every((c) => c.state === (sound === undefined ? 'empty' : 'valid'))) continue;
    const bytes =
      sound?.state === 'valid' ? encodeSuperblock(sound.superblock) : new Uint8Array(SUPERBLOCK_BYTES * SLOT_COPIES);
    await pages.attempt(() => pages.device.write(bytes, slotOffset(slot)));
  }
  await pages.attempt(() => pages.device.sync());
}

export interface CommitRequest {
  readonly previous: Commit;
  readonly catalog: Catalog;
  /** Pages of the previous commit (or of the transaction) that the new one does not have. */
  readonly dropped: ReadonlySet<number>;
  /** Pages the transaction wrote. */
  readonly written: ReadonlySet<number>;
  /** Told of each further page the commit takes. */
  readonly onPage: (page: number) => void;
  /** Asked before the superblock is written. */
  readonly beforeSwitch: () => Promise<void>;
}

/** The error of a commit whose superblock may or may not have reached the disk. */
export class UncertainCommit extends Error {
  override readonly name = 'UncertainCommit';
}

export async function writeCommit(pages: PageFile, request: CommitRequest): Promise<Commit> {
  const { previous } = request;
  await pages.attempt(() => pages.device.sync());
  const sequence = previous.superblock.sequence + 1;
  const catalogBytes = encodeCatalog(request.catalog);
  const catalogPages = await pages.writeRun('catalog', catalogBytes);
  catalogPages.forEach(request.onPage);
  if (catalogPages.length > MAX_CATALOG_PAGES) {
    throw new StorageError(
      'full',
      `${pages.name}: the catalog has ${catalogBytes.length} bytes; ${MAX_CATALOG_PAGES * PAGE_BYTES} is the most`,
    );
  }
  const dropped = new Set([...request.dropped, ...previous.superblock.catalog.pages]);
  const written = new Set([...request.written, ...catalogPages]);
  const { leaves, root, pageCount } = await writeDirectory(pages, {
    previous,
    dropped,
    written,
    onPage: request.onPage,
  });
  const size = await pages.attempt(() => pages.device.size());
  if (size < fileBytes(pageCount)) await pages.attempt(() => pages.device.truncate(fileBytes(pageCount)));
  await pages.attempt(() => pages.device.sync());
  await request.beforeSwitch();
  const superblock = {
    sequence,
    pageCount,
    directory: root,
    catalog: { pages: catalogPages, byteLength: catalogBytes.length },
  };
  try {
    await pages.attempt(() => pages.device.write(encodeSuperblock(superblock), slotOffset(slotOf(sequence))));
    await pages.attempt(() => pages.device.sync());
  } catch (cause) {
    throw new UncertainCommit('the superblock could not be written', { cause });
  }
  return { superblock, leaves, catalog: request.catalog };
}

/** Writes the leaves in which something changed, and the root; the other leaves stay where they are. */
async function writeDirectory(
  pages: PageFile,
  request: {
    previous: Commit;
    dropped: ReadonlySet<number>;
    written: ReadonlySet<number>;
    onPage: (page: number) => void;
  },
): Promise<{ leaves: readonly PageReference[]; root: PageReference; pageCount: number }> {
  const { previous, dropped, written } = request;
  const { allocator } = pages;
  const take = (): number => {
    const page = allocator.take(1);
    request.onPage(page);
    pages.onRewrite([page]);
    pages.setEntry(page, FREE_ENTRY);
    return page;
  };
  const rootPage = take();
  const changed = new Set([...dropped, ...written].map((page) => Math.floor((page - 1) / LEAF_ENTRIES)));
  // The last leaf may change its length, and so may the one that was last before.
  changed.add(previous.leaves.length - 1).delete(-1);
  const leafPages = new Map<number, number>();
  // Taking a page may lengthen the directory by a leaf, which wants a page too.
  let pageCount = 0;
  for (;;) {
    const old = directoryPages(previous).filter((_, i) => i === 0 || changed.has(i - 1));
    pageCount = lastLivePage(allocator, [dropped, new Set(old)]);
    const leafCount = Math.ceil(pageCount / LEAF_ENTRIES);
    changed.add(leafCount - 1);
    // Behind pages that a snapshot holds, or nobody uses, the file may go on some leaves further.
    for (let leaf = previous.leaves.length; leaf < leafCount; leaf++) changed.add(leaf);
    const missing = [...changed].find((leaf) => leaf < leafCount && !leafPages.has(leaf));
    if (missing === undefined) break;
    leafPages.set(missing, take());
  }
  const leaves: PageReference[] = [];
  for (let first = 1; first <= pageCount; first += LEAF_ENTRIES) {
    const page = leafPages.get(leaves.length);
    if (page === undefined) {
      leaves.push(previous.leaves[leaves.length]!);
      continue;
    }
    const length = Math.min(LEAF_ENTRIES, pageCount - first + 1);
    // Pages of the directory have no entry of their own: theirs is that of a free page.
    const entries = Array.from({ length }, (_, i) =>
      allocator.isUsed(first + i) && !dropped.has(first + i) ? pages.entry(first + i) : FREE_ENTRY,
    );
    leaves.push(await writeReferenced(pages, page, encodeDirectoryLeaf(entries)));
  }
  return { leaves, root: await writeReferenced(pages, rootPage, encodeDirectoryRoot(leaves)), pageCount };
}

function lastLivePage(allocator: PageAllocator, dead: readonly ReadonlySet<number>[]): number {
  let page = allocator.lastPage;
  while (page > 0 && (!allocator.isUsed(page) || dead.some((pages) => pages.has(page)))) page--;
  return page;
}

async function writeReferenced(pages: PageFile, page: number, bytes: Uint8Array): Promise<PageReference> {
  await pages.attempt(() => pages.device.write(bytes, pageOffset(page)));
  return { page, byteLength: bytes.length, checksum: checksum(bytes) };
}
