/**
 * OPAQUE: the operators that cannot be composed of other nodes, or whose result's shape depends on data. Each row is
 * the operator's documentation and its one meaning on dense values; only the oracle runs them so far.
 */
import { OPAQUE_SELECT } from './opaque/select.js';
import { OPAQUE_TEXT } from './opaque/text.js';
import type { TensorValue } from './tensor-data.js';

export interface OpaqueRow {
  readonly doc: string;
  /** All results, in the order of `part`. */
  readonly evaluate: (
    inputs: readonly TensorValue[],
    attributes: { readonly [name: string]: unknown },
  ) => readonly TensorValue[];
}

export const OPAQUE: { readonly [op: string]: OpaqueRow } = { ...OPAQUE_SELECT, ...OPAQUE_TEXT };

/** The row of an opaque operator; throws for a name that has none. */
export function opaqueRow(op: string): OpaqueRow {
  if (!Object.hasOwn(OPAQUE, op)) throw new Error(`no opaque operator ${op}`);
  return OPAQUE[op]!;
}
