/** Choices and values for random nodes: from a seed, so that a failure can be repeated. */
import type { DType } from '../../ir/dtype.js';
import type { LiteralValue } from '../../ir/node.js';

/** A source of choices: an integer in [0, below). */
export type Choose = (below: number) => number;

export function pick<T>(choose: Choose, items: readonly T[]): T {
  return items[choose(items.length)]!;
}

export function randomLiteral(choose: Choose, dtype: DType): LiteralValue {
  switch (dtype) {
    case 'bool': return choose(2) === 1;
    case 'i64':
    case 'u64':
    case 'time':
    case 'timestamp':
    case 'decimal(15,2)':
      return BigInt(choose(1000)) * 10n ** BigInt(choose(14));
    case 'f16':
    case 'f32':
    case 'f64':
      return pick(choose, [0, -0, 1.5, NaN, Infinity, -Infinity, 1e300, -2.5e-7, 1e21, 5e-324, -2.2e-308, 2 ** 53]);
    case 'utf8':
      return pick(choose, [
        '', 'a "quoted" text', 'line\nbreak', '-- no comment', '\u{1F600}', 'true', '\0', '\ud800x', '\u2028', '\\',
      ]);
    case 'blob': return Uint8Array.from({ length: choose(4) }, () => choose(256));
    case 'interval': return { months: choose(9) - 4, days: choose(9) - 4, microseconds: BigInt(choose(99)) - 50n };
    case 'date': return pick(choose, [0, 99, -719_529, -5_877_640, 2 ** 31 - 1, -(2 ** 31)]);
    default: return choose(100);
  }
}
