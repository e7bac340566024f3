/**
 * The counts in the pages of a Parquet column chunk, before hyparquet believes them: one damaged length of a run makes
 * it fill an array until the heap is full, which no handler catches.
 *
 * In: the bytes of a chunk of a flat column. Out: nothing, or an Error. What is checked are the values of each page
 * against the rows of the group, and the runs of its levels, codes and booleans against its values (Encodings.md, RLE).
 */
import type { ColumnMetaData, Compressors } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';

/** Values are packed in groups of eight; the last run of a page may be padded to 63 of them. */
const MOST_PADDING = 63 * 8;
const LENGTH_BYTES = 4;

export interface ColumnPages {
  readonly rowCount: number;
  readonly isNullable: boolean;
  readonly codec: ColumnMetaData['codec'];
  readonly compressors: Compressors;
}

/** @throws Error for what cannot be true, RangeError for what lies outside the chunk. */
export function checkPages(chunk: ArrayBuffer, column: ColumnPages): void {
  const reader = { view: new DataView(chunk), offset: 0 };
  for (let rows = 0; rows < column.rowCount && reader.offset < chunk.byteLength - 1; ) {
    const header = parquetHeader(reader);
    const bytes = new Uint8Array(chunk, reader.offset, header.compressed_page_size);
    reader.offset += header.compressed_page_size;
    const page = header.data_page_header ?? header.data_page_header_v2;
    if (page === undefined) continue;
    if (!(page.num_values >= 0 && page.num_values <= column.rowCount - rows))
      throw new Error(`a page of ${page.num_values} values, where ${column.rowCount - rows} rows are left`);
    rows += page.num_values;
    const size = header.uncompressed_page_size;
    if (header.data_page_header_v2 !== undefined) checkPage2(bytes, header.data_page_header_v2, { ...column, size });
    else checkPage1(bytes, header.data_page_header!, { ...column, size });
  }
}

type Header = ReturnType<typeof parquetHeader>;
type PageColumn = ColumnPages & { /** Of the page when it is not compressed. */ readonly size: number };

/** Levels with their length, then values, compressed together. */
function checkPage1(bytes: Uint8Array, header: NonNullable<Header['data_page_header']>, column: PageColumn): void {
  const page = decompressPage(bytes, column.size, column.codec, column.compressors);
  if (!column.isNullable) return checkValues(page, { encoding: header.encoding, count: header.num_values });
  const end = LENGTH_BYTES + new DataView(page.buffer, page.byteOffset).getUint32(0, true);
  const count = countOnes(page.subarray(LENGTH_BYTES), { width: 1, count: header.num_values });
  checkValues(page.subarray(end), { encoding: header.encoding, count });
}

/** Levels whose length is in the header, then values, which alone are compressed. */
function checkPage2(bytes: Uint8Array, header: NonNullable<Header['data_page_header_v2']>, column: PageColumn): void {
  const begin = header.repetition_levels_byte_length;
  const end = begin + header.definition_levels_byte_length;
  if (column.isNullable) countOnes(bytes.subarray(begin, end), { width: 1, count: header.num_values });
  const values = bytes.subarray(end);
  const page = header.is_compressed === false
    ? values
    : decompressPage(values, column.size - end, column.codec, column.compressors);
  checkValues(page, { encoding: header.encoding, count: header.num_values - header.num_nulls });
}

function checkValues(values: Uint8Array, { encoding, count }: { encoding: string; count: number }): void {
  if (encoding === 'RLE') countOnes(values.subarray(LENGTH_BYTES), { width: 1, count });
  else if (encoding.endsWith('_DICTIONARY') && values.length > 0 && values[0]! > 0)
    countOnes(values.subarray(1), { width: values[0]!, count });
}

/** Walks runs of `count` values of `width` bits each. Answers how many are 1, where they are of one bit. */
function countOnes(bytes: Uint8Array, { width, count }: { width: number; count: number }): number {
  let at = 0;
  let ones = 0;
  for (let seen = 0; seen < count; ) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = byteAt(bytes, at++);
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const isPacked = header % 2 === 1;
    const run = Math.floor(header / 2) * (isPacked ? 8 : 1);
    if (run > count - seen + (isPacked ? MOST_PADDING : 0))
      throw new Error(`a run of ${run} values, where ${count - seen} are left in its page`);
    if (width === 1) {
      const taken = Math.min(run, count - seen);
      ones += isPacked ? packedOnes(bytes.subarray(at), taken) : taken * byteAt(bytes, at);
    }
    at += isPacked ? (run / 8) * width : Math.ceil(width / 8);
    seen += run;
  }
  return ones;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError('runs that go on after the end of their page');
  return byte;
}

function packedOnes(bytes: Uint8Array, count: number): number {
  let ones = 0;
  for (let i = 0; i < count; i++) ones += (byteAt(bytes, i >> 3) >> (i & 7)) & 1;
  return ones;
}
