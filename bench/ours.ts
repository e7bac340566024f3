/**
 * Our side of a case, by the public API only: tables imported from the same Parquet files, the model registered,
 * one SQL query.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordBatch } from 'apache-arrow';
import type { BenchCase } from './cases.js';
import { CACHE, modelFile, tableFile, tableKey } from './inputs.js';

/** What the bench uses of `runtime/database.ts`; loaded when it runs, so that the peer can be measured alone. */
export interface Database {
  importFile(table: string, path: string): Promise<unknown>;
  createModel(name: string, path: string): Promise<unknown>;
  query(sql: string): AsyncIterable<RecordBatch> & { run(): Promise<number> };
  close(): Promise<void>;
}

interface PublicApi {
  open(path: string, options: OpenOptions): Promise<Database>;
}

export interface Ours {
  run(): Promise<Map<string, number>>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly threads: number;
  readonly memoryLimit: string;
}

/** Undefined while the runtime has not been built. */
export async function openDatabase(
  path: string,
  { threads, memoryLimit }: OpenOptions,
): Promise<Database | undefined> {
  const module = new URL('../runtime/database.js', import.meta.url);
  if (!existsSync(module)) return undefined;
  const { open } = (await import(module.href)) as PublicApi;
  return await open(path, { threads, memoryLimit });
}

/** Whether a database was made by the runtime as it is built now: another one's may have another form. */
function isCurrent(path: string): boolean {
  const built = statSync(new URL('../runtime/database.js', import.meta.url)).mtimeMs;
  return existsSync(path) && statSync(path).mtimeMs > built;
}

/**
 * The case's database, imported and registered when it is first used; undefined while the runtime has not been built.
 */
export async function openOurs(benchCase: BenchCase, threads: number): Promise<Ours | undefined> {
  const options = { threads, memoryLimit: '1GiB' };
  const path = join(CACHE, `${tableKey(benchCase.tables[0])}.${benchCase.name}.intarsia`);
  if (!isCurrent(path)) {
    mkdirSync(CACHE, { recursive: true });
    const unfinished = `${path}.part`;
    rmSync(unfinished, { force: true });
    const db = await openDatabase(unfinished, options);
    if (db === undefined) return undefined;
    for (const table of benchCase.tables) await db.importFile(table.name, tableFile(table));
    await db.createModel('model', await modelFile(benchCase));
    await db.close();
    renameSync(unfinished, path);
  }
  const db = await openDatabase(path, options);
  if (db === undefined) return undefined;
  const sql = queryOf(benchCase);
  return { run: () => averages(db, sql), close: () => db.close() };
}

function queryOf(benchCase: BenchCase): string {
  if (benchCase.group === 'merchant') {
    return `SELECT merchant, avg(${scoreOf(benchCase, `predict(model, ${benchCase.numbers.join(', ')})`)}) AS score FROM tx GROUP BY merchant`;
  }
  return `WITH t AS (
      SELECT f.month, f.day, f.hour, f.dep_delay, f.distance, w.temp, w.wind_speed, w.visib, w.precip, w.pressure,
             p.year AS plane_year, p.seats, p.engines, a.carrier, f.origin, f.dest
      FROM flights f
      JOIN weather w ON w.origin = f.origin AND w.time_hour = f.time_hour
      JOIN planes p ON p.tailnum = f.tailnum
      JOIN airlines a ON a.carrier = f.carrier)
    SELECT carrier, avg(${scoreOf(benchCase, 'predict(model, t.*)')}) AS score FROM t GROUP BY carrier`;
}

/** The probability of the second class: of the one output, of the output named so, or of its key in a ZipMap. */
function scoreOf(benchCase: BenchCase, predicted: string): string {
  if (benchCase.model.kind === 'dense') return `(${predicted})[2]`;
  return benchCase.texts.length > 0 ? `(${predicted}).${benchCase.output}[1]` : `(${predicted}).${benchCase.output}[2]`;
}

async function averages(db: Database, sql: string): Promise<Map<string, number>> {
  const scores = new Map<string, number>();
  for await (const batch of db.query(sql)) {
    const [groups, values] = [batch.getChildAt(0), batch.getChildAt(1)];
    for (let row = 0; row < batch.numRows; row++) scores.set(String(groups?.get(row)), Number(values?.get(row)));
  }
  return scores;
}
