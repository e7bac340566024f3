/**
 * Runs an ONNX file with ONNX Runtime: the answer predictions are compared with.
 *
 * ONNX Runtime's Node binding gives tensors only, so a ZipMap at the end of a model is taken off first and its
 * output then is the tensor of probabilities which entered it, under the output's name.
 */
import { readFile } from 'node:fs/promises';
import onnxProto from 'onnx-proto';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const { onnx } = onnxProto;

export type OrtValues = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | readonly string[];

export interface OrtTensor {
  readonly dims: readonly number[];
  readonly values: OrtValues;
}

/** One column of a table as a model of one input per column takes it: [rows, 1]. */
export function ortColumn(values: OrtValues): OrtTensor {
  return { dims: [values.length, 1], values };
}

/** `matrix` [rows, width], row-major. */
export function ortMatrix(values: OrtValues, width: number): OrtTensor {
  return { dims: [values.length / width, width], values };
}

export interface OrtModel {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(inputs: Readonly<Record<string, OrtTensor>>): Promise<Record<string, OrtTensor>>;
  close(): Promise<void>;
}

/** A file that has external data must be opened by path: its weights are looked for beside it. */
export async function openOrtModel(
  model: string | Uint8Array,
  options: { readonly threads?: number } = {},
): Promise<OrtModel> {
  const session = await createOrtSession(model, { intraOpNumThreads: options.threads ?? 1, interOpNumThreads: 1 });
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: async (inputs) => {
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, toOrt(input)]));
      const fetched = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(fetched).map(([name, tensor]) => [
          name,
          { dims: tensor.dims, values: tensor.data as OrtValues },
        ]),
      );
    },
    close: () => session.release(),
  };
}

/** Opens and runs a model once. */
export async function runOrt(
  model: string | Uint8Array,
  inputs: Readonly<Record<string, OrtTensor>>,
): Promise<Record<string, OrtTensor>> {
  const opened = await openOrtModel(model);
  try {
    return await opened.run(inputs);
  } finally {
    await opened.close();
  }
}

/**
 * A session of the model, of its file where it can be (ONNX Runtime then finds external data and need not hold a
 * copy of the bytes).
 */
export async function createOrtSession(
  model: string | Uint8Array,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  if (typeof model !== 'string') return await InferenceSession.create(withoutZipMap(model) ?? model, options);
  const session = await InferenceSession.create(model, options);
  if (session.outputMetadata.every((output) => output.isTensor)) return session;
  await session.release();
  const stripped = withoutZipMap(await readFile(model));
  if (stripped === undefined) throw new Error(`${model}: an output is no tensor and comes from no ZipMap`);
  return await InferenceSession.create(stripped, options);
}

/** The model with each ZipMap that gives an output replaced by what it reads, or undefined where there is none. */
export function withoutZipMap(bytes: Uint8Array): Uint8Array | undefined {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph;
  if (graph?.node == null || graph.output == null) return undefined;
  const maps = graph.node.filter((node) => node.opType === 'ZipMap');
  if (maps.length === 0) return undefined;
  graph.node = graph.node.map((node) => {
    const output = node.output?.[0];
    const rank2 = {
      shape: { dim: [{ dimParam: 'rows' }, { dimParam: 'classes' }] },
      elemType: onnx.TensorProto.DataType.FLOAT,
    };
    if (node.opType !== 'ZipMap' || output === undefined) return node;
    graph.output = graph.output!.map((value) =>
      value.name === output ? { name: output, type: { tensorType: rank2 } } : value,
    );
    return { opType: 'Identity', input: node.input ?? [], output: [output] };
  });
  return onnx.ModelProto.encode(model).finish();
}

function toOrt({ dims, values }: OrtTensor): Tensor {
  if (values instanceof Float32Array) return new Tensor('float32', values, dims);
  if (values instanceof Float64Array) return new Tensor('float64', values, dims);
  if (values instanceof Int32Array) return new Tensor('int32', values, dims);
  if (values instanceof BigInt64Array) return new Tensor('int64', values, dims);
  if (values instanceof Uint8Array) return new Tensor('bool', values, dims);
  return new Tensor('string', [...values], dims);
}
