/** Small ONNX models as bytes, written as plain data: `onnxModel({ nodes, inputs, outputs })`. */
import onnxProto from 'onnx-proto';
import { encodeTensor } from '../../ir/tensor-bytes.js';
import { dtypeInfo, type DType } from '../../ir/dtype.js';
import type { TensorValue } from '../../ir/tensor-data.js';

const { onnx } = onnxProto;

export type Attribute =
  | number
  | string
  | bigint
  | { readonly float: number }
  | readonly bigint[]
  | readonly string[]
  | Float32Array
  | TensorValue;

export interface NodeSpec {
  readonly op: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface ModelSpec {
  readonly nodes: readonly NodeSpec[];
  readonly inputs: Readonly<Record<string, { readonly dtype: DType; readonly dims: readonly (number | string)[] }>>;
  /** Names and dtypes; shapes are left open. */
  readonly outputs: Readonly<Record<string, DType>>;
  readonly initializers?: Readonly<Record<string, TensorValue>>;
  readonly opset?: number;
  readonly mlOpset?: number;
}

/** A TensorProto's fields. */
export function tensorMessage(name: string, value: TensorValue): onnxProto.onnx.ITensorProto {
  const message = { name, dims: [...value.dims], dataType: dtypeInfo(value.dtype).onnx! };
  if (value.dtype !== 'utf8') return { ...message, rawData: encodeTensor(value) };
  return { ...message, stringData: (value.data as readonly string[]).map((text) => new TextEncoder().encode(text)) };
}

function attributeMessage(name: string, value: Attribute): onnxProto.onnx.IAttributeProto {
  const text = (own: string): Uint8Array => new TextEncoder().encode(own);
  if (typeof value === 'number' || typeof value === 'bigint') return { name, type: 2, i: Number(value) };
  if (typeof value === 'string') return { name, type: 3, s: text(value) };
  if (value instanceof Float32Array) return { name, type: 6, floats: [...value] };
  if (Array.isArray(value)) {
    return typeof value[0] === 'string'
      ? { name, type: 8, strings: (value as string[]).map(text) }
      : { name, type: 7, ints: (value as bigint[]).map(Number) };
  }
  if ('float' in value) return { name, type: 1, f: value.float };
  return { name, type: 4, t: tensorMessage(name, value as TensorValue) };
}

function valueMessage(name: string, dtype: DType, dims?: readonly (number | string)[]): onnxProto.onnx.IValueInfoProto {
  const shape =
    dims === undefined
      ? undefined
      : { dim: dims.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })) };
  return {
    name,
    type: { tensorType: { elemType: dtypeInfo(dtype).onnx!, ...(shape === undefined ? {} : { shape }) } },
  };
}

/** The file of a model. */
export function onnxModel(spec: ModelSpec): Uint8Array {
  const message = onnx.ModelProto.create({
    irVersion: 8,
    opsetImport: [{ domain: '', version: spec.opset ?? 17 }, { domain: 'ai.onnx.ml', version: spec.mlOpset ?? 3 }],
    graph: {
      name: 'test',
      node: spec.nodes.map((node) => ({
        opType: node.op, domain: node.domain ?? '', input: [...node.inputs], output: [...node.outputs],
        attribute: Object.entries(node.attributes ?? {}).map(([name, value]) => attributeMessage(name, value)),
      })),
      input: Object.entries(spec.inputs).map(([name, { dtype, dims }]) => valueMessage(name, dtype, dims)),
      output: Object.entries(spec.outputs).map(([name, dtype]) => valueMessage(name, dtype)),
      initializer: Object.entries(spec.initializers ?? {}).map(([name, value]) => tensorMessage(name, value)),
    },
  });
  return new Uint8Array(onnx.ModelProto.encode(message).finish());
}

/** The same model with its first initializer changed. */
export function editInitializer(bytes: Uint8Array, edit: (tensor: onnxProto.onnx.ITensorProto) => void): Uint8Array {
  const message = onnx.ModelProto.decode(bytes);
  edit(message.graph!.initializer![0]!);
  return new Uint8Array(onnx.ModelProto.encode(message).finish());
}
