/**
 * fold-constants: a call or cast of literals becomes its value; an operator over a constant fill becomes a fill.
 *
 * Why correct: the value comes from the one meaning of each scalar (ir/scalar/meaning.ts), which the oracle uses too.
 * A call that fails (overflow, a bad cast) is left: it fails when it is reached, and perhaps never is. `random` and
 * `error` are never folded.
 * Before: project [add 1 2]   After: project [3]
 * Numerics: exact.
 */
import { make } from '../ir/build.js';
import type { Call, Cast, Expr, Fill, LiteralValue, Literal, Node, Tensor } from '../ir/node.js';
import { rewriteBottomUp } from '../ir/rewrite.js';
import { SCALAR } from '../ir/scalar.js';
import { castValue } from '../ir/scalar/cast.js';
import { ValueError } from '../ir/scalar/errors.js';
import { evaluate } from '../ir/scalar/meaning.js';
import type { Value } from '../ir/scalar/value.js';
import type { DType } from '../ir/dtype.js';
import type { Pass } from './pass.js';
import { isVolatile } from '../ir/node-facts.js';
import { literal, substitute } from './reference.js';
import { isLiteral, isNull } from './scalar-rules/rule.js';

export const foldConstants: Pass = {
  name: 'fold-constants',
  doc: 'calls and casts of literals become literals',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => rewriteBottomUp(plan, (node) => {
    const after = fold(node);
    if (after === undefined || after === node) return undefined;
      context.record({
        pass: 'fold-constants',
        rule: node.kind,
        before: node,
        after,
        reason: 'its arguments are constants',
      });
    return after;
  }),
};

function fold(node: Node): Node | undefined {
  switch (node.kind) {
    case 'call': return foldCall(node);
    case 'cast': return foldCast(node);
    case 'map': {
      const value = foldBody(node.body, node.inputs);
      return value === undefined ? undefined : make({ kind: 'fill', value, type: node.type });
    }
    case 'reshape': case 'transpose': case 'expand': case 'slice':
      return isFill(node.input) ? make({ kind: 'fill', value: node.input.value, type: node.type }) : undefined;
    default: return undefined;
  }
}

function foldCall(node: Call): Expr | undefined {
  if (isVolatile(node) || node.type.kind !== 'scalar' || node.args.length === 0) return undefined;
  if (SCALAR[node.op].nulls === 'strict' && node.args.some(isNull)) return literal(null, node.type.dtype);
  if (!node.args.every(isLiteral)) return undefined;
  const { dtype } = node.type;
  const args = node.args.map((arg) => arg.value);
  const dtypes = node.args.map((arg) => arg.type.dtype);
  return attempted(dtype, () => evaluate(node.op, args, dtypes));
}

function foldCast(node: Cast): Expr | undefined {
  const { arg } = node;
  if (isNull(arg)) return literal(null, node.to);
  if (!isLiteral(arg)) return undefined;
  return attempted(node.to, () => castValue(arg.value, { from: arg.type.dtype, to: node.to, attempt: node.attempt }));
}

/** The literal of a value; undefined where computing it fails. */
function attempted(dtype: DType, compute: () => Value): Expr | undefined {
  try {
    return literal(compute() as LiteralValue, dtype);
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}

/** The value of a map all of whose inputs are fills. */
function foldBody(body: Expr, inputs: readonly Tensor[]): LiteralValue | undefined {
  if (!inputs.every(isFill) || isVolatile(body)) return undefined;
  const fills = inputs as readonly Fill[];
  const closed = substitute(body, (index) => literal(fills[index]!.value, fills[index]!.type.dtype));
  const value = rewriteBottomUp(closed, fold);
  return isLiteral(value as Expr) && (value as Literal).value !== null ? (value as Literal).value : undefined;
}

function isFill(tensor: Tensor): tensor is Fill {
  return tensor.kind === 'fill';
}
