/** `intarsia run`: an artifact and a database in, rows out. Nothing here may load the compiler or Arrow. */
import { readFileSync } from 'node:fs';
import { defineCommand } from './command.js';
import { MEMORY, PARAM, parameterValues, THREADS, withDatabase } from './database-options.js';
import { OUTPUT_OPTIONS, outputOf, writeResult } from './output.js';

export const run = defineCommand({
  usage: 'run DB PLAN.wasm [options]',
  summary: 'Runs a compiled plan. No compiler is loaded: the first row comes within milliseconds.',
  example: 'intarsia run shop.db plan.wasm --param 2024-05-01 --format csv',
  positionals: [2, 2],
  options: { ...OUTPUT_OPTIONS, param: PARAM, memory: MEMORY, threads: THREADS },
  async run([path, plan], options, signal) {
    const output = outputOf(options);
    const bytes = readFileSync(plan!);
    await withDatabase(path!, { ...options, readOnly: true, lazyThreads: true }, (db) =>
      writeResult(db.run(bytes, parameterValues(options.param), { signal }), output));
  },
});
