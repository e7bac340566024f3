/** Prints which TPC-H queries the oracle answers: `node dist/test/tpch/run-oracle.js [query ...]`. */
import { tpchOnOracle } from './oracle-data.js';
import { runTpch, TPCH_QUERIES } from './runner.js';

const database = tpchOnOracle();
const wanted = process.argv.length > 2 ? process.argv.slice(2).map(Number) : TPCH_QUERIES;
let passed = 0;
for (const query of wanted) {
  const outcome = await runTpch(query, async (sql) => database.text(sql));
  if (outcome.passed) passed++;
  console.log(`q${query}: ${outcome.passed ? 'passed' : outcome.reason} (${Math.round(outcome.milliseconds)} ms)`);
}
console.log(`${passed} of ${wanted.length}`);
