/** What scalars mean is what DuckDB says: casts through text in both directions, and functions on sample arguments. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dtypeInfo, type DType } from '../../ir/dtype.js';
import { castValue } from '../../ir/scalar/cast.js';
import { evaluate } from '../../ir/scalar/meaning.js';
import { textOf } from '../../ir/scalar/text-of.js';
import type { Value } from '../../ir/scalar/value.js';
import { SCALAR, type ScalarOp } from '../../ir/scalar.js';
import { scalar } from '../../ir/type.js';
import { askDuckDB } from '../support/duckdb.js';

function attempt(compute: () => string): string {
  try {
    return compute();
  } catch (error) {
    if ((error as Error).name !== 'ValueError') throw error;
    return 'error';
  }
}

function read(text: string, dtype: DType): Value {
  return castValue(text, { from: 'utf8', to: dtype, attempt: false });
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Where we differ, and why. */
const DIFFERENCES: ReadonlySet<string> = new Set([
  // A double past FLOAT's range becomes an infinity, as IEEE 754 and models have it.
  "CAST(CAST('1.7976931348623157e308' AS DOUBLE) AS FLOAT)",
  // The value is rounded first and 0 is in range; DuckDB refuses every negative float.
  "CAST(CAST('-1.5e-5' AS FLOAT) AS UTINYINT)",
  "CAST(CAST('-1.5e-5' AS FLOAT) AS UBIGINT)",
]);

/** Compares all cases at once, so that a failure shows every difference. */
async function compare(cases: readonly { readonly sql: string; readonly ours: () => string }[]): Promise<void> {
  const theirs = await askDuckDB(cases.map(({ sql }) => sql));
  const differences = cases.flatMap(({ sql, ours }, i) => {
    const own = attempt(ours);
    return own === theirs[i] || DIFFERENCES.has(sql) ? [] : [`${sql}: DuckDB ${theirs[i]}, ours ${own}`];
  });
  assert.equal(differences, []);
}

const SAMPLES: { readonly [D in DType]?: readonly string[] } = {
  bool: ['true', 'F', 'yes', '0', 'maybe', ''],
  i8: ['127', '128', '-128', '-129', '1.5', '-1.5', '0.4', ' 7 ', '1e2', 'x', ''],
  i32: ['2147483647', '2147483648', '2.5', '3.5', '-0.5', '+5', '1e9', '1e10'],
  i64: ['9223372036854775807', '9223372036854775808', '-9223372036854775808', '12.5'],
  u8: ['255', '256', '-1', '0'],
  u64: ['18446744073709551615', '18446744073709551616'],
  f32: ['0.1', '16777217', '1e10', '1e16', '-1.5e-5', 'nan', 'inf', '-Infinity', '3.4e38', 'x'],
  f64: [
    '0.1',
    '1',
    '100',
    '123456789012345680',
    '1e15',
    '1e16',
    '1e-4',
    '1e-5',
    '-0.0',
    '5e-324',
    '1.7976931348623157e308',
    'NaN',
    '',
    '.5',
    '5.',
    '1e',
  ],
  'decimal(4,2)': ['1.239', '1.235', '-1.235', '99.99', '99.995', '100', '1e1', 'abc', '.5'],
  'decimal(18,0)': ['999999999999999999', '1.5', '-2.5'],
  date: [
    '2020-02-29',
    '2021-02-29',
    '0001-01-01',
    '1969-12-31',
    '2020-1-2',
    '2020/01/02',
    '2020-01-01 10:00:00',
    '12345-06-07',
    'abc',
    '0044-03-15 (BC)',
  ],
  time: ['10:20:30', '10:20:30.5', '23:59:59.999999', '24:00:01', '1:2:3'],
  timestamp: [
    '2020-01-01',
    '2020-01-01 10:20:30',
    '2020-01-01T10:20:30.120Z',
    '1969-12-31 23:59:59.999999',
    '2020-13-01 00:00:00',
    '0044-03-15 (BC) 10:00:00',
    '0044-03-15 10:00:00 (BC)',
    '294247-01-10 04:00:54.775806',
    'now then',
  ],
  interval: [
    '1 year 2 months 3 days',
    '04:05:06.7',
    '-1 day',
    '14 months',
    '1.5 months',
    '3 weeks',
    '2 days ago',
    '90 minutes',
    '1 millennium',
    'x',
  ],
};

