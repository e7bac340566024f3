/**
 * The user's mistakes. In: a message, the place in a source text. Out: `CompileError`, which renders as
 *
 *     error: column "amout" does not exist; did you mean "amount"?
 *       line 2, column 8
 *       2 | SELECT amout FROM tx
 *         |        ^^^^^
 */

/** Offsets into the source text, in UTF-16 units: `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface SourcePlace {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

export interface CompileErrorDetails {
  readonly span?: Span | undefined;
  readonly source?: string | undefined;
  readonly found?: string | undefined;
  readonly expected?: string | undefined;
  readonly suggestion?: string | undefined;
  /** Further lines: what a model wants, which overloads exist. */
  readonly notes?: readonly string[] | undefined;
}

/** A statement or model that cannot be compiled as written. `message` is complete; `render()` adds the source line. */
export class CompileError extends Error {
  override readonly name = 'CompileError';
  readonly line: number | undefined;
  readonly column: number | undefined;

  constructor(readonly summary: string, readonly details: CompileErrorDetails = {}) {
    super([withPlace(withSuggestion(summary, details.suggestion), details), ...(details.notes ?? [])].join('\n'));
    const place = placeOf(details);
    this.line = place?.line;
    this.column = place?.column;
  }

  get span(): Span | undefined { return this.details.span; }
  get suggestion(): string | undefined { return this.details.suggestion; }

  /** The error as a terminal shows it, with the source line and a caret. */
  render(): string {
    const lines = [`error: ${withSuggestion(this.summary, this.details.suggestion)}`];
    const { span, source } = this.details;
    if (span !== undefined && source !== undefined) lines.push(...caretLines(source, span));
    for (const note of this.details.notes ?? []) lines.push(`  note: ${note}`);
    return lines.join('\n');
  }

  /** The same error with the source text it speaks of, when it does not have one yet. */
  withSource(source: string): CompileError {
    return this.details.source === undefined ? new CompileError(this.summary, { ...this.details, source }) : this;
  }
}

function withSuggestion(summary: string, suggestion: string | undefined): string {
  return suggestion === undefined ? summary : `${summary}; did you mean "${suggestion}"?`;
}

function withPlace(message: string, details: CompileErrorDetails): string {
  const place = placeOf(details);
  return place === undefined ? message : `${message} (line ${place.line}, column ${place.column})`;
}

function placeOf({ span, source }: CompileErrorDetails): SourcePlace | undefined {
  return span === undefined || source === undefined ? undefined : placeInSource(source, span.start);
}

export function placeInSource(source: string, offset: number): SourcePlace {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

/** Long lines are cut around the place, so that a generated INSERT does not fill the screen. */
const SHOWN_COLUMNS = 120;

function caretLines(source: string, span: Span): readonly string[] {
  const { line, column } = placeInSource(source, span.start);
  const text = (source.split('\n')[line - 1] ?? '').replace(/\t/g, ' ').replace(/\r$/, '');
  const from = column > SHOWN_COLUMNS ? column - SHOWN_COLUMNS / 2 : 0;
  const shown = text.slice(from, from + SHOWN_COLUMNS);
  const width = Math.max(1, Math.min(span.end - span.start, shown.length - (column - 1 - from)));
  const margin = ' '.repeat(String(line).length);
  return [
    `  line ${line}, column ${column}`,
    `  ${line} | ${shown}`,
    `  ${margin} | ${' '.repeat(column - 1 - from)}${'^'.repeat(width)}`,
  ];
}

/** The candidate nearest to `name` without regard to case, when it is near enough to be a slip of the keyboard. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  const limit = wanted.length <= 3 ? 1 : wanted.length <= 7 ? 2 : 3;
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours from a to b; `limit` when there are at least so many. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, beforePrevious[j - 2]! + 1);
      current.push(least);
    }
    beforePrevious = previous;
    previous = current;
  }
  return Math.min(previous[b.length]!, limit);
}

export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}

/** Nesting is bounded by the parser; what is a list there (signs, casts, UNIONs, joins) nests from there on. */
export function chainTooLong(span: Span, source: string): CompileError {
  return new CompileError('the statement has too many operators, set operations or joins in one chain', { span, source });
}
