/** The public sqllogictest files on the product. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareWithList, readNotPassed } from '../support/not-passed.js';
import { HAS_CONFORMANCE } from './folder.js';
import { ENGINES, runSuite } from './suite.js';

const LEAST_PASSED = 800;

const name = 'the engine answers the sqllogictest files, but for those listed as not passed';
if (HAS_CONFORMANCE) {
  test(name, async () => {
    const outcomes = await runSuite(ENGINES.product);
    assert.equal(compareWithList(outcomes, readNotPassed(ENGINES.product.list)), []);
    assert.ok(outcomes.filter((outcome) => outcome.passed).length >= LEAST_PASSED);
  });
} else {
  test.skip(name);
}

test.run();
