/**
 * TPC-H at sf0.01: the 22 queries against the answers beside them. In: an engine holding the eight tables, as a
 * function from SQL to rows of text. Out: which queries agree, and the first difference of the others.
 */
import { readFileSync } from 'node:fs';
import { TPCH_FOLDER } from '../slt/folder.js';
import type { Execute } from '../slt/runner.js';

export const TPCH_TABLES = [
  'region',
  'nation',
  'supplier',
  'customer',
  'part',
  'partsupp',
  'orders',
  'lineitem',
] as const;
export const TPCH_QUERIES: readonly number[] = Array.from({ length: 22 }, (_, i) => i + 1);

export interface TpchOutcome {
  readonly query: number;
  readonly passed: boolean;
  readonly reason: string;
  readonly milliseconds: number;
}

const twoDigits = (query: number): string => String(query).padStart(2, '0');

export function tpchSchema(): string {
  return readFileSync(`${TPCH_FOLDER}schema.sql`, 'utf8');
}

/** The fields of each row of a table's data file. */
export function tpchRows(table: string): readonly (readonly string[])[] {
  const lines = readFileSync(`${TPCH_FOLDER}data_sf0.01/${table}.tbl`, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => (line.endsWith('|') ? line.slice(0, -1) : line).split('|'));
}

export function tpchSql(query: number): string {
  return readFileSync(`${TPCH_FOLDER}queries/q${twoDigits(query)}.sql`, 'utf8');
}

export async function runTpch(query: number, execute: Execute): Promise<TpchOutcome> {
  const start = performance.now();
  const done = (reason: string): TpchOutcome => ({
    query,
    passed: reason === '',
    reason,
    milliseconds: performance.now() - start,
  });
  try {
    return done(difference(answerOf(query), await execute(tpchSql(query))));
  } catch (error) {
    return done((error as Error).message.split('\n')[0]!);
  }
}

function answerOf(query: number): readonly (readonly string[])[] {
  // The last line ends the file; an empty one before it is a row of one NULL.
  const [, ...lines] = readFileSync(`${TPCH_FOLDER}answers/sf0.01/q${twoDigits(query)}.csv`, 'utf8')
    .replace(/\n$/, '')
    .split('\n');
  return lines.map((line) => line.split('|'));
}

function difference(expected: readonly (readonly string[])[], found: readonly (readonly string[])[]): string {
  if (expected.length !== found.length) return `${found.length} rows, expected ${expected.length}`;
  for (const [i, row] of expected.entries()) {
    const other = found[i]!;
    if (row.length !== other.length || row.some((value, j) => !sameValue(value, other[j]!)))
      return `row ${i + 1}: ${other.join('|')}, expected ${row.join('|')}`;
  }
  return '';
}

/** Numbers agree within 1e-9 of their size; NULL is an empty field in the answers. */
function sameValue(expected: string, found: string): boolean {
  if (expected === found || (expected === '' && found === 'NULL')) return true;
  const [a, b] = [Number(expected), Number(found)];
  return expected !== '' && Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a));
}
