/** Names with a schema before them, on both engines; a database file has one schema. */
import { test } from 'uvu';
import { BothEngines } from '../support/both-engines.js';

const engines = BothEngines.during(test);

test('the schema of all tables is main', () => engines.answers({
  'SELECT main.t.id, t.id FROM main.t WHERE main.t.id > 2': [['3', '3']],
  'SELECT main.x.* FROM t AS x WHERE x.id = 1': [['1', '1.25']],
  'WITH t AS (SELECT 7 AS id) SELECT (SELECT max(id) FROM MAIN.T), id FROM t': [['3', '7']],
}));

test('what changes tables takes it too, and no other', async () => {
  await engines.run(
    'CREATE TABLE main.u AS SELECT id FROM t', 'INSERT INTO main.u VALUES (9)', 'DELETE FROM main.u WHERE id = 2',
    'UPDATE main.u AS v SET id = 8 WHERE v.id = 1', 'CREATE VIEW main.w AS SELECT * FROM main.u',
  );
  await engines.answers({ 'SELECT id FROM w ORDER BY id': [['3'], ['8'], ['9']] });
  await engines.run('DROP VIEW main.w', 'DROP TABLE IF EXISTS main.u');
  await engines.fails([
    'SELECT * FROM temp.t', 'INSERT INTO temp.t VALUES (1, 2)', 'DELETE FROM temp.t', 'DROP TABLE temp.t',
    'CREATE TABLE temp.t (id INTEGER)', 'CREATE VIEW temp.t AS SELECT 1', 'UPDATE temp.t SET id = 1',
  ], /schema "temp" does not exist/);
  await engines.fails(['SELECT * FROM db.main.t'], /schema "db.main" does not exist/);
});

test.run();
