/**
 * Which pages of the file may be written.
 *
 * A page is free, used (by the newest commit or the transaction under way) or held: dropped by commit f, yet still
 * read by snapshots older than f. Invariant: `take` never gives out a page which the newest commit or a live snapshot
 * refers to.
 */
const FREE = 0;
const USED = 1;
const HELD = 2;

interface HeldPages {
  /** The commit which no longer has these pages: snapshots of it or of later ones do not read them. */
  readonly droppedAt: number;
  readonly pages: readonly number[];
}

export class PageAllocator {
  private states = new Uint8Array(64);
  private held: HeldPages[] = [];
  private lowestFree = 1;
  private freeCount = 0;
  /** The highest page that is or was in use since the file was last cut. */
  private last = 0;

  get lastPage(): number {
    return this.last;
  }

  get freePages(): number {
    return this.freeCount;
  }

  /** Takes over the pages of a file: used ones as told, all others dropped at `sequence`. */
  reset(options: { pageCount: number; sequence: number; isUsed: (page: number) => boolean }): void {
    this.states = new Uint8Array(Math.max(64, options.pageCount + 1)).fill(FREE);
    this.last = options.pageCount;
    this.lowestFree = 1;
    this.freeCount = 0;
    const unused: number[] = [];
    for (let page = 1; page <= options.pageCount; page++) {
      this.states[page] = options.isUsed(page) ? USED : HELD;
      if (this.states[page] === HELD) unused.push(page);
    }
    this.held = unused.length === 0 ? [] : [{ droppedAt: options.sequence, pages: unused }];
  }

  /** The first of `count` adjacent pages, now used: free ones, else new ones at the end. */
  take(count: number): number {
    const first = this.freeCount >= count ? this.findFree(count) : undefined;
    const start = first ?? this.last + 1;
    if (first === undefined) this.grow(start + count - 1);
    for (let page = start; page < start + count; page++) this.states[page] = USED;
    if (first !== undefined) this.freeCount -= count;
    return start;
  }

  /** Gives back pages nobody has seen: those of a transaction that was rolled back. */
  release(pages: Iterable<number>): void {
    for (const page of pages) {
      if (this.states[page] === FREE) throw new Error(`page ${page} is released twice`);
      this.states[page] = FREE;
      this.freeCount++;
      this.lowestFree = Math.min(this.lowestFree, page);
    }
  }

  hold(pages: readonly number[], droppedAt: number): void {
    if (pages.length === 0) return;
    for (const page of pages) this.states[page] = HELD;
    this.held.push({ droppedAt, pages });
  }

  /** Frees what no snapshot reads any more; `oldest` is the oldest commit still read. */
  reclaim(oldest: number): void {
    const due = this.held.filter((h) => h.droppedAt <= oldest);
    this.held = this.held.filter((h) => h.droppedAt > oldest);
    for (const { pages } of due) this.release(pages);
  }

  /** Forgets the free pages at the end; answers the last page that must stay. */
  trimEnd(): number {
    while (this.last > 0 && this.states[this.last] === FREE) {
      this.last--;
      this.freeCount--;
    }
    return this.last;
  }

  /** In use by the newest commit or the transaction under way. */
  isUsed(page: number): boolean {
    return page <= this.last && this.states[page] === USED;
  }

  private findFree(count: number): number | undefined {
    let length = 0;
    let seenFree = false;
    for (let page = this.lowestFree; page <= this.last; page++) {
      if (this.states[page] !== FREE) {
        length = 0;
        continue;
      }
      if (!seenFree) this.lowestFree = page;
      seenFree = true;
      length++;
      if (length === count) return page - count + 1;
    }
    return undefined;
  }

  private grow(last: number): void {
    if (last >= this.states.length) {
      const states = new Uint8Array(Math.max(last + 1, this.states.length * 2));
      states.set(this.states);
      this.states = states;
    }
    this.last = last;
  }
}
