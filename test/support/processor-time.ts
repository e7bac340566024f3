/**
 * What tests may say of time: how much more one thing takes than another in the same run. Never milliseconds, which
 * are the machine's.
 */

/** The least of so many rounds counts: what else the machine does only adds. */
const ROUNDS = 5;

/** Processor time of this process, in microseconds. */
function timeOf(use: () => void): number {
  const before = process.cpuUsage();
  use();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** How many times as much processor time `large` takes as `small`; each should take a millisecond or more. */
export function timesAsLong({ small, large }: { readonly small: () => void; readonly large: () => void }): number {
  // What is done once is neither's.
  large();
  const rounds = Array.from({ length: ROUNDS }, () => [timeOf(small), timeOf(large)] as const);
  return Math.min(...rounds.map(([, time]) => time)) / Math.min(...rounds.map(([time]) => time));
}

/** Of the time until `use` has settled, the part in which this thread did not wait for events: 0 to 1. */
export async function busyPartOf(use: () => Promise<unknown>): Promise<number> {
  const before = performance.eventLoopUtilization();
  await use();
  return performance.eventLoopUtilization(before).utilization;
}
