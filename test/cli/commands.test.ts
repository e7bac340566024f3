/** Every command from the outside: help, exit codes, what it prints for people and for programs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { golden, ROOT } from '../support/golden.js';
import { intarsia } from './terminal.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-cli-'));
const db = join(folder, 'shop.db');
const FLIGHTS = `${ROOT}examples/flights/`;

test.after(() => rmSync(folder, { recursive: true, force: true }));

function fine(words: readonly string[], options?: Parameters<typeof intarsia>[1]): string {
  const ended = intarsia(words, options);
  assert.is(ended.code, 0, `${words.join(' ')}: ${ended.stderr}`);
  assert.is(ended.stderr, '', 'nothing goes to stderr that is no terminal');
  return ended.stdout;
}

test('every command of the overview has a help with an example', () => {
  const [overview] = fine(['--help']).split('example:');
  const commands = [...overview!.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name!);
  assert.ok(commands.length >= 10, commands.join());
  for (const command of commands) {
    const help = fine([command, '--help']);
    assert.match(help, new RegExp(`^usage: intarsia ${command}`, 'm'));
    assert.match(help, new RegExp(`^example:\n  intarsia ${command}`, 'm'));
  }
  golden('cli/help', commands.map((command) => fine([command, '--help'])).join('\n'));
});

test('misuse gives exit code 2 and says what was expected', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /expected a command/],
    [['quary'], /no command 'quary'/],
    [['query', db], /found 1 argument, expected 2\nusage: intarsia query/],
    [['query', db, 'SELECT 1', '--colour'], /--colour/],
    [['query', db, 'SELECT 1', '--format', 'csv', '--json'], /found both --format csv and --json, expected one/],
    [['query', db, 'SELECT 1', '--format', 'xml'], /'xml', expected one of table, csv, json, arrow, parquet/],
    [['query', db, 'SELECT 1', '--format', 'arrow'], /-o FILE/],
    [['query', db, 'SELECT 1', '-o', 'rows.xyz'], /cannot tell the format/],
    [['query', db, 'SELECT 1', '--create', '--memory', 'much'], /'much' is not a size/],
    [['query', db, 'SELECT 1', '--create', '--threads', '0'], /threads is 0/],
    [['query', db, 'SELECT 1', '--create', '--threads', 'abc'], /--threads is 'abc', expected a whole number/],
    [['compile', db, 'SELECT 1'], /expected -o FILE/],
    [['model', 'paint', db], /no 'model paint'/],
    [['model', 'add', db, 'late'], /found 2 arguments, expected 3/],
  ];
  for (const [words, message] of cases) {
    const ended = intarsia(words);
    assert.is(ended.code, 2, words.join(' '));
    assert.match(ended.stderr, message);
    assert.is(ended.stdout, '');
  }
});

test('import, model, info and verify tell what they did', () => {
  assert.match(fine(['import', db, 'airlines', `${FLIGHTS}airlines.parquet`]), /^airlines: 16 rows in \d+ ms\n$/);
  const imported = JSON.parse(fine(['import', db, 'planes', `${FLIGHTS}planes.parquet`, '--json'])) as { rows: number };
  assert.is(imported.rows, 3322);
  assert.match(
    fine(['model', 'add', db, 'late', `${FLIGHTS}late_mlp.onnx`]),
    /^late@1: 1\d\.\d KiB of new weights stored\n$/,
  );
  assert.match(
    fine(['model', 'add', db, 'late', `${FLIGHTS}late_mlp.onnx`]),
    /^late@2: 0 bytes of new weights stored\n$/,
  );
  assert.match(fine(['model', 'list', db]), /^late@1 .*\nlate@2 /);
  assert.match(fine(['model', 'inspect', db, 'late@1']), /^late@1\ninputs\n {2}month: f32\[n, 1\]/);
  assert.is(fine(['model', 'remove', db, 'late@1']), 'removed late@1\n');
  const info = JSON.parse(fine(['info', db, '--json'])) as {
    tables: { name: string; rows: number }[];
    models: unknown;
  };
  assert.equal(info.tables.map(({ name, rows }) => [name, rows]), [['airlines', 16], ['planes', 3322]]);
  assert.equal(info.models, [{ name: 'late', versions: [2] }]);
  assert.match(fine(['info', db]), /table planes: 3,322 rows \(tailnum VARCHAR, /);
  assert.is(fine(['verify', db]), `${db} is sound\n`);
  assert.equal(JSON.parse(fine(['verify', db, '--json'])), { file: db, problems: [] });
});

test('import may be told what stands between fields, for NULL, and in the first line', () => {
  const file = join(folder, 'told.csv');
  writeFileSync(file, 'a,b;NA\n1,5;2\n');
  const told = (...options: readonly string[]): string => {
    fine(['import', db, 'told', file, '--replace', ...options]);
    return fine(['query', db, 'SELECT * FROM told', '--format', 'csv']);
  };
  assert.is(told('--delimiter', ',', '--header'), 'a,b;NA\n1,5;2\n');
  assert.is(told('--delimiter', ';', '--no-header', '--null', 'NA'), 'column0,column1\n"a,b",\n"1,5",2\n');
  writeFileSync(file, 'a,b\tNA\n1,5\t2\n');
  assert.is(told('--delimiter', '\\t', '--header'), '"a,b",NA\n"1,5",2\n');
  const unnamed = join(folder, 'unnamed');
  writeFileSync(unnamed, 'a\n1\n');
  assert.match(intarsia(['import', db, 'told', unnamed]).stderr, /cannot tell the format .* or a format option/);
  fine(['import', db, 'told', unnamed, '--replace', '--format', 'csv']);
  const both = intarsia(['import', db, 'told', file, '--header', '--no-header']);
  assert.is(both.code, 2);
  assert.match(both.stderr, 'found both --header and --no-header, expected one');
  fine(['query', db, 'DROP TABLE told']);
});

test('query prints a table, CSV and JSON, and takes parameters', () => {
  const sql = 'SELECT carrier, name, length(name) AS letters FROM airlines WHERE carrier < ? ORDER BY carrier';
  golden('cli/table', fine(['query', db, sql, '--param', 'F']));
  golden('cli/rows.csv', fine(['query', db, sql, '-p', 'F', '--format', 'csv']));
  golden('cli/rows.json', fine(['query', db, sql, '-p', 'F', '--json']));
  assert.equal(JSON.parse(fine(['query', db, 'SELECT carrier FROM airlines WHERE carrier IS NULL', '--json'])), []);
  assert.is(fine(['query', db, '-', '--format', 'csv'], { input: 'SELECT count(*) AS n FROM planes' }), 'n\n3322\n');
  const file = join(folder, 'count.sql');
  writeFileSync(file, 'SELECT count(*) AS n\nFROM airlines');
  assert.is(fine(['query', db, file, '--format', 'csv']), 'n\n16\n');
  const spaced = join(folder, 'count of all.sql');
  writeFileSync(spaced, 'SELECT count(*) AS n FROM planes');
  assert.is(fine(['query', db, spaced, '--format', 'csv']), 'n\n3322\n');
  assert.match(intarsia(['query', db, 'SELECT 1 FROM t.sql']).stderr, /^error: .*\n.*\n {2}1 \| SELECT 1 FROM t\.sql\n/);
});

test('a parameter is text as it is written until the statement wants another type', () => {
  const sql = 'SELECT ? AS a, ? AS b, CAST(? AS BOOLEAN) AS c, CAST(? AS INTEGER) + 1 AS d, ? AS e';
  const words = ['TRUE', 'False', 'True', '-5', 'NULL'].map((word) => `--param=${word}`);
  assert.is(fine(['query', db, sql, ...words, '--format', 'csv']), 'a,b,c,d,e\nTRUE,False,true,-4,\n');
});

test('SQL may begin with a comment', () => {
  const { code, stdout, stderr } = intarsia(['query', db, '-- one\nSELECT 1 AS one', '--format', 'csv']);
  assert.is(code, 0, stderr);
  assert.is(stdout, 'one\n1\n');
});

test('a statement without rows says how many it changed', () => {
  assert.is(fine(['query', db, 'CREATE TABLE notes(id INTEGER, text VARCHAR)']), '0 rows changed\n');
  assert.is(fine(['query', db, "INSERT INTO notes VALUES (1, 'a'), (2, NULL)"]), '2 rows changed\n');
  assert.is(fine(['query', db, "INSERT INTO notes VALUES (3, 'b')", '--json']), '{"changed":1}\n');
  assert.is(fine(['query', db, 'SELECT * FROM notes ORDER BY id', '--format', 'csv']), 'id,text\n1,a\n2,\n3,b\n');
});

test('a query writes files by their names', () => {
  for (const extension of ['csv', 'json', 'arrow', 'parquet']) {
    const file = join(folder, `airlines.${extension}`);
    const ended = intarsia(['query', db, 'SELECT * FROM airlines ORDER BY carrier', '-o', file]);
    assert.is(ended.code, 0, ended.stderr);
    assert.is(ended.stdout, '');
    if (extension === 'json') assert.is((JSON.parse(readFileSync(file, 'utf8')) as unknown[]).length, 16);
    else assert.match(fine(['import', db, 'again', file, '--replace']), /^again: 16 rows/, extension);
  }
});

test('no output takes the place of a database', () => {
  const before = readFileSync(db);
  for (const words of [['query', db, 'SELECT 1', '--format', 'csv'], ['query', db, 'SELECT 1', '--json'],
    ['compile', db, 'SELECT 1']]) {
    const ended = intarsia([...words, '-o', db]);
    assert.is(ended.code, 1, words.join(' '));
    assert.match(ended.stderr, `'${db}' cannot be written: it is an Intarsia database`);
  }
  assert.ok(readFileSync(db).equals(before));
});

test('compile, run and explain', () => {
  const plan = join(folder, 'plan.wasm');
  const sql = 'SELECT name FROM airlines WHERE carrier = ?';
  assert.match(fine(['compile', db, sql, '-o', plan]), /plan\.wasm: \d+ bytes, (1 pipeline|[2-9] pipelines), compiled in \d+ ms\n$/);
  assert.ok(WebAssembly.validate(readFileSync(plan)));
  assert.is(fine(['run', db, plan, '--param', 'AA', '--format', 'csv']), 'name\nAmerican Airlines Inc.\n');
  const refused = intarsia(['run', db, plan]);
  assert.is(refused.code, 1);
  assert.match(refused.stderr, /^error: the statement has 1 parameter, found 0 values\n$/);
  assert.match(fine(['explain', db, sql]), /^plan\n[\s\S]*\npipelines /);
  assert.match(fine(['explain', db, 'SELECT name FROM airlines', '--analyze']), /\nrun\n {2}16 rows in /);
  assert.ok(JSON.parse(fine(['explain', db, sql, '--json'])));
  assert.match(fine(['explain', db, sql, '--format', 'dot']), /^digraph plan \{/);
});

test('failures give exit code 1, one line or a caret, and a stack only when asked for', () => {
  const compile = intarsia(['query', db, 'SELECT nam FROM airlines']);
  assert.is(compile.code, 1);
  golden('cli/caret', compile.stderr);
  assert.is(compile.stdout, '');
  for (const words of [
    ['query', join(folder, 'none.db'), 'SELECT 1'],
    ['verify', join(folder, 'none.db')],
    ['run', db, join(folder, 'none.wasm')],
    ['import', db, 't', join(folder, 'none.csv')],
  ]) {
    const ended = intarsia(words);
    assert.is(ended.code, 1, words.join(' '));
    assert.match(ended.stderr + ended.stdout, /none\.(db|wasm|csv)/);
    assert.not.match(ended.stderr, /^\s+at /m);
  }
  assert.match(intarsia(['query', db, 'SELECT nam FROM airlines'], { debug: true }).stderr, /^\s+at /m);
});

test('a statement without rows says what it changed, whatever the format, and leaves no file', () => {
  for (const format of ['csv', 'json', 'arrow', 'parquet']) {
    const file = join(folder, `changed.${format}`);
    const printed = fine(['query', db, "INSERT INTO airlines VALUES ('XX', 'Nobody')", '-o', file]);
    assert.match(printed, format === 'json' ? '{"changed":1}' : '1 row changed');
    assert.not.ok(existsSync(file));
  }
});

test('a comment without a blank is no option; the version is the package\'s', () => {
  assert.match(fine(['query', db, '--one\nSELECT 1 AS a', '--format', 'csv']), 'a\n1\n');
  const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { version: string };
  assert.is(fine(['--version']), `${version}\n`);
});

test('Ctrl-C gives exit code 130, says so, and leaves no half file and no lock', async () => {
  for (const name of ['half.json', 'half.csv']) {
    const words = ['query', db, 'SELECT a.tailnum FROM planes a, planes b, planes c', '-o', join(folder, name)];
    const child = spawn(process.execPath, [`${ROOT}dist/cli/main.js`, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
    let printed = '';
    child.stderr.on('data', (piece: Buffer) => { printed += piece.toString(); });
    while (!readdirSync(folder).some((file) => file.startsWith(name)) && child.exitCode === null) await wait(50);
    child.kill('SIGINT');
    await once(child, 'close');
    assert.is(child.exitCode, 130, printed);
    assert.is(printed, 'error: interrupted\n');
    assert.equal(readdirSync(folder).filter((file) => /half|lock/.test(file)), []);
  }
});

test('verify finds flipped bytes and fails', () => {
  const damaged = join(folder, 'damaged.db');
  const bytes = readFileSync(db);
  for (let page = 1; page * 256 * 1024 < bytes.byteLength; page++) bytes[page * 256 * 1024 + 5]! ^= 1;
  writeFileSync(damaged, bytes);
  const ended = intarsia(['verify', damaged]);
  assert.is(ended.code, 1);
  assert.match(ended.stdout, /is damaged: expected 0x[\s\S]*has \d+ problem/);
});

test.run();
