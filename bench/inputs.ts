/** The files a case reads, made once in the repository's `tmp/bench/`. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchCase, BenchTable } from './cases.js';
import { denseModel, FEATURE_COUNT, wideModel } from '../examples/wide/dense-model.js';
import { writeModel, type ModelSpec } from '../examples/wide/onnx-writer.js';
import { boostedTrees } from './support/models.js';
import { writeTransactions } from './support/tables.js';

/** The repository, from `dist/bench/`. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const CACHE = join(ROOT, 'tmp', 'bench');
export const FLIGHTS = join(ROOT, 'examples', 'flights');

export function tableFile(table: BenchTable): string {
  if (table.source.kind === 'flights') return join(FLIGHTS, table.source.file);
  const path = join(CACHE, `${tableKey(table)}.parquet`);
  if (!existsSync(path)) {
    mkdirSync(CACHE, { recursive: true });
    writeTransactions(path, table.source.rowCount);
  }
  return path;
}

/** Names the content of a table: two cases with the same key share their database. */
export function tableKey(table: BenchTable): string {
  return table.source.kind === 'flights' ? 'flights' : `${table.name}-${table.source.rowCount}`;
}

export async function modelFile(benchCase: BenchCase): Promise<string> {
  const { model, name } = benchCase;
  switch (model.kind) {
    case 'file':
      return join(FLIGHTS, model.file);
    case 'dense':
      return await generated(`${name}.onnx`, () =>
        denseModel(name, [FEATURE_COUNT, model.hidden, 2], model.hidden),
      );
    case 'trees':
      return await generated(`${name}.onnx`, () =>
        boostedTrees(name, { trees: model.trees, depth: 6, seed: model.trees }),
      );
    default:
      return model satisfies never;
  }
}

/**
 * A network whose weights are `weightBytes` of float32: [28, 8192, ..., 8192, 2], in one file or with external
 * data.
 */
export async function wideFile(
  weightBytes: number,
  options: { readonly external?: boolean } = {},
): Promise<string> {
  const name = `wide-${weightBytes / 2 ** 20}MiB${options.external === true ? '-external' : ''}.onnx`;
  return await generated(name, () => wideModel({ weightBytes, width: 8192, seed: 7 }), options);
}

async function generated(
  file: string,
  build: () => ModelSpec,
  options: { readonly external?: boolean } = {},
): Promise<string> {
  const path = join(CACHE, file);
  if (existsSync(path)) return path;
  mkdirSync(CACHE, { recursive: true });
  // External data is found by its file's name, so only a single file can be renamed when it is whole.
  const unfinished = options.external === true ? path : `${path}.part`;
  await writeModel(unfinished, build(), options);
  renameSync(unfinished, path);
  return path;
}
