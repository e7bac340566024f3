/**
 * Reductions over the features of a row: group g of `length` columns gives output column g.
 * In: a table of groups x length column addresses, group by group. argmax and argmin give i64 positions.
 */
import type { ReduceOp } from '../../../ir/node.js';
import type { Func, FunctionBuilder, ModuleBuilder } from '../dsl.js';
import { i32x4, i64x2, v128 } from '../lanes.js';
import { load, type I32 } from '../values.js';
import {
  constantQuad,
  loadQuad,
  ROWS_PER_QUAD,
  selectQuad,
  storeQuad,
  WIDTH_BYTES,
  type Quad,
  type QuadDType,
} from './quad.js';
import { SCALAR_QUAD, type QuadContext } from './scalar-quad.js';
import type { ScalarOp } from '../../../ir/scalar.js';

const PARAMS = { input: 'i32', output: 'i32', groups: 'i32', rows: 'i32' } as const;
export type ReduceFunc = Func<typeof PARAMS, undefined>;

export interface ReduceKernel {
  readonly op: ReduceOp;
  readonly dtype: QuadDType;
  readonly length: number;
  /** argmax, argmin: which of equal values. */
  readonly last: boolean;
}

const COMBINE: Readonly<Record<Exclude<ReduceOp, 'argmax' | 'argmin'>, ScalarOp>> = {
  sum: 'add',
  mean: 'add',
  prod: 'mul',
  max: 'max',
  min: 'min',
  any: 'or',
  all: 'and',
};

export function reduceSupports(kernel: Pick<ReduceKernel, 'op' | 'dtype'>): boolean {
  if (kernel.dtype === 'utf8' || (kernel.op === 'mean' && kernel.dtype !== 'f32' && kernel.dtype !== 'f64')) return false;
  return (
    kernel.dtype !== 'bool' || kernel.op === 'any' || kernel.op === 'all' || kernel.op === 'max' || kernel.op === 'min'
  );
}

export function emitReduce(module: ModuleBuilder, name: string, kernel: ReduceKernel): ReduceFunc {
  const { op, dtype, length } = kernel;
  const isPosition = op === 'argmax' || op === 'argmin';
  return module.define(name, { params: PARAMS }, (f, { input, output, groups, rows }) => {
    const context: QuadContext = { f, module };
    f.forRange({ to: groups }, (group) => {
      const table = f.let(input.add(group.mul(length * 4)), 'table');
      const out = f.let(load.i32(output.add(group.shl(2))), 'out');
      f.forRange({ to: rows, step: ROWS_PER_QUAD }, (row) => {
        const element = (i: I32): Quad =>
          loadQuad(f, dtype, f.let(load.i32(table.add(i.shl(2))).add(row.mul(WIDTH_BYTES[dtype]))));
        const result = isPosition ? position(context, kernel, element) : fold(context, kernel, element);
        storeQuad(f, f.let(out.add(row.mul(WIDTH_BYTES[result.dtype]))), result);
      });
    });
  });
}

function variable(f: FunctionBuilder, quad: Quad): { readonly quad: Quad; set(next: Quad): void } {
  const parts = quad.parts.map((part) => f.let(part));
  return { quad: { dtype: quad.dtype, parts }, set: (next) => next.parts.forEach((part, i) => f.set(parts[i]!, part)) };
}

function fold(context: QuadContext, { op, length }: ReduceKernel, element: (i: I32) => Quad): Quad {
  const { f } = context;
  const zero = f.local('i32');
  f.set(zero, 0);
  const sum = variable(f, element(zero));
  const combine = SCALAR_QUAD[COMBINE[op as 'sum']]!;
  f.forRange({ from: 1, to: length }, (i) => sum.set(combine(context, sum.quad, element(i))));
  if (op !== 'mean') return sum.quad;
  return SCALAR_QUAD.div!(context, sum.quad, constantQuad(sum.quad.dtype as 'f32', length));
}

/** The first (or last) position of the best. A NaN is no better and no worse than anything, as ONNX Runtime has it. */
function position(context: QuadContext, { op, length, last }: ReduceKernel, element: (i: I32) => Quad): Quad {
  const { f } = context;
  const zero = f.local('i32');
  f.set(zero, 0);
  const best = variable(f, element(zero));
  const at = variable(f, { dtype: 'i32', parts: [v128.zero] });
  const better = SCALAR_QUAD[last ? 'ieee_le' : 'ieee_lt']!;
  f.forRange({ from: 1, to: length }, (i) => {
    const x = element(i);
    const mask = op === 'argmax' ? better(context, best.quad, x) : better(context, x, best.quad);
    best.set(selectQuad(f, mask, x, best.quad));
    at.set(selectQuad(f, mask, { dtype: 'i32', parts: [i32x4.splat(i)] }, at.quad));
  });
  const part = at.quad.parts[0]!;
  return { dtype: 'i64', parts: [f.let(i64x2.extend_low_i32x4_u(part)), f.let(i64x2.extend_high_i32x4_u(part))] };
}
