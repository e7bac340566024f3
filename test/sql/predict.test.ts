/** The forms of predict give the model's outputs. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pairModel, sumModel } from '../support/model-graphs.js';
import { OracleDatabase } from '../support/oracle-database.js';

const database = new OracleDatabase();
database.run('CREATE TABLE t (id INTEGER, amount DOUBLE, age INTEGER, v FLOAT[2])');
database.run('INSERT INTO t VALUES (1, 2.5, 3, [1, 2]), (2, NULL, 4, [0.5, 0.25]), (3, 7, 5, [9, 9])');
database.addModel('score', sumModel(2));
database.addModel('fraud', pairModel());

const CASES: readonly (readonly [claim: string, sql: string, rows: readonly (readonly string[])[]])[] = [
  [
    'listed columns feed one input in order; NULL gives NULL',
    'SELECT predict(score, amount, age) FROM t',
    [['5.5'], ['NULL'], ['12.0']],
  ],
  ['a star feeds one input', 'SELECT predict(score, t.* EXCLUDE (id, v)) FROM t WHERE id = 3', [['12.0']]],
  [
    'the elements of an array that is written out feed one input; a NULL among them gives NULL',
    'SELECT predict(score, x => [amount, age]) FROM t',
    [['5.5'], ['NULL'], ['12.0']],
  ],
  ['a tensor column feeds one input', 'SELECT predict(score, v) FROM t', [['3.0'], ['0.75'], ['18.0']]],
  [
    'columns feed inputs by name, whatever else the star holds',
    'SELECT (predict(fraud, t.*)).label FROM t',
    [['1'], ['NULL'], ['0']],
  ],
  [
    'values feed inputs by name',
    'SELECT (predict(fraud, age => 42, amount => amount)).label FROM t WHERE id = 1',
    [['1']],
  ],
  ['values feed inputs in order', 'SELECT (predict(fraud, 9, 1)).label', [['0']]],
  [
    'a ZipMap is a MAP, by key as text or number',
    "SELECT (predict(fraud, t.*)).probabilities['1'], (predict(fraud, t.*)).probabilities[0] FROM t WHERE id = 1",
    [['3.0', '2.5']],
  ],
  ['a version is chosen', 'SELECT predict(score@1, 1, 2)', [['3.0']]],
  [
    'predict stands in WHERE and ORDER BY',
    'SELECT id FROM t WHERE predict(score, id, age) > 4 ORDER BY predict(score, id, age) DESC',
    [['3'], ['2']],
  ],
  ['predict stands on aggregates', 'SELECT predict(score, avg(amount), max(age)) FROM t', [['9.75']]],
  ['predict stands in aggregates', 'SELECT avg(predict(score, id, age)) FROM t', [['6.0']]],
  [
    'the T-SQL form gives the data and the outputs',
    'SELECT d.id, p.s FROM PREDICT(MODEL = fraud, DATA = t AS d) WITH (s BIGINT) AS p',
    [
      ['1', '1'],
      ['2', 'NULL'],
      ['3', '0'],
    ],
  ],
  [
    'the T-SQL form takes a subquery',
    'SELECT s FROM PREDICT(MODEL = score, DATA = (SELECT id, age FROM t) AS d) WITH (s REAL) AS p',
    [['4.0'], ['6.0'], ['8.0']],
  ],
];

for (const [claim, sql, rows] of CASES) test(claim, () => { assert.equal(database.text(sql), rows); });

test.run();
