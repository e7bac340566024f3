/** `intarsia info`: what a database file holds. */
import { stat } from 'node:fs/promises';
import type { Database } from '../runtime/database.js';
import { sqlTypeName } from '../runtime/result-text.js';
import { defineCommand } from './command.js';
import { JSON_OUTPUT, withDatabase } from './database-options.js';
import { bytesText, countText } from './sizes.js';
import { write } from './stdout.js';

export const info = defineCommand({
  usage: 'info DB [options]',
  summary: 'Shows the tables, views and models of a database file, and what they take.',
  example: 'intarsia info shop.db',
  positionals: [1, 1],
  options: { json: JSON_OUTPUT },
  async run([path], options) {
    await withDatabase(path!, { threads: '1', readOnly: true }, async (db) => {
      const found = await describe(db);
      write(options.json ? `${JSON.stringify(found, undefined, 2)}\n` : textOf(found));
    });
  },
});

type Description = Awaited<ReturnType<typeof describe>>;

async function describe(db: Database) {
  const { catalog, sequence } = db.file;
  using snapshot = db.file.snapshot();
  const { logicalBytes, physicalBytes, blocks, sharedBlocks } = await snapshot.modelStats();
  return {
    file: db.path,
    bytes: (await stat(db.path)).size,
    commit: sequence,
    tables: [...catalog.tables.values()].map(({ name, rowCount, columns }) => ({
      name, rows: rowCount,
      columns: columns.map((column) => ({ name: column.name, type: sqlTypeName(column), nullable: column.nullable })),
    })),
    views: [...catalog.views.values()].map(({ name, sql }) => ({ name, sql })),
    models: [...catalog.models.values()].map(({ name, versions }) => ({
      name,
      versions: versions.map(({ version }) => version),
    })),
    weights: { logicalBytes, storedBytes: physicalBytes, blocks, sharedBlocks },
  };
}

function textOf({ file, bytes, commit, tables, views, models, weights }: Description): string {
  return [
    `${file}: ${bytesText(bytes)}, ${commit} commits`,
    ...tables.map(
      ({ name, rows, columns }) =>
        `table ${name}: ${countText(rows)} rows (${columns.map((column) => `${column.name} ${column.type}`).join(', ')})`,
    ),
    ...views.map(({ name, sql }) => `view ${name}: ${sql}`),
    ...models.map(
      ({ name, versions }) => `model ${name}: ${versions.length === 1 ? 'version' : 'versions'} ${versions.join(', ')}`,
    ),
    ...(models.length === 0
      ? []
      : [
          `weights: ${bytesText(weights.logicalBytes)}, stored as ${bytesText(weights.storedBytes)} in ${weights.blocks} blocks, ${weights.sharedBlocks} of them shared`,
        ]),
    '',
  ].join('\n');
}
