/** A value that makes a statement fail while it runs. The message says what was found and what was expected. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

/** An array's elements have no validity of their own. */
export const NULL_ELEMENT = 'found NULL as an element of an array, expected a value: an array holds no NULL';
