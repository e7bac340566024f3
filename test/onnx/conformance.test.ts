/**
 * The public ONNX backend tests, through the importer and the oracle. The cases that do not pass are listed with their
 * reasons: a listed case that passes fails here until its line is removed, so the lists only shrink.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCase } from '../support/onnx-case.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SUITE = `${ROOT}../shared/conformance/onnx`;
const DEFAULT_ATOL = 1e-5;

/** Case and reason, parted by ` | `. */
function notPassed(file: string): ReadonlySet<string> {
  const lines = readFileSync(`${ROOT}test/onnx/${file}`, 'utf8').split('\n');
  return new Set(lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(' | ')[0]!));
}

async function failureOf(folder: string, absolute: number): Promise<string | undefined> {
  try {
    await runCase(folder, { relative: 1e-3, absolute });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

for (const list of ['current', 'older']) {
  if (!existsSync(`${SUITE}/${list}.txt`)) continue;
  test(`all cases of onnx/${list} pass but those listed`, async () => {
    const listed = notPassed(`not-passed-${list}.txt`);
    const wrong: string[] = [];
    const cases = readFileSync(`${SUITE}/${list}.txt`, 'utf8').split('\n').filter((line) => line !== '');
    for (const line of cases) {
      const [name, atol] = line.split(' ') as [string, string | undefined];
      const failure = await failureOf(
        `${SUITE}/${list}/${name}`,
        atol === undefined ? DEFAULT_ATOL : Number(atol.split('=')[1]),
      );
      if (failure !== undefined && !listed.has(name)) wrong.push(`${name} fails: ${failure}`);
      if (failure === undefined && listed.has(name))
        wrong.push(`${name} passes: remove it from not-passed-${list}.txt`);
    }
    for (const name of listed)
      if (!cases.some((line) => line.split(' ')[0] === name)) wrong.push(`${name} is listed, but is no case`);
    assert.equal(wrong, []);
  });
}

test.run();
