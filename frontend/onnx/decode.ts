/**
 * Bytes of an ONNX file to plain data. The only importer of onnx-proto in the product.
 *
 * Invariant: whatever the bytes are, what is thrown is a ModelError; no size in the file is believed before it is
 * checked.
 */
import onnxProto from 'onnx-proto';
import { dtypeOfOnnx } from '../../ir/dtype.js';
import { bigOf, decodeTensorMessage, decodeTensorValue, textOf } from './decode-tensor.js';
import { ModelError } from './errors.js';
import { MAX_GRAPH_DEPTH, MAX_NODES } from './limits.js';
import type {
  AttributeFile,
  FunctionFile,
  GraphFile,
  ModelFile,
  NodeFile,
  TensorFile,
  ValueFile,
  ValueFileType,
} from './model-file.js';
import { findModel, type ByteSource } from './wire.js';

const { onnx } = onnxProto;
type GraphMessage = onnxProto.onnx.IGraphProto;
type NodeMessage = onnxProto.onnx.INodeProto;
type AttributeMessage = onnxProto.onnx.IAttributeProto;
type TypeMessage = onnxProto.onnx.ITypeProto;

/** Domains in their canonical form: `ai.onnx` is the default one. */
export function canonicalDomain(domain: string | null | undefined): string {
  return domain === undefined || domain === null || domain === 'ai.onnx' ? '' : domain;
}

