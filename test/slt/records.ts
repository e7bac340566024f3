/** sqllogictest files: a text into its records. Columns of expected rows are TAB separated. */

export interface StatementRecord {
  readonly kind: 'statement';
  readonly line: number;
  readonly expect: 'ok' | 'error';
  readonly sql: string;
}

export interface QueryRecord {
  readonly kind: 'query';
  readonly line: number;
  /** One letter a column: I integer, R real, T text. */
  readonly types: string;
  readonly sort: 'nosort' | 'rowsort' | 'valuesort';
  readonly sql: string;
  readonly expected: readonly string[];
}

export type SltRecord = StatementRecord | QueryRecord;

export function parseRecords(text: string): readonly SltRecord[] {
  const lines = text.split('\n');
  const records: SltRecord[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [word, first = '', second = 'nosort'] = lines[i]!.split(/\s+/);
    if (word !== 'statement' && word !== 'query') continue;
    const line = i + 1;
    const sql: string[] = [];
    for (i++; i < lines.length && lines[i] !== '' && lines[i] !== '----'; i++) sql.push(lines[i]!);
    if (word === 'statement') {
      records.push({ kind: 'statement', line, expect: first === 'error' ? 'error' : 'ok', sql: sql.join('\n') });
      continue;
    }
    const expected: string[] = [];
    if (lines[i] === '----') for (i++; i < lines.length && lines[i] !== ''; i++) expected.push(lines[i]!);
    records.push({
      kind: 'query',
      line,
      types: first,
      sort: second as QueryRecord['sort'],
      sql: sql.join('\n'),
      expected,
    });
  }
  return records;
}
