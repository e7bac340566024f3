/** The grammar: no ambiguity, time in proportion to the text, and scripts are cut at their semicolons. */
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buildGrammar, parseStatements } from '../../frontend/sql/parse.js';
import { HAS_CONFORMANCE, TPCH_FOLDER } from '../slt/folder.js';
import { timesAsLong } from '../support/processor-time.js';

test('the grammar has no ambiguity that is not decided by a gate', () => {
  buildGrammar({ validate: true });
});

test('a script is its statements, empty ones left out', () => {
  const kinds = parseStatements(";SELECT 1;; BEGIN; -- a ; in a comment\n SELECT ';'; COMMIT").map(
    (statement) => statement.kind,
  );
  assert.equal(kinds, ['query', 'transaction', 'query', 'transaction']);
});

test('a statement ends at a semicolon, not where what follows could be another', () => {
  for (const [sql, word] of [
    ['UPDATE t SET a = 1 FROM u WHERE u.b = 2', 'FROM'],
    ['DELETE FROM t FROM u', 'FROM'],
    ['DROP TABLE t SELECT 1', 'SELECT'],
    ['SELECT 1 (SELECT 2)', '('],
    ['SELECT 1; COMMIT BEGIN;', 'BEGIN'],
  ] as const)
    assert.throws(() => parseStatements(sql), `expected ";" or the end of the statement, found "${word}"`);
});

test('an INSERT of four times the rows takes about four times as long to parse', () => {
  const insert = (rows: number): string =>
    `INSERT INTO t VALUES ${
      Array.from({ length: rows }, (_, i) => `(${i}, 'name ${i}', 1.5, DATE '2020-01-01', NULL, -3)`).join(', ')
    }`;
  const [small, large] = [insert(500), insert(2000)];
  const growth = timesAsLong({ small: () => parseStatements(small), large: () => parseStatements(large) });
  assert.ok(growth < 8, `four times the rows take ${growth.toFixed(1)} times as long`);
});

test('strings and quoted names may be as long as memory allows', () => {
  const long = 'x'.repeat(20_000_000);
  for (const written of [`'${long}'`, `e'${long}'`, `"${long}"`]) parseStatements(`SELECT ${written}`);
});

test('keywords that are not reserved are names', () => {
  parseStatements('SELECT data, model, key, "select", t.first FROM range r, values WHERE filter > 1');
});

test('every expression knows its place', () => {
  const sql = 'SELECT a + (b * 2) AS c FROM t';
  const [statement] = parseStatements(sql);
  assert.is(statement!.kind, 'query');
  if (statement!.kind !== 'query' || statement!.query.body.kind !== 'select') throw new Error('a select');
  const { span } = statement!.query.body.items[0]!.expr;
  assert.is(sql.slice(span.start, span.end), 'a + (b * 2)');
});

if (HAS_CONFORMANCE) {
  test('all queries of TPC-H parse', () => {
    for (const file of readdirSync(`${TPCH_FOLDER}queries`)) {
      assert.is(parseStatements(readFileSync(`${TPCH_FOLDER}queries/${file}`, 'utf8')).length, 1);
    }
  });
}

test.run();
