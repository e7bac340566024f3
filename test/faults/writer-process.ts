/**
 * A process that writes until it is killed: `import PATH FIRST` replaces a table by one of FIRST, FIRST + 1, ... rows;
 * `model PATH` adds versions of a model, each with weights of its own; `hold PATH` opens the file and waits.
 * Says `ready` when it is open and the number of each commit once it is made, a line each.
 */
import { writeFileSync } from 'node:fs';
import { denseModel } from '../../examples/wide/dense-model.js';
import { writeModel } from '../../examples/wide/onnx-writer.js';
import { open, type Database } from '../../runtime/database.js';

const [mode, path, first] = process.argv.slice(2) as [string, string, string | undefined];

function say(line: string | number): void {
  process.stdout.write(`${line}\n`);
}

const importFilePath = `${path}.csv`;

/** Loads what an import needs, so that the kills that follow hit imports and not the loading. */
async function importOnce(db: Database): Promise<void> {
  writeFileSync(importFilePath, 'a\n1\n');
  await db.importFile('warm', importFilePath, { replace: true });
}

async function importForever(db: Database): Promise<never> {
  const file = importFilePath;
  for (let rows = Number(first); ; rows++) {
    writeFileSync(file, `a,b\n${Array.from({ length: rows }, (_, row) => `${row},text ${row}`).join('\n')}\n`);
    await db.importFile('t', file, { replace: true });
    say(rows);
  }
}

async function addForever(db: Database): Promise<never> {
  const file = `${path}.onnx`;
  for (let version = Number(first); ; version++) {
    await writeModel(file, denseModel('m', [28, 256, 2], version * 10));
    say(await db.createModel('m', file));
  }
}

const db = await open(path, { memoryLimit: '32MiB', threads: 1 });
if (mode === 'import') await importOnce(db);
if (mode === 'model') await db.loadCompiler();
say('ready');
if (mode === 'import') await importForever(db);
if (mode === 'model') await addForever(db);
setInterval(() => undefined, 1000);
