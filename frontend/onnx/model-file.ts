/** A decoded model file as plain data: what the importer reads. Nothing of protobuf is left in it. */
import type { DType } from '../../ir/dtype.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import type { Dim } from '../../ir/type.js';

export interface ModelFile {
  readonly irVersion: number;
  /** Version by domain; '' is ai.onnx. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: GraphFile;
  readonly functions: readonly FunctionFile[];
}

export interface GraphFile {
  readonly name: string;
  readonly nodes: readonly NodeFile[];
  readonly initializers: readonly TensorFile[];
  readonly inputs: readonly ValueFile[];
  readonly outputs: readonly ValueFile[];
}

export interface FunctionFile {
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly NodeFile[];
  readonly opsets: ReadonlyMap<string, number>;
}

export interface NodeFile {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeFile>;
}

export type AttributeFile =
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: TensorValue }
  | { readonly kind: 'graph'; readonly value: GraphFile }
  /** In functions: the attribute of the call. */
  | { readonly kind: 'reference'; readonly value: string }
  | { readonly kind: 'unsupported'; readonly value: string };

export type ValueFileType =
  /** A size below 0 or absent is `undefined`. `dims` undefined: the rank is not known. */
  | { readonly kind: 'tensor'; readonly dtype: DType; readonly dims: readonly (Dim | undefined)[] | undefined }
  | { readonly kind: 'other'; readonly what: string };

export interface ValueFile {
  readonly name: string;
  readonly type: ValueFileType;
}

/** An initializer; exactly one of `value`, `raw` and `external` says where its data is. */
export interface TensorFile {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly value: TensorValue | undefined;
  /** Bytes of the model file. */
  readonly raw: { readonly offset: number; readonly length: number } | undefined;
  readonly external:
    { readonly location: string; readonly offset: number; readonly length: number | undefined } | undefined;
}
