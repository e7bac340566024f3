/**
 * A model file to what the database stores: its graph as text, and its weights in the order in which kernels read them.
 *
 * The graph is compiled once by itself, over plain columns, to learn those orders; weights are streamed when storage
 * asks.
 */
import { SIMD128_TIER } from '../backends/wasm/kernel-tier.js';
import { compileTileProgram } from '../backends/wasm/tile-program.js';
import type { WeightUse } from '../backends/wasm/tile-plan.js';
import { ModuleBuilder } from '../backends/wasm/dsl.js';
import { applyModel, widthOfInput } from '../ir/bridge.js';
import { make } from '../ir/build.js';
import type { Apply, Dense, Expr, ModelGraph } from '../ir/node.js';
import { printModel } from '../ir/print.js';
import { postorder } from '../ir/rewrite.js';
import { storedMatrix } from '../ir/stored-weight.js';
import type { TensorData } from '../ir/tensor-data.js';
import { printType, relation, scalar } from '../ir/type.js';
import { optimise } from '../passes/optimise.js';
import { blocksOf, panelBytes } from '../backends/wasm/kernels/panels.js';
import type { PreparedModel } from '../runtime/compiler.js';
import { ModelError } from './onnx/errors.js';
import { importModel, openModelFile } from './onnx/model.js';
import { rowDependence } from './onnx/row-wise.js';
import { tensorsToStore } from './stored-model.js';

/** Everything is a kernel here: the budget is not that of a query. */
const NO_BUDGET = Number.MAX_SAFE_INTEGER;
/** Weights past this are not loaded to find out how they are read: dense layers read panels, whatever is in them. */
const LOADED_BYTES = 64 * 2 ** 20;

export async function prepareModel(name: string, source: string | Uint8Array): Promise<PreparedModel> {
  const imported =
    typeof source === 'string'
      ? await openModelFile(source, { name, rebatch: true })
      : await importModel(source, { name, rebatch: true });
  const { graph, weights, data } = imported;
  const dependence = rowDependence(graph);
  if (dependence !== undefined)
    throw new ModelError('unsupported', `not a function of rows: ${dependence}`, { model: name });
  const sizeOf = (hash: string): number => weights.get(hash)?.byteLength ?? 0;
  const uses = weightUses(graph, data, sizeOf);
  return {
    model: {
      irText: printModel(graph),
      inputs: graph.inputs.map((input) => ({ name: input.name, type: printType(input.type) })),
      outputs: graph.outputs.map((output) => ({ name: output.name, type: printType(output.tensor.type) })),
    },
    tensors: tensorsToStore({ weights, uses, data }),
    close: () => Promise.resolve(),
  };
}

function weightUses(graph: ModelGraph, data: TensorData, sizeOf: (hash: string) => number): readonly WeightUse[] {
  const plan = optimise(applyToColumns(graph), { tensors: data, budgetBytes: NO_BUDGET }).plan;
  const applies = postorder(plan).filter((node): node is Apply => node.kind === 'apply');
  const layers = applies
    .flatMap((apply) => apply.outputs.flatMap((output) => postorder(output.tensor)))
    .filter((node) => node.kind === 'dense');
  const large = layers.filter((layer) => sizeOf(storedMatrix(layer.weight)?.hash ?? '') > LOADED_BYTES);
  if (large.length > 0) return [...new Set(layers)].flatMap(panelUses);
  return applies.flatMap((apply) => {
    const program = compileTileProgram(
      new ModuleBuilder({ relaxedSimd: false }),
      apply.outputs.map((output) => output.tensor),
      { data, tier: SIMD128_TIER },
    );
    if ('unsupported' in program) {
      throw new ModelError('unsupported', `no kernels for: ${program.unsupported.join('; ')}`, { model: graph.name });
    }
    return program.weights;
  });
}

function panelUses({ weight }: Dense): readonly WeightUse[] {
  const stored = storedMatrix(weight);
  const { dtype } = weight.type;
  if (stored === undefined || (dtype !== 'f32' && dtype !== 'f64')) return [];
  const [k, m] = weight.type.dims as readonly [number, number];
  const { hash, transposed } = stored;
  return blocksOf({ k, m, dtype, transposed }).map((layout) => ({
    hash,
    tensors: [hash],
    layout,
    byteLength: panelBytes(layout),
  }));
}

/** The model over a relation that has a column for each of its features. */
export function applyToColumns(graph: ModelGraph): Apply {
  const columns = graph.inputs.flatMap((input) =>
    Array.from({ length: widthOfInput(input) }, (_, i) => ({
      name: `${input.name}_${i}`,
      type: scalar(input.type.dtype),
    })),
  );
  const type = relation(columns);
  const rows = make({ kind: 'scan', table: 'features', schema: type, columns: columns.map((_, i) => i) });
  let next = 0;
  const inputs = graph.inputs.map((input) => ({
    exprs: Array.from({ length: widthOfInput(input) }, (): Expr =>
      make({ kind: 'ref', index: next, type: columns[next++]!.type }),
    ),
  }));
  return applyModel(rows, { model: graph.name, graph, inputs });
}
