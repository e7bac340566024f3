/** Every function and aggregate has an example, which is what it says. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AGGREGATES } from '../../frontend/sql/functions/aggregates.js';
import { FUNCTIONS } from '../../frontend/sql/functions/table.js';
import { askDuckDB } from '../support/duckdb.js';
import { OracleDatabase } from '../support/oracle-database.js';

const database = new OracleDatabase();

for (const { name, example: [sql, answer] } of [...FUNCTIONS, ...AGGREGATES]) {
  test(`${name}: ${sql}`, () => {
    assert.equal(database.text(sql), [[answer]]);
  });
}

/** Functions that DuckDB does not have under these names or with these arguments, and one it computes less exactly. */
const NOT_DUCKDB: ReadonlySet<string> = new Set(['erf', 'sigmoid', 'to_text', 'dow', 'doy', 'round_even', 'cbrt']);

test("the examples' answers are DuckDB's", async () => {
  const entries = [...FUNCTIONS, ...AGGREGATES].filter(({ name }) => !NOT_DUCKDB.has(name));
  const answers = await askDuckDB(entries.map(({ example: [sql] }) => `(${sql})`));
  assert.equal(entries.map(({ example: [sql, answer] }) => `${sql}: ${answer}`),
    entries.map(({ example: [sql] }, i) => `${sql}: ${answers[i]}`));
});

/** Where a composition of primitives is easily wrong. */
const EDGES = [
  "concat_ws(NULL, 'a')", "concat_ws('-', NULL)", "concat_ws(',', '', 'a', '')", "concat_ws('é€', NULL, 1.50, true)",
  "last_day(DATE '2024-01-31')", "last_day(DATE '1900-02-01')", "last_day(TIMESTAMP '2023-12-31 23:59:59')",
  "last_day(DATE '0001-02-01')", 'last_day(NULL)', "dayname(TIMESTAMP '1969-12-28 01:00:00')",
  "monthname(DATE '0001-02-01')", "epoch_ms(TIMESTAMP '1969-12-31 23:59:59.9994')", "epoch_ms(DATE '1969-12-31')",
  "epoch_ms(TIME '00:00:01')", 'epoch_ms(INTERVAL 2 DAYS)', 'epoch_ms(-1)', 'epoch_ms(1688460000123)',
  'epoch_ms(9223372036854775807)', "isoyear(DATE '2018-12-31')", "yearweek(DATE '2018-12-31')",
  "decade(DATE '0001-01-01')", "century(DATE '2000-12-31')", "microsecond(TIME '01:02:03.456789')",
];

/** Where JavaScript reads a regular expression otherwise than RE2, and where both agree. */
const PATTERNS = [
  "regexp_matches('a' || chr(13) || 'b', 'a.b')", "regexp_matches('a' || chr(10) || 'b', 'a.b')",
  "regexp_matches('a' || chr(8232) || 'b', 'a.b')", "regexp_matches('a' || chr(10) || 'b', '(?s)a.b')",
  "length(regexp_extract('k=v' || chr(13), 'k=(.*)$', 1))", "regexp_matches('axb', 'a[.]b')",
  "regexp_matches('axb', 'a\\.b')", "regexp_matches('a' || chr(160), 'a\\s')",
  "regexp_matches('a' || chr(11), 'a[\\s]')", "regexp_matches('a b', 'a\\Sb')",
  "regexp_extract('12ab', '[[:alpha:]]+')", "regexp_extract('a-B_c', '[[:upper:]_-]+')",
  "regexp_extract('1é2', '\\pL+')", "regexp_extract('xαβ', '\\p{Greek}+')", "regexp_extract('xαβ', '[\\p{Greek}]+')",
  "regexp_extract('ab', '\\PN+')", "regexp_matches('x', '\\Ax\\z')", "regexp_matches('x' || chr(10), '(?m)x\\z')",
  "regexp_matches('a]', '[]]')", "regexp_matches('b', '[^]a]')", "regexp_extract('foo', '(?P<n>o)')",
  "regexp_matches('a.b+', '\\Qa.b+\\E')", "regexp_matches('axb+', '\\Qa.b\\E')",
  "regexp_matches('a😀', 'a\\x{1F600}')", "regexp_matches('a', '[\\x{61}-\\x{62}]')",
  "regexp_replace('abc', '(b)', '[\\1\\0]')", "regexp_matches('a[', '[[]')", "regexp_matches('a\\b', 'a\\\\b')",
];

test("functions are DuckDB's at their edges", () => sameAsDuckDB(EDGES));
test("regular expressions are DuckDB's", () => sameAsDuckDB(PATTERNS));

async function sameAsDuckDB(expressions: readonly string[]): Promise<void> {
  const answers = await askDuckDB(expressions);
  const own = (expression: string): string => {
    try {
      return database.text(`SELECT (${expression})::VARCHAR`)[0]![0]!;
    } catch {
      return 'error';
    }
  };
  assert.equal(expressions.map((expression) => `${expression}: ${own(expression)}`),
    expressions.map((expression, i) => `${expression}: ${answers[i]}`));
}

test('no two functions share a name', () => {
  const names = [...FUNCTIONS, ...AGGREGATES].flatMap((entry) => [entry.name, ...(entry.aliases ?? [])]);
  assert.equal(names.length, new Set(names).size);
});

test.run();
