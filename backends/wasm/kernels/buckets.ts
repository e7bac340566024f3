/**
 * Where in a list of thresholds a value belongs, found by arithmetic: the span of the thresholds is cut into buckets of
 * equal width, and a table says how many thresholds lie before each. What is left to compare with is what lies in the
 * value's own bucket, mostly one.
 *
 * Invariant: `bucketOf` and the kernel compute a bucket by the same operations, each rounded to the dtype, and each of
 * them keeps order. So thresholds in an earlier bucket are below the value and those in a later one above it, however
 * the operations round.
 */

export interface Buckets {
  /** Of the first bucket's lower end, buckets a unit, and the last bucket, in the thresholds' dtype. */
  readonly low: number;
  readonly scale: number;
  readonly last: number;
  /** Of each bucket, how many thresholds lie before it. */
  readonly begins: readonly number[];
  /** Steps of a binary search that finds its place in any bucket. */
  readonly steps: number;
}

/** Tried in turn: as few as give the shortest search. */
const BUCKET_COUNTS = [1, 16, 64, 256, 1024];

/** `thresholds`: ascending, none NaN. */
export function bucketsOf(thresholds: readonly number[], dtype: 'f32' | 'f64'): Buckets {
  const round = dtype === 'f32' ? Math.fround : (value: number): number => value;
  const finite = thresholds.filter(Number.isFinite);
  const low = finite[0] ?? 0;
  const span = round((finite.at(-1) ?? 0) - low);
  return BUCKET_COUNTS.map((count): Buckets => {
    const scale = span === 0 ? 0 : round(count / span);
    const places = thresholds.map((value) => bucketOf(value, { low, scale, last: count - 1 }, round));
    const sizes = new Array<number>(count).fill(0);
    for (const place of places) sizes[place]!++;
    let before = 0;
    const begins = sizes.map((size) => (before += size) - size);
    return { low, scale, last: count - 1, begins, steps: Math.ceil(Math.log2(Math.max(...sizes, 1) + 1)) };
  }).reduce((best, one) => (one.steps < best.steps ? one : best));
}

function bucketOf(
  value: number,
  { low, scale, last }: Pick<Buckets, 'low' | 'scale' | 'last'>,
  round: (value: number) => number,
): number {
  const place = round(round(value - low) * scale);
  return Number.isNaN(place) ? 0 : Math.trunc(Math.max(0, Math.min(last, place)));
}
