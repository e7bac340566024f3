/** `intarsia run` by itself, without the other commands: what `dist/bin/run.cjs` is made of (see `kept-code.ts`). */
import { ownFlags } from '../runtime/executor/simd.js';
import { runCommand } from './command.js';
import { exitCodeOf } from './process.js';
import { run } from './run.js';

export { leaveFlags } from '../runtime/executor/simd.js';

/** `words`: behind `intarsia run`. For the main thread of a process. */
export function main(words: readonly string[]): Promise<number> {
  ownFlags();
  return exitCodeOf((signal) => runCommand(run, words, signal));
}
