/** `intarsia run` by itself, without the other commands: what `dist/bin/run.cjs` is made of (see `kept-code.ts`). */
import { runCommand } from './command.js';
import { exitCodeOf } from './process.js';
import { run } from './run.js';

export { leaveFlags } from '../runtime/executor/simd.js';

/** `words`: behind `intarsia run`. */
export function main(words: readonly string[]): Promise<number> {
  return exitCodeOf((signal) => runCommand(run, words, signal));
}
