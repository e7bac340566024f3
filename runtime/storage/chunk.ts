/**
 * Column chunks: a vector enters, bytes in the layout of `chunk-format.ts` leave, and back.
 *
 * A ChunkMeta says where a chunk lies and what is known of it. In the file only its `ChunkShape`, place and checksum
 * are stored; the offsets and the pages of its run are derived again on reading.
 */
import { dtypeInfo, isVariableLength, type DType } from '../../ir/dtype.js';
import type { ColumnSchema, FixedValues, Vector } from '../batch.js';
import type { Extent, PageRun } from './page-run.js';
import { checksum } from './checksum.js';
import {
  MAX_CHUNK_BYTES,
  MAX_DICTIONARY,
  codeBytes,
  layoutChunk,
  runPages,
  type ChunkEncoding,
  type ChunkLayout,
  type ChunkShape,
} from './chunk-format.js';
import { buildDictionary, estimateDistinct, type Dictionary } from './dictionary.js';
import { bytesOf, elementsPerValue, fixedConstructor } from './fixed-values.js';
import { MAX_PAGES, PAGE_BYTES } from './format.js';
import { packIntegers, packingFromJson, packingToJson, unpackIntegers, type Packing } from './packing.js';
import { ShapeError, readBoolean, readInteger, readOneOf, readTuple, type JsonValue } from './shape.js';
import { zoneMap, type ZoneMap, type ZoneValue } from './zone-map.js';

/** Offsets count from the chunk's start, which is `byteOffset` bytes into the run; -1 where a part is absent. */
export interface ChunkMeta extends ChunkLayout, ZoneMap, Extent {
  /** Adjacent pages. */
  readonly run: PageRun;
  readonly rowCount: number;
  readonly encoding: ChunkEncoding;
  readonly packing: Packing | undefined;
  readonly dictionaryCount: number;
  readonly textBytes: number;
  readonly nullCount: number;
  readonly distinctEstimate: number | undefined;
}

/** A chunk before it has a place in the file. */
export interface EncodedChunk {
  readonly bytes: Uint8Array;
  readonly meta: Omit<ChunkMeta, 'run' | 'byteOffset'>;
}

export interface RowGroup {
  readonly rowCount: number;
  readonly columnCount: number;
  /** @throws StorageError when the file says something of it that cannot be. */
  chunk(column: number): ChunkMeta;
}

/** One for each column. */
export function chunksOf(group: RowGroup): readonly ChunkMeta[] {
  return Array.from({ length: group.columnCount }, (_, column) => group.chunk(column));
}

function countNulls(validity: Uint8Array | undefined, rowCount: number): number {
  let nulls = 0;
  if (validity !== undefined) {
    for (let row = 0; row < rowCount; row++) if ((validity[row >> 3]! & (1 << (row & 7))) === 0) nulls++;
  }
  return nulls;
}

/** The vector's arrays hold exactly the rows from 0 on; its text starts at offset 0. */
export function encodeChunk(vector: Vector, rowCount: number): EncodedChunk {
  const nullCount = countNulls(vector.validity, rowCount);
  const bounds = zoneMap(vector, rowCount);
  const isText = isVariableLength(vector.dtype);
  const dictionary = isText ? buildDictionary(vector, rowCount) : undefined;
  const packed = packIntegers(vector, { rowCount, least: bounds.min });
  const shape: ChunkShape = {
    dtype: vector.dtype,
    width: vector.width,
    rowCount,
    hasValidity: nullCount > 0,
    encoding: dictionary !== undefined ? 'dictionary' : packed !== undefined ? 'packed' : 'plain',
    packing: packed?.packing,
    dictionaryCount: dictionary?.count ?? 0,
    textBytes: !isText ? 0 : (dictionary?.bytes.length ?? vector.offsets![rowCount]!),
  };
  const layout = layoutChunk(shape);
  const bytes = new Uint8Array(layout.byteLength);
  if (isText) {
    const offsets = dictionary?.offsets ?? vector.offsets!.subarray(0, rowCount + 1);
    if (dictionary !== undefined) bytes.set(codesOf(dictionary), layout.codesOffset);
    bytes.set(bytesOf(offsets), layout.offsetsOffset);
    bytes.set((dictionary?.bytes ?? vector.bytes!).subarray(0, shape.textBytes), layout.bytesOffset);
  } else if (packed !== undefined) {
    bytes.set(packed.bytes, layout.valuesOffset);
  } else {
    encodeFixed(bytes, { vector, rowCount, strideBytes: layout.strideBytes });
  }
  if (shape.hasValidity) bytes.set(vector.validity!.subarray(0, Math.ceil(rowCount / 8)), layout.validityOffset);
  const { encoding, packing, dictionaryCount, textBytes } = shape;
  const distinctEstimate = estimate(vector, { rowCount, dictionary: dictionary?.count });
  return {
    bytes,
    meta: {
      ...layout,
      ...bounds,
      checksum: checksum(bytes),
      rowCount,
      encoding,
      packing,
      dictionaryCount,
      textBytes,
      nullCount,
      distinctEstimate,
    },
  };
}

