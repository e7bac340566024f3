/** `npm run bench -- serve`: our times beside the peer's, case by case. */
import { parseArgs } from 'node:util';
import { CASES, type BenchCase } from './cases.js';
import { measure } from './measure.js';
import { openOurs } from './ours.js';
import { tunePeer } from './peer/duckdb-ort.js';

const USAGE = `usage: npm run bench -- serve [--case NAME]... [--threads N] [--runs N] [--peer-only] [--json]

cases: ${CASES.map(({ name }) => name).join(', ')}
example: npm run bench -- serve --case fraud-fc-256 --threads 2 --json`;

/** Both sides answer with averages of float32 scores; more than this is a wrong answer, not rounding. */
const TOLERANCE = 1e-4;

interface ServeOptions {
  readonly threads: number;
  readonly runs: number;
  readonly json: boolean;
  readonly peerOnly: boolean;
}

async function serve(cases: readonly BenchCase[], options: ServeOptions): Promise<boolean> {
  let agreed = true;
  if (!options.json) console.log(`${'case'.padEnd(18)}${'ours ms'.padStart(9)}${'peer ms'.padStart(9)}${'ratio'.padStart(8)}  peer`);
  for (const benchCase of cases) {
    const peer = await tunePeer(benchCase, options.threads, (line) => console.error(line));
    const ours = options.peerOnly ? undefined : await openOurs(benchCase, options.threads);
    const timing = await measure({ ours, peer }, options.runs);
    await ours?.close();
    await peer.close();
    if (timing.difference !== undefined && timing.difference > TOLERANCE) {
      console.error(`${benchCase.name}: the answers differ by ${timing.difference}, at most ${TOLERANCE} was expected`);
      agreed = false;
    }
    const ratio = timing.ours === undefined ? undefined : timing.peer / timing.ours;
    console.log(options.json
      ? JSON.stringify({
        suite: 'serve', case: benchCase.name, node: process.version, threads: options.threads,
        ours_ms: rounded(timing.ours, 1), peer: peer.name, peer_ms: rounded(timing.peer, 1), ratio: rounded(ratio, 2),
      })
      : `${benchCase.name.padEnd(18)}${shown(timing.ours, 1).padStart(9)}${shown(timing.peer, 1).padStart(9)}`
        + `${shown(ratio, 2).padStart(8)}  ${peer.name}`);
  }
  return agreed;
}

function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined ? null : Number(value.toFixed(digits));
}

function shown(value: number | undefined, digits: number): string {
  return value === undefined ? '-' : value.toFixed(digits);
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`--${option}: found '${text}', expected a whole number above 0`);
  return value;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      case: { type: 'string', multiple: true }, threads: { type: 'string', default: '2' }, runs: { type: 'string', default: '7' },
      json: { type: 'boolean', default: false }, 'peer-only': { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const unknown = values.case?.find((name) => !CASES.some((benchCase) => benchCase.name === name));
  if (positionals.length !== 1 || positionals[0] !== 'serve' || unknown !== undefined) {
    console.error(unknown === undefined ? USAGE : `no case '${unknown}'\n${USAGE}`);
    return 2;
  }
  const cases = CASES.filter(({ name }) => values.case === undefined || values.case.includes(name));
  const agreed = await serve(cases, {
    threads: positive(values.threads, 'threads'), runs: positive(values.runs, 'runs'), json: values.json, peerOnly: values['peer-only'],
  });
  return agreed ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof TypeError ? 2 : 1;
}
