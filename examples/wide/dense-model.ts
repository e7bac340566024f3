/**
 * Dense networks with random weights, of any size: for what a model's size does, not for what it says. In: widths and a
 * seed. Out: a model whose weights are made while they are written, the same on every machine.
 */
import type { ModelSpec, NodeSpec, TensorSource } from './onnx-writer.js';

export const FEATURE_COUNT = 28;

/**
 * `x` [rows, widths[0]] through Gemm + Relu layers of the given widths, the last one under Softmax:
 * `probabilities` [rows, last]. Weights are [outputs, inputs] under transB, as PyTorch exports them.
 */
export function denseModel(name: string, widths: readonly number[], seed: number): ModelSpec {
  const nodes: NodeSpec[] = [];
  const initializers: TensorSource[] = [];
  for (let layer = 0; layer + 1 < widths.length; layer++) {
    const [inputs, outputs] = [widths[layer], widths[layer + 1]];
    const last = layer + 2 === widths.length;
    const input = layer === 0 ? 'x' : `h${layer}`;
    const [weight, bias] = [`w${layer + 1}`, `b${layer + 1}`];
    // He's bound for uniform weights before Relu keeps the variance of activations from layer to layer.
    initializers.push(
      uniformTensor({
        name: weight,
        dims: [outputs, inputs],
        limit: Math.sqrt(6 / inputs),
        seed: seed + 2 * layer,
      }),
    );
    initializers.push(uniformTensor({ name: bias, dims: [outputs], limit: 0.1, seed: seed + 2 * layer + 1 }));
    nodes.push({
      op: 'Gemm',
      inputs: [input, weight, bias],
      outputs: [`z${layer + 1}`],
      attributes: { transB: { int: 1 } },
    });
    nodes.push(
      last
        ? { op: 'Softmax', inputs: [`z${layer + 1}`], outputs: ['probabilities'], attributes: { axis: { int: 1 } } }
        : { op: 'Relu', inputs: [`z${layer + 1}`], outputs: [`h${layer + 1}`] },
    );
  }
  return {
    name,
    nodes,
    initializers,
    opsets: { '': 17 },
    inputs: [{ name: 'x', dtype: 'float32', dims: ['rows', widths[0]] }],
    outputs: [{ name: 'probabilities', dtype: 'float32', dims: ['rows', widths[widths.length - 1]] }],
  };
}

function uniformTensor(options: {
  name: string;
  dims: readonly number[];
  limit: number;
  seed: number;
}): TensorSource {
  const { name, dims, limit, seed } = options;
  const count = dims.reduce((product, dim) => product * dim, 1);
  // Spread the seeds: Mulberry32's streams from neighbouring seeds overlap.
  const start = Math.imul(seed + 1, 0x9e3779b1);
  return { name, dims, dtype: 'float32', chunks: () => uniformChunks({ count, limit, seed: start }) };
}

/**
 * A network 28 - width - ... - width - 2 whose square layers hold `weightBytes` of float32 weights (a multiple of
 * a layer's bytes).
 */
export function wideModel(options: {
  readonly weightBytes: number;
  readonly width: number;
  readonly seed: number;
}): ModelSpec {
  const layers = options.weightBytes / (options.width * options.width * 4);
  if (!Number.isInteger(layers) || layers < 1) {
    throw new RangeError(
      `${options.weightBytes} bytes are not a whole number of ${options.width} x ${options.width} float32 layers`,
    );
  }
  const hidden = new Array<number>(layers + 1).fill(options.width);
  return denseModel('wide', [FEATURE_COUNT, ...hidden, 2], options.seed);
}

/** Uniform values in [-limit, limit), in chunks of at most 4 MiB whose buffer is used again. */
function* uniformChunks(options: {
  readonly count: number;
  readonly limit: number;
  readonly seed: number;
}): Generator<Uint8Array> {
  const buffer = new Float32Array(Math.min(options.count, 1 << 20));
  let state = options.seed | 0;
  for (let done = 0; done < options.count; done += buffer.length) {
    const length = Math.min(buffer.length, options.count - done);
    state = fillUniform(buffer.subarray(0, length), options.limit, state);
    yield new Uint8Array(buffer.buffer, 0, length * 4);
  }
}

/** Mulberry32, written as a plain loop: a GiB of weights is made in a few seconds. */
function fillUniform(out: Float32Array, limit: number, seed: number): number {
  const scale = limit / 2 ** 31;
  let state = seed;
  for (let i = 0; i < out.length; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    out[i] = (t ^ (t >>> 14)) * scale;
  }
  return state;
}
