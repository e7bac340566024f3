/** What users read when they are wrong: place, caret, found, expected, suggestion. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CompileError } from '../../frontend/diagnostics.js';
import { golden } from '../support/golden.js';
import { pairModel, sumModel } from '../support/model-graphs.js';
import { OracleDatabase } from '../support/oracle-database.js';

const database = new OracleDatabase();
database.run('CREATE TABLE tx (id BIGINT NOT NULL, amount DOUBLE, age INTEGER, day DATE, region VARCHAR)');
database.run('CREATE VIEW old AS SELECT id FROM tx WHERE age > 60');
database.addModel('score', sumModel(2));
database.addModel('fraud', pairModel());

function rendered(sql: string): string {
  try {
    database.run(sql);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.render();
  }
  throw new Error(`no error: ${sql}`);
}

const SYNTAX = [
  'SELCT 1',
  'SELECT',
  'SELECT a FROM',
  'SELECT (1 + 2',
  'SELECT 1 +',
  'SELECT * FROM tx WHERE',
  'SELECT * FROM tx GROUP amount',
  'CREATE TABL t (a INT)',
  "SELECT 'abc",
  'SELECT "abc',
  'SELECT /* 1',
  'SELECT 1 2',
  'SELECT #1',
  'SELECT id FROM tx\nWHERE id = $65536',
  'SELECT id FROM tx WHERE id = $0',
  'INSERT tx VALUES (1)',
  'SELECT CASE WHEN 1 THEN 2',
  'SELECT a IS 3',
  'SELECT id,\n       amount\nFORM tx\nWHERE id = 1', 'DROP THING x', 'SELECT * FROM tx JOIN',
  'SELECT id FROM tx LIMIT 1 OFFSET 2 LIMIT 3',
  'SELECT id FROM (SELECT id FROM tx OFFSET 1 OFFSET 2) t',
  'CREATE INDEX i ON tx (id)',
];

const NAMES = [
  'SELECT amout FROM tx',
  'SELECT t.amount FROM tx',
  'SELECT tx.amout FROM tx',
  'SELECT * FROM txx',
  'SELECT lenght(region) FROM tx',
  'SELECT predict(frud, 1, 2)',
  'SELECT predict(fraud@7, 1, 2)',
  'SELECT id FROM tx a, tx b',
  'SELECT * FROM tx, TX',
  'SELECT a.id FROM tx a JOIN (SELECT 1 AS id) a ON true',
  'SELECT * FROM nope.tx',
  'SELECT nope.tx.id FROM tx',
  'SELECT nope.tx.* FROM tx',
  'SELECT tx.amout.x FROM tx',
  'UPDATE old.tx SET id = 1',
  'CREATE TABLE a.b.c (i INTEGER)',
  'SELECT a::INTEGR FROM tx',
  'INSERT INTO tx (idd) VALUES (1)',
  'SELECT tx.* EXCLUDE (amout) FROM tx',
  'DROP TABLE ty',
  'SELECT sum(id) OVER wind FROM tx WINDOW win AS (ORDER BY id)', "SELECT * FROM 'nothing.parquet'",
];

const TYPES = [
  'SELECT region + 1 FROM tx',
  "SELECT id = 'x' FROM tx",
  'SELECT region = id FROM tx',
  'SELECT day + day FROM tx',
  'SELECT length(id, 2) FROM tx',
  'SELECT sqrt(region) FROM tx',
  "SELECT DATE '2013-13-01'",
  'SELECT * FROM tx WHERE region',
  'SELECT CASE WHEN true THEN id ELSE region END FROM tx',
  'SELECT CAST(day AS INTEGER) FROM tx',
  'SELECT 1 LIKE 2',
  'INSERT INTO tx VALUES (1, 2)',
  "INSERT INTO tx VALUES (1, 'much', 3, NULL, NULL)",
  'INSERT INTO tx VALUES (NULL, 1, 1, NULL, NULL)',
  'SELECT 1 UNION SELECT 1, 2',
  'SELECT DECIMAL(99, 1) FROM tx',
  'SELECT 1::DECIMAL(99, 1)',
  'SELECT 1::INTEGER[]',
];

const PLACES = [
  'SELECT sum(amount) FROM tx WHERE sum(amount) > 1',
  'SELECT sum(sum(amount)) FROM tx',
  'SELECT id FROM tx GROUP BY age',
  'SELECT id, count(*) FROM tx',
  'SELECT * FROM tx ORDER BY 9',
  'SELECT DISTINCT id FROM tx ORDER BY age',
  'SELECT row_number() FROM tx',
  'SELECT id FROM tx WHERE rank() OVER (ORDER BY id) = 1',
  'SELECT (SELECT id, age FROM tx)',
  'SELECT *',
  'SELECT id FROM tx LIMIT -1',
  'CREATE TABLE tx (a INTEGER)',
  'CREATE TABLE t (a INTEGER PRIMARY KEY)',
  'CREATE TEMP TABLE t AS SELECT 1 AS a',
  'WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT * FROM r',
  'SELECT * FROM tx JOIN tx t2',
  'SELECT age, count(DISTINCT *) FROM tx GROUP BY age',
  'CREATE VIEW of_id AS SELECT age FROM tx\nWHERE id = ?',
  'CREATE OR REPLACE VIEW old AS SELECT * FROM old WHERE id > 1',
  'DROP VIEW tx',
  'DROP TABLE old',
  'DROP MODEL old',
  'DROP VIEW txx',
  'SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED FOLLOWING AND CURRENT ROW) FROM tx',
  'SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED PRECEDING) FROM tx',
  'SELECT sum(id) OVER (ORDER BY id ROWS 1 FOLLOWING) FROM tx',
  'SELECT main.tx.idd FROM main.tx',
  'WITH a AS (SELECT 1), A AS (SELECT 2) SELECT * FROM a',
  'SELECT * FROM tx JOIN (SELECT id AS agee FROM tx) b USING (age)',
  'SELECT ? + ? FROM tx',
  'SELECT * FROM tx NATURAL JOIN (SELECT 1 AS id) b ON b.id = tx.age',
  'SELECT * EXCLUDE (a) FROM (SELECT 1 AS a) t',
  "SELECT id FROM tx ORDER BY 'age'",
  "SELECT DISTINCT ON ('age') id FROM tx",
  'SELECT id FROM tx UNION SELECT age FROM tx ORDER BY 1.5',
  'SELECT list(id ORDER BY age) FROM tx',
  'SELECT abs(id ORDER BY age) FROM tx',
  'SELECT tx.id FROM tx JOIN tx ON true',
  'SELECT a FROM (SELECT 1 AS a, 2 AS a) t',
  'CREATE OR REPLACE TABLE IF NOT EXISTS u AS SELECT 1 AS a',
  'CREATE OR REPLACE VIEW IF NOT EXISTS u AS SELECT 1 AS a',
  'WITH r AS (SELECT id, random() AS u FROM tx)\nSELECT id FROM r WHERE u < 0.8 UNION ALL SELECT -id FROM r WHERE u >= 0.8',
  'WITH r AS (SELECT id, random() AS u FROM tx)\nSELECT a.u FROM (SELECT id, u FROM r) a JOIN (SELECT id, u FROM r) b USING (id)',
];

const MODELS = [
  'SELECT predict(score, tx.*) FROM tx',
  'SELECT predict(score, amount) FROM tx',
  'SELECT predict(score, amount, region) FROM tx',
  'SELECT predict(fraud, id, age, amount) FROM tx',
  'SELECT predict(fraud, age, amount * 2) FROM tx',
  'SELECT predict(fraud, amount => 1) FROM tx',
  'SELECT predict(fraud, amount => 1, agee => 2) FROM tx',
  'SELECT predict(fraud, amount => 1, 2) FROM tx',
  'SELECT predict(fraud, tx.*) > 0.5 FROM tx',
  "SELECT (predict(fraud, tx.*)).probabilities['2'] FROM tx",
  'SELECT (predict(fraud, tx.*)).probability FROM tx',
  'SELECT predict()',
  'SELECT * FROM PREDICT(MODEL = fraud, DATA = tx AS d) WITH (a BIGINT, b REAL, c REAL) AS p',
];

const UNSUPPORTED = [
  'SELECT age, count(*) FROM tx GROUP BY ROLLUP(age)',
  'SELECT age, count(*) FROM tx GROUP BY id, CUBE (age, region)',
  'SELECT age, count(*) FROM tx GROUP BY GROUPING SETS ((age), ())',
  'SELECT age, count(*) FROM tx GROUP BY age WITH ROLLUP',
  'SELECT * FROM tx, LATERAL (SELECT tx.id) x',
  'SELECT first_value(id IGNORE NULLS) OVER (ORDER BY age) FROM tx',
  'SELECT lag(id) IGNORE NULLS OVER (ORDER BY age) FROM tx',
  'SELECT first(id IGNORE NULLS) FROM tx',
  'SELECT string_agg(region, age ORDER BY age) FROM tx',
  "SELECT string_agg(region, ',' ORDER BY age) OVER () FROM tx",
  'SELECT first_value(id ORDER BY age) OVER () FROM tx',
  'SELECT quantile_cont(0.5) WITHIN GROUP (ORDER BY age) FROM tx',
];

test('names that stand in clauses elsewhere are names, and an order that changes nothing is allowed', () => {
  for (const sql of [
    'SELECT age AS rollup FROM tx GROUP BY rollup',
    'SELECT id AS grouping FROM tx',
    'SELECT sum(age ORDER BY id) FROM tx',
    'SELECT sum(age ORDER BY id) OVER () FROM tx',
    'SELECT lag(id RESPECT NULLS) OVER (ORDER BY age) FROM tx',
    'SELECT main.tx.id, main.tx.* FROM main.tx ORDER BY main.tx.id',
    'WITH r AS (SELECT random() AS u FROM tx), s AS (SELECT u + u AS v FROM r) SELECT v, v FROM s',
    'WITH r AS (SELECT id FROM tx) SELECT a.id, (WITH r AS (SELECT random() AS u) SELECT u FROM r) FROM r a, r b',
  ]) database.run(sql);
});

for (const [name, statements] of Object.entries({ SYNTAX, NAMES, TYPES, PLACES, MODELS, UNSUPPORTED })) {
  test(`${name.toLowerCase()} errors`, () => {
    golden(`sql/errors-${name.toLowerCase()}`, statements.map((sql) => `${sql}\n${rendered(sql)}\n`).join('\n'));
  });
}

test('an error knows its line and column', () => {
  try {
    database.run('SELECT id,\n  amout\nFROM tx');
    assert.unreachable();
  } catch (error) {
    assert.instance(error, CompileError);
    assert.equal(
      [(error as CompileError).line, (error as CompileError).column, (error as CompileError).suggestion],
      [2, 3, 'amount'],
    );
  }
});

test.run();
