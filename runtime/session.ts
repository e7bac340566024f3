/**
 * Statements other than queries: what they change, in one transaction each.
 *
 * Invariant: a statement that fails leaves the database at the last commit.
 */
import { isVariableLength } from '../ir/dtype.js';
import { flagOf, requireBytes, requireOneOf, requireText } from './arguments.js';
import type { CompiledQuery, CompiledStatement, CopyOptions } from './compiler.js';
import { findModel, findTable, nameKey } from './catalog.js';
import type { Database, Parameters } from './database.js';
import { ExecutionError } from './errors.js';
import type { ResultChunk } from './executor/protocol.js';
import { FILE_FORMATS, openFile, type FileOptions } from './io/source.js';
import { requireCsvOptions, type ImportOptions } from './options.js';
import type { PhysicalPlan } from './plan.js';
import { countTrue, resultColumns, toBatch } from './result-batch.js';
import type { Batch, ColumnSchema } from './batch.js';
import { elementsPerValue, fixedConstructor } from './storage/fixed-values.js';
import type { NewTensor } from './storage/model-store.js';
import type { WriteTransaction } from './storage/transaction.js';
import { textOutcome } from './text-outcome.js';
import { counted } from './wording.js';

export type Outcome =
  | {
      readonly kind: 'rows';
      readonly plan: Pick<PhysicalPlan, 'output' | 'leaves'>;
      readonly chunks: () => AsyncGenerator<ResultChunk, void, undefined>;
    }
  | { readonly kind: 'done'; readonly changed: number };

export interface RunContext {
  /** The statement's text. */
  readonly sql: string;
  readonly parameters: Parameters;
  readonly signal?: AbortSignal;
}

type Statement = Exclude<CompiledStatement, { kind: 'query' }>;

export async function runStatement(db: Database, statement: Statement, context: RunContext): Promise<Outcome> {
  if (statement.kind === 'explain') {
    const format = (statement.format ?? 'text') as 'text';
    const { parameters, ...stopping } = context;
    return textOutcome(
      'explain',
      await db.explainQuery(statement.query, { analyze: statement.analyze, format, ...stopping }, parameters),
    );
  }
  if (statement.kind === 'copy-to') return { kind: 'done', changed: await copyTo(db, statement, context) };
  if (statement.kind === 'create-model') {
    return db.exclusive(async () => ({ kind: 'done', changed: await createModelStatement(db, statement, context) }));
  }
  if (statement.kind === 'transaction') {
    throw new ExecutionError(
      `${statement.action.toUpperCase()} is not supported yet: each statement is a transaction of its own`,
    );
  }
  return db.exclusive(async () => {
    const current = await db.upToDate(statement, context.sql, context);
    const changed = await inTransaction(db, (txn) => change(db, txn, { statement: current, context }));
    return { kind: 'done', changed };
  });
}

async function inTransaction<T>(db: Database, use: (txn: WriteTransaction) => Promise<T>): Promise<T> {
  const txn = db.file.begin();
  try {
    const result = await use(txn);
    await txn.commit();
    return result;
  } catch (error) {
    await txn.rollback();
    throw error;
  }
}

type Change = Exclude<Statement, { kind: 'explain' | 'copy-to' | 'create-model' | 'transaction' }>;

async function change(
  db: Database,
  txn: WriteTransaction,
  { statement, context }: { statement: Change; context: RunContext },
): Promise<number> {
  switch (statement.kind) {
    case 'create-table': return createTable(db, txn, { statement, context });
    case 'drop-table':
      if (findTable(txn.catalog, statement.name) === undefined && statement.ifExists) return 0;
      await txn.dropTable(statement.name);
      return 0;
    case 'create-view':
      if (statement.ifNotExists && txn.catalog.views.has(nameKey(statement.name))) return 0;
      txn.createView({ name: statement.name, sql: statement.sql, replace: statement.orReplace });
      return 0;
    case 'drop-view':
      if (statement.ifExists && !txn.catalog.views.has(nameKey(statement.name))) return 0;
      txn.dropView(statement.name);
      return 0;
    case 'insert': return append(db, txn, { table: statement.table, query: statement.query, context, keep: true });
    case 'update': return append(db, txn, { ...statement, context, keep: false });
    case 'delete': {
      const { rowCount } = findTable(txn.catalog, statement.table)!;
      return rowCount - (await append(db, txn, { ...statement, context, keep: false }));
    }
    case 'copy-from': return copyFrom(txn, { statement, context });
    case 'drop-model':
      if (statement.ifExists && findModel(txn.catalog, statement.name) === undefined) return 0;
      await txn.dropModel(statement.name, statement.version);
      return 0;
  }
}

