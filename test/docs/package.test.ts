/** What `npm pack` ships: all that is needed, no tests, and declarations that hold in a strict program. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../support/golden.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-package-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

function packed(): ReadonlySet<string> {
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT, encoding: 'utf8', shell: process.platform === 'win32',
  });
  assert.is(status, 0, stderr);
  const [found] = JSON.parse(stdout) as { readonly files: readonly { readonly path: string }[] }[];
  return new Set(found!.files.map(({ path }) => path));
}

test('the package has what its own files import, its licence and the demo, and no tests', () => {
  const files = packed();
  for (const file of ['LICENSE', 'README.md', 'dist/bin/main.cjs', 'dist/bin/run.cjs', 'dist/bin/index.js',
    'dist/bin/worker.js', 'dist/bin/compiler-worker.js', 'dist/runtime/database.d.ts', 'examples/flights/late_mlp.onnx'])
    assert.ok(files.has(file), file);
  assert.equal([...files].filter((file) => /^dist\/(test|bench)\/|tsbuildinfo|^test\//.test(file)), []);
  const missing = [...files].filter((file) => /^dist\/.*\.(c?js|d\.ts)$/.test(file)).flatMap((file) =>
    [...readFileSync(ROOT + file, 'utf8').matchAll(/(?:from|import\(|importModule\() ?'(\.[^']+\.c?js)'/g)]
      .map(([, name]) => posix.join(dirname(file), name!))
      .filter((name) => !files.has(name))
      .map((name) => `${file} wants ${name}`));
  assert.equal(missing, []);
});

test("its declarations are whole without the DOM's types", () => {
  writeFileSync(join(folder, 'app.ts'), `import { open } from '${ROOT}dist/runtime/database.js';
    export const rows = async (): Promise<unknown> => (await open('a.db')).query('SELECT 1 AS a').toArray();`);
  const strict = '--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck false --types node --target es2022';
  const words = [...`${strict} --module nodenext --lib es2023,esnext.disposable`.split(' '),
    '--typeRoots', `${ROOT}node_modules/@types`, join(folder, 'app.ts')];
  const { status, stdout } = spawnSync(process.execPath, [`${ROOT}node_modules/typescript/bin/tsc`, ...words], {
    cwd: folder, encoding: 'utf8',
  });
  assert.is(status, 0, stdout);
});

test.run();
