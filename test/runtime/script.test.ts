/** What a script's statements are, one by one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { placedStatements } from '../../runtime/script.js';

const partsOf = (sql: string): { start: number; end: number }[] =>
  [...sql.matchAll(/[^;\s][^;]*/g)].map(({ index, 0: text }) => ({ start: index, end: index + text.length }));

test('a statement keeps the line and column it has in the script', () => {
  const sql = 'SELECT 1; SELECT\n2;\n\n  SELECT 3;SELECT 4;\nSELECT 5';
  assert.equal(
    [...placedStatements(sql, partsOf(sql))],
    ['SELECT 1', '          SELECT\n2', '\n\n\n  SELECT 3', '\n\n\n           SELECT 4', '\n\n\n\nSELECT 5'],
  );
});

test('a statement is not as long as the script before it', () => {
  const statement = `INSERT INTO t VALUES ('${'x'.repeat(300)}');\n`;
  const sql = statement.repeat(1000);
  const bytes = [...placedStatements(sql, partsOf(sql))].reduce((sum, text) => sum + text.length, 0);
  assert.ok(bytes < 4 * sql.length, `${bytes} of ${sql.length}`);
});

test.run();
