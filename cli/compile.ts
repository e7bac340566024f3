/** `intarsia compile`: SQL in, `plan.wasm` out. */
import { writeFile } from 'node:fs/promises';
import { writeWhole } from '../runtime/io/whole-file.js';
import { counted } from '../runtime/wording.js';
import { defineCommand, UsageError } from './command.js';
import { JSON_OUTPUT, MEMORY, THREADS, withDatabase } from './database-options.js';
import { sqlText } from './sql-text.js';
import { write } from './stdout.js';

export const compile = defineCommand({
  usage: 'compile DB SQL|FILE.sql|- -o PLAN.wasm [options]',
  summary: 'Compiles a query and its models to a WebAssembly module which `intarsia run` starts without a compiler.',
  example: 'intarsia compile shop.db "SELECT id, predict(fraud, tx.*) AS p FROM tx" -o plan.wasm',
  positionals: [2, 2],
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', help: 'Where the plan is written.' },
    memory: { ...MEMORY, help: 'Memory the plan may expect when it runs, such as 512MiB (the default).' },
    threads: THREADS,
    json: JSON_OUTPUT,
  },
  async run([path, sql], options, signal) {
    const { output } = options;
    if (output === undefined) throw new UsageError('expected -o FILE');
    const text = await sqlText(sql!);
    await withDatabase(path!, { ...options, readOnly: true }, async (db) => {
      const began = performance.now();
      const { bytes, plan } = await db.compile(text, { signal });
      await writeWhole(output, (file) => writeFile(file, bytes));
      const milliseconds = Math.round(performance.now() - began);
      write(options.json
          ? `${JSON.stringify({ file: output, bytes: bytes.byteLength, pipelines: plan.pipelines.length, parameters: plan.parameters.length, milliseconds })}\n`
        : `${output}: ${bytes.byteLength} bytes, ${counted(plan.pipelines.length, 'pipeline')}, compiled in ${milliseconds} ms\n`);
    });
  },
});
