/**
 * What a group's tuple holds for each aggregate. All bytes are zero at first, which each state reads as "no row yet".
 * The code that updates and merges them is `backends/wasm/pipeline/aggregate-code.ts`.
 */
import type { AggregateCall, AggregateOp } from '../../ir/node.js';
import { isDecimal, isInteger, type DType } from '../../ir/dtype.js';
import type { Slot } from './layout.js';

const slot = (dtype: DType): Slot => ({ dtype, width: 1, nullable: false });

export function argumentDType(call: AggregateCall, index = 0): DType {
  const type = call.args[index]?.type;
  return type?.kind === 'scalar' ? type.dtype : 'null';
}

/** Sums of integers and decimals are exact in 64 bits, of floats in f64. */
export function sumDType(call: AggregateCall): DType {
  const dtype = argumentDType(call);
  return isInteger(dtype) || dtype === 'bool'
    ? call.type.dtype === 'f64'
      ? 'f64'
      : 'i64'
    : isDecimal(dtype)
      ? dtype
      : 'f64';
}

/** A flag that a value was seen, then the value. */
const seenValue = (call: AggregateCall): readonly Slot[] => [slot('bool'), slot(argumentDType(call))];
const moments = (): readonly Slot[] => [slot('i64'), slot('f64'), slot('f64')];
/** Number of pairs, both means, the sum of products of both distances from them, and of the squares of each. */
const comoments = (): readonly Slot[] => [slot('i64'), ...Array.from({ length: 5 }, () => slot('f64'))];
/** First and last node of a list of values, and their number. */
const list = (): readonly Slot[] => [slot('i32'), slot('i32'), slot('i64')];
/** Whether a row was seen, whether its value is NULL, the value; then the key it was chosen by. */
const chosen = (call: AggregateCall): readonly Slot[] => [
  slot('bool'),
  slot('bool'),
  slot(argumentDType(call)),
  slot(argumentDType(call, 1)),
];

export const STATES: Readonly<Record<AggregateOp, (call: AggregateCall) => readonly Slot[]>> = {
  count_star: () => [slot('i64')],
  count: () => [slot('i64')],
  sum: (call) => [slot('bool'), slot(sumDType(call))],
  avg: () => [slot('i64'), slot('f64')],
  min: seenValue,
  max: seenValue,
  first: (call) => [slot('bool'), slot('bool'), slot(argumentDType(call))],
  any_value: seenValue,
  bool_and: seenValue,
  bool_or: seenValue,
  stddev_samp: moments,
  stddev_pop: moments,
  var_samp: moments,
  var_pop: moments,
  covar_samp: comoments,
  covar_pop: comoments,
  corr: comoments,
  string_agg: list,
  median: list,
  arg_min: chosen,
  arg_max: chosen,
  bit_and: seenValue,
  bit_or: seenValue,
  bit_xor: seenValue,
  product: () => [slot('bool'), slot('f64')],
};
