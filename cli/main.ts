#!/usr/bin/env node
/**
 * `intarsia`, as a shell starts it. `run` is one file whose code is kept from process to process (`kept-code.ts`), as a
 * plan often takes less time than compiling what runs it. For the other commands Node (22.1 and later) keeps what V8
 * makes of their files. It covers what is loaded after it is asked for, so this file does nothing else.
 * It is shipped as CommonJS, which starts 2 to 4 ms sooner.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as runProgram from './run-program.js';
import { runKept } from './kept-code.js';

const load = createRequire(import.meta.url);

async function start(words: readonly string[]): Promise<void> {
  // The file is there where the program has been joined: see `scripts/bundle.mjs`.
  const kept = words[0] === 'run' ? runKept(join(import.meta.dirname, 'run.cjs'), load) : undefined;
  if (kept === undefined) {
    (load('node:module') as { enableCompileCache?: () => void }).enableCompileCache?.();
    const { main } = await import('./program.js');
    process.exitCode = await main(words);
  } else {
    const { main, leaveFlags } = kept.exports as typeof runProgram;
    process.exitCode = await main(words.slice(1));
    leaveFlags();
    kept.keep();
  }
}

void start(process.argv.slice(2));
