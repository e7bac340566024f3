/** Shifts and series of integers, on both engines. */
import { test } from 'uvu';
import { BothEngines } from '../support/both-engines.js';

const engines = BothEngines.during(test);

test('a shift to the left keeps all bits or ends the statement', async () => {
  await engines.answers({
    'SELECT id << 29, id::BIGINT << 61, -id << 1, (id - 3)::TINYINT << 6 FROM t WHERE id < 4 ORDER BY id': [
      ['536870912', '2305843009213693952', '-2', '-128'],
      ['1073741824', '4611686018427387904', '-4', '-64'],
      ['1610612736', '6917529027641081856', '-6', '0'],
    ],
    'SELECT (CASE WHEN id = 9 THEN NULL ELSE 0 END) << 99, NULL::INTEGER << 40 FROM t LIMIT 1': [['0', 'NULL']],
    'SELECT id FROM t WHERE id < 2 AND id << 30 > 0': [['1']],
  });
  await engines.fails([
    'SELECT id << 30 FROM t', 'SELECT id << 31 FROM t', 'SELECT id << 32 FROM t', 'SELECT id::BIGINT << 63 FROM t',
    'SELECT id::TINYINT << 7 FROM t', 'SELECT id::UTINYINT << 8 FROM t',
  ], /Overflow/);
});

test('a shift to the right fills up with the sign, past the width too', () => engines.answers({
  'SELECT id >> 1, -id >> 1, -id >> 99, id::UBIGINT >> 99 FROM t ORDER BY id LIMIT 2': [
    ['0', '-1', '-1', '0'],
    ['1', '-1', '-1', '0'],
  ],
}));

test('a series of integers of any type is one of BIGINTs', () => engines.answers({
  'SELECT * FROM generate_series(1, (SELECT max(id) FROM t))': [['1'], ['2'], ['3']],
  'SELECT range + 9223372036854775806 FROM range((SELECT 2::UTINYINT))': [
    ['9223372036854775806'],
    ['9223372036854775807'],
  ],
}));

test.run();
