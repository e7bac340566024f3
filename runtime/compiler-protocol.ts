/**
 * What the caller's thread and the compiler's say to each other. The caller's thread calls (`CompilerCalls`); while it
 * compiles, the compiler's thread asks back (`LoadCalls`) for what lies in the database file.
 */
import { CompileError, type CompileErrorDetails } from '../frontend/diagnostics.js';
import { ModelError, type ModelErrorCode, type ModelErrorDetails } from '../frontend/onnx/errors.js';
import type { CompiledStatement, PreparedModel, QueryDetails, TableInfo } from './compiler.js';
import type { CommitFacts } from './environment.js';
import { ExecutionError, StorageError } from './errors.js';
import type { BlockReference, ModelVersion, NewTensor } from './storage/model-store.js';

/** Commits whose facts the compiler's thread keeps; a new one takes the place of the one that came first. */
export const KEPT_COMMITS = 4;
/** Models it keeps, by the same rule. */
export const KEPT_MODELS = 32;
/**
 * A batch of a model's blocks has at least so many bytes, but for the last one of a tensor, and at most a block more.
 */
export const BATCH_BYTES = 768 * 1024;

export interface CompilerCalls {
  split(args: { readonly sql: string }): readonly { readonly start: number; readonly end: number }[];
  /** `facts` come with the first statement of a commit. */
  compile(args: {
    readonly sql: string;
    readonly commit: number;
    readonly facts: CommitFacts | undefined;
  }): CompiledStatement;
  details(args: { readonly query: string; readonly code: boolean }): QueryDetails | undefined;
  calibrate(args: { readonly fresh: boolean }): string;
  prepare(args: { readonly model: number; readonly name: string; readonly source: string | Uint8Array }): PreparedHead;
  /** The next blocks of a tensor. `spent`: earlier ones that are done with, whose memory is given back for them. */
  pull(args: { readonly model: number; readonly tensor: number; readonly spent: readonly Uint8Array[] }): {
    readonly blocks: readonly Uint8Array[];
    readonly isLast: boolean;
  };
  close(args: { readonly model: number }): void;
}

export interface PreparedHead {
  readonly model: PreparedModel['model'];
  readonly tensors: readonly Omit<NewTensor, 'blocks'>[];
}

export interface LoadCalls {
  table(args: { readonly name: string }): TableInfo;
  /** `model` is left out when the asking thread has the object of that identity. */
  model(args: {
    readonly name: string;
    readonly version: number | undefined;
    readonly known: readonly number[];
  }): LoadedModel | undefined;
  view(args: { readonly name: string }): string;
  blocks(args: { readonly references: readonly BlockReference[] }): readonly Uint8Array[];
}

export interface LoadedModel {
  readonly identity: number;
  readonly model: ModelVersion | undefined;
}

type Call<Calls extends { [name in keyof Calls]: (args: never) => unknown }> = {
  [name in keyof Calls]: { readonly name: name; readonly args: Parameters<Calls[name]>[0] };
}[keyof Calls];

export type CompilerCall = Call<CompilerCalls>;
export type LoadCall = Call<LoadCalls>;

export type ToCompiler =
  | { readonly type: 'call'; readonly id: number; readonly call: CompilerCall }
  | { readonly type: 'loaded'; readonly id: number; readonly value: unknown }
  | { readonly type: 'not-loaded'; readonly id: number };

export type FromCompiler =
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorText }
  /** For the call `by`. */
  | { readonly type: 'load'; readonly id: number; readonly by: number; readonly call: LoadCall };

/** The caller's thread has the error itself. */
export class LoadFailed extends Error {
  override readonly name = 'LoadFailed';
}

/** An error as it crosses: cloning one loses its class. */
export type ErrorText = { readonly stack: string | undefined; readonly message: string } & (
  | { readonly kind: 'compile'; readonly details: CompileErrorDetails }
  | { readonly kind: 'model'; readonly code: ModelErrorCode; readonly details: ModelErrorDetails }
  | { readonly kind: 'storage'; readonly code: StorageError['code']; readonly details: StorageError['details'] }
  | { readonly kind: 'load' | 'execution' }
  | { readonly kind: 'other'; readonly name: string });

export function textOfError(error: unknown): ErrorText {
  if (!(error instanceof Error)) return { kind: 'other', name: 'Error', message: String(error), stack: undefined };
  const { name, message, stack } = error;
  if (error instanceof LoadFailed) return { kind: 'load', message, stack };
  if (error instanceof CompileError)
    return { kind: 'compile', message: error.summary, details: { ...error.details }, stack };
  if (error instanceof ModelError) {
    const { code, model, node, input, missing } = error;
    return { kind: 'model', code, message, details: { model, node, input, missing }, stack };
  }
  if (error instanceof StorageError)
    return { kind: 'storage', code: error.code, message, details: { ...error.details, cause: undefined }, stack };
  if (name === 'ValueError' || error instanceof ExecutionError) return { kind: 'execution', message, stack };
  return { kind: 'other', name, message, stack };
}

export function errorOfText(text: ErrorText): Error {
  const error = make(text);
  if (text.stack !== undefined) error.stack = text.stack;
  return error;
}

function make(text: ErrorText): Error {
  switch (text.kind) {
    case 'compile': return new CompileError(text.message, text.details);
    case 'model': return new ModelError(text.code, text.message, text.details);
    case 'storage': return new StorageError(text.code, text.message, text.details);
    case 'execution': return new ExecutionError(text.message);
    case 'load': return new LoadFailed(text.message);
    case 'other': {
      const error = new Error(text.message);
      if (text.name !== 'Error') error.name = text.name;
      return error;
    }
  }
}
