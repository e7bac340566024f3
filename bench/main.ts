/**
 * `npm run bench -- serve`: our times beside the peer's, case by case. `npm run bench -- wide`: a model larger
 * than its memory. `npm run bench -- cold`: from the start of a process to its first row.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { CASES, type BenchCase } from './cases.js';
import { COLD_CASES, measureCold } from './cold.js';
import { measure } from './measure.js';
import { openOurs } from './ours.js';
import { tunePeer } from './peer/duckdb-ort.js';
import { runStep, type BoundResult, type WideOptions } from './wide.js';

const USAGE = `usage: npm run bench -- serve [--case NAME]... [--threads N] [--runs N] [--peer-only] [--json]
       npm run bench -- wide [--mib N] [--rows N] [--memory LIMIT] [--threads N] [--peer-only] [--json]
       npm run bench -- cold [--runs N] [--json]

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
  if (!options.json)
    console.log(`${'case'.padEnd(18)}${'ours ms'.padStart(9)}${'peer ms'.padStart(9)}${'ratio'.padStart(8)}  peer`);
  for (const benchCase of cases) {
    const peer = await tunePeer(benchCase, options.threads, (line) => console.error(line));
    const ours = options.peerOnly ? undefined : await openOurs(benchCase, options.threads);
    const timing = await measure({ ours, peer }, options.runs);
    await ours?.close();
    await peer.close();
    if (timing.difference !== undefined && timing.difference > TOLERANCE) {
      console.error(
        `${benchCase.name}: the answers differ by ${timing.difference}, at most ${TOLERANCE} was expected`,
      );
      agreed = false;
    }
    const ratio = timing.ours === undefined ? undefined : timing.peer / timing.ours;
    console.log(
      options.json
        ? JSON.stringify({
            suite: 'serve',
            case: benchCase.name,
            node: process.version,
            threads: options.threads,
            ours_ms: rounded(timing.ours, 1),
            peer: peer.name,
            peer_ms: rounded(timing.peer, 1),
            ratio: rounded(ratio, 2),
          })
        : `${benchCase.name.padEnd(18)}${shown(timing.ours, 1).padStart(9)}${shown(timing.peer, 1).padStart(9)}` +
            `${shown(ratio, 2).padStart(8)}  ${peer.name}`,
    );
  }
  return agreed;
}

/**
 * A model of `weightBytes` under `memoryLimit`: times, peaks of resident memory, and the largest difference of a
 * score.
 */
function wide(options: WideOptions & { readonly json: boolean; readonly peerOnly: boolean }): boolean {
  runStep('make', options);
  const registered = options.peerOnly ? undefined : runStep('register', options);
  const ours = options.peerOnly ? undefined : runStep('query', options);
  const limit = options.peerOnly ? undefined : runStep<BoundResult>('bound', options);
  const boundMilliseconds =
    limit === undefined ? undefined : Math.max(limit.readMilliseconds, limit.computeMilliseconds);
  const again = ours?.againMilliseconds;
  const peer = runStep('peer', options);
  if (peer === undefined) throw new Error('ONNX Runtime gave no result');
  const difference =
    ours === undefined
      ? undefined
      : peer.scores.reduce(
          (most, score, row) => Math.max(most, Math.abs(score - (ours.scores[row] ?? Infinity))),
          0,
        );
  const mib = (bytes: number | undefined): number | null =>
    rounded(bytes === undefined ? undefined : bytes / 2 ** 20, 0);
  const row = {
    suite: 'wide',
    case: `wide-${mib(options.weightBytes)}MiB`,
    node: process.version,
    threads: options.threads,
    rows: options.rowCount,
    memory_limit: options.memoryLimit,
    ours_ms: rounded(ours?.milliseconds, 0),
    ours_again_ms: rounded(again, 0),
    read_ms: rounded(limit?.readMilliseconds, 0),
    compute_ms: rounded(limit?.computeMilliseconds, 0),
    of_bound: rounded(
      again === undefined || boundMilliseconds === undefined ? undefined : again / boundMilliseconds,
      2,
    ),
    ours_peak_mib: mib(ours?.peakBytes),
    register_ms: rounded(registered?.milliseconds, 0),
    register_peak_mib: mib(registered?.peakBytes),
    peer: 'ort',
    peer_ms: rounded(peer.milliseconds, 0),
    peer_peak_mib: mib(peer.peakBytes),
    difference: difference ?? null,
  };
  if (options.json) console.log(JSON.stringify(row));
  else for (const [name, value] of Object.entries(row)) console.log(`${name.padEnd(18)}${value ?? '-'}`);
  return difference === undefined || difference <= TOLERANCE;
}

