/**
 * The one traversal. `children` lists the nodes a node holds, in field order, repeats included;
 * `withChildren` puts others in their places and infers the type anew.
 *
 * Invariant: withChildren(x, children(x)) === x.
 */
import { isNode, make } from './build.js';
import type { Node } from './node.js';

/** Kinds whose type is a field of its own and not inferred from children. */
export const EXPLICIT_TYPE: ReadonlySet<Node['kind']> = new Set<Node['kind']>([
  'ref', 'literal', 'param', 'outer', 'pack', 'part', 'input', 'weight', 'fill', 'opaque', 'values', 'case', 'aggregate', 'window',
]);

export function children(node: Node): readonly Node[] {
  const found: Node[] = [];
  for (const [name, value] of Object.entries(node)) if (name !== 'type') collect(value, found);
  return found;
}

function collect(value: unknown, found: Node[]): void {
  if (isNode(value)) found.push(value);
  else if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (isPlainObject(value)) for (const item of Object.values(value)) collect(item, found);
}

export function withChildren<T extends Node>(node: T, replacements: readonly Node[]): T {
  let next = 0;
  let changed = false;
  const substitute = (value: unknown): unknown => {
    if (isNode(value)) {
      const replacement = replacements[next++];
      if (replacement === undefined) throw new Error(`withChildren: ${node.kind} has more than ${replacements.length} children`);
      changed ||= replacement !== value;
      return replacement;
    }
    if (Array.isArray(value)) return value.map(substitute);
    if (isPlainObject(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, substitute(item)]));
    return value;
  };
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(node)) {
    if (name === 'type') continue;
    fields[name] = substitute(value);
  }
  if (next !== replacements.length) throw new Error(`withChildren: ${node.kind} has ${next} children, ${replacements.length} were given`);
  if (!changed) return node;
  if (EXPLICIT_TYPE.has(node.kind)) fields['type'] = node.type;
  return make(fields as never) as T;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}

/**
 * Rewrites bottom up: each node once (the graph is a DAG), after its children. `rule` gets a node whose children are
 * rewritten and gives another, or `undefined` where it does not apply.
 */
export function rewriteBottomUp<T extends Node>(root: T, rule: (node: Node) => Node | undefined): T {
  const done = new Map<Node, Node>();
  const visit = (node: Node): Node => {
    const known = done.get(node);
    if (known !== undefined) return known;
    const rebuilt = withChildren(node, children(node).map(visit));
    const result = rule(rebuilt) ?? rebuilt;
    done.set(node, result);
    return result;
  };
  return visit(root) as T;
}

/** Every node under `root` once, children before parents. */
export function postorder(root: Node): readonly Node[] {
  const seen = new Set<Node>();
  const order: Node[] = [];
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const child of children(node)) visit(child);
    order.push(node);
  };
  visit(root);
  return order;
}
