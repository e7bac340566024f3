/**
 * Symbolic dims at run time: each symbol is bound by the inputs whose types name it; a sum or product of bound symbols
 * (`n+2`, `n*4`) is computed; of a reshape one more dim follows from the number of elements.
 */
import type { Dim } from '../../ir/type.js';
import { elementCount } from './tensor-elements.js';

export type Symbols = ReadonlyMap<string, number>;

/** Binds the symbols of `dims` to the sizes found; one symbol with two sizes is an error of the caller's data. */
export function bindSymbols(dims: readonly Dim[], sizes: readonly number[], symbols: Map<string, number>): void {
  if (dims.length !== sizes.length)
    throw new RangeError(`found a tensor of rank ${sizes.length}, expected [${dims.join(', ')}]`);
  dims.forEach((dim, axis) => {
    const size = sizes[axis]!;
    if (typeof dim === 'number') {
      if (dim !== size) throw new RangeError(`found dims [${sizes.join(', ')}], expected [${dims.join(', ')}]`);
      return;
    }
    const known = symbols.get(dim);
    if (known !== undefined && known !== size)
      throw new RangeError(`dim ${dim} is ${known} in one input and ${size} in another`);
    symbols.set(dim, size);
  });
}

/** The size a dim stands for, `undefined` when a symbol in it is not bound. */
export function resolveDim(dim: Dim, symbols: Symbols): number | undefined {
  if (typeof dim === 'number') return dim;
  const bound = symbols.get(dim);
  if (bound !== undefined) return bound;
  const terms = dim.split('+').map((term) => term.split('*').map((factor) =>
    (/^-?\d+$/.test(factor) ? Number(factor) : symbols.get(factor))));
  let sum = 0;
  for (const term of terms) {
    let product = 1;
    for (const factor of term) {
      if (factor === undefined) return undefined;
      product *= factor;
    }
    sum += product;
  }
  return terms.length === 1 && terms[0]!.length === 1 ? undefined : sum;
}

/** All dims; at most one may be unbound, when `count` elements say what it is. */
export function resolveDims(dims: readonly Dim[], symbols: Symbols, count?: number): readonly number[] {
  const sizes = dims.map((dim) => resolveDim(dim, symbols));
  const open = sizes.filter((size) => size === undefined).length;
  if (open === 0) return sizes as readonly number[];
  if (open > 1 || count === undefined) throw new RangeError(`the dims [${dims.join(', ')}] are not known at run time`);
  const rest = elementCount(sizes.map((size) => size ?? 1));
  if (rest !== 0 && count % rest !== 0) throw new RangeError(`${count} elements do not fill [${dims.join(', ')}]`);
  return sizes.map((size) => size ?? (rest === 0 ? 0 : count / rest));
}
