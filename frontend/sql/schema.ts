/** Names with a schema before them. A database file has one, as DuckDB names its first: `main`. */
import { CompileError } from '../diagnostics.js';
import type { Name } from './ast.js';

const SCHEMA = 'main';

export function isSchema(name: Name): boolean {
  return name.text.toLowerCase() === SCHEMA;
}

/** The last name of a path to something that is stored. @throws CompileError where another schema stands before it */
export function storedName(path: readonly Name[]): Name {
  const name = path[path.length - 1]!;
  const before = path.slice(0, -1);
  if (before.length === 0 || (before.length === 1 && isSchema(before[0]!))) return name;
  const schema = before.map((part) => part.text).join('.');
  throw new CompileError(`schema "${schema}" does not exist: a database file has one, ${SCHEMA}`, {
    span: { start: before[0]!.span.start, end: before[before.length - 1]!.span.end },
  });
}
