/** Preloaded with `--import`: every module that is loaded afterwards is named on stderr, a line each. */
import { writeSync } from 'node:fs';
import { register } from 'node:module';

type Next = (specifier: string, context: unknown) => Promise<{ readonly url: string }>;

export async function resolve(specifier: string, context: unknown, next: Next): Promise<{ readonly url: string }> {
  const found = await next(specifier, context);
  writeSync(2, `loaded ${found.url}\n`);
  return found;
}

// The hooks run in a thread of their own, where this file is loaded once more.
if (new URL(import.meta.url).search === '') register(`${import.meta.url}?hooks`);
