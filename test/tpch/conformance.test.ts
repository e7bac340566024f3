/** The 22 queries of TPC-H on the product, over tables imported from their files, give the public answers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RealDatabase } from '../support/real-database.js';
import { HAS_CONFORMANCE } from '../slt/folder.js';
import { tpchOnEngine } from './engine-data.js';
import { runTpch, TPCH_QUERIES } from './runner.js';

if (HAS_CONFORMANCE) {
  let database: RealDatabase;
  test.before(async () => { database = await tpchOnEngine(); });
  test.after(() => database.close());
  for (const query of TPCH_QUERIES) {
    test(`q${query}`, async () => {
      const { reason } = await runTpch(query, (sql) => database.text(sql));
      assert.is(reason, '');
    });
  }
} else test.skip('the conformance material is not there', () => undefined);

test.run();
