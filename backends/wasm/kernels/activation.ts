/** The activation of a dense layer as the dense kernel takes it: any body over `ref 0`, applied to registers of f32 sums. */
import type { Expr } from '../../../ir/node.js';
import type { ModuleBuilder } from '../dsl.js';
import type { DenseVariant } from './dense.js';
import { applyCheap, cheapName, emitBody, isCheap } from './map.js';

/** Equal bodies are one node, so a body's number names it. */
const numbers = new WeakMap<Expr, number>();
let next = 0;

export function activationOf(module: ModuleBuilder, body: Expr): NonNullable<DenseVariant['activation']> {
  if (isCheap(body)) return { name: cheapName(body), apply: (f, x) => applyCheap({ f, module }, body, x) as typeof x };
  let number = numbers.get(body);
  if (number === undefined) numbers.set(body, number = next++);
  return { name: `activation${number}`, apply: (f, x) => emitBody({ f, module }, body, [{ dtype: 'f32', parts: [x] }]).parts[0]! as typeof x };
}
