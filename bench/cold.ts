/**
 * `bench cold`: from the start of a process to the first row it prints, beside `node -e 0`, which is what any Node
 * program takes, and beside a script that joins with DuckDB and scores with ONNX Runtime.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { FLIGHT_NUMBERS, floatOrNaN } from './cases.js';
import { CACHE, FLIGHTS } from './inputs.js';
import { median } from './measure.js';

const MAIN = fileURLToPath(new URL('../bin/main.cjs', import.meta.url));
const PEER = fileURLToPath(new URL('./peer/cold.js', import.meta.url));
const PEER_LATE = fileURLToPath(new URL('./peer/cold-late.js', import.meta.url));
const TABLES = ['flights', 'weather', 'planes', 'airlines'];
const MODELS = ['late_logistic', 'late_gbdt', 'late_mlp'];
/** Longer than what is left to do for a process which has been ended. */
const REST_MS = 120;

const JOIN = readFileSync(join(FLIGHTS, 'late_join.sql'), 'utf8');
const DEMO = readFileSync(join(FLIGHTS, 'late_demo.sql'), 'utf8');
const scored = (model: string, score: string): string =>
  `WITH t AS (${JOIN}) SELECT t.carrier, t.dest, (predict(${model}, t.*)).${score} AS late FROM t`;

export interface ColdCase {
  readonly name: string;
  readonly sql: string;
  /** What the peer scores with: a model, or two of them as the demo does. It has none where no model is asked. */
  readonly model?: string;
  readonly late?: 'rows' | 'top';
}

/**
 * Streams, but for the last: it is ordered, and joins and scores 166,452 rows before it has a first one. `demo-rows` is
 * the same query in no order; its first row is the 12,000th flight or so.
 */
export const COLD_CASES: readonly ColdCase[] = [
  { name: 'scan', sql: 'SELECT carrier, flight, dest, arr_delay FROM flights' },
  { name: 'join-logistic', sql: scored('late_logistic', 'output_probability[1]') },
  { name: 'join-gbdt', sql: scored('late_gbdt', 'probabilities[2]'), model: 'late_gbdt' },
  { name: 'join-mlp', sql: scored('late_mlp', 'probabilities[2]'), model: 'late_mlp' },
  { name: 'demo-rows', sql: DEMO.slice(0, DEMO.indexOf('ORDER BY')), late: 'rows' },
  { name: 'demo-top-k', sql: DEMO, late: 'top' },
];

export interface ColdTiming {
  /** Medians, in milliseconds. */
  readonly ours: number;
  readonly node: number;
  readonly peer: number | undefined;
}

/** Alternates the three, `runs` times each. */
export async function measureCold(coldCase: ColdCase, runs: number): Promise<ColdTiming> {
  const { name, sql } = coldCase;
  const database = databasePath();
  const plan = join(CACHE, `cold-${name}.wasm`);
  cli('compile', database, sql, '-o', plan);
  const ours = [MAIN, 'run', database, plan, '--format', 'csv'];
  const peer = await peerOf(coldCase);
  const times = { ours: [] as number[], node: [] as number[], peer: [] as number[] };
  // To its end, as a first run goes: the program keeps its code for the ones behind it.
  const { status } = spawnSync(process.execPath, ours, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`intarsia run ended with ${status}`);
  for (let run = -1; run < runs; run++) {
    const node = bareNode();
    const first = await firstRow(ours);
    const others = peer === undefined ? [] : [await firstRow(peer)];
    if (run < 0) continue;
    times.node.push(node);
    times.ours.push(first);
    times.peer.push(...others);
  }
  return {
    ours: median(times.ours),
    node: median(times.node),
    peer: peer === undefined ? undefined : median(times.peer),
  };
}

async function peerOf({ model, late }: ColdCase): Promise<readonly string[] | undefined> {
  const names = FLIGHT_NUMBERS.join(',');
  const numbers = FLIGHT_NUMBERS.map((name) => floatOrNaN(`t.${name}`)).join(', ');
  if (model !== undefined) {
    const sql = `WITH t AS (${JOIN}) SELECT carrier, dest, ${numbers} FROM t`;
    return [PEER, await duckdbPath(), join(FLIGHTS, `${model}.onnx`), sql, names];
  }
  if (late === undefined) return undefined;
  const sql =
    `${DEMO.slice(0, DEMO.indexOf('SELECT t.month'))} SELECT month, day, airline, flight, origin, dest, dep_delay, ` +
    `arr_delay, ${numbers} FROM t WHERE dep_delay <= 0`;
  return [PEER_LATE, await duckdbPath(), FLIGHTS, sql, names, late];
}

function bareNode(): number {
  const start = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - start;
}

/**
 * Until the second line, which is the first under the header, has been read; the rest of the output is not waited for.
 */
async function firstRow(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const milliseconds = await new Promise<number>((resolve, reject) => {
    let lines = 0;
    child.stdout.on('data', (bytes: Buffer) => {
      for (const byte of bytes) lines += byte === 10 ? 1 : 0;
      if (lines >= 2) resolve(performance.now() - start);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${args.slice(0, 2).join(' ')} ended with ${code} and printed ${lines} lines`)),
    );
  });
  child.kill('SIGKILL');
  await new Promise((resolve) => {
    setTimeout(resolve, REST_MS);
  });
  return milliseconds;
}

function cli(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`intarsia ${args[0]} ended with ${status}: ${stderr}`);
}

let isMade = false;

/** Made anew by each bench, for the file's form may have changed since the last one. */
function databasePath(): string {
  const path = join(CACHE, 'cold.intarsia');
  if (isMade) return path;
  mkdirSync(CACHE, { recursive: true });
  rmSync(path, { force: true });
  for (const table of TABLES) cli('import', path, table, join(FLIGHTS, `${table}.parquet`));
  for (const model of MODELS) cli('model', 'add', path, model, join(FLIGHTS, `${model}.onnx`));
  isMade = true;
  return path;
}

async function duckdbPath(): Promise<string> {
  const path = join(CACHE, 'cold.duckdb');
  if (existsSync(path)) return path;
  const unfinished = `${path}.part`;
  rmSync(unfinished, { force: true });
  const instance = await DuckDBInstance.create(unfinished);
  const connection = await instance.connect();
  for (const table of TABLES)
    await connection.run(`CREATE TABLE ${table} AS FROM '${join(FLIGHTS, `${table}.parquet`).replaceAll("'", "''")}'`);
  await connection.run('CHECKPOINT');
  connection.closeSync();
  instance.closeSync();
  renameSync(unfinished, path);
  return path;
}
