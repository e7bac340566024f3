/** Results to files: a query's result in, CSV, Parquet or Arrow IPC out. */
import { open } from 'node:fs/promises';
import type { QueryResult } from '../query-result.js';
import type { FileFormat } from './source.js';
import { csvLine } from './value-text.js';
import { writeWhole } from './whole-file.js';

export interface WriteResult {
  readonly rowCount: number;
}

/** @throws StorageError when the file cannot be written. */
export async function writeFile(options: {
  path: string; format: FileFormat; header: boolean; delimiter: string; nullText: string; result: QueryResult;
}): Promise<WriteResult> {
  return writeWhole(options.path, (path) => WRITERS[options.format]({ ...options, path }));
}

type Writer = (options: Parameters<typeof writeFile>[0]) => Promise<WriteResult>;

const WRITERS = { csv: writeCsv, parquet: writeParquet, arrow: writeArrow } satisfies Record<FileFormat, Writer>;

async function writeCsv({ path, header, delimiter, nullText, result }: Parameters<Writer>[0]): Promise<WriteResult> {
  const style = { delimiter, nullText };
  const file = await open(path, 'w');
  let rowCount = 0;
  try {
    const columns = await result.columns() ?? [];
    if (header) await file.appendFile(csvLine(columns.map((column) => column.name), style));
    for await (const batch of result.text()) {
      let text = '';
      for (let row = 0; row < batch.rowCount; row++) text += csvLine(batch.columns.map((read) => read(row)), style);
      await file.appendFile(text);
      rowCount += batch.rowCount;
    }
  } finally {
    await file.close();
  }
  return { rowCount };
}

async function writeArrow({ path, result }: Parameters<Writer>[0]): Promise<WriteResult> {
  const { RecordBatchFileWriter } = await import('apache-arrow');
  const file = await open(path, 'w');
  try {
    const writer = new RecordBatchFileWriter();
    writer.reset(undefined, await result.schema());
    const pump = (async () => {
      for await (const piece of writer) await file.appendFile(piece);
    })();
    // Awaited at the end; a disk that fails while the query still runs must not be an unhandled rejection.
    pump.catch(() => undefined);
    let rowCount = 0;
    for await (const batch of result) {
      writer.write(batch);
      rowCount += batch.numRows;
    }
    writer.finish();
    await pump;
    return { rowCount };
  } finally {
    await file.close();
  }
}

async function writeParquet({ path, result }: Parameters<Writer>[0]): Promise<WriteResult> {
  const { writeParquetFile } = await import('./parquet-writer.js');
  return writeParquetFile({ path, schema: (await result.schema())!, batches: result });
}
