/**
 * A model by itself: named tensors in, named tensors out, through the same IR, passes and kernels as in a query.
 *
 * A model whose outputs for a row depend on that row alone runs as kernels over tiles of rows, for any number of rows;
 * any other by the reference evaluator, which is slow and right. `backend`, `reasons` and `explain` say which and why.
 */
import type { TensorValue } from '../ir/tensor-data.js';
import { kindOf, requireBytes, requireObject, requireOneOf, requireOptions, type OptionNames } from './arguments.js';
import type { CompiledModel, Compiler, ModelPort } from './compiler.js';
import { ExecutionError, ModelInputError } from './errors.js';
import { tensorFault, tensorOf, typeNameOf, valueOf, type ModelTensor, type TensorTypeName } from './model-tensor.js';
import { ModelTiles } from './model-tiles.js';

export type { ModelTensor, TensorTypeName } from './model-tensor.js';

export interface ModelOptions {
  /** Sizes of symbolic dims, by their name, where the graph needs them as numbers (an unrolled sequence). */
  readonly sizes?: Readonly<Record<string, number>>;
  /** Values of inputs that decide on shapes; they are no inputs of the opened model. */
  readonly constants?: Readonly<Record<string, ModelTensor>>;
  /** `reference` forces the reference evaluator; by default kernels run what they can. */
  readonly backend?: 'auto' | 'reference';
}

const MODEL_OPTIONS: OptionNames<ModelOptions> = { sizes: true, constants: true, backend: true };

export interface ModelPortInfo {
  readonly name: string;
  readonly type: TensorTypeName;
  /** Text is a symbol; `n` is the batch. A batch of 1 that a row-wise model declares is `n` too. */
  readonly dims: readonly (number | string)[];
  /** Of an output that is a ZipMap: the key of each column. */
  readonly keys?: readonly (string | bigint)[];
}

/** An output; one of a ZipMap is the tensor [n, keys] of its values, and the keys. */
export interface ModelOutput extends ModelTensor {
  readonly keys?: readonly (string | bigint)[];
}

export async function createModel(
  compiler: Compiler,
  source: string | Uint8Array,
  options: ModelOptions,
): Promise<Model> {
  requireBytes('source', source, { orPath: true });
  requireOptions('options', options, MODEL_OPTIONS);
  requireOneOf('backend', options.backend ?? 'auto', ['auto', 'reference']);
  const compiled = await compiler.compileModel(source, {
    constants: constantsOf(options.constants ?? {}),
    sizes: sizesOf(options.sizes ?? {}),
    kernels: options.backend !== 'reference',
  });
  const tiles = compiled.kernel === undefined ? undefined : await ModelTiles.create(compiled.kernel, compiled.name);
  return new Model(compiled, tiles);
}

function constantsOf(constants: NonNullable<ModelOptions['constants']>): ReadonlyMap<string, TensorValue> {
  requireObject('constants', constants);
  return new Map(
    Object.entries(constants).map(([name, tensor]) => {
      requireObject(`constants.${name}`, tensor);
      return [name, checked(tensor, { model: 'model', input: name })];
    }),
  );
}

function sizesOf(sizes: NonNullable<ModelOptions['sizes']>): ReadonlyMap<string, number> {
  requireObject('sizes', sizes);
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(size) || size < 1)
      throw new RangeError(`sizes.${name} is ${kindOf(size)}, expected a whole number from 1`);
  }
  return new Map(Object.entries(sizes));
}

/** Opened by `openModel`. */
export class Model {
  readonly name: string;
  readonly inputs: readonly ModelPortInfo[];
  readonly outputs: readonly ModelPortInfo[];
  readonly backend: 'kernel' | 'reference';
  /** Why it is not `kernel`. */
  readonly reasons: readonly string[];
  readonly #compiled: CompiledModel;
  #tiles: ModelTiles | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Use `openModel`. */
  constructor(compiled: CompiledModel, tiles: ModelTiles | undefined) {
    this.#compiled = compiled;
    this.#tiles = tiles;
    this.name = compiled.name;
    this.inputs = compiled.inputs.map(infoOf);
    this.outputs = compiled.outputs.map(infoOf);
    this.backend = tiles === undefined ? 'reference' : 'kernel';
    this.reasons = compiled.reasons;
  }

