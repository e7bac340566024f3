/**
 * The peer: DuckDB (stored tables) and ONNX Runtime in one Node process, at the same number of threads as ours.
 *
 * Two ways to use the threads, the choice its best user has: `stream`, one pipeline whose DuckDB and ONNX Runtime
 * have all threads; `workers`, a worker thread each with a pipeline of one thread over its part of the rows.
 * `tunePeer` measures both with several batch sizes and keeps the fastest.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { floatOrNaN, type BenchCase } from '../cases.js';
import { CACHE, modelFile, tableFile, tableKey } from '../inputs.js';
import { Pipeline, type GroupSums, type PipelineOptions } from './pipeline.js';

export interface Peer {
  readonly name: string;
  /** The average score of each group. */
  run(): Promise<Map<string, number>>;
  close(): Promise<void>;
}

export interface PeerPlan {
  readonly threads: number;
  readonly strategy: 'stream' | 'workers';
  readonly batchRows: number;
}

const BATCH_ROWS = [2048, 8192, 32_768] as const;

/** Opens the peer in each way, times it, and leaves the fastest open. */
export async function tunePeer(
  benchCase: BenchCase,
  threads: number,
  report: (line: string) => void,
): Promise<Peer> {
  const strategies = threads === 1 ? (['stream'] as const) : (['stream', 'workers'] as const);
  let best: { readonly plan: PeerPlan; readonly milliseconds: number } | undefined;
  for (const strategy of strategies) {
    for (const batchRows of BATCH_ROWS) {
      const plan: PeerPlan = { threads, strategy, batchRows };
      const peer = await openPeer(benchCase, plan);
      await peer.run();
      const milliseconds = Math.min(await timed(peer), await timed(peer));
      report(`  ${peer.name}: ${milliseconds.toFixed(0)} ms`);
      if (best === undefined || milliseconds < best.milliseconds) best = { plan, milliseconds };
      await peer.close();
    }
  }
  if (best === undefined) throw new Error('no way to run the peer');
  return await openPeer(benchCase, best.plan);
}

async function timed(peer: Peer): Promise<number> {
  const start = performance.now();
  await peer.run();
  return performance.now() - start;
}

export async function openPeer(benchCase: BenchCase, plan: PeerPlan): Promise<Peer> {
  const databasePath = await databaseOf(benchCase);
  const catalog = await readCatalog(databasePath, benchCase);
  const options = {
    databasePath,
    modelPath: await modelFile(benchCase),
    layout: benchCase.layout,
    numbers: benchCase.numbers,
    texts: benchCase.texts.map((name) => ({ name, values: catalog.dictionaries.get(name) ?? [] })),
    groupCount: catalog.groups.length,
    output: benchCase.output,
    batchRows: plan.batchRows,
  };
  const name = `duckdb+ort ${plan.strategy} ${plan.batchRows}`;
  const named = (sums: GroupSums): Map<string, number> => averages(sums, catalog.groups);
  if (plan.strategy === 'stream') {
    const pipeline = await Pipeline.open({ ...options, threads: plan.threads, query: queryOf(benchCase, '') });
    return { name, run: async () => named(await pipeline.run()), close: () => pipeline.close() };
  }
  const parts = await Promise.all(
    Array.from({ length: plan.threads }, async (_, part) => {
      const bound = (index: number): number => Math.ceil((catalog.rowCount * index) / plan.threads);
      const range = `WHERE t.rowid >= ${bound(part)} AND t.rowid < ${bound(part + 1)}`;
      return await Part.open({ ...options, threads: 1, query: queryOf(benchCase, range) });
    }),
  );
  return {
    name,
    run: async () => named(addUp(await Promise.all(parts.map((part) => part.run())))),
    close: async () => {
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}

/** A worker with its share of the rows. */
class Part {
  private constructor(private readonly worker: Worker) {}

  static async open(options: PipelineOptions): Promise<Part> {
    const part = new Part(new Worker(new URL('./worker.js', import.meta.url), { workerData: options }));
    await part.next();
    return part;
  }

  async run(): Promise<GroupSums> {
    this.worker.postMessage('run');
    return (await this.next()) as GroupSums;
  }

  async close(): Promise<void> {
    const exited = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()));
    this.worker.postMessage('close');
    await exited;
  }

  private next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.worker.once('error', reject);
      this.worker.once('message', (message) => {
        this.worker.off('error', reject);
        resolve(message);
      });
    });
  }
}

