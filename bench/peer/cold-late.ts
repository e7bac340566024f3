/**
 * The demo's query as a user without Intarsia would run it from a cold process: DuckDB joins, ONNX Runtime scores with
 * the trees, and those they think late with the network; printed as CSV, as they come or the 15 surest. The logistic
 * score, a map, is left out: this ONNX Runtime does not give maps.
 *
 *   node dist/bench/peer/cold-late.js DATABASE MODELS SQL INPUT,INPUT,... rows|top
 *
 * The SQL gives the columns to print, then the inputs.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { InferenceSession as Session } from 'onnxruntime-node';

const PRINTED = 8;
const TOP = 15;

const [databasePath, models, sql, names, mode] = process.argv.slice(2) as [string, string, string, string, string];
const inputs = names.split(',');
/** Rows scored at once: one chunk of DuckDB where the first row is wanted, more where all are. */
const batchRows = mode === 'top' ? 16_384 : 2048;

const [{ DuckDBInstance }, { InferenceSession, Tensor }] = await Promise.all([
  import('@duckdb/node-api'),
  import('onnxruntime-node'),
]);
const sessions = ['late_gbdt', 'late_mlp'].map((name) => InferenceSession.create(`${models}/${name}.onnx`));
const instance = await DuckDBInstance.create(databasePath, { access_mode: 'READ_ONLY' });
const result = await (await instance.connect()).stream(sql);

interface Late {
  /** Of the columns that are printed. */
  readonly values: readonly unknown[];
  readonly inputs: readonly number[];
  readonly trees: number;
}

async function run(session: Promise<Session>, columns: readonly Float32Array[]): ReturnType<Session['run']> {
  const dims = [columns[0]!.length, 1];
  return (await session).run(Object.fromEntries(inputs.map((name, i) => [name, new Tensor('float32', columns[i]!, dims)])));
}

/** Those of the chunks' rows that the trees think late; only these become rows. */
async function late(chunks: readonly DuckDBDataChunk[], rowCount: number): Promise<readonly Late[]> {
  const columns = inputs.map((_, i) => {
    const values = new Float32Array(rowCount);
    let at = 0;
    for (const chunk of chunks) {
      values.set(chunk.getColumnValues(PRINTED + i) as number[], at);
      at += chunk.rowCount;
    }
    return values;
  });
  const given = await run(sessions[0]!, columns);
  const labels = given['label']!.data as BigInt64Array;
  const trees = given['probabilities']!.data as Float32Array;
  const found: Late[] = [];
  let at = 0;
  for (const chunk of chunks) {
    for (let row = 0; row < chunk.rowCount; row++, at++) {
      if (labels[at] !== 1n) continue;
      const values = Array.from({ length: PRINTED }, (_, i) => chunk.getColumnVector(i).getItem(row));
      found.push({ values, inputs: columns.map((column) => column[at]!), trees: trees[2 * at + 1]! });
    }
  }
  return found;
}

async function print(found: readonly Late[]): Promise<void> {
  if (found.length === 0) return;
  const given = await run(sessions[1]!, inputs.map((_, i) => Float32Array.from(found, (one) => one.inputs[i]!)));
  const network = given['probabilities']!.data as Float32Array;
  const lines = found.map(({ values, trees }, i) => [...values, trees, network[2 * i + 1]].map(String).join(','));
  process.stdout.write(`${lines.join('\n')}\n`);
}

process.stdout.write('month,day,airline,flight,origin,dest,dep_delay,arr_delay,trees,network\n');
let batch: DuckDBDataChunk[] = [];
let rowCount = 0;
let best: readonly Late[] = [];
for (;;) {
  const chunk = await result.fetchChunk();
  const isEnd = chunk === null || chunk.rowCount === 0;
  if (!isEnd) {
    batch.push(chunk);
    rowCount += chunk.rowCount;
  }
  if (rowCount >= batchRows || (isEnd && rowCount > 0)) {
    const found = await late(batch, rowCount);
    if (mode === 'top') best = [...best, ...found].sort((a, b) => b.trees - a.trees).slice(0, TOP);
    else await print(found);
    batch = [];
    rowCount = 0;
  }
  if (isEnd) break;
}
await print(best);