type CreateTable = Extract<Change, { kind: 'create-table' }>;

async function createTable(
  db: Database,
  txn: WriteTransaction,
  { statement, context }: { statement: CreateTable; context: RunContext },
): Promise<number> {
  const exists = findTable(txn.catalog, statement.name) !== undefined;
  if (exists && statement.ifNotExists) return 0;
  if (exists && statement.orReplace) await txn.dropTable(statement.name);
  const columns = statement.query === undefined ? statement.columns : resultColumns(statement.query.plan);
  txn.createTable({ name: statement.name, columns });
  if (statement.query === undefined) return 0;
  return append(db, txn, { table: statement.name, query: statement.query, context, keep: true });
}

/**
 * Streams a query's rows into a table; gives how many. Without `keep` they take the place of all the table has. With a
 * column more than the table's, which says whether a row is changed, those that are count.
 */
async function append(
  db: Database,
  txn: WriteTransaction,
  options: { table: string; query: CompiledQuery; context: RunContext; keep: boolean },
): Promise<number> {
  const { query, context } = options;
  const columns = findTable(txn.catalog, options.table)!.columns;
  const writer = await txn.tableWriter(options.table, options.keep ? {} : { keepGroups: [] });
  const isMarked = query.plan.output.length > columns.length;
  let rows = 0;
  for await (const chunk of db.chunks(query, context.parameters, context)) {
    await writer.append(toBatch(chunk, { plan: query.plan, columns }));
    rows += isMarked ? countTrue(chunk, { plan: query.plan, column: columns.length }) : chunk.rowCount;
  }
  await writer.finish();
  return rows;
}

function fileOptions(options: CopyOptions): FileOptions {
  return {
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.header === undefined ? {} : { header: options.header }),
    ...(options.delimiter === undefined ? {} : { delimiter: options.delimiter }),
    ...(options.nullText === undefined ? {} : { nullText: options.nullText }),
  };
}

async function copyFrom(
  txn: WriteTransaction,
  { statement, context }: { statement: Extract<Change, { kind: 'copy-from' }>; context: RunContext },
): Promise<number> {
  const table = findTable(txn.catalog, statement.table)!;
  const targets = (statement.columns ?? table.columns.map((_, i) => i)).map((index) => table.columns[index]!);
  const source = await openFile(statement.path, { ...fileOptions(statement.options), columns: targets });
  requireSameTypes(source.schema, { targets, path: statement.path });
  const writer = await txn.tableWriter(statement.table);
  let rows = 0;
  for await (const batch of source.batches()) {
    context.signal?.throwIfAborted();
    await writer.append(spread(batch, { table: table.columns, targets }));
    rows += batch.rowCount;
  }
  await writer.finish();
  return rows;
}

function requireSameTypes(
  found: readonly ColumnSchema[],
  { targets, path }: { targets: readonly ColumnSchema[]; path: string },
): void {
  if (found.length !== targets.length)
    throw new ExecutionError(`'${path}' has ${counted(found.length, 'column')}, expected ${targets.length}`);
  found.forEach((column, i) => {
    const target = targets[i]!;
    if (column.dtype !== target.dtype || column.width !== target.width) {
      throw new ExecutionError(
        `'${path}': column ${column.name} is ${column.dtype}, expected ${target.dtype} for ${target.name}`,
      );
    }
  });
}

