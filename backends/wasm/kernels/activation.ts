/** The activation of a dense layer as its kernel takes it: a body over `ref 0`, applied to registers of sums. */
import type { Expr } from '../../../ir/node.js';
import type { ModuleBuilder } from '../dsl.js';
import type { Activation } from './dense.js';
import { applyCheap, cheapName, emitBody, isCheap } from './map.js';

/** Equal bodies are one node, so a body's number names it. */
const numbers = new WeakMap<Expr, number>();
let next = 0;

export function activationOf(module: ModuleBuilder, body: Expr): Activation {
  if (isCheap(body)) return { name: cheapName(body), apply: (f, sums) => applyCheap({ f, module }, body, sums) };
  let number = numbers.get(body);
  if (number === undefined) numbers.set(body, (number = next++));
  return {
    name: `activation${number}`,
    apply: (f, sums) => sums.map((x) => emitBody({ f, module }, body, [{ dtype: 'f32', parts: [x] }]).parts[0]!),
  };
}
