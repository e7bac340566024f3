/**
 * OPAQUE: the operators that cannot be composed of other nodes, or whose result's shape depends on data. Each row is
 * the operator's documentation and its one meaning on dense values; only the oracle runs them so far.
 */
import type { TensorValue } from './tensor-data.js';

export interface OpaqueRow {
  readonly doc: string;
  /** All results, in the order of `part`. */
  readonly evaluate: (inputs: readonly TensorValue[], attributes: { readonly [name: string]: unknown }) => readonly TensorValue[];
}

const OPAQUE: { readonly [op: string]: OpaqueRow } = {
  nonzero: { doc: 'indices of the elements that are not zero, [rank, count] in row-major order', evaluate: ([input]) => [nonZero(input!)] },
};

/** The row of an opaque operator; throws for a name that has none. */
export function opaqueRow(op: string): OpaqueRow {
  if (!Object.hasOwn(OPAQUE, op)) throw new Error(`no opaque operator ${op}`);
  return OPAQUE[op]!;
}

function nonZero(input: TensorValue): TensorValue {
  const found: number[][] = [];
  for (let flat = 0; flat < input.data.length; flat++) {
    if (!input.data[flat]) continue;
    let rest = flat;
    const index: number[] = [];
    for (let axis = input.dims.length - 1; axis >= 0; axis--) {
      index.unshift(rest % input.dims[axis]!);
      rest = Math.floor(rest / input.dims[axis]!);
    }
    found.push(index);
  }
  const data = new BigInt64Array(input.dims.length * found.length);
  found.forEach((index, i) => index.forEach((at, axis) => { data[axis * found.length + i] = BigInt(at); }));
  return { dtype: 'i64', dims: [input.dims.length, found.length], data };
}
