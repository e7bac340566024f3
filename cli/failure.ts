/**
 * What a person reads when a command fails: one line, or a compiler's message with its caret; the stack only when asked
 * for.
 */

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  const text = isCompileError(error) ? error.render() : `error: ${error.message}`;
  return process.env['INTARSIA_DEBUG'] === '1' ? `${text}\n${error.stack ?? ''}` : text;
}

/** By name: a command that compiles nothing must not load the compiler to find out. */
function isCompileError(error: Error): error is Error & { render(): string } {
  return error.name === 'CompileError' && 'render' in error;
}
