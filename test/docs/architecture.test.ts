/**
 * What ARCHITECTURE.md prints of the IR and of pipelines is what the code prints: line by line, numbers of nodes apart.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { open, type Database } from '../../runtime/database.js';
import { ROOT } from '../support/golden.js';

const PAGE = readFileSync(`${ROOT}ARCHITECTURE.md`, 'utf8');
const FLIGHTS = `${ROOT}examples/flights/`;
const folder = mkdtempSync(join(tmpdir(), 'intarsia-docs-'));
let db: Database;
let printed: ReadonlySet<string>;

/** Without what moves: numbers of nodes with every pass, the tile and the SIMD tier with the engine. */
const plain = (line: string): string => line.trim().replace(/%\d+/g, '%').replace(/tile \d+x\d+( relaxed)?/, 'tile');

function blocks(language: string): readonly string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1]!);
}

test.before(async () => {
  db = await open(join(folder, 'flights.db'), { threads: 1 });
  for (const table of ['flights', 'planes']) await db.importFile(table, `${FLIGHTS}${table}.parquet`);
  await db.createModel('late_mlp', `${FLIGHTS}late_mlp.onnx`);
  const [sql] = blocks('sql');
  const explained = JSON.parse(await db.explain(sql!, { format: 'json' })) as { stages: { text: string }[] };
  using snapshot = db.file.snapshot();
  const { irText } = (await snapshot.model('late_mlp'))!;
  printed = new Set(
    [irText, ...explained.stages.map((stage) => stage.text), await db.explain(sql!)].flatMap((text) =>
      text.split('\n').map(plain),
    ),
  );
});

test.after(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

for (const language of ['ir', 'plan']) {
  test(`blocks of ${language} are printed so`, () => {
    const lines = blocks(language).flatMap((block) => block.trimEnd().split('\n')).filter((line) => line !== '...');
    assert.ok(lines.length > 8);
    const stale = lines.filter((line) => !printed.has(plain(line)));
    assert.equal(stale, []);
  });
}

test('every dependency is in the table, and no other', () => {
  const { dependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const rows = PAGE.split('## Dependencies')[1]!
    .split('\n')
    .filter((line) => /^\| [a-z]/.test(line) && !line.startsWith('| package'));
  const named = rows.flatMap((row) => row.split('|')[1]!.split(',').map((name) => name.trim()));
  assert.equal(named.sort(), Object.keys(dependencies).sort());
});

test('every file and folder that is named exists', () => {
  const files = new Set([...PAGE.matchAll(/`([a-z][\w/.-]*\.ts)`/g)].map((match) => match[1]!));
  const places = [
    '',
    'frontend/',
    'frontend/onnx/',
    'frontend/sql/',
    'ir/',
    'passes/',
    'backends/relational/',
    'backends/wasm/',
    'runtime/',
    'runtime/storage/',
  ];
  const exists = (file: string): boolean => places.some((place) => {
    try {
      return readFileSync(`${ROOT}${place}${file}`).byteLength > 0;
    } catch {
      return false;
    }
  });
  assert.equal([...files].filter((file) => !exists(file)), []);
});

test.run();
