/** Runs a tile program over given leaf values, tile by tile, and compares it with the oracle. */
import * as assert from 'uvu/assert';
import { evaluateTensor } from '../../backends/reference/tensor.js';
import { ModuleBuilder } from '../../backends/wasm/dsl.js';
import { RELAXED_TIER, SIMD128_TIER, type KernelTier } from '../../backends/wasm/kernel-tier.js';
import { WIDTH_BYTES, type QuadDType } from '../../backends/wasm/kernels/quad.js';
import { packWeight } from '../../backends/wasm/kernels/weight-layout.js';
import { BOUND } from '../../backends/wasm/kernels/tree-sums.js';
import { compileTileProgram, type StopAt } from '../../backends/wasm/tile-program.js';
import { make } from '../../ir/build.js';
import type { DType } from '../../ir/dtype.js';
import type { Expr, Tensor, ToTensor } from '../../ir/node.js';
import { pow } from '../../ir/scalar/transcendental.js';
import type { TensorData, TensorElements, TensorValue } from '../../ir/tensor-data.js';
import { scalar, tensor } from '../../ir/type.js';
import { enableSimd } from '../../runtime/executor/simd.js';
import { run, type Running } from './instantiate.js';

enableSimd();

/** Weights by name, as a TensorData. */
export class Weights implements TensorData {
  readonly #values = new Map<string, TensorValue>();
  #next = 0;

  add(dtype: DType, dims: readonly number[], data: TensorElements): Tensor {
    const hash = `w${this.#next++}`;
    this.#values.set(hash, { dtype, dims, data });
    return make({ kind: 'weight', hash, type: tensor(dtype, dims) });
  }
  get(hash: string): TensorValue {
    const value = this.#values.get(hash);
    if (value === undefined) throw new Error(`no weight ${hash}`);
    return value;
  }
}

export function leaf(dtype: DType, columns: number, first = 0): ToTensor {
  return make({
    kind: 'to_tensor',
    exprs: Array.from({ length: columns }, (_, i): Expr =>
      make({ kind: 'ref', index: first + i, type: scalar(dtype) }),
    ),
    dtype,
    nulls: 'nan',
  });
}

const HOST = {
  math_fmod: (a: number, b: number) => a % b,
  math_erf: (a: number) => erf(a),
  math_ln: Math.log,
  math_sigmoid: (a: number) => 1 / (1 + Math.exp(-a)),
  math_gamma: Number,
  ...Object.fromEntries(
    (Object.getOwnPropertyNames(Math) as (keyof Math)[])
      .filter((name) => typeof Math[name] === 'function')
      .map((name) => [`math_${String(name)}`, Math[name] as (a: number) => number]),
  ),
  math_pow: pow,
};

/** By its series (small) or continued fraction (large), to full double precision. */
export function erf(x: number): number {
  const t = Math.abs(x);
  if (t > 6) return Math.sign(x);
  if (t < 2.5) {
    let [sum, term] = [t, t];
    for (let n = 1; n < 200; n++) {
      term *= -(t * t) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * sum * 2) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 100; n > 0; n--) fraction = n / 2 / (t + fraction);
  return Math.sign(x) * (1 - Math.exp(-t * t) / (Math.sqrt(Math.PI) * (t + fraction)));
}

export interface Tolerance {
  readonly absolute?: number;
  readonly relative?: number;
}

export const TIERS: readonly KernelTier[] = [
  SIMD128_TIER,
  RELAXED_TIER,
  { ...RELAXED_TIER, dense: { width: 4, vectors: 3 }, lockstep: 16 },
  { ...RELAXED_TIER, dense: { width: 6, vectors: 4 } },
];

/** Checks outputs against the oracle for all rows, in every tier. */
export function check(
  outputs: readonly Tensor[],
  leaves: ReadonlyMap<Tensor, TensorValue>,
  options: { readonly data?: TensorData; readonly tolerance?: Tolerance } = {},
): readonly string[] {
  const data = options.data ?? new Weights();
  const cache = new Map<Tensor, TensorValue>();
  const wanted = outputs.map((output) => evaluateTensor(output, { data, inputs: leaves, cache }));
  let explain: readonly string[] = [];
  for (const tier of TIERS) {
    const result = evaluateTile(outputs, leaves, { data, tier });
    explain = result.explain;
    result.values.forEach((value, i) => compare(value, wanted[i]!, options.tolerance ?? {}));
  }
  return explain;
}

