/** Class labels of classifiers: strings or integers, in the order of the classes. */
import type { Tensor } from '../../../ir/node.js';
import type { OperatorCall } from '../call.js';

/** The labels as a constant tensor [k]; `undefined` when the node has none. */
export function labelsOf(c: OperatorCall, ints: string, strings: string): Tensor | undefined {
  const texts = c.strings(strings);
  if (texts.length > 0) return c.builder.constant({ dtype: 'utf8', dims: [texts.length], data: texts });
  const numbers = c.bigints(ints);
  if (numbers.length === 0) return undefined;
  return c.builder.constant({ dtype: 'i64', dims: [numbers.length], data: BigInt64Array.from(numbers) });
}

/** The label at each class index. */
export function labelAt(c: OperatorCall, labels: Tensor, classes: Tensor): Tensor {
  return c.builder.take(labels, classes, 0);
}
