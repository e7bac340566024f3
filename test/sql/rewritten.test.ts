/** Where a rewrite, or the code of a shared expression, must not change what a statement answers; on both engines. */
import { test } from 'uvu';
import { BothEngines } from '../support/both-engines.js';

const engines = BothEngines.during(test);

test('HAVING without an aggregate keeps or drops the one row of all rows', () => engines.answers({
  'SELECT 1 FROM t HAVING true': [['1']],
  'SELECT 1 FROM t WHERE id > 3 HAVING true': [['1']],
  'SELECT 1 FROM t HAVING false': [],
  'SELECT count(*) FROM (SELECT 1 FROM t HAVING NOT EXISTS (SELECT id FROM t WHERE id > 3)) d': [['1']],
}));

test('a cast in both branches of an OR is asked only where its branch comes to it', async () => {
  const rows = "(VALUES ('n', '5'), ('s', 'abc'), ('m', '6')) v(k, x)";
  await engines.answers({
    [`SELECT x FROM ${rows} WHERE (k = 'n' AND CAST(x AS INTEGER) > 4) OR (k = 'm' AND CAST(x AS INTEGER) > 4)`]: [
      ['5'],
      ['6'],
    ],
  });
});

test('what has no opposite in its type is not negated, as a constant either', async () => {
  await engines.answers({ 'SELECT -(-9223372036854775807), -(-3000000000), -(1.5::DECIMAL(2,1)), -(0::UBIGINT)': [
    ['9223372036854775807', '3000000000', '-1.5', '0'],
  ] });
  await engines.fails(['SELECT -(-9223372036854775808)', 'SELECT -(5::UBIGINT)'], /Overflow in neg/);
});

test('each random() of a text is one draw a row, wherever its value is read', async () => {
  await engines.run('CREATE VIEW drawn AS SELECT random() AS r FROM range(1000)');
  const coin = 'CAST(floor(random() * 2) AS INTEGER)';
  const few = 'count(*) BETWEEN 100 AND 900';
  await engines.answers({
    [`SELECT ${few} FROM (SELECT ${coin} + ${coin} AS both FROM range(1000)) d WHERE both = 1`]: [['true']],
    'SELECT count(*) BETWEEN 100 AND 300 FROM range(1000) WHERE random() BETWEEN 0.4 AND 0.6': [['true']],
    [`SELECT count(*) FROM range(1000) WHERE ${coin} NOT IN (0, 1)`]: [['0']],
    [`SELECT count(*) FROM range(1000) WHERE CASE ${coin} WHEN 0 THEN 0 WHEN 1 THEN 1 END IS NULL`]: [['0']],
    'SELECT count(*) FROM (SELECT (r + 1) * 2 - (r + 1) * 2 AS d FROM (SELECT random() AS r FROM range(9)) e) f WHERE d = 0':
      [['9']],
    'SELECT count(*) FROM (SELECT random() AS q, r FROM drawn) d WHERE q = r': [['0']],
    'SELECT count(*) FROM drawn a JOIN drawn b ON a.r = b.r': [['0']],
  });
});

test('an array of texts holds its texts', () => engines.answers({
  "SELECT ['a', 'bcd'], ['', 'é'], 5": [['[a, bcd]', '[, é]', '5']],
  "SELECT [x, x || 'q'] FROM (VALUES ('a'), ('bb'), ('')) v(x) ORDER BY x": [['[, q]'], ['[a, aq]'], ['[bb, bbq]']],
  "SELECT x, x[2] FROM (SELECT ['a'::BLOB, 'b'::BLOB] AS x) d": [['[a, b]', 'b']],
}));

test.run();
