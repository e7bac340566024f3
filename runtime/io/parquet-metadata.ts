/**
 * What a Parquet file is before hyparquet reads it: its end, and the row groups in its footer against its schema and
 * size. hyparquet follows those: it starts on
 * the columns of a group one after the other, and one that cannot be started leaves the failures of those before it to
 * nobody, which ends the process.
 */
import type { AsyncBuffer, ColumnMetaData, FileMetaData } from 'hyparquet';
import { ImportError } from '../errors.js';

type Chunk = FileMetaData['row_groups'][number]['columns'][number];

interface File {
  readonly path: string;
  readonly byteLength: number;
}

/** Magic number, length of the footer, magic number. */
const LEAST_BYTES = 12;
const MAGIC_BYTES = 4;
const ENCRYPTED_MAGIC = 'PARE';

/** @throws ImportError for a file that is too short to be one, or whose footer is encrypted */
export async function checkEnd(path: string, file: AsyncBuffer): Promise<void> {
  const { byteLength } = file;
  if (byteLength < LEAST_BYTES) {
    const found = byteLength === 0 ? 'is empty' : `has only ${byteLength} bytes`;
    throw new ImportError(`'${path}' ${found}, expected a Parquet file`, { file: path });
  }
  const magic = Buffer.from(await file.slice(byteLength - MAGIC_BYTES, byteLength)).toString('latin1');
  if (magic === ENCRYPTED_MAGIC)
    throw new ImportError(`'${path}' is encrypted, expected a Parquet file without encryption`, { file: path });
}

/** @throws ImportError when a group has other columns than `names`, or one that does not lie within the file. */
export function checkRowGroups(metadata: FileMetaData, names: readonly string[], file: File): void {
  for (const [i, group] of metadata.row_groups.entries()) {
    const found = `row group ${i} has ${group.columns.length} columns and ${group.num_rows} rows`;
    if (group.columns.length !== names.length || group.num_rows < 0)
      throw damage(file, `${found}, expected ${names.length} columns`);
    group.columns.forEach((chunk, column) => checkChunk(chunk, names[column]!, file));
  }
}

/** Where a chunk lies in its file. */
export function chunkRange(chunk: ColumnMetaData): { readonly start: number; readonly end: number } {
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  return { start, end: start + Number(chunk.total_compressed_size) };
}

function checkChunk(
  { meta_data: chunk, crypto_metadata: encryption }: Chunk,
  name: string,
  file: File,
): void {
  if (chunk === undefined || encryption !== undefined)
    throw new ImportError(`'${file.path}': column ${name} is encrypted, expected one without encryption`, {
      file: file.path,
      column: name,
    });
  const path = chunk.path_in_schema;
  if (path.length !== 1 || path[0] !== name)
    throw damage(file, `a row group has a column ${path.join('.')}, expected ${name}`);
  const { start, end } = chunkRange(chunk);
  if (!(start >= 0 && start <= end && end <= file.byteLength))
    throw damage(file, `column ${name} lies at ${start} to ${end} in a file of ${file.byteLength} bytes`);
}

function damage({ path }: File, text: string): ImportError {
  return new ImportError(`'${path}' is truncated or damaged: ${text}`, { file: path });
}
