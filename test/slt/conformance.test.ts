import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareWithList, readNotPassed } from '../support/not-passed.js';
import { HAS_CONFORMANCE } from './folder.js';
import { runSuite } from './suite.js';

const name = 'the engine answers the sqllogictest files, but for those listed as not passed';
if (HAS_CONFORMANCE) {
  test(name, async () => {
    const outcomes = await runSuite('');
    assert.equal(compareWithList(outcomes, readNotPassed('test/slt/not-passed.txt')), []);
    assert.ok(outcomes.filter((outcome) => outcome.passed).length >= 450);
  });
} else {
  test.skip(name);
}

test.run();
