/**
 * The door of the ONNX frontend: bytes or a path enter, a ModelGraph with its weights leaves. Only ModelErrors are
 * thrown.
 *
 * `importModel` holds everything in memory. `openModelFile` reads the structure only: large weights are hashed as a
 * stream and stay in their files, so a model of any size is imported in a few megabytes.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { make } from '../../ir/build.js';
import type { ModelGraph, Tensor } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import { decodeTensor, tensorByteLength } from '../../ir/tensor-bytes.js';
import type { TensorData } from '../../ir/tensor-data.js';
import { tensor } from '../../ir/type.js';
import { TensorBuilder } from './builder.js';
import { checkLength } from './decode-tensor.js';
import { decodeModel } from './decode.js';
import { located, ModelError } from './errors.js';
import { externalPath } from './external.js';
import { importGraph, type GraphOptions } from './import.js';
import { STREAMED_BYTES } from './limits.js';
import type { ModelFile, TensorFile } from './model-file.js';
import { rowDependence } from './row-wise.js';
import { WeightStore, type WeightSource } from './weights.js';
import { bufferSource, type ByteSource } from './wire.js';

export interface ImportedModel {
  readonly graph: ModelGraph;
  /** The weights the graph's nodes name, by hash. */
  readonly weights: ReadonlyMap<string, WeightSource>;
  /** The same, loaded when asked for. */
  readonly data: TensorData;
}

export type ImportOptions = Partial<GraphOptions>;

/** Imports a model held in memory. Weights in other files are refused. */
export async function importModel(bytes: Uint8Array, options: ImportOptions = {}): Promise<ImportedModel> {
  const refuse = (weight: TensorFile): never => {
    throw new ModelError(
      'external_data',
      `the weight ${weight.name} lies in the file ${weight.external!.location}; import the model by its path`,
    );
  };
  return importFrom(options, () => ({
    source: bufferSource(bytes),
    streamed: (weight) => (weight.external === undefined ? bufferWeight(weight, bytes) : refuse(weight)),
  }));
}

/** Imports a model file, leaving large weights in it and in the files of its folder that it names. */
export async function openModelFile(path: string, options: ImportOptions = {}): Promise<ImportedModel> {
  let file: number | undefined;
  try {
    return await importFrom({ name: path, ...options }, () => {
      file = openFile(path);
      return {
        source: fileSource(file),
        streamed: (weight) =>
          weight.external === undefined ? fileWeight(weight, { path, ...weight.raw! }) : externalWeight(weight, path),
      };
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

interface Origin {
  readonly source: ByteSource;
  /** The weight of an initializer that is not in the decoded structure. */
  readonly streamed: (weight: TensorFile) => WeightSource;
}

async function importFrom(options: ImportOptions, origin: () => Origin): Promise<ImportedModel> {
  const name = options.name ?? 'model';
  try {
    const { source, streamed } = origin();
    const file = decodeModel(source);
    const store = await WeightStore.create();
    const builder = new TensorBuilder(store);
    const initializers = await initializerTensors(file, builder, streamed);
    const graph = graphOf(file, builder, initializers, { ...options, name });
    return { graph, weights: weightsOf(graph, store), data: store };
  } catch (error) {
    throw located(error, { model: name });
  }
}

function graphOf(
  file: ModelFile,
  builder: TensorBuilder,
  weights: ReadonlyMap<string, Tensor>,
  options: GraphOptions,
): ModelGraph {
  if (options.rebatch !== true) return importGraph(file, builder, weights, options);
  try {
    const graph = importGraph(file, builder, weights, options);
    if (rowDependence(graph) === undefined) return graph;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // a model that does not work for any batch is imported for the one it declares; its own errors come again below
  }
  return importGraph(file, builder, weights, { ...options, rebatch: false });
}

async function initializerTensors(
  file: ModelFile,
  builder: TensorBuilder,
  streamed: Origin['streamed'],
): Promise<ReadonlyMap<string, Tensor>> {
  const found = new Map<string, Tensor>();
  for (const weight of file.graph.initializers) {
    if (found.has(weight.name)) throw new ModelError('invalid', `the weight ${weight.name} is defined twice`);
    if (weight.value !== undefined) {
      found.set(weight.name, builder.constant(weight.value));
      continue;
    }
    const source = streamed(weight);
    if (source.byteLength < STREAMED_BYTES) found.set(weight.name, builder.constant(source.load()));
    else
      found.set(
        weight.name,
        make({
          kind: 'weight',
          hash: await builder.weights.addSource(source),
          type: tensor(weight.dtype, weight.dims),
        }),
      );
  }
  return found;
}

function weightsOf(graph: ModelGraph, store: WeightStore): ReadonlyMap<string, WeightSource> {
  const found = new Map<string, WeightSource>();
  for (const { tensor: root } of graph.outputs) {
    for (const node of postorder(root)) if (node.kind === 'weight') found.set(node.hash, store.source(node.hash));
  }
  return found;
}

// ---------------------------------------------------------------- where weights lie

function bufferWeight(weight: TensorFile, bytes: Uint8Array): WeightSource {
  const { dtype, dims, raw } = weight;
  const own = bytes.subarray(raw!.offset, raw!.offset + raw!.length);
  return {
    dtype, dims, byteLength: own.byteLength,
    read: (offset, length) => Promise.resolve(own.subarray(offset, offset + length)),
    load: () => decodeTensor(dtype, dims, own),
  };
}

function externalWeight(weight: TensorFile, modelPath: string): WeightSource {
  const { location, offset, length } = weight.external!;
  const path = externalPath(modelPath, location);
  const byteLength = tensorByteLength(weight.dtype, weight.dims);
  checkLength(weight.name, weight, length ?? byteLength);
  const file = openFile(path);
  try {
    const size = fstatSync(file).size;
    if (offset + byteLength > size) {
      throw new ModelError(
        'external_data',
        `the weight ${weight.name} needs bytes ${offset} to ${offset + byteLength} of ${location}, which has ${size}`,
      );
    }
  } finally {
    closeSync(file);
  }
  return fileWeight(weight, { path, offset, length: byteLength });
}

function fileWeight(
  weight: TensorFile,
  place: { readonly path: string; readonly offset: number; readonly length: number },
): WeightSource {
  const { dtype, dims } = weight;
  return {
    dtype, dims, byteLength: place.length,
    read: async (offset, length) => {
      const file = await open(place.path, 'r');
      try {
        const bytes = new Uint8Array(length);
        const { bytesRead } = await file.read(bytes, 0, length, place.offset + offset);
        if (bytesRead !== length)
          throw new ModelError('external_data', `${place.path} ended inside the weight ${weight.name}`);
        return bytes;
      } finally {
        await file.close();
      }
    },
    load: () => {
      const file = openFile(place.path);
      try {
        return decodeTensor(dtype, dims, readExactly(file, place.offset, place.length));
      } finally {
        closeSync(file);
      }
    },
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new ModelError('malformed', `cannot open ${path}: ${(error as Error).message}`);
  }
}

function fileSource(file: number): ByteSource {
  const status = fstatSync(file);
  if (!status.isFile()) throw new ModelError('malformed', 'not a file');
  return { byteLength: status.size, read: (offset, length) => readExactly(file, offset, length) };
}

function readExactly(file: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(file, bytes, done, length - done, offset + done);
    if (count === 0)
      throw new ModelError('malformed', `the file ends at byte ${offset + done}, expected ${length - done} more`);
    done += count;
  }
  return bytes;
}
