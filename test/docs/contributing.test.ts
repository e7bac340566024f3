/** The recipes name files and exports that are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../support/golden.js';

const PAGE = readFileSync(`${ROOT}CONTRIBUTING.md`, 'utf8');
const FOLDERS = ['', 'frontend/onnx/', 'frontend/sql/functions/', 'ir/', 'passes/', 'backends/wasm/', 'backends/wasm/kernels/', 'test/passes/'];

test('every path that is named exists', () => {
  const paths = [...PAGE.matchAll(/`((?:[\w-]+\/)*[\w.-]+\.(?:ts|txt)|(?:[\w-]+\/)+)`/g)]
    .map((match) => match[1]!)
    .filter((path) => path !== 'dist/');
  assert.ok(paths.length > 20, `${paths.length} paths`);
  assert.equal(paths.filter((path) => !FOLDERS.some((folder) => existsSync(ROOT + folder + path))), []);
});

test('the tables that recipes add to are there', () => {
  const declared = (file: string, name: string): void =>
    assert.match(readFileSync(ROOT + file, 'utf8'), new RegExp(`\\bconst ${name}\\b`), `${name} in ${file}`);
  declared('ir/scalar.ts', 'SCALAR');
  declared('backends/wasm/expression/emit.ts', 'EMIT');
  declared('backends/wasm/tile-nodes.ts', 'LOWER');
  declared('backends/wasm/pipeline/aggregate-states.ts', 'AGGREGATES');
  declared('ir/node.ts', 'ORDERED_AGGREGATES');
  declared('frontend/sql/bind-call.ts', 'ORDERED');
  declared('passes/order-predicates.ts', 'COST');
  declared('ir/node.ts', 'AGGREGATE_OPS');
  declared('passes/pipeline.ts', 'PIPELINE');
  declared('passes/pipeline.ts', 'MODEL_STEPS');
  declared('test/wasm/golden.test.ts', 'FAMILIES');
  declared('test/pipeline/aggregates.test.ts', 'CALLS');
  declared('test/ir/scalar-is-duckdb.test.ts', 'CALLS');
  declared('test/sql/functions.test.ts', 'EDGES');
});

test('every pass is in a file of its name', () => {
  for (const file of readdirSync(`${ROOT}passes`).filter((name) => name.endsWith('.ts'))) {
    for (const [, name] of readFileSync(`${ROOT}passes/${file}`, 'utf8').matchAll(/: Pass = \{\s*name: '([a-z-]+)'/g))
      assert.is(`${name}.ts`, file);
  }
});

test.run();
