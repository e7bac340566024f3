/** The forms of predict give the model's outputs. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { print } from '../../ir/print.js';
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
    'columns in order feed inputs; named as all inputs are, they feed them by name',
    'SELECT (predict(fraud, id, age)).label, (predict(fraud, age, amount)).label FROM t WHERE id = 3',
    [['1', '0']],
  ],
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

database.run('CREATE TABLE said (id INTEGER, txt VARCHAR)');
database.run("INSERT INTO said VALUES (1, '1.5'), (2, 'nonsense'), (3, NULL)");
/** Predictions asked for where they are wanted alone: the features of the second row cannot be computed. */
const WANTED: readonly (readonly [sql: string, rows: readonly string[]])[] = [
  ["CASE WHEN txt <> 'nonsense' THEN predict(score, CAST(txt AS DOUBLE), 1) END", ['2.5', 'NULL', 'NULL']],
  ["CASE WHEN txt = 'nonsense' THEN 0 ELSE predict(score, CAST(txt AS DOUBLE), 1) END", ['2.5', '0.0', 'NULL']],
  ["CASE txt WHEN 'nonsense' THEN 7 WHEN '1.5' THEN predict(score, txt::DOUBLE, 1) END", ['2.5', '7.0', 'NULL']],
  ["coalesce(CASE WHEN txt = 'nonsense' THEN 4 END, predict(score, CAST(txt AS DOUBLE), 1))", ['2.5', '4.0', 'NULL']],
  ["txt = 'nonsense' OR predict(score, CAST(txt AS DOUBLE), 1) > 2", ['true', 'true', 'NULL']],
  ["txt <> 'nonsense' AND predict(score, CAST(txt AS DOUBLE), 1) > 3", ['false', 'false', 'NULL']],
  [
    "CASE WHEN id <> 2 THEN CASE WHEN id <> 3 THEN predict(score, predict(score, txt::DOUBLE, 1), 1) ELSE 9 END END",
    ['3.5', 'NULL', '9.0'],
  ],
  ["CASE WHEN id = 1 THEN (predict(fraud, age => txt::INTEGER, amount => 3)).label END", ['0', 'NULL', 'NULL']],
];
for (const [sql, rows] of WANTED) {
  test(`a feature that may fail is not computed where the prediction is not wanted: ${sql}`, () => {
    assert.equal(database.text(`SELECT ${sql} FROM said ORDER BY id`), rows.map((value) => [value]));
  });
}

test('a feature that may fail is not computed of rows that WHERE or an aggregate does not want', () => {
  const prediction = 'predict(score, CAST(txt AS DOUBLE), 1)';
  const where = `WHERE txt <> 'nonsense' AND ${prediction} > 2`;
  assert.equal(database.text(`SELECT id, ${prediction} FROM said ${where}`), [['1', '2.5']]);
  assert.equal(database.text(`SELECT sum(CASE WHEN id <> 2 THEN ${prediction} END) FROM said`), [['2.5']]);
  assert.throws(() => database.text(`SELECT CASE WHEN id = 2 THEN ${prediction} END FROM said`), /nonsense/);
});

test('features that cannot fail are not guarded, and a model is applied once to what is asked twice', () => {
  const applied = (sql: string): number => {
    let found = '';
    database.transform = (plan) => { found = print(plan); return plan; };
    try {
      database.text(sql);
    } finally {
      database.transform = (plan) => plan;
    }
    assert.is(found.includes('case'), true);
    return found.split(/\bapply\b/).length - 1;
  };
  const sure = 'predict(score, amount, age)';
  assert.is(applied(`SELECT CASE WHEN ${sure} > 9 THEN 1 WHEN id = 2 THEN ${sure} END, ${sure} FROM t`), 1);
  const failing = 'predict(score, amount, age + 1)';
  assert.is(applied(`SELECT CASE WHEN ${failing} > 9 THEN 1 WHEN ${failing} > 6 THEN 2 ELSE ${failing} END FROM t`), 1);
  assert.is(applied(`SELECT CASE WHEN id = 1 THEN 0 WHEN ${failing} > 6 THEN 2 ELSE ${failing} END FROM t`), 1);
});

for (const [claim, sql, rows] of CASES) test(claim, () => { assert.equal(database.text(sql), rows); });

test.run();
