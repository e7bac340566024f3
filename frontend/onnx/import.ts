/**
 * A decoded model to a ModelGraph: names become nodes, each operator its lowering.
 *
 * Invariant: all that is unsupported is found before the import fails, and is reported at once.
 */
import { make } from '../../ir/build.js';
import type { Input, ModelGraph, Tensor } from '../../ir/node.js';
import type { TensorValue } from '../../ir/tensor-data.js';
import { tensor, type Dim } from '../../ir/type.js';
import { nearestName } from '../diagnostics.js';
import type { TensorBuilder } from './builder.js';
import { isTensor, OperatorCall, type Lowered, type Value } from './call.js';
import { ModelError, located, unsupported, type Missing } from './errors.js';
import { MAX_NODES, NEWEST_OPSET } from './limits.js';
import type { AttributeFile, FunctionFile, GraphFile, ModelFile, NodeFile, ValueFile } from './model-file.js';
import { versionUnder } from './operator.js';
import { operatorOf } from './registry.js';
import { sortNodes } from './sort-nodes.js';

export interface GraphOptions {
  readonly name: string;
  /** Inputs whose value is given now: they become constants, and are no inputs of the graph. */
  readonly constants?: ReadonlyMap<string, TensorValue>;
  /** Sizes for symbolic dims, by their name in the file or the symbol that stands for them (`n`, `input_1`). */
  readonly sizes?: ReadonlyMap<string, number>;
  /** Whether a leading dim that all inputs have, 1 or another number, stands for the batch `n`. */
  readonly rebatch?: boolean;
}

/** Values by name, of this graph and those around it. */
interface Scope {
  readonly values: Map<string, Value>;
  readonly outer: Scope | undefined;
}

interface Session {
  readonly file: ModelFile;
  readonly builder: TensorBuilder;
  readonly missing: Missing[];
  readonly fixedBatch: number | undefined;
  nodesLeft: number;
}

const POISON: Value = { kind: 'poison' };

/** `weights`: the tensors of the main graph's initializers, which the caller has read or located. */
export function importGraph(
  file: ModelFile,
  builder: TensorBuilder,
  weights: ReadonlyMap<string, Tensor>,
  options: GraphOptions,
): ModelGraph {
  const scope: Scope = { values: new Map(), outer: undefined };
  const inputs: Input[] = [];
  for (const [name, weight] of weights) scope.values.set(name, weight);
  const declared = file.graph.inputs.filter(({ name }) => !weights.has(name));
  const symbols = new SymbolNames(declared, options);
  requireKnown('constants', options.constants, { known: declared.map(({ name }) => name), what: 'input' });
  requireKnown('sizes', options.sizes, { known: symbols.namesOf(declared), what: 'symbolic dim' });
  const session: Session = { file, builder, missing: [], fixedBatch: symbols.fixedBatch, nodesLeft: MAX_NODES };
  for (const input of declared) {
    const given = options.constants?.get(input.name);
    if (scope.values.has(input.name)) throw new ModelError('invalid', `the input ${input.name} is declared twice`);
    const value = given === undefined ? inputOf(input, symbols, session) : builder.constant(given);
    scope.values.set(input.name, value);
    if (isTensor(value) && value.kind === 'input') inputs.push(value);
  }
  const results = runNodes(session, file.graph, scope, file.opsets);
  if (session.missing.length > 0) throw unsupported(session.missing);
  const outputs = file.graph.outputs.map(({ name }, i) => outputOf(name, results[i]!));
  return { name: options.name, inputs, outputs };
}

/** @throws ModelError for the first of the given names that the model does not have */
function requireKnown(
  option: string,
  given: ReadonlyMap<string, unknown> | undefined,
  { known, what }: { readonly known: readonly string[]; readonly what: string },
): void {
  const unknown = [...(given?.keys() ?? [])].find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, known);
  const suggestion = nearest === undefined ? '' : `; did you mean '${nearest}'?`;
  const expected = known.length === 0 ? 'it has none' : `expected ${known.join(', ')}`;
  const message = `${option} has '${unknown}', which is no ${what} of the model: ${expected}${suggestion}`;
  throw new ModelError('unknown_name', message);
}

