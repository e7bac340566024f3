/**
 * The bytes of a column chunk, as kernels read them: a base address plus the offsets of a ChunkLayout, each a multiple
 * of 16.
 *
 *   fixed width       | values, one after the other | validity? |
 *   packed integers   | stored values, u8, u16 or u32 [n] (`packing.ts`) | validity? |
 *   tensor of width w | component 0, padded to strideBytes | component 1 ... | validity? |
 *   text, plain       | offsets u32[n + 1] | bytes | validity? |
 *   text, dictionary  | codes u8[n] or, past 256 of them, u16[n] | offsets u32[d + 1] | bytes | validity? |
 *
 * Text rule: k = codes ? codes[i] : i; the value is bytes[offsets[k] .. offsets[k + 1]). Validity: bit i, least
 * significant first, is 1 when row i is not NULL; absent when no row is. A part that is absent has offset -1.
 *
 * The layout follows from the few numbers of `ChunkShape`, so a file stores only those and cannot name an offset
 * outside its chunk.
 */
import { dtypeInfo, isVariableLength, type DType } from '../../ir/dtype.js';
import { PAGE_BYTES, alignUp } from './format.js';
import type { Packing } from './packing.js';

/** Rows of a full row group: an f32 column is exactly one page. */
export const GROUP_ROWS = 65_536;
/** Rows of a full row group with NULLs, so that four-byte values and their bitmap still share one page. */
export const GROUP_ROWS_WITH_NULLS = 61_440;
/** A row group is closed before one of its chunks passes this, unless a single row does. */
export const TARGET_CHUNK_BYTES = 8 * 1024 * 1024;
/** The longest chunk, and so the longest single value. */
export const MAX_CHUNK_BYTES = 64 * 1024 * 1024;
/** Each value may be read this far past its end: the buffer pool keeps as much memory behind its last frame. */
export const OVERREAD_BYTES = 64;

export const MAX_DICTIONARY = 65_535;

export type ChunkEncoding = 'plain' | 'packed' | 'dictionary';

export interface ChunkShape {
  readonly dtype: DType;
  readonly width: number;
  readonly rowCount: number;
  readonly encoding: ChunkEncoding;
  readonly hasValidity: boolean;
  /** Of packed integers. */
  readonly packing: Packing | undefined;
  /** Distinct values of a dictionary, else 0. */
  readonly dictionaryCount: number;
  /** Bytes of text (of the dictionary's text), else 0. */
  readonly textBytes: number;
}

export interface ChunkLayout {
  readonly byteLength: number;
  /** Of a value as it is stored, or of a code; 0 for plain text. */
  readonly storedBytes: number;
  readonly valuesOffset: number;
  /** Bytes from one component of a tensor column to the next. */
  readonly strideBytes: number;
  readonly codesOffset: number;
  readonly offsetsOffset: number;
  readonly bytesOffset: number;
  readonly validityOffset: number;
}

const ALIGNMENT = 16;
const STRIDE_ALIGNMENT = 64;

export function layoutChunk(shape: ChunkShape): ChunkLayout {
  const validityBytes = shape.hasValidity ? Math.ceil(shape.rowCount / 8) : 0;
  if (!isVariableLength(shape.dtype)) {
    const storedBytes = shape.packing?.valueBytes ?? dtypeInfo(shape.dtype).widthBytes;
    const columnBytes = shape.rowCount * storedBytes;
    const strideBytes = shape.width === 1 ? columnBytes : alignUp(columnBytes, STRIDE_ALIGNMENT);
    const valuesEnd = strideBytes * shape.width;
    const validityAt = alignUp(valuesEnd, ALIGNMENT);
    return {
      byteLength: shape.hasValidity ? validityAt + validityBytes : valuesEnd,
      storedBytes,
      valuesOffset: 0,
      strideBytes,
      codesOffset: -1,
      offsetsOffset: -1,
      bytesOffset: -1,
      validityOffset: shape.hasValidity ? validityAt : -1,
    };
  }
  const isDictionary = shape.encoding === 'dictionary';
  const valueCount = isDictionary ? shape.dictionaryCount : shape.rowCount;
  const storedBytes = isDictionary ? codeBytes(shape.dictionaryCount) : 0;
  const offsetsOffset = alignUp(shape.rowCount * storedBytes, ALIGNMENT);
  const bytesOffset = alignUp(offsetsOffset + (valueCount + 1) * 4, ALIGNMENT);
  const bytesEnd = bytesOffset + shape.textBytes;
  const validityAt = alignUp(bytesEnd, ALIGNMENT);
  return {
    byteLength: shape.hasValidity ? validityAt + validityBytes : bytesEnd,
    storedBytes,
    valuesOffset: -1,
    strideBytes: 0,
    codesOffset: isDictionary ? 0 : -1,
    offsetsOffset,
    bytesOffset,
    validityOffset: shape.hasValidity ? validityAt : -1,
  };
}

/** Of a code of a dictionary with so many values. */
export function codeBytes(dictionaryCount: number): 1 | 2 {
  return dictionaryCount <= 256 ? 1 : 2;
}

/** Most rows a row group of such columns may have: 65,536, halved until the widest fixed chunk is at most 8 MiB. */
export function groupRowLimit(columns: readonly { readonly dtype: DType; readonly width: number }[]): number {
  const widest = columns.reduce(
    (most, c) => Math.max(most, isVariableLength(c.dtype) ? 0 : c.width * dtypeInfo(c.dtype).widthBytes),
    1,
  );
  let rows = GROUP_ROWS;
  while (rows > 1 && rows * widest > TARGET_CHUNK_BYTES) rows /= 2;
  return rows;
}

/** Pages a byte range of a run needs. */
export function runPages(range: { byteOffset: number; byteLength: number }): number {
  return Math.max(1, Math.ceil((range.byteOffset + range.byteLength) / PAGE_BYTES));
}