function compare(found: readonly (number | bigint | string)[], wanted: TensorValue, tolerance: Tolerance): void {
  assert.is(found.length, wanted.data.length);
  for (let i = 0; i < found.length; i++) {
    const [a, b] = [found[i]!, wanted.data[i]!];
    if (Object.is(a, b) || a === b) continue;
    const bound = (tolerance.absolute ?? 0) + (tolerance.relative ?? 0) * Math.abs(Number(b));
    const close =
      typeof a === 'number' &&
      typeof b === 'number' &&
      ((Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= bound);
    assert.ok(close, `element ${i}: found ${String(a)}, wanted ${String(b)}`);
  }
}

/** Scores that are not wanted: beyond the strictest bound. */
export type ScoreBound = StopAt & { readonly strictest: number; readonly loosest: number };

export function evaluateTile(
  outputs: readonly Tensor[],
  leaves: ReadonlyMap<Tensor, TensorValue>,
  options: { readonly data: TensorData; readonly tier: KernelTier; readonly bound?: ScoreBound },
): { values: (number | bigint | string)[][]; explain: readonly string[]; bound: DataView | undefined } {
  const module = new ModuleBuilder({ relaxedSimd: options.tier.relaxedSimd });
  const program = compileTileProgram(module, outputs, { ...options, stop: options.bound });
  if ('unsupported' in program) throw new Error(program.unsupported.join('\n'));
  module.define('main', { params: program.run.params, export: true }, (f, params) => {
    f.call(program.run, params);
  });
  const running = run(module, HOST);
  const rowCount = [...leaves.values()][0]!.dims[0]!;
  const columns = program.leaves.flatMap(({ tensor: node, columns: count, dtype }) =>
    putColumns(running, leaves.get(node)!, { count, dtype, rowCount }),
  );
  const outs = program.outputs.flatMap(({ columns: count, dtype }) =>
    Array.from({ length: count }, () => ({ address: running.reserve((rowCount + 4) * 8), width: WIDTH_BYTES[dtype] })),
  );
  const weights = running.put(
    Int32Array.from([
      0,
      ...program.weights.map((use) =>
        running.put(
          packWeight(
            use.tensors.map((hash) => options.data.get(hash)),
            use.layout,
          ),
        ),
      ),
    ]),
  );
  const scratch = running.reserve(program.scratchBytes);
  new Uint8Array(running.buffer).fill(0xa5, scratch, scratch + program.scratchBytes);
  const bound =
    program.bound === undefined ? undefined : new DataView(running.buffer, scratch + program.bound, BOUND.bytes);
  if (bound !== undefined && options.bound !== undefined) {
    for (let byte = 0; byte < BOUND.bytes; byte++) bound.setUint8(byte, 0);
    bound.setFloat64(BOUND.strictest, options.bound.strictest, true);
    bound.setFloat64(BOUND.loosest, options.bound.loosest, true);
  }
  const guard = running.put(new Uint8Array(64).fill(0x5a));
  for (let row = 0; row < rowCount; row += program.tileRows) {
    const table = (entries: readonly { address: number; width: number }[]): number =>
      running.put(
        Int32Array.from([...entries, { address: 0, width: 0 }], ({ address, width }) => address + row * width),
      );
    running.call('main', Math.min(program.tileRows, rowCount - row), table(columns), table(outs), scratch, weights + 4);
  }
  assert.ok(
    new Uint8Array(running.buffer, guard, 64).every((byte) => byte === 0x5a),
    'the scratch area overflowed',
  );
  let next = 0;
  const values = program.outputs.map(({ columns: count, dtype }) => {
    const held = outs
      .slice(next, (next += count))
      .map(({ address }) => readColumn(running, address, { dtype, rowCount }));
    return Array.from({ length: rowCount }, (_, row) => held.map((column) => column[row]!)).flat();
  });
  return { values, explain: program.explain, bound };
}

function putColumns(
  running: Running,
  value: TensorValue,
  shape: { count: number; dtype: QuadDType; rowCount: number },
): { address: number; width: number }[] {
  const { count, dtype, rowCount } = shape;
  return Array.from({ length: count }, (_, j) => {
    const column = Array.from({ length: rowCount }, (_, row) => value.data[row * count + j]!);
    const width = WIDTH_BYTES[dtype];
    switch (dtype) {
      case 'f32':
        return { width, address: running.put(Float32Array.from(column as number[])) };
      case 'f64':
        return { width, address: running.put(Float64Array.from(column as number[])) };
      case 'i32':
        return { width, address: running.put(Int32Array.from(column as number[])) };
      case 'i64':
        return { width, address: running.put(BigInt64Array.from(column as bigint[])) };
      case 'bool':
        return { width, address: running.put(Uint8Array.from(column as number[])) };
      case 'utf8':
        return {
          width,
          address: running.put(
            Int32Array.from(
              (column as string[]).flatMap((text) => {
                const bytes = new TextEncoder().encode(text);
                return [running.put(bytes), bytes.length];
              }),
            ),
          ),
        };
    }
  });
}

function readColumn(
  running: Running,
  address: number,
  shape: { dtype: QuadDType; rowCount: number },
): (number | bigint | string)[] {
  const { dtype, rowCount } = shape;
  switch (dtype) {
    case 'f32':
      return [...new Float32Array(running.buffer, address, rowCount)];
    case 'f64':
      return [...new Float64Array(running.buffer, address, rowCount)];
    case 'i32':
      return [...new Int32Array(running.buffer, address, rowCount)];
    case 'i64':
      return [...new BigInt64Array(running.buffer, address, rowCount)];
    case 'bool':
      return [...new Uint8Array(running.buffer, address, rowCount)];
    case 'utf8': {
      const pairs = new Int32Array(running.buffer, address, rowCount * 2);
      return Array.from({ length: rowCount }, (_, row) =>
        Buffer.from(new Uint8Array(running.buffer, pairs[row * 2]!, pairs[row * 2 + 1]!)).toString(),
      );
    }
  }
}

/** Seeded pseudo-random numbers in [0, 1). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

export function floats(count: number, next: () => number, scale = 2): Float32Array {
  return Float32Array.from({ length: count }, () => (next() - 0.5) * scale);
}
