/** Numbers of things and kinds of statements, as messages write them. */

/** `1 row`, `2 rows`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A kind of statement by the words of SQL that it begins with. */
export function statementName(kind: string): string {
  return kind.toUpperCase().replace('-', ' ');
}
