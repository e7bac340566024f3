/** A command as a process: interrupts end it, a reader that has seen enough is no failure, errors become one line. */
import { UsageError } from './command.js';
import { messageOf } from './failure.js';

/** For a command to end what it does after Ctrl-C; the database file bears an end at any point. */
const STOPPING_MS = 1000;

/** Runs it; answers the exit code (0 fine, 1 failed, 2 misused), with what went wrong printed. */
export async function exitCodeOf(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  // A reader such as `head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  const interrupt = new AbortController();
  process.once('SIGINT', () => {
    interrupt.abort(new Error('interrupted'));
    setTimeout(() => process.exit(1), STOPPING_MS).unref();
  });
  try {
    return await run(interrupt.signal);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
