/**
 * One node of a model as its operator's lowering sees it: inputs as tensors, attributes by type, and the words for
 * what is wrong. Lowerings read nothing else of the file.
 */
import type { DType } from '../../ir/dtype.js';
import type { Tensor } from '../../ir/node.js';
import { postorder } from '../../ir/rewrite.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import type { Dim } from '../../ir/type.js';
import type { TensorBuilder } from './builder.js';
import { ModelError, unsupported } from './errors.js';
import type { AttributeFile, GraphFile, NodeFile } from './model-file.js';

/** A list of tensors; ONNX sequences have a length known when importing, or are refused. */
export interface Sequence { readonly kind: 'sequence'; readonly items: readonly Tensor[]; readonly dtype: DType }
/** What ZipMap makes: columns of a tensor by key. */
export interface Zipped {
  readonly kind: 'zipped';
  readonly tensor: Tensor;
  readonly keyDType: 'utf8' | 'i64';
  readonly keys: readonly string[];
}

/** An optional without a value. */
export interface Absent { readonly kind: 'absent' }
/** The result of a node that could not be imported; what needs it is not imported either. */
export interface Poison { readonly kind: 'poison' }
export type Value = Tensor | Sequence | Zipped | Absent | Poison;
export type Lowered = Value | readonly (Value | undefined)[];

export function isTensor(value: Value | undefined): value is Tensor {
  return value !== undefined && !['sequence', 'zipped', 'absent', 'poison'].includes(value.kind);
}

/** Runs the nodes of a subgraph with these values for its inputs; gives its outputs. */
export type RunGraph = (graph: GraphFile, inputs: readonly Value[]) => readonly Value[];

type ValueOf<K extends AttributeFile['kind']> = Extract<AttributeFile, { kind: K }>['value'];

export class OperatorCall {
  readonly builder: TensorBuilder;
  readonly node: NodeFile;
  /** The opset of the node's domain, and the operator version in force under it. */
  readonly opset: number;
  readonly version: number;
  readonly values: readonly (Value | undefined)[];
  readonly runGraph: RunGraph;
  /** The size that the file gives the batch `n`, where it gives one. */
  readonly fixedBatch: number | undefined;

  constructor(
    fields: Pick<OperatorCall, 'builder' | 'node' | 'opset' | 'version' | 'values' | 'runGraph' | 'fixedBatch'>,
  ) {
    this.builder = fields.builder;
    this.node = fields.node;
    this.opset = fields.opset;
    this.version = fields.version;
    this.values = fields.values;
    this.runGraph = fields.runGraph;
    this.fixedBatch = fields.fixedBatch;
  }

  // ------------------------------------------------------------ inputs

  optional(index: number): Tensor | undefined {
    const value = this.values[index];
    if (value === undefined || value.kind === 'absent') return undefined;
    if (!isTensor(value)) throw this.invalid(`input ${index} is a ${value.kind}, expected a tensor`);
    return value;
  }

  input(index: number): Tensor {
    const value = this.optional(index);
    if (value === undefined) throw this.invalid(`has ${this.values.length} inputs, expected at least ${index + 1}`);
    return value;
  }

  /** An input of one rank only. */
  ranked(index: number, rank: number): Tensor {
    const tensor = this.input(index);
    if (tensor.type.dims.length === rank) return tensor;
    throw this.invalid(`input ${index} has shape [${tensor.type.dims.join(', ')}], expected rank ${rank}`);
  }

  /** All inputs of a variadic operator. */
  inputs(): readonly Tensor[] {
    if (this.values.length === 0) throw this.invalid('has no inputs');
    return this.values.map((_, index) => this.input(index));
  }

  sequence(index: number): Sequence {
    const value = this.values[index];
    if (value?.kind !== 'sequence') throw this.invalid(`input ${index} is not a sequence`);
    return value;
  }

  hasOutput(index: number): boolean {
    const name = this.node.outputs[index];
    return name !== undefined && name !== '';
  }

  /** The value of an input which decides on shapes and so must be constant. */
  constant(index: number): TensorValue {
    const tensor = this.input(index);
    const value = this.builder.valueOf(tensor);
    if (value === undefined) throw this.needsConstant(index, tensor);
    return value;
  }

  /** Integers of a constant input, or of the attribute that older versions had in its place. */
  intsAt(index: number, attribute: string): readonly number[] | undefined {
    if (this.has(attribute)) return this.ints(attribute);
    return this.optional(index) === undefined ? undefined : this.numbersAt(index);
  }

  numbersAt(index: number): readonly number[] {
    return Array.from(this.constant(index).data as ArrayLike<number | bigint>, Number);
  }

  numberAt(index: number): number {
    const numbers = this.numbersAt(index);
    if (numbers.length !== 1) throw this.invalid(`input ${index} has ${numbers.length} elements, expected 1`);
    return numbers[0]!;
  }