/** `ratio` is the peer's time by ours, as everywhere; `of_node` is ours by `node -e 0`. */
async function cold(options: { readonly runs: number; readonly json: boolean }): Promise<void> {
  if (!options.json)
    console.log(
      `${'case'.padEnd(18)}${'ours ms'.padStart(9)}${'node ms'.padStart(9)}${'of node'.padStart(9)}${'peer ms'.padStart(9)}${'ratio'.padStart(8)}`,
    );
  for (const coldCase of COLD_CASES) {
    const { ours, node, peer } = await measureCold(coldCase, options.runs);
    const ratio = peer === undefined ? undefined : peer / ours;
    console.log(options.json
      ? JSON.stringify({
            suite: 'cold',
            case: coldCase.name,
            node: process.version,
            threads: availableParallelism(),
            ours_ms: rounded(ours, 1),
        peer: peer === undefined ? null : 'duckdb+ort', peer_ms: rounded(peer, 1), ratio: rounded(ratio, 2),
        node_ms: rounded(node, 1), of_node: rounded(ours / node, 2),
      })
        : coldCase.name.padEnd(18) +
            shown(ours, 1).padStart(9) +
            shown(node, 1).padStart(9) +
            shown(ours / node, 2).padStart(9) +
            shown(peer, 1).padStart(9) +
            shown(ratio, 2).padStart(8),
    );
  }
}

function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined ? null : Number(value.toFixed(digits));
}

function shown(value: number | undefined, digits: number): string {
  return value === undefined ? '-' : value.toFixed(digits);
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new TypeError(`--${option}: found '${text}', expected a whole number above 0`);
  return value;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      case: { type: 'string', multiple: true },
      threads: { type: 'string', default: '2' },
      runs: { type: 'string', default: '7' },
      json: { type: 'boolean', default: false },
      'peer-only': { type: 'boolean', default: false },
      mib: { type: 'string', default: '1024' },
      rows: { type: 'string', default: '64' },
      memory: { type: 'string', default: '256MiB' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const common = { threads: positive(values.threads, 'threads'), json: values.json, peerOnly: values['peer-only'] };
  if (positionals.length === 1 && positionals[0] === 'wide') {
    const weightBytes = positive(values.mib, 'mib') * 2 ** 20;
    return wide({ ...common, weightBytes, rowCount: positive(values.rows, 'rows'), memoryLimit: values.memory })
      ? 0
      : 1;
  }
  if (positionals.length === 1 && positionals[0] === 'cold') {
    await cold({ runs: positive(values.runs, 'runs'), json: values.json });
    return 0;
  }
  const unknown = values.case?.find((name) => !CASES.some((benchCase) => benchCase.name === name));
  if (positionals.length !== 1 || positionals[0] !== 'serve' || unknown !== undefined) {
    console.error(unknown === undefined ? USAGE : `no case '${unknown}'\n${USAGE}`);
    return 2;
  }
  const cases = CASES.filter(({ name }) => values.case === undefined || values.case.includes(name));
  return (await serve(cases, { ...common, runs: positive(values.runs, 'runs') })) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  const misused = error instanceof TypeError && error.message.startsWith('--');
  console.error(misused ? error.message : error);
  // What a failed bench has left open should not keep it alive.
  process.exit(misused ? 2 : 1);
}
