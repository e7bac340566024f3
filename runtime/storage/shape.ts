/**
 * Reading JSON that came from a file: untrusted until each value has been looked at.
 *
 * In: an unknown value and the path to it. Out: the value at its type, or a ShapeError that says where and what was
 * found.
 */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

function fail(path: string, expected: string, found: unknown): never {
  const shown = JSON.stringify(found) ?? 'nothing';
  throw new ShapeError(
    `${path}: expected ${expected}, found ${shown.length > 40 ? `${shown.slice(0, 40)}...` : shown}`,
  );
}

export function readRecord(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'an object', value);
  return value as Record<string, unknown>;
}

export function readList<T>(value: unknown, path: string, readItem: (item: unknown, path: string) => T): T[] {
  if (!Array.isArray(value)) fail(path, 'a list', value);
  return value.map((item: unknown, i) => readItem(item, `${path}[${i}]`));
}

/** A list of so many things, each still to be looked at. */
export function readTuple(value: unknown, path: string, length: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== length) fail(path, `a list of ${length}`, value);
  return value as readonly unknown[];
}

export function readText(value: unknown, path: string): string {
  if (typeof value !== 'string') fail(path, 'a string', value);
  return value;
}

export function readBoolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') fail(path, 'true or false', value);
  return value;
}

/** A whole number within the bounds, both included. */
export function readInteger(value: unknown, path: string, bounds: { min: number; max: number }): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < bounds.min || value > bounds.max) {
    fail(path, `a whole number from ${bounds.min} to ${bounds.max}`, value);
  }
  return value;
}

export function readCount(value: unknown, path: string): number {
  return readInteger(value, path, { min: 0, max: Number.MAX_SAFE_INTEGER });
}

export function readOneOf<T extends string>(value: unknown, path: string, allowed: readonly T[]): T {
  const found = allowed.find((text) => text === value);
  if (found === undefined) fail(path, `one of ${allowed.join(', ')}`, value);
  return found;
}

export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ShapeError(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function toJsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
