/** Codes of many keys: what is emitted for them takes time in proportion to their number. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ModuleBuilder } from '../../backends/wasm/dsl.js';
import { emitCodes, type Keys } from '../../backends/wasm/kernels/lookup.js';
import { timesAsLong } from '../support/processor-time.js';

const COUNT = 4000;
const TIMES = 8;

const emitted = (keys: Keys) => (): void => {
  const module = new ModuleBuilder();
  emitCodes(module, 'codes', keys);
  module.dispose();
};
const numbers = (count: number): Keys => ({ dtype: 'i64', values: Array.from({ length: count }, (_, i) => BigInt(i)) });
const texts = (count: number): Keys => ({ dtype: 'utf8', values: Array.from({ length: count }, (_, i) => `key ${i}`) });

for (const keysOf of [numbers, texts]) {
  test(`eight times as many ${keysOf.name} take about eight times as long`, () => {
    const times = timesAsLong({ small: emitted(keysOf(COUNT)), large: emitted(keysOf(COUNT * TIMES)) });
    assert.ok(times < TIMES * 3, `took ${times} times as long`);
  });
}

test.run();
