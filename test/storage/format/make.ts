/**
 * Writes the database that a new format version is kept by: `npm run build && node dist/test/storage/format/make.js`.
 * Those of earlier versions stay as they were written.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { open } from '../../../runtime/database.js';
import { ROOT } from '../../support/golden.js';
import { MODELS, NEWEST, STATEMENTS } from './content.js';

if (existsSync(NEWEST)) throw new Error(`${NEWEST} is there; a version that is in use does not change`);
const folder = mkdtempSync(join(tmpdir(), 'intarsia-format-'));
const path = join(folder, 'sample.db');
const db = await open(path);
for (const statement of STATEMENTS) await db.query(statement).run();
for (const model of MODELS) await db.createModel(model, `${ROOT}examples/flights/${model}.onnx`);
await db.close();
writeFileSync(NEWEST, gzipSync(readFileSync(path), { level: 9 }));
rmSync(folder, { recursive: true });
