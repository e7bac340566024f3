/**
 * The catalog: which tables, models, views and settings a commit has, and its JSON.
 *
 * In: bytes of a database file, untrusted. Out: a Catalog in which every name, count and reference has been looked at.
 * Row groups and model metadata lie in page chains of their own, so a commit rewrites only those of what it changed.
 * Invariant: maps are keyed by `nameKey`: names differ in more than case and keep the spelling they were given.
 */
import { dtypeInfo, isVariableLength, parseDType } from '../ir/dtype.js';
import type { ColumnSchema } from './batch.js';
import { ExecutionError } from './errors.js';
import { MAX_PAGES, type ChainReference } from './storage/format.js';
import {
  ShapeError,
  parseJson,
  readBoolean,
  readCount,
  readInteger,
  readList,
  readRecord,
  readText,
  toJsonBytes,
} from './storage/shape.js';

/** A stretch of a table's row groups, whose metadata is one chain of pages. */
export interface SegmentReference extends ChainReference {
  readonly groupCount: number;
}

export interface TableEntry {
  readonly name: string;
  readonly columns: readonly ColumnSchema[];
  readonly rowCount: number;
  readonly segments: readonly SegmentReference[];
}

export interface ModelVersionEntry {
  /** Counts from 1; numbers are never given out again. */
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Bytes of all tensors, shared blocks counted each time. */
  readonly logicalBytes: number;
  readonly metadata: ChainReference;
}

export interface ModelEntry {
  readonly name: string;
  readonly nextVersion: number;
  /** By ascending version; never empty. */
  readonly versions: readonly ModelVersionEntry[];
}

export interface ViewEntry {
  readonly name: string;
  /** The SELECT behind the view. */
  readonly sql: string;
}

export interface Catalog {
  readonly tables: ReadonlyMap<string, TableEntry>;
  readonly models: ReadonlyMap<string, ModelEntry>;
  readonly views: ReadonlyMap<string, ViewEntry>;
  readonly settings: ReadonlyMap<string, string>;
}

export const EMPTY_CATALOG: Catalog = { tables: new Map(), models: new Map(), views: new Map(), settings: new Map() };

/** `FLOAT[n]`: the longest n. */
export const MAX_WIDTH = 1 << 20;
const MAX_COLUMNS = 16_384;
const MAX_NAME_LENGTH = 1024;

/** Names are the same when their keys are. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

export function findTable(catalog: Catalog, name: string): TableEntry | undefined {
  return catalog.tables.get(nameKey(name));
}

export function findModel(catalog: Catalog, name: string): ModelEntry | undefined {
  return catalog.models.get(nameKey(name));
}

/** The version asked for, else the newest. */
export function findModelVersion(model: ModelEntry, version: number | undefined): ModelVersionEntry | undefined {
  return version === undefined ? model.versions.at(-1) : model.versions.find((v) => v.version === version);
}

/** Whether a statement compiled for one runs on the other: tables may have other rows, but no other columns. */
export function namesMeanTheSame(a: Catalog, b: Catalog): boolean {
  return (
    isSameMap(a.tables, b.tables, (table, other) => table.columns === other?.columns) &&
    isSameMap(a.views, b.views, (view, other) => view === other) &&
    isSameMap(a.models, b.models, (model, other) => model === other)
  );
}

function isSameMap<T>(
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
  isSame: (a: T, b: T | undefined) => boolean,
): boolean {
  return a.size === b.size && [...a].every(([key, value]) => isSame(value, b.get(key)));
}

export function encodeCatalog(catalog: Catalog): Uint8Array {
  return toJsonBytes({
    tables: [...catalog.tables.values()],
    models: [...catalog.models.values()],
    views: [...catalog.views.values()],
    settings: [...catalog.settings].map(([name, value]) => ({ name, value })),
  });
}

/** @throws ShapeError */
export function decodeCatalog(bytes: Uint8Array): Catalog {
  const json = readRecord(parseJson(bytes), 'catalog');
  return {
    tables: byName(readList(json['tables'], 'tables', readTable)),
    models: byName(readList(json['models'], 'models', readModel)),
    views: byName(readList(json['views'], 'views', readView)),
    settings: new Map(readList(json['settings'], 'settings', readSetting)),
  };
}

function byName<T extends { readonly name: string }>(entries: readonly T[]): Map<string, T> {
  const map = new Map<string, T>();
  for (const entry of entries) {
    const key = nameKey(entry.name);
    if (map.has(key)) throw new ShapeError(`the name ${entry.name} is there twice`);
    map.set(key, entry);
  }
  return map;
}

