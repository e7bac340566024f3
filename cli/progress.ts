/** A line on stderr that says what is under way and for how long; nothing where stderr is no terminal. */

const INTERVAL_MS = 100;

export async function withProgress<T>(label: string, work: () => Promise<T>): Promise<T> {
  const { stderr } = process;
  if (!stderr.isTTY) return work();
  const began = performance.now();
  const timer = setInterval(
    () => stderr.write(`\r${label} ... ${((performance.now() - began) / 1000).toFixed(1)} s`),
    INTERVAL_MS,
  );
  try {
    return await work();
  } finally {
    clearInterval(timer);
    stderr.write('\r\x1b[K');
  }
}
