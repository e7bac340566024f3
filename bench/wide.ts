/**
 * `bench wide`: a model larger than the memory it may use, ours beside ONNX Runtime alone. Each step is a process
 * of its own, so that its peak of resident memory is its own; the steps' code is here too, and this file starts
 * itself, and loads what one step needs in that step: it counts.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { enableSimd } from '../runtime/executor/simd.js';
import { DatabaseFile } from '../runtime/storage/database-file.js';
import { CACHE, wideFile } from './inputs.js';
import { openDatabase } from './ours.js';
import { feature, FEATURES, writeTransactions } from './support/tables.js';

export interface WideOptions {
  readonly weightBytes: number;
  readonly rowCount: number;
  readonly threads: number;
  readonly memoryLimit: string;
}

export interface StepResult {
  readonly milliseconds: number;
  readonly peakBytes: number;
  readonly scores: readonly number[];
  /** `query`: the same query once more, compiled already. */
  readonly againMilliseconds?: number;
}

export interface BoundResult {
  readonly readMilliseconds: number;
  readonly computeMilliseconds: number;
}

/** Pages pinned together, as the executor does. */
const RUN_PAGES = 8;

/**
 * `make` writes the model (not measured), `register` and `query` are ours, `bound` is what limits them, `peer` is ONNX
 * Runtime.
 */
export type Step = 'make' | 'register' | 'query' | 'bound' | 'peer';

/** Runs one step in a process of its own; undefined where the runtime has not been built. */
export function runStep<T = StepResult>(step: Step, options: WideOptions): T | undefined {
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), step, JSON.stringify(options)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0)
    throw new Error(`bench wide: the step '${step}' ended with ${child.signal ?? child.status}`);
  return child.stdout === '' ? undefined : (JSON.parse(child.stdout) as T);
}

const STEPS = { make, register, query, bound, peer } satisfies Record<Step, (options: WideOptions) => Promise<unknown>>;

async function make(options: WideOptions): Promise<void> {
  await wideFile(options.weightBytes);
}

function databasePath(options: WideOptions): string {
  return join(CACHE, `wide-${options.weightBytes / 2 ** 20}.intarsia`);
}

async function register(options: WideOptions): Promise<StepResult | undefined> {
  mkdirSync(CACHE, { recursive: true });
  rmSync(databasePath(options), { force: true });
  const table = join(CACHE, `tx-${options.rowCount}.parquet`);
  if (!existsSync(table)) writeTransactions(table, options.rowCount);
  const start = performance.now();
  const db = await openDatabase(databasePath(options), options);
  if (db === undefined) return undefined;
  await db.importFile('tx', table);
  await db.createModel('wide', await wideFile(options.weightBytes));
  await db.close();
  return finished(start, []);
}

async function query(options: WideOptions): Promise<StepResult | undefined> {
  const start = performance.now();
  const db = await openDatabase(databasePath(options), options);
  if (db === undefined) return undefined;
  const scores: number[] = [];
  const sql = `SELECT (predict(wide, ${FEATURES.join(', ')}))[2] AS score FROM tx ORDER BY id`;
  for await (const batch of db.query(sql)) {
    for (let row = 0; row < batch.numRows; row++) scores.push(Number(batch.getChildAt(0)?.get(row)));
  }
  const result = finished(start, scores);
  // Again, with what was compiled: the pages have to be read as before, for they do not fit.
  const again = performance.now();
  await db.query(sql).run();
  const againMilliseconds = performance.now() - again;
  await db.close();
  return { ...result, againMilliseconds };
}

/**
 * What the query cannot be faster than on this machine: every page of weights read once, every product computed once.
 * Measured with what the query uses: page runs pinned one after the other, the dense kernel alone on each thread.
 */
async function bound(options: WideOptions): Promise<BoundResult> {
  const file = await DatabaseFile.open(databasePath(options), { memoryLimitBytes: 64 * 2 ** 20, readOnly: true });
  const snapshot = file.snapshot();
  const model = (await snapshot.model('wide'))!;
  const pages = [...new Set(model.tensors.flatMap((tensor) => tensor.blocks.map((block) => block.page)))].sort(
    (a, b) => a - b,
  );
  const scan = async (): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < pages.length; i += RUN_PAGES)
      (await file.pool.pin({ pages: pages.slice(i, i + RUN_PAGES) })).release();
    return performance.now() - start;
  };
  await scan();
  const readMilliseconds = Math.min(await scan(), await scan());
  snapshot.release();
  await file.close();
  enableSimd();
  const { calibrateTier } = await import('../backends/wasm/calibrate.js');
  const { measured } = await calibrateTier();
  const gflops = Math.max(...measured.map((entry) => entry.gflops)) * options.threads;
  const flops = 2 * options.rowCount * (options.weightBytes / 4);
  return { readMilliseconds, computeMilliseconds: flops / gflops / 1e6 };
}

async function peer(options: WideOptions): Promise<StepResult> {
  const { openOrtModel, ortMatrix } = await import('../test/support/ort.js');
  const x = new Float32Array(options.rowCount * FEATURES.length);
  for (let column = 0; column < FEATURES.length; column++) {
    feature(options.rowCount, column).forEach((value, row) => {
      x[row * FEATURES.length + column] = value;
    });
  }
  const start = performance.now();
  const model = await openOrtModel(await wideFile(options.weightBytes), { threads: options.threads });
  const { probabilities } = await model.run({ x: ortMatrix(x, FEATURES.length) });
  await model.close();
  return finished(
    start,
    (probabilities.values as Float32Array).filter((_, index) => index % 2 === 1),
  );
}

function finished(start: number, scores: Iterable<number>): StepResult {
  // maxRSS is in KiB, whatever the platform's getrusage says.
  return {
    milliseconds: performance.now() - start,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    scores: [...scores],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [step, options] = process.argv.slice(2);
  const result = await STEPS[step as Step](JSON.parse(options) as WideOptions);
  if (result !== undefined) process.stdout.write(JSON.stringify(result));
}