function outputOf(name: string, value: Value): ModelGraph['outputs'][number] {
  if (value.kind === 'zipped')
    return { name, tensor: value.tensor, map: { keyDType: value.keyDType, keys: value.keys } };
  if (isTensor(value)) return { name, tensor: value, map: undefined };
  throw unsupported([
    {
      domain: '',
      op: 'output',
      opset: undefined,
      node: name,
      reason: `the model's output ${name} is a ${value.kind}, not a tensor`,
    },
  ]);
}

/** Names of symbolic dims: the leading one of the inputs is `n`, the batch. */
class SymbolNames {
  readonly #batch = new Set<string>();
  readonly #sizes: ReadonlyMap<string, number>;
  /** The size that stands for the batch. */
  readonly fixedBatch: number | undefined;

  constructor(inputs: readonly ValueFile[], options: GraphOptions) {
    this.#sizes = options.sizes ?? new Map();
    const open = inputs.filter(({ name }) => options.constants?.has(name) !== true);
    const leading = new Set(open.map(({ type }) => (type.kind === 'tensor' ? type.dims?.[0] : undefined)));
    for (const dim of leading) if (typeof dim === 'string') this.#batch.add(dim);
    const [only] = leading;
    this.fixedBatch = options.rebatch === true && leading.size === 1 && typeof only === 'number' ? only : undefined;
  }

  /** Both names of each symbolic dim: the file's and its symbol. */
  namesOf(inputs: readonly ValueFile[]): readonly string[] {
    const names = inputs.flatMap(({ name, type }) => (type.kind === 'tensor' ? type.dims ?? [] : []).flatMap(
      (dim, axis) => (typeof dim === 'number' ? [] : [dim ?? '', this.#symbolOf(dim, { input: name, axis })]),
    ));
    return [...new Set(names)].filter((name) => name !== '');
  }

  dimOf(dim: Dim | undefined, at: { readonly input: string; readonly axis: number }): Dim {
    if (typeof dim === 'number') return at.axis === 0 && dim === this.fixedBatch ? 'n' : dim;
    const symbol = this.#symbolOf(dim, at);
    return this.#sizes.get(dim ?? symbol) ?? this.#sizes.get(symbol) ?? symbol;
  }

  #symbolOf(dim: string | undefined, at: { readonly input: string; readonly axis: number }): string {
    if (dim === undefined) return at.axis === 0 ? 'n' : identifier(`${at.input}_${at.axis}`);
    return this.#batch.has(dim) ? 'n' : identifier(dim);
  }
}

function identifier(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d|$)/, '_');
  return plain === 'n' ? 'n_' : plain;
}

function inputOf(input: ValueFile, symbols: SymbolNames, session: Session): Value {
  const { name, type } = input;
  if (name === '') throw new ModelError('invalid', 'an input of the model has no name');
  if (type.kind === 'other' || type.dims === undefined) {
    const reason =
      type.kind === 'other'
        ? `the input ${name} has ${type.what}, not a tensor type`
        : `the input ${name} has no shape`;
    session.missing.push({ domain: '', op: 'input', opset: undefined, node: name, reason });
    return POISON;
  }
  const dims = type.dims.map((dim, axis) => symbols.dimOf(dim, { input: name, axis }));
  return make({ kind: 'input', name, type: tensor(type.dtype, dims) });
}

// ---------------------------------------------------------------- nodes

