// Joins what `tsc` made into a few files: `dist/bin`. A plan is run by one file, `engine.js`, where it would load
// fifty: each file costs Node half a millisecond before the first row. Packages stay outside; what is imported
// dynamically stays a file of its own, so the run path still loads no compiler.
import { readFile, rm } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from '@rollup/wasm-node';

const path = (name) => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

/** Stack traces lead to the TypeScript. */
const withSourceMaps = {
  name: 'with-source-maps',
  async load(id) {
    const [code, map] = await Promise.all([readFile(id, 'utf8'), readFile(`${id}.map`, 'utf8')]);
    return { code, map };
  },
};

/** Files of functions that call one another; and `this` at the top level in tsc's helper for `using`. */
const EXPECTED = ['CIRCULAR_DEPENDENCY', 'THIS_IS_UNDEFINED'];

async function bundle(input, manualChunks = {}) {
  const build = await rollup({
    input,
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    plugins: [withSourceMaps],
    onwarn: (warning) => { if (!EXPECTED.includes(warning.code)) throw new Error(warning.message); },
  });
  await build.write({
    dir: path('bin'), format: 'es', sourcemap: true, manualChunks,
    entryFileNames: '[name].js',
    chunkFileNames: (chunk) => (chunk.name in manualChunks ? '[name].js' : '[name]-[hash].js'),
  });
  await build.close();
}

await rm(path('bin'), { recursive: true, force: true });
await bundle(
  {
    main: path('cli/main.js'),
    index: path('runtime/database.js'),
    'compiler-worker': path('runtime/compiler-worker.js'),
  },
  { engine: [path('cli/program.js'), path('cli/run.js'), path('runtime/database.js')] },
);
// By itself: a worker thread should not load the engine for the constants they share.
await bundle({ worker: path('runtime/executor/worker.js') });
