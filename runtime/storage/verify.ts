/**
 * Walks a whole database file and lists what is wrong with it.
 *
 * Looked at: every superblock copy, the directory, the checksum of every page in use, every chunk decoded, every
 * block's hash, and that each page has exactly one owner: a table's row group, a chain of metadata, the model store,
 * the catalog, the directory, or nobody.
 */
import { ResourceError, StorageError } from '../errors.js';
import { findTable, type TableEntry } from '../catalog.js';
import { directoryPages } from './commit.js';
import { DatabaseFile, type Snapshot } from './database-file.js';
import { PAGE_BYTES, PAGE_KINDS, type PageKind } from './format.js';
import { blockHasher, type BlockReference } from './model-store.js';
import { corruptPage } from './pages.js';
import { pagesOf } from './table.js';

/** Who refers to a page. */
type Owners = Map<number, string>;

/** Opens the file for reading and verifies it; a file that cannot be opened is one problem. */
export async function verify(path: string): Promise<readonly StorageError[]> {
  let database: DatabaseFile;
  try {
    database = await DatabaseFile.open(path, { readOnly: true });
  } catch (error) {
    if (error instanceof StorageError) return [error];
    throw error;
  }
  try {
    return await verifyDatabase(database);
  } finally {
    await database.close();
  }
}

/** Verifies the newest commit of an open database. */
export async function verifyDatabase(database: DatabaseFile): Promise<readonly StorageError[]> {
  const problems: StorageError[] = [...(await database.superblockProblems())];
  const snapshot = database.snapshot();
  try {
    const owners: Owners = new Map();
    const check = new Check(database, snapshot, owners, problems);
    check.own(directoryPages(snapshot.commit), 'the page directory', undefined);
    check.own(snapshot.commit.superblock.catalog.pages, 'the catalog', 'catalog');
    for (const table of snapshot.catalog.tables.values()) await check.table(table);
    await check.models();
    await check.pages();
  } finally {
    snapshot.release();
  }
  return problems;
}

class Check {
  constructor(
    private readonly database: DatabaseFile,
    private readonly snapshot: Snapshot,
    private readonly owners: Owners,
    private readonly problems: StorageError[],
  ) {}

  own(pages: Iterable<number>, owner: string, kind: PageKind | undefined): void {
    for (const page of pages) {
      const other = this.owners.get(page);
      if (other !== undefined) this.report(page, `page ${page} belongs to ${other} and to ${owner}`);
      this.owners.set(page, owner);
      const found = this.database.pages.entry(page).kind;
      if (page < 1 || page > this.snapshot.commit.superblock.pageCount)
        this.report(page, `page ${page} of ${owner} lies outside of the file`);
      else if (kind !== undefined && found !== PAGE_KINDS[kind])
        this.report(page, `page ${page} of ${owner} is not of kind ${kind}`, PAGE_KINDS[kind], found);
    }
  }

  async table(entry: TableEntry): Promise<void> {
    for (const segment of entry.segments)
      this.own(segment.pages, `the metadata of table ${entry.name}`, 'tableMetadata');
    await this.attempt(async () => {
      const table = (await this.snapshot.table(entry.name))!;
      for (const [index, group] of table.groups.entries()) {
        this.own(pagesOf(group), `row group ${index} of table ${entry.name}`, 'table');
        for (let column = 0; column < table.columns.length; column++)
          await this.attempt(() => table.readColumn(group, column));
      }
    });
    if (findTable(this.snapshot.catalog, entry.name) !== entry)
      this.report(0, `table ${entry.name} is not found by its name`);
  }

  async models(): Promise<void> {
    const blocks = new Map<string, BlockReference>();
    for (const model of this.snapshot.catalog.models.values()) {
      for (const version of model.versions) {
        const owner = `the metadata of model ${model.name}@${version.version}`;
        this.own(version.metadata.pages, owner, 'modelMetadata');
        await this.attempt(async () => {
          const { tensors } = await this.database.loadModel(version);
          for (const block of tensors.flatMap((t) => t.blocks)) {
            const other = blocks.get(block.hash);
            if (other !== undefined && (other.page !== block.page || other.offset !== block.offset)) {
              this.report(block.page, `block ${block.hash} is stored on page ${other.page} and on page ${block.page}`);
            }
            blocks.set(block.hash, block);
          }
        });
      }
    }
    await this.blocks([...blocks.values()].sort((a, b) => a.page - b.page || a.offset - b.offset));
  }

  private async blocks(blocks: readonly BlockReference[]): Promise<void> {
    this.own(new Set(blocks.map((b) => b.page)), 'the model store', 'model');
    const hash = await blockHasher();
    let end = { page: 0, at: 0 };
    for (const block of blocks) {
      if (block.page === end.page && block.offset < end.at)
        this.report(block.page, `blocks overlap on page ${block.page}`, end.at, block.offset);
      end = { page: block.page, at: block.offset + block.byteLength };
      await this.attempt(async () => {
        const guard = await this.database.pool.pin({ pages: [block.page] });
        try {
          // A copy: the hasher does not take views over shared memory everywhere.
          const bytes = new Uint8Array(
            this.database.pool.memory.buffer,
            guard.address + block.offset,
            block.byteLength,
          ).slice();
          const actual = hash(bytes);
          if (actual !== block.hash)
            this.report(block.page, `a block on page ${block.page} is not what its hash says`, block.hash, actual);
        } finally {
          guard.release();
        }
      });
    }
  }

  /** Every page: read and compared where in use, unowned ones reported. */
  async pages(): Promise<void> {
    const buffer = new Uint8Array(PAGE_BYTES);
    const { pageCount } = this.snapshot.commit.superblock;
    const directory = new Set(directoryPages(this.snapshot.commit));
    for (let page = 1; page <= pageCount; page++) {
      if (directory.has(page)) continue;
      const isUsed = this.database.pages.allocator.isUsed(page);
      if (!isUsed && this.owners.has(page))
        this.report(page, `page ${page} is free, yet belongs to ${this.owners.get(page)!}`);
      if (!isUsed) continue;
      if (!this.owners.has(page)) this.report(page, `page ${page} is in use, but nothing refers to it`);
      await this.attempt(() => this.database.pages.readPages([page], buffer));
    }
    await this.attempt(async () => {
      const { directory: root } = this.snapshot.commit.superblock;
      if (root === undefined) return;
      for (const reference of [root, ...this.snapshot.commit.leaves])
        await this.database.pages.readReferenced(reference);
    });
  }

  /** One problem for each page: a damaged page shows up at every use. */
  private add(problem: StorageError): void {
    const isKnown = this.problems.some((p) => p.details.page === problem.details.page && p.message === problem.message);
    if (!isKnown) this.problems.push(problem);
  }

  private report(page: number, message: string, expected?: string | number, actual?: string | number): void {
    this.add(corruptPage({ file: this.database.path, page, message, expected, actual }));
  }

  private async attempt(step: () => Promise<unknown>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (error instanceof StorageError) this.add(error);
      else if (!(error instanceof ResourceError)) throw error;
      else
        this.add(
          new StorageError('corrupt', `could not be checked: ${error.message}`, {
            file: this.database.path,
            cause: error,
          }),
        );
    }
  }
}
