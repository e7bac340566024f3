/**
 * What the public API is called with, of which JavaScript checks nothing. A message says what was found and what was
 * expected.
 */
import { nearestName } from '../frontend/diagnostics.js';

/** The names of all options there are; one that is missing here does not compile. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/** @throws TypeError */
export function requireText(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`${name} is ${kindOf(value)}, expected text`);
}

/** @throws TypeError */
export function requireList(name: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${name} is ${kindOf(value)}, expected an array of values`);
}

/** Of a model or a plan: a path where that may be, or bytes. @throws TypeError */
export function requireBytes(name: string, value: unknown, options: { readonly orPath: boolean }): void {
  if (value instanceof Uint8Array || (options.orPath && typeof value === 'string')) return;
  const expected = options.orPath ? 'a path, or bytes in a Uint8Array' : 'bytes in a Uint8Array';
  throw new TypeError(`${name} is ${kindOf(value)}, expected ${expected}`);
}

/** @throws TypeError */
export function requireObject(name: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${name} is ${kindOf(value)}, expected an object`);
}

/**
 * A misspelt option would otherwise be none. `signal` is the same wherever it is one. @throws TypeError for no object,
 * an option that is not known, or another signal than an AbortSignal
 */
export function requireOptions<T extends object>(name: string, value: T, known: OptionNames<T>): void {
  requireObject(name, value);
  const names = Object.keys(known);
  const unknown = Object.keys(value).find((option) => !names.includes(option));
  if (unknown === undefined) {
    requireSignal((value as { readonly signal?: unknown }).signal);
    return;
  }
  const nearest = nearestName(unknown, names);
  const suggestion = nearest === undefined ? '' : `; did you mean '${nearest}'?`;
  throw new TypeError(`${name} has an unknown '${unknown}', expected ${names.join(', ')}${suggestion}`);
}

/** By what it does: a program may have more than one AbortSignal. */
function requireSignal(signal: unknown): void {
  if (signal === undefined || typeof (signal as AbortSignal | null)?.throwIfAborted === 'function') return;
  throw new TypeError(`signal is ${kindOf(signal)}, expected an AbortSignal`);
}

/** An option that is true or false. @throws RangeError */
export function flagOf(name: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw new RangeError(`${name} is ${kindOf(value)}, expected true or false`);
  return value;
}

/** @throws RangeError */
export function requireOneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string))
    throw new RangeError(`${name} is ${kindOf(value)}, expected one of ${choices.join(', ')}`);
}

/** A value as a message shows it. */
export function kindOf(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null ? `of type ${value.constructor?.name ?? 'Object'}` : String(value);
}
