/**
 * split-relational: takes the layers placed as relational out of their model, as a `blocked` node between two applies.
 *
 * Why correct: apply computes outputs row by row, so a tensor [n, k] in the middle of its graph is a column of the
 * rows; what computes it goes below, what reads it above.
 * Before: apply x -> post(dense_relational(... dense_relational(pre)))
 * After:  apply (blocked (apply x -> pre) through the layers) -> post
 * Fires on one chain of relational layers a model; a second chain is split by the next round. A layer in another
 * representation between two relational ones ends the chain.
 * Numerics: exact.
 */
import { make } from '../ir/build.js';
import type { Apply, Blocked, Dense, Node, Relation, Tensor } from '../ir/node.js';
import { postorder, rewriteBottomUp } from '../ir/rewrite.js';
import type { Pass, PassContext } from './pass.js';

const MOST_CHAINS = 64;

export const splitRelational: Pass = {
  name: 'split-relational',
  doc: 'takes layers placed as relational out of their model, as blocks joined on pages',
  stage: 'placed',
  numerics: 'exact',
  run: (plan, context) =>
    rewriteBottomUp(plan, (node) => (node.kind === 'apply' ? splitAll(node, context) : undefined)),
};

function splitAll(node: Apply, context: PassContext): Relation | undefined {
  let current: Relation = node;
  for (let round = 0; round < MOST_CHAINS; round++) {
    const top: Apply | undefined = topApply(current);
    const split: Relation | undefined = top === undefined ? undefined : splitOnce(top, context);
    if (split === undefined) break;
    current =
      current === top ? split : rewriteBottomUp(current, (candidate) => (candidate === top ? split : undefined));
  }
  return current === node ? undefined : current;
}

/** The uppermost apply: a projection that hides helper columns may lie over it. */
function topApply(relation: Relation): Apply | undefined {
  if (relation.kind === 'apply') return relation;
  return relation.kind === 'project' ? topApply(relation.input) : undefined;
}

function isRelational(node: Node): node is Dense {
  return node.kind === 'dense' && node.representation === 'relational';
}

/** The first chain of relational layers: from the innermost layer, as far as each result feeds only the next one. */
function findChain(apply: Apply): readonly Dense[] | undefined {
  const nodes = [...new Set(apply.outputs.flatMap((output) => postorder(output.tensor)))];
  const first = nodes.find(isRelational);
  if (first === undefined) return undefined;
  const chain: Dense[] = [first];
  for (;;) {
    const last = chain.at(-1)!;
    const isOutput = apply.outputs.some((output) => output.tensor === last);
    const users = nodes.filter((node) =>
      Object.values(node).some((value) => value === last || (Array.isArray(value) && value.includes(last))),
    );
    const [user] = users;
    if (isOutput || users.length !== 1 || !isRelational(user!) || user.input !== last) return chain;
    chain.push(user);
  }
}

function splitOnce(apply: Apply, context: PassContext): Relation | undefined {
  const chain = findChain(apply);
  if (chain === undefined) return undefined;
  const source = chain[0]!.input;
  if (source.type.dims.length !== 2) return undefined;
  const width = apply.input.type.columns.length;
  const below = make({
    kind: 'apply',
    input: apply.input,
    model: apply.model,
    outputs: [{ name: '_features', tensor: source }],
  });
  const blocked: Blocked = make({
    kind: 'blocked', input: below, model: apply.model, feature: width, name: '_blocked',
    layers: chain.map(({ weight, bias, activation }) => ({ weight, bias, activation })),
  });
  const result = blocked.type.columns[width + 1]!.type;
  const leaf = make({
    kind: 'to_tensor',
    exprs: [make({ kind: 'ref', index: width + 1, type: result })],
    dtype: chain.at(-1)!.type.dtype,
    nulls: 'null',
  });
  const last = chain.at(-1)!;
  const above = make({
    kind: 'apply', input: blocked, model: apply.model,
    outputs: apply.outputs.map(({ name, tensor }) => ({
      name, tensor: rewriteBottomUp<Tensor>(tensor, (node) => (node === last ? leaf : undefined)),
    })),
  });
  const shown = apply.type.columns.map((_, i) => (i < width ? i : i + 2));
  const project = make({
    kind: 'project', input: above, names: apply.type.columns.map((column) => column.name),
    exprs: shown.map((index) => make({ kind: 'ref', index, type: above.type.columns[index]!.type })),
  });
  context.record({
    pass: 'split-relational', rule: 'layers-to-blocks', before: apply, after: project,
    reason: `${chain.length} layers of ${apply.model} are joined with their blocks, page by page`,
  });
  return project;
}
