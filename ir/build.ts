/**
 * Makes nodes: the one place where a node's type is inferred and where nodes are frozen and hash-consed.
 *
 * `make(fields)` takes a node without its `type` where the type follows from the fields (`infer.ts`), and with it where
 * it does not. Equal fields give the same object. The table holds weak references: unused nodes are collected.
 */
import { inferType } from './infer.js';
import type { Node, NodeKind, NodeOf } from './node.js';
import { printType } from './type.js';

type Untyped<T extends Node> = T extends Node ? Omit<T, 'type'> & { readonly type?: T['type'] } : never;

const interned = new Map<string, WeakRef<Node>>();
const collected = new FinalizationRegistry<string>((key) => {
  if (interned.get(key)?.deref() === undefined) interned.delete(key);
});
const numbers = new WeakMap<object, number>();
let nextNumber = 1;

export function make<K extends NodeKind>(fields: Untyped<NodeOf<K>> & { readonly kind: K }): NodeOf<K> {
  const type = (fields as { type?: unknown }).type ?? inferType(fields as unknown as Node);
  const node = { ...fields, type } as unknown as NodeOf<K>;
  const key = keyOf(node);
  const known = interned.get(key)?.deref();
  if (known !== undefined) return known as NodeOf<K>;
  numbers.set(node, nextNumber++);
  freeze(node);
  interned.set(key, new WeakRef<Node>(node));
  collected.register(node, key);
  return node;
}

/** Whether a value is a node of the IR (all of them come from `make`). */
export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && numbers.has(value);
}

function keyOf(node: Node): string {
  const parts: string[] = [];
  for (const name of Object.keys(node).sort()) {
    parts.push(
      name === 'type'
        ? `type=${printType(node.type)}`
        : `${name}=${keyOfValue((node as unknown as Record<string, unknown>)[name])}`,
    );
  }
  return parts.join(';');
}

function keyOfValue(value: unknown): string {
  if (isNode(value)) return `#${numbers.get(value)}`;
  switch (typeof value) {
    case 'string': return JSON.stringify(value);
    case 'bigint': return `${value}n`;
    case 'number': return Object.is(value, -0) ? '-0' : String(value);
    case 'object': break;
    default: return String(value);
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(keyOfValue).join(',')}]`;
  if (ArrayBuffer.isView(value)) return `bytes(${Array.from(value as Uint8Array).join(',')})`;
  return `{${Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${keyOfValue((value as Record<string, unknown>)[name])}`)
    .join(',')}}`;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
