/**
 * The bound of a model's scores, as its kernel takes it (`kernels/tree-sums.ts`): computed before each tile, so that it
 * moves with the rows of a top-k. In: bounds of values that are computed of the score. A limit goes back through the
 * steps to the score, past what each step's rounding may have added: a score beyond the bound has a value beyond the
 * limit for sure.
 */
import { exprText } from '../../relational/expression-text.js';
import { isTopK, otherSide, type Bound, type ScoreBounds } from '../../relational/score-bounds.js';
import type { SortState } from '../../relational/physical.js';
import type { Side, Step } from '../../relational/score-order.js';
import { emitExpr } from '../expression/emit.js';
import { f64, load, select, F32, type F64, type I32 } from '../values.js';
import { BLOCK_ROWS } from '../kernels/tree-masks-layout.js';
import { BOUND } from '../kernels/tree-sums.js';
import type { Emission, Scope } from './emission.js';
import { fieldColumn } from './tuple.js';

/** Relative errors that are larger than those of the kernels, and absolute ones than those of the least numbers. */
const ROUNDING = { f32: 2 ** -22, f64: 2 ** -50 };
const SIGMOID_ERROR = { f32: 2 ** -19, f64: 2 ** -40 };
const LEAST = { f32: 1e-30, f64: 1e-290 };

/** Stores the bounds at `place`. */
export function emitBound(scope: Scope, { bounds, side }: ScoreBounds, place: I32): void {
  const { f } = scope;
  const isBelow = side === 'below';
  const strictest = f.let(f64(isBelow ? -Infinity : Infinity), 'strictest');
  const loosest = f.let(f64(isBelow ? Infinity : -Infinity), 'loosest');
  for (const bound of bounds) {
    emitLimit(scope, bound, (limit) => {
      const score = f.let(scoreAt(scope, limit, bound), 'score');
      // What is no number is no limit.
      f.set(strictest, select(isBelow ? score.gt(strictest) : score.lt(strictest), score, strictest));
      f.set(loosest, select(isBelow ? score.lt(loosest) : score.gt(loosest), score, loosest));
    });
  }
  f.store.f64(place, strictest, BOUND.strictest);
  f.store.f64(place, loosest, BOUND.loosest);
}

/** Computes the limit and goes on with it, where there is one. */
function emitLimit(scope: Scope, { limit }: Bound, then: (limit: F64) => void): void {
  if (typeof limit === 'number') return then(f64(limit));
  if (isTopK(limit)) return emitLastKey(scope, limit, then);
  scope.within(() => {
    const { parts, isNull } = emitExpr(scope, { columns: [] }, limit);
    const value = asF64(parts[0] as F32 | F64);
    if (isNull === undefined) then(value);
    else scope.if(isNull.eqz(), () => then(value));
  });
}

/** The first key of the row that goes next from a full top-k. */
function emitLastKey(scope: Scope, { rows, keys, best, limit }: SortState, then: (limit: F64) => void): void {
  const { f } = scope;
  const heap = f.let(scope.local.add(best!.heap), 'heap');
  scope.if(load.i32(heap).eq(limit!), () => {
    const last = f.let(load.i32(heap, 16), 'last');
    const column = fieldColumn(rows.layout, rows.layout.fields[keys[0]!.field]!, { tuple: last, absent: undefined });
    if (column.kind !== 'scalar') throw new Error('a key of a top-k is no scalar');
    const { parts, isNull } = column.load(scope);
    const value = asF64(parts[0] as F32 | F64);
    if (isNull === undefined) then(value);
    else scope.if(isNull.eqz(), () => then(value));
  });
}

function asF64(value: F32 | F64): F64 {
  return value instanceof F32 ? value.promote() : value;
}

/** Scores strictly beyond it have values strictly beyond the limit. */
function scoreAt(scope: Scope, limit: F64, { score, side }: Bound): F64 {
  let [value, beyond] = [scope.f.let(limit, 'value') as F64, side];
  for (const step of [...score.steps].reverse()) {
    value = scope.f.let(before(scope, step, { value, side: beyond }), 'value');
    if (step.kind === 'negate') beyond = otherSide(beyond);
  }
  return value;
}

interface Limit {
  readonly value: F64;
  readonly side: Side;
}

/** The limit of what a step is computed of. */
function before(scope: Scope, step: Step, limit: Limit): F64 {
  const { dtype } = step;
  const { value } = limit;
  switch (step.kind) {
    case 'negate':
      return value.neg();
    case 'round':
      return further(limit, value.abs().mul(ROUNDING[dtype]).add(LEAST[dtype]));
    case 'plus': {
      const size = value.abs().add(Math.abs(step.constant));
      return further({ ...limit, value: value.sub(step.constant) }, size.mul(ROUNDING[dtype]).add(LEAST[dtype]));
    }
    case 'sigmoid': {
      const share = scope.f.let(further(limit, value.abs().mul(SIGMOID_ERROR[dtype]).add(LEAST[dtype])), 'share');
      return ln(scope.emission, scope, share.div(f64(1).sub(share)));
    }
  }
}

function further({ value, side }: Limit, by: F64): F64 {
  return side === 'below' ? value.sub(by) : value.add(by);
}

function ln({ module }: Emission, { f }: Scope, a: F64): F64 {
  return f.call(module.importFunction('math_ln', { params: { a: 'f64' }, result: 'f64' }), { a });
}

/** For explain, by the names of the row behind the models. */
export function describeBounds({ bounds }: ScoreBounds, names: readonly string[]): string {
  const wanted = bounds.map(({ limit, of }) =>
    isTopK(limit) ? `come among the first ${limit.limit} by ${exprText(of, names)}` : `pass ${exprText(of, names)}`,
  );
  return `trees stop where none of ${BLOCK_ROWS} rows can ${wanted.join(' and ')}`;
}
