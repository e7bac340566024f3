/**
 * Milliseconds of a clock that only goes forward, from some point in the past. As `performance.now`, whose first use
 * loads all of Node's `perf_hooks`: 1 ms of a cold start.
 */
export function clockMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
