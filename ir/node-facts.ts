/** What holds of a node and all that is below it, found once for each node: nodes never change. */
import type { Node } from './node.js';
import { children } from './rewrite.js';
import { VOLATILE } from './scalar.js';

/**
 * What `compute` finds of a node, found once. Expressions are graphs: nested NULLIF or BETWEEN hold a part twice at
 * each level, so that there are exponentially many ways down to a leaf.
 */
export function oncePerNode<N extends Node, T>(compute: (node: N) => T): (node: N) => T {
  const known = new WeakMap<N, { readonly value: T }>();
  return (node) => {
    const found = known.get(node);
    if (found !== undefined) return found.value;
    const value = compute(node);
    known.set(node, { value });
    return value;
  };
}

/** Whether `test` holds for a node or one below it. Its stack is its own: models may be tens of thousands deep. */
export function somewhereBelow(test: (node: Node) => boolean): (root: Node) => boolean {
  const known = new WeakMap<Node, boolean>();
  return (root) => {
    const stack = [root];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      const parts = children(node);
      const open = known.has(node) ? [] : parts.filter((part) => !known.has(part));
      if (open.length > 0) {
        stack.push(...open);
        continue;
      }
      if (!known.has(node)) known.set(node, test(node) || parts.some((part) => known.get(part)!));
      stack.pop();
    }
    return known.get(root)!;
  };
}

/** Whether it must not be folded, copied or moved across a filter. */
export const isVolatile = somewhereBelow((node) => node.kind === 'call' && VOLATILE.has(node.op));

/** Whether a row of an enclosing query is read. */
export const reachesOut = somewhereBelow((node) => node.kind === 'outer');

export const hasSubquery = somewhereBelow((node) => node.kind === 'subquery');
