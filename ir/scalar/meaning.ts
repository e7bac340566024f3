/**
 * MEANING: what every scalar primitive computes of JavaScript values (value.ts), joined from its families.
 * `evaluate` is the whole rule: NULL strictness from SCALAR, then the meaning.
 */
import type { DType } from '../dtype.js';
import { SCALAR, type ScalarOp } from '../scalar.js';
import { ARITHMETIC } from './arithmetic.js';
import { COMPARE } from './compare.js';
import { ValueError } from './errors.js';
import { PATTERN } from './pattern.js';
import { TEXT } from './text.js';
import { TIME } from './time.js';
import { TRANSCENDENTAL } from './transcendental.js';
import type { Value } from './value.js';

/** The result of arguments of the given dtypes; strict rows never see NULL. */
export type Meaning = (args: readonly Value[], dtypes: readonly DType[]) => Value;

export const MEANING = {
  ...ARITHMETIC,
  ...TRANSCENDENTAL,
  ...COMPARE,
  ...TEXT,
  ...PATTERN,
  ...TIME,
  error: ([message]) => { throw new ValueError(message as string); },
  random: () => Math.random(),
} satisfies Record<ScalarOp, Meaning>;

/** @throws ValueError where the value of `op(args)` does not exist: an overflow, a bad pattern, `error`. */
export function evaluate(op: ScalarOp, args: readonly Value[], dtypes: readonly DType[]): Value {
  if (SCALAR[op].nulls === 'strict' && args.includes(null)) return null;
  const meaning: Meaning = MEANING[op];
  return meaning(args, dtypes);
}
