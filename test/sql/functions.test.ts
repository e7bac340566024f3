/** Every function and aggregate has an example, which is what it says. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AGGREGATES } from '../../frontend/sql/functions/aggregates.js';
import { FUNCTIONS } from '../../frontend/sql/functions/table.js';
import { OracleDatabase } from '../support/oracle-database.js';

const database = new OracleDatabase();

for (const { name, example: [sql, answer] } of [...FUNCTIONS, ...AGGREGATES]) {
  test(`${name}: ${sql}`, () => {
    assert.equal(database.text(sql), [[answer]]);
  });
}

test('no two functions share a name', () => {
  const names = [...FUNCTIONS, ...AGGREGATES].flatMap((entry) => [entry.name, ...(entry.aliases ?? [])]);
  assert.equal(names.length, new Set(names).size);
});

test.run();
