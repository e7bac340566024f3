/** Arithmetic of dates, times and intervals: which scalar op each pair of types means. */
import { isInteger } from '../../ir/dtype.js';
import type { Expr } from '../../ir/node.js';
import type { Span } from '../diagnostics.js';
import { call, castTo, coerceTo, dtypeOf, isTextLiteral, literal } from './make-expr.js';

/** `left op right` when one of them is a date, time or interval and the pair has a meaning. */
export function bindTemporal(op: string, left: Expr, right: Expr, span: Span): Expr | undefined {
  const [a, b] = spelled(op, left, right, span);
  if (op === '+') return plus(a, b) ?? plus(b, a);
  if (op === '-') return minus(a, b);
  return op === '*' ? times(a, b) ?? times(b, a) : undefined;
}

/** A text literal beside a date or timestamp is one too when subtracted from it or the other way round. */
function spelled(op: string, left: Expr, right: Expr, span: Span): readonly [Expr, Expr] {
  const [a, b] = [dtypeOf(left), dtypeOf(right)];
  const isDay = (dtype: unknown): dtype is 'date' | 'timestamp' => dtype === 'date' || dtype === 'timestamp';
  if (op !== '-') return [left, right];
  if (isDay(a) && isTextLiteral(right)) return [left, coerceTo(right, a, span)];
  if (isDay(b) && isTextLiteral(left)) return [coerceTo(left, b, span), right];
  return [left, right];
}

function plus(a: Expr, b: Expr): Expr | undefined {
  const [x, y] = [dtypeOf(a), dtypeOf(b)];
  if (x === 'date' && isInteger(y!)) return call('add_days', a, castTo(b, 'i32'));
  if ((x === 'date' || x === 'timestamp') && y === 'interval') return call('add_interval', castTo(a, 'timestamp'), b);
  if (x === 'time' && y === 'interval') return timePlus(a, b);
  return x === 'interval' && y === 'interval' ? call('interval_add', a, b) : undefined;
}

/** A time of day wraps at midnight: it is moved on the first day, and the day forgotten. */
function timePlus(time: Expr, interval: Expr): Expr {
  const firstDay = castTo(literal(0, 'date'), 'timestamp');
  const sinceMidnight = castTo(castTo(time, 'utf8'), 'interval');
  return castTo(call('add_interval', call('add_interval', firstDay, sinceMidnight), interval), 'time');
}

function minus(a: Expr, b: Expr): Expr | undefined {
  const [x, y] = [dtypeOf(a), dtypeOf(b)];
  if (x === 'date' && y === 'date') return call('days_between', a, b);
  if (x === 'date' && isInteger(y!)) return call('add_days', a, call('neg', castTo(b, 'i32')));
  if (y === 'interval') return plus(a, call('interval_neg', b));
  const days = (dtype: unknown): boolean => dtype === 'date' || dtype === 'timestamp';
  return days(x) && days(y) ? call('timestamp_diff', castTo(a, 'timestamp'), castTo(b, 'timestamp')) : undefined;
}

function times(a: Expr, b: Expr): Expr | undefined {
  return dtypeOf(a) === 'interval' && isInteger(dtypeOf(b)!) ? call('interval_mul', a, castTo(b, 'i64')) : undefined;
}
