/** A command as a process: interrupts end it, a reader that has seen enough is no failure, errors become one line. */
import { UsageError } from './command.js';
import { messageOf } from './failure.js';

/** For a command to end what it does after Ctrl-C; the database file bears an end at any point. */
const STOPPING_MS = 2000;
/** As a shell has it: 128 and the signal's number. */
const INTERRUPTED = 130;

/** Runs it; answers the exit code (0 fine, 1 failed, 2 misused, 130 interrupted), with what went wrong printed. */
export async function exitCodeOf(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const end = (error: unknown, code: number): never => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(code);
  };
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader such as `head`.
    if (error.code === 'EPIPE') process.exit(0);
    end(new Error(`stdout cannot be written: ${error.message}`), 1);
  });
  const interrupt = new AbortController();
  process.once('SIGINT', () => {
    interrupt.abort(new Error('interrupted'));
    setTimeout(() => end(interrupt.signal.reason, INTERRUPTED), STOPPING_MS).unref();
  });
  try {
    return await run(interrupt.signal);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    if (error === interrupt.signal.reason) return INTERRUPTED;
    return error instanceof UsageError ? 2 : 1;
  }
}
