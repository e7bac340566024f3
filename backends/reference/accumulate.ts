/**
 * The oracle of aggregate functions: a value from the argument rows of a group or window frame. NULLs do not count,
 * but for count(*) and first; of no values the result is NULL, of a count 0. Sums of integers and decimals are exact.
 */
import { decimalOf, isDecimal, isFloat, type DType } from '../../ir/dtype.js';
import type { AggregateOp, IntervalValue } from '../../ir/node.js';
import { castValue } from '../../ir/scalar/cast.js';
import { addIntervals } from '../../ir/scalar/interval.js';
import { compareValues } from '../../ir/scalar/order.js';
import { checked, divideHalfAway, power10, roundFloat, toBig, wrapped, type Value } from '../../ir/scalar/value.js';
import { unreachable } from '../../ir/type.js';
import type { Row } from './expression.js';

export interface AggregateTypes {
  readonly args: readonly DType[];
  readonly result: DType;
}

type Given = Exclude<Value, null>;

export function accumulate(op: AggregateOp, rows: readonly Row[], types: AggregateTypes): Value {
  if (op === 'count_star') return BigInt(rows.length);
  if (op === 'first') return rows[0]?.[0] ?? null;
  if (op === 'arg_min' || op === 'arg_max') return argBest(rows, op === 'arg_max' ? 1 : -1);
  const given = rows.filter((row) => row[0] !== null);
  if (op === 'covar_samp' || op === 'covar_pop' || op === 'corr')
    return ofPairs(op, given.filter((row) => row[1] !== null), types);
  const values = given.map((row) => row[0] as Given);
  if (op === 'count') return BigInt(values.length);
  if (values.length === 0) return null;
  const from = types.args[0]!;
  switch (op) {
    case 'sum': return sum(values, from, types.result);
    case 'avg': return average(values, from, types.result);
    case 'min': return values.reduce((a, b) => (compareValues(b, a) < 0 ? b : a));
    case 'max': return values.reduce((a, b) => (compareValues(b, a) > 0 ? b : a));
    case 'any_value': return values[0]!;
    case 'bool_and': return !values.includes(false);
    case 'bool_or': return values.includes(true);
    case 'var_samp': return variance(values, from, 1);
    case 'var_pop': return variance(values, from, 0);
    case 'stddev_samp': return rooted(variance(values, from, 1));
    case 'stddev_pop': return rooted(variance(values, from, 0));
    case 'string_agg': return stringAgg(given);
    case 'median': return median(values, from, types.result);
    case 'product': return values.reduce<number>((product, value) => product * toNumber(value, from), 1);
    case 'bit_and': return wrapped(values.map(toBig).reduce((a, b) => a & b), from);
    case 'bit_or': return wrapped(values.map(toBig).reduce((a, b) => a | b), from);
    case 'bit_xor': return wrapped(values.map(toBig).reduce((a, b) => a ^ b), from);
    default: return unreachable(op);
  }
}

/** Each value but the first after its own separator, the second argument; a comma when there is none. */
function stringAgg(rows: readonly Row[]): string {
  return rows
    .map(([text, separator = ','], i) => `${i === 0 ? '' : ((separator as string | null) ?? '')}${text as string}`)
    .join('');
}

export function toNumber(value: Value, dtype: DType): number {
  return Number(value) / 10 ** (decimalOf(dtype)?.scale ?? 0);
}

function sum(values: readonly Given[], from: DType, result: DType): Value {
  if (from === 'interval') return (values as readonly IntervalValue[]).reduce(addIntervals);
  if (isFloat(from)) return roundFloat(sumOfFloats(values as readonly number[]), result);
  const total = values.reduce<bigint>((a, b) => a + BigInt(b as bigint), 0n);
  if (isFloat(result)) return roundFloat(toNumber(total, from), result);
  return checked(total, result, () => 'sum');
}

/** Neumaier's compensated sum, so that the oracle does not depend on the order of rows. */
function sumOfFloats(values: readonly number[]): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    if (Number.isFinite(next)) lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return Number.isFinite(total) ? total + lost : total;
}

/** Sums exactly, divides once. */
function average(values: readonly Given[], from: DType, result: DType): Value {
  if (isFloat(from)) return roundFloat(sumOfFloats(values as readonly number[]) / values.length, result);
  const total = values.reduce<bigint>((a, b) => a + BigInt(b as bigint), 0n);
  if (isFloat(result)) return roundFloat(Number(total) / (10 ** (decimalOf(from)?.scale ?? 0) * values.length), result);
  return checked(divideHalfAway(total, BigInt(values.length)), result, () => 'avg');
}

/** Two passes: the mean, then the squares around it. NULL for fewer values than degrees of freedom need. */
function variance(values: readonly Given[], from: DType, lostDegrees: 0 | 1): number | null {
  if (values.length <= lostDegrees) return null;
  const numbers = values.map((value) => toNumber(value, from));
  const mean = sumOfFloats(numbers) / numbers.length;
  return sumOfFloats(numbers.map((value) => (value - mean) ** 2)) / (numbers.length - lostDegrees);
}

function rooted(value: number | null): number | null {
  return value === null ? null : Math.sqrt(value);
}

/** Two passes, as `variance`: around the means of the pairs in which neither value is NULL. */
function ofPairs(op: 'covar_samp' | 'covar_pop' | 'corr', rows: readonly Row[], { args }: AggregateTypes): number | null {
  if (rows.length === 0 || (op === 'covar_samp' && rows.length === 1)) return null;
  const distances = (side: 0 | 1): readonly number[] => {
    const numbers = rows.map((row) => toNumber(row[side]!, args[side]!));
    const mean = sumOfFloats(numbers) / numbers.length;
    return numbers.map((value) => value - mean);
  };
  const [left, right] = [distances(0), distances(1)];
  const products = (a: readonly number[], b: readonly number[]): number => sumOfFloats(a.map((x, i) => x * b[i]!));
  const both = products(left, right);
  if (op !== 'corr') return both / (op === 'covar_pop' ? rows.length : rows.length - 1);
  const deviation = (side: readonly number[]): number => Math.sqrt(products(side, side) / rows.length);
  return both / rows.length / (deviation(left) * deviation(right));
}

/** The middle value, or the mean of the two middle ones where the result's dtype has it (text: the lower). */
function median(values: readonly Given[], from: DType, result: DType): Value {
  const sorted = [...values].sort(compareValues);
  const low = sorted[Math.floor((sorted.length - 1) / 2)]!;
  const high = sorted[Math.floor(sorted.length / 2)]!;
  const cast = (value: Value): Value => castValue(value, { from, to: result, attempt: false });
  if (isFloat(result)) {
    const [a, b] = [toNumber(low, from), toNumber(high, from)];
    return roundFloat(a + (b - a) / 2, result);
  }
  if (isDecimal(result) && isDecimal(from)) {
    const drop = power10(decimalOf(result)!.scale - decimalOf(from)!.scale);
    return divideHalfAway(((low as bigint) + (high as bigint)) * drop, 2n);
  }
  const [a, b] = [cast(low), cast(high)];
  return typeof a === 'bigint' ? (a + (b as bigint)) / 2n : a;
}

/** The first argument of the row whose second is best; rows with a NULL in either do not count. */
function argBest(rows: readonly Row[], wanted: 1 | -1): Value {
  let best: Row | undefined;
  for (const row of rows) {
    if (row[0] === null || row[1] === null) continue;
    if (best === undefined || compareValues(row[1]!, best[1]!) * wanted > 0) best = row;
  }
  return best?.[0] ?? null;
}