export function decodeModel(source: ByteSource): ModelFile {
  try {
    return decode(source);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(
      'malformed',
      `not a valid ONNX file: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function decode(source: ByteSource): ModelFile {
  if (source.byteLength === 0) throw new ModelError('malformed', 'not a valid ONNX file: it is empty');
  const found = findModel(source);
  const model = onnx.ModelProto.decode(found.model);
  const initializers = found.initializers.map(({ message, raw }) =>
    decodeTensorMessage(onnx.TensorProto.decode(message), raw),
  );
  const graph = graphOf(onnx.GraphProto.decode(found.graph), initializers, 0);
  if (graph.nodes.length === 0 && graph.outputs.length === 0)
    throw new ModelError('malformed', 'not a valid ONNX file: it has no graph');
  return {
    irVersion: Number(bigOf(model.irVersion ?? 0)),
    opsets: opsetsOf(model.opsetImport),
    graph,
    functions: (model.functions ?? []).map(functionOf),
  };
}

function opsetsOf(
  imports: readonly onnxProto.onnx.IOperatorSetIdProto[] | null | undefined,
): ReadonlyMap<string, number> {
  return new Map((imports ?? []).map(({ domain, version }) => [canonicalDomain(domain), Number(bigOf(version ?? 0))]));
}

function functionOf(message: onnxProto.onnx.IFunctionProto): FunctionFile {
  return {
    domain: canonicalDomain(message.domain), name: message.name ?? '',
    inputs: message.input ?? [], outputs: message.output ?? [],
    nodes: (message.node ?? []).map((node) => nodeOf(node, 1)),
    opsets: opsetsOf(message.opsetImport),
  };
}

function graphOf(message: GraphMessage, found: readonly TensorFile[], depth: number): GraphFile {
  if (depth > MAX_GRAPH_DEPTH) throw new ModelError('limit', `graphs nested over ${MAX_GRAPH_DEPTH} deep`);
  if ((message.node ?? []).length > MAX_NODES)
    throw new ModelError('limit', `a graph of ${message.node?.length} nodes; at most ${MAX_NODES} are read`);
  const sparse = message.sparseInitializer ?? [];
  if (sparse.length > 0) throw new ModelError('unsupported', 'sparse initializers are not supported', { missing: [
        {
          domain: '',
          op: 'SparseTensorProto',
          opset: undefined,
          node: sparse[0]?.values?.name ?? '',
          reason: 'sparse initializers',
        },
  ] });
  return {
    name: message.name ?? '',
    nodes: (message.node ?? []).map((node) => nodeOf(node, depth)),
    initializers: [...found, ...(message.initializer ?? []).map((tensor) => decodeTensorMessage(tensor, undefined))],
    inputs: (message.input ?? []).map(valueOf),
    outputs: (message.output ?? []).map(valueOf),
  };
}

function nodeOf(message: NodeMessage, depth: number): NodeFile {
  const outputs = message.output ?? [];
  const op = message.opType ?? '';
  return {
    name:
      message.name !== undefined && message.name !== null && message.name !== ''
        ? message.name
        : `${op}(${outputs.find((name) => name !== '') ?? ''})`,
    op, domain: canonicalDomain(message.domain), inputs: message.input ?? [], outputs,
    attributes: new Map(
      (message.attribute ?? []).map((attribute) => [attribute.name ?? '', attributeOf(attribute, depth)]),
    ),
  };
}

function attributeOf(message: AttributeMessage, depth: number): AttributeFile {
  if (message.refAttrName !== undefined && message.refAttrName !== null && message.refAttrName !== '')
    return { kind: 'reference', value: message.refAttrName };
  switch (kindOf(message)) {
    case 1: return { kind: 'float', value: message.f ?? 0 };
    case 2: return { kind: 'int', value: bigOf(message.i ?? 0) };
    case 3: return { kind: 'string', value: textOf(message.s ?? new Uint8Array(0)) };
    case 4: return { kind: 'tensor', value: decodeTensorValue(message.t ?? {}) };
    case 5: return { kind: 'graph', value: graphOf(message.g ?? {}, [], depth + 1) };
    case 6: return { kind: 'floats', value: message.floats ?? [] };
    case 7: return { kind: 'ints', value: (message.ints ?? []).map(bigOf) };
    case 8: return { kind: 'strings', value: (message.strings ?? []).map(textOf) };
    default: return { kind: 'unsupported', value: `attribute type ${message.type ?? 0}` };
  }
}

/** The AttributeType; files older than IR version 2 do not say it. */
function kindOf(message: AttributeMessage): number {
  if (message.type !== undefined && message.type !== null && message.type !== 0) return message.type;
  const lists = [[message.floats, 6], [message.ints, 7], [message.strings, 8]] as const;
  for (const [list, kind] of lists) if (list !== undefined && list !== null && list.length > 0) return kind;
  const singles = [['t', 4], ['g', 5], ['s', 3], ['i', 2], ['f', 1]] as const;
  return singles.find(([field]) => Object.hasOwn(message, field))?.[1] ?? 7;
}

function valueOf(message: onnxProto.onnx.IValueInfoProto): ValueFile {
  return { name: message.name ?? '', type: typeOf(message.type) };
}

function typeOf(message: TypeMessage | null | undefined): ValueFileType {
  const tensor = message?.tensorType;
  if (tensor === undefined || tensor === null) {
    const what = ['sequenceType', 'mapType', 'optionalType', 'sparseTensorType'].find(
      (field) => (message as Record<string, unknown> | undefined)?.[field] != null,
    );
    return { kind: 'other', what: what ?? 'no type' };
  }
  const dtype = dtypeOfOnnx(tensor.elemType ?? 0);
  if (dtype === undefined) return { kind: 'other', what: `tensors of data type ${tensor.elemType ?? 0}` };
  const dims = tensor.shape === undefined || tensor.shape === null ? undefined : (tensor.shape.dim ?? []).map((dim) => {
    if (dim.dimParam !== undefined && dim.dimParam !== null && dim.dimParam !== '') return dim.dimParam;
    const size = dim.dimValue === undefined || dim.dimValue === null ? undefined : Number(bigOf(dim.dimValue));
    return size === undefined || size < 0 || !Object.hasOwn(dim, 'dimValue') ? undefined : size;
  });
  return { kind: 'tensor', dtype, dims };
}
