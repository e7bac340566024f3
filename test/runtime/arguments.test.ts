/** JavaScript may call the API with anything: what does not fit is told with what was found and what was expected. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open, openModel, verify, type Database } from '../../runtime/database.js';
import { ROOT } from '../support/golden.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-arguments-'));
const path = join(folder, 'a.db');
const MODEL = `${ROOT}examples/flights/late_mlp.onnx`;
let db: Database;

test.before(async () => {
  db = await open(path, { threads: 1, memoryLimit: '64MiB' });
});
test.after(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

async function failureOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'no failure';
  } catch (error) {
    return String(error);
  }
}

test('arguments of another type are TypeErrors that name them', async () => {
  const wrong = undefined as never;
  const cases: readonly (readonly [() => unknown, string])[] = [
    [() => open(wrong), 'path is undefined, expected text'],
    [() => open(new URL('file:///a.db') as never), 'path is of type URL, expected text'],
    [() => verify(wrong), 'path is undefined, expected text'],
    [() => openModel(5 as never), 'source is 5, expected a path, or bytes in a Uint8Array'],
    [() => db.query(wrong), 'sql is undefined, expected text'],
    [() => db.query('SELECT ?', 'a' as never), "parameters is 'a', expected an array of values"],
    [() => db.query('SELECT ?', null as never), 'parameters is null, expected an array of values'],
    [() => db.compile(wrong), 'sql is undefined, expected text'],
    [() => db.explain(null as never), 'sql is null, expected text'],
    [() => db.explain('SELECT ?', {}, 5 as never), 'parameters is 5, expected an array of values'],
    [() => db.run(wrong), 'plan is undefined, expected bytes in a Uint8Array'],
    [() => db.run('plan.wasm' as never), 'plan is undefined, expected bytes in a Uint8Array'],
    [() => db.importFile(wrong, 'x.csv'), 'table is undefined, expected text'],
    [() => db.importFile('x', wrong), 'path is undefined, expected text'],
    [() => db.createModel(wrong, 'x.onnx'), 'name is undefined, expected text'],
    [() => db.createModel('x', new ArrayBuffer(1) as never),
      'source is of type ArrayBuffer, expected a path, or bytes in a Uint8Array'],
    [() => db.query('SELECT 1 AS a').writeTo(wrong), 'path is undefined, expected text'],
  ];
  for (const [work, message] of cases) assert.is(await failureOf(work), `TypeError: ${message}`);
  assert.equal(await db.query('SELECT ? AS a', ['x']).toArray(), [{ a: 'x' }]);
});

test('an unknown option is a TypeError that names the nearest there is', async () => {
  const result = db.query('SELECT 1 AS a');
  const file = join(folder, 'no.csv');
  const none = { singal: undefined } as never;
  const signal = "options has an unknown 'singal', expected signal; did you mean 'signal'?";
  const cases: readonly (readonly [() => unknown, string | RegExp])[] = [
    [() => open(path, { readonly: true } as never),
      "options has an unknown 'readonly', expected memoryLimit, threads, lazyThreads, readOnly, create; did you mean 'readOnly'?"],
    [() => open(path, { constructor: 1 } as never),
      "options has an unknown 'constructor', expected memoryLimit, threads, lazyThreads, readOnly, create"],
    [() => db.query('SELECT 1', [], none), signal],
    [() => db.compile('SELECT 1', none), signal],
    [() => db.run(new Uint8Array(1), [], none), signal],
    [() => db.createModel('m', MODEL, none), signal],
    [() => db.explain('SELECT 1', { analyse: true } as never),
      "options has an unknown 'analyse', expected format, analyze, passes, code, signal; did you mean 'analyze'?"],
    [() => db.importFile('x', file, { repalce: true } as never), /unknown 'repalce', .*; did you mean 'replace'\?$/],
    [() => result.writeTo(file, { delimeter: ';' } as never), /unknown 'delimeter', .*; did you mean 'delimiter'\?$/],
    [() => openModel(MODEL, { size: {} } as never), /unknown 'size', .*; did you mean 'sizes'\?$/],
  ];
  for (const [work, message] of cases) {
    const failure = await failureOf(work);
    if (typeof message === 'string') assert.is(failure, `TypeError: ${message}`);
    else assert.match(failure, message);
  }
});

test('options that are no object are TypeErrors', async () => {
  const expected = (found: string): string => `TypeError: options is ${found}, expected an object`;
  for (const [value, found] of [[null, 'null'], [5, '5'], ['a', "'a'"], [[1], 'of type Array']] as const) {
    for (const work of [
      () => open(path, value as never), () => openModel(MODEL, value as never),
      () => db.query('SELECT 1', [], value as never), () => db.compile('SELECT 1', value as never),
      () => db.explain('SELECT 1', value as never), () => db.importFile('x', 'x.csv', value as never),
      () => db.createModel('x', MODEL, value as never), () => db.query('SELECT 1').writeTo('x.csv', value as never),
    ]) assert.is(await failureOf(work), expected(found));
  }
});

test('options that are neither true nor false are RangeErrors', async () => {
  for (const name of ['readOnly', 'create', 'lazyThreads']) {
    const failure = await failureOf(() => open(path, { [name]: 'no' }));
    assert.is(failure, `RangeError: ${name} is 'no', expected true or false`);
  }
});

test('a signal that is none is a TypeError, also where the statement is known already', async () => {
  const file = `${ROOT}examples/flights/airlines.parquet`;
  const { bytes } = await db.compile('SELECT 1 AS a');
  for (const [signal, found] of [[new AbortController(), 'of type AbortController'], [null, 'null'], [5, '5']] as const) {
    const options = { signal } as never;
    for (const work of [
      () => db.query('SELECT 1 AS a', [], options), () => db.run(bytes, [], options), () => db.compile('SELECT 1', options),
      () => db.explain('SELECT 1', options), () => db.importFile('x', file, options), () => db.createModel('x', MODEL, options),
    ]) assert.is(await failureOf(work), `TypeError: signal is ${found}, expected an AbortSignal`);
  }
});

test('what writeTo and explain are told is checked as what importFile is', async () => {
  const file = join(folder, 'x.csv');
  const result = db.query('SELECT 1 AS a');
  const cases: readonly (readonly [() => unknown, string])[] = [
    [() => result.writeTo(file, { header: 'no' as never }), "RangeError: header is 'no', expected true or false"],
    [() => result.writeTo(file, { nullText: null as never }), 'TypeError: nullText is null, expected text'],
    [() => result.writeTo(file, { delimiter: 5 as never }), 'TypeError: delimiter is 5, expected text'],
    [() => result.text('xml' as never).next(), "RangeError: style is 'xml', expected one of sql, json"],
    [() => db.importFile('x', file, { format: 'xml' as never }),
      "RangeError: format is 'xml', expected one of csv, parquet, arrow"],
    ...(['analyze', 'passes', 'code'] as const).map((name): readonly [() => unknown, string] =>
      [() => db.explain('SELECT 1', { [name]: 'yes' }), `RangeError: ${name} is 'yes', expected true or false`]),
  ];
  for (const [work, message] of cases) assert.is(await failureOf(work), message);
});

test('options outside of their choices are RangeErrors', async () => {
  const file = join(folder, 'x.csv');
  const cases: readonly (readonly [() => unknown, string])[] = [
    [() => db.explain('SELECT 1', { format: 'html' as never }), "format is 'html', expected one of text, json, dot"],
    [() => db.query('SELECT 1').writeTo(file, { format: 'xml' as never }),
      "format is 'xml', expected one of csv, parquet, arrow"],
    [() => openModel(MODEL, { backend: 'gpu' as never }), "backend is 'gpu', expected one of auto, reference"],
  ];
  for (const [work, message] of cases) assert.is(await failureOf(work), `RangeError: ${message}`);
});

test('threads that are no number are shown as they are', async () => {
  const failure = await failureOf(() => open(path, { threads: '2' as never }));
  assert.is(failure, "RangeError: threads is '2', expected a whole number from 1 to 24");
});

test('a statement that is no query is named as SQL names it', async () => {
  await db.query('CREATE TABLE IF NOT EXISTS named (a INTEGER)').run();
  const cases = [
    ['CREATE TABLE x (a INTEGER)', 'CREATE TABLE'], ["COPY named FROM 'x.csv'", 'COPY FROM'],
    ['DELETE FROM named', 'DELETE'], ['DROP MODEL IF EXISTS x', 'DROP MODEL'],
  ] as const;
  for (const [sql, name] of cases) {
    const compiled = await failureOf(() => db.compile(sql));
    assert.is(compiled, `ExecutionError: only a query can be compiled to a plan, found ${name}`);
    assert.is(await failureOf(() => db.explain(sql)), `ExecutionError: only a query can be explained, found ${name}`);
  }
  assert.match(await failureOf(() => db.query('EXPLAIN DROP MODEL IF EXISTS x').run()), /DROP MODEL has none/);
});

test('a model takes no name that reads as another one with a version', async () => {
  const failure = await failureOf(() => db.createModel('m@3', MODEL));
  assert.is(failure, "ExecutionError: found a model's name 'm@3', expected one without @, which stands before a version");
});

test('a delimiter of nothing is an ExecutionError, from SQL as well', async () => {
  const file = join(folder, 'x.csv');
  const copy = `COPY (SELECT 1 AS a) TO '${file}' (DELIMITER '')`;
  for (const work of [() => db.query('SELECT 1').writeTo(file, { delimiter: '' }), () => db.query(copy).run()])
    assert.is(await failureOf(work), 'ExecutionError: the delimiter is empty, expected a character');
});

test('a text for NULL that another field could be, or that ends one, is an ExecutionError', async () => {
  const file = join(folder, 'nulls.csv');
  for (const nullText of ['"', 'a\n', ';-', '-;']) {
    const failure = await failureOf(() => db.query('SELECT NULL AS a').writeTo(file, { nullText, delimiter: ';' }));
    assert.match(failure, /^ExecutionError: the text for NULL has "(\\"|\\n|;)", expected neither quotes nor ends of lines/);
  }
  await db.query('SELECT NULL AS a').writeTo(file, { nullText: '-,-', delimiter: ';' });
});

test('a delimiter that ends a line, or is a quote, would give a file that nothing reads', async () => {
  const file = join(folder, 'x.csv');
  for (const delimiter of ['"', '\n', ',\r']) {
    const failure = await failureOf(() => db.query('SELECT 1 AS a, 2 AS b').writeTo(file, { delimiter }));
    assert.match(failure, /^ExecutionError: the delimiter has "(\\"|\\n|\\r)", expected neither quotes nor ends of lines$/);
  }
});

test('an input of a model that is null, and no inputs at all, are missing', async () => {
  await using model = await openModel(MODEL);
  for (const inputs of [undefined, null, {}, { month: null }, { month: undefined }])
    assert.match(await failureOf(() => model.run(inputs as never)), /^ModelInputError: .* needs the input month of float32/);
});

test('dims that are no numbers are shown as they are', async () => {
  await using model = await openModel(MODEL);
  const month = { type: 'float32', dims: [2n, '1'], data: new Float32Array(2) };
  const failure = await failureOf(() => model.run({ month } as never));
  assert.match(failure, /^ModelInputError: .*: found \[bigint 2, string 1\], expected an array of whole numbers$/);
});

test('a closed database compiles and explains nothing, also what it has compiled before', async () => {
  const closed = await open(join(folder, 'closed.db'), { threads: 1, memoryLimit: '64MiB' });
  await closed.query('SELECT 1 AS a').run();
  await closed.close();
  for (const work of [() => closed.compile('SELECT 1 AS a'), () => closed.explain('SELECT 1 AS a')])
    assert.match(await failureOf(work), /^ExecutionError: .*closed\.db is closed$/);
});

test('more or fewer statements than one to compile are a CompileError with its place', async () => {
  const two = await failureOf(() => db.compile('SELECT 1;\nSELECT 2'));
  assert.is(two, 'CompileError: expected one statement, found 2 (line 2, column 1)');
  assert.is(await failureOf(() => db.explain(' -- nothing')), 'CompileError: expected a statement, found none');
});

test('an invalid Date is called so', async () => {
  const failure = await failureOf(() => db.query('SELECT CAST(? AS TIMESTAMP) AS t', [new Date(NaN)]).run());
  assert.is(failure, 'ExecutionError: parameter 1 is an invalid Date, expected TIMESTAMP');
});

test('rows of toArray have decimals as numbers, also in lists, and NULL as null', async () => {
  const sql = 'SELECT x, [coalesce(x, 0), 2.25] AS l FROM (VALUES (1.25), (-0.05), (NULL)) t(x)';
  const rows = await db.query(sql).toArray();
  assert.equal(rows.map(({ x }) => x), [1.25, -0.05, null]);
  assert.equal(rows[0]!['l'], [1.25, 2.25]);
});

test.run();
