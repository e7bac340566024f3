/** The meaning of comparisons and of logic with SQL's third value. Only `special` rows see NULL. */
import type { ScalarOp } from '../scalar.js';
import type { Meaning } from './meaning.js';
import { compareValues, sameValue } from './order.js';
import type { Value } from './value.js';

const by = (holds: (order: number) => boolean): Meaning => ([a, b]) => holds(compareValues(a!, b!));

/** IEEE: nothing holds of NaN. */
const ieee = (holds: (order: number) => boolean): Meaning => ([a, b]) =>
  !Number.isNaN(a) && !Number.isNaN(b) && holds(compareValues(a!, b!));

/** `decisive` if any argument is it, else NULL if any is NULL, else its negation. */
const connective = (decisive: boolean): Meaning => (args) => {
  if (args.includes(decisive)) return decisive;
  return args.includes(null) ? null : !decisive;
};

const best = (wanted: 1 | -1): Meaning => (args) => {
  let found: Value = null;
  for (const value of args) {
    if (value !== null && (found === null || compareValues(value, found) * wanted > 0)) found = value;
  }
  return found;
};

export const COMPARE = {
  eq: by((order) => order === 0),
  ne: by((order) => order !== 0),
  lt: by((order) => order < 0),
  le: by((order) => order <= 0),
  gt: by((order) => order > 0),
  ge: by((order) => order >= 0),
  ieee_eq: ieee((order) => order === 0),
  ieee_lt: ieee((order) => order < 0),
  ieee_le: ieee((order) => order <= 0),
  is_distinct: ([a, b]) => !sameValue(a!, b!),
  is_not_distinct: ([a, b]) => sameValue(a!, b!),
  and: connective(false),
  or: connective(true),
  not: ([a]) => !(a as boolean),
  xor: ([a, b]) => a !== b,
  is_null: ([a]) => a === null,
  is_not_null: ([a]) => a !== null,
  coalesce: (args) => args.find((value) => value !== null) ?? null,
  greatest: best(1),
  least: best(-1),
  is_nan: ([a]) => Number.isNaN(a),
  is_inf: ([a]) => Math.abs(a as number) === Infinity,
} satisfies Partial<Record<ScalarOp, Meaning>>;
