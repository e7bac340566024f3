/**
 * Every scalar primitive and cast against its meaning, over sample values of each dtype, NULLs and limits among them.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluateRelation } from '../../backends/reference/relation.js';
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type { Expr, LiteralValue } from '../../ir/node.js';
import { mayFail } from '../../ir/may-fail.js';
import { canCast } from '../../ir/scalar/cast.js';
import type { Value } from '../../ir/scalar/value.js';
import { SCALAR, typeOfCall, type ScalarOp } from '../../ir/scalar.js';
import { relation, scalar, type ValueType } from '../../ir/type.js';
import { runPlan } from '../support/run-plan.js';
import { plan } from '../support/pipeline-cases.js';

const MAX64 = 2n ** 63n - 1n;
const SAMPLES: Readonly<Record<string, readonly Value[]>> = {
  bool: [true, false],
  i8: [0, 1, -128, 127, -7, 3],
  i16: [0, 1, -32768, 32767, 5],
  i32: [0, 1, -1, -(2 ** 31), 2 ** 31 - 1, 7, 13],
  i64: [0n, 1n, -1n, -(2n ** 63n), MAX64, 12n, -5n, 3037000500n],
  u8: [0, 1, 255, 9],
  u16: [0, 65535, 3],
  u32: [0, 1, 2 ** 32 - 1, 77],
  u64: [0n, 1n, 2n ** 64n - 1n, 10n],
  f32: [0, -0, 1.5, -2.5, NaN, Infinity, Math.fround(0.1), -7],
  f64: [0, -0, 0.5, -2.5, NaN, -Infinity, 1e300, 3.7, -7],
  'decimal(15,2)': [0n, 1n, -150n, 250n, 999_999_999_999_999n, -1234n],
  'decimal(5,1)': [0n, 15n, -25n, 99_999n],
  utf8: ['', 'a', 'abc', 'Łódź København', 'b', '  x ', 'a%c', 'year', '12', 'abcabc', '日本語'],
  date: [0, 15_000, -1, 19_782, 11_016, -719_528, 200_000_000],
  timestamp: [0n, 1_700_000_000_123_456n, -1n, 951_782_400_000_000n, -62_135_596_800_000_000n],
  time: [0n, 86_399_999_999n, 3_723_000_001n],
  interval: [
    { months: 1, days: -3, microseconds: 5_000_000n },
    { months: -14, days: 40, microseconds: 0n },
    { months: 0, days: 0, microseconds: -1n },
  ],
};
const MOST_CASES = 90;
const CODE_SECTION = 10;
const TEXT_FIRST: Readonly<Record<string, readonly string[]>> = {
  date_part: [
    'year',
    'month',
    'day',
    'hour',
    'minute',
    'second',
    'dow',
    'isodow',
    'doy',
    'week',
    'quarter',
    'epoch',
    'epoch_us',
    'century',
    'isoyear',
    'millisecond',
    'decade',
  ],
  date_trunc: ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'decade'],
  date_diff: ['year', 'month', 'day', 'hour', 'week'],
};

/** Dtypes of arguments this op takes: each tuple once. */
function signatures(op: ScalarOp): readonly (readonly DType[])[] {
  const { arity } = SCALAR[op];
  const dtypes = Object.keys(SAMPLES) as DType[];
  const count = Math.max(arity[0], Math.min(arity[1], 3));
  const found: DType[][] = [];
  for (const length of new Set([arity[0], count])) {
    const tuples = length === 0 ? [[]] : dtypes.map((dtype) => [dtype]);
    const mixed = length > 1 ? MIXED.filter((tuple) => tuple.length === length) : [];
    for (const tuple of [...tuples.map((one) => (length === 0 ? one : Array<DType>(length).fill(one[0]!))), ...mixed]) {
      if (
        typeOfCall(
          op,
          tuple.map((dtype) => scalar(dtype, { nullable: true })),
        ) !== undefined
      )
        found.push([...tuple]);
    }
  }
  return found;
}

const MIXED: readonly (readonly DType[])[] = [
  ['utf8', 'i64'],
  ['utf8', 'i64', 'i64'],
  ['utf8', 'i64', 'utf8'],
  ['utf8', 'utf8', 'i64'],
  ['utf8', 'date'],
  ['utf8', 'timestamp'],
  ['utf8', 'time'],
  ['utf8', 'interval'],
  ['utf8', 'date', 'date'],
  ['utf8', 'timestamp', 'timestamp'],
  ['date', 'i32'],
  ['timestamp', 'interval'],
  ['interval', 'i64'],
  ['f64', 'i64'],
  ['decimal(15,2)', 'i64'],
  ['i32', 'i64'],
  ['date', 'utf8'],
  ['timestamp', 'utf8'],
];

function* cases(samples: readonly (readonly Value[])[]): Generator<readonly Value[]> {
  const total = samples.reduce((product, values) => product * values.length, 1);
  const step = Math.max(1, Math.floor(total / MOST_CASES) | 1);
  for (let i = 0; i < total; i += step) {
    let rest = i;
    yield samples.map((values) => {
      const value = values[rest % values.length]!;
      rest = Math.floor(rest / values.length);
      return value;
    });
  }
}

