/**
 * Databases written by earlier builds: one of this format version is read as it was meant, one of another version is
 * refused by its number. A change of what lies in pages (of tables, or of weights in kernel order) fails here until
 * FORMAT_VERSION says so.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { StorageError, open, verify } from '../../runtime/database.js';
import { FORMAT_VERSION } from '../../runtime/storage/format.js';
import { ROOT, golden } from '../support/golden.js';
import { QUESTIONS, databaseOfFormat } from './format/content.js';

const folder = mkdtempSync(join(tmpdir(), 'intarsia-old-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

function unpacked(version: number): string {
  const path = join(folder, `version-${version}.db`);
  writeFileSync(path, gunzipSync(readFileSync(databaseOfFormat(version))));
  return path;
}

const versions = readdirSync(`${ROOT}test/storage/format`).flatMap((name) => {
  const version = /^version-(\d+)\.db\.gz$/.exec(name)?.[1];
  return version === undefined ? [] : [Number(version)];
});

test('there is one of this version', () => assert.ok(versions.includes(FORMAT_VERSION)));

for (const version of versions) {
  if (version === FORMAT_VERSION) {
    test(`version ${version} is read as it was meant`, async () => {
      const path = unpacked(version);
      assert.equal(await verify(path), []);
      const db = await open(path, { readOnly: true });
      const answers: string[] = [];
      for (const sql of QUESTIONS) {
        answers.push(sql);
        // Batches, in which decimals keep all their digits.
        try {
          for await (const batch of db.query(sql))
            for (const row of batch) answers.push(JSON.stringify(row.toJSON(), asText));
        } catch (error) {
          throw new Error(`${(error as Error).message}\nof ${sql}`);
        }
        answers.push('');
      }
      await db.close();
      golden(`storage/version-${version}`, answers.join('\n'));
    });
  } else {
    test(`version ${version} is refused by its number`, async () => {
      const failure: unknown = await open(unpacked(version)).catch((error: unknown) => error);
      assert.instance(failure, StorageError);
      assert.is((failure as StorageError).code, 'version');
    });
  }
}

function asText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

test.run();
