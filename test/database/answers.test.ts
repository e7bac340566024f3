/** Statements on the product itself whose answers were wrong once. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RealDatabase } from '../support/real-database.js';

let database: RealDatabase;
test.before(async () => { database = await RealDatabase.create(); });
test.after(() => database.close());

/** The rows of the last statement, columns parted by a bar. */
async function answer(sql: string): Promise<readonly string[]> {
  return (await database.text(sql)).map((row) => row.join('|'));
}

test('arrays are ordered by the first elements that differ', async () => {
  await answer('CREATE TABLE arrays (a INTEGER, v FLOAT[3]); INSERT INTO arrays VALUES (1, [1, 2, 3]), (2, [1, 1, 1]), (3, [1, 2, 0])');
  assert.equal(await answer('SELECT a FROM arrays ORDER BY v'), ['2', '3', '1']);
  assert.equal(await answer('SELECT a FROM arrays ORDER BY v DESC LIMIT 2'), ['1', '3']);
});

test.run();