const outcome = (compute: () => readonly (readonly Value[])[]): string => {
  try {
    return JSON.stringify(compute()[0]![0], (_, value: unknown) => {
      if (typeof value === 'bigint') return `${value}n`;
      return typeof value === 'number'
        ? Number.isFinite(value)
          ? Number(value.toPrecision(6))
          : String(value)
        : value;
    });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof TypeError) throw error;
    return 'error';
  }
};

function check(
  exprOf: (params: readonly Expr[]) => Expr,
  dtypes: readonly DType[],
  samples: readonly (readonly Value[])[],
): void {
  const params = dtypes.map((dtype, index) => make({ kind: 'param', index, type: scalar(dtype, { nullable: true }) }));
  const expr = exprOf(params);
  const row = make({
    kind: 'values',
    rows: [[expr]],
    type: relation([{ name: 'x', type: { ...expr.type, nullable: true } }]),
  });
  const emitted = plan(row, undefined, dtypes);
  const outcomes = new Set<string>();
  for (const values of cases(samples)) {
    const expected = outcome(() =>
      evaluateRelation(row, {
        tables: () => [],
        params: values,
        tensors: {
          get: () => {
            throw new Error();
          },
        },
      }),
    );
    const found = outcome(() => runPlan(emitted, { params: values }));
    assert.is(found, expected, `${JSON.stringify(dtypes)} ${values.map(String).join(', ')}`);
    outcomes.add(expected);
  }
  // What no value can follow (the year of a TIME) is refused when it is bound.
  const works = [...outcomes].some((found) => found !== 'error' && found !== 'null');
  if (works && outcomes.has('error')) assert.ok(mayFail(expr), `fails for some ${dtypes.join(', ')}`);
}

const SKIPPED: ReadonlySet<string> = new Set(['random', 'error', 'gamma']);
for (const op of Object.keys(SCALAR) as ScalarOp[]) {
  if (SKIPPED.has(op)) continue;
  test(op, () => {
    for (const dtypes of signatures(op)) {
      const names = TEXT_FIRST[op];
      const samples = dtypes.map((dtype, i) => (i === 0 && names !== undefined ? names : [...SAMPLES[dtype]!, null]));
      check((params) => make({ kind: 'call', op, args: params }), dtypes, samples);
      if (names === undefined) continue;
      for (const name of names) {
        const first = make({ kind: 'literal', value: name, type: scalar('utf8') });
        const retyped = (params: readonly Expr[]): readonly Expr[] => [first, ...params.slice(1)];
        check(
          (params) => make({ kind: 'call', op, args: retyped(params) }),
          dtypes,
          samples.map((values, i) => (i === 0 ? ['unused'] : values)),
        );
      }
    }
  });
}

test('like with a literal pattern', () => {
  for (const pattern of [
    '',
    '%',
    'a%',
    '%c',
    '%bc%',
    'a_c',
    '_',
    'Ł%',
    '%k_ben%',
    'abc',
    '%a%c%',
    'a\\%c',
    '%語',
    '__',
    '日_語',
  ]) {
    const literal = make({ kind: 'literal', value: pattern, type: scalar('utf8') });
    check(
      (params) => make({ kind: 'call', op: 'like', args: [params[0]!, literal] }),
      ['utf8'],
      [[...SAMPLES['utf8']!, null]],
    );
  }
});

/** x = a OR x = b ..., or its opposite, as a balanced tree. */
function anyOf(subject: Expr, literals: readonly Expr[], negated = false): Expr {
  if (literals.length === 1) return make({ kind: 'call', op: negated ? 'ne' : 'eq', args: [subject, literals[0]!] });
  const middle = literals.length >> 1;
  const halves = [literals.slice(0, middle), literals.slice(middle)].map((half) => anyOf(subject, half, negated));
  return make({ kind: 'call', op: negated ? 'and' : 'or', args: halves });
}

test('a long list of values is searched as its comparisons would find', () => {
  for (const [name, samples] of Object.entries(SAMPLES)) {
    const dtype = name as DType;
    const type = scalar(dtype);
    const listed = samples.filter((_, i) => i % 2 === 0 || Number.isNaN(samples[i]) || Object.is(samples[i], -0));
    const literals = Array.from({ length: 40 }, (_, i) =>
      make({ kind: 'literal', value: listed[i % listed.length]! as LiteralValue, type }),
    );
    for (const negated of [false, true])
      check(([param]) => anyOf(param!, literals, negated), [dtype], [[...samples, null]]);
  }
});

