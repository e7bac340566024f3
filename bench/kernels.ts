/**
 * The kernels alone, on one thread: GFLOP/s of dense layers, million tree nodes a second, a whole small network.
 * `node dist/bench/kernels.js [--json]`; each figure is the best of several rounds.
 */
import { performance } from 'node:perf_hooks';
import { ModuleBuilder } from '../backends/wasm/dsl.js';
import { calibrateTier } from '../backends/wasm/calibrate.js';
import { packWeight } from '../backends/wasm/kernels/weight-layout.js';
import type { KernelTier } from '../backends/wasm/kernel-tier.js';
import { compileTileProgram } from '../backends/wasm/tile-program.js';
import { make } from '../ir/build.js';
import { TREE_MODES, type Expr, type Tensor } from '../ir/node.js';
import type { TensorData, TensorElements, TensorValue } from '../ir/tensor-data.js';
import { scalar, tensor } from '../ir/type.js';
import { enableSimd } from '../runtime/executor/simd.js';

const ROUNDS = 7;
const MEMORY_PAGES = 2560;

class Weights implements TensorData {
  readonly #values: TensorValue[] = [];
  add(dtype: TensorValue['dtype'], dims: readonly number[], data: TensorElements): Tensor {
    return make({
      kind: 'weight',
      hash: String(this.#values.push({ dtype, dims, data }) - 1),
      type: tensor(dtype, dims),
    });
  }
  get(hash: string): TensorValue {
    return this.#values[Number(hash)]!;
  }
}

function leaf(columns: number): Tensor {
  return make({
    kind: 'to_tensor',
    exprs: Array.from({ length: columns }, (_, index): Expr => make({ kind: 'ref', index, type: scalar('f32') })),
    dtype: 'f32',
    nulls: 'nan',
  });
}

function randoms(count: number): Float32Array {
  return Float32Array.from({ length: count }, () => Math.random() - 0.5);
}

const RELU: Expr = make({
  kind: 'call',
  op: 'max',
  args: [
    make({ kind: 'ref', index: 0, type: scalar('f32') }),
    make({ kind: 'literal', value: 0, type: scalar('f32') }),
  ],
});

function dense(
  weights: Weights,
  input: Tensor,
  size: { readonly k: number; readonly m: number },
  activation: Expr | undefined,
): Tensor {
  return make({
    kind: 'dense',
    input,
    weight: weights.add('f32', [size.k, size.m], randoms(size.k * size.m)),
    bias: weights.add('f32', [size.m], randoms(size.m)),
    activation,
    representation: undefined,
  });
}

function forest(
  weights: Weights,
  input: Tensor,
  size: { readonly trees: number; readonly depth: number; readonly features: number },
): Tensor {
  const nodes = 2 ** (size.depth + 1) - 1;
  const inner = 2 ** size.depth - 1;
  const total = size.trees * nodes;
  const ints = (at: (tree: number, node: number) => number): Int32Array =>
    Int32Array.from({ length: total }, (_, i) => at(Math.floor(i / nodes), i % nodes));
  const child = (side: number) =>
    ints((tree, node) =>
      node < inner ? tree * nodes + 2 * node + side : tree * (inner + 1) + node - inner + side - 1,
    );
  const vector = (dtype: 'i32' | 'u8' | 'f32', data: Int32Array | Uint8Array | Float32Array): Tensor =>
    weights.add(dtype, [data.length], data);
  return make({
    kind: 'tree_ensemble',
    input,
    roots: vector(
      'i32',
      Int32Array.from({ length: size.trees }, (_, i) => i * nodes),
    ),
    feature: vector(
      'i32',
      ints(() => Math.floor(Math.random() * size.features)),
    ),
    threshold: vector('f32', randoms(total)),
    mode: vector('u8', Uint8Array.from(ints((_, node) => (node < inner ? 0 : TREE_MODES.indexOf('leaf'))))),
    yes: vector('i32', child(1)),
    no: vector('i32', child(2)),
    missingYes: vector('u8', new Uint8Array(total)),
    leafTarget: vector('i32', new Int32Array(size.trees * (inner + 1))),
    leafWeight: vector('f32', randoms(size.trees * (inner + 1))),
    base: undefined,
    targets: 1,
    combine: 'sum',
  });
}

interface Timing {
  readonly rowsPerSecond: number;
  readonly explain: readonly string[];
}

/** Rows a second of a program over columns that lie as on pages. */
function time(
  output: Tensor,
  options: { readonly weights: Weights; readonly tier: KernelTier; readonly columns: number },
): Timing {
  const { weights, tier, columns } = options;
  const module = new ModuleBuilder({ relaxedSimd: tier.relaxedSimd });
  const program = compileTileProgram(module, [output], { data: weights, tier });
  if ('unsupported' in program) throw new Error(program.unsupported.join('\n'));
  module.define('main', { params: program.run.params, export: true }, (f, params) => {
    f.call(program.run, params);
  });
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: 65_536, shared: true });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()), {
    env: { memory, data_base: new WebAssembly.Global({ value: 'i32' }, 1024) },
  });
  module.dispose();
  let next = 1 << 20;
  const reserve = (bytes: number): number => {
    next = Math.ceil(next / 4096) * 4096 + bytes;
    return next - bytes;
  };
  const put = (bytes: Uint8Array): number => {
    const at = reserve(bytes.length);
    new Uint8Array(memory.buffer).set(bytes, at);
    return at;
  };
  const table = (entries: readonly number[]): number => put(new Uint8Array(Int32Array.from([...entries, 0]).buffer));
  const pageBytes = 256 * 1024;
  const first = Math.ceil(reserve(columns * pageBytes + pageBytes) / pageBytes) * pageBytes;
  new Float32Array(memory.buffer, first, (columns * pageBytes) / 4).set(randoms((columns * pageBytes) / 4));
  const outputs = table(Array.from({ length: program.outputs[0]!.columns }, () => reserve(program.tileRows * 8)));
  const uses = table(
    program.weights.map((use) =>
      put(
        packWeight(
          use.tensors.map((hash) => weights.get(hash)),
          use.layout,
        ),
      ),
    ),
  );
  const scratch = reserve(program.scratchBytes);
  const tiles = Math.floor(pageBytes / 4 / program.tileRows);
  const leaves = Array.from({ length: tiles }, (_, tile) =>
    table(Array.from({ length: columns }, (_, j) => first + j * pageBytes + tile * program.tileRows * 4)),
  );
  const run = instance.exports['main'] as (...args: number[]) => void;
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (const at of leaves) run(program.tileRows, at, outputs, scratch, uses);
    best = Math.min(best, performance.now() - start);
  }
  return { rowsPerSecond: ((tiles * program.tileRows) / best) * 1000, explain: program.explain };
}

