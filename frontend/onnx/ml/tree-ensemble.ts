/**
 * TreeEnsemble of ai.onnx.ml 5: inner nodes and leaves are numbered apart. A membership test becomes a chain of
 * equality tests that share its outcome, so the IR needs no sets.
 */
import type { TensorValue } from '../../../ir/tensor-data.js';
import type { Lowered, OperatorCall } from '../call.js';
import { postTransform, POST_TRANSFORMS, probit } from './post-transform.js';
import { ensembleNode, type PlacedNode, type PlacedTrees, type TreeMode } from './tree-tables.js';

const MODES: readonly TreeMode[] = ['<=', '<', '>=', '>', '==', '!=', 'in'];
const COMBINE = ['mean', 'sum', 'min', 'max'] as const;

function numbers(c: OperatorCall, name: string): readonly number[] {
  const value = c.tensor(name);
  if (value === undefined) throw c.invalid(`attribute ${name} is missing`);
  return Array.from((value as TensorValue).data as ArrayLike<number>, Number);
}

export function lowerTreeEnsemble(c: OperatorCall): Lowered {
  const targets = c.int('n_targets', 1);
  const combine = COMBINE[c.int('aggregate_function', 1)];
  const transform = POST_TRANSFORMS[c.int('post_transform', 0)];
  if (combine === undefined || transform === undefined)
    throw c.invalid('aggregate_function or post_transform is out of range');
  const input = c.input(0);
  const features = c.builder.cast(input, input.type.dtype === 'f64' ? 'f64' : 'f32');
  const scores = ensembleNode(c, features, place(c), { targets, combine, base: [] });
  const transformed = targets > 1 ? postTransform(c, scores, transform)
    : transform === 'PROBIT' ? c.builder.map([scores], (s) => probit(s!)) : scores;
  return c.builder.cast(transformed, input.type.dtype);
}

interface Lists {
  readonly features: readonly number[]; readonly modes: readonly number[]; readonly splits: readonly number[];
  readonly yes: readonly number[]; readonly no: readonly number[];
  readonly yesLeaf: readonly number[]; readonly noLeaf: readonly number[]; readonly missing: readonly number[];
  readonly leafTargets: readonly number[]; readonly leafWeights: readonly number[];
  readonly members: readonly (readonly number[])[];
}

function listsOf(c: OperatorCall): Lists {
  const modes = numbers(c, 'nodes_modes');
  const lists = {
    features: c.ints('nodes_featureids'), modes, splits: numbers(c, 'nodes_splits'),
    yes: c.ints('nodes_truenodeids'), no: c.ints('nodes_falsenodeids'),
    yesLeaf: c.ints('nodes_trueleafs'),
    noLeaf: c.ints('nodes_falseleafs'),
    missing: c.ints('nodes_missing_value_tracks_true'),
    leafTargets: c.ints('leaf_targetids'), leafWeights: numbers(c, 'leaf_weights'),
    members: membersOf(c, modes),
  };
  for (const list of [lists.features, lists.splits, lists.yes, lists.no, lists.yesLeaf, lists.noLeaf]) {
    if (list.length !== modes.length)
      throw c.invalid(`lists ${modes.length} nodes, but ${list.length} in another attribute`);
  }
  if (lists.leafTargets.length !== lists.leafWeights.length)
    throw c.invalid('leaf_targetids and leaf_weights differ in length');
  return lists;
}

/** The set of each membership node: sets lie one after the other, each ended by NaN. */
function membersOf(c: OperatorCall, modes: readonly number[]): readonly (readonly number[])[] {
  const values = c.tensor('membership_values') === undefined ? [] : [...numbers(c, 'membership_values')];
  return modes.map((mode) => {
    if (MODES[mode] !== 'in') return [];
    const end = values.findIndex(Number.isNaN);
    return end < 0 ? values.splice(0) : values.splice(0, end + 1).slice(0, -1);
  });
}

/** Walks each tree from its root, giving nodes positions as they are met. */
function place(c: OperatorCall): PlacedTrees {
  const lists = listsOf(c);
  const nodes: PlacedNode[] = [];
  const visited = new Uint8Array(lists.modes.length);
  const reserve = (): number =>
    nodes.push({ mode: 'leaf', feature: 0, threshold: 0, yes: 0, no: 0, missingYes: false, weights: [] }) - 1;
  const walk = (root: number, fromLeaf: boolean): number => {
    const start = reserve();
    const stack: { at: number; id: number; leaf: boolean }[] = [{ at: start, id: root, leaf: fromLeaf }];
    while (stack.length > 0) {
      const { at, id, leaf } = stack.pop()!;
      if (leaf) {
        if (id < 0 || id >= lists.leafWeights.length) throw c.invalid(`there is no leaf ${id}`);
        nodes[at] = { ...nodes[at]!, weights: [{ target: lists.leafTargets[id]!, weight: lists.leafWeights[id]! }] };
        continue;
      }
      const mode = MODES[lists.modes[id] ?? -1];
      if (mode === undefined) throw c.invalid(`there is no node ${id}, or its mode is unknown`);
      if (visited[id] === 1) throw c.invalid(`node ${id} has two parents`);
      visited[id] = 1;
      const values = mode !== 'in' ? [lists.splits[id]!] : lists.members[id]!.length === 0 ? [NaN] : lists.members[id]!;
      const feature = lists.features[id]!;
      const missingYes = lists.missing[id] === 1 || mode === '!=';
      const [yes, no] = [reserve(), reserve()];
      stack.push(
        { at: no, id: lists.no[id]!, leaf: lists.noLeaf[id] === 1 },
        { at: yes, id: lists.yes[id]!, leaf: lists.yesLeaf[id] === 1 },
      );
      const test = { mode: mode === 'in' ? '==' as const : mode, feature, missingYes, weights: [], yes };
      // each further value of a set is tried where those before it fail; all share one outcome
      let own = at;
      values.forEach((threshold, i) => {
        const next = i === values.length - 1 ? no : reserve();
        nodes[own] = { ...test, threshold, no: next };
        own = next;
      });
    }
    return start;
  };
  const roots = c
    .ints('tree_roots')
    .map((root) =>
      walk(root, lists.yes[root] === lists.no[root] && lists.yesLeaf[root] === 1 && lists.noLeaf[root] === 1),
    );
  return { nodes, roots };
}