  /** Dims given as an integer vector; of those that data decides, at most one, which becomes a new symbol. */
  dimsAt(index: number): readonly Dim[] {
    const tensor = this.input(index);
    const vector = this.builder.vectorOf(tensor);
    if (vector === undefined || vector.filter((dim) => dim === undefined).length > 1)
      throw this.needsConstant(index, tensor);
    return vector.map((dim) => dim ?? this.builder.symbol());
  }

  needsConstant(index: number, tensor: Tensor): ModelError {
    const names = postorder(tensor).flatMap((part) => (part.kind === 'input' ? [part.name] : []));
    return new ModelError('needs_constant',
      `node ${this.node.name}: input ${index} (${this.node.inputs[index] ?? ''}) decides on shapes and must be constant, but depends on ${names.join(', ')}`,
      { node: this.node.name, input: names[0] });
  }

  // ------------------------------------------------------------ attributes

  has(name: string): boolean {
    return this.node.attributes.has(name);
  }

  #attribute<K extends AttributeFile['kind']>(name: string, kind: K): ValueOf<K> | undefined {
    const attribute = this.node.attributes.get(name);
    if (attribute === undefined) return undefined;
    if (attribute.kind === kind) return attribute.value as never;
    throw this.invalid(`attribute ${name} is ${attribute.kind}, expected ${kind}`);
  }

  int(name: string, otherwise?: number): number {
    const value = this.#attribute(name, 'int');
    if (value !== undefined) return Number(value);
    if (otherwise !== undefined) return otherwise;
    throw this.invalid(`attribute ${name} is missing`);
  }

  flag(name: string, otherwise = false): boolean {
    return this.int(name, otherwise ? 1 : 0) !== 0;
  }

  float(name: string, otherwise?: number): number {
    const value = this.#attribute(name, 'float') ?? otherwise;
    if (value === undefined) throw this.invalid(`attribute ${name} is missing`);
    return value;
  }

  string(name: string, otherwise?: string): string {
    const value = this.#attribute(name, 'string') ?? otherwise;
    if (value === undefined) throw this.invalid(`attribute ${name} is missing`);
    return value;
  }

  /** One of a few words. */
  choice<T extends string>(name: string, choices: readonly T[], otherwise: T): T {
    const found = this.string(name, otherwise);
    const choice = choices.find((own) => own === found);
    if (choice === undefined)
      throw this.invalid(`attribute ${name} is "${found}", expected one of ${choices.join(', ')}`);
    return choice;
  }

  ints(name: string): readonly number[] {
    return (this.#emptyList(name) ?? this.#attribute(name, 'ints') ?? []).map(Number);
  }

  bigints(name: string): readonly bigint[] {
    return this.#emptyList(name) ?? this.#attribute(name, 'ints') ?? [];
  }

  floats(name: string): readonly number[] {
    return this.#emptyList(name) ?? this.#attribute(name, 'floats') ?? [];
  }

  strings(name: string): readonly string[] {
    return this.#emptyList(name) ?? this.#attribute(name, 'strings') ?? [];
  }

  /** An empty list of an old file does not say what it is a list of. */
  #emptyList(name: string): readonly never[] | undefined {
    const attribute = this.node.attributes.get(name);
    return attribute !== undefined && Array.isArray(attribute.value) && attribute.value.length === 0 ? [] : undefined;
  }

  tensor(name: string): TensorValue | undefined {
    return this.#attribute(name, 'tensor');
  }

  graph(name: string): GraphFile {
    const value = this.#attribute(name, 'graph');
    if (value === undefined) throw this.invalid(`attribute ${name} is missing`);
    return value;
  }

  /** An axis from 0, from one that may count from the end. */
  axis(axis: number, rank: number): number {
    const own = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(own) || own < 0 || own >= Math.max(rank, 1))
      throw this.invalid(`axis ${axis} of a tensor of rank ${rank}`);
    return own;
  }

  axes(axes: readonly number[], rank: number): readonly number[] {
    const own = axes.map((axis) => this.axis(axis, rank));
    if (new Set(own).size !== own.length) throw this.invalid(`axes ${axes.join(', ')} name one twice`);
    return own;
  }

  // ------------------------------------------------------------ errors

  invalid(message: string): ModelError {
    return new ModelError('invalid', `node ${this.node.name}: ${message}`, { node: this.node.name });
  }

  unsupported(reason: string): ModelError {
    const { domain, op, name } = this.node;
    return unsupported([{ domain, op, opset: this.opset, node: name, reason }]);
  }

  /** A dim that must be known when importing. */
  known(dim: Dim, what: string): number {
    if (typeof dim === 'number') return dim;
    throw this.unsupported(`${what} has the symbolic size ${dim}; a number is needed`);
  }
}
