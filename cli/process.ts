/** A command as a process: interrupts end it, a reader that has seen enough is no failure, errors become one line. */
import { UsageError } from './command.js';
import { messageOf } from './failure.js';
import { OutputError } from './stdout.js';

/**
 * For a command to end what it does after Ctrl-C, also on a busy machine; whoever cannot wait presses it again. The
 * database file bears an end at any point.
 */
const STOPPING_MS = 10_000;
/** As a shell has it: 128 and the signal's number. */
const INTERRUPTED = 130;

/** Runs it; answers the exit code (0 fine, 1 failed, 2 misused, 130 interrupted), with what went wrong printed. */
export async function exitCodeOf(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const interrupt = new AbortController();
  const tell = (error: unknown): void => void process.stderr.write(`${messageOf(error)}\n`);
  process.once('SIGINT', () => {
    interrupt.abort(new Error('interrupted'));
    setTimeout(() => {
      tell(interrupt.signal.reason);
      process.exit(INTERRUPTED);
    }, STOPPING_MS).unref();
  });
  try {
    return await run(interrupt.signal);
  } catch (error) {
    if (error instanceof OutputError && error.isUnwanted) return 0;
    tell(error);
    if (error === interrupt.signal.reason) return INTERRUPTED;
    return error instanceof UsageError ? 2 : 1;
  }
}
