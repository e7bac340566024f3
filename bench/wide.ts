/**
 * `bench wide`: a model larger than the memory it may use, ours beside ONNX Runtime alone. Each step is a process
 * of its own, so that its peak of resident memory is its own; the steps' code is here too, and this file starts
 * itself.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, wideFile } from './inputs.js';
import { openDatabase } from './ours.js';
import { openOrtModel, ortMatrix } from '../test/support/ort.js';
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
}

/** `make` writes the model (not measured), `register` and `query` are ours, `peer` is ONNX Runtime. */
export type Step = 'make' | 'register' | 'query' | 'peer';

/** Runs one step in a process of its own; undefined where the runtime has not been built. */
export function runStep(step: Step, options: WideOptions): StepResult | undefined {
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), step, JSON.stringify(options)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0)
    throw new Error(`bench wide: the step '${step}' ended with ${child.signal ?? child.status}`);
  return child.stdout === '' ? undefined : (JSON.parse(child.stdout) as StepResult);
}

const STEPS = { make, register, query, peer } satisfies Record<Step, (options: WideOptions) => Promise<unknown>>;

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
  for await (const batch of db.query(`SELECT predict(wide, ${FEATURES.join(', ')}) AS score FROM tx ORDER BY id`)) {
    for (let row = 0; row < batch.numRows; row++) scores.push(Number(batch.getChildAt(0)?.get(row)));
  }
  await db.close();
  return finished(start, scores);
}

async function peer(options: WideOptions): Promise<StepResult> {
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
