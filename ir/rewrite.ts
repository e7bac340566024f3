/**
 * The one traversal. `children` lists the nodes a node holds, in field order, repeats included;
 * `withChildren` puts others in their places and infers the type anew; the node stays where it was written.
 *
 * Invariant: withChildren(x, children(x)) === x.
 */
import { isNode, make } from './build.js';
import type { Node } from './node.js';
import { placeOf, setPlace } from './places.js';

/** Kinds whose type is a field of its own and not inferred from children. */
export const EXPLICIT_TYPE: ReadonlySet<Node['kind']> = new Set<Node['kind']>([
  'ref', 'literal', 'param', 'outer', 'pack', 'part', 'input', 'weight', 'fill', 'opaque', 'values', 'case',
]);

/** Found once for each node, which never changes: a compilation asks for them some hundred times. */
const childrenOf = new WeakMap<Node, readonly Node[]>();

export function children(node: Node): readonly Node[] {
  const known = childrenOf.get(node);
  if (known !== undefined) return known;
  const found: Node[] = [];
  for (const [name, value] of Object.entries(node)) if (name !== 'type') collect(value, found);
  childrenOf.set(node, found);
  return found;
}

function collect(value: unknown, found: Node[]): void {
  if (isNode(value)) found.push(value);
  else if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (isPlainObject(value)) for (const item of Object.values(value)) collect(item, found);
}

export function withChildren<T extends Node>(node: T, replacements: readonly Node[]): T {
  const held = children(node);
  if (held.length === replacements.length && held.every((child, i) => child === replacements[i])) return node;
  let next = 0;
  const substitute = (value: unknown): unknown => {
    if (isNode(value)) {
      const replacement = replacements[next++];
      if (replacement === undefined)
        throw new Error(`withChildren: ${node.kind} has more than ${replacements.length} children`);
      return replacement;
    }
    if (Array.isArray(value)) return value.map(substitute);
    if (isPlainObject(value))
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, substitute(item)]));
    return value;
  };
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(node)) {
    if (name === 'type') continue;
    fields[name] = substitute(value);
  }
  if (next !== replacements.length)
    throw new Error(`withChildren: ${node.kind} has ${next} children, ${replacements.length} were given`);
  if (EXPLICIT_TYPE.has(node.kind)) fields['type'] = node.type;
  return setPlace(make(fields as never) as T, placeOf(node));
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}

/**
 * Rewrites bottom up: each node once (the graph is a DAG), after its children. `rule` gets a node whose children are
 * rewritten and gives another, or `undefined` where it does not apply; `original` is the node as it was.
 */
export function rewriteBottomUp<T extends Node>(
  root: T,
  rule: (node: Node, original: Node) => Node | undefined,
): T {
  const done = new Map<Node, Node>();
  for (const node of postorder(root)) {
    const rebuilt = withChildren(node, children(node).map((child) => done.get(child)!));
    done.set(node, rule(rebuilt, node) ?? rebuilt);
  }
  return done.get(root) as T;
}

/**
 * Rewrites top down: each node once, before its children. `rule` gets a node as it stands and gives another, whose
 * children are rewritten in turn, or `undefined` where it does not apply. For rules that take several levels at once.
 */
export function rewriteTopDown<T extends Node>(root: T, rule: (node: Node) => Node | undefined): T {
  const done = new Map<Node, Node>();
  const enter = (
    node: Node,
  ): { readonly node: Node; readonly current: Node; readonly parts: readonly Node[]; next: number } => {
    const current = rule(node) ?? node;
    return { node, current, parts: children(current), next: 0 };
  };
  const stack = [enter(root)];
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const child = top.parts[top.next++];
    if (child === undefined) {
      done.set(top.node, withChildren(top.current, top.parts.map((part) => done.get(part)!)));
      stack.pop();
    } else if (!done.has(child)) {
      stack.push(enter(child));
    }
  }
  return done.get(root) as T;
}

/**
 * Every node under `root` once, children before parents. Its stack is its own: graphs may be tens of thousands deep.
 * `below`: where to go from a node.
 */
export function postorder(root: Node, below: (node: Node) => readonly Node[] = children): readonly Node[] {
  const seen = new Set<Node>([root]);
  const order: Node[] = [];
  const stack: { readonly node: Node; readonly parts: readonly Node[]; next: number }[] = [
    { node: root, parts: below(root), next: 0 },
  ];
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const child = top.parts[top.next++];
    if (child === undefined) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(child)) {
      seen.add(child);
      stack.push({ node: child, parts: below(child), next: 0 });
    }
  }
  return order;
}
