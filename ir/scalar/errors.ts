/** A value that makes a statement fail while it runs. The message says what was found and what was expected. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}
