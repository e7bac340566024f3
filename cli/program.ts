/**
 * The program `intarsia`: finds the command and runs it. Each command is loaded only when called, so that `run` starts
 * without the rest.
 */
import { readFileSync } from 'node:fs';
import { runCommand, UsageError, type Command } from './command.js';
import { exitCodeOf } from './process.js';
import { write } from './stdout.js';

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  demo: {
    summary: 'Three models over 336,776 flights, from import to plan.wasm, in under a minute.',
    load: async () => (await import('./demo.js')).demo,
  },
  import: {
    summary: 'Make a table of a CSV, Parquet or Arrow file.',
    load: async () => (await import('./import.js')).importCommand,
  },
  model: { summary: 'Add, list, inspect or remove models.', load: async () => (await import('./model.js')).model },
  query: { summary: 'Run SQL and print or save what it gives.', load: async () => (await import('./query.js')).query },
  compile: {
    summary: 'Compile a query and its models to plan.wasm.',
    load: async () => (await import('./compile.js')).compile,
  },
  run: { summary: 'Run a plan.wasm; no compiler is loaded.', load: async () => (await import('./run.js')).run },
  explain: {
    summary: 'Show how a query would run, and why so.',
    load: async () => (await import('./explain.js')).explain,
  },
  info: { summary: 'Show what a database file holds.', load: async () => (await import('./info.js')).info },
  verify: {
    summary: 'Check every page of a database file.',
    load: async () => (await import('./verify.js')).verifyCommand,
  },
  calibrate: {
    summary: "Measure this machine's kernels.",
    load: async () => (await import('./calibrate.js')).calibrateCommand,
  },
};

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return [
    'Intarsia: SQL and ONNX models in one plan, next to the data.', '',
    'usage: intarsia COMMAND ...', '',
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`), '',
    'intarsia COMMAND --help shows its options and an example; intarsia --version its version.', '',
    'example:', '  intarsia import shop.db tx tx.parquet', '',
  ].join('\n');
}

/** Of the package: from `dist/cli/` and `dist/bin/` alike. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

async function run(words: readonly string[], signal: AbortSignal): Promise<number> {
  const [name, ...rest] = words;
  if (name === '--help' || name === '-h' || name === 'help') {
    write(overview());
    return 0;
  }
  if (name === '--version' || name === '-v') {
    write(`${version()}\n`);
    return 0;
  }
  if (name === undefined) throw new UsageError(`expected a command\n\n${overview()}`);
  if (!Object.hasOwn(COMMANDS, name))
    throw new UsageError(`there is no command '${name}'; there are ${Object.keys(COMMANDS).join(', ')}`);
  return runCommand(await COMMANDS[name]!.load(), rest, signal);
}

/** Does what the command line's words say; answers the exit code, with what went wrong printed. */
export function main(words: readonly string[]): Promise<number> {
  return exitCodeOf((signal) => run(words, signal));
}