/** The scored columns: group code, numbers as FLOAT with NaN for NULL, texts as codes of their ENUM. */
function queryOf(benchCase: BenchCase, range: string): string {
  if (benchCase.group === 'merchant') return `SELECT merchant, ${benchCase.numbers.join(', ')} FROM tx t ${range}`;
  const source: Record<string, string> = {
    month: 't.month',
    day: 't.day',
    hour: 't.hour',
    dep_delay: 't.dep_delay',
    distance: 't.distance',
    plane_year: 'p.year',
    seats: 'p.seats',
    engines: 'p.engines',
  };
  const numbers = benchCase.numbers.map((name) => floatOrNaN(source[name] ?? `w.${name}`));
  const texts = benchCase.texts.map((name) => `enum_code(${name === 'carrier' ? 'a' : 't'}.${name})::INTEGER`);
  return `SELECT ${['enum_code(a.carrier)::INTEGER', ...numbers, ...texts].join(', ')}
    FROM flights t
    JOIN weather w ON w.origin = t.origin AND w.time_hour = t.time_hour
    JOIN planes p ON p.tailnum = t.tailnum
    JOIN airlines a ON a.carrier = t.carrier ${range}`;
}

function averages({ sums, counts }: GroupSums, groups: readonly string[]): Map<string, number> {
  return new Map(
    groups.flatMap((group, code) => (counts[code] === 0 ? [] : [[group, sums[code] / counts[code]] as const])),
  );
}

function addUp(parts: readonly GroupSums[]): GroupSums {
  const [first, ...rest] = parts;
  for (const part of rest) {
    for (let code = 0; code < first.sums.length; code++) {
      first.sums[code] += part.sums[code];
      first.counts[code] += part.counts[code];
    }
  }
  return first;
}

/** The case's tables as a DuckDB file, imported once; texts of few values are ENUMs there. */
async function databaseOf(benchCase: BenchCase): Promise<string> {
  const path = join(CACHE, `${tableKey(benchCase.tables[0])}.duckdb`);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${path}.part`;
  rmSync(unfinished, { force: true });
  const instance = await DuckDBInstance.create(unfinished);
  const connection = await instance.connect();
  for (const table of benchCase.tables) {
    await connection.run(`CREATE TABLE ${table.name} AS FROM '${tableFile(table).replaceAll("'", "''")}'`);
  }
  if (benchCase.group === 'carrier') await useEnums(connection);
  await connection.run('CHECKPOINT');
  connection.closeSync();
  instance.closeSync();
  renameSync(unfinished, path);
  return path;
}

async function useEnums(connection: DuckDBConnection): Promise<void> {
  for (const name of ['carrier', 'origin', 'dest']) {
    await connection.run(`CREATE TYPE ${name} AS ENUM (SELECT DISTINCT ${name} FROM flights ORDER BY 1)`);
    await connection.run(`ALTER TABLE flights ALTER ${name} TYPE ${name}`);
  }
  await connection.run('ALTER TABLE weather ALTER origin TYPE origin');
  await connection.run('ALTER TABLE airlines ALTER carrier TYPE carrier');
}

interface Catalog {
  /** Rows of the table that workers share out. */
  readonly rowCount: number;
  readonly groups: readonly string[];
  readonly dictionaries: ReadonlyMap<string, readonly string[]>;
}

async function readCatalog(databasePath: string, benchCase: BenchCase): Promise<Catalog> {
  const instance = await DuckDBInstance.create(databasePath, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const strings = async (sql: string): Promise<string[]> =>
    (await connection.runAndReadAll(sql)).getRows().map((row) => String(row[0]));
  const dictionary = (name: string): Promise<string[]> =>
    strings(`SELECT unnest(enum_range(NULL::${name}))::VARCHAR`);
  const [rows] = await strings(`SELECT count(*) FROM ${benchCase.tables[0].name}`);
  const groups =
    benchCase.group === 'carrier'
      ? await dictionary('carrier')
      : await strings('SELECT range FROM range((SELECT max(merchant) + 1 FROM tx))');
  const dictionaries = new Map<string, readonly string[]>();
  for (const name of benchCase.texts) dictionaries.set(name, await dictionary(name));
  connection.closeSync();
  instance.closeSync();
  return { rowCount: Number(rows), groups, dictionaries };
}
