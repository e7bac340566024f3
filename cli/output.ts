/** A result on stdout or in a file: what `query` and `run` share. */
import type { QueryResult } from '../runtime/database.js';
import type { TextBatch } from '../runtime/result-text.js';
import { counted } from '../runtime/wording.js';
import { UsageError, type OptionSpec } from './command.js';
import { JSON_OUTPUT } from './database-options.js';
import { write } from './stdout.js';
import { renderTable, TableRows } from './table.js';

const FORMATS = ['table', 'csv', 'json', 'arrow', 'parquet'] as const;
type Format = (typeof FORMATS)[number];

export const OUTPUT_OPTIONS = {
  format: {
    type: 'string',
    choices: FORMATS,
    help: "How rows are written; a table, or what the output file's name says.",
  },
  json: JSON_OUTPUT,
  output: {
    type: 'string',
    short: 'o',
    value: 'FILE',
    help: 'Write to a file (csv, json, arrow, parquet) instead of stdout.',
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export interface OutputOptions {
  readonly format: string | undefined;
  readonly json: boolean;
  readonly output: string | undefined;
}

export interface Output {
  readonly format: Format;
  readonly file: string | undefined;
}

/** Asked for before anything is opened or run. @throws UsageError */
export function outputOf(options: OutputOptions): Output {
  return { format: formatOf(options), file: options.output };
}

/** Runs the statement and writes what it gives. */
export async function writeResult(result: QueryResult, { format, file }: Output): Promise<void> {
  const columns = await result.columns();
  if (columns === undefined) {
    const changed = await result.run();
    return write(
      format === 'json' ? `${JSON.stringify({ changed })}\n` : `${counted(changed, 'row')} changed\n`,
    );
  }
  if (file !== undefined && format !== 'json' && format !== 'table') {
    await result.writeTo(file, { format });
    return;
  }
  switch (format) {
    case 'table': {
      const rows = new TableRows();
      for await (const batch of result.text()) rows.add(batch);
      return write(renderTable(columns, rows, process.stdout.isTTY ? process.stdout.columns : undefined));
    }
    case 'csv': {
      const { csvLine } = await import('../runtime/io/value-text.js');
      const style = { delimiter: ',', nullText: '' };
      write(csvLine(columns.map((column) => column.name), style));
      for await (const batch of result.text()) write(linesOf(batch, (fields) => csvLine(fields, style)));
      return undefined;
    }
    case 'json': return writeJson(result, columns.map((column) => column.name), file);
    case 'arrow': case 'parquet': throw new Error(`${format} goes to a file`);
  }
}

function formatOf({ format, json, output }: OutputOptions): Format {
  if (format !== undefined) {
    if (json && format !== 'json') throw new UsageError(`found both --format ${format} and --json, expected one`);
    if ((format === 'arrow' || format === 'parquet') && output === undefined)
      throw new UsageError(`${format} is for files: add -o FILE`);
    if (format === 'table' && output !== undefined)
      throw new UsageError('a table is for people: add --format csv, json, arrow or parquet');
    return format as Format;
  }
  if (json) return 'json';
  if (output === undefined) return 'table';
  const extension = /\.([^./]+)$/.exec(output)?.[1]?.toLowerCase();
  const found = FORMATS.find((name) => name === extension && name !== 'table');
  if (found === undefined)
    throw new UsageError(`cannot tell the format from '${output}': add --format csv, json, arrow or parquet`);
  return found;
}

function linesOf(batch: TextBatch, line: (fields: readonly (string | undefined)[]) => string): string {
  let text = '';
  for (let row = 0; row < batch.rowCount; row++) text += line(batch.columns.map((read) => read(row)));
  return text;
}

/** One array, an object a row. */
async function writeJson(result: QueryResult, names: readonly string[], file: string | undefined): Promise<void> {
  const keys = names.map((name) => `${JSON.stringify(name)}: `);
  const pieces = (async function* (): AsyncGenerator<string> {
    let separator = '[\n';
    for await (const batch of result.text('json')) {
      yield linesOf(batch, (fields) => {
        const row = `${separator}{${fields.map((field, i) => keys[i]! + (field ?? 'null')).join(', ')}}`;
        separator = ',\n';
        return row;
      });
    }
    yield separator === '[\n' ? '[]\n' : '\n]\n';
  })();
  if (file !== undefined) {
    const [{ writeFile }, { writeWhole }] = await Promise.all([
      import('node:fs/promises'), import('../runtime/io/whole-file.js'),
    ]);
    return writeWhole(file, (path) => writeFile(path, pieces));
  }
  for await (const piece of pieces) write(piece);
}
