/**
 * A model file that stands alone to what runs it: the kernels of a tile program where its outputs for a row depend on
 * that row alone and every node has one, else the reference evaluator, with the reasons.
 */
import { ModuleBuilder } from '../backends/wasm/dsl.js';
import type { KernelTier } from '../backends/wasm/kernel-tier.js';
import { packWeight } from '../backends/wasm/kernels/weight-layout.js';
import { compileTileProgram, type TileProgram } from '../backends/wasm/tile-program.js';
import { evaluateTensor } from '../backends/reference/tensor.js';
import { widthOfInput } from '../ir/bridge.js';
import type { Apply, ModelGraph, Tensor } from '../ir/node.js';
import { printModel } from '../ir/print.js';
import type { TensorData, TensorValue } from '../ir/tensor-data.js';
import { optimise, type Optimised } from '../passes/optimise.js';
import { MODEL_PIPELINE } from '../passes/pipeline.js';
import type { CompiledModel, ModelCompileOptions, ModelKernel, ModelPort } from '../runtime/compiler.js';
import { kernelCalibration } from './calibration.js';
import { importModel, openModelFile } from './onnx/model.js';
import { rowDependence } from './onnx/row-wise.js';
import { applyToColumns } from './prepare-model.js';

/** A tile program names each column of a row: past this many, compiling takes longer than it saves. */
const MOST_COLUMNS = 16_384;
/** Memory holds all weights; there is no budget to place them by. */
const NO_BUDGET = Number.MAX_SAFE_INTEGER;

let tier: KernelTier | undefined;

export async function compileModel(source: string | Uint8Array, options: ModelCompileOptions): Promise<CompiledModel> {
  const { sizes, constants } = options;
  const given = { rebatch: true, sizes, constants };
  const { graph, data } = typeof source === 'string'
    ? await openModelFile(source, given) : await importModel(source, { name: 'model', ...given });
  const compiled = options.kernels
    ? compileKernel(graph, data)
    : { reasons: ['the reference evaluator was asked for'] };
  const kernel = 'kernel' in compiled ? compiled.kernel : undefined;
  const evaluate = (inputs: ReadonlyMap<string, TensorValue>): readonly TensorValue[] =>
    evaluateGraph(graph, data, inputs);
  return {
    name: graph.name,
    inputs: graph.inputs.map(({ name, type: { dtype, dims } }) => ({ name, dtype, dims, map: undefined })),
    outputs: graph.outputs.map(({ name, tensor: { type }, map }): ModelPort => ({
      name,
      dtype: type.dtype,
      dims: type.dims,
      map,
    })),
    kernel,
    reasons: 'reasons' in compiled ? compiled.reasons : [],
    rewrites: 'rewrites' in compiled ? compiled.rewrites : [],
    irText: printModel(graph),
    evaluate,
  };
}

function evaluateGraph(
  graph: ModelGraph,
  data: TensorData,
  values: ReadonlyMap<string, TensorValue>,
): readonly TensorValue[] {
  const inputs = new Map<Tensor, TensorValue>(graph.inputs.map((input) => [input, values.get(input.name)!]));
  const context = { data, inputs, cache: new Map<Tensor, TensorValue>() };
  return graph.outputs.map(({ tensor }) => evaluateTensor(tensor, context));
}

type Attempt =
  { readonly kernel: ModelKernel; readonly rewrites: readonly string[] } | { readonly reasons: readonly string[] };

function compileKernel(graph: ModelGraph, data: TensorData): Attempt {
  const reason = columnsReason(graph) ?? rowDependence(graph);
  if (reason !== undefined) return { reasons: [reason] };
  const optimised = optimise(applyToColumns(graph), {
    tensors: data,
    budgetBytes: NO_BUDGET,
    pipeline: MODEL_PIPELINE,
  });
  const outputs = (optimised.plan as Apply).outputs.map((output) => output.tensor);
  tier ??= kernelCalibration().tier;
  const module = new ModuleBuilder({ relaxedSimd: tier.relaxedSimd });
  try {
    const program = compileTileProgram(module, outputs, { data, tier, name: 'run' });
    if ('unsupported' in program) return { reasons: program.unsupported };
    return { kernel: kernelOf(graph, { module, program, data }), rewrites: rewritesOf(optimised) };
  } finally {
    module.dispose();
  }
}

/** Why the inputs are not so and so many columns; `undefined` when they are. */
function columnsReason(graph: ModelGraph): string | undefined {
  if (graph.inputs.length === 0) return 'the model has no inputs';
  for (const { name, type: { dims } } of graph.inputs) {
    const open = dims.slice(1).find((dim) => typeof dim === 'string');
    if (open !== undefined)
      return `the input ${name} of shape [${dims.join(', ')}] has a symbolic dim besides the batch: give the size of ${open}`;
  }
  const columns = graph.inputs.reduce((sum, input) => sum + widthOfInput(input), 0);
  return columns > MOST_COLUMNS
    ? `a row of its inputs has ${columns} elements; kernels take at most ${MOST_COLUMNS}`
    : undefined;
}

interface Built {
  readonly module: ModuleBuilder;
  readonly program: TileProgram;
  readonly data: TensorData;
}

function kernelOf(graph: ModelGraph, { module, program, data }: Built): ModelKernel {
  module.export(program.run);
  const wasm = module.build();
  // The columns of the relation the model was applied to are those of its inputs, one input after the other.
  const columns = graph.inputs.flatMap((input, i) => {
    const width = widthOfInput(input);
    return Array.from({ length: width }, (_, element) => ({ input: i, element, width, dtype: input.type.dtype }));
  });
  return {
    wasm,
    dataBytes: module.dataBytes,
    scratchBytes: program.scratchBytes,
    tileRows: program.tileRows,
    features: program.leaves.flatMap(({ tensor }) => (tensor.kind === 'to_tensor' ? tensor.exprs : [])).map((expr) => {
      if (expr.kind !== 'ref') throw new Error('a leaf of a model alone is not a column');
      return columns[expr.index]!;
    }),
    outputs: program.outputs,
    weights: program.weights.map((use) => ({
      byteLength: use.byteLength,
      pack: () => packWeight(use.tensors.map((hash) => data.get(hash)), use.layout),
    })),
    explain: program.explain,
  };
}

function rewritesOf({ trace }: Optimised): readonly string[] {
  return [...new Set(trace.map(({ pass, rule, reason }) => `${pass} ${rule}: ${reason}`))];
}
