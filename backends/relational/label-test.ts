/**
 * A test for one of the labels of a classifier of two classes as a bound of the score that decides between them:
 * label = 'yes' where labels are ['no', 'yes'][score > 0] asks for a score above 0.
 */
import { make } from '../../ir/build.js';
import type { Expr, LiteralValue, Tensor } from '../../ir/node.js';
import { postorder, rewriteBottomUp } from '../../ir/rewrite.js';
import type { TensorData } from '../../ir/tensor-data.js';
import { scalar } from '../../ir/type.js';
import { evaluateExpr } from '../reference/expression.js';
import type { ValueBound } from './score-bounds.js';
import { scoreOfInput, type Score } from './score-order.js';

/** `outputOf`: the tensors of columns that are outputs of the model. */
export function labelTest(
  test: Expr,
  outputOf: (index: number) => Tensor | undefined,
  data: TensorData,
): ValueBound | undefined {
  if (test.kind !== 'call' || (test.op !== 'eq' && test.op !== 'ne')) return undefined;
  const [column, wanted] = test.args[0]!.kind === 'ref' ? test.args : [...test.args].reverse();
  if (column?.kind !== 'ref' || wanted?.kind !== 'literal' || wanted.value === null) return undefined;
  const tensor = outputOf(column.index);
  const choice = tensor === undefined ? undefined : labelChoice(tensor, data);
  if (choice === undefined) return undefined;
  const [passes, fails] = [choice.holds, choice.fails].map((label) => (label === wanted.value) === (test.op === 'eq'));
  if (passes === fails) return undefined;
  const { score, limit } = choice;
  return { score, limit, side: passes === choice.isGreater ? 'below' : 'above' };
}

/** The labels where a comparison of the score with a number holds, and where it fails. */
interface Choice {
  readonly score: Score;
  readonly limit: number;
  /** Whether it holds of greater scores. */
  readonly isGreater: boolean;
  readonly holds: LiteralValue;
  readonly fails: LiteralValue;
}

/** A gather of labels whose position is computed of one comparison. */
function labelChoice(tensor: Tensor, data: TensorData): Choice | undefined {
  if (tensor.kind === 'reshape') return labelChoice(tensor.input, data);
  if (tensor.kind !== 'gather' || tensor.mode !== 'take' || tensor.axis !== 0) return undefined;
  const { input, indices } = tensor;
  if (input.kind !== 'weight' || input.type.dims.length !== 1 || indices.kind !== 'map') return undefined;
  const labels = data.get(input.hash).data;
  const comparisons = postorder(indices.body).filter((part) => part.kind === 'call' && part.op === 'ieee_lt');
  const [comparison] = comparisons;
  if (comparisons.length !== 1 || comparison?.kind !== 'call') return undefined;
  const labelWhere = (holds: boolean): LiteralValue | undefined => {
    const body = rewriteBottomUp(indices.body, (_, original) =>
      original === comparison ? make({ kind: 'literal', value: holds, type: scalar('bool') }) : undefined);
    if (postorder(body).some((part) => part.kind === 'ref')) return undefined;
    return labels[Number(evaluateExpr(body, [], NO_ROWS))];
  };
  const [holds, fails] = [labelWhere(true), labelWhere(false)];
  if (holds === undefined || fails === undefined) return undefined;
  const [a, b] = comparison.args.map((arg) => {
    if (arg.kind === 'literal') return typeof arg.value === 'number' ? arg.value : undefined;
    return arg.kind === 'ref' ? scoreOfInput(indices, arg.index, 0) : undefined;
  });
  if (typeof a === 'number' && typeof b === 'object') return { score: b, limit: a, isGreater: true, holds, fails };
  if (typeof b === 'number' && typeof a === 'object') return { score: a, limit: b, isGreater: false, holds, fails };
  return undefined;
}

const NO_ROWS = { params: [], outer: [], relation: () => [], draws: new WeakMap() };
