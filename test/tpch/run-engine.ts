/** Prints which TPC-H queries the engine answers: `node dist/test/tpch/run-engine.js [query ...]`. */
import { tpchOnEngine } from './engine-data.js';
import { runTpch, TPCH_QUERIES } from './runner.js';

const database = await tpchOnEngine();
const wanted = process.argv.length > 2 ? process.argv.slice(2).map(Number) : TPCH_QUERIES;
let passed = 0;
for (const query of wanted) {
  const outcome = await runTpch(query, (sql) => database.text(sql));
  if (outcome.passed) passed++;
  console.log(`q${query}: ${outcome.passed ? 'passed' : outcome.reason} (${Math.round(outcome.milliseconds)} ms)`);
}
console.log(`${passed} of ${wanted.length}`);
await database.close();
