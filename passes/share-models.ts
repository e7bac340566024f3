/**
 * share-models: a model applied twice to the same columns is evaluated once.
 *
 * Why correct: equal tensors are one node, filters, sorts and limits keep a row's columns, and an apply appends its
 * own; so an output that an apply further down has already computed from the same columns is that column. Two applies
 * of one model next to each other are one with the outputs of both, so that the layers they have in common run once.
 * Before: apply m -> p (filter (gt p 0.9) (apply m -> p t))
 * After: project [.., p, p] (filter (gt p 0.9) (apply m -> p t))
 * Numerics: exact.
 */
import { make } from '../ir/build.js';
import type { Apply, Relation, Tensor } from '../ir/node.js';
import { projected, rewriteRelations, tensorExprs } from './operator.js';
import type { Pass } from './pass.js';
import { isVolatile } from '../ir/node-facts.js';
import { allRefs, columnRef, namesOf, refsOf } from './reference.js';

export const shareModels: Pass = {
  name: 'share-models',
  doc: 'a model applied twice to the same columns is evaluated once',
  stage: 'bound',
  numerics: 'exact',
  run: (plan, context) => rewriteRelations(plan, (node) => {
    if (node.kind !== 'apply') return undefined;
    const after = reuse(node) ?? mergeNeighbours(node);
    if (after !== undefined) {
        context.record({
          pass: 'share-models',
          rule: after.kind,
          before: node,
          after,
          reason: `${node.model} has read these columns already`,
        });
      }
    return after;
  }),
};

/** Where the applies below keep the tensors they computed. */
function computedBelow(node: Relation): ReadonlyMap<Tensor, number> {
  const found = new Map<Tensor, number>();
  let current = node;
  while (current.kind === 'filter' || current.kind === 'sort' || current.kind === 'limit' || current.kind === 'apply') {
    if (current.kind === 'apply') {
      const width = current.input.type.columns.length;
      current.outputs.forEach(({ tensor }, i) => found.set(tensor, width + i));
    }
    current = current.input;
  }
  return found;
}

function reuse(node: Apply): Relation | undefined {
  const below = computedBelow(node.input);
  const fresh = node.outputs.filter(({ tensor }) => !below.has(tensor) || isVolatile(tensor));
  if (fresh.length === node.outputs.length) return undefined;
  const input =
    fresh.length === 0 ? node.input : make({ kind: 'apply', input: node.input, model: node.model, outputs: fresh });
  const width = node.input.type.columns.length;
  const { columns } = input.type;
  const outputs = node.outputs.map((output) => {
    const position = fresh.indexOf(output);
    return columnRef(columns, position < 0 ? below.get(output.tensor)! : width + position);
  });
  return projected(input, [...allRefs(node.input), ...outputs], namesOf(node));
}

/** apply m -> b (apply m -> a x) is apply m -> a, b x, if b reads nothing of a. */
function mergeNeighbours(node: Apply): Apply | undefined {
  const inner = node.input;
  if (inner.kind !== 'apply' || inner.model !== node.model) return undefined;
  const width = inner.input.type.columns.length;
  const readsInput = tensorExprs(node.outputs.map((output) => output.tensor)).every((expr) =>
    [...refsOf(expr)].every((index) => index < width),
  );
  return readsInput
    ? make({ kind: 'apply', input: inner.input, model: node.model, outputs: [...inner.outputs, ...node.outputs] })
    : undefined;
}
