/** `intarsia model`: the models of a database, as `fraud` (the newest version) or `fraud@3`. */
import type { Database } from '../runtime/database.js';
import { counted } from '../runtime/wording.js';
import { defineCommand, UsageError } from './command.js';
import { JSON_OUTPUT, MEMORY, withDatabase } from './database-options.js';
import { bytesText } from './sizes.js';
import { withProgress } from './progress.js';
import { write } from './stdout.js';

const ARGUMENTS: Readonly<Record<string, number>> = { add: 4, list: 2, inspect: 3, remove: 3 };

export const model = defineCommand({
  usage: 'model add DB NAME FILE.onnx | list DB | inspect DB NAME[@VERSION] | remove DB NAME[@VERSION]',
  summary: 'Adds (a new version each time), lists, inspects or removes models.',
  example: 'intarsia model add shop.db fraud fraud.onnx\nintarsia model inspect shop.db fraud@1',
  positionals: [2, 4],
  options: { memory: MEMORY, json: JSON_OUTPUT },
  async run([action, path, name, file], options, signal) {
    const expected = Object.hasOwn(ARGUMENTS, action!) ? ARGUMENTS[action!] : undefined;
    if (expected === undefined)
      throw new UsageError(`there is no 'model ${action!}'; there are add, list, inspect, remove`);
    const found = [action, path, name, file].filter((word) => word !== undefined).length;
    if (found !== expected)
      throw new UsageError(`model ${action!}: found ${counted(found - 1, 'argument')}, expected ${expected - 1}`);
    const isWriter = action === 'add' || action === 'remove';
    await withDatabase(
      path!,
      { memory: options.memory, threads: '1', readOnly: !isWriter, create: action === 'add' },
      async (db) => {
      const shown = await ACTIONS[action as keyof typeof ACTIONS](db, { name: name ?? '', file: file ?? '', signal });
      write(options.json ? `${JSON.stringify(shown.json)}\n` : `${shown.text}\n`);
    });
  },
});

interface Arguments { readonly name: string; readonly file: string; readonly signal: AbortSignal }
interface Shown { readonly text: string; readonly json: unknown }

const ACTIONS = { add, list, inspect, remove } satisfies Record<
  string,
  (db: Database, args: Arguments) => Promise<Shown>
>;

async function add(db: Database, { name, file, signal }: Arguments): Promise<Shown> {
  const before = await storedBytes(db);
  const version = await withProgress(`storing ${name}`, () => db.createModel(name, file, { signal }));
  const written = (await storedBytes(db)) - before;
  return {
    text: `${name}@${version}: ${bytesText(written)} of new weights stored`,
    json: { name, version, newBytes: written },
  };
}

async function storedBytes(db: Database): Promise<number> {
  using snapshot = db.file.snapshot();
  return (await snapshot.modelStats()).physicalBytes;
}

async function list(db: Database): Promise<Shown> {
  const models = [...db.file.catalog.models.values()].flatMap(({ name, versions }) =>
    versions.map(({ version, createdAt, logicalBytes }) => ({
      name,
      version,
      created: new Date(createdAt).toISOString(),
      bytes: logicalBytes,
    })),
  );
  const lines = models.map(
    ({ name, version, created, bytes }) =>
      `${name}@${version}  ${created.slice(0, 19).replace('T', ' ')}  ${bytesText(bytes)}`,
  );
  return { text: lines.length === 0 ? 'no models' : lines.join('\n'), json: models };
}

async function inspect(db: Database, { name }: Arguments): Promise<Shown> {
  const wanted = parseName(name);
  using snapshot = db.file.snapshot();
  const found = await snapshot.model(wanted.name, wanted.version);
  if (found === undefined)
    throw new Error(
      `there is no model ${name}; there are ${[...db.file.catalog.models.values()].map((entry) => entry.name).join(', ') || 'none'}`,
    );
  const { version, inputs, outputs, tensors, irText, notes } = found;
  const weights = tensors.map(({ name: hash, dtype, dims, blocks }) => ({
    hash,
    type: `${dtype}[${dims.join(', ')}]`,
    blocks: blocks.length,
    bytes: blocks.reduce((sum, block) => sum + block.byteLength, 0),
  }));
  const total = weights.reduce((sum, weight) => sum + weight.bytes, 0);
  const ports = (title: string, list: typeof inputs): readonly string[] => [
    title,
    ...list.map((port) => `  ${port.name}: ${port.type}`),
  ];
  const text = [
    `${wanted.name}@${version}`,
    ...ports('inputs', inputs), ...ports('outputs', outputs),
    `weights: ${weights.length} tensors, ${bytesText(total)}`,
    ...weights.map(
      (weight) =>
        `  ${weight.hash.slice(0, 12)}  ${weight.type}  ${bytesText(weight.bytes)} in ${weight.blocks} ${weight.blocks === 1 ? 'block' : 'blocks'}`,
    ),
    'graph', ...irText.trimEnd().split('\n').map((line) => `  ${line}`),
  ].join('\n');
  return { text, json: { name: wanted.name, version, inputs, outputs, weights, graph: irText, notes } };
}

async function remove(db: Database, { name }: Arguments): Promise<Shown> {
  const { name: plain, version } = parseName(name);
  await db.query(`DROP MODEL "${plain.replaceAll('"', '""')}"${version === undefined ? '' : `@${version}`}`).run();
  return { text: `removed ${name}`, json: { removed: name } };
}

function parseName(text: string): { readonly name: string; readonly version: number | undefined } {
  const match = /^(.+)@(\d+)$/.exec(text);
  return match === null ? { name: text, version: undefined } : { name: match[1]!, version: Number(match[2]) };
}
