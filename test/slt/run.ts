/**
 * Prints the queries of the sqllogictest files that do not pass, as lines for the lists of them:
 * `node dist/test/slt/run.js product|oracle [part of a file name]`.
 */
import { ENGINES, runSuite } from './suite.js';

const engine = ENGINES[process.argv[2] === 'oracle' ? 'oracle' : 'product'];
const outcomes = await runSuite(engine, process.argv[3] ?? '');
for (const outcome of outcomes) if (!outcome.passed) console.log(`${outcome.id} ${outcome.reason}`);
console.log(`# ${outcomes.filter((outcome) => outcome.passed).length} of ${outcomes.length}`);
