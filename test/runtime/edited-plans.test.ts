/** An artifact whose checksum is right may still say anything: what cannot be is refused before it is used. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open, StorageError, type Database } from '../../runtime/database.js';
import { writeArtifact } from '../../runtime/artifact.js';
import type { PhysicalPlan } from '../../runtime/plan.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-edited-'));
const SQL = 'SELECT k, sum(i) AS s FROM t GROUP BY k ORDER BY s DESC';
let db: Database;
let plan: PhysicalPlan;
let wasm: Uint8Array;

test.before(async () => {
  db = await open(join(folder, 'e.db'), { threads: 1, memoryLimit: '64MiB' });
  await db.query('CREATE TABLE t AS SELECT i, i % 7 AS k FROM range(1000) AS r(i)').run();
  const compiled = await db.compileStatement(SQL);
  assert.is(compiled.kind, 'query');
  if (compiled.kind === 'query') ({ plan, wasm } = compiled);
});

test.after(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

type Editable = { [key: string]: Editable } & Editable[] & (string | number);

function run(edit: (plan: Editable) => void): Promise<number> {
  const edited = structuredClone(plan) as unknown as Editable;
  edit(edited);
  return db.run(writeArtifact({ wasm, plan: edited as unknown as PhysicalPlan, irText: '' })).run();
}

const anything = (value: unknown): Editable => value as Editable;
const scanOf = (edited: Editable): Editable =>
  edited['pipelines']!.find((pipeline) => anything(pipeline)['source']!['kind'] === anything('scan'))!;

const EDITS: Readonly<Record<string, readonly [(plan: Editable) => void, RegExp]>> = {
  'a table it does not name': [(p) => { scanOf(p)['source']!['table'] = anything('nope'); }, /scanned table is "nope"/],
  'a column past the table': [(p) => { scanOf(p)['source']!['columns']![0] = anything(99); }, /scanned column is 99/],
  'a function that is not there': [(p) => { scanOf(p)['run'] = anything('gone'); }, /no function gone/],
  'a function that is no name': [(p) => { scanOf(p)['run'] = anything(7); }, /function is 7/],
  'an init that is not there': [(p) => { scanOf(p)['init'] = anything('gone'); }, /no function gone/],
  'a sort that is not there': [
    (p) => {
      const steps = p['pipelines']!.flatMap((pipeline) => anything(pipeline)['finish'] as unknown as Editable[]);
      steps.find((step) => step['kind'] === anything('sort'))!['gather'] = anything('gone');
    },
    /no function gone/,
  ],
  'a leaf at the end of the area': [(p) => { p['leaves']![0]!['chunkOffset'] = p['localBytes']!; }, /leaf offset/],
  'scratch past its area': [(p) => { p['localScratch'] = anything([[0, Number(p['localBytes']) + 1]]); }, /scratch is/],
  'scratch that overlaps': [(p) => { p['localScratch'] = anything([[0, 32], [16, 32]]); }, /scratch is/],
  'a context that is not there': [(p) => { p['contextBytes'] = anything(-1); }, /contextBytes is -1/],
};

test('as it was made it runs', async () => assert.is(await run(() => undefined), 7));

for (const [name, [edit, message]] of Object.entries(EDITS)) {
  test(name, async () => {
    await run(edit).then(
      () => assert.unreachable('it ran'),
      (error: unknown) => {
        assert.instance(error, StorageError, String((error as Error).stack));
        assert.is((error as StorageError).code, 'artifact');
        assert.match((error as Error).message, message);
      },
    );
    assert.is(await run(() => undefined), 7);
  });
}

test.run();
