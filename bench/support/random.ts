/** Seeded numbers: the same files on every machine. */

/** Uniform in [0, 1), 32 bits: Mulberry32. */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Near enough to a standard normal: the sum of three uniforms, scaled to variance 1 (so within [-3, 3]). */
export function bell(random: Random): number {
  return 2 * (random() + random() + random()) - 3;
}

/** Uniform values in [-limit, limit), in chunks of at most 4 MiB whose buffer is used again. */
export function* uniformChunks(options: {
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

/** Mulberry32 once more, written as a plain loop: a GiB of weights is made in a few seconds. */
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