test('a longer list of values is more data, and no more code', () => {
  const codeBytes = (count: number, literalOf: (i: number) => Expr): number => {
    const literals = Array.from({ length: count }, (_, i) => literalOf(i));
    const [first] = literals;
    const param = make({ kind: 'param', index: 0, type: first!.type as ValueType & { kind: 'scalar' } });
    const row = make({
      kind: 'values',
      rows: [[anyOf(param, literals)]],
      type: relation([{ name: 'x', type: scalar('bool') }]),
    });
    const { wasm, plan: { dataBytes } } = plan(row, undefined, [param.type.dtype]);
    return wasm.length - dataBytes;
  };
  const number = (i: number): Expr => make({ kind: 'literal', value: BigInt(i), type: scalar('i64') });
  const text = (i: number): Expr => make({ kind: 'literal', value: `text ${i}`, type: scalar('utf8') });
  for (const literalOf of [number, text]) {
    const [few, many] = [codeBytes(100, literalOf), codeBytes(4000, literalOf)];
    assert.ok(many < few + 500, `${few} and ${many} bytes`);
  }
});

test('casts between all dtypes, plain and attempted', () => {
  const dtypes = Object.keys(SAMPLES) as DType[];
  for (const from of dtypes) {
    for (const to of dtypes) {
      if (from === to || !canCast(from, to)) continue;
      for (const attempt of [false, true])
        check(([param]) => make({ kind: 'cast', arg: param!, to, attempt }), [from], [[...SAMPLES[from]!, null]]);
    }
  }
});

test('case takes the first branch that holds, and evaluates no other', () => {
  const failing = (param: Expr): Expr =>
    make({ kind: 'call', op: 'add', args: [param, make({ kind: 'literal', value: MAX64, type: scalar('i64') })] });
  check(
    ([param]) => {
      const positive = make({
        kind: 'call',
        op: 'gt',
        args: [param!, make({ kind: 'literal', value: 0n, type: scalar('i64') })],
      });
      const branches = [
        { when: positive, then: make({ kind: 'literal', value: 7n, type: scalar('i64') }) },
        { when: make({ kind: 'call', op: 'is_null', args: [param!] }), then: param! },
      ];
      return make({ kind: 'case', branches, otherwise: failing(param!), type: scalar('i64', { nullable: true }) });
    },
    ['i64'],
    [[0n, 5n, -5n, MAX64, null]],
  );
});

/** A CASE of two conditions a branch; `of` gives branch i's value. */
function longCase(count: number, [x, y]: readonly [Expr, Expr], of: (i: number) => Expr): Expr {
  const literal = (value: number): Expr => make({ kind: 'literal', value: BigInt(value), type: scalar('i64') });
  const branches = Array.from({ length: count }, (_, i) => {
    const least = make({ kind: 'call', op: 'ge', args: [x, literal(count - i)] });
    const sum = make({ kind: 'call', op: 'add', args: [y, literal(i)] });
    const odd = make({ kind: 'call', op: 'ne', args: [sum, literal(2 * i + 3)] });
    return { when: make({ kind: 'call', op: 'and', args: [least, odd] }), then: of(i) };
  });
  return make({ kind: 'case', branches, otherwise: of(count), type: scalar('i64', { nullable: true }) });
}

test('a long case takes the first branch that holds, and evaluates no other', () => {
  const most = make({ kind: 'literal', value: MAX64, type: scalar('i64') });
  const of = ([x, y]: readonly Expr[]) => (i: number): Expr => {
    const value = make({ kind: 'literal', value: BigInt(i), type: scalar('i64') });
    if (i % 3 === 0) return make({ kind: 'call', op: 'add', args: [y!, value] });
    if (i % 3 === 1) {
      const branches = [{ when: make({ kind: 'call', op: 'lt', args: [x!, y!] }), then: value }];
      return make({ kind: 'case', branches, otherwise: x!, type: scalar('i64', { nullable: true }) });
    }
    return i === 32 ? make({ kind: 'call', op: 'add', args: [most, x!] }) : value;
  };
  const samples = [-5n, 0n, 7n, 8n, 9n, 21n, 45n, 60n, MAX64, null];
  check(
    (params) => longCase(60, params as readonly [Expr, Expr], of(params)),
    ['i64', 'i64'],
    [samples, [-3n, 0n, 3n, 14n, 30n, 55n, 100n, null]],
  );
});

test('a longer case has no more locals', () => {
  const params = [0, 1].map((index) => make({ kind: 'param', index, type: scalar('i64', { nullable: true }) }));
  const locals = [100, 800].map((count) => {
    const expr = longCase(count, params as unknown as readonly [Expr, Expr], () => params[0]!);
    const type = relation([{ name: 'x', type: { ...expr.type, nullable: true } }]);
    return mostLocals(plan(make({ kind: 'values', rows: [[expr]], type }), undefined, ['i64', 'i64']).wasm);
  });
  assert.is(locals[1], locals[0]);
});

/** Of the module's functions. */
function mostLocals(wasm: Uint8Array): number {
  let at = 8;
  const unsigned = (): number => {
    for (let [value, scale] = [0, 1]; ; scale *= 128) {
      const byte = wasm[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  for (;;) {
    const [section, bytes] = [wasm[at++], unsigned()];
    if (section === CODE_SECTION) break;
    at += bytes;
  }
  let most = 0;
  for (let functions = unsigned(); functions > 0; functions--) {
    const end = unsigned() + at;
    let locals = 0;
    for (let groups = unsigned(); groups > 0; groups--, at++) locals += unsigned();
    most = Math.max(most, locals);
    at = end;
  }
  return most;
}

test.run();