test('text is read and printed as DuckDB does', () => compare(
  (Object.entries(SAMPLES) as [DType, readonly string[]][]).flatMap(([dtype, texts]) => texts.map((text) => ({
    sql: `CAST(${quoted(text)} AS ${dtypeInfo(dtype).sql})`,
    ours: () => textOf(read(text, dtype), scalar(dtype)),
  }))),
));

const NUMBERS: readonly DType[] = [
  'bool',
  'i8',
  'i32',
  'i64',
  'u8',
  'u64',
  'f32',
  'f64',
  'decimal(4,2)',
  'decimal(18,0)',
];

test('numbers are cast as DuckDB does', () => compare(
  NUMBERS.flatMap((from) => (SAMPLES[from] ?? []).flatMap((text) => NUMBERS.map((to) => ({
    sql: `CAST(CAST(${quoted(text)} AS ${dtypeInfo(from).sql}) AS ${dtypeInfo(to).sql})`,
    ours: () => textOf(castValue(read(text, from), { from, to, attempt: false }), scalar(to)),
  })))),
));

/** [op, SQL with $1.. for the arguments, dtypes, samples as text]. */
const CALLS: readonly (readonly [ScalarOp, string, readonly DType[], readonly (readonly string[])[]])[] = [
  ['add', '$1 + $2', ['i32', 'i32'], [['1', '2'], ['2147483647', '1']]],
  ['mul', '$1 * $2', ['decimal(4,2)', 'decimal(4,2)'], [['1.25', '2.50'], ['-99.99', '99.99']]],
  ['int_div', '$1 // $2', ['i32', 'i32'], [['7', '2'], ['-7', '2'], ['1', '0']]],
  ['mod', '$1 % $2', ['i32', 'i32'], [['7', '3'], ['-7', '3'], ['1', '0']]],
  ['mod', '$1 % $2', ['f64', 'f64'], [['7.5', '2'], ['-7.5', '2']]],
  ['abs', 'abs($1)', ['i8'], [['-127'], ['-128']]],
  ['round', 'round($1)', ['f64'], [['2.5'], ['-2.5'], ['0.49999999999999994']]],
  ['round_to', 'round($1, $2::INTEGER)', ['f64', 'i64'], [['2.567', '2'], ['1250', '-2'], ['-1.005', '1']]],
  ['floor', 'floor($1)', ['decimal(4,2)'], [['-1.25'], ['1.99']]],
  ['ceil', 'ceil($1)', ['decimal(4,2)'], [['-1.25'], ['1.01']]],
  ['eq', '$1 = $2', ['f64', 'f64'], [['nan', 'nan'], ['-0.0', '0']]],
  ['gt', '$1 > $2', ['f64', 'f64'], [['nan', 'inf'], ['1', 'nan']]],
  ['lt', '$1 < $2', ['interval', 'interval'], [['29 days', '1 month'], ['30 days', '1 month'], ['24 hours', '1 day']]],
  [
    'substring',
    'substring($1, $2, $3)',
    ['utf8', 'i64', 'i64'],
    [
      ['hello', '2', '3'],
      ['hello', '0', '3'],
      ['hello', '-3', '2'],
      ['hello', '2', '-1'],
      ['é€𝄞x', '2', '2'],
      ['ab', '5', '2'],
      ['hello', '-7', '4'],
      ['hello', '-100', '3'],
      ['hello', '-6', '2'],
      ['hello', '10', '-2'],
      ['hello', '7', '-3'],
      ['hello', '0', '-1'],
    ],
  ],
  ['left', 'left($1, $2)', ['utf8', 'i64'], [['hello', '2'], ['hello', '-2'], ['hello', '-9']]],
  ['right', 'right($1, $2)', ['utf8', 'i64'], [['hello', '2'], ['hello', '-2'], ['hello', '9']]],
  [
    'lpad',
    'lpad($1, $2::INTEGER, $3)',
    ['utf8', 'i64', 'utf8'],
    [
      ['hi', '5', 'xy'],
      ['hello', '2', 'x'],
      ['hi', '5', ''],
    ],
  ],
  [
    'split_part',
    'split_part($1, $2, $3)',
    ['utf8', 'utf8', 'i64'],
    [
      ['a,b,c', ',', '2'],
      ['a,b,c', ',', '-1'],
      ['a,b', ',', '9'],
      ['a,b', ',', '0'],
    ],
  ],
  ['position', 'position($2 IN $1)', ['utf8', 'utf8'], [['hello', 'l'], ['hello', 'z'], ['€€x', 'x'], ['a', '']]],
  [
    'like',
    '$1 LIKE $2',
    ['utf8', 'utf8'],
    [
      ['hello', 'h%o'],
      ['hello', 'h_o'],
      ['hello', '%l%l%'],
      ['a%b', 'a\\%b'],
      ['', '%'],
      ['', '_'],
      ['é', '_'],
    ],
  ],
  ['ilike', '$1 ILIKE $2', ['utf8', 'utf8'], [['HeLLo', 'h%O']]],
  ['upper', 'upper($1)', ['utf8'], [['straße é']]], ['lower', 'lower($1)', ['utf8'], [['ÀB']]],
  ['trim', 'trim($1, $2)', ['utf8', 'utf8'], [['  hi ', ' '], ['xxhixy', 'xy']]],
  ['replace', 'replace($1, $2, $3)', ['utf8', 'utf8', 'utf8'], [['banana', 'an', '$&'], ['a', '', 'x']]],
  ['translate', 'translate($1, $2, $3)', ['utf8', 'utf8', 'utf8'], [['12345', '143', 'ax']]],
  ['repeat', 'repeat($1, $2)', ['utf8', 'i64'], [['ab', '3'], ['ab', '-1']]],
  [
    'regexp_matches',
    'regexp_matches($1, $2)',
    ['utf8', 'utf8'],
    [
      ['hello', 'l+'],
      ['hello', '^e'],
      ['Hello', '(?i)^h'],
    ],
  ],
  [
    'regexp_full_match',
    'regexp_full_match($1, $2)',
    ['utf8', 'utf8'],
    [
      ['Hello', '(?i)hello'],
      ['ab', 'a|b'],
      ['a-b', '(?i)A\\-B'],
    ],
  ],
  [
    'levenshtein',
    'levenshtein($1, $2)',
    ['utf8', 'utf8'],
    [
      ['kitten', 'sitting'],
      ['', 'abc'],
      ['abc', ''],
      ['', ''],
      ['é', 'e'],
      ['a€b', 'ab'],
      ['flaw', 'lawn'],
    ],
  ],
  ['octet_length', 'strlen($1)', ['utf8'], [['é€𝄞x'], ['']]],
  ['regexp_replace', 'regexp_replace($1, $2, $3)', ['utf8', 'utf8', 'utf8'], [['banana', '(a)(n)', '[\\2\\1]']]],
  [
    'regexp_extract',
    'regexp_extract($1, $2, $3::INTEGER)',
    ['utf8', 'utf8', 'i64'],
    [
      ['abc', '(b)(c)', '2'],
      ['abc', 'x', '0'],
    ],
  ],
  [
    'date_diff',
    'date_diff($1, $2, $3)',
    ['utf8', 'timestamp', 'timestamp'],
    ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'decade'].flatMap((unit) => [
    [unit, '2019-12-31 23:59:59', '2020-01-01 00:00:00'], [unit, '2020-03-15 10:00:00', '2019-01-01 09:59:59']])],
  [
    'date_part',
    'date_part($1, $2)',
    ['utf8', 'timestamp'],
    [
      'year',
      'quarter',
      'month',
      'day',
      'hour',
      'minute',
      'second',
      'millisecond',
      'dow',
      'isodow',
      'doy',
      'week',
      'isoyear',
      'decade',
      'century',
      'millennium',
      'era',
    ].flatMap((part) => [
    [part, '2000-12-31 13:14:15.678901'], [part, '2021-01-03 00:00:00'], [part, '0001-01-01 00:00:00']])],
  [
    'date_trunc',
    'date_trunc($1, $2)',
    ['utf8', 'timestamp'],
    ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'decade', 'century'].map((part) => [
      part,
      '2020-11-08 13:14:15.678901',
    ]),
  ],
  [
    'add_interval',
    '$1 + $2',
    ['timestamp', 'interval'],
    [
      ['2020-01-31 10:00:00', '1 month'],
      ['2020-02-29', '1 year'],
      ['2020-01-01', '-1 month 1 day 25:00:00'],
    ],
  ],
  [
    'timestamp_diff',
    '$1 - $2',
    ['timestamp', 'timestamp'],
    [
      ['2020-03-01', '2020-01-01 12:00:00'],
      ['2020-01-01', '2020-01-02 01:00:00'],
    ],
  ],
  [
    'strftime',
    'strftime($1, $2)',
    ['timestamp', 'utf8'],
    ['%Y-%m-%d %H:%M:%S', '%a %A %b %B %p %I %j %y', '%-d/%-m %f %g %u %w %U %W %V %G', '%%'].map((pattern) => [
      '2020-03-05 16:07:08.123456',
      pattern,
    ]),
  ],
];

