/** What the kernels of trees share: their call, and the last step from sums to columns. */
import type { Func, ModuleBuilder } from '../dsl.js';
import { f32, f64, i32, load, type F32, type F64 } from '../values.js';
import type { QuadDType } from './quad.js';
import type { ForestLayout } from './tree-plan.js';

export interface TreeKernel<Layout extends ForestLayout = ForestLayout> {
  readonly layout: Layout;
  readonly features: number;
  readonly input: QuadDType;
  readonly combine: 'sum' | 'mean' | 'min' | 'max';
  /** One a target; zeros where the model has none. */
  readonly base: readonly number[];
  readonly lockstep?: number;
}

/**
 * Bounds as the caller keeps them for a kernel that stops at one: the strictest as f64, infinite where there is none,
 * and the loosest, beyond which go the scores that are not computed. The kernel says in `left` whether any score of
 * these rows has been, and keeps the rest for itself, 0 at first (`tree-stops.ts`).
 */
export const BOUND = { strictest: 0, loosest: 8, left: 16, pause: 20, wait: 24, bytes: 32 };

/** `input` and `output` are tables of columns, `trees` is the packed weight; `bound` is 0 where there is none. */
export const TREE_PARAMS = {
  input: 'i32', output: 'i32', trees: 'i32', rows: 'i32', scratch: 'i32', bound: 'i32',
} as const;
export type TreeFunc = Func<typeof TREE_PARAMS, undefined>;

/** Where a row's sum for a target lies, counted from the first. */
interface Sums {
  readonly kernel: TreeKernel;
  readonly rowBytes: number;
  readonly targetBytes: number;
}

/** Sums to columns, with the base and the mean. */
export function emitFinish(
  module: ModuleBuilder,
  name: string,
  sums: Sums,
): Func<{ sums: 'i32'; output: 'i32'; first: 'i32'; rows: 'i32' }, undefined> {
  const {
    kernel: { layout, combine, base },
    rowBytes,
    targetBytes,
  } = sums;
  const valueBytes = layout.dtype === 'f32' ? 4 : 8;
  const bases = layout.dtype === 'f32' ? Float32Array.from(base) : Float64Array.from(base);
  const data = base.some((value) => value !== 0) ? module.data(new Uint8Array(bases.buffer)) : undefined;
  return module.define(
    name,
    { params: { sums: 'i32', output: 'i32', first: 'i32', rows: 'i32' } },
    (f, { sums: from, output, first, rows }) => {
      f.forRange({ to: layout.targets }, (target) => {
        const column = f.let(load.i32(output.add(target.shl(2))).add(first.mul(valueBytes)));
        const sum = f.let(from.add(target.mul(targetBytes)));
        f.forRange({ to: rows }, (row) => {
          const to = f.let(column.add(row.mul(valueBytes)));
          const at = sum.add(row.mul(rowBytes));
          const place = data === undefined ? i32(0) : data.add(target.mul(valueBytes));
          if (layout.dtype === 'f32')
            f.store.f32(
              to,
              finished(f32, load.f32(at), data && load.f32(place), combine === 'mean' ? layout.trees : 1),
            );
          else
            f.store.f64(
              to,
              finished(f64, load.f64(at), data && load.f64(place), combine === 'mean' ? layout.trees : 1),
            );
        });
      });
    },
  );
}

function finished<V extends F32 | F64>(make: (value: number) => V, sum: V, base: V | undefined, trees: number): V {
  const mean = trees === 1 ? sum : ((sum as F32).div(make(trees) as F32) as V);
  return base === undefined ? mean : ((mean as F32).add(base as F32) as V);
}
