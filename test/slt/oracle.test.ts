/**
 * The public sqllogictest files on the oracle: what the frontend binds means what it should, whatever the engine makes
 * of it.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareWithList, readNotPassed } from '../support/not-passed.js';
import { HAS_CONFORMANCE } from './folder.js';
import { ENGINES, runSuite } from './suite.js';

const name = 'the oracle answers the sqllogictest files, but for those listed as not passed';
if (HAS_CONFORMANCE) {
  test(name, async () => {
    assert.equal(compareWithList(await runSuite(ENGINES.oracle), readNotPassed(ENGINES.oracle.list)), []);
  });
} else {
  test.skip(name);
}

test.run();
