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
