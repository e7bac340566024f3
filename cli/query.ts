/** `intarsia query`: SQL in, rows or a count out. */
import { defineCommand } from './command.js';
import { MEMORY, PARAM, parameterValues, THREADS, withDatabase } from './database-options.js';
import { OUTPUT_OPTIONS, outputOf, writeResult } from './output.js';
import { sqlText } from './sql-text.js';

export const query = defineCommand({
  usage: 'query DB SQL|FILE.sql|- [options]',
  summary: 'Runs SQL (one statement, or a script of which the last result is shown) and prints or saves what it gives.',
  example: `intarsia query shop.db "SELECT id, predict(fraud, tx.*) AS p FROM tx WHERE day = ?" --param 2024-05-01\nintarsia query shop.db report.sql -o report.parquet`,
  positionals: [2, 2],
  options: {
    ...OUTPUT_OPTIONS,
    param: PARAM,
    memory: MEMORY,
    threads: THREADS,
    create: { type: 'boolean', help: 'Make the database file when there is none.' },
    'read-only': { type: 'boolean', help: 'Take no lock, so that another process may write meanwhile.' },
  },
  async run([path, sql], options, signal) {
    const output = outputOf(options);
    const text = await sqlText(sql!);
    await withDatabase(path!, { ...options, readOnly: options['read-only'] }, (db) =>
      writeResult(db.query(text, parameterValues(options.param), { signal }), output));
  },
});
