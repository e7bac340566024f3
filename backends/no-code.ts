/**
 * A plan holds what no backend has code for yet. The message says what, in words of SQL; the door makes a CompileError
 * of it.
 */
import type { Place } from '../ir/places.js';

export class NoCode extends Error {
  override readonly name = 'NoCode';
  constructor(message: string, readonly place?: Place | undefined) {
    super(message);
  }
}