/** Columns that are not copied into get NULL. */
function spread(
  batch: Batch,
  { table, targets }: { table: readonly ColumnSchema[]; targets: readonly ColumnSchema[] },
): Batch {
  if (table.length === targets.length && table.every((column, i) => column === targets[i])) return batch;
  return {
    rowCount: batch.rowCount,
    columns: table.map((column) => {
      const at = targets.indexOf(column);
      if (at >= 0) return batch.columns[at]!;
      return nullVector(column, batch.rowCount);
    }),
  };
}

function nullVector(column: ColumnSchema, rowCount: number): Batch['columns'][number] {
  if (!column.nullable) throw new ExecutionError(`NOT NULL constraint failed: column ${column.name} gets no value`);
  const base = { dtype: column.dtype, width: column.width, validity: new Uint8Array(Math.ceil(rowCount / 8)) };
  if (isVariableLength(column.dtype))
    return { ...base, values: undefined, offsets: new Uint32Array(rowCount + 1), bytes: new Uint8Array(0) };
  const perRow = column.width * elementsPerValue(column.dtype);
  const values = new (fixedConstructor(column.dtype))(rowCount * perRow);
  return { ...base, values, offsets: undefined, bytes: undefined };
}

async function copyTo(
  db: Database,
  statement: Extract<Statement, { kind: 'copy-to' }>,
  context: RunContext,
): Promise<number> {
  const { query, path, options } = statement;
  const { QueryResult } = await import('./query-result.js');
  const result = new QueryResult(async () => ({
    kind: 'rows',
    plan: query.plan,
    chunks: () => db.chunks(query, context.parameters, context),
  }));
  return result.writeTo(path, fileOptions(options));
}

export async function importTable(
  db: Database,
  { table, path, options }: { table: string; path: string; options: ImportOptions },
): Promise<number> {
  requireText('table', table);
  requireText('path', path);
  const isReplaced = flagOf('replace', options.replace, false);
  requireCsvOptions(options);
  const { format, header, delimiter, nullText, signal } = options;
  if (format !== undefined) requireOneOf('format', format, FILE_FORMATS);
  const source = await openFile(path, fileOptions({ format, header, delimiter, nullText }));
  return inTransaction(db, async (txn) => {
    if (isReplaced && findTable(txn.catalog, table) !== undefined) await txn.dropTable(table);
    txn.createTable({ name: table, columns: source.schema });
    const writer = await txn.tableWriter(table);
    let rows = 0;
    for await (const batch of source.batches()) {
      signal?.throwIfAborted();
      await writer.append(batch);
      rows += batch.rowCount;
    }
    await writer.finish();
    return rows;
  });
}

async function createModelStatement(
  db: Database,
  statement: Extract<Statement, { kind: 'create-model' }>,
  { signal }: RunContext,
): Promise<number> {
  const known = findModel(db.file.catalog, statement.name);
  if (known !== undefined && statement.ifNotExists) return 0;
  await createModel(db, { name: statement.name, source: statement.path, signal });
  return 1;
}

/** A new version; its blocks are streamed from the file into pages. */
export async function createModel(
  db: Database,
  options: { name: string; source: string | Uint8Array; signal: AbortSignal | undefined },
): Promise<number> {
  const { name, source, signal } = options;
  requireText('name', name);
  requireBytes('source', source, { orPath: true });
  const [compiler, { abortable }] = await Promise.all([db.loadCompiler(), import('./compiler-client.js')]);
  const preparing = compiler.prepareModel(name, source);
  const prepared = await abortable(preparing, [signal]).catch((error: unknown) => {
    preparing.then((late) => late.close()).catch(() => undefined);
    throw error;
  });
  try {
    return await inTransaction(db, async (txn) => {
      const tensors = [];
      for (const tensor of prepared.tensors)
        tensors.push(await txn.putTensor({ ...tensor, blocks: untilAborted(tensor.blocks, signal) }));
      return txn.createModel({ ...prepared.model, name, tensors });
    });
  } finally {
    await prepared.close();
  }
}

async function* untilAborted(
  blocks: NewTensor['blocks'],
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const block of blocks) {
    signal?.throwIfAborted();
    yield block;
  }
}
