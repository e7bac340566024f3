/** `intarsia import`: a file in, a table in the database out. */
import { defineCommand } from './command.js';
import { JSON_OUTPUT, MEMORY, withDatabase } from './database-options.js';
import { withProgress } from './progress.js';
import { write } from './stdout.js';

export const importCommand = defineCommand({
  usage: 'import DB TABLE FILE [options]',
  summary:
    'Makes a table of a CSV, Parquet or Arrow file, with the types found in it. The database file is made when there is none.',
  example: 'intarsia import shop.db tx tx.parquet',
  positionals: [3, 3],
  options: {
    replace: { type: 'boolean', help: 'Take the place of a table of that name.' },
    memory: MEMORY,
    json: JSON_OUTPUT,
  },
  async run([path, table, file], options, signal) {
    await withDatabase(path!, { ...options, threads: '1', create: true }, async (db) => {
      const began = performance.now();
      const rows = await withProgress(`importing ${table!}`, () =>
        db.importFile(table!, file!, { replace: options.replace, signal }),
      );
      const milliseconds = Math.round(performance.now() - began);
      write(
        options.json
          ? `${JSON.stringify({ table, rows, milliseconds })}\n`
          : `${table!}: ${rows} rows in ${milliseconds} ms\n`,
      );
    });
  },
});
