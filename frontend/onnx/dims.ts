/**
 * Arithmetic on dims: sums and products of numbers and symbols in one normal form, so that equal sizes print alike
 * (`n*4+2`). What cannot be expressed is `undefined`, and its caller makes a new symbol.
 */
import type { Dim } from '../../ir/type.js';
import { ModelError } from './errors.js';
import { MAX_POSITIONS } from './limits.js';

/** Coefficients by monomial: `''` is the constant, `n`, `n*s` products of symbols in order. */
type Polynomial = ReadonlyMap<string, number>;

function parse(dim: Dim): Polynomial {
  if (typeof dim === 'number') return new Map([['', dim]]);
  if (dim.includes('(')) return new Map([[dim, 1]]);
  const terms = new Map<string, number>();
  for (const term of dim.split('+')) {
    const factors = term.split('*');
    const coefficient = factors
      .filter((factor) => /^-?\d+$/.test(factor))
      .reduce((product, factor) => product * Number(factor), 1);
    const monomial = factors.filter((factor) => !/^-?\d+$/.test(factor)).sort().join('*');
    terms.set(monomial, (terms.get(monomial) ?? 0) + coefficient);
  }
  return terms;
}

function print(polynomial: Polynomial): Dim {
  const terms = [...polynomial]
    .filter(([, coefficient]) => coefficient !== 0)
    .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1));
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0]![0] === '') return terms[0]![1];
  return terms.map(([monomial, coefficient]) =>
    (monomial === '' ? String(coefficient) : coefficient === 1 ? monomial : `${monomial}*${coefficient}`)).join('+');
}

export function addDims(a: Dim, b: Dim): Dim {
  const sum = new Map(parse(a));
  for (const [monomial, coefficient] of parse(b)) sum.set(monomial, (sum.get(monomial) ?? 0) + coefficient);
  return print(sum);
}

export function mulDims(a: Dim, b: Dim): Dim {
  const product = new Map<string, number>();
  for (const [left, x] of parse(a)) {
    for (const [right, y] of parse(b)) {
      const monomial = [left, right].flatMap((part) => (part === '' ? [] : part.split('*'))).sort().join('*');
      product.set(monomial, (product.get(monomial) ?? 0) + x * y);
    }
  }
  return print(product);
}

/** a / b where it is exact for every value of the symbols. */
export function divDims(a: Dim, b: Dim): Dim | undefined {
  if (a === b && a !== 0) return 1;
  const divisor = [...parse(b)];
  if (divisor.length !== 1) return undefined;
  const [monomial, coefficient] = divisor[0]!;
  if (coefficient === 0) return undefined;
  const quotient = new Map<string, number>();
  for (const [own, x] of parse(a)) {
    if (x % coefficient !== 0) return undefined;
    const rest = own === '' ? [] : own.split('*');
    for (const symbol of monomial === '' ? [] : monomial.split('*')) {
      const at = rest.indexOf(symbol);
      if (at < 0) return undefined;
      rest.splice(at, 1);
    }
    quotient.set(rest.join('*'), x / coefficient);
  }
  return print(quotient);
}

export function productOf(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>(mulDims, 1);
}

/** A count that the file decides, of what is written out one by one. */
export function counted(count: number, most = MAX_POSITIONS): number {
  if (!(Number.isInteger(count) && count >= 0)) throw new ModelError('invalid', `found a count of ${count}`);
  if (count > most) throw new ModelError('limit', `writes out ${count} positions or parts; at most ${most} are`);
  return count;
}

/** 0 .. count - 1 */
export function positions(count: number, most = MAX_POSITIONS): readonly number[] {
  return Array.from({ length: counted(count, most) }, (_, i) => i);
}