function main(): void {
  enableSimd();
  const start = performance.now();
  const { tier, measured } = calibrateTier();
  const calibrationMs = performance.now() - start;
  const results: Record<string, string> = {};
  const record = (
    name: string,
    weights: Weights,
    output: Tensor,
    columns: number,
    show: (rows: number) => string,
  ): void => {
    const { rowsPerSecond } = time(output, { weights, tier, columns });
    results[name] = show(rowsPerSecond);
  };
  const gflops =
    (flops: number) =>
    (rows: number): string =>
      `${((rows * flops) / 1e9).toFixed(1)} GFLOP/s`;
  for (const [k, m] of [
    [28, 256],
    [256, 256],
  ] as const) {
    const weights = new Weights();
    record(`dense ${k}x${m}`, weights, dense(weights, leaf(k), { k, m }, RELU), k, gflops(2 * k * m));
  }
  for (const hidden of [256, 512]) {
    const weights = new Weights();
    const network = dense(
      weights,
      dense(weights, leaf(28), { k: 28, m: hidden }, RELU),
      { k: hidden, m: 2 },
      undefined,
    );
    record(`28-${hidden}-2`, weights, network, 28, (rows) => `${(1e9 / rows).toFixed(0)} ms per million rows`);
  }
  for (const trees of [100, 500]) {
    const weights = new Weights();
    record(
      `${trees} trees of depth 6`,
      weights,
      forest(weights, leaf(28), { trees, depth: 6, features: 28 }),
      28,
      (rows) => `${((rows * trees * 6) / 1e6).toFixed(0)} M nodes/s`,
    );
  }
  if (process.argv.includes('--json'))
    return console.log(JSON.stringify({ node: process.version, tier, calibrationMs, measured, results }));
  console.log(`node ${process.version}, tier ${JSON.stringify(tier)}, calibrated in ${calibrationMs.toFixed(0)} ms`);
  for (const [name, result] of Object.entries(results)) console.log(`${name.padEnd(24)} ${result}`);
}

main();
