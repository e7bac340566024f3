/**
 * The metadata of a table's row groups, in segments: chains of pages with SEGMENT_GROUPS row groups each.
 *
 * Row groups enter and references to their chains leave, and back. Invariant: a segment whose row groups are as they
 * were is not written again, so appending to a long table rewrites only its last segment.
 */
import type { ColumnSchema } from '../batch.js';
import type { SegmentReference, TableEntry } from '../catalog.js';
import { GROUP_ROWS } from './chunk-format.js';
import { chunkFromJson, chunkToJson, chunksOf, type ChunkMeta, type RowGroup } from './chunk.js';
import { parseJson, readInteger, readList, readRecord, readTuple, toJsonBytes } from './shape.js';
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
  return toJsonBytes(groups.map((group) => ({ rows: group.rowCount, chunks: chunksOf(group).map(chunkToJson) })));
}

/**
 * Chunks are read when they are asked for, as a query wants few columns of many. `look` runs that: it checks where the
 * chunk lies and turns a ShapeError into a StorageError.
 * @throws ShapeError
 */
export function decodeSegment(
  bytes: Uint8Array,
  { columns, look }: { readonly columns: readonly ColumnSchema[]; readonly look: (read: () => ChunkMeta) => ChunkMeta },
): readonly RowGroup[] {
  return readList(parseJson(bytes), 'groups', (value, path) => {
    const json = readRecord(value, path);
    const rowCount = readInteger(json['rows'], `${path}.rows`, { min: 1, max: GROUP_ROWS });
    const chunks = readTuple(json['chunks'], `${path}.chunks`, columns.length);
    const known: (ChunkMeta | undefined)[] = [];
    const read = (index: number): ChunkMeta =>
      chunkFromJson(chunks[index], `${path}.chunks[${index}]`, { column: columns[index]!, rowCount });
    return {
      rowCount,
      columnCount: columns.length,
      chunk: (index) => (known[index] ??= look(() => read(index))),
    };
  });
}
