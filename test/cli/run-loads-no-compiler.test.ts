/** `intarsia run` loads neither the compiler nor a library that a plan does not need, whatever is printed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../support/golden.js';
import { intarsia } from './terminal.js';

/** The classes of its errors are part of the public API and load nothing else. */
const COMPILER =
  /\/(chevrotain|binaryen|onnx-proto|protobufjs)\/|\/dist\/(frontend\/(?!diagnostics|onnx\/errors)|passes\/|backends\/)|compiler-(client|worker)/;
const LIBRARIES = /\/node_modules\//;
const folder = mkdtempSync(join(tmpdir(), 'intarsia-run-'));
const [db, plan] = [join(folder, 'flights.db'), join(folder, 'plan.wasm')];

test.before(() => {
  const steps = [
    ...['flights', 'weather', 'planes', 'airlines'].map((table) => [
      'import',
      db,
      table,
      `${ROOT}examples/flights/${table}.parquet`,
    ]),
    ...['late_gbdt', 'late_logistic', 'late_mlp'].map((name) => [
      'model',
      'add',
      db,
      name,
      `${ROOT}examples/flights/${name}.onnx`,
    ]),
    ['compile', db, `${ROOT}examples/flights/late_demo.sql`, '-o', plan],
  ];
  for (const words of steps) {
    const { code, stderr } = intarsia(words);
    assert.is(code, 0, stderr);
  }
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

function loadedBy(
  words: readonly string[],
  main = 'dist/cli/main.js',
): { readonly modules: readonly string[]; readonly stdout: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `${ROOT}dist/test/cli/log-modules.js`, `${ROOT}${main}`, ...words],
    { encoding: 'utf8' },
  );
  assert.is(status, 0, stderr);
  return { stdout, modules: [...stderr.matchAll(/^loaded (.*)$/gm)].map((match) => match[1]!) };
}

for (const format of ['table', 'csv', 'json']) {
  test(`as ${format}`, () => {
    const { modules, stdout } = loadedBy(['run', db, plan, '--format', format]);
    assert.match(stdout, /JetBlue Airways/);
    assert.ok(modules.some((module) => module.endsWith('/runtime/executor/query-run.js')), 'what is loaded is seen');
    assert.equal(modules.filter((module) => COMPILER.test(module) || LIBRARIES.test(module)), []);
  });
}

test('nor does what is shipped, in which files are joined', () => {
  const { modules, stdout } = loadedBy(['run', db, plan, '--format', 'csv'], 'dist/bin/main.cjs');
  assert.match(stdout, /JetBlue Airways/);
  assert.ok(modules.some((module) => module.endsWith('/dist/bin/main.cjs')), 'what is loaded is seen');
  assert.equal(
    modules.filter(
      (module) =>
        /\/(compile|compiler-client)-\w+\.js$/.test(module) || COMPILER.test(module) || LIBRARIES.test(module),
    ),
    [],
  );
});

test('what is shipped prints the same, and V8 keeps the code of the whole run', () => {
  const cache = mkdtempSync(join(folder, 'cache-'));
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const run = (main: string, format: string, what = plan): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'run', db, what, '--format', format], {
      encoding: 'utf8',
      env,
    });
    assert.equal([status, stderr], [0, '']);
    return stdout;
  };
  const codes = (): readonly string[] => readdirSync(cache).filter((name) => name.endsWith('.code'));
  const kept: string[] = [];
  for (const format of ['table', 'csv', 'json']) {
    assert.is(run(`${ROOT}dist/bin/main.cjs`, format), run(`${ROOT}dist/cli/main.js`, format));
    // Written once: each later run took it.
    assert.is(codes().length, 1);
    const { ino, mtimeMs } = statSync(join(cache, codes()[0]!));
    kept.push(`${ino} ${mtimeMs}`);
  }
  assert.is(new Set(kept).size, 1);
  // What few plans need is a file of its own: functions of the host.
  const hosted = join(folder, 'hosted.wasm');
  const sql = "SELECT replace(name, 'Air', 'A\u00efr') AS n, sin(length(name)) AS s FROM airlines ORDER BY n";
  assert.is(intarsia(['compile', db, sql, '-o', hosted]).code, 0);
  const names = run(`${ROOT}dist/bin/main.cjs`, 'csv', hosted);
  assert.match(names, 'American A\u00efrlines');
  assert.is(names, run(`${ROOT}dist/cli/main.js`, 'csv', hosted));
});

test('what is shipped fails as the rest does', () => {
  for (const words of [['run'], ['run', db], ['run', db, `${plan}.gone`], ['run', db, plan, '--threads', 'x']]) {
    const [shipped, plain] = ['dist/bin/main.cjs', 'dist/cli/main.js'].map((main) => {
      const { status, stderr } = spawnSync(process.execPath, [`${ROOT}${main}`, ...words], { encoding: 'utf8' });
      return { status, stderr };
    });
    assert.ok(plain!.status! > 0);
    assert.equal(shipped, plain);
  }
});

test('a plan with relaxed instructions leaves the flags of V8 as they were, where it needed them', () => {
  const script = `
    import { hasRelaxedSimd } from '${pathToFileURL(`${ROOT}dist/runtime/executor/simd.js`).href}';
    import { open } from '${pathToFileURL(`${ROOT}dist/runtime/database.js`).href}';
    import { readFileSync } from 'node:fs';
    const before = hasRelaxedSimd();
    const db = await open(process.argv[1], { readOnly: true, threads: 2 });
    const rows = await db.run(readFileSync(process.argv[2])).toArray();
    await db.close();
    console.log(JSON.stringify([before, hasRelaxedSimd(), rows.length]));`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script, db, plan],
    { encoding: 'utf8' },
  );
  assert.is(status, 0, stderr);
  const [before, after, rows] = JSON.parse(stdout) as readonly [boolean, boolean, number];
  assert.is(after, before);
  assert.is(rows, 15);
});

test('a query that must be compiled is seen to load the compiler client', () => {
  const { modules } = loadedBy(['query', db, 'SELECT 1 AS one']);
  assert.ok(modules.some((module) => COMPILER.test(module)));
});

test.run();