test("functions are DuckDB's", () =>
  compare(
    CALLS.flatMap(([op, sql, dtypes, samples]) =>
      samples.map((texts) => ({
        sql: sql.replace(
          /\$(\d)/g,
          (_, n: string) => `CAST(${quoted(texts[Number(n) - 1]!)} AS ${dtypeInfo(dtypes[Number(n) - 1]!).sql})`,
        ),
        ours: () =>
          textOf(
            evaluate(
              op,
              texts.map((text, i) => read(text, dtypes[i]!)),
              dtypes,
            ),
            scalar(SCALAR[op].dtype(dtypes)!),
          ),
      })),
    ),
  ));

test('NULL in gives NULL out for strict rows only', () => {
  assert.is(evaluate('add', [null, 1], ['i32', 'i32']), null);
  assert.is(evaluate('and', [null, false], ['bool', 'bool']), false);
  assert.is(evaluate('and', [null, true], ['bool', 'bool']), null);
  assert.is(evaluate('or', [null, true], ['bool', 'bool']), true);
  assert.is(evaluate('is_distinct', [null, 1], ['i32', 'i32']), true);
  assert.is(evaluate('is_not_distinct', [null, null], ['i32', 'i32']), true);
  assert.is(evaluate('coalesce', [null, null, 3], ['i32', 'i32', 'i32']), 3);
  assert.ok(Number.isNaN(evaluate('greatest', [null, 3, NaN], ['f64', 'f64', 'f64'])));
  assert.is(evaluate('int_div', [1, 0], ['i32', 'i32']), null);
});

