// Joins what `tsc` made into a few files: `dist/bin`. Starting a plan loads one file where it would load fifty.
// Packages stay outside; what is imported dynamically stays a chunk of its own, so the run path still loads no compiler.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = (name) => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

rmSync(path('bin'), { recursive: true, force: true });
await build({
  entryPoints: {
    main: path('cli/main.js'),
    index: path('runtime/database.js'),
    worker: path('runtime/executor/worker.js'),
    'compiler-worker': path('runtime/compiler-worker.js'),
  },
  outdir: path('bin'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  chunkNames: '[name]-[hash]',
  sourcemap: 'linked',
  logLevel: 'warning',
});
