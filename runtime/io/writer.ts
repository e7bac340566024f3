/**
 * Results to files: Arrow record batches in, CSV, Parquet or Arrow IPC out.
 *
 * Invariant: a file is written beside its name and renamed when whole, so a failure leaves what was there before.
 */
import { createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { RecordBatchFileWriter, type RecordBatch, type Schema } from 'apache-arrow';
import { csvLine, sqlTextOf } from './text-output.js';
import type { FileFormat } from './source.js';

export interface WriteResult {
  readonly rowCount: number;
}

export async function writeFile(options: {
  path: string; format: FileFormat; header: boolean; delimiter: string; schema: Schema; batches: AsyncIterable<RecordBatch>;
}): Promise<WriteResult> {
  const partial = `${options.path}.${process.pid}.partial`;
  try {
    const result = await WRITERS[options.format]({ ...options, path: partial });
    await rename(partial, options.path);
    return result;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

type Writer = (options: Parameters<typeof writeFile>[0]) => Promise<WriteResult>;

const WRITERS = { csv: writeCsv, parquet: writeParquet, arrow: writeArrow } satisfies Record<FileFormat, Writer>;

async function writeCsv({ path, header, delimiter, schema, batches }: Parameters<Writer>[0]): Promise<WriteResult> {
  const file = await open(path, 'w');
  let rowCount = 0;
  try {
    if (header) await file.write(csvLine(schema.fields.map((field) => field.name), delimiter));
    for await (const batch of batches) {
      const columns = schema.fields.map((_, i) => batch.getChildAt(i)!);
      let text = '';
      for (let row = 0; row < batch.numRows; row++) text += csvLine(columns.map((column) => sqlTextOf(column.get(row), column.type)), delimiter);
      await file.write(text);
      rowCount += batch.numRows;
    }
  } finally {
    await file.close();
  }
  return { rowCount };
}

async function writeArrow({ path, schema, batches }: Parameters<Writer>[0]): Promise<WriteResult> {
  const writer = new RecordBatchFileWriter();
  const file = createWriteStream(path);
  const done = once(file, 'finish');
  writer.reset(undefined, schema);
  const pump = (async () => {
    for await (const piece of writer) if (!file.write(piece)) await once(file, 'drain');
    file.end();
  })();
  let rowCount = 0;
  for await (const batch of batches) {
    writer.write(batch);
    rowCount += batch.numRows;
  }
  writer.finish();
  await pump;
  await done;
  return { rowCount };
}

async function writeParquet({ path, schema, batches }: Parameters<Writer>[0]): Promise<WriteResult> {
  const { writeParquetFile } = await import('./parquet-writer.js');
  return writeParquetFile({ path, schema, batches });
}
