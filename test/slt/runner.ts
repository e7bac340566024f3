/**
 * Runs sqllogictest files on an engine. In: records, and `execute`, which gives a statement's rows as text.
 * Out: which queries passed, and why the others did not. A query's id is `file:line`.
 */
import { parseRecords, type QueryRecord } from './records.js';

export type Execute = (sql: string) => Promise<readonly (readonly string[])[]>;

export interface SltOutcome {
  readonly id: string;
  readonly passed: boolean;
  /** Why not, in one line. */
  readonly reason: string;
}

/** `execute` is of a fresh, empty database. */
export async function runFile(file: string, text: string, execute: Execute): Promise<readonly SltOutcome[]> {
  const outcomes: SltOutcome[] = [];
  for (const record of parseRecords(text)) {
    const id = `${file}:${record.line}`;
    if (record.kind === 'statement') {
      await execute(record.sql).catch(() => undefined);
      continue;
    }
    outcomes.push({ id, ...(await runQuery(record, execute)) });
  }
  return outcomes;
}

async function runQuery(record: QueryRecord, execute: Execute): Promise<{ passed: boolean; reason: string }> {
  let rows: readonly (readonly string[])[];
  try {
    rows = await execute(record.sql);
  } catch (error) {
    return { passed: false, reason: (error as Error).message.split('\n')[0]! };
  }
  const found = sorted(
    rows.map((row) => row.map((value) => (value === '' ? '(empty)' : value))),
    record,
  );
  const expected = sorted(
    record.expected.map((line) => line.split('\t')),
    record,
  );
  const differs = expected.findIndex((row, i) => !sameRow(row, found[i], record.types));
  if (differs < 0 && found.length === expected.length) return { passed: true, reason: '' };
  if (found.length !== expected.length)
    return { passed: false, reason: `${found.length} rows, expected ${expected.length}` };
  return {
    passed: false,
    reason: `row ${differs + 1}: ${found[differs]!.join('|')}, expected ${expected[differs]!.join('|')}`,
  };
}

function sorted(rows: readonly (readonly string[])[], record: QueryRecord): readonly (readonly string[])[] {
  switch (record.sort) {
    case 'nosort':
      return rows;
    case 'rowsort':
      return [...rows].sort((a, b) => (a.join('\t') < b.join('\t') ? -1 : 1));
    case 'valuesort':
      return rows
        .flat()
        .sort()
        .map((value) => [value]);
  }
}

/** Engines differ in the case of these. */
const NOT_A_NUMBER = /^(nan|-?inf(inity)?)$/i;

/** Reals agree within 1e-9 of their size, as engines print different numbers of digits. */
function sameRow(expected: readonly string[], found: readonly string[] | undefined, types: string): boolean {
  return (
    found !== undefined &&
    expected.length === found.length &&
    expected.every((value, i) => {
      if (value === found[i] || (NOT_A_NUMBER.test(value) && value.toLowerCase() === found[i]!.toLowerCase()))
        return true;
      const [a, b] = [Number(value), Number(found[i])];
      return (
        types[i] !== 'T' &&
        value !== 'NULL' &&
        found[i] !== 'NULL' &&
        Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a))
      );
    })
  );
}