function lookup(scope: Scope | undefined, name: string): Value | undefined {
  for (let own = scope; own !== undefined; own = own.outer) {
    const value = own.values.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

type Opsets = ReadonlyMap<string, number>;

function runNodes(
  session: Session,
  graph: Pick<GraphFile, 'nodes' | 'outputs'>,
  scope: Scope,
  opsets: Opsets,
): readonly Value[] {
  for (const node of sortNodes(graph.nodes, (name) => lookup(scope, name) !== undefined))
    runNode(session, node, scope, opsets);
  return graph.outputs.map(({ name }) => {
    const value = lookup(scope, name);
    if (value === undefined) throw new ModelError('invalid', `the output ${name} is defined by no node`);
    return value;
  });
}

function runNode(session: Session, node: NodeFile, scope: Scope, opsets: Opsets): void {
  if (--session.nodesLeft < 0)
    throw new ModelError('limit', `over ${MAX_NODES} nodes once loops are unrolled and functions inlined`);
  const values = node.inputs.map((name) => (name === '' ? undefined : lookup(scope, name)));
  let results: readonly (Value | undefined)[];
  try {
    results = resultsOf(session, node, { values, scope, opsets });
  } catch (error) {
    if (!(error instanceof ModelError) || error.code !== 'unsupported') throw located(error, { node: node.name });
    session.missing.push(...error.missing);
    results = node.outputs.map(() => POISON);
  }
  node.outputs.forEach((name, i) => {
    if (name === '') return;
    const result = results[i];
    if (result === undefined)
      throw new ModelError('invalid', `node ${node.name}: ${node.op} has no output ${i}`, { node: node.name });
    scope.values.set(name, result);
  });
}

interface Placed { readonly values: readonly (Value | undefined)[]; readonly scope: Scope; readonly opsets: Opsets }

function resultsOf(
  session: Session,
  node: NodeFile,
  { values, scope, opsets }: Placed,
): readonly (Value | undefined)[] {
  const inlined = session.file.functions.find((own) => own.domain === node.domain && own.name === node.op);
  if (inlined !== undefined) return callFunction(session, inlined, node, values);
  const opset = opsets.get(node.domain) ?? (node.domain === 'ai.onnx.ml' ? 1 : undefined);
  const entry = operatorOf(node.domain, node.op);
  const version = entry === undefined || opset === undefined ? undefined : versionUnder(entry, opset);
  const refuse = (reason: string): ModelError =>
    unsupported([{ domain: node.domain, op: node.op, opset, node: node.name, reason }]);
  if (entry === undefined) throw refuse('no such operator here');
  if (opset === undefined)
    throw new ModelError(
      'invalid',
      `node ${node.name}: the model imports no opset of domain ${node.domain || 'ai.onnx'}`,
      { node: node.name },
    );
  if (version === undefined) throw refuse(`the operator is not part of opset ${opset}`);
  if (opset > NEWEST_OPSET[node.domain]!)
    throw refuse(`opset ${opset} is newer than ${NEWEST_OPSET[node.domain]}, the newest known`);
  const other = [...node.attributes.keys()].find(
    (name) => !entry.attributes.includes(name) && name !== 'consumed_inputs',
  );
  if (other !== undefined) throw refuse(`attribute ${other}`);
  if (values.some((value) => value?.kind === 'poison')) return node.outputs.map(() => POISON);
  const runGraph = (graph: GraphFile, inputs: readonly Value[]): readonly Value[] =>
    runSubgraph(session, graph, { values: inputs, scope, opsets });
  const { builder, fixedBatch } = session;
  const lowered = entry.lower(new OperatorCall({ builder, node, opset, version, values, runGraph, fixedBatch }));
  return isList(lowered) ? lowered : [lowered];
}

function isList(lowered: Lowered): lowered is readonly (Value | undefined)[] {
  return Array.isArray(lowered);
}

function runSubgraph(session: Session, graph: GraphFile, { values, scope, opsets }: Placed): readonly Value[] {
  const own: Scope = { values: new Map(), outer: scope };
  for (const initializer of graph.initializers) {
    if (initializer.value === undefined)
      throw new ModelError('external_data', `the weight ${initializer.name} of an inner graph lies in another file`);
    own.values.set(initializer.name, session.builder.constant(initializer.value));
  }
  graph.inputs.forEach(({ name }, i) => {
    const value = values[i];
    if (value !== undefined) own.values.set(name, value);
    else if (!own.values.has(name))
      throw new ModelError('invalid', `the inner graph ${graph.name} has no value for its input ${name}`);
  });
  return runNodes(session, graph, own, opsets);
}

/** A model-local function: its nodes in the place of the call, attributes by reference filled in. */
function callFunction(
  session: Session,
  called: FunctionFile,
  node: NodeFile,
  values: readonly (Value | undefined)[],
): readonly (Value | undefined)[] {
  const scope: Scope = { values: new Map(), outer: undefined };
  called.inputs.forEach((name, i) => scope.values.set(name, values[i] ?? { kind: 'absent' }));
  const nodes = called.nodes.map((own) => ({ ...own, attributes: filled(own.attributes, node.attributes) }));
  return runNodes(
    session,
    { nodes, outputs: called.outputs.map((name) => ({ name, type: { kind: 'other', what: 'unknown' } })) },
    scope,
    called.opsets,
  );
}

function filled(own: NodeFile['attributes'], given: NodeFile['attributes']): NodeFile['attributes'] {
  const result = new Map<string, AttributeFile>();
  for (const [name, attribute] of own) {
    const value = attribute.kind === 'reference' ? given.get(attribute.value) : attribute;
    if (value !== undefined) result.set(name, value);
  }
  return result;
}