test('a shift to the left keeps all bits or fails', () => {
  assert.is(evaluate('shift_left', [3, 29], ['i32', 'i32']), 1610612736);
  assert.is(evaluate('shift_left', [-1, 31], ['i32', 'i32']), -2147483648);
  assert.is(evaluate('shift_left', [0, 99], ['i32', 'i32']), 0);
  assert.is(evaluate('shift_left', [1n, 62n], ['i64', 'i64']), 2n ** 62n);
  assert.is(evaluate('shift_left', [255, 0], ['u8', 'u8']), 255);
  for (const [a, by] of [[1, 31], [3, 30], [-3, 31], [1, 32], [-1, 99]] as const)
    assert.throws(() => evaluate('shift_left', [a, by], ['i32', 'i32']), /Overflow|range/);
  assert.throws(() => evaluate('shift_left', [1n, 63n], ['i64', 'i64']), /Overflow|range/);
  assert.throws(() => evaluate('shift_left', [1, -1], ['i32', 'i32']), /Cannot shift by the negative number -1/);
});

test('ONNX arithmetic wraps and divides without errors', () => {
  assert.is(evaluate('wrap_shift_left', [255, 4], ['u8', 'u8']), 240);
  assert.is(evaluate('wrap_shift_left', [1, 8], ['u8', 'u8']), 0);
  assert.is(evaluate('wrap_add', [127, 1], ['i8', 'i8']), -128);
  assert.is(evaluate('wrap_mul', [2n ** 62n, 2n], ['i64', 'i64']), -(2n ** 63n));
  assert.is(evaluate('trunc_div', [5, 0], ['i32', 'i32']), 0);
  assert.is(evaluate('floor_mod', [-7, 3], ['i32', 'i32']), 2);
  assert.is(evaluate('fmod', [-7, 3], ['i32', 'i32']), -1);
  assert.is(evaluate('add', [0.1, 0.2], ['f32', 'f32']), Math.fround(Math.fround(0.1 + 0.2)));
  assert.is(evaluate('mul', [300, 300], ['f16', 'f16']), Infinity);
  assert.is(evaluate('add', [2048, 1], ['f16', 'f16']), 2048);
  assert.is(evaluate('sigmoid', [-1000], ['f64']), 0);
});

test('a failed value says what was found and what was expected', () => {
  assert.throws(
    () => evaluate('add', [127, 1], ['i8', 'i8']),
    /Overflow in 127 \+ 1 of INT8: 128 is out of the range of INT8/,
  );
  assert.throws(() => read('abc', 'i32'), /Could not convert string 'abc' to INT32/);
  assert.is(castValue('abc', { from: 'utf8', to: 'i32', attempt: true }), null);
});

test.run();
