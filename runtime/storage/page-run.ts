/**
 * Runs of pages and the extents of them: what is asked of the buffer pool, what they are known by there, and what is
 * given for them.
 */

/** Pages that lie one after the other in memory; byte 0 of the run is byte 0 of `pages[0]`. */
export interface PageRun {
  readonly pages: readonly number[];
}

/** A stretch of a run that is read, and checked, without the rest. */
export interface Extent {
  /** From the run's first byte. */
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly checksum: number;
}

export type RunKey = number | string;

/** In place of extents: all of the run. */
export const WHOLE = -1;

/** Keeps a run where it is until released. */
export class PageGuard {
  private isReleased = false;

  /** `address`: byte address of the run in the pool's memory. */
  constructor(
    readonly address: number,
    private readonly onRelease: () => void,
  ) {}

  /** May be called again without effect. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.onRelease();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

export function partsOf(extents: readonly Extent[] | undefined): readonly number[] {
  return extents === undefined ? [WHOLE] : extents.map(partOf);
}

/** Its place and length: a checksum that was right is for both. */
export function partOf({ byteOffset, byteLength }: Extent): number {
  return byteOffset * 2 ** 32 + byteLength;
}

export function keyOf(run: PageRun, extents: readonly Extent[] | undefined): RunKey {
  const whole = run.pages.length === 1 ? run.pages[0]! : run.pages.join(' ');
  return extents === undefined ? whole : `of ${whole}`;
}
