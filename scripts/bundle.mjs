// Joins what `tsc` made into a few files: `dist/bin`. A plan is run by one file, `engine.js`, where it would load
// fifty: each file costs Node half a millisecond before the first row. Packages stay outside; what is imported
// dynamically stays a file of its own, so the run path still loads no compiler.
import { readFile, rm } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from '@rollup/wasm-node';
import { KEPT_PARAMETERS } from '../dist/cli/kept-code.js';

const path = (name) => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

/** Stack traces lead to the TypeScript. */
const withSourceMaps = {
  name: 'with-source-maps',
  async load(id) {
    const [code, map] = await Promise.all([readFile(id, 'utf8'), readFile(`${id}.map`, 'utf8')]);
    return { code, map };
  },
};

/** Files of functions that call one another; `this` at the top level in tsc's helper for `using`; `inCommonJs`. */
const EXPECTED = ['CIRCULAR_DEPENDENCY', 'THIS_IS_UNDEFINED', 'UNUSED_EXTERNAL_IMPORT'];

async function bundle(input, { plugins = [], ...output }) {
  const build = await rollup({
    input,
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    plugins: [withSourceMaps, ...plugins],
    treeshake: { moduleSideEffects: 'no-external' },
    onwarn: (warning) => { if (!EXPECTED.includes(warning.code)) throw new Error(warning.message); },
  });
  await build.write(output);
  await build.close();
}

function modules(input, manualChunks = {}) {
  return bundle(input, {
    dir: path('bin'), format: 'es', sourcemap: true, manualChunks,
    entryFileNames: '[name].js',
    chunkFileNames: (chunk) => (chunk.name in manualChunks ? '[name].js' : '[name]-[hash].js'),
  });
}

await rm(path('bin'), { recursive: true, force: true });
await modules(
  {
    program: path('cli/program.js'),
    index: path('runtime/database.js'),
    'compiler-worker': path('runtime/compiler-worker.js'),
  },
  { engine: [path('cli/program.js'), path('cli/run.js'), path('runtime/database.js')] },
);
// By itself: a worker thread should not load the engine for the constants they share.
await modules({ worker: path('runtime/executor/worker.js') });

// `intarsia run` by itself, as the one file whose code is kept (`cli/kept-code.ts`): what a plan may need besides is
// loaded from where `tsc` put it.
const INLINED = new Set([path('runtime/database.js'), path('runtime/io/value-text.js')]);
const elsewhere = {
  name: 'elsewhere',
  resolveDynamicImport(specifier, importer) {
    if (!specifier.startsWith('.')) return null;
    const id = resolve(dirname(importer), specifier);
    return { id, external: !INLINED.has(id) };
  },
  /** A script cannot import by itself: whoever runs it gives it a function for that. */
  renderDynamicImport: () => ({ left: 'importModule(', right: ')' }),
};
/** As Node has it there, where making a `require` and the URLs for it takes a cold process a tenth of a millisecond. */
const inCommonJs = {
  name: 'in-common-js',
  transform: (code) => ({ code: code.replaceAll('createRequire(import.meta.url)', 'require'), map: null }),
  resolveImportMeta: (property) =>
    property === 'dirname' ? '__dirname' : "require('node:url').pathToFileURL(__filename).href",
};
/** Text of one byte a character, in which V8 holds it. */
const inAscii = {
  name: 'in-ascii',
  renderChunk: (code) => ({
    code: code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    map: null,
  }),
};
await bundle(path('cli/run-program.js'), {
  file: path('bin/run.cjs'), format: 'cjs', inlineDynamicImports: true,
  banner: `(function (${KEPT_PARAMETERS}) {`, footer: '})',
  plugins: [elsewhere, inCommonJs, inAscii],
});

// What a shell starts: a file that is all CommonJS does not wait for the loader of modules.
const program = path('cli/program.js');
const programBeside = {
  name: 'program-beside',
  resolveDynamicImport: (specifier) => (specifier === './program.js' ? { id: program, external: true } : null),
};
await bundle(path('cli/main.js'), {
  file: path('bin/main.cjs'), format: 'cjs', sourcemap: true, paths: { [program]: './program.js' },
  plugins: [programBeside, inCommonJs],
});
