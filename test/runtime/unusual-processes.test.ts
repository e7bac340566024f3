/** Threads in processes that are not as usual: none left to give, a script on the command line, an early end. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open } from '../../runtime/database.js';
import { ROOT } from '../support/golden.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-threads-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('the query says why, and the process goes on', async () => {
  const path = join(folder, 'small.db');
  const db = await open(path, { threads: 1 });
  await db.query('CREATE TABLE t AS SELECT 1 AS a').run();
  await db.close();
  const script = `
    import threads from 'node:worker_threads';
    import { syncBuiltinESMExports } from 'node:module';
    const { Worker } = threads;
    threads.Worker = class {
      constructor(url, options) {
        if (String(url).endsWith('/worker.js')) throw new Error('no thread left');
        return new Worker(url, options);
      }
    };
    syncBuiltinESMExports();
    const { open } = await import('${ROOT}dist/runtime/database.js');
    const db = await open('${path}', { readOnly: true });
    const failure = await db.query('SELECT a FROM t').run().then(() => 'no failure', (error) => \`\${error.name}: \${error.message}\`);
    await db.close();
    console.log(failure);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.is(status, 0, stderr);
  assert.is(stdout.trim(), 'ExecutionError: a thread for the query cannot be started: no thread left');
});

test('a compiler that cannot have its thread is an ExecutionError, whether the start fails at once or later', () => {
  const failing = {
    once: "throw new Error('no thread left')",
    later: "return new Worker(new URL('file:///nowhere/compiler-worker.js'), options)",
  };
  const messages = Object.values(failing).map((start) => {
    const script = `
      import threads from 'node:worker_threads';
      import { syncBuiltinESMExports } from 'node:module';
      const { Worker } = threads;
      threads.Worker = class {
        constructor(url, options) {
          if (String(url).endsWith('compiler-worker.js')) { ${start}; }
          return new Worker(url, options);
        }
      };
      syncBuiltinESMExports();
      const { open } = await import('${ROOT}dist/runtime/database.js');
      const db = await open('${join(folder, 'no-compiler.db')}');
      console.log(await db.query('SELECT 1').run().catch((error) => \`\${error.name}: \${error.message}\`));
      await db.close();`;
    return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout.trim();
  });
  assert.is(messages[0], 'ExecutionError: a thread for the compiler cannot be started: no thread left');
  assert.match(messages[1]!, /^ExecutionError: the thread of the compiler failed: Cannot find module /);
});

test('a script given on the command line is not taken for what threads run', () => {
  const script = `
    const { open } = await import('${ROOT}dist/runtime/database.js');
    const db = await open('${join(folder, 'typed.db')}');
    console.log(await db.query('SELECT 1 AS a').run());
    await db.close();`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.is(status, 0, stderr);
  assert.is(stdout.trim(), '1');
});

test('a thread that comes up while it is ended does not let the process go before it has', () => {
  const script = `
    const { open } = await import('${ROOT}dist/runtime/database.js');
    const db = await open('${join(folder, 'closed.db')}');
    for (const end = performance.now() + 500; performance.now() < end;);
    await db.close();
    console.log('closed');`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.is(status, 0, stderr);
  assert.is(stdout.trim(), 'closed');
});

test.run();