function codesOf({ codes, count }: Dictionary): Uint8Array {
  return codeBytes(count) === 1 ? Uint8Array.from(codes) : bytesOf(codes);
}

function estimate(vector: Vector, options: { rowCount: number; dictionary: number | undefined }): number | undefined {
  if (vector.width !== 1) return undefined;
  if (vector.values === undefined) return options.dictionary ?? options.rowCount;
  return estimateDistinct(vector.values, {
    rowCount: options.rowCount,
    widthBytes: dtypeInfo(vector.dtype).widthBytes,
  });
}

/** Rows of a tensor column (row-major) become components, each contiguous over the rows. */
function encodeFixed(target: Uint8Array, from: { vector: Vector; rowCount: number; strideBytes: number }): void {
  const { vector, rowCount } = from;
  const lanes = elementsPerValue(vector.dtype);
  const perRow = vector.width * lanes;
  const source = vector.values!.subarray(0, rowCount * perRow);
  if (vector.width === 1) {
    target.set(bytesOf(source), 0);
    return;
  }
  for (let component = 0; component < vector.width; component++) {
    const column = viewFixed(vector.dtype, {
      bytes: target,
      at: component * from.strideBytes,
      count: rowCount * lanes,
    });
    transpose(source, column, { perRow, start: component * lanes, lanes, rowCount, isBack: false });
  }
}

/** Copies the lanes of one component out of (or, `isBack`, into) row-major values. */
function transpose(
  rowMajor: FixedValues,
  column: FixedValues,
  shape: { perRow: number; start: number; lanes: number; rowCount: number; isBack: boolean },
): void {
  // The two arrays are of one class; a number array stands for all of them, as indexing is alike.
  const wide = rowMajor as Float64Array;
  const narrow = column as Float64Array;
  const { perRow, start, lanes, rowCount, isBack } = shape;
  for (let row = 0, at = 0; row < rowCount; row++) {
    for (let lane = 0; lane < lanes; lane++, at++) {
      const wideAt = row * perRow + start + lane;
      if (isBack) wide[wideAt] = narrow[at]!;
      else narrow[at] = wide[wideAt]!;
    }
  }
}

function viewFixed(dtype: DType, place: { bytes: Uint8Array; at: number; count: number }): FixedValues {
  const { bytes, at, count } = place;
  return new (fixedConstructor(dtype))(bytes.buffer, bytes.byteOffset + at, count);
}

/**
 * Reads a chunk back, into arrays of its own. `bytes` starts at the run's first byte.
 * @throws ShapeError when codes or offsets inside the chunk point outside of it.
 */
export function decodeChunk(meta: ChunkMeta, source: { bytes: Uint8Array; column: ColumnSchema }): Vector {
  const { column } = source;
  const chunk = source.bytes.slice(meta.byteOffset, meta.byteOffset + meta.byteLength);
  const { rowCount, validityOffset } = meta;
  const validity =
    validityOffset < 0 ? undefined : chunk.slice(validityOffset, validityOffset + Math.ceil(rowCount / 8));
  if (countNulls(validity, rowCount) !== meta.nullCount)
    throw new ShapeError('the validity bitmap does not match the NULL count');
  const { dtype, width } = column;
  if (isVariableLength(dtype)) return { dtype, width, validity, values: undefined, ...decodeText(meta, chunk) };
  if (meta.packing !== undefined) {
    const values = unpackIntegers(meta.packing, { dtype, stored: chunk.subarray(meta.valuesOffset), rowCount });
    return { dtype, width, validity, values, offsets: undefined, bytes: undefined };
  }
  const lanes = elementsPerValue(dtype);
  if (width === 1) {
    const values = viewFixed(dtype, { bytes: chunk, at: 0, count: rowCount * lanes });
    return { dtype, width, validity, values, offsets: undefined, bytes: undefined };
  }
  const values = new (fixedConstructor(dtype))(rowCount * width * lanes);
  for (let component = 0; component < width; component++) {
    const view = viewFixed(dtype, { bytes: chunk, at: component * meta.strideBytes, count: rowCount * lanes });
    transpose(values, view, { perRow: width * lanes, start: component * lanes, lanes, rowCount, isBack: true });
  }
  return { dtype, width, validity, values, offsets: undefined, bytes: undefined };
}

