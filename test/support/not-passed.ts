/**
 * Lists of cases of public suites that are not passed yet, with the reason: a line is `id<space>reason`.
 * They may only shrink: a case that fails and is not listed fails the test, and so does a listed one that passes.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface CaseOutcome {
  readonly id: string;
  readonly passed: boolean;
  readonly reason: string;
}

/** `file` is relative to the repository's root. */
export function readNotPassed(file: string): ReadonlyMap<string, string> {
  const path = fileURLToPath(new URL(`../../../${file}`, import.meta.url));
  const lines = readFileSync(path, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => {
    const space = line.indexOf(' ');
    return [line.slice(0, space), line.slice(space + 1)] as const;
  }));
}

/** What is wrong with the outcomes, given the list; empty when all is as it should be. */
export function compareWithList(
  outcomes: readonly CaseOutcome[],
  list: ReadonlyMap<string, string>,
): readonly string[] {
  const ran = new Set(outcomes.map((outcome) => outcome.id));
  return [
    ...outcomes
      .filter((outcome) => !outcome.passed && !list.has(outcome.id))
      .map((outcome) => `${outcome.id} fails: ${outcome.reason}`),
    ...outcomes
      .filter((outcome) => outcome.passed && list.has(outcome.id))
      .map((outcome) => `${outcome.id} passes now: take it off the list`),
    ...[...list.keys()].filter((id) => !ran.has(id)).map((id) => `${id} is listed, but there is no such case`),
  ];
}
