/** Which columns of enclosing rows a relation refers to, and whether evaluating it twice gives the same rows. */
import type { Node, Outer, Relation } from '../../ir/node.js';
import { children, postorder } from '../../ir/rewrite.js';
import { VOLATILE } from '../../ir/scalar.js';

export interface FreeOuter {
  /** 1 is the query that holds the relation as a subquery. */
  readonly depth: number;
  readonly index: number;
}

const known = new WeakMap<Node, readonly FreeOuter[]>();

/** The `outer` references that leave the relation, each once. */
export function freeOuters(node: Relation): readonly FreeOuter[] {
  return freeIn(node);
}

function freeIn(node: Node): readonly FreeOuter[] {
  const found = known.get(node);
  if (found !== undefined) return found;
  const all = new Map<string, FreeOuter>();
  const add = ({ depth, index }: FreeOuter): void => void (depth > 0 && all.set(`${depth}.${index}`, { depth, index }));
  if (node.kind === 'outer') add(node satisfies Outer);
  for (const child of children(node)) {
    // One query further out: the row around the subquery is depth 1 inside of it.
    const inward = node.kind === 'subquery' && child === node.relation ? 1 : 0;
    for (const free of freeIn(child)) add({ depth: free.depth - inward, index: free.index });
  }
  const result = [...all.values()];
  known.set(node, result);
  return result;
}

const repeatable = new WeakMap<Relation, boolean>();

export function isRepeatable(node: Relation): boolean {
  let answer = repeatable.get(node);
  if (answer === undefined) {
    answer = !postorder(node).some((part) => part.kind === 'call' && VOLATILE.has(part.op) && part.op !== 'error');
    repeatable.set(node, answer);
  }
  return answer;
}
