/**
 * The door of the WebAssembly backend: a placed relation becomes a physical plan and its module.
 *
 * In: the relation, the statement's parameters, the data of small constants. Out: plain JSON and bytes; the runtime
 * needs nothing else. Throws where the relation holds what has no code yet.
 */
import type { DType } from '../ir/dtype.js';
import type { Relation, Scan } from '../ir/node.js';
import { postorder } from '../ir/rewrite.js';
import type { TensorData } from '../ir/tensor-data.js';
import { MORSEL_ROWS, PARAM_BYTES, PLAN_VERSION, type ParameterSlot, type PhysicalPlan } from '../runtime/plan.js';
import { Lowering } from './relational/lower.js';
import { tensorWidth } from './relational/layout.js';
import type { PhysicalPipeline } from './relational/physical.js';
import { ModuleBuilder } from './wasm/dsl.js';
import type { KernelTier } from './wasm/kernel-tier.js';
import type { Emission, StoredWeight } from './wasm/pipeline/emission.js';
import { emitPipeline } from './wasm/pipeline/pipeline.js';
import { resultLayout } from './wasm/pipeline/result.js';

export interface EmitOptions {
  readonly sql: string;
  /** The dtypes of the statement's parameters, in order. */
  readonly parameters: readonly DType[];
  /** Small constants of models, which become part of the module. */
  readonly tensors: TensorData;
  readonly tier: KernelTier;
  /**
   * Whether a model's weight is in the file in this layout, to be read from its pages; what a pass made becomes part of
   * the module. By default every weight is.
   */
  readonly isStored?: ((weight: StoredWeight) => boolean) | undefined;
  /** Rows of a table, where they are known. */
  readonly rows?: ((table: string) => number | undefined) | undefined;
}

/** A scan of more is worth code that is optimised before it begins. */
const HOT_ROWS = MORSEL_ROWS;

export interface EmittedPlan {
  readonly plan: PhysicalPlan;
  readonly wasm: Uint8Array;
  /** The module's text form. */
  readonly text: () => string;
  /** Frees the module that is behind `text`. */
  readonly dispose: () => void;
}

export function emitPlan(relation: Relation, options: EmitOptions): EmittedPlan {
  const lowering = new Lowering();
  const parameters: ParameterSlot[] = options.parameters.map((dtype) => ({
    dtype,
    offset: lowering.layout.context.allocate(PARAM_BYTES),
  }));
  lowering.parameters.push(...parameters);
  lowering.root(relation);
  const { layout } = lowering;
  const module = new ModuleBuilder({ relaxedSimd: options.tier.relaxedSimd });
  const emission: Emission = {
    module,
    layout,
    parameters: lowering.parameters,
    hostFunctions: [],
    weights: [],
    tensors: options.tensors,
    tier: options.tier,
    isStored: options.isStored ?? (() => true),
    support: new Map(),
    places: new Map(),
    arena: { uses: 0 },
  };
  const result = resultLayout(relation.type, layout);
  const pipelines = lowering.pipelines.map((pipeline) =>
    emitPipeline(emission, pipeline, pipeline.sink.kind === 'result' ? result : undefined),
  );
  let isWide = false;
  lowering.pipelines.forEach((pipeline, i) => {
    const rows = mostRows(pipeline, options);
    isWide ||= pipeline.sink.kind === 'blocked' || (rows > HOT_ROWS && module.reachesWide(pipelines[i]!.run));
    // A result's first row should not share the machine with a compiler, nor that of a few rows.
    if (rows > HOT_ROWS && rows < Infinity && pipeline.sink.kind !== 'result') module.optimiseSoon(pipelines[i]!.run);
  });
  const wasm = module.build();
  const plan: PhysicalPlan = {
    version: PLAN_VERSION,
    sql: options.sql,
    parameters,
    output: result.output,
    leaves: result.leaves,
    tables: tablesOf(relation),
    weights: emission.weights,
    buffers: layout.buffers,
    pipelines,
    contextBytes: layout.context.bytes,
    localBytes: layout.local.bytes,
    localScratch: layout.local.scratch,
    dataBytes: module.dataBytes,
    hostFunctions: emission.hostFunctions,
    simd: !module.usesRelaxedSimd ? 'simd128' : isWide ? 'wide' : 'relaxed',
  };
  return { plan, wasm, text: () => module.text(), dispose: () => module.dispose() };
}

/** Rows a pipeline runs over; Infinity where it is not known. */
function mostRows({ source }: PhysicalPipeline, { rows }: EmitOptions): number {
  switch (source.kind) {
    case 'scan':
      return rows?.(source.node.table) ?? Infinity;
    case 'sorted':
      return source.state.limit ?? Infinity;
    case 'values':
      return source.rows.length;
    case 'once':
      return 1;
    default:
      return Infinity;
  }
}

function tablesOf(relation: Relation): PhysicalPlan['tables'] {
  const scans = postorder(relation).filter((node): node is Scan => node.kind === 'scan');
  const byName = new Map(scans.map((scan) => [scan.table, scan]));
  return [...byName.values()].map(({ table, schema }) => ({
    name: table,
    columns: schema.columns.map(({ name, type }) => {
      const { nullable } = type;
      if (type.kind === 'scalar') return { name, dtype: type.dtype, width: 1, nullable };
      if (type.kind === 'tensor') return { name, dtype: type.dtype, width: tensorWidth(type), nullable };
      throw new Error(`a table column cannot be a ${type.kind}`);
    }),
  }));
}
