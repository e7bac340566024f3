/**
 * The border between relations and models. In: a relation, a model's graph, the expressions that feed its inputs.
 * Out: an `apply` node, whose graph has `to_tensor` leaves in the places of the model's `input` leaves.
 *
 * Invariant: the leading dim of every leaf is the symbol `n`; each leaf's width is that of the model's input.
 */
import { make } from './build.js';
import { isFloat, type DType } from './dtype.js';
import { sizeOf } from './infer-tensor.js';
import type { Apply, Expr, Input, Literal, ModelGraph, Node, Relation, Tensor } from './node.js';
import { postorder, rewriteBottomUp } from './rewrite.js';
import type { ScalarOp } from './scalar.js';
import { scalar, tensor, type Dim } from './type.js';

export interface ModelApplication {
  /** For explain and artifacts: `fraud@3`. */
  readonly model: string;
  readonly graph: ModelGraph;
  /** In the order of `graph.inputs`; scalars, or tensor columns, whose widths add up to the input's. */
  readonly inputs: readonly { readonly exprs: readonly Expr[] }[];
}

/** The model applied to every row of `relation`: its columns, then one column an output of the graph. */
export function applyModel(relation: Relation, { model, graph, inputs }: ModelApplication): Apply {
  const leaves = new Map<Node, Tensor>();
  graph.inputs.forEach((input, i) => leaves.set(input, leafOf(graph, input, inputs[i]!.exprs)));
  const batch = new Set(graph.inputs.map((input) => input.type.dims[0]).filter((dim) => typeof dim === 'string'));
  const renamed = (dims: readonly Dim[]): readonly Dim[] => dims.map((dim) => (batch.has(dim as string) ? 'n' : dim));
  const rule = (node: Node): Node | undefined => {
    switch (node.kind) {
      case 'input': return leaves.get(node);
      case 'reshape':
      case 'expand': return make({ kind: node.kind, input: node.input, dims: renamed(node.dims) });
      case 'opaque': {
        const { type, ...fields } = node;
        return make({ ...fields, type: tensor(type.dtype, renamed(type.dims)) });
      }
      default: return undefined;
    }
  };
  const outputs = graph.outputs.map((output) => ({ name: output.name, tensor: rewriteBottomUp(output.tensor, rule) }));
  return make({ kind: 'apply', input: relation, model, outputs });
}

/** Features a row of an input: the product of its dims after the first. An input without dims takes one. */
export function widthOfInput(input: Input): number {
  return sizeOf(input.type.dims.slice(1));
}

function leafOf(graph: ModelGraph, input: Input, exprs: readonly Expr[]): Tensor {
  const { dtype, dims } = input.type;
  const leaf = make({
    kind: 'to_tensor',
    exprs: exprs.map((expr) => castFeature(expr, dtype)),
    dtype,
    nulls: nullsOf(graph, input),
  });
  return dims.length === 2 ? leaf : make({ kind: 'reshape', input: leaf, dims: ['n', ...dims.slice(1)] });
}

function castFeature(expr: Expr, dtype: DType): Expr {
  return expr.type.kind === 'scalar' && expr.type.dtype !== dtype
    ? make({ kind: 'cast', arg: expr, to: dtype, attempt: false })
    : expr;
}

/** What a NULL feature becomes: NaN where the model looks for NaN itself (an imputer, trees), else NULL for the row. */
export function nullsOf(graph: ModelGraph, input: Input): 'nan' | 'null' {
  if (!isFloat(input.type.dtype)) return 'null';
  const holders = new Set<Node>([input]);
  for (const node of graph.outputs.flatMap((output) => postorder(output.tensor))) {
    if (handlesNaN(node, holders)) return 'nan';
    if (holdsNaN(node, holders)) holders.add(node);
  }
  return 'null';
}

/** Whether a NaN of one of the `holders` is asked for at `node`. */
function handlesNaN(node: Node, holders: ReadonlySet<Node>): boolean {
  if (node.kind === 'tree_ensemble') return holders.has(node.input);
  if (node.kind !== 'map' || !postorder(node.body).some((part) => part.kind === 'call' && part.op === 'is_nan'))
    return false;
  return node.inputs.some((input) => holders.has(input));
}

/** Whether a NaN of one of the `holders` is still one in `node`: moved, cast, or scaled as before trees. */
function holdsNaN(node: Node, holders: ReadonlySet<Node>): boolean {
  switch (node.kind) {
    case 'reshape': case 'transpose': case 'expand': case 'slice': case 'gather': return holders.has(node.input);
    case 'concat': return node.inputs.some((part) => holders.has(part));
    case 'map': return isNaNOfNaN(node.body, node.inputs.map((input) => holders.has(input)));
    default: return false;
  }
}

const ARITHMETIC: ReadonlySet<ScalarOp> = new Set(['add', 'sub', 'mul', 'div', 'neg']);

function isNaNOfNaN(body: Expr, holds: readonly boolean[]): boolean {
  switch (body.kind) {
    case 'ref': return holds[body.index]!;
    case 'cast': return isFloat(body.to) && isNaNOfNaN(body.arg, holds);
    case 'call': return ARITHMETIC.has(body.op) && body.args.some((arg) => isNaNOfNaN(arg, holds));
    default: return false;
  }
}

/** A feature where any would do, as its prediction is not looked at. */
export function zeroOf(dtype: DType): Literal {
  const value = dtype === 'utf8' ? '' : dtype === 'bool' ? false : dtype === 'i64' || dtype === 'u64' ? 0n : 0;
  return make({ kind: 'literal', value, type: scalar(dtype) });
}
