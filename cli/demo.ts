/**
 * `intarsia demo`: the way from five Parquet files and three ONNX models to answers, an artifact, and a model larger
 * than memory. Everything happens in a temporary folder. In: the files under `examples/`. Out: what a user would type,
 * and what it gives.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineCommand } from './command.js';
import { showArtifact, showFlights } from './demo-flights.js';
import { showWide } from './demo-wide.js';
import { Narrator } from './narrator.js';

/** The repository, or the installed package: from `dist/cli/`. */
const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

export const demo = defineCommand({
  usage: 'demo [options]',
  summary:
    'Imports five tables of flights, registers three models, predicts late arrivals in SQL, runs the compiled plan, then a model larger than its memory.',
  example: 'intarsia demo',
  positionals: [0, 0],
  options: {
    keep: { type: 'boolean', help: 'Leave the databases in the temporary folder and say where it is.' },
    'no-wide': { type: 'boolean', help: 'Leave out the model that is larger than its memory.' },
  },
  async run(_positionals, options, signal) {
    const folder = await mkdtemp(join(tmpdir(), 'intarsia-demo-'));
    const tell = new Narrator();
    const place = {
      folder,
      flights: join(EXAMPLES, 'flights'),
      sql: await readFile(join(EXAMPLES, 'flights', 'late_demo.sql'), 'utf8'),
    };
    try {
      await Promise.race([interruption(signal), (async () => {
        await showFlights(tell, place);
        await showArtifact(tell, place);
        if (!options['no-wide']) await showWide(tell, folder);
        tell.say(`That was all: ${tell.seconds()} s.`);
      })()]);
    } finally {
      if (options.keep) tell.say(`The databases are in ${folder}.`);
      else await rm(folder, { recursive: true, force: true });
    }
  },
});

/** Never resolves. What is under way then ends with the process; the folder must not stay. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
