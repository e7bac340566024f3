/**
 * A script's statements, each as a text of its own with the line and column it has in the script.
 *
 * Invariant: before a statement stand its line ends and the blanks of its last line, not those of all lines: else the
 * texts of a script together grew with the square of its length.
 */
export function* placedStatements(
  sql: string,
  parts: readonly { readonly start: number; readonly end: number }[],
): Generator<string> {
  let [line, lineStart, lineEnd] = [0, 0, sql.indexOf('\n')];
  for (const { start, end } of parts) {
    for (; lineEnd >= 0 && lineEnd < start; lineEnd = sql.indexOf('\n', lineStart)) {
      line++;
      lineStart = lineEnd + 1;
    }
    yield '\n'.repeat(line) + ' '.repeat(start - lineStart) + sql.slice(start, end);
  }
}
