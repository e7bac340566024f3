/** `intarsia import`: a file in, a table in the database out. */
import { FILE_FORMATS, type FileFormat } from '../runtime/io/source.js';
import { defineCommand, UsageError } from './command.js';
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
    format: { type: 'string', choices: FILE_FORMATS, help: "What the file is, where its name does not say so." },
    delimiter: {
      type: 'string', value: 'TEXT', help: 'Between the fields of a CSV file, \\t for a tab; found out when not given.',
    },
    header: { type: 'boolean', help: 'The first line of a CSV file holds names; found out when not given.' },
    'no-header': { type: 'boolean', help: 'The first line of a CSV file is a row.' },
    null: { type: 'string', value: 'TEXT', help: 'What stands for NULL in a CSV file; nothing at all by default.' },
    memory: MEMORY,
    json: JSON_OUTPUT,
  },
  async run([path, table, name], options, signal) {
    const { replace, header, delimiter, null: nullText } = options;
    const format = options.format as FileFormat | undefined;
    if (header && options['no-header']) throw new UsageError('found both --header and --no-header, expected one');
    const file = {
      ...(format === undefined ? {} : { format }),
      ...(header || options['no-header'] ? { header } : {}),
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(nullText === undefined ? {} : { nullText }),
    };
    await withDatabase(path!, { ...options, threads: '1', create: true }, async (db) => {
      const began = performance.now();
      const rows = await withProgress(`importing ${table!}`, () =>
        db.importFile(table!, name!, { ...file, replace, signal }),
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
