/** The example of the README runs as it stands, in twenty lines, and the commands it names exist. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../support/golden.js';

const README = readFileSync(`${ROOT}README.md`, 'utf8');

function blocks(language: string): readonly string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1]!);
}

test('the example runs', () => {
  const [example, ...others] = blocks('js');
  assert.is(others.length, 0);
  assert.ok(example!.trimEnd().split('\n').length <= 20, 'twenty lines');
  const folder = mkdtempSync(join(tmpdir(), 'intarsia-readme-'));
  try {
    symlinkSync(`${ROOT}examples`, join(folder, 'examples'));
    const door = pathToFileURL(`${ROOT}dist/bin/index.js`).href;
    writeFileSync(join(folder, 'example.mjs'), example!.replace("from 'intarsia'", `from '${door}'`));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' });
    assert.is(status, 0, stderr);
    assert.match(stdout, /origin: .EWR., flights: 9365n/);
    assert.match(stdout, /^pipelines /m);
    assert.match(stdout, /origin: '(EWR|JFK|LGA)', flights: \d+n, risk: 0\.\d+/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the commands of the README exist', () => {
  const scripts = (JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { scripts: Record<string, string> })
    .scripts;
  const text = blocks('sh').join('\n');
  for (const [, script] of text.matchAll(/^npm (?:run )?(\w+)/gm)) assert.ok(Object.hasOwn(scripts, script!), script);
  for (const [, command] of text.matchAll(/\bintarsia (\w+) /g)) {
    const { status, stderr } = spawnSync(process.execPath, [`${ROOT}dist/cli/main.js`, command!, '--help'], {
      encoding: 'utf8',
    });
    assert.is(status, 0, stderr);
  }
});

test.run();
