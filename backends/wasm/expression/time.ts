/** Dates, times, timestamps and intervals. */
import type { ScalarOp } from '../../../ir/scalar.js';
import { viaHost } from './host.js';
import type { Emit } from './site.js';

const HOSTED = [
  'date_part', 'date_trunc', 'date_diff', 'add_days', 'days_between', 'add_interval', 'timestamp_diff', 'interval_add', 'interval_neg', 'interval_mul',
  'make_date', 'make_interval', 'strftime',
] as const satisfies readonly ScalarOp[];

export const TIME = Object.fromEntries(HOSTED.map((op) => [op, viaHost(op)])) as Record<(typeof HOSTED)[number], Emit>;