  /**
   * The outputs for these inputs. Runs of one model follow each other; inputs are read until the promise settles.
   * @throws ModelInputError for inputs that are missing, unknown or of another type or shape; ExecutionError when it
   * fails
   */
  async run(inputs: Readonly<Record<string, ModelTensor>>): Promise<Record<string, ModelOutput>> {
    if (this.#isClosed) throw new ExecutionError(`model ${this.name} is closed`);
    const values = this.#checkInputs(inputs ?? {});
    const evaluate = (): Promise<readonly TensorValue[]> =>
      this.#tiles === undefined ? this.#evaluate(values) : this.#runTiles(this.#tiles, values);
    const turn = this.#running.then(evaluate, evaluate);
    this.#running = turn;
    const results = await turn;
    return Object.fromEntries(
      this.outputs.map(({ name, keys }, i) => [
        name,
        { ...tensorOf(results[i]!), ...(keys === undefined ? {} : { keys }) },
      ]),
    );
  }

  /** The representation with its reasons, the kernels, what the passes did, and the graph. */
  explain(): string {
    const { kernel, rewrites, irText } = this.#compiled;
    const port = ({ name, type, dims }: ModelPortInfo): string => `  ${name}: ${type}[${dims.join(', ')}]`;
    return [
      `model ${this.name}`,
      kernel === undefined
        ? 'backend: reference evaluator (slow)'
        : `backend: kernel, tiles of ${kernel.tileRows} rows`,
      ...this.reasons.map((reason) => `  because ${reason}`),
      'inputs', ...this.inputs.map(port),
      'outputs', ...this.outputs.map(port),
      ...(kernel === undefined ? [] : ['kernels', ...kernel.explain.map((line) => `  ${line}`)]),
      ...(rewrites.length === 0 ? [] : ['rewrites', ...rewrites.map((line) => `  ${line}`)]),
      'graph', irText.trimEnd().replace(/^/gm, '  '),
    ].join('\n');
  }

  /** Waits for what runs and gives the memory back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running.catch(() => undefined);
    this.#tiles = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #evaluate(values: ReadonlyMap<string, TensorValue>): Promise<readonly TensorValue[]> {
    try {
      return this.#compiled.evaluate(values);
    } catch (error) {
      if (error instanceof RangeError)
        throw new ExecutionError(`model ${this.name}: ${error.message}`, { cause: error });
      throw error;
    }
  }

  async #runTiles(tiles: ModelTiles, values: ReadonlyMap<string, TensorValue>): Promise<readonly TensorValue[]> {
    const ordered = this.#compiled.inputs.map(({ name }) => values.get(name)!);
    const rows = ordered[0]!.dims[0]!;
    const results = await tiles.run(ordered, rows);
    return this.#compiled.outputs.map(({ dtype, dims }, i) => ({
      dtype,
      dims: [rows, ...(dims.slice(1) as readonly number[])],
      data: results[i]!,
    }));
  }

  #checkInputs(inputs: Readonly<Record<string, ModelTensor>>): ReadonlyMap<string, TensorValue> {
    const names = this.inputs.map(({ name }) => name);
    const unknown = Object.keys(inputs).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new ModelInputError('unknown', `model ${this.name} has no input ${unknown}: expected ${names.join(', ')}`, {
        model: this.name,
        input: unknown,
        expected: names.join(', '),
      });
    }
    const symbols = new Map<string, { readonly size: number; readonly input: string }>();
    return new Map(
      this.#compiled.inputs.map((port) => [port.name, this.#checkInput(port, inputs[port.name], symbols)]),
    );
  }

  #checkInput(
    port: ModelPort,
    tensor: ModelTensor | undefined,
    symbols: Map<string, { size: number; input: string }>,
  ): TensorValue {
    const type = typeNameOf(port.dtype);
    const at = { model: this.name, input: port.name };
    const wanted = `${type}[${port.dims.join(', ')}]`;
    if (tensor === undefined || tensor === null)
      throw new ModelInputError('missing', `model ${this.name} needs the input ${port.name} of ${wanted}`, {
        ...at,
        expected: wanted,
      });
    const value = checked(tensor, at);
    if (tensor.type !== type) {
      throw new ModelInputError(
        'type',
        `input ${port.name} of model ${this.name} is ${tensor.type}, expected ${type}`,
        { ...at, found: tensor.type, expected: type },
      );
    }
    const found = `[${tensor.dims.join(', ')}]`;
    const differ = (expected: string): ModelInputError =>
      new ModelInputError('dims', `input ${port.name} of model ${this.name} has dims ${found}, expected ${expected}`, {
        ...at,
        found,
        expected,
      });
    if (tensor.dims.length !== port.dims.length) throw differ(`[${port.dims.join(', ')}]`);
    for (const [axis, dim] of port.dims.entries()) {
      const size = tensor.dims[axis]!;
      if (typeof dim === 'number' && size !== dim) throw differ(`[${port.dims.join(', ')}]`);
      if (typeof dim === 'number') continue;
      const bound = symbols.get(dim);
      if (bound !== undefined && bound.size !== size)
        throw differ(`${dim} = ${bound.size} at axis ${axis}, as in input ${bound.input}`);
      symbols.set(dim, bound ?? { size, input: port.name });
    }
    return value;
  }
}

function checked(tensor: ModelTensor, at: { readonly model: string; readonly input: string }): TensorValue {
  const fault = tensorFault(tensor);
  if (fault === undefined) return valueOf(tensor);
  throw new ModelInputError(
    fault.code,
    `input ${at.input} of model ${at.model}: found ${fault.found}, expected ${fault.expected}`,
    { ...at, found: fault.found, expected: fault.expected },
  );
}

function infoOf({ name, dtype, dims, map }: ModelPort): ModelPortInfo {
  const keys = map?.keys.map((key) => (map.keyDType === 'i64' ? BigInt(key) : key));
  return { name, type: typeNameOf(dtype), dims, ...(keys === undefined ? {} : { keys }) };
}