function decodeText(meta: ChunkMeta, chunk: Uint8Array): { offsets: Uint32Array; bytes: Uint8Array } {
  const { rowCount, codesOffset, bytesOffset, textBytes } = meta;
  const valueCount = codesOffset < 0 ? rowCount : meta.dictionaryCount;
  const offsets = new Uint32Array(chunk.buffer, chunk.byteOffset + meta.offsetsOffset, valueCount + 1);
  const bytes = chunk.subarray(bytesOffset, bytesOffset + textBytes);
  let last = 0;
  for (const offset of offsets) {
    if (offset < last || offset > textBytes)
      throw new ShapeError(`text offset ${offset} lies outside of ${last}..${textBytes}`);
    last = offset;
  }
  if (offsets[0] !== 0 || last !== textBytes) throw new ShapeError('text offsets do not cover the text');
  if (codesOffset < 0) return { offsets: offsets.slice(), bytes: bytes.slice() };
  const codesAt = [chunk.buffer, chunk.byteOffset + codesOffset, rowCount] as const;
  const codes = meta.storedBytes === 1 ? new Uint8Array(...codesAt) : new Uint16Array(...codesAt);
  const rowOffsets = new Uint32Array(rowCount + 1);
  const isNull = (row: number): boolean =>
    meta.validityOffset >= 0 && (chunk[meta.validityOffset + (row >> 3)]! & (1 << (row & 7))) === 0;
  for (let row = 0; row < rowCount; row++) {
    const code = codes[row]!;
    if (code >= valueCount) throw new ShapeError(`code ${code} of row ${row} is outside of the ${valueCount} values`);
    rowOffsets[row + 1] = rowOffsets[row]! + (isNull(row) ? 0 : offsets[code + 1]! - offsets[code]!);
  }
  const text = new Uint8Array(rowOffsets[rowCount]!);
  for (let row = 0; row < rowCount; row++) {
    const from = offsets[codes[row]!]!;
    text.set(bytes.subarray(from, from + rowOffsets[row + 1]! - rowOffsets[row]!), rowOffsets[row]!);
  }
  return { offsets: rowOffsets, bytes: text };
}

/** JSON has no infinities: they travel as text, which no number column has otherwise. */
function zoneToJson(value: ZoneValue): JsonValue {
  return typeof value === 'number' && !Number.isFinite(value) ? (value > 0 ? 'Infinity' : '-Infinity') : value;
}

function zoneFromJson(value: unknown, path: string, dtype: DType): ZoneValue {
  if (value === null || typeof value === 'number') return value;
  if (typeof value !== 'string') throw new ShapeError(`${path}: expected a bound`);
  if (dtypeInfo(dtype).family !== 'float') return value;
  if (value !== 'Infinity' && value !== '-Infinity') throw new ShapeError(`${path}: expected a number`);
  return Number(value);
}

/** Without names, which would be most of a table's metadata. */
export function chunkToJson(meta: ChunkMeta): JsonValue {
  return [
    meta.run.pages[0]!,
    meta.byteOffset,
    meta.checksum,
    meta.encoding,
    meta.packing === undefined ? null : packingToJson(meta.packing),
    meta.nullCount,
    meta.distinctEstimate ?? null,
    meta.dictionaryCount,
    meta.textBytes,
    zoneToJson(meta.min),
    zoneToJson(meta.max),
    meta.hasNaN,
  ];
}
const JSON_PARTS = 12;

/** @throws ShapeError when there can be no such chunk. */
export function chunkFromJson(
  value: unknown,
  path: string,
  { column, rowCount }: { readonly column: ColumnSchema; readonly rowCount: number },
): ChunkMeta {
  const parts = readTuple(value, path, JSON_PARTS);
  const [page, at, sum, encoded, packed, nulls, distinct, dictionary, text, min, max, nan] = parts;
  const nullCount = readInteger(nulls, `${path}.nulls`, { min: 0, max: rowCount });
  const encoding = readOneOf(encoded, `${path}.encoding`, ['plain', 'packed', 'dictionary']);
  const packing = encoding === 'packed' ? packingFromJson(packed, `${path}.packing`, column) : undefined;
  const dictionaryCount = readInteger(dictionary, `${path}.dictionary`, { min: 0, max: MAX_DICTIONARY });
  const textBytes = readInteger(text, `${path}.text`, { min: 0, max: MAX_CHUNK_BYTES });
  const isDictionary = encoding === 'dictionary';
  if (isDictionary !== dictionaryCount > 0 || (isDictionary && !isVariableLength(column.dtype))) {
    throw new ShapeError(`${path}: a dictionary of ${dictionaryCount} values for ${encoding} ${column.dtype}`);
  }
  const layout = layoutChunk({
    dtype: column.dtype,
    width: column.width,
    rowCount,
    encoding,
    packing,
    hasValidity: nullCount > 0,
    dictionaryCount,
    textBytes,
  });
  const byteOffset = readInteger(at, `${path}.at`, { min: 0, max: PAGE_BYTES - 1 });
  if (byteOffset % 16 !== 0) throw new ShapeError(`${path}: a chunk begins at byte ${byteOffset}`);
  const pageCount = runPages({ byteOffset, byteLength: layout.byteLength });
  const first = readInteger(page, `${path}.page`, { min: 1, max: MAX_PAGES - pageCount + 1 });
  return {
    ...layout,
    run: { pages: Array.from({ length: pageCount }, (_, i) => first + i) },
    byteOffset,
    checksum: readInteger(sum, `${path}.checksum`, { min: 0, max: 0xffff_ffff }),
    rowCount,
    encoding,
    packing,
    dictionaryCount,
    textBytes,
    nullCount,
    distinctEstimate:
      distinct === null ? undefined : readInteger(distinct, `${path}.distinct`, { min: 0, max: rowCount }),
    min: zoneFromJson(min, `${path}.min`, column.dtype),
    max: zoneFromJson(max, `${path}.max`, column.dtype),
    hasNaN: readBoolean(nan, `${path}.nan`),
  };
}
