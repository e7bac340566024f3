/** Bound plans: goldens in the IR's text, each verified; and that what is bound twice is the same object. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bindStatement, type BoundStatement } from '../../frontend/sql/bind.js';
import { parseStatements } from '../../frontend/sql/parse.js';
import type { Relation } from '../../ir/node.js';
import { print } from '../../ir/print.js';
import { verify } from '../../ir/verify.js';
import { golden } from '../support/golden.js';
import { pairModel, sumModel } from '../support/model-graphs.js';
import { OracleDatabase } from '../support/oracle-database.js';

const database = new OracleDatabase();
database.run('CREATE TABLE tx (id BIGINT NOT NULL, amount DECIMAL(15,2), age INTEGER, day DATE, region VARCHAR)');
database.run('CREATE TABLE merchants (id BIGINT NOT NULL, name VARCHAR, limits FLOAT[2])');
database.addModel('score', sumModel(2));
database.addModel('fraud', pairModel());

function bind(sql: string): BoundStatement {
  return bindStatement(parseStatements(sql)[0]!, database, { source: sql });
}

function printed(sql: string): string {
  const plan = planOf(bind(sql));
  assert.equal(verify(plan, 'bound').map((error) => error.message), [], sql);
  return `-- ${sql}\n${print(plan)}`;
}

function planOf(bound: BoundStatement): Relation {
  if (!('plan' in bound) || bound.plan === undefined) throw new Error(`${bound.kind} has no plan`);
  return bound.plan;
}

const GOLDENS: Readonly<Record<string, readonly string[]>> = {
  select: [
    'SELECT * FROM tx',
    "SELECT id, amount * 2 AS double FROM tx WHERE age > 18 AND region IN ('EU', 'US') ORDER BY id DESC LIMIT 3",
    'SELECT DISTINCT region FROM tx ORDER BY 1',
    'SELECT age + 1 AS next, next * 2 FROM tx WHERE next > 3',
    'SELECT id FROM tx ORDER BY age NULLS FIRST, id',
    'SELECT tx.* EXCLUDE (day) REPLACE (upper(region) AS region) FROM tx',
    "VALUES (1, 'a'), (2.5, NULL)",
  ],
  types: [
    "SELECT 1, 3000000000, 1.5, 1e3, 'x', true, NULL",
    'SELECT age / 2, age // 2, age % 2, amount * (1 - amount), amount + age FROM tx',
    "SELECT day - DATE '2013-01-01', day + 7, day + INTERVAL 1 MONTH, day < '2013-06-01' FROM tx",
    'SELECT CASE WHEN age > 1 THEN 1 ELSE 2.5 END, coalesce(age, 0), id::VARCHAR || region FROM tx',
  ],
  groups: [
    'SELECT region, sum(amount), avg(age), count(*) FROM tx GROUP BY region HAVING count(*) > 1 ORDER BY sum(amount) DESC',
    'SELECT count(DISTINCT region), max(id) FILTER (WHERE age > 2) FROM tx',
    'SELECT age % 10 AS decade, count(*) FROM tx GROUP BY decade', 'SELECT region, day, sum(age) FROM tx GROUP BY ALL',
  ],
  joins: [
    'SELECT t.id, m.name FROM tx t JOIN merchants m ON t.id = m.id',
    'SELECT * FROM tx LEFT JOIN merchants USING (id)',
    'SELECT id, name FROM tx FULL JOIN merchants USING (id)',
    'SELECT tx.id FROM tx SEMI JOIN merchants ON tx.id = merchants.id',
    'SELECT count(*) FROM tx, merchants m WHERE tx.id = m.id',
  ],
  subqueries: [
    'SELECT id FROM tx WHERE amount > (SELECT avg(amount) FROM tx)',
    'SELECT id FROM tx t WHERE EXISTS (SELECT 1 FROM merchants m WHERE m.id = t.id)',
    'SELECT id FROM tx WHERE id NOT IN (SELECT id FROM merchants)',
    'SELECT region, (SELECT count(*) FROM merchants WHERE name = region) FROM tx GROUP BY region',
    'SELECT age >= ALL (SELECT age FROM tx) FROM tx',
    'WITH old AS (SELECT * FROM tx WHERE age > 60) SELECT a.id FROM old a, old b WHERE a.id = b.age',
  ],
  windows: [
    'SELECT id, row_number() OVER (PARTITION BY region ORDER BY day), sum(amount) OVER w FROM tx WINDOW w AS (ORDER BY id ROWS 2 PRECEDING)',
    'SELECT id FROM tx QUALIFY rank() OVER (ORDER BY amount DESC) <= 3',
  ],
  sets: [
    'SELECT id FROM tx UNION ALL SELECT age FROM tx',
    'SELECT region FROM tx EXCEPT SELECT name FROM merchants ORDER BY 1',
    'FROM range(3) r(i) SELECT i',
  ],
  predict: [
    'SELECT id, predict(score, age, amount) AS p FROM tx WHERE predict(score, age, amount) > 0.5',
    'SELECT predict(fraud, tx.*) AS p FROM tx',
    'SELECT (predict(fraud, amount => tx.amount, age => 42)).probabilities[1] FROM tx',
    'SELECT predict(score, limits) FROM merchants',
    'SELECT region, predict(score, avg(age), max(age)) FROM tx GROUP BY region',
    'SELECT d.id, p.s FROM PREDICT(MODEL = fraud, DATA = tx AS d) WITH (s BIGINT) AS p',
  ],
  changes: [
    "INSERT INTO tx (id, amount) VALUES (1, 2.5), (2, '3.25')",
    'INSERT INTO tx SELECT id, 1, NULL, NULL, name FROM merchants',
    "UPDATE tx SET age = age + 1 WHERE region = 'EU'",
    'DELETE FROM tx WHERE age > 100',
    'CREATE TABLE copy AS SELECT id, NULL AS nothing FROM tx',
    "COPY (SELECT id FROM tx) TO 'x.parquet'",
  ],
};

for (const [name, statements] of Object.entries(GOLDENS)) {
  test(`bound plans of ${name}`, () => {
    golden(`sql/bind-${name}`, statements.map(printed).join('\n'));
  });
}

test('equal statements give the same plan, however they are written', () => {
  const plan = (sql: string): Relation => planOf(bind(sql));
  assert.is(plan('SELECT id FROM tx WHERE age > 1'), plan('select ID as id\n  from TX where (AGE) > 1'));
});

test('one call of a model, written twice, is applied once', () => {
  const bound = bind(
    'SELECT predict(score, age, age) + predict(score, age, age) FROM tx ORDER BY predict(score, age, age)',
  );
  assert.is((print(planOf(bound)).match(/ = apply /g) ?? []).length, 1);
});

test('parameters take the type that is asked of them, and are counted in the order of the text', () => {
  const bound = bind('SELECT ? || region FROM tx WHERE day = ? AND id = $name AND ? IS NULL');
  assert.equal((bound as { parameters: unknown }).parameters, [
    { name: undefined, dtype: 'utf8' },
    { name: undefined, dtype: 'date' },
    { name: 'name', dtype: 'i64' },
    { name: undefined, dtype: 'utf8' },
  ]);
});

test('statements without a plan carry what was written', () => {
  assert.equal(bind("CREATE OR REPLACE MODEL m FROM 'm.onnx'"), {
    kind: 'create-model',
    name: 'm',
    file: 'm.onnx',
    replace: true,
    ifNotExists: false,
    options: {},
  });
  assert.equal(bind('DROP TABLE IF EXISTS nothing'), {
    kind: 'drop',
    what: 'table',
    name: 'nothing',
    version: undefined,
    exists: false,
  });
  const copy = bind("COPY tx FROM 'tx.csv' (HEADER, DELIMITER '|')");
  assert.equal(copy.kind === 'copy-from' && [copy.format, copy.options], ['csv', { header: true, delimiter: '|' }]);
  const explain = bind('EXPLAIN (ANALYZE, FORMAT json) SELECT 1');
  assert.equal(explain.kind === 'explain' && [explain.analyze, explain.options['format'], explain.inner.kind], [
    true,
    'json',
    'query',
  ]);
});

test.run();
