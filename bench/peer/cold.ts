/**
 * What a user without Intarsia starts: DuckDB joins, ONNX Runtime scores the first chunk, its rows are printed as CSV.
 *
 *   node dist/bench/peer/cold.js DATABASE MODEL SQL INPUT,INPUT,...
 *
 * The SQL gives the carrier, the destination, then the inputs. Both packages load at the same time as each other, and
 * the model is read while DuckDB joins.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';

const [databasePath, modelPath, sql, names] = process.argv.slice(2) as [string, string, string, string];
const inputs = names.split(',');

const [{ DuckDBInstance }, { InferenceSession, Tensor }] = await Promise.all([
  import('@duckdb/node-api'),
  import('onnxruntime-node'),
]);
const session = InferenceSession.create(modelPath);
const instance = await DuckDBInstance.create(databasePath, { access_mode: 'READ_ONLY' });
const connection = await instance.connect();
const result = await connection.stream(sql);
const chunk: DuckDBDataChunk | null = await result.fetchChunk();
if (chunk === null) throw new Error('the join gave no rows');
const feeds = Object.fromEntries(
  inputs.map((name, i) => [
    name,
    new Tensor('float32', Float32Array.from(chunk.getColumnValues(i + 2) as number[]), [chunk.rowCount, 1]),
  ]),
);
const { probabilities } = await (await session).run(feeds, ['probabilities']);
const scores = probabilities!.data as Float32Array;
const [carriers, destinations] = [chunk.getColumnValues(0), chunk.getColumnValues(1)];
let text = 'carrier,dest,late\n';
for (let row = 0; row < chunk.rowCount; row++)
  text += `${String(carriers[row])},${String(destinations[row])},${scores[2 * row + 1]}\n`;
process.stdout.write(text);
