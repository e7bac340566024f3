#!/usr/bin/env node
/**
 * `intarsia`, as a shell starts it. Node from 22.1 on keeps the code that V8 makes of the program's files in its
 * compile cache (a folder below the system's temporary one; NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE choose),
 * which takes a tenth off a cold `run`. It covers what is loaded after it is asked for, so this file does nothing else.
 */
import module from 'node:module';

(module as { enableCompileCache?: () => void }).enableCompileCache?.();
const { main } = await import('./program.js');
process.exitCode = await main(process.argv.slice(2));
