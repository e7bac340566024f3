/**
 * The metadata of a table's row groups, in segments: chains of pages with SEGMENT_GROUPS row groups each.
 *
 * Row groups enter and references to their chains leave, and back. Invariant: a segment whose row groups are as they
 * were is not written again, so appending to a long table rewrites only its last segment.
 */
import type { ColumnSchema } from '../batch.js';
import type { SegmentReference, TableEntry } from '../catalog.js';
import { GROUP_ROWS } from './chunk-format.js';
import { chunkFromJson, chunkToJson, type ChunkMeta, type RowGroup } from './chunk.js';
import { ShapeError, parseJson, readInteger, readList, readRecord, toJsonBytes } from './shape.js';
import type { PageSink } from './table.js';

const SEGMENT_GROUPS = 64;

/** The row groups of segments that were read or written by this process. */
export interface KnownSegments {
  knownGroups(segment: SegmentReference): readonly RowGroup[] | undefined;
  rememberGroups(segment: SegmentReference, groups: readonly RowGroup[]): void;
}

/** Writes what differs from the entry's segments, and drops the chains it replaces. */
export async function writeSegments(
  groups: readonly RowGroup[],
  table: { readonly entry: TableEntry; readonly sink: PageSink; readonly known: KnownSegments },
): Promise<readonly SegmentReference[]> {
  const { entry, sink, known } = table;
  const segments: SegmentReference[] = [];
  let at = 0;
  for (const segment of entry.segments) {
    const old = known.knownGroups(segment);
    if (old?.length !== SEGMENT_GROUPS || !old.every((group, i) => group === groups[at + i])) break;
    segments.push(segment);
    at += old.length;
  }
  for (const replaced of entry.segments.slice(segments.length)) sink.drop(replaced.pages);
  for (; at < groups.length; at += SEGMENT_GROUPS) {
    const part = groups.slice(at, at + SEGMENT_GROUPS);
    const bytes = encodeSegment(part);
    const pages = await sink.writeRun('tableMetadata', bytes);
    const segment = { pages, byteLength: bytes.length, groupCount: part.length };
    known.rememberGroups(segment, part);
    segments.push(segment);
  }
  return segments;
}

export function encodeSegment(groups: readonly RowGroup[]): Uint8Array {
  return toJsonBytes(groups.map((group) => ({ rows: group.rowCount, chunks: group.chunks.map(chunkToJson) })));
}

/** @throws ShapeError */
export function decodeSegment(bytes: Uint8Array, columns: readonly ColumnSchema[]): readonly RowGroup[] {
  const runs = new Map<number, ChunkMeta['run']>();
  return readList(parseJson(bytes), 'groups', (value, path) => {
    const json = readRecord(value, path);
    const rowCount = readInteger(json['rows'], `${path}.rows`, { min: 1, max: GROUP_ROWS });
    let index = 0;
    const chunks = readList(json['chunks'], `${path}.chunks`, (chunk, at) => {
      const column = columns[index++];
      if (column === undefined) throw new ShapeError(`${path}: more chunks than columns`);
      const meta = chunkFromJson(chunk, at, column);
      if (meta.rowCount !== rowCount) throw new ShapeError(`${at}: ${meta.rowCount} rows in a group of ${rowCount}`);
      if (meta.run.pages.length > 1) return meta;
      // Chunks on one page share the run, and so the object.
      const page = meta.run.pages[0]!;
      if (!runs.has(page)) runs.set(page, meta.run);
      return { ...meta, run: runs.get(page)! };
    });
    if (chunks.length !== columns.length)
      throw new ShapeError(`${path}: ${chunks.length} chunks for ${columns.length} columns`);
    return { rowCount, chunks };
  });
}
