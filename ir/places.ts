/**
 * Where in a source text a subquery was written, for the error of one that has no code. Kept beside the node, for equal
 * ones are one object wherever they stand: of several places it is the last that was said.
 */
import type { Node } from './node.js';

/** `start` inclusive, `end` exclusive, in UTF-16 units of `source`. */
export interface Place {
  readonly source: string;
  /** The view whose text the source is. */
  readonly view: string | undefined;
  readonly start: number;
  readonly end: number;
}

const places = new WeakMap<Node, Place>();

export function placeOf(node: Node): Place | undefined {
  return places.get(node);
}

export function setPlace<T extends Node>(node: T, place: Place | undefined): T {
  if (place !== undefined) places.set(node, place);
  return node;
}
