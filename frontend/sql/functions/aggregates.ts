/** The one table of aggregate functions: their IR op, what their arguments are cast to, and the type of the result. */
import {
  decimal,
  decimalOf,
  isDecimal,
  isFloat,
  isInteger,
  isNumeric,
  MAX_DECIMAL_PRECISION,
  type DType,
} from '../../../ir/dtype.js';
import type { AggregateOp, Expr } from '../../../ir/node.js';
import { castTo, choose, dtypeOf, i64, isUntyped, nullOf, text } from '../make-expr.js';
import { fitted, type Wanted } from './function.js';

export interface BoundAggregate {
  readonly op: AggregateOp;
  readonly args: readonly Expr[];
  readonly dtype: DType;
  /** Counts are 0 of no rows; all others are NULL. */
  readonly never?: 'null';
}

export interface SqlAggregate {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly signature: string;
  readonly doc: string;
  readonly example: readonly [sql: string, answer: string];
  /** `undefined` when the arguments do not fit. */
  readonly bind: (args: readonly Expr[]) => BoundAggregate | undefined;
}

function sumType(dtype: DType): DType | undefined {
  if (isInteger(dtype) || dtype === 'bool') return 'i64';
  if (isFloat(dtype)) return 'f64';
  if (isDecimal(dtype)) return decimal({ precision: MAX_DECIMAL_PRECISION, scale: decimalOf(dtype)!.scale });
  return dtype === 'interval' ? 'interval' : undefined;
}

function sum([arg, ...rest]: readonly Expr[]): BoundAggregate | undefined {
  const dtype = arg === undefined ? undefined : dtypeOf(arg);
  if (dtype === undefined || rest.length > 0) return undefined;
  if (dtype === 'null') return { op: 'sum', args: [castTo(arg!, 'i32')], dtype: 'i64' };
  const result = sumType(dtype);
  return result === undefined
    ? undefined
    : { op: 'sum', args: [dtype === 'bool' ? castTo(arg!, 'i32') : arg!], dtype: result };
}

/** One argument of any type, which is the result's. */
const same = (op: AggregateOp) => (args: readonly Expr[]): BoundAggregate | undefined => {
  const dtype = args.length === 1 ? dtypeOf(args[0]!) : undefined;
    return dtype === undefined
      ? undefined
      : { op, args: [dtype === 'null' ? castTo(args[0]!, 'i32') : args[0]!], dtype: dtype === 'null' ? 'i32' : dtype };
};

const typed =
  (op: AggregateOp, wanted: Wanted, result?: DType) =>
  (args: readonly Expr[]): BoundAggregate | undefined => {
  const arg = args.length === 1 ? fitted(args[0]!, wanted) : undefined;
  return arg === undefined ? undefined : { op, args: [arg], dtype: result ?? dtypeOf(arg)! };
};

const ofPairs = (op: 'covar_samp' | 'covar_pop' | 'corr') => (args: readonly Expr[]): BoundAggregate | undefined => {
  const pair = args.map((arg) => fitted(arg, float64));
  return pair.length === 2 && pair.every((arg) => arg !== undefined) ? { op, args: pair, dtype: 'f64' } : undefined;
};

const argBest = (op: 'arg_min' | 'arg_max') => (args: readonly Expr[]): BoundAggregate | undefined => {
  const dtype = args.length === 2 ? dtypeOf(args[0]!) : undefined;
  return dtype === undefined || dtypeOf(args[1]!) === undefined ? undefined : { op, args, dtype };
};

/** Numbers of any type, but for the result's. */
const numbers = (expr: Expr): DType | undefined => {
  const dtype = dtypeOf(expr);
  if (dtype === 'null') return 'f64';
  return dtype !== undefined && isNumeric(dtype) ? dtype : undefined;
};

const float64: Wanted = (expr) => (numbers(expr) === undefined ? undefined : 'f64');
const integers: Wanted = (expr) =>
  isUntyped(expr) ? 'i64' : isInteger(dtypeOf(expr) ?? 'utf8') ? dtypeOf(expr) : undefined;

function stringAgg([value, separator = text(','), ...rest]: readonly Expr[]): BoundAggregate | undefined {
  if (value === undefined || rest.length > 0 || dtypeOf(value) === undefined || dtypeOf(separator) === undefined)
    return undefined;
  return { op: 'string_agg', args: [castTo(value, 'utf8'), castTo(separator, 'utf8')], dtype: 'utf8' };
}

