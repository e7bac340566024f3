/** Times two sides by alternating runs, so that a machine that warms up or is shared treats both alike. */

export interface Side {
  run(): Promise<Map<string, number>>;
}

export interface Timing {
  /** Medians over the runs, in milliseconds; undefined for a side that is not there. */
  readonly ours: number | undefined;
  readonly peer: number;
  /** Largest difference of a group's average between the sides. */
  readonly difference: number | undefined;
}

const WARM_UP_RUNS = 2;

export async function measure(
  sides: { readonly ours: Side | undefined; readonly peer: Side },
  runs: number,
): Promise<Timing> {
  const times = { ours: [] as number[], peer: [] as number[] };
  let difference: number | undefined;
  for (let run = -WARM_UP_RUNS; run < runs; run++) {
    const ours = sides.ours === undefined ? undefined : await timed(sides.ours);
    const peer = await timed(sides.peer);
    if (ours !== undefined && difference === undefined) difference = largestDifference(ours.result, peer.result);
    if (run < 0) continue;
    if (ours !== undefined) times.ours.push(ours.milliseconds);
    times.peer.push(peer.milliseconds);
  }
  return { ours: times.ours.length === 0 ? undefined : median(times.ours), peer: median(times.peer), difference };
}

async function timed(side: Side): Promise<{ readonly milliseconds: number; readonly result: Map<string, number> }> {
  const start = performance.now();
  const result = await side.run();
  return { milliseconds: performance.now() - start, result };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function largestDifference(ours: Map<string, number>, peer: Map<string, number>): number {
  if (ours.size !== peer.size) return Infinity;
  let largest = 0;
  for (const [group, value] of peer) largest = Math.max(largest, Math.abs(value - (ours.get(group) ?? Infinity)));
  return largest;
}
