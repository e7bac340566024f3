/** Prints how much of the conformance suite the engine passes: `node dist/test/slt/run-engine.js [part of a file name]`. */
import { runSuite } from './suite.js';

const outcomes = await runSuite(process.argv[2] ?? '');
for (const outcome of outcomes) if (!outcome.passed) console.log(`${outcome.id} ${outcome.reason}`);
console.log(`# ${outcomes.filter((outcome) => outcome.passed).length} of ${outcomes.length}`);
