/** The demo's last part: a network whose weights are larger than the memory it may use. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FEATURE_COUNT, wideModel } from '../examples/wide/dense-model.js';
import { writeModel } from '../examples/wide/onnx-writer.js';
import type { Database } from '../runtime/database.js';
import type { Narrator } from './narrator.js';
import { bytesText } from './sizes.js';

const WEIGHT_BYTES = 128 * 2 ** 20;
const WIDTH = 4096;
const MEMORY_LIMIT = '48MiB';
const ROWS = 64;
const FEATURES = Array.from({ length: FEATURE_COUNT }, (_, i) => `f${i}`);

export async function showWide(tell: Narrator, folder: string): Promise<void> {
  const { open } = await import('../runtime/database.js');
  tell.step(`Run a network with ${bytesText(WEIGHT_BYTES)} of weights under a memory limit of ${MEMORY_LIMIT}.`);
  tell.say('Its weights are random numbers: this is about size, not about sense.\n');
  tell.code(
    `const db = await open('wide.db', { memoryLimit: '${MEMORY_LIMIT}' });\nawait db.createModel('wide', 'wide.onnx');\ndb.query('SELECT id, (predict(wide, f0, ..., f27))[1] AS score FROM points')`,
  );
  const [points, onnx] = [join(folder, 'points.csv'), join(folder, 'wide.onnx')];
  await writeFile(points, pointsCsv());
  await tell.timed(
    () => `wide.onnx written: 28-${WIDTH}-${WIDTH}-${WIDTH}-2`,
    () => writeModel(onnx, wideModel({ weightBytes: WEIGHT_BYTES, width: WIDTH, seed: 7 })),
  );
  const db = await open(join(folder, 'wide.db'), { memoryLimit: MEMORY_LIMIT });
  try {
    await db.importFile('points', points);
    await tell.timed((version) => `wide@${version} registered, block by block`, () => db.createModel('wide', onnx));
    await showScores(tell, db);
  } finally {
    await db.close();
  }
}

async function showScores(tell: Narrator, db: Database): Promise<void> {
  const sql = `SELECT count(*) AS n, avg((predict(wide, ${FEATURES.join(', ')}))[1]) AS score FROM points`;
  const [row] = await tell.timed(() => `${ROWS} rows predicted`, () => db.query(sql).toArray());
  tell.say(`\n  average score ${Number(row?.['score']).toFixed(6)} of ${String(row?.['n'])} rows`);
  const text = await db.explain(sql, { analyze: true });
  for (const title of ['representations', 'run']) {
    const section = text.split('\n\n').find((part) => part.startsWith(title));
    if (section !== undefined) tell.say(`\n${section.trimEnd()}`);
  }
}

/** The same on every machine. */
function pointsCsv(): string {
  const value = (row: number, column: number): string => Math.sin(row * 31 + column * 7).toFixed(4);
  const rows = Array.from({ length: ROWS }, (_, row) =>
    [row, ...FEATURES.map((_name, column) => value(row, column))].join(','),
  );
  return `${['id', ...FEATURES].join(',')}\n${rows.join('\n')}\n`;
}