function readName(value: unknown, path: string): string {
  const name = readText(value, path);
  if (name === '' || name.length > MAX_NAME_LENGTH)
    throw new ShapeError(`${path}: a name of ${name.length} characters, expected 1 to ${MAX_NAME_LENGTH}`);
  return name;
}

export function readColumn(value: unknown, path: string): ColumnSchema {
  const json = readRecord(value, path);
  const dtype = parseDType(readText(json['dtype'], `${path}.dtype`));
  if (dtype === undefined) throw new ShapeError(`${path}.dtype: not a data type`);
  const width = readInteger(json['width'], `${path}.width`, { min: 1, max: MAX_WIDTH });
  const name = readName(json['name'], `${path}.name`);
  if (width > 1 && isVariableLength(dtype)) {
    const type = dtypeInfo(dtype).sql;
    throw new ShapeError(`${path}: found column "${name}" of ${type}[${width}], expected ${type} or an array of numbers`);
  }
  return {
    name,
    dtype,
    width,
    nullable: readBoolean(json['nullable'], `${path}.nullable`),
  };
}

/** The columns a table may have: at least one, names that differ in more than case, dtypes that can be stored. */
function readColumns(value: unknown, path: string): readonly ColumnSchema[] {
  const columns = readList(value, path, readColumn);
  if (columns.length === 0 || columns.length > MAX_COLUMNS) throw new ShapeError(`${path}: ${columns.length} columns`);
  byName(columns);
  return columns;
}

/** @throws ExecutionError for columns no table can have: none at all, a name twice, a tensor of text. */
export function checkedColumns(table: Pick<TableEntry, 'name' | 'columns'>): readonly ColumnSchema[] {
  return checked(() => readColumns(table.columns, `table ${table.name}`));
}

/** What the next process that opens the file would refuse must not be written. @throws ExecutionError */
export function checkName(kind: 'table' | 'view' | 'model', name: string): void {
  checked(() => readName(name, kind));
  if (kind === 'model' && name.includes('@'))
    throw new ExecutionError(`found a model's name '${name}', expected one without @, which stands before a version`);
}

function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ShapeError ? new ExecutionError(error.message) : error;
  }
}

function readChain(value: unknown, path: string): ChainReference {
  const json = readRecord(value, path);
  return {
    pages: readList(json['pages'], `${path}.pages`, (page, at) => readInteger(page, at, { min: 1, max: MAX_PAGES })),
    byteLength: readCount(json['byteLength'], `${path}.byteLength`),
  };
}

function readTable(value: unknown, path: string): TableEntry {
  const json = readRecord(value, path);
  const readSegment = (segment: unknown, at: string): SegmentReference => ({
    ...readChain(segment, at),
    groupCount: readCount(readRecord(segment, at)['groupCount'], `${at}.groupCount`),
  });
  return {
    name: readName(json['name'], `${path}.name`),
    columns: readColumns(json['columns'], `${path}.columns`),
    rowCount: readCount(json['rowCount'], `${path}.rowCount`),
    segments: readList(json['segments'], `${path}.segments`, readSegment),
  };
}

function readModel(value: unknown, path: string): ModelEntry {
  const json = readRecord(value, path);
  const readVersion = (version: unknown, at: string): ModelVersionEntry => {
    const fields = readRecord(version, at);
    return {
      version: readCount(fields['version'], `${at}.version`),
      createdAt: readCount(fields['createdAt'], `${at}.createdAt`),
      logicalBytes: readCount(fields['logicalBytes'], `${at}.logicalBytes`),
      metadata: readChain(fields['metadata'], `${at}.metadata`),
    };
  };
  const versions = readList(json['versions'], `${path}.versions`, readVersion);
  const isAscending = versions.every((v, i) => i === 0 || v.version > versions[i - 1]!.version);
  if (versions.length === 0 || !isAscending) throw new ShapeError(`${path}.versions: expected ascending versions`);
  return {
    name: readName(json['name'], `${path}.name`),
    nextVersion: readCount(json['nextVersion'], `${path}.nextVersion`),
    versions,
  };
}

function readView(value: unknown, path: string): ViewEntry {
  const json = readRecord(value, path);
  return { name: readName(json['name'], `${path}.name`), sql: readText(json['sql'], `${path}.sql`) };
}

function readSetting(value: unknown, path: string): [string, string] {
  const json = readRecord(value, path);
  return [nameKey(readName(json['name'], `${path}.name`)), readText(json['value'], `${path}.value`)];
}
