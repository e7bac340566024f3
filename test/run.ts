/**
 * The project's test runner: every `dist/test/**\/*.test.js` in a process of its own, two at a time. Arguments are
 * parts of paths: only files with one of them run. The last line is `N passed, N failed` (`, N skipped` if any).
 *
 * A file that crashes, times out or reports no totals counts as one failure.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const TEST_ROOT = fileURLToPath(new URL('.', import.meta.url));
const SOURCE_ROOT = fileURLToPath(new URL('../../test/', import.meta.url));
const PARALLEL = 2;
const TIMEOUT_MS = 15 * 60_000;
const SLOW_MS = 10_000;

interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly milliseconds: number;
  readonly output: string;
}

function testFiles(filters: readonly string[]): readonly string[] {
  return (
    readdirSync(TEST_ROOT, { recursive: true, encoding: 'utf8' })
      .filter(
        (file) => file.endsWith('.test.js') && (filters.length === 0 || filters.some((part) => file.includes(part))),
      )
      // A test that was renamed or removed leaves its build behind.
      .filter((file) => existsSync(SOURCE_ROOT + file.replace(/\.js$/, '.ts')))
      .sort()
  );
}

function runFile(file: string): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', TEST_ROOT + file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: Buffer[] = [];
    let timedOut = false;
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
      // Processes that it has started may hold them open.
      child.stdout.destroy();
      child.stderr.destroy();
    }, TIMEOUT_MS);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const reason = timedOut ? `timed out after ${TIMEOUT_MS / 1000} s` : `exit code ${code ?? signal}`;
      resolve(
        outcomeOf({
          file,
          output: Buffer.concat(chunks).toString(),
          milliseconds: performance.now() - started,
          code,
          reason,
        }),
      );
    });
  });
}

interface Ended {
  readonly file: string;
  readonly output: string;
  readonly milliseconds: number;
  readonly code: number | null;
  readonly reason: string;
}

/** uvu closes with `Total: 5`, `Passed: 4`, `Skipped: 0`. */
function outcomeOf({ file, output, milliseconds, code, reason }: Ended): Outcome {
  // uvu colours its report.
  const plain = output.replace(/\u001b\[[0-9;]*m/g, '');
  const total = (name: string): number | undefined => {
    const matches = [...plain.matchAll(new RegExp(`^\\s*${name}:\\s+(\\d+)`, 'gm'))];
    return matches.length === 0 ? undefined : Number(matches[matches.length - 1]![1]);
  };
  const [all, passed, skipped] = [total('Total'), total('Passed'), total('Skipped') ?? 0];
  if (all === undefined || passed === undefined) {
    return { file, passed: 0, failed: 1, skipped: 0, milliseconds, output: `${plain}\n${file}: no totals, ${reason}` };
  }
  const failed = Math.max(all - passed - skipped, code === 0 ? 0 : 1);
  const why = code === 0 ? 'a test threw an error that uvu cannot print: one whose `details` are no text' : reason;
  return {
    file,
    passed,
    failed,
    skipped,
    milliseconds,
    output: failed > 0 ? `${plain}\n${file}: ${why}` : plain,
  };
}

function report(outcome: Outcome): void {
  const { file, passed, failed, skipped, milliseconds } = outcome;
  const slow = milliseconds > SLOW_MS ? '  (slow)' : '';
  const counts = `${passed} passed${failed > 0 ? `, ${failed} FAILED` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  console.log(
    `${failed > 0 ? 'FAIL' : 'ok  '} ${relative('.', file)}  ${counts}  ${(milliseconds / 1000).toFixed(1)} s${slow}`,
  );
  if (failed > 0) console.log(outcome.output.trim().replace(/^/gm, '     | '));
}

async function runAll(files: readonly string[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...files];
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const outcome = await runFile(file);
      report(outcome);
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return outcomes;
}

const files = testFiles(process.argv.slice(2));
if (files.length === 0) console.log('no test file matches');
const outcomes = await runAll(files);
const sum = (count: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + count(outcome), 0);
const [passed, failed, skipped] = [sum((o) => o.passed), sum((o) => o.failed), sum((o) => o.skipped)];
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || files.length === 0 ? 1 : 0;
