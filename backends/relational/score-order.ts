/**
 * What is computed of the score of trees without changing the order of rows, or turning it round: from the trees
 * outwards, the steps to an element of a tensor or to an expression. Anything else has none, such as a softmax over
 * several scores.
 */
import type { Call, Expr, Tensor, TensorMap, TreeEnsemble } from '../../ir/node.js';

/** Of a bound: what lies strictly below or above it. */
export type Side = 'below' | 'above';

type Float = 'f32' | 'f64';

/** What a step computes is rounded to its dtype. */
export type Step =
  | { readonly kind: 'round' | 'negate' | 'sigmoid'; readonly dtype: Float }
  | { readonly kind: 'plus'; readonly constant: number; readonly dtype: Float };

export interface Score {
  readonly trees: TreeEnsemble;
  readonly steps: readonly Step[];
}

/** A score, or one number for all rows. */
type Found = Score | number | undefined;

/** Where an expression has its values: of a column or an input, or of an element of a column. */
export interface Sources {
  readonly ref: (index: number) => Found;
  readonly part?: (index: number, element: number) => Found;
}

export function scoreOfExpr(expr: Expr, sources: Sources): Found {
  switch (expr.kind) {
    case 'ref':
      return sources.ref(expr.index);
    case 'part':
      return expr.arg.kind === 'ref' ? sources.part?.(expr.arg.index, expr.index) : undefined;
    case 'literal':
      return typeof expr.value === 'number' ? expr.value : undefined;
    case 'cast':
      return then(scoreOfExpr(expr.arg, sources), 'round', expr);
    case 'call':
      return scoreOfCall(expr, sources);
    default:
      return undefined;
  }
}

function scoreOfCall(call: Call, sources: Sources): Found {
  const [a, b] = call.args.map((arg) => scoreOfExpr(arg, sources));
  switch (call.op) {
    case 'neg':
      return then(a, 'negate', call);
    case 'sigmoid':
      return then(a, 'sigmoid', call);
    case 'add':
      return typeof a === 'number' ? plus(b, a, call) : plus(a, b, call);
    case 'sub':
      if (typeof a === 'number') return plus(then(b, 'negate', call), a, call);
      return plus(a, typeof b === 'number' ? -b : undefined, call);
    default:
      return undefined;
  }
}

/** Steps are of scores: what is computed of numbers alone has been folded. */
function then(found: Found, kind: 'round' | 'negate' | 'sigmoid', expr: Expr): Score | undefined {
  const dtype = floatOf(expr);
  if (dtype === undefined || found === undefined || typeof found === 'number') return undefined;
  return { ...found, steps: [...found.steps, { kind, dtype }] };
}

function plus(found: Found, constant: Found, expr: Expr): Score | undefined {
  const dtype = floatOf(expr);
  if (dtype === undefined || found === undefined || typeof found === 'number') return undefined;
  if (typeof constant !== 'number' || !Number.isFinite(constant)) return undefined;
  return { ...found, steps: [...found.steps, { kind: 'plus', constant, dtype }] };
}

function floatOf({ type }: Expr): Float | undefined {
  if (type.kind !== 'scalar') return undefined;
  return type.dtype === 'f32' || type.dtype === 'f64' ? type.dtype : undefined;
}

/** Element `element` of a row of a tensor whose first axis is the rows. */
export function scoreOfElement(tensor: Tensor, element: number): Found {
  switch (tensor.kind) {
    case 'tree_ensemble': {
      const { dtype } = tensor.type;
      // Their sums may be of a wider dtype.
      const steps = dtype === 'f32' || dtype === 'f64' ? [{ kind: 'round', dtype } as const] : undefined;
      return steps === undefined || tensor.targets !== 1 ? undefined : { trees: tensor, steps };
    }
    case 'fill':
      return typeof tensor.value === 'number' ? tensor.value : undefined;
    case 'reshape':
      return widthOf(tensor) === widthOf(tensor.input) ? scoreOfElement(tensor.input, element) : undefined;
    case 'concat':
      return scoreOfPart(tensor.inputs, tensor.axis, element);
    case 'map':
      return scoreOfExpr(tensor.body, { ref: (index) => scoreOfInput(tensor, index, element) });
    default:
      return undefined;
  }
}

function scoreOfPart(inputs: readonly Tensor[], axis: number, element: number): Found {
  let before = 0;
  for (const input of inputs) {
    const width = widthOf(input);
    if (axis !== 1 || input.type.dims.length !== 2 || width === undefined) return undefined;
    if (element < before + width) return scoreOfElement(input, element - before);
    before += width;
  }
  return undefined;
}

/** An input of a map, broadcast where it has but one element a row. */
export function scoreOfInput(map: TensorMap, index: number, element: number): Found {
  const input = map.inputs[index]!;
  if (input.kind === 'fill') return scoreOfElement(input, 0);
  const width = input.type.dims.length === map.type.dims.length ? widthOf(input) : undefined;
  if (width === undefined) return undefined;
  if (width === 1) return scoreOfElement(input, 0);
  return width === widthOf(map) ? scoreOfElement(input, element) : undefined;
}

/** Elements of a row; undefined where the first axis is not the rows, or others depend on the input. */
function widthOf({ type: { dims } }: Tensor): number | undefined {
  const [rows, ...others] = dims;
  if (typeof rows !== 'string') return undefined;
  return others.reduce<number | undefined>(
    (width, dim) => (width === undefined || typeof dim === 'string' ? undefined : width * dim),
    1,
  );
}
