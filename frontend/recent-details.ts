/**
 * What explain and artifacts want of a compiled query beside its plan, for the last queries only: each keeps the IR of
 * all stages and the generated module, which are printed when asked for.
 */
import { randomUUID } from 'node:crypto';
import type { CompileReport, QueryDetails } from '../runtime/compiler.js';

const RECENT_QUERIES = 32;

interface Printable {
  irText(): string;
  report(): CompileReport;
  code(): string;
  /** Frees what is kept outside of JavaScript's heap. */
  forget(): void;
}

/** Sets the ids of this thread apart from those of one that has ended. */
const thread = randomUUID();
let compiled = 0;
const recent = new Map<string, Printable>();

/** Answers the id to ask by. */
export function rememberDetails(query: Printable): string {
  if (recent.size >= RECENT_QUERIES) {
    const [oldest, printable] = recent.entries().next().value!;
    recent.delete(oldest);
    printable.forget();
  }
  const id = `${thread}-${compiled++}`;
  recent.set(id, query);
  return id;
}

export function recentDetails(id: string, { code }: { readonly code: boolean }): QueryDetails | undefined {
  const query = recent.get(id);
  return query === undefined
    ? undefined
    : { irText: query.irText(), report: query.report(), code: code ? query.code() : undefined };
}
