/**
 * Modules of Node's which a run of a plan may do without, loaded by whoever first needs them: an import would load
 * them, and all they export, before the first row of a cold process (0.5 to 4 ms each).
 */
import { createRequire } from 'node:module';

interface LateModules {
  readonly 'node:util': typeof import('node:util');
  readonly 'node:v8': typeof import('node:v8');
  readonly 'node:worker_threads': typeof import('node:worker_threads');
}

const load = createRequire(import.meta.url);

export function nodeModule<Name extends keyof LateModules>(name: Name): LateModules[Name] {
  return load(name) as LateModules[Name];
}
