/**
 * The k first of each row's features in order (values and positions), and running sums and products.
 * Both work on a row's columns, group by group, as `reduce.ts` does. For few features (classes, no vocabularies).
 */
import type { Func, ModuleBuilder } from '../dsl.js';
import { constant, load, type I32, type Value } from '../values.js';
import { constantQuad, loadQuad, ROWS_PER_QUAD, storeQuad, WIDTH_BYTES, type QuadDType } from './quad.js';
import { SCALAR_QUAD } from './scalar-quad.js';

type RankDType = 'i32' | 'i64' | 'f32' | 'f64';
const PARAMS = { input: 'i32', output: 'i32', groups: 'i32', rows: 'i32', scratch: 'i32' } as const;
export type RankFunc = Func<typeof PARAMS, undefined>;

export interface TopKKernel {
  readonly dtype: RankDType;
  readonly length: number;
  readonly k: number;
  readonly largest: boolean;
  readonly part: 'values' | 'indices';
}

/** Scratch: a row's values, 8 bytes each, then a byte each for those taken. */
export function topKScratchBytes(kernel: TopKKernel): number {
  return kernel.length * 9;
}

/** Selection: k passes over the row, each taking the best not yet taken; of equal ones the first. */
export function emitTopK(module: ModuleBuilder, name: string, kernel: TopKKernel): RankFunc {
  const { dtype, length, k, largest, part } = kernel;
  const width = WIDTH_BYTES[dtype];
  return module.define(name, { params: PARAMS }, (f, { input, output, groups, rows, scratch }) => {
    const best = f.local(dtype, 'best') as unknown as Value & { local: number };
    const at = f.local('i32', 'at');
    const flags = f.let(scratch.add(length * 8), 'flags');
    f.forRange({ to: groups }, (group) => {
      const table = f.let(input.add(group.mul(length * 4)), 'table');
      const outputs = f.let(output.add(group.mul(k * 4)), 'outputs');
      f.forRange({ to: rows }, (row) => {
        f.fill(flags, 0, length);
        f.forRange({ to: k }, (j) => {
          f.set(at, -1);
          f.forRange({ to: length }, (i, round) => {
            round.continue(load.i8_u(flags.add(i)));
            const x = f.let(load[dtype](load.i32(table.add(i.shl(2))).add(row.mul(width)))) as unknown as Value;
            f.if(at.lt_s(0).or(beats(x, best, largest)), () => {
              f.set(best as never, x as never);
              f.set(at, i);
            });
          });
          f.store.i8(flags.add(at), 1);
          const to = f.let(load.i32(outputs.add(j.shl(2))).add(row.mul(part === 'indices' ? 8 : width)));
          if (part === 'indices') f.store.i64(to, at.extend_u());
          else f.store[dtype](to, best as never);
        });
      });
    });
  });
}

/** Floats in order with NaN greatest. */
function beats(x: Value, best: Value, largest: boolean): I32 {
  if (x.type === 'f32' && best.type === 'f32')
    return largest ? x.gt(best).or(x.ne(x).and(best.eq(best))) : x.lt(best).or(best.ne(best).and(x.eq(x)));
  if (x.type === 'f64' && best.type === 'f64')
    return largest ? x.gt(best).or(x.ne(x).and(best.eq(best))) : x.lt(best).or(best.ne(best).and(x.eq(x)));
  if (x.type === 'i32' && best.type === 'i32') return largest ? x.gt_s(best) : x.lt_s(best);
  if (x.type === 'i64' && best.type === 'i64') return largest ? x.gt_s(best) : x.lt_s(best);
  throw new Error('a rank compares numbers of one type');
}

export interface CumulativeKernel {
  readonly dtype: QuadDType;
  readonly op: 'sum' | 'prod';
  readonly length: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

export function emitCumulative(module: ModuleBuilder, name: string, kernel: CumulativeKernel): RankFunc {
  const { dtype, op, length, exclusive, reverse } = kernel;
  const combine = SCALAR_QUAD[op === 'sum' ? 'add' : 'mul']!;
  return module.define(name, { params: PARAMS }, (f, { input, output, groups, rows }) => {
    f.forRange({ to: groups }, (group) => {
      const [table, outputs] = [f.let(input.add(group.mul(length * 4))), f.let(output.add(group.mul(length * 4)))];
      f.forRange({ to: rows, step: ROWS_PER_QUAD }, (row) => {
        const start = constantQuad(dtype as 'f32', op === 'sum' ? 0 : 1);
        const sum = start.parts.map((part) => f.let(part));
        f.forRange({ to: length }, (i) => {
          const place = f.let((reverse ? constant('i32', length - 1).sub(i) : i).shl(2));
          const at = (base: I32): I32 => f.let(load.i32(base.add(place)).add(row.mul(WIDTH_BYTES[dtype])));
          const x = loadQuad(f, dtype, at(table));
          if (exclusive) storeQuad(f, at(outputs), { dtype, parts: sum });
          const next = combine({ f, module }, { dtype, parts: sum }, x);
          next.parts.forEach((part, p) => f.set(sum[p]!, part));
          if (!exclusive) storeQuad(f, at(outputs), { dtype, parts: sum });
        });
      });
    });
  });
}
