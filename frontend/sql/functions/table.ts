/** The one table of scalar SQL functions: by name and alias. */
import { CONDITIONAL } from './conditional.js';
import type { SqlFunction } from './function.js';
import { NUMERIC } from './numeric.js';
import { TEMPORAL } from './temporal.js';
import { TEXT } from './text.js';

export const FUNCTIONS: readonly SqlFunction[] = [...NUMERIC, ...TEXT, ...TEMPORAL, ...CONDITIONAL];

const BY_NAME: ReadonlyMap<string, SqlFunction> = new Map(
  FUNCTIONS.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])].map((name) => [name, entry] as const)),
);

/** The function of a name in any case. */
export function functionOf(name: string): SqlFunction | undefined {
  return BY_NAME.get(name.toLowerCase());
}

export function functionNames(): Iterable<string> {
  return BY_NAME.keys();
}
