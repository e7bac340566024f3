/** The 22 queries of TPC-H, bound, optimised and run by the oracle, give the public answers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HAS_CONFORMANCE } from '../slt/folder.js';
import { tpchOnOracle } from './oracle-data.js';
import { runTpch, TPCH_QUERIES } from './runner.js';

if (HAS_CONFORMANCE) {
  const database = tpchOnOracle();
  for (const query of TPCH_QUERIES) {
    test(`q${query}`, async () => {
      const { reason } = await runTpch(query, async (sql) => database.text(sql));
      assert.is(reason, '');
    });
  }
} else test.skip('the conformance material is not there', () => undefined);

test.run();
