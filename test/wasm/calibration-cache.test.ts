/** Calibrations are measured once, kept, and measured again when what was kept is damaged or out of date. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelCalibration } from '../../frontend/calibration.js';
import { ROOT } from '../support/golden.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-cache-'));
const before = process.env['XDG_CACHE_HOME'];
const cached = (): string => join(folder, 'intarsia', readdirSync(join(folder, 'intarsia'))[0]!);

test.before(() => {
  process.env['XDG_CACHE_HOME'] = folder;
});
test.after(() => {
  if (before === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = before;
  rmSync(folder, { recursive: true });
});

test('the second call reads what the first has measured', () => {
  const first = kernelCalibration();
  const marked = { ...first, measured: [{ ...first.measured[0]!, gflops: 12345 }] };
  writeFileSync(cached(), JSON.stringify(marked));
  assert.equal(kernelCalibration(), marked);
  assert.is.not(kernelCalibration({ fresh: true }).measured[0]!.gflops, 12345);
});

test('a damaged or old file is measured anew', () => {
  for (const text of ['', '{}', '{"tier":{"dense":{"width":0}}}']) {
    writeFileSync(cached(), text);
    assert.ok(kernelCalibration().measured.length > 1);
  }
  writeFileSync(cached(), readFileSync(cached(), 'utf8').replace(/"gflops":[\d.]+/, '"gflops":12345'));
  utimesSync(cached(), 0, 0);
  assert.is.not(kernelCalibration().measured[0]!.gflops, 12345);
});

test('a folder that cannot be written only costs the time', () => {
  process.env['XDG_CACHE_HOME'] = join(cached(), 'no-folder');
  assert.ok(kernelCalibration().measured.length > 1);
  process.env['XDG_CACHE_HOME'] = folder;
});

test('a worker thread, which may lack relaxed SIMD, does not take what a main thread has measured with it', () => {
  const opened = join(folder, 'opened.mjs');
  writeFileSync(opened, `import { openModel } from '${ROOT}dist/runtime/database.js';
    console.log((await openModel('${ROOT}examples/flights/late_mlp.onnx')).backend);`);
  const threaded = join(folder, 'threaded.mjs');
  writeFileSync(threaded, `import { Worker } from 'node:worker_threads';
    new Worker(new URL('./opened.mjs', import.meta.url));`);
  for (const script of [opened, threaded]) {
    const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'of-threads') };
    const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', env });
    assert.is(stdout, 'kernel\n', stderr);
  }
});

test.run();