const COUNT_STAR: BoundAggregate = { op: 'count_star', args: [], dtype: 'i64', never: 'null' };

function count(args: readonly Expr[]): BoundAggregate | undefined {
  if (args.length === 0) return COUNT_STAR;
  return args.length === 1
    ? {
        op: 'count',
        args: [dtypeOf(args[0]!) === 'null' ? castTo(args[0]!, 'i32') : args[0]!],
        dtype: 'i64',
        never: 'null',
      }
    : undefined;
}

function countIf(args: readonly Expr[]): BoundAggregate | undefined {
  const condition = args.length === 1 ? fitted(args[0]!, 'bool') : undefined;
  return condition === undefined
    ? undefined
    : { op: 'count', args: [choose(condition, i64(1), nullOf('i64'))], dtype: 'i64', never: 'null' };
}

const IN_VALUES = 'FROM (VALUES (1), (2), (4)) t(x)';

export const AGGREGATES: readonly SqlAggregate[] = [
  {
    name: 'count',
    signature: 'count(*), count(x)',
    doc: 'The number of rows; of values that are not NULL.',
    example: [`SELECT count(x) ${IN_VALUES}`, '3'],
    bind: count,
  },
  {
    name: 'count_star',
    signature: 'count_star()',
    doc: 'The number of rows.',
    example: [`SELECT count_star() ${IN_VALUES}`, '3'],
    bind: (args) => (args.length === 0 ? COUNT_STAR : undefined),
  },
  {
    name: 'count_if',
    aliases: ['countif'],
    signature: 'count_if(condition)',
    doc: 'The number of rows where the condition is true.',
    example: [`SELECT count_if(x > 1) ${IN_VALUES}`, '2'],
    bind: countIf,
  },
  {
    name: 'sum',
    signature: 'sum(x)',
    doc: 'The sum; BIGINT of integers, exact for decimals.',
    example: [`SELECT sum(x) ${IN_VALUES}`, '7'],
    bind: sum,
  },
  {
    name: 'avg',
    aliases: ['mean'],
    signature: 'avg(x)',
    doc: 'The mean, DOUBLE.',
    example: [`SELECT avg(x) FROM (VALUES (1), (2)) t(x)`, '1.5'],
    bind: typed('avg', numbers, 'f64'),
  },
  {
    name: 'min',
    signature: 'min(x)',
    doc: 'The least value.',
    example: [`SELECT min(x) ${IN_VALUES}`, '1'],
    bind: same('min'),
  },
  {
    name: 'max',
    signature: 'max(x)',
    doc: 'The greatest value.',
    example: [`SELECT max(x) ${IN_VALUES}`, '4'],
    bind: same('max'),
  },
  {
    name: 'first',
    aliases: ['arbitrary'],
    signature: 'first(x)',
    doc: 'The value of the first row.',
    example: ['SELECT first(x) FROM (VALUES (1)) t(x)', '1'],
    bind: same('first'),
  },
  {
    name: 'any_value',
    signature: 'any_value(x)',
    doc: 'Some value that is not NULL.',
    example: ['SELECT any_value(x) FROM (VALUES (NULL), (1)) t(x)', '1'],
    bind: same('any_value'),
  },
  {
    name: 'bool_and',
    aliases: ['every'],
    signature: 'bool_and(x)',
    doc: 'Whether all are true.',
    example: [`SELECT bool_and(x > 1) ${IN_VALUES}`, 'false'],
    bind: typed('bool_and', 'bool'),
  },
  {
    name: 'bool_or',
    signature: 'bool_or(x)',
    doc: 'Whether any is true.',
    example: [`SELECT bool_or(x > 1) ${IN_VALUES}`, 'true'],
    bind: typed('bool_or', 'bool'),
  },
  {
    name: 'stddev_samp',
    aliases: ['stddev'],
    signature: 'stddev_samp(x)',
    doc: 'The standard deviation of a sample.',
    example: ['SELECT stddev_samp(x) FROM (VALUES (1), (3), (2)) t(x)', '1.0'],
    bind: typed('stddev_samp', float64, 'f64'),
  },
  {
    name: 'stddev_pop',
    signature: 'stddev_pop(x)',
    doc: 'The standard deviation of all.',
    example: ['SELECT stddev_pop(x) FROM (VALUES (1), (3)) t(x)', '1.0'],
    bind: typed('stddev_pop', float64, 'f64'),
  },
  {
    name: 'var_samp',
    aliases: ['variance'],
    signature: 'var_samp(x)',
    doc: 'The variance of a sample.',
    example: ['SELECT var_samp(x) FROM (VALUES (1), (3)) t(x)', '2.0'],
    bind: typed('var_samp', float64, 'f64'),
  },
  {
    name: 'var_pop',
    signature: 'var_pop(x)',
    doc: 'The variance of all.',
    example: ['SELECT var_pop(x) FROM (VALUES (1), (3)) t(x)', '1.0'],
    bind: typed('var_pop', float64, 'f64'),
  },
  {
    name: 'covar_samp',
    signature: 'covar_samp(y, x)',
    doc: 'The covariance of a sample of pairs.',
    example: ['SELECT covar_samp(y, x) FROM (VALUES (1, 2), (3, 6)) t(y, x)', '4.0'],
    bind: ofPairs('covar_samp'),
  },
  {
    name: 'covar_pop',
    signature: 'covar_pop(y, x)',
    doc: 'The covariance of all pairs.',
    example: ['SELECT covar_pop(y, x) FROM (VALUES (1, 2), (3, 6)) t(y, x)', '2.0'],
    bind: ofPairs('covar_pop'),
  },
  {
    name: 'corr',
    signature: 'corr(y, x)',
    doc: 'The correlation of pairs, -1 to 1; NaN where y or x is constant.',
    example: ['SELECT corr(y, x) FROM (VALUES (1, 9), (3, 5)) t(y, x)', '-1.0'],
    bind: ofPairs('corr'),
  },
  {
    name: 'median',
    signature: 'median(x)',
    doc: 'The middle value.',
    example: [`SELECT median(x) ${IN_VALUES}`, '2.0'],
    bind: typed('median', numbers, 'f64'),
  },
  {
    name: 'product',
    signature: 'product(x)',
    doc: 'The product, DOUBLE.',
    example: [`SELECT product(x) ${IN_VALUES}`, '8.0'],
    bind: typed('product', float64, 'f64'),
  },
  {
    name: 'string_agg',
    aliases: ['group_concat', 'listagg'],
    signature: 'string_agg(s [, separator])',
    doc: 'The texts, one after the other.',
    example: ["SELECT string_agg(s, '-') FROM (VALUES ('a')) t(s)", 'a'],
    bind: stringAgg,
  },
  {
    name: 'arg_min',
    aliases: ['min_by', 'argmin'],
    signature: 'arg_min(x, by)',
    doc: 'x of the row where `by` is least.',
    example: ["SELECT arg_min(s, x) FROM (VALUES ('a', 2), ('b', 1)) t(s, x)", 'b'],
    bind: argBest('arg_min'),
  },
  {
    name: 'arg_max',
    aliases: ['max_by', 'argmax'],
    signature: 'arg_max(x, by)',
    doc: 'x of the row where `by` is greatest.',
    example: ["SELECT arg_max(s, x) FROM (VALUES ('a', 2), ('b', 1)) t(s, x)", 'a'],
    bind: argBest('arg_max'),
  },
  {
    name: 'bit_and',
    signature: 'bit_and(x)',
    doc: 'And of the bits.',
    example: ['SELECT bit_and(x) FROM (VALUES (6), (3)) t(x)', '2'],
    bind: typed('bit_and', integers),
  },
  {
    name: 'bit_or',
    signature: 'bit_or(x)',
    doc: 'Or of the bits.',
    example: ['SELECT bit_or(x) FROM (VALUES (6), (3)) t(x)', '7'],
    bind: typed('bit_or', integers),
  },
  {
    name: 'bit_xor',
    signature: 'bit_xor(x)',
    doc: 'Exclusive or of the bits.',
    example: ['SELECT bit_xor(x) FROM (VALUES (6), (3)) t(x)', '5'],
    bind: typed('bit_xor', integers),
  },
];

const BY_NAME: ReadonlyMap<string, SqlAggregate> = new Map(
  AGGREGATES.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])].map((name) => [name, entry] as const)),
);

export function aggregateOf(name: string): SqlAggregate | undefined {
  return BY_NAME.get(name.toLowerCase());
}

export function aggregateNames(): Iterable<string> {
  return BY_NAME.keys();
}
