/**
 * Which scores of a model of trees cannot matter: those on one side of a bound, as a filter behind the model or a top-k
 * drops their rows.
 *
 * Why correct: trees may then give any other score on that side. The operator drops such a row as well, or one before
 * it does that asks for the score too; nothing that can fail is asked of it on the way; and the rows that are kept stay
 * in their order. Where a feature is NULL there is no score to ask for, and the row goes as it went.
 */
import { make } from '../../ir/build.js';
import { mayFail } from '../../ir/may-fail.js';
import type { Apply, Expr, Tensor, TreeEnsemble } from '../../ir/node.js';
import { postorder, rewriteBottomUp } from '../../ir/rewrite.js';
import type { TensorData } from '../../ir/tensor-data.js';
import { conjuncts } from '../../ir/terms.js';
import type { Column } from '../../ir/type.js';
import { labelTest } from './label-test.js';
import type { Operator, Sink, SortState } from './physical.js';
import { scoreOfElement, scoreOfExpr, type Score, type Side, type Sources } from './score-order.js';

/** What is strictly on `side` of the limit, as it is computed of the score, is not wanted. */
export interface ValueBound {
  readonly score: Score;
  readonly side: Side;
  /** The same for all rows of a query; or, of a top-k, the first key of the last of its rows. */
  readonly limit: number | Expr | SortState;
}

/** With the test that it comes from, or the key, over the columns of the row behind the models. */
export type Bound = ValueBound & { readonly of: Expr };

/** All bounds of one model's trees, on one side of their scores. */
export interface ScoreBounds {
  readonly trees: TreeEnsemble;
  readonly side: Side;
  readonly bounds: readonly Bound[];
  /** Whether all rows have a score: then all go that are beyond a bound, whatever else they hold. */
  readonly all: boolean;
}

export interface Behind {
  /** What is behind the models that run together with this one, and the row there. */
  readonly operators: readonly Operator[];
  readonly columns: readonly Column[];
  readonly sink: Sink;
  readonly data: TensorData;
}

/** undefined where every score may matter. The bound of a top-k, which rises, goes before those of filters. */
export function scoreBounds(node: Apply, behind: Behind): ScoreBounds | undefined {
  const found = findBounds(node, behind);
  const first = found.find(({ limit }) => isTopK(limit)) ?? found[0];
  if (first === undefined) return undefined;
  const { trees } = first.score;
  const side = sideOfScore(first);
  const bounds = found.filter((bound) => bound.score.trees === trees && sideOfScore(bound) === side);
  const outputs = node.type.columns.slice(node.input.type.columns.length);
  return { trees, side, bounds, all: outputs.every(({ type }) => !type.nullable) };
}

export function isTopK(limit: ValueBound['limit']): limit is SortState {
  return typeof limit === 'object' && 'rows' in limit;
}

export function otherSide(side: Side): Side {
  return side === 'below' ? 'above' : 'below';
}

function sideOfScore({ score, side }: Bound): Side {
  return score.steps.filter((step) => step.kind === 'negate').length % 2 === 0 ? side : otherSide(side);
}

function findBounds(node: Apply, { operators, columns, sink, data }: Behind): readonly Bound[] {
  const firstOutput = node.input.type.columns.length;
  const outputOf = (index: number): Tensor | undefined => node.outputs[index - firstOutput]?.tensor;
  // Outputs of models further on, which may depend on the score too, are columns past the last.
  const dependsOnScore = (expr: Expr): boolean =>
    postorder(expr).some(
      (part) => part.kind === 'ref' && (outputOf(part.index) !== undefined || part.index >= columns.length),
    );
  const isSafe = (expr: Expr): boolean => !mayFail(expr) || !dependsOnScore(expr);
  const bounds: Bound[] = [];
  let row: readonly Expr[] = columns.map(({ type }, index) => make({ kind: 'ref', index, type }));
  const behindModels = (expr: Expr): Expr =>
    rewriteBottomUp(expr, (part) => (part.kind === 'ref' ? row[part.index] : undefined));
  for (const operator of operators) {
    switch (operator.kind) {
      case 'filter':
        for (const test of conjuncts(operator.predicate).map(behindModels)) {
          if (!isSafe(test)) return bounds;
          const bound = comparison(test, sourcesOf(outputOf)) ?? labelTest(test, outputOf, data);
          if (bound !== undefined) bounds.push({ ...bound, of: test });
        }
        break;
      case 'project':
        row = operator.exprs.map(behindModels);
        break;
      case 'apply': {
        const outputs = operator.node.type.columns.slice(row.length);
        row = [...row, ...outputs.map(({ type }, i) => make({ kind: 'ref', index: columns.length + i, type }))];
        break;
      }
      default:
        return bounds;
    }
  }
  if (sink.kind !== 'sort' || sink.state.best === undefined) return bounds;
  const keys = sink.state.keys.map(({ key }) => behindModels(key.expr));
  if (![...row, ...keys].every(isSafe)) return bounds;
  const best = firstKey(sink.state, keys[0]!, sourcesOf(outputOf));
  return best === undefined ? bounds : [...bounds, best];
}

function sourcesOf(outputOf: (index: number) => Tensor | undefined): Sources {
  const part = (index: number, element: number): ReturnType<Sources['ref']> => {
    const tensor = outputOf(index);
    return tensor === undefined ? undefined : scoreOfElement(tensor, element);
  };
  return { ref: (index) => part(index, 0), part };
}

/** Where greater values pass. */
const PASS_GREATER: { readonly [op: string]: boolean } = { gt: true, ge: true, lt: false, le: false };

/** A comparison with what does not depend on the row. */
function comparison(test: Expr, sources: Sources): ValueBound | undefined {
  if (test.kind !== 'call') return undefined;
  const passGreater = PASS_GREATER[test.op];
  if (passGreater === undefined) return undefined;
  const [a, b] = test.args as [Expr, Expr];
  for (const [value, limit, side] of [
    [a, b, passGreater ? 'below' : 'above'],
    [b, a, passGreater ? 'above' : 'below'],
  ] as const) {
    const score = scoreOfExpr(value, sources);
    if (score === undefined || typeof score === 'number') continue;
    if (mayFail(limit) || postorder(limit).some((part) => part.kind === 'ref')) continue;
    return { score, side, limit };
  }
  return undefined;
}

/** Of the first of several keys equal values still matter: these are on neither side. */
function firstKey(state: SortState, expr: Expr, sources: Sources): Bound | undefined {
  if (state.limit === undefined || state.limit === 0) return undefined;
  const score = scoreOfExpr(expr, sources);
  if (score === undefined || typeof score === 'number') return undefined;
  return { score, side: state.keys[0]!.key.descending ? 'below' : 'above', limit: state, of: expr };
}
